# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of objects and the API resources behind them: known for what a topology is made of, so that none needs to be discovered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# Kinds with a meaning of their own, as Kind.group.
NAMESPACE = "Namespace"
CLAIM = "PersistentVolumeClaim"
DEFINITION = "CustomResourceDefinition.apiextensions.k8s.io"
WORKLOADS = ("Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps", "Job.batch")
# Workloads whose replica count may be an autoscaler's.
SCALED = ("Deployment.apps", "StatefulSet.apps", "ReplicaSet.apps")


@dataclass(frozen=True)
class Resource:
    """One kind of object in one version of its API group, with what the paths of the API server need of it."""

    group: str  # "" is the core group
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As manifests have it: ``apps/v1``, ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> str:
        """As the function ``group_kind`` has it."""
        return group_kind(self.api_version, self.kind)

    @property
    def name(self) -> str:
        """plural.group, as RBAC messages and kubectl write it: ``deployments.apps``, ``configmaps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def base(self) -> str:
        """The path of the API version: ``/apis/apps/v1``, ``/api/v1``."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of one object, or without ``name`` of all of them, in a namespace or in all."""
        where = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{self.base}{where}/{self.plural}" + (f"/{quote(name, safe=':')}" if name else "")


def _known(table: str) -> dict[tuple[str, str], Resource]:
    resources = {}
    for line in table.split("\n"):
        if not line.strip():
            continue
        api_version, kind, plural, scope = line.split()
        group, _slash, version = api_version.rpartition("/")
        resources[api_version, kind] = Resource(group, version, kind, plural, scope == "namespaced")
    return resources


KNOWN = _known(
    """
    v1                                Namespace                       namespaces                        cluster
    v1                                ConfigMap                       configmaps                        namespaced
    v1                                Secret                          secrets                           namespaced
    v1                                Service                         services                          namespaced
    v1                                ServiceAccount                  serviceaccounts                   namespaced
    v1                                PersistentVolumeClaim           persistentvolumeclaims            namespaced
    v1                                PersistentVolume                persistentvolumes                 cluster
    v1                                Pod                             pods                              namespaced
    v1                                Event                           events                            namespaced
    v1                                Node                            nodes                             cluster
    v1                                Endpoints                       endpoints                         namespaced
    v1                                ResourceQuota                   resourcequotas                    namespaced
    v1                                LimitRange                      limitranges                       namespaced
    apps/v1                           Deployment                      deployments                       namespaced
    apps/v1                           StatefulSet                     statefulsets                      namespaced
    apps/v1                           DaemonSet                       daemonsets                        namespaced
    apps/v1                           ReplicaSet                      replicasets                       namespaced
    batch/v1                          Job                             jobs                              namespaced
    batch/v1                          CronJob                         cronjobs                          namespaced
    policy/v1                         PodDisruptionBudget             poddisruptionbudgets              namespaced
    autoscaling/v2                    HorizontalPodAutoscaler         horizontalpodautoscalers          namespaced
    networking.k8s.io/v1              NetworkPolicy                   networkpolicies                   namespaced
    networking.k8s.io/v1              Ingress                         ingresses                         namespaced
    networking.k8s.io/v1              IngressClass                    ingressclasses                    cluster
    discovery.k8s.io/v1               EndpointSlice                   endpointslices                    namespaced
    rbac.authorization.k8s.io/v1      Role                            roles                             namespaced
    rbac.authorization.k8s.io/v1      RoleBinding                     rolebindings                      namespaced
    rbac.authorization.k8s.io/v1      ClusterRole                     clusterroles                      cluster
    rbac.authorization.k8s.io/v1      ClusterRoleBinding              clusterrolebindings               cluster
    storage.k8s.io/v1                 StorageClass                    storageclasses                    cluster
    scheduling.k8s.io/v1              PriorityClass                   priorityclasses                   cluster
    coordination.k8s.io/v1            Lease                           leases                            namespaced
    apiextensions.k8s.io/v1           CustomResourceDefinition        customresourcedefinitions         cluster
    monitoring.coreos.com/v1          PodMonitor                      podmonitors                       namespaced
    monitoring.coreos.com/v1          ServiceMonitor                  servicemonitors                   namespaced
    monitoring.coreos.com/v1          PrometheusRule                  prometheusrules                   namespaced
    monitoring.coreos.com/v1          Probe                           probes                            namespaced
    cert-manager.io/v1                Certificate                     certificates                      namespaced
    cert-manager.io/v1                Issuer                          issuers                           namespaced
    """
)


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; "" is the core group."""
    return api_version.rpartition("/")[0]


def group_kind(api_version: str, kind: str) -> str:
    """Kind.group, as KEP-3659 writes it: ``Deployment.apps``, ``ConfigMap``.

    Whatever goes by the kind of an object goes by this: Volcano has a Job, too, and Knative a Service.
    """
    group = group_of(api_version)
    return f"{kind}.{group}" if group else kind


def known_version(wanted: str) -> Resource | None:
    """The known resource of a ``Kind.group`` as the record of an apply set names it; None for another one."""
    return next((resource for resource in KNOWN.values() if resource.group_kind == wanted), None)


def defined_by(definition: Mapping[str, Any]) -> list[Resource]:
    """The resources that a CustomResourceDefinition will add to the API server."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    return [
        Resource(
            spec.get("group", ""), version.get("name", ""), names.get("kind", ""), names.get("plural", ""), spec.get("scope") != "Cluster"
        )
        for version in spec.get("versions") or []
        if version.get("served", True)
    ]

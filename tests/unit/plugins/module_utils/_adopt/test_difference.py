# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A patch makes of what we build what is there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._adopt.difference import difference, patch_between, paths
from ansible_collections.livestream.srs.plugins.module_utils._adopt.normal import normal
from ansible_collections.livestream.srs.plugins.module_utils._manifests.patches import merged

SRS = {"name": "srs", "image": "ossrs/srs:6", "ports": [{"containerPort": 1935}]}
LOGGER = {"name": "logger", "image": "busybox"}


def service(kind: str, *ports: tuple[str, int], **spec: Any) -> dict[str, Any]:
    listed = [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in ports]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"type": kind, "ports": listed, **spec}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "c": {"d": [1]}}),
        ({"containers": [SRS]}, {"containers": [SRS, LOGGER]}),
        ({"containers": [SRS, LOGGER]}, {"containers": [LOGGER, SRS]}),
        ({"containers": [SRS, LOGGER]}, {"containers": [LOGGER]}),
        ({"containers": [SRS]}, {"containers": [{**SRS, "ports": [{"containerPort": 1935, "name": "rtmp"}]}]}),
        ({"containers": [SRS]}, {"containers": [{**SRS, "command": ["a"], "image": "other"}]}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}),
        ({"volumes": [{"name": "a", "emptyDir": {}}]}, {"volumes": [{"name": "a", "emptyDir": {"medium": "Memory"}}]}),
        ({"volumes": [{"name": "a"}]}, {}),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}),
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}]}),
    ],
)
def test_a_patch_leads_there(old: Any, new: Any) -> None:
    assert merged(old, difference(old, new)) == new


def test_nothing_differs_but_what_the_api_server_fills_in() -> None:
    pod = {"containers": [SRS], "volumes": [{"name": "c", "configMap": {"name": "c"}}]}
    ours = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": pod}}}
    filled = {
        **pod,
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "volumes": [{"name": "c", "configMap": {"name": "c", "defaultMode": 420}}],
        "containers": [
            {
                **SRS,
                "ports": [{"containerPort": 1935, "protocol": "TCP"}],
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
    }
    live = {
        **ours,
        "metadata": {
            "name": "d",
            "uid": "1",
            "annotations": {"deployment.kubernetes.io/revision": "3", "kubernetes.io/change-cause": "me"},
        },
        "spec": {
            "replicas": 7,
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"creationTimestamp": None}, "spec": filled},
        },
    }
    assert patch_between(ours, live) == {}
    live["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    assert patch_between(ours, live) == {"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}


def test_labels_and_annotations_of_theirs_are_kept_beside_ours() -> None:
    ours, theirs = service("ClusterIP", ("rtmp", 1935)), service("ClusterIP", ("rtmp", 1935))
    ours["metadata"]["labels"] = {"app": "a", "ours": "1"}
    theirs["metadata"] |= {"labels": {"app": "b", "team": "live"}, "annotations": {"note": "x"}}
    assert patch_between(ours, theirs) == {"metadata": {"labels": {"team": "live"}, "annotations": {"note": "x"}}}


def test_a_public_service_gets_no_port_more_and_loses_none() -> None:
    ours = service("LoadBalancer", ("rtmp", 1935), ("http", 8080))
    theirs = service("LoadBalancer", ("a-1935", 1935), ("a-1985", 1985))
    patched = merged(normal(ours), patch_between(ours, theirs))
    assert [(port["name"], port["port"]) for port in patched["spec"]["ports"]] == [("rtmp", 1935), ("a-1985", 1985)]


def test_inside_of_the_cluster_a_port_more_is_welcome() -> None:
    """The guide's Services of origins lack the port at which origins ask each other."""
    assert patch_between(service("ClusterIP", ("rtmp", 1935), ("api", 1985)), service("ClusterIP", ("x", 1935))) == {}


def test_what_was_allocated_is_none_of_our_business() -> None:
    live = service("LoadBalancer", ("x", 1935), clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"], ipFamilies=["IPv4"], sessionAffinity="None")
    live["spec"]["ports"][0]["nodePort"] = 30001
    ours = service("LoadBalancer", ("rtmp", 1935))
    assert patch_between(ours, live) == {}
    asked = '{"spec": {"ports": [{"nodePort": 30001}]}}'
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": asked}
    (port,) = merged(normal(ours), patch_between(ours, live))["spec"]["ports"]
    assert port["nodePort"] == 30001


def test_a_headless_service_stays_one() -> None:
    live = service("ClusterIP", ("x", 1935), clusterIP="None", clusterIPs=["None"])
    assert normal(live)["spec"]["clusterIP"] == "None"
    assert "clusterIPs" not in normal(live)["spec"]


def test_paths() -> None:
    patch = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "srs", "image": "x"}, {"name": "a", "$patch": "delete"}]}}
    assert list(paths(patch)) == ["metadata.labels", "spec.containers[srs].image", "spec.containers[a]"]

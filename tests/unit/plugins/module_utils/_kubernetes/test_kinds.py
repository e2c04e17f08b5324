# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API resource behind a kind."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import kinds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import KNOWN, Resource

DEPLOYMENT = KNOWN["apps/v1", "Deployment"]
CONFIG_MAP = KNOWN["v1", "ConfigMap"]


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (DEPLOYMENT, "media", "a", "/apis/apps/v1/namespaces/media/deployments/a"),
        (DEPLOYMENT, "media", None, "/apis/apps/v1/namespaces/media/deployments"),
        (DEPLOYMENT, None, None, "/apis/apps/v1/deployments"),
        (CONFIG_MAP, "media", "a", "/api/v1/namespaces/media/configmaps/a"),
        (KNOWN["v1", "Namespace"], None, "media", "/api/v1/namespaces/media"),
        (KNOWN["v1", "Namespace"], "ignored", "media", "/api/v1/namespaces/media"),
        (
            KNOWN["rbac.authorization.k8s.io/v1", "ClusterRole"],
            None,
            "system:x",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x",
        ),
        (CONFIG_MAP, "../a", "../../b?c", "/api/v1/namespaces/..%2Fa/configmaps/..%2F..%2Fb%3Fc"),
    ],
)
def test_paths(resource: Resource, namespace: str | None, name: str | None, path: str) -> None:
    assert resource.path(namespace, name) == path


def test_names() -> None:
    assert (DEPLOYMENT.api_version, DEPLOYMENT.group_kind, DEPLOYMENT.name) == ("apps/v1", "Deployment.apps", "deployments.apps")
    assert (CONFIG_MAP.api_version, CONFIG_MAP.group_kind, CONFIG_MAP.name) == ("v1", "ConfigMap", "configmaps")


def test_the_table_is_keyed_by_what_is_in_it() -> None:
    assert all(key == (resource.api_version, resource.kind) for key, resource in KNOWN.items())
    group_kinds = [resource.group_kind for resource in KNOWN.values()]
    assert len(group_kinds) == len(set(group_kinds)), "one version of each kind"


def test_a_recorded_kind_is_found_in_its_known_version() -> None:
    assert kinds.known_version("Deployment.apps") == DEPLOYMENT
    assert kinds.known_version("ConfigMap") == CONFIG_MAP
    assert kinds.known_version("NetworkPolicy.networking.k8s.io") == KNOWN["networking.k8s.io/v1", "NetworkPolicy"]
    assert kinds.known_version("Deployment.extensions") is None


def test_the_kinds_that_a_definition_brings() -> None:
    definition = {
        "spec": {
            "group": "example.org",
            "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True}, {"name": "v1beta1", "served": False}, {"name": "v2"}],
        }
    }
    assert kinds.defined_by(definition) == [
        Resource("example.org", "v1", "Thing", "things", False),
        Resource("example.org", "v2", "Thing", "things", False),
    ]
    assert kinds.defined_by({}) == []

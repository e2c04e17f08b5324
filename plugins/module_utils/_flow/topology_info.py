# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_topology_info: read what a namespace has. The action plugin decides what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._flow.edge_rollout_info import client_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
)


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The objects of the namespace, of the kinds that a topology is made of; raises SrsError where they can't be read."""
    with client_of(module) as client:

        def listed(kind: tuple[str, str]) -> list[Object]:
            return client.list(*kind, module.params["namespace"]).items

        return {"changed": False, "objects": [item for found in client.each(listed, KINDS) for item in found]}

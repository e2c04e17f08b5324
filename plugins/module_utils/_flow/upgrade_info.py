# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_upgrade_info: read what a topology's servers are. The action plugin compares it with the variables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._flow.edge_rollout_info import client_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._rollout.upgrades import deployed

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

KINDS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("v1", "ConfigMap"))


def flow(module: AnsibleModule) -> dict[str, Any]:
    """What is deployed, by cluster; raises SrsError where it can't be read. Takes three requests, however many clusters there are."""
    labels = owned_by_topology(module.params["topology"])
    with client_of(module) as client:

        def listed(kind: tuple[str, str]) -> list[Object]:
            return client.list(*kind, module.params["namespace"], label_selector=labels).items

        found = deployed([item for items in client.each(listed, KINDS) for item in items])
    clusters = [{"component": key[0], "name": key[1], **asdict(cluster)} for key, cluster in found.items()]
    return {"changed": False, "deployed": clusters}

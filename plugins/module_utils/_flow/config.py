# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_config and srs_origin_config: render, check, and apply or delete the ConfigMaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._flow.config_info import rendered
from ansible_collections.livestream.srs.plugins.module_utils._flow.config_maps import apply_config_maps, delete_config_maps
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Rendered

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(role: str) -> Callable[[AnsibleModule], dict[str, Any]]:
    """The flow of a role's module (``options.EDGE``, ``options.ORIGIN``)."""

    def run(module: AnsibleModule) -> dict[str, Any]:
        return _absent(module) if module.params["state"] == "absent" else _present(module, rendered(module, role))

    return run


def _present(module: AnsibleModule, rendered: Rendered) -> dict[str, Any]:
    client = Client.from_module(module)
    changed, diff = apply_config_maps(client, rendered.objects, check_mode=module.check_mode, take_over_all=module.params["take_over"])
    for warning in client.warnings:
        module.warn(warning)
    return {**rendered.result(), "changed": changed, "diff": diff}


def _absent(module: AnsibleModule) -> dict[str, Any]:
    names = [config["name"] for config in module.params["configs"]]
    options = {"check_mode": module.check_mode, "take_over_all": module.params["take_over"]}
    changed, diff = delete_config_maps(Client.from_module(module), names, module.params["namespace"], **options)
    return {**Rendered().result(), "changed": changed, "diff": diff}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_config and srs_origin_config: render, and unless that is all, bring the ConfigMaps about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Rendered, render_all

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(role: str) -> Callable[[AnsibleModule], dict[str, Any]]:
    """The flow of a role's module."""

    def run(module: AnsibleModule) -> dict[str, Any]:
        params = module.params
        if params["state"] == "absent":
            return _absent(module)
        rendered = render_all(role, params["configs"], params["namespace"])
        for warning in rendered.warnings:
            module.warn(warning)
        if params["state"] == "rendered":
            return {"changed": False, **rendered.result()}
        return _present(module, rendered)

    return run


# The Kubernetes side is imported where it is needed: rendering needs no API server and no client for one.


def _present(module: AnsibleModule, rendered: Rendered) -> dict[str, Any]:
    from ansible_collections.livestream.srs.plugins.module_utils._flow.config_maps import apply_config_maps
    from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

    client = Client.from_module(module)
    changed, diff = apply_config_maps(client, rendered.objects, check_mode=module.check_mode)
    for warning in client.warnings:
        module.warn(warning)
    return {**rendered.result(), "changed": changed, "diff": diff}


def _absent(module: AnsibleModule) -> dict[str, Any]:
    from ansible_collections.livestream.srs.plugins.module_utils._flow.config_maps import delete_config_maps
    from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

    names = [config["name"] for config in module.params["configs"]]
    changed, diff = delete_config_maps(Client.from_module(module), names, module.params["namespace"], check_mode=module.check_mode)
    return {**Rendered().result(), "changed": changed, "diff": diff}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_config_info and srs_origin_config_info: render and check, without an API server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Rendered, render_all

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(role: str) -> Callable[[AnsibleModule], dict[str, Any]]:
    """The flow of a role's module (``options.EDGE``, ``options.ORIGIN``)."""

    def run(module: AnsibleModule) -> dict[str, Any]:
        return {"changed": False, **rendered(module, role).result()}

    return run


def rendered(module: AnsibleModule, role: str) -> Rendered:
    """The rendered ``configs`` of a module, which passes on their warnings. Raises SrsError with all that is wrong with any of them."""
    result = render_all(role, module.params["configs"], module.params["namespace"])
    for warning in result.warnings:
        module.warn(warning)
    return result

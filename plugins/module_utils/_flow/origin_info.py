# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_origin_info: wait until the load balancer in front of an origin has an address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._desired import origin as origins
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LOOK_AGAIN = 1.0  # seconds


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError where there is no address in time (in check mode: warns)."""
    params = module.params
    whose = f"host {params['inventory_host']}" if params["inventory_host"] else "it"
    try:
        client = Client.from_module(module)
        try:
            addresses, lacking = _find(client, params["namespace"], 0 if module.check_mode else params["wait_timeout"])
        finally:
            client.close()
    except SrsError as error:
        raise SrsError(f"Can't find the origin of {whose}: {error.message}", **error.details) from error
    if lacking:
        said = f"The origin of {whose} has no address yet: {lacking}."
        if not module.check_mode:
            raise SrsError(f"{said} Run site.yml for {whose} with srs_origin_slb first, and check its result.")
        module.warn(f"{said} What pulls from it will differ from what is shown here.")
    return {"changed": False, "addresses": addresses}


def _find(client: Client, namespace: str, seconds: float) -> tuple[list[str], str]:
    """The addresses as host:port and "", or, where there are none after so many seconds, [] and the reason."""
    end = time.monotonic() + seconds
    while True:
        service = client.get("v1", "Service", names.ORIGIN_PUBLIC_SERVICE, namespace)
        if addresses := origins.public_addresses(service):
            return addresses, ""
        if time.monotonic() >= end:
            title = f"Service {namespace}/{names.ORIGIN_PUBLIC_SERVICE}"
            return [], f"the load balancer of {title} has none" if service else f"there is no {title}"
        time.sleep(LOOK_AGAIN)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How players reach the servers of a topology: as its HTTP API is reached (``api_via``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._observed.playback import Target
from ansible_collections.livestream.srs.plugins.module_utils._player.viewer import Way
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoints
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import not_passed_on
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.session import connection_to


class Ways:
    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """``params`` are those of the module. Raises SrsError if the options for the HTTP API don't go together."""
        self.namespace = params["namespace"]
        self.endpoints = self.of_rtmp = Endpoints(params, client.connection)
        if params["api_via"] == "pod_proxy":  # which passes on HTTP alone
            self.of_rtmp = Endpoints({**params, "api_via": "port_forward", "api_scheme": "http"}, client.connection)

    def to(self, target: Target) -> Way:
        """The way to the port that a target is to be played from."""
        endpoints = self.of_rtmp if target.protocol == "rtmp" else self.endpoints
        endpoint = endpoints.media(target.pod or {}, self.namespace, target.port)
        return Way(partial(connection_to, endpoint), endpoint.prefix, endpoint.headers, _refusal)


def _refusal(status: int, body: bytes) -> NoAnswer | None:
    try:
        return not_passed_on(status, json.loads(body))
    except (ValueError, RecursionError):
        return None

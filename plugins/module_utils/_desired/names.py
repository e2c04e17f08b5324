# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a topology's objects, and the labels that they carry.

The names and the ``app`` selectors are the tutorial's (https://ossrs.io/lts/en-us/docs/v6/doc/k8s), so that a cluster that was
built by hand from it is taken over in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._labels import COMPONENT, INSTANCE, MANAGED_BY, NAME, OWNER, PART_OF

ORIGIN = "srs-origin"
ORIGIN_SERVICE = "srs-internal-origin-service"
ORIGIN_PUBLIC_SERVICE = "srs-origin-service"
ORIGIN_PEERS = "socs"
CLEANUP = "srs-cleanup"
DEMO = "srs-demo"
PROXY = "srs-proxy"
ORIGIN_API_SERVICE = "srs-api-service"
PROXY_SERVICE = "srs-proxy-service"
PROXY_PUBLIC_SERVICE = "srs-proxy-public-service"
HTTP_SERVICE = "srs-http-service"
NGINX_CONFIG = "srs-hls-nginx-config"
NGINX_ORIGIN = "nginx-origin"
HLS_ORIGIN_SERVICE = "srs-hls-origin-service"
HLS_PEERS = "srs-hls-peers"
HLS_CACHE_PEERS = "srs-hls-edge-peers"
ORIGIN_PODS = "srs-origin-pods"
HLS_CACHE = "srs-hls-edge"
HLS_CACHE_CONFIG = "srs-hls-edge-config"
HLS_CERTIFICATE = "srs-hls-tls"
FLV_SERVICE = "srs-flv-service"

# The edge cluster of this name has the tutorial's own names; every other one has its name in them.
FIRST_EDGE = "edge"


def existing_names(values: Mapping[str, Any]) -> Callable[[str, str], str]:
    """What tells the name that an object has, from its kind and the one that we give it; ``values`` are the validated variables."""

    def called(kind: str, name: str) -> str:
        given = values["srs_object_names"].get(kind)
        return str(given.get(name, name)) if isinstance(given, Mapping) else name

    return called


def check(object_names: Mapping[str, Any], app_labels: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with ``srs_object_names`` and ``srs_app_labels`` themselves."""
    for kind, given in object_names.items():
        if not isinstance(given, Mapping):
            yield f"srs_object_names.{kind} is {given!r}: it must be a mapping of the collection's names to those that the objects have."
            continue
        for name, called in given.items():
            if not is_subdomain(called):
                yield f"srs_object_names.{kind}.{name} is {called!r}: it must be the name of an object, for example srs-edge-deploy."
    for label, called in app_labels.items():
        if not isinstance(called, str) or not called:
            seen = "of another kind" if isinstance(called, (Mapping, list)) else repr(called)
            yield f"srs_app_labels.{label} is {seen}: it must be the value of the label app, for example srs."


def edge_app(cluster: str) -> str:
    """The value of the ``app`` label that an edge cluster's selectors use, and the stem of its objects' names."""
    return "srs-edge" if cluster == FIRST_EDGE else f"srs-edge-{cluster}"


def labels(component: str, instance: str, topology: str) -> dict[str, str]:
    """The standard labels of one object.

    ``component`` is ``origin``, ``hls`` or ``edge``; ``instance`` the edge cluster's name, else the component again.
    """
    return {
        NAME: "nginx" if component == "hls" else "srs",
        INSTANCE: instance,
        COMPONENT: component,
        PART_OF: topology,
        MANAGED_BY: OWNER,
    }

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS of nginx: where its certificate comes from, a Secret or cert-manager, and the edge cluster whose HTTP-FLV it passes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._dns import SUBDOMAIN as DNS_SUBDOMAIN
from ansible_collections.livestream.srs.plugins.module_utils._dns import SUBDOMAIN_LENGTH as DNS_SUBDOMAIN_LENGTH

# 443 is a port that a process which isn't root can't have on every runtime.
PORT, SERVICE_PORT = 8443, 443
DEFAULTS: dict[str, Any] = {"enabled": None, "secret_name": "", "issuer": {}, "dns_names": [], "redirect": False, "flv_cluster": ""}
ISSUER: dict[str, Any] = {"name": "", "kind": "Issuer", "group": "cert-manager.io"}
# Those of cert-manager itself; other groups have kinds of their own.
ISSUER_KINDS = ("Issuer", "ClusterIssuer")


def resolve(given: Any) -> dict[str, Any]:
    """``hls_nginx_https`` with all its keys; empty where there is no HTTPS."""
    settings = _settings(given)
    if not _enabled(settings):
        return {}
    return {
        **settings,
        "port": PORT,
        "secret_name": settings["secret_name"] or names.HLS_CERTIFICATE,
        "issuer": {**ISSUER, **settings["issuer"]} if settings["issuer"] else {},
    }


def host(given: Any) -> str:
    """The host name for URLs: the first that the certificate is for, unless that stands for many."""
    names_ = _settings(given)["dns_names"]
    return str(names_[0]) if names_ and not str(names_[0]).startswith("*") else ""


def _settings(given: Any) -> dict[str, Any]:
    return {**DEFAULTS, **(given if isinstance(given, Mapping) else {})}


def _enabled(settings: Mapping[str, Any]) -> bool:
    asked = settings["enabled"]
    return bool(settings["secret_name"] or settings["issuer"]) if asked is None else bool(asked)


def check(given: Any, own_config: bool) -> Iterator[str]:
    """What is wrong with it, as sentences that name the key, the value and the way out."""
    settings = _settings(given)
    where = "hls_nginx_https"
    if not _enabled(settings):
        for key in ("redirect", "flv_cluster"):
            if settings[key] and settings["enabled"] is None:
                yield f"{where}.{key} is {settings[key]!r}, but there is no HTTPS without a certificate: give secret_name or issuer."
        return
    if not settings["secret_name"] and not settings["issuer"]:
        yield f"{where}.enabled is true, but there is no certificate: give secret_name, a Secret of type kubernetes.io/tls, or issuer."
    if not own_config:
        yield f"{where} is given, but hls_nginx_own_config is false, and the config in the image knows nothing of it: set it to true."
    if settings["secret_name"] and not _is_subdomain(settings["secret_name"]):
        yield f"{where}.secret_name is {settings['secret_name']!r}: {_a_dns_name()}"
    for name in settings["dns_names"]:
        if not _is_subdomain(str(name).removeprefix("*.")):
            yield f"{where}.dns_names has {name!r}: it has to be a host name such as live.example.com or *.example.com."
    if settings["issuer"]:
        yield from _check_issuer(settings)


def _check_issuer(settings: Mapping[str, Any]) -> Iterator[str]:
    issuer = {**ISSUER, **settings["issuer"]}
    where = "hls_nginx_https.issuer"
    if not _is_subdomain(issuer["name"]):
        yield f"{where}.name is {issuer['name']!r}: {_a_dns_name()}"
    if issuer["group"] == ISSUER["group"] and issuer["kind"] not in ISSUER_KINDS:
        yield f"{where}.kind is {issuer['kind']!r}: cert-manager has {' and '.join(ISSUER_KINDS)}."
    if not settings["dns_names"]:
        yield f"{where} is given, but hls_nginx_https.dns_names is empty: name the hosts that the certificate is for."


def check_flv(given: Any, edges: list[dict[str, Any]]) -> Iterator[str]:
    """Whether the edge cluster whose HTTP-FLV is passed on is there and has any."""
    wanted = resolve(given).get("flv_cluster")
    if not wanted:
        return
    there = {edge["name"]: edge for edge in edges}
    if wanted not in there:
        yield f"hls_nginx_https.flv_cluster is '{wanted}', which is none of the edge clusters: {', '.join(there) or 'there are none'}."
    elif "http" not in there[wanted]["ports"]:
        yield f"hls_nginx_https.flv_cluster is '{wanted}', whose config.http_server is off, which serves HTTP-FLV: leave it on."


def _is_subdomain(name: Any) -> bool:
    return isinstance(name, str) and len(name) <= DNS_SUBDOMAIN_LENGTH and bool(DNS_SUBDOMAIN.fullmatch(name))


def _a_dns_name() -> str:
    return f"it has to be the name of an object, at most {DNS_SUBDOMAIN_LENGTH} of a-z, 0-9, '-' and '.', a letter or digit at both ends."

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS of nginx: where its certificate comes from, a Secret or cert-manager, and the edge cluster whose HTTP-FLV it passes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.name_checks import A_NAME
from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain

# 443 is a port that a process which isn't root can't have on every runtime.
PORT, SERVICE_PORT = 8443, 443
CERT_MANAGER = "cert-manager.io"
# Those of cert-manager itself; other groups have kinds of their own.
ISSUER_KINDS = ("Issuer", "ClusterIssuer")


@dataclass
class Https:
    """HTTPS as it is wanted."""

    secret_name: str
    issuer: dict[str, str]  # name, kind, group; {} where the Secret is there already
    dns_names: list[str]
    redirect: bool
    flv_cluster: str  # "" passes on no HTTP-FLV

    @property
    def host(self) -> str:
        """The host name for URLs: the first that the certificate is for, unless that stands for many."""
        return self.dns_names[0] if self.dns_names and not self.dns_names[0].startswith("*") else ""


def resolve(given: Settings) -> Https | None:
    """From ``hls_nginx_https``; None where there is no HTTPS."""
    if not _enabled(given):
        return None
    return Https(
        given.get("secret_name") or names.HLS_CERTIFICATE,
        dict(given.get("issuer") or {}),
        given["dns_names"],
        given["redirect"],
        given.get("flv_cluster", ""),
    )


def _enabled(given: Settings) -> bool:
    return bool(given.get("enabled", given.get("secret_name") or given.get("issuer")))


def check(given: Settings, own_config: bool) -> Iterator[str]:
    """What is wrong with it, as sentences that name the key, the value and the way out."""
    where = "hls_nginx_https"
    if not _enabled(given):
        for key in ("redirect", "flv_cluster"):
            if given.get(key) and "enabled" not in given:
                yield f"{where}.{key} is {given[key]!r}, but there is no HTTPS without a certificate: give secret_name or issuer."
        return
    if not given.get("secret_name") and not given.get("issuer"):
        yield f"{where}.enabled is true, but there is no certificate: give secret_name, a Secret of type kubernetes.io/tls, or issuer."
    if not own_config:
        yield f"{where} is given, but hls_nginx_own_config is false, and the config in the image knows nothing of it: set it to true."
    if given.get("secret_name") and not is_subdomain(given["secret_name"]):
        yield f"{where}.secret_name is {given['secret_name']!r}: {A_NAME}"
    for name in given["dns_names"]:
        if not is_subdomain(name.removeprefix("*.")):
            yield f"{where}.dns_names has {name!r}: it must be a host name such as live.example.com or *.example.com."
    if given.get("issuer"):
        yield from _check_issuer(given)


def _check_issuer(given: Settings) -> Iterator[str]:
    issuer = given["issuer"]
    where = "hls_nginx_https.issuer"
    if not is_subdomain(issuer["name"]):
        yield f"{where}.name is {issuer['name']!r}: {A_NAME}"
    if issuer["group"] == CERT_MANAGER and issuer["kind"] not in ISSUER_KINDS:
        yield f"{where}.kind is {issuer['kind']!r}: cert-manager has {' and '.join(ISSUER_KINDS)}."
    if not given["dns_names"]:
        yield f"{where} is given, but hls_nginx_https.dns_names is empty: name the hosts that the certificate is for."


def check_flv(https: Https | None, edges: Iterable[Edge]) -> Iterator[str]:
    """Whether the edge cluster whose HTTP-FLV is passed on is there and has any."""
    if not https or not https.flv_cluster:
        return
    wanted = https.flv_cluster
    there = {edge.name: edge for edge in edges}
    if wanted not in there:
        yield f"hls_nginx_https.flv_cluster is '{wanted}', which is none of the edge clusters: {', '.join(there) or 'there are none'}."
    elif "http" not in there[wanted].ports:
        yield f"hls_nginx_https.flv_cluster is '{wanted}', whose config.http_server is off, which serves HTTP-FLV: leave it on."

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with HTTPS of nginx, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import https

ISSUED: dict[str, Any] = {"issuer": {"name": "letsencrypt", "kind": "ClusterIssuer"}, "dns_names": ["live.example.com"]}
EDGES: list[dict[str, Any]] = [{"name": "edge", "ports": {"rtmp": 1935, "http": 8080}}, {"name": "rtmp-only", "ports": {"rtmp": 1935}}]


@pytest.mark.parametrize(
    "given", [{}, {"enabled": False}, {"enabled": False, "secret_name": "NO", "redirect": True}, {"dns_names": ["a.b"]}]
)
def test_without_a_certificate_there_is_none(given: dict[str, Any]) -> None:
    assert https.resolve(given) == {}
    assert list(https.check(given, own_config=True)) == []


def test_an_issuer_is_cert_managers_own_unless_said() -> None:
    assert https.resolve(ISSUED)["issuer"] == {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert list(https.check(ISSUED, own_config=True)) == []
    other = {**ISSUED, "issuer": {"name": "pca", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}}
    assert list(https.check(other, own_config=True)) == []


@pytest.mark.parametrize(
    ("names", "host"), [([], ""), (["live.example.com", "b.example"], "live.example.com"), (["*.example.com", "b.example"], "")]
)
def test_the_host_in_urls(names: list[str], host: str) -> None:
    assert https.host({"dns_names": names}) == host


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"enabled": True}, "hls_nginx_https.enabled is true, but there is no certificate: give secret_name"),
        ({"redirect": True}, "hls_nginx_https.redirect is True, but there is no HTTPS without a certificate: give secret_name or issuer"),
        ({"flv_cluster": "edge"}, "hls_nginx_https.flv_cluster is 'edge', but there is no HTTPS"),
        ({"secret_name": "My_Secret"}, "hls_nginx_https.secret_name is 'My_Secret': it has to be the name of an object"),
        ({"secret_name": "a" * 254}, "at most 253"),
        ({"secret_name": "tls", "dns_names": ["live_example"]}, "hls_nginx_https.dns_names has 'live_example'"),
        ({"secret_name": "tls", "dns_names": ["a.*.example"]}, "hls_nginx_https.dns_names has 'a.*.example'"),
        ({**ISSUED, "dns_names": []}, "hls_nginx_https.dns_names is empty: name the hosts"),
        ({**ISSUED, "issuer": {"kind": "Issuer"}}, "hls_nginx_https.issuer.name is ''"),
        ({**ISSUED, "issuer": {"name": "le", "kind": "clusterissuer"}}, "cert-manager has Issuer and ClusterIssuer"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], said: str) -> None:
    (problem,) = https.check(given, own_config=True)
    assert said in problem


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ("", None),
        ("edge", None),
        ("cdn-a", "hls_nginx_https.flv_cluster is 'cdn-a', which is none of the edge clusters: edge, rtmp-only."),
        ("rtmp-only", "hls_nginx_https.flv_cluster is 'rtmp-only', whose config.http_server is off"),
    ],
)
def test_the_edge_cluster_of_http_flv(cluster: str, said: str | None) -> None:
    found = list(https.check_flv({"secret_name": "tls", "flv_cluster": cluster}, EDGES))
    assert len(found) == (said is not None)
    assert all(str(said) in problem for problem in found)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with HTTPS of nginx, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.https import Https
from ansible_collections.livestream.srs.tests.support.wanted import problems, refusal, resolved

ISSUED: dict[str, Any] = {"issuer": {"name": "letsencrypt", "kind": "ClusterIssuer"}, "dns_names": ["live.example.com"]}
EDGES: list[dict[str, Any]] = [{"name": "edge"}, {"name": "rtmp-only", "config": {"http_server": {"enabled": False}}}]


def https(**given: Any) -> Https | None:
    return resolved(hls_nginx_https=given).nginx.https


def found(given: dict[str, Any]) -> list[str]:
    return problems(["hls_nginx"], hls_nginx_https=given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"enabled": False},
        {"enabled": False, "secret_name": "NO", "redirect": True},
        {"enabled": "no", "secret_name": "NO"},
        {"dns_names": ["a.b"]},
    ],
)
def test_without_a_certificate_there_is_none(given: dict[str, Any]) -> None:
    assert https(**given) is None
    assert found(given) == []


def test_an_issuer_is_cert_managers_own_unless_said() -> None:
    made = https(**ISSUED)
    assert made and made.issuer == {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert (made.secret_name, made.redirect, made.flv_cluster) == ("srs-hls-tls", False, "")
    assert found(ISSUED) == []
    assert found({**ISSUED, "issuer": {"name": "pca", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}}) == []


@pytest.mark.parametrize(
    ("names", "host"), [([], ""), (["live.example.com", "b.example"], "live.example.com"), (["*.example.com", "b.example"], "")]
)
def test_the_host_in_urls(names: list[str], host: str) -> None:
    made = https(secret_name="tls", dns_names=names)
    assert made and made.host == host


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"enabled": True}, "hls_nginx_https.enabled is true, but there is no certificate: give secret_name"),
        ({"redirect": True}, "hls_nginx_https.redirect is True, but there is no HTTPS without a certificate: give secret_name or issuer"),
        ({"flv_cluster": "edge"}, "hls_nginx_https.flv_cluster is 'edge', but there is no HTTPS"),
        ({"secret_name": "My_Secret"}, "hls_nginx_https.secret_name is 'My_Secret': it must be the name of an object"),
        ({"secret_name": "a" * 254}, "at most 253"),
        ({"secret_name": "tls", "dns_names": ["live_example"]}, "hls_nginx_https.dns_names has 'live_example'"),
        ({"secret_name": "tls", "dns_names": ["a.*.example"]}, "hls_nginx_https.dns_names has 'a.*.example'"),
        ({**ISSUED, "dns_names": []}, "hls_nginx_https.dns_names is empty: name the hosts"),
        ({**ISSUED, "issuer": {"name": ""}}, "hls_nginx_https.issuer.name is ''"),
        ({**ISSUED, "issuer": {"name": "le", "kind": "clusterissuer"}}, "cert-manager has Issuer and ClusterIssuer"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], said: str) -> None:
    (problem,) = found(given)
    assert said in problem


def test_an_issuer_without_a_name() -> None:
    assert "missing required arguments: name found in hls_nginx_https -> issuer" in refusal(hls_nginx_https={"issuer": {"kind": "Issuer"}})


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
    told = problems(srs_edge_clusters=EDGES, hls_nginx_https={"secret_name": "tls", "flv_cluster": cluster})
    assert len(told) == (said is not None)
    assert all(str(said) in problem for problem in told)
    alone = problems(["hls_nginx"], srs_edge_clusters=EDGES, hls_nginx_https={"secret_name": "tls", "flv_cluster": cluster})
    assert alone == [], "of edge clusters the role knows nothing by itself"

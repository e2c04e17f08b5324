# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS of nginx in each of its forms: the objects of a whole topology, and what is refused before there are any."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Play = Callable[..., Any]
Kubectl = Callable[..., str]
Get = Callable[[str, str], dict[str, Any]]

NAS: dict[str, Any] = {"type": "pvc", "size": "10Gi", "access_mode": "ReadWriteMany"}
GIVEN: dict[str, Any] = {"secret_name": "tls", "dns_names": ["live.example.com"]}
ISSUED: dict[str, Any] = {"issuer": {"name": "letsencrypt", "kind": "ClusterIssuer"}, "dns_names": ["live.example.com"]}
FORMS: dict[str, dict[str, Any]] = {
    "sidecar": {},
    "deployment": {"hls_nginx_mode": "deployment", "srs_origin_storage": NAS},
    "cache": {"hls_nginx_mode": "cache"},
}
DEPLOYMENTS = {"sidecar": "srs-origin-deployment", "deployment": "nginx-origin-deployment", "cache": "srs-hls-edge-deployment"}


@pytest.fixture
def get(kubectl: Kubectl) -> Get:
    """An object, as it is on the API server."""
    return lambda kind, name: json.loads(kubectl("get", kind, name, "-o", "json"))


def nginx_of(pod: dict[str, Any]) -> tuple[list[int], dict[str, Any] | None, str | None]:
    """The ports of nginx, its mount of the certificate, and the Secret that this is from."""
    (container,) = (item for item in pod["containers"] if item["name"] == "nginx")
    mount = next((item for item in container["volumeMounts"] if item["name"] == "nginx-tls"), None)
    volume = next((item for item in pod["volumes"] if item["name"] == "nginx-tls"), None)
    return [port["containerPort"] for port in container["ports"]], mount, volume and volume["secret"]["secretName"]


@pytest.mark.parametrize("form", FORMS)
def test_in_each_form(play: Play, get: Get, kubectl: Kubectl, namespace: str, form: str) -> None:
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    variables = {**FORMS[form], "hls_nginx_https": {**GIVEN, "flv_cluster": "cdn-a"}, "srs_edge_clusters": [{"name": "cdn-a"}]}
    done = play(**variables)
    assert "https://live.example.com/live/livestream.m3u8" in done.output
    assert "https://live.example.com/live/livestream.flv" in done.output
    assert play(**variables).changed == []

    service = get("service", "srs-http-service")
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, 8081), (443, 8443)]
    pod = get("deployment", DEPLOYMENTS[form])["spec"]["template"]["spec"]
    assert nginx_of(pod) == ([8081, 8443, 8082, 8083], {"name": "nginx-tls", "mountPath": "/etc/nginx-tls", "readOnly": True}, "tls")
    flv = get("service", "srs-flv-service")["spec"]
    assert (flv["type"], flv["selector"], flv["ports"][0]["targetPort"]) == ("ClusterIP", {"app": "srs-edge-cdn-a"}, 8080)
    policy = get("networkpolicy", "srs-origin")["spec"]["ingress"]
    for_all = [port["port"] for rule in policy if "from" not in rule for port in rule["ports"]]
    assert for_all == ([8081, 8443] if form == "sidecar" else [])
    if form == "cache":
        assert nginx_of(get("deployment", "srs-origin-deployment")["spec"]["template"]["spec"]) == ([8081, 8082, 8083], None, None)

    variables["hls_nginx_https"] = {}
    play(**variables)
    assert [port["port"] for port in get("service", "srs-http-service")["spec"]["ports"]] == [80]
    assert nginx_of(get("deployment", DEPLOYMENTS[form])["spec"]["template"]["spec"]) == ([8081, 8082, 8083], None, None)
    assert "srs-flv-service" not in kubectl("get", "services", "-o", "name")


def test_a_certificate_by_cert_manager(play: Play, get: Get, kubectl: Kubectl, bring_kinds: Callable[..., None]) -> None:
    output = play(expect=2, hls_nginx_https=ISSUED).output
    assert "the API server has no kind Certificate in cert-manager.io/v1; install what provides it" in output
    assert "srs" not in kubectl("get", "services,deployments", "-o", "name")

    bring_kinds("cert-manager.io", {"Certificate": "certificates"})
    predicted = play("--check", "--diff", hls_nginx_https=ISSUED)
    assert predicted.differences == play("--diff", hls_nginx_https=ISSUED).differences
    assert get("certificate", "srs-hls-tls")["spec"] == {
        "secretName": "srs-hls-tls",
        "dnsNames": ["live.example.com"],
        "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"},
        "privateKey": {"rotationPolicy": "Always"},
    }
    assert nginx_of(get("deployment", "srs-origin-deployment")["spec"]["template"]["spec"])[2] == "srs-hls-tls"
    assert play(hls_nginx_https=ISSUED).changed == []
    play(hls_nginx_https=GIVEN)
    assert kubectl("get", "certificates", "-o", "name") == ""


def test_https_of_srs_itself_is_at_the_load_balancer_of_the_edges(play: Play, get: Get) -> None:
    variables = {"srs_edge_replicas": 1, "srs_edge_config": {"http_server": {"https": {"enabled": True, "secret": "tls"}}}}
    done = play(**variables)
    (address,) = get("service", "srs-edge-service")["status"]["loadBalancer"]["ingress"]
    assert f"https://{address['ip']}/live/livestream.flv" in done.output
    ports = [(port["port"], port["targetPort"]) for port in get("service", "srs-edge-service")["spec"]["ports"]]
    assert ports == [(1935, 1935), (8080, 8080), (443, 8088)]
    for_all = [port["port"] for rule in get("networkpolicy", "srs-edge")["spec"]["ingress"] if "from" not in rule for port in rule["ports"]]
    assert for_all == [1935, 8080, 8088]
    pod = get("deployment", "srs-edge-deployment")["spec"]["template"]["spec"]
    assert "tls" in [volume.get("secret", {}).get("secretName") for volume in pod["volumes"]]
    assert play(**variables).changed == []


def test_the_key_stays_in_its_secret(play: Play, kubectl: Kubectl) -> None:
    kubectl(
        "create", "secret", "generic", "tls", "--type=kubernetes.io/tls", "--from-literal=tls.crt=c3RhbXA", "--from-literal=tls.key=MYKEY"
    )
    before = kubectl("get", "secret", "tls", "-o", "json")
    assert "MYKEY" not in play("-vvv", "--diff", hls_nginx_https=GIVEN).output
    assert "MYKEY" not in kubectl("get", "configmaps,deployments,services", "-o", "json")
    assert kubectl("get", "secret", "tls", "-o", "json") == before


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"hls_nginx_https": {"secret_name": "My_Secret"}}, ["hls_nginx_https.secret_name is 'My_Secret'"]),
        ({"hls_nginx_https": {"redirect": True}}, ["hls_nginx_https.redirect is True", "secret_name or issuer"]),
        ({"hls_nginx_https": {"secretname": "tls"}}, ["secretname", "secret_name"]),
        ({"hls_nginx_https": {"secret_name": "tls", "flv_cluster": "cdn"}}, ["hls_nginx_https.flv_cluster is 'cdn'", "edge"]),
        ({"hls_nginx_https": {"issuer": {"name": "le"}}}, ["hls_nginx_https.dns_names is empty"]),
        ({"hls_nginx_https": {"secret_name": "tls"}, "srs_production_defaults": False}, ["hls_nginx_own_config is false"]),
        (
            {
                "hls_nginx_https": {"secret_name": "tls"},
                "srs_origin_config": {"http_server": {"https": {"enabled": True, "listen": 8443, "secret": "tls"}}},
            },
            ["port 8443 (https)", "nginx in the same pod"],
        ),
        (
            {
                "hls_nginx_https": {"secret_name": "tls"},
                "hls_nginx_slb": {"provider": "metallb", "ip": "192.0.2.1", "shared": "a"},
                "srs_edge_slb": {"provider": "metallb", "ip": "192.0.2.1", "shared": "a"},
                "srs_edge_config": {"http_server": {"https": {"enabled": True, "secret": "tls"}}},
            },
            ["srs_edge_slb", "hls_nginx_slb", "both need port 443/TCP"],
        ),
    ],
)
def test_bad_input_changes_nothing(play: Play, kubectl: Kubectl, variables: dict[str, Any], words: list[str]) -> None:
    message = play(expect=2, **variables).message
    assert all(word in message for word in words), message
    assert kubectl("get", "services,deployments", "-o", "name") == ""

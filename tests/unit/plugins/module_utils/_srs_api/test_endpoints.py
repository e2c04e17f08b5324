# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pod's API is reached, by the options of the modules. What is refused is tested with srs_cluster_status."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Proxy
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint, Endpoints
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS

POD = {"name": "edge-0", "ip": "10.0.0.1", "node": "node-1"}
BASIC = ("Authorization", "Basic YWRtaW46c2VjcmV0")
LOGIN = {"api_username": "admin", "api_password": "secret"}
PODS = "/k8s/api/v1/namespaces/video/pods"


def endpoint(connection: Connection | None = None, port: int | None = 1990, **options: Any) -> Endpoint:
    connection = connection or Connection(
        host="http://api.test:6443/k8s/", authorization=lambda: "Bearer t", impersonate=[("Impersonate-User", "u")]
    )
    return Endpoints({**API_OPTIONS, **options}, connection).of(POD, "edge", "video", port)


def test_by_the_pod_proxy() -> None:
    found = endpoint()
    assert (str(found.address), found.address.tls, found.proxied) == ("api.test:6443", None, True)
    assert found.prefix == f"{PODS}/edge-0:1990/proxy"
    assert found.headers == (("Authorization", "Bearer t"), ("Impersonate-User", "u"))
    assert endpoint(api_scheme="https").prefix == f"{PODS}/https:edge-0:1990/proxy"


def test_by_a_forwarded_port() -> None:
    found = endpoint(api_via="port_forward", **LOGIN)
    assert (str(found.address), found.prefix, found.proxied, found.headers) == ("api.test:6443", "", False, (BASIC,))
    assert found.forward == (f"{PODS}/edge-0/portforward?ports=1990", (("Authorization", "Bearer t"), ("Impersonate-User", "u")))


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_by_the_pods_address(scheme: str, secure: bool) -> None:
    found = endpoint(api_via="pod_ip", api_scheme=scheme, **LOGIN)
    assert (str(found.address), found.address.tls is not None, found.headers) == ("10.0.0.1:1990", secure, (BASIC,))
    assert not found.by_api_server


@pytest.mark.parametrize(("validates", "mode"), [(True, ssl.CERT_REQUIRED), (False, ssl.CERT_NONE)])
def test_certificates_are_validated_unless_told_otherwise(validates: bool, mode: ssl.VerifyMode) -> None:
    context = endpoint(api_via="pod_ip", api_scheme="https", api_validate_certs=validates).address.tls
    assert context and (context.check_hostname, context.verify_mode) == (validates, mode)


@pytest.mark.parametrize(
    ("url", "address", "prefix", "secure"),
    [
        ("http://{ip}:1985", "10.0.0.1:1985", "", False),
        ("https://{pod}.{cluster}.{namespace}.test/{node}/", "edge-0.edge.video.test:443", "/node-1", True),
        ("http://[fd00::1]", "[fd00::1]:80", "", False),
    ],
)
def test_by_a_url(url: str, address: str, prefix: str, secure: bool) -> None:
    found = endpoint(api_via="url", api_url=url)
    assert (str(found.address), found.prefix, found.address.tls is not None) == (address, prefix, secure)


@pytest.mark.parametrize(("option", "conf", "port"), [(None, 1990, 1990), (2000, 1990, 2000), (None, None, 1985)])
def test_the_port(option: int | None, conf: int | None, port: int) -> None:
    assert endpoint(port=conf, api_via="pod_ip", api_port=option).address.port == port


def test_the_proxy_of_the_api_server() -> None:
    by_proxy = Connection(host="http://api.test", proxy="http://proxy.test:3128", proxy_headers={"Proxy-Authorization": "x"})
    assert endpoint(by_proxy).address.proxy == Proxy("proxy.test", 3128, (("Proxy-Authorization", "x"),))
    by_proxy.no_proxy = "api.test"
    assert endpoint(by_proxy).address.proxy is None
    with pytest.raises(SrsError, match=r"can't go through the proxy socks5://proxy.test"):
        endpoint(Connection(host="http://api.test", proxy="socks5://proxy.test"))


def media(**options: Any) -> Endpoint:
    connection = Connection(host="http://api.test:6443/k8s/", authorization=lambda: "Bearer t")
    return Endpoints({**API_OPTIONS, **options}, connection).media(POD, "video", 8080)


def test_players_go_the_same_way_without_the_login_of_the_api() -> None:
    found = media(api_scheme="https", api_port=1990)
    assert (found.prefix, found.headers) == (f"{PODS}/edge-0:8080/proxy", (("Authorization", "Bearer t"),))
    found = media(api_via="port_forward", **LOGIN)
    assert (found.headers, found.forward) == ((), (f"{PODS}/edge-0/portforward?ports=8080", (("Authorization", "Bearer t"),)))
    for way in ({"api_via": "pod_ip"}, {"api_via": "url", "api_url": "http://{ip}:1985"}):
        found = media(**way, **LOGIN)
        assert (str(found.address), found.headers, found.address.tls) == ("10.0.0.1:8080", (), None)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to the API server: proxies and TLS."""

from __future__ import annotations

import ssl

import pytest
import urllib3

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import pool as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection


@pytest.mark.parametrize(
    ("url", "no_proxy", "bypasses"),
    [
        ("https://api.example:6443", "", False),
        ("https://api.example:6443", "api.example", True),
        ("https://api.example:6443", ".example", True),
        ("https://api.example:6443", "example", True),
        ("https://api.example:6443", "*.example", True),
        ("https://api.example:6443", "ample", False),
        ("https://api.example:6443", "other, *", True),
        ("https://10.0.0.1:6443", "10.0.0.0/8", True),
        ("https://10.0.0.1:6443", "192.168.0.0/16,nonsense/9", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://127.0.0.1:6443", "", True),
        ("https://localhost:6443", "", True),
    ],
)
def test_no_proxy(url: str, no_proxy: str, bypasses: bool) -> None:
    assert under_test.bypasses_proxy(url, no_proxy) == bypasses


def test_a_proxy_is_used_unless_bypassed() -> None:
    connection = Connection(host="https://api.example", proxy="http://proxy.example:3128", proxy_headers={"proxy-authorization": "x"})
    pool = under_test.connection_pool(connection, 1)
    assert isinstance(pool, urllib3.ProxyManager) and pool.proxy_headers == {"proxy-authorization": "x"}
    connection.no_proxy = "api.example"
    assert not isinstance(under_test.connection_pool(connection, 1), urllib3.ProxyManager)


def test_a_client_certificate_that_can_not_be_used_is_named() -> None:
    for connection in (
        Connection(host="https://api.example", source="the test", cert_file="/nowhere.pem"),
        Connection(host="https://api.example", source="the test", cert_data="nonsense"),
    ):
        with pytest.raises(SrsError, match=r"The client certificate or key of the test can't be used: "):
            under_test.tls_context(connection)


def test_a_context_that_threads_share_is_not_changed_by_a_connection() -> None:
    """What urllib3 does to it for each connection must not reach OpenSSL while another thread is sending its greeting."""
    context = under_test.tls_context(Connection(host="https://api.example", verify=False))
    context.set_alpn_protocols(["other"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    greeting = outgoing.read()
    assert b"\x08http/1.1" in greeting and b"\x05other" not in greeting

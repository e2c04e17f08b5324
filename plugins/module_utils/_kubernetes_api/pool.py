# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of kept-alive connections to one API server: TLS and proxies as its kubeconfig and the environment want them."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection

try:
    import urllib3
except ImportError:  # Transport says so when a module needs it
    urllib3 = None  # type: ignore[assignment]


def connection_pool(connection: Connection, size: int) -> Any:
    """urllib3's pool manager for this connection, which keeps up to ``size`` connections open.

    Raises SrsError where a certificate or key can't be used.
    """
    options: dict[str, Any] = {"maxsize": size, "num_pools": 2}
    if connection.host.startswith("https:"):
        options["ssl_context"] = tls_context(connection)
        if connection.server_name:
            options["server_hostname"] = connection.server_name
        if not connection.verify:
            options["cert_reqs"] = "CERT_NONE"
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user asked for it
    if connection.proxy and not bypasses_proxy(connection.host, connection.no_proxy):
        if connection.proxy.lower().startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(connection.proxy, **options)
        return urllib3.ProxyManager(connection.proxy, proxy_headers=connection.proxy_headers or None, **options)
    return urllib3.PoolManager(**options)


class _Shared(ssl.SSLContext):
    """A context that several threads may use at a time."""

    def set_alpn_protocols(self, _protocols: Iterable[str]) -> None:
        """Does nothing: the protocols are set once, when the context is made.

        urllib3 sets them for each connection, and OpenSSL then frees what another thread is putting into its ClientHello at that moment.
        With 16 threads that did nothing else, one in some 100,000 went out broken, and the server refused it.
        """


def tls_context(connection: Connection) -> ssl.SSLContext:
    """The TLS context for all connections to the API server; raises SrsError where a certificate or key can't be used.

    Not ``create_default_context``: newer Pythons make that one refuse CA certificates without a key identifier, which many clusters have
    and kubectl accepts.
    """
    context = _Shared(ssl.PROTOCOL_TLS_CLIENT)
    super(_Shared, context).set_alpn_protocols(["http/1.1"])
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if connection.ca_file or connection.ca_data:
            context.load_verify_locations(cafile=connection.ca_file, cadata=connection.ca_data)
        else:
            context.load_default_certs()
    except (OSError, ValueError) as error:
        raise SrsError(f"The CA certificate of {connection.source} can't be read: {plain(error)}.") from error
    if connection.cert_file or connection.cert_data:
        _load_client_certificate(context, connection)
    return context


def _load_client_certificate(context: ssl.SSLContext, connection: Connection) -> None:
    # Python reads certificates from files only; ours live as short as possible.
    written: list[str] = []

    def as_file(data: str) -> str:
        descriptor, path = tempfile.mkstemp()
        written.append(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(data)
        return path

    try:
        certificate = connection.cert_file or as_file(connection.cert_data or "")
        key = connection.key_file or (as_file(connection.key_data) if connection.key_data else None)
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise SrsError(f"The client certificate or key of {connection.source} can't be used: {plain(error)}.") from error
    finally:
        for path in written:
            os.unlink(path)


def bypasses_proxy(url: str, no_proxy: str) -> bool:
    """Whether the rules of NO_PROXY (names, domains, addresses, networks, ``*``) let this URL be reached directly, as Go reads them."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address and address.is_loopback):
        return True
    for rule in (rule.strip().lower() for rule in no_proxy.split(",")):
        if not rule:
            continue
        if rule == "*" or host == rule.lstrip(".") or host.endswith("." + rule.lstrip("*").lstrip(".")):
            return True
        try:
            if address and address in ipaddress.ip_network(rule, strict=False):
                return True
        except ValueError:
            continue
    return False


def plain(error: BaseException) -> str:
    """What an error says, without its number and class."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

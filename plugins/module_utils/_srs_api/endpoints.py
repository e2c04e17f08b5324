# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach the HTTP API of each SRS server of a topology, from a module's options (``_argspec.srs_api_spec``)."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.pool import bypasses_proxy, tls_context
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address, Headers, Proxy

DEFAULT_PORT = 1985


@dataclass(frozen=True)
class Endpoint:
    """The HTTP API of one SRS.

    ``proxied`` is by the pod proxy of the Kubernetes API server, whose path is then the ``prefix``. With ``forward`` the API server is to
    forward a port, by that path and with those headers.
    """

    name: str
    address: Address
    prefix: str = ""
    headers: Headers = ()
    proxied: bool = False
    forward: tuple[str, Headers] | None = None

    @property
    def by_api_server(self) -> bool:
        return self.proxied or self.forward is not None


class Endpoints:
    """Turns pods, as ``_observed.status`` has them, into endpoints. Raises SrsError for options that don't go together."""

    def __init__(self, params: Mapping[str, Any], connection: Connection) -> None:
        self.params = params
        self.via = params["api_via"]
        credentials = params["api_username"] is not None
        if self.via == "pod_proxy" and credentials:
            raise SrsError(
                "api_username can't be used with api_via: pod_proxy, since the Kubernetes API server passes no credentials on; "
                "set api_via to port_forward, pod_ip or url."
            )
        if self.via == "port_forward" and params["api_scheme"] == "https":
            raise SrsError(
                "api_via: port_forward can't be used with api_scheme: https; leave it at http: the way through the API server is encrypted."
            )
        if self.via == "url" and not params["api_url"]:
            raise SrsError("api_via: url needs api_url, such as http://{ip}:1985.")
        login = f"{params['api_username']}:{params['api_password'] or ''}".encode()
        self.headers: Headers = (("Authorization", "Basic " + base64.b64encode(login).decode()),) if credentials else ()
        if self.via in ("pod_proxy", "port_forward"):
            self.api_server, self.path = _api_server(connection)
            self.api_headers = _headers(connection)
        else:
            self.tls = _tls(params)

    def of(self, pod: Mapping[str, Any], cluster: str, namespace: str, port: int | None) -> Endpoint:
        """The endpoint of a pod (``name``, ``ip``, ``node``); ``port`` is that of its srs.conf."""
        port = self.params["api_port"] or port or DEFAULT_PORT
        secure = self.params["api_scheme"] == "https"
        if self.via == "pod_ip":
            return Endpoint(pod["name"], Address(pod["ip"], port, self.tls if secure else None), "", self.headers)
        if self.via == "url":
            return self._by_url({"pod": pod["name"], "ip": pod["ip"], "node": pod["node"], "cluster": cluster, "namespace": namespace})
        return self._by_api_server(pod["name"], namespace, port, "https:" if secure else "", self.headers)

    def media(self, pod: Mapping[str, Any], namespace: str, port: int) -> Endpoint:
        """The way to a port of a pod at which it serves players: as to its API, or by its address where that is reached by a URL."""
        if self.via not in ("pod_proxy", "port_forward"):
            return Endpoint(pod["name"], Address(pod["ip"], port))
        return self._by_api_server(pod["name"], namespace, port)

    def _by_api_server(self, pod: str, namespace: str, port: int, scheme: str = "", headers: Headers = ()) -> Endpoint:
        path = f"{self.path}/api/v1/namespaces/{namespace}/pods"
        if self.via == "port_forward":
            return Endpoint(pod, self.api_server, "", headers, forward=(f"{path}/{pod}/portforward?ports={port}", self.api_headers))
        return Endpoint(pod, self.api_server, f"{path}/{scheme}{pod}:{port}/proxy", self.api_headers, proxied=True)

    def _by_url(self, known: Mapping[str, str]) -> Endpoint:
        template = self.params["api_url"]
        try:
            url = urlsplit(template.format(**known))
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ValueError
            port = url.port or (443 if url.scheme == "https" else 80)
        except (ValueError, LookupError, AttributeError):
            words = ", ".join(f"{{{name}}}" for name in known)
            raise SrsError(
                f"api_url is {template!r}, which is not an http or https URL with {words} in it; set it to such as http://{{ip}}:1985."
            ) from None
        address = Address(url.hostname, port, self.tls if url.scheme == "https" else None)
        return Endpoint(known["pod"], address, url.path.rstrip("/"), self.headers)


def _api_server(connection: Connection) -> tuple[Address, str]:
    """Where the Kubernetes API server is, and the path below which it is there."""
    url = urlsplit(connection.host)
    if not url.hostname:
        raise SrsError(f"The address of the API server, {connection.host}, is not a URL; write it as https://HOST:PORT.")
    secure = url.scheme == "https"
    proxy = None
    if connection.proxy and not bypasses_proxy(connection.host, connection.no_proxy):
        through = urlsplit(connection.proxy)
        if through.scheme != "http" or not through.hostname:
            raise SrsError(
                f"api_via: pod_proxy and port_forward can't go through the proxy {through.scheme}://{through.hostname}; "
                "set proxy to an http:// one, or api_via to pod_ip or url."
            )
        proxy = Proxy(through.hostname, through.port or 80, tuple(connection.proxy_headers.items()))
    port = url.port or (443 if secure else 80)
    return Address(url.hostname, port, tls_context(connection) if secure else None, connection.server_name, proxy), url.path.rstrip("/")


def _headers(connection: Connection) -> Headers:
    authorization = connection.authorization()
    return (*((("Authorization", authorization),) if authorization else ()), *connection.impersonate)


def _tls(params: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not params["api_validate_certs"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if params["api_ca_cert"]:
            context.load_verify_locations(cafile=params["api_ca_cert"])
        else:
            context.load_default_certs()
    except (OSError, ssl.SSLError) as error:
        raise SrsError(f"The CA certificates in {params['api_ca_cert']} (api_ca_cert) can't be read: {error}") from error
    return context

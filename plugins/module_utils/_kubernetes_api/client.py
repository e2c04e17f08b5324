# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One API server over one pool of kept-alive connections: plain JSON requests, bounded retries, errors that a user can read."""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import kinds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection, load
from ansible_collections.livestream.srs.plugins.module_utils._labels import OWNER

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

try:
    import urllib3
    from urllib3 import HTTPHeaderDict  # since 2.0
    from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
except ImportError:  # Client.__init__ says so when a module needs it
    urllib3 = None  # type: ignore[assignment]

T = TypeVar("T")
R = TypeVar("R")
Object = dict[str, Any]

FIELD_MANAGER = OWNER
DEFAULT_CONCURRENCY = 8

# Seconds. An API server that never answered is given up after FIRST_CONTACT; one that did, and is being restarted, gets longer.
CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 60.0
FIRST_CONTACT = 8.0
PATIENCE = 30.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
CONFLICT_DELAYS = (0.1, 0.3, 1.0)

APPLY = "application/apply-patch+yaml"  # JSON is YAML
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Reply:
    """An answer of the API server, or of a pod behind its proxy, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class ObjectList:
    """A list of objects of one kind, and the version to watch on from."""

    items: list[Object]
    resource_version: str


class Client:
    """Talks to one API server; may be used from several threads at once.

    Every method raises ApiError where the server refuses and Unreachable where it does not answer: both are SrsError, readable as they are.
    Objects are plain dicts. ``warnings`` gathers what the server warned of, each once.
    """

    def __init__(self, connection: Connection, concurrency: int = DEFAULT_CONCURRENCY) -> None:
        if urllib3 is None:
            raise SrsError(
                "The Python packages kubernetes (31 or newer) and urllib3 (2 or newer) are needed on the host that runs the module; "
                "install them: pip install 'kubernetes>=31' 'urllib3>=2'"
            )
        self.connection = connection
        self.concurrency = concurrency
        self.warnings: list[str] = []
        self.requests = 0
        self._resources: dict[tuple[str, str], kinds.Resource] = dict(kinds.KNOWN)
        self._reached = False
        self._lost: Unreachable | None = None
        self._pool = _pool(connection, concurrency)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Client:
        """A client for the connection options of a module (``argspec.connection_spec``) and its ``concurrency``, if it has that."""
        return cls(load(params), params.get("concurrency") or DEFAULT_CONCURRENCY)

    @classmethod
    def from_module(cls, module: AnsibleModule) -> Client:
        """As from_params; the secrets of a kubeconfig that was given as content are kept out of logs and results."""
        kubeconfig = module.params.get("kubeconfig")
        if isinstance(kubeconfig, Mapping):
            module.no_log_values.update(_kubeconfig_secrets(kubeconfig))
        return cls.from_params(module.params)

    def close(self) -> None:
        self._pool.clear()

    # Objects

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, or None where there is none."""
        path = self.resource(api_version, kind).path(namespace, name)
        try:
            return self._json("GET", path, f"read {_title(kind, namespace, name)}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ObjectList:
        """The objects of one kind in a namespace (all namespaces without one); each has apiVersion and kind."""
        resource = self.resource(api_version, kind)
        what = f"list {resource.name}" + (f" in namespace {namespace}" if namespace else "")
        answer = self._json("GET", resource.path(namespace), what, {"labelSelector": label_selector, "fieldSelector": field_selector})
        items = [{"apiVersion": api_version, "kind": kind, **item} for item in answer.get("items") or []]
        return ObjectList(items, answer["metadata"]["resourceVersion"])

    def apply(
        self, manifest: Object, *, dry_run: bool = False, force: bool = True, resource: kinds.Resource | None = None
    ) -> tuple[Object, bool]:
        """Server-side apply of one object: what the server made of it, and whether that was a creation."""
        path, title = self._place(manifest, resource)
        query = {
            "fieldManager": FIELD_MANAGER,
            "fieldValidation": "Strict",
            "force": str(force).lower(),
            "dryRun": "All" if dry_run else None,
        }
        for delay in (*CONFLICT_DELAYS, None):
            try:
                reply = self.request("PATCH", path, f"apply {title}", query, body=manifest, content_type=APPLY)
                break
            except ApiError as error:
                # Without a cause this is no question of who owns a field: somebody else was writing, for example a quota's count.
                if error.status != 409 or (error.body.get("details") or {}).get("causes") or delay is None:
                    raise
                time.sleep(delay)
        return reply.json(), reply.status == 201

    def replace(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """PUT of one whole object; its resourceVersion guards against overwriting a newer one."""
        path, title = self._place(manifest)
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All" if dry_run else None}
        return self._json("PUT", path, f"replace {title}", query, body=manifest)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None,
        patch: Any,
        *,
        content_type: str = MERGE_PATCH,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """A merge patch (or, by ``content_type``, a JSON patch) of one object or its subresource."""
        path = self.resource(api_version, kind).path(namespace, name) + (f"/{subresource}" if subresource else "")
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All" if dry_run else None}
        return self._json("PATCH", path, f"patch {_title(kind, namespace, name)}", query, body=patch, content_type=content_type)

    def delete(
        self, api_version: str, kind: str, name: str, namespace: str | None = None, *, uid: str | None = None, dry_run: bool = False
    ) -> bool:
        """Delete one object, with what it owns in the background; False where there was none (or, with ``uid``, another one by now)."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        path = self.resource(api_version, kind).path(namespace, name)
        try:
            self.request("DELETE", path, f"delete {_title(kind, namespace, name)}", {"dryRun": "All" if dry_run else None}, body=options)
        except ApiError as error:
            if error.status == 404 or (uid and error.status == 409):
                return False
            raise
        return True

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        resource_version: str,
        timeout: float,
        label_selector: str | None = None,
        opened: Callable[[Any], None] | None = None,
    ) -> Iterator[tuple[str, Object]]:
        """(type, object) of each change since ``resource_version``; ends after ``timeout`` seconds or when the server ends it.

        Raises ApiError with status 410 where that version is too old: list again. ``opened`` is handed the open response,
        whose ``shutdown()`` ends the watch from another thread.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(max(1, int(timeout))),
            "labelSelector": label_selector,
        }
        resource = self.resource(api_version, kind)
        what = f"watch {resource.name}" + (f" in namespace {namespace}" if namespace else "")
        response = self._send("GET", resource.path(namespace), query, None, {}, timeout + 5, stream=True)
        try:
            if response.status != 200:
                raise self._error(what, response.status, response.read())
            if opened:
                opened(response)
            for line in response:
                if not line.strip():
                    continue
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(what, event["object"].get("code", 500), event["object"], self.connection.source)
                yield event["type"], event["object"]
        finally:
            response.close()

    def pod_proxy_get(
        self,
        namespace: str,
        pod: str,
        port: int,
        path: str,
        *,
        timeout: float = 5.0,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """GET from a pod's HTTP port through the API server's proxy: the pod's reply as it is, whatever its status.

        Not retried. Where the API server can't reach the pod the reply is the API server's own (status 503, or 403 without the right to
        ``get`` on ``pods/proxy``). Raises Unreachable where no reply came within ``timeout`` seconds.
        """
        target = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/{quote(path.lstrip('/'), safe='/:@!$&,;=~+*()')}"
        return self.request("GET", target, f"ask pod {namespace}/{pod}", query, headers=headers, timeout=timeout, raw=True)

    # Kinds

    def resource(self, api_version: str, kind: str) -> kinds.Resource:
        """The resource behind a kind: from the table, from ``learn``, else asked for once per apiVersion."""
        key = api_version, kind
        if key not in self._resources:
            self._discover(api_version)
        if key not in self._resources:
            known = sorted({f"{k} ({v})" for v, k in self._resources if k == kind})
            hint = (
                f"; did you mean {known[0]}?"
                if known
                else "; install what brings it (a CustomResourceDefinition), or mend apiVersion and kind."
            )
            raise SrsError(f"The API server {self.connection.host} has no kind {kind} in {api_version}{hint}")
        return self._resources[key]

    def has_group(self, group: str) -> bool:
        """Whether the API server serves an API group at all."""
        try:
            self.request("GET", f"/apis/{group}", f"look up {group}")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def learn(self, resources: Iterable[kinds.Resource]) -> None:
        """Kinds that CustomResourceDefinitions are going to bring."""
        self._resources.update({(resource.api_version, resource.kind): resource for resource in resources})

    def preferred(self, group_kind: str) -> kinds.Resource | None:
        """The resource of a ``Kind.group``, in the version known here or else the server's preferred one; None if it serves none."""
        if resource := kinds.known_version(group_kind):
            return resource
        kind, _dot, group = group_kind.partition(".")
        try:
            version = self._json("GET", f"/apis/{group}", f"look up {group}")["preferredVersion"]["groupVersion"] if group else "v1"
            return self.resource(version, kind)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        except SrsError:
            return None

    def _discover(self, api_version: str) -> None:
        group, _slash, version = api_version.rpartition("/")
        try:
            answer = self._json("GET", f"/apis/{api_version}" if group else f"/api/{api_version}", f"look up {api_version}")
        except ApiError as error:
            if error.status == 404:
                return
            raise
        for entry in answer.get("resources") or []:
            if "/" not in entry["name"]:
                resource = kinds.Resource(group, version, entry["kind"], entry["name"], entry["namespaced"])
                self._resources.setdefault((api_version, entry["kind"]), resource)

    # Requests

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Sequence[R]:
        """The function's results for all items, ``concurrency`` of them worked on at a time, in the items' order."""
        work = list(items)
        if len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(min(self.concurrency, len(work))) as threads:
            return list(threads.map(function, work))

    def request(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str | None] | None = None,
        *,
        body: Any = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        timeout: float = READ_TIMEOUT,
        raw: bool = False,
    ) -> Reply:
        """One request, retried where that is safe. ``what`` says in messages what was tried: 'apply Deployment media/srs-edge-deployment'.

        ``raw`` returns any answer as it is, after one try.
        """
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        sent = {**(headers or {}), **({"Content-Type": content_type} if data is not None else {})}
        started = time.monotonic()
        delay = FIRST_DELAY
        while True:
            if self._lost and not raw:
                raise self._lost  # another thread has been patient already
            failure: SrsError
            try:
                response = self._send(method, path, query, data, sent, timeout if self._reached else min(timeout, FIRST_CONTACT))
            except (HTTPError, OSError) as error:
                failure = self._unreachable(what, error)
                # A POST whose connection broke may have been carried out.
                retry = not raw and (method != "POST" or _never_sent(error)) and not _is_final(error)
                wait = delay
            else:
                self._reached = True
                if raw or response.status < 400:
                    self._note_warnings(response)
                    return Reply(response.status, response.headers, response.data)
                refusal = failure = self._error(what, response.status, response.data)
                retry = refusal.is_passing and (method != "POST" or refusal.status == 429)
                wait = _retry_after(response.headers.get("Retry-After"), delay)
            if not retry or time.monotonic() + wait - started > (PATIENCE if self._reached else FIRST_CONTACT):
                if isinstance(failure, Unreachable) and not raw:
                    self._lost = failure
                raise failure
            time.sleep(wait)
            delay = min(delay * 2, LONGEST_DELAY)

    def _json(self, *args: Any, **kwargs: Any) -> Object:
        answer: Object = self.request(*args, **kwargs).json()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] | None,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
        stream: bool = False,
    ) -> Any:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        sent = HTTPHeaderDict({"Accept": "application/json", "User-Agent": FIELD_MANAGER, **headers})
        for name, value in self.connection.impersonate:
            sent.add(name, value)
        # The API server takes this header for itself and never hands it on to a pod.
        if authorization := self.connection.authorization():
            sent["Authorization"] = authorization
        self.requests += 1
        return self._pool.request(
            method,
            self.connection.host + path + (f"?{urlencode(given)}" if given else ""),
            body=data,
            headers=sent,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
            retries=False,
            preload_content=not stream,
            redirect=False,
        )

    def _place(self, manifest: Object, resource: kinds.Resource | None = None) -> tuple[str, str]:
        metadata = manifest["metadata"]
        resource = resource or self.resource(manifest["apiVersion"], manifest["kind"])
        return resource.path(metadata.get("namespace"), metadata["name"]), _title(
            manifest["kind"], metadata.get("namespace"), metadata["name"]
        )

    def _note_warnings(self, response: Any) -> None:
        for header in response.headers.getlist("Warning"):
            # RFC 7234: code, agent, quoted text; the API server sends 299 - "text".
            text = header.partition('"')[2].rpartition('"')[0].replace('\\"', '"')
            if text and text not in self.warnings:
                self.warnings.append(text)

    def _error(self, what: str, status: int, data: bytes) -> ApiError:
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {"message": data[:300].decode(errors="replace")} if data else {}
        return ApiError(what, status, body, self.connection.source)

    def _unreachable(self, what: str, error: Exception) -> Unreachable:
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"Can't {what}: the certificate of the API server {self.connection} is not trusted ({cause.verify_message}); "
                "give the right certificate-authority-data (or ca_cert), or the name that the certificate is for."
            )
        if isinstance(cause, ssl.SSLError):
            said = getattr(cause, "reason", None) or cause
            return Unreachable(f"Can't {what}: TLS with the API server {self.connection} failed ({said}); check address and certificates.")
        remedy = "check that address, and that it can be reached from here"
        return Unreachable(f"Can't {what}: the API server {self.connection} does not answer ({_plain(cause)}); {remedy}.")


def _title(kind: str, namespace: str | None, name: str) -> str:
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _pool(connection: Connection, size: int) -> Any:
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

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """They are set once, by whoever makes it. urllib3 does so for each connection, and OpenSSL then frees what another thread is just
        putting into its greeting: one in some 100,000 went out broken when 16 threads did nothing else, and the server refuses it.
        """


def tls_context(connection: Connection) -> ssl.SSLContext:
    """One context for all connections. Not ``create_default_context``: newer Pythons make that one refuse CA certificates
    without a key identifier, which many clusters have and kubectl accepts."""
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
        raise SrsError(f"The CA certificate of {connection.source} can't be read: {_plain(error)}.") from error
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
        raise SrsError(f"The client certificate or key of {connection.source} can't be used: {_plain(error)}.") from error
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


def _retry_after(header: str | None, delay: float) -> float:
    try:
        return max(float(header or 0), delay)
    except ValueError:
        return delay


def _cause(error: BaseException) -> BaseException:
    """The innermost reason of an error that urllib3 has wrapped."""
    while True:
        inner: BaseException | None = error.reason if isinstance(error, MaxRetryError) else None
        inner = inner or error.__cause__ or (error.__context__ if isinstance(error, HTTPError) else None)
        inner = inner or next((part for part in error.args if isinstance(part, Exception)), None)
        if inner is None or inner is error:
            return error
        error = inner


def _never_sent(error: Exception) -> bool:
    return isinstance(error, NewConnectionError) or isinstance(_cause(error), ConnectionRefusedError)


def _is_final(error: Exception) -> bool:
    """Errors of TLS do not go away by trying again, except connections cut during the handshake."""
    cause = _cause(error)
    return isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def _plain(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _kubeconfig_secrets(content: Any) -> set[str]:
    if isinstance(content, Mapping):
        secret = ("token", "password", "client-key-data", "client-secret", "id-token", "refresh-token", "access-token")
        own = {str(value) for key, value in content.items() if key in secret and value}
        return own.union(*(_kubeconfig_secrets(value) for value in content.values()))
    if isinstance(content, list):
        return set().union(*(_kubeconfig_secrets(item) for item in content))
    return set()

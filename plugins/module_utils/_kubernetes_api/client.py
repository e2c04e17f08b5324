# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one API server: read, listed, applied, patched, deleted and watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ansible_collections.livestream.srs.plugins.module_utils._dns import LABEL_LENGTH
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import kinds
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, check_label, title
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import kubeconfig
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, not_kubernetes
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import Connection
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.transport import Reply, Transport
from ansible_collections.livestream.srs.plugins.module_utils._labels import OWNER, TOPOLOGY_LENGTH

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

T = TypeVar("T")
R = TypeVar("R")

FIELD_MANAGER = OWNER
DEFAULT_CONCURRENCY = 8
CONFLICT_DELAYS = (0.1, 0.3, 1.0)  # seconds

# Options that name what a module is about, and how long they may be.
NAMES = {"namespace": LABEL_LENGTH, "topology": TOPOLOGY_LENGTH}

APPLY = "application/apply-patch+yaml"  # JSON is YAML
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class ObjectList:
    """A list of objects of one kind, and the version to watch on from."""

    items: list[Object]
    resource_version: str


class Client:
    """Talks to one API server; may be used from several threads at once.

    Every method raises ApiError where the server refuses, Unreachable where it does not answer, and SrsError where no API server would
    answer so: all are SrsError, readable as they are. A request whose connection breaks is sent again, so whatever changes something must
    be repeatable: apply, merge patches, deletion, and JSON patches that name a ``resourceVersion``.
    ``concurrency`` is how many requests ``each`` has under way at a time. ``warnings`` gathers what the server warned of, each once.
    """

    def __init__(self, connection: Connection, concurrency: int = DEFAULT_CONCURRENCY) -> None:
        self.connection = connection
        self.concurrency = concurrency
        self.transport = Transport(connection, concurrency)
        self.warnings = self.transport.warnings
        self._resources: dict[tuple[str, str], kinds.Resource] = dict(kinds.KNOWN)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Client:
        """A client for the connection options of a module (``_argspec.connection_spec``) and its ``concurrency``, if it has that option."""
        return cls(kubeconfig.load(params), params.get("concurrency") or DEFAULT_CONCURRENCY)

    @classmethod
    def from_module(cls, module: AnsibleModule) -> Client:
        """As from_params; the secrets of a kubeconfig that was given as content are kept out of logs and results.

        Raises SrsError also where the options ``namespace`` and ``topology`` can't be names, which would make another request of it.
        """
        for option, longest in NAMES.items():
            if module.params.get(option) is not None:
                check_label(f"{option} (srs_{option})", module.params[option], longest)
        given = module.params.get("kubeconfig")
        if isinstance(given, Mapping):
            module.no_log_values.update(kubeconfig.secrets(given))
        return cls.from_params(module.params)

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    # Objects

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, or None where there is none."""
        path = self.resource(api_version, kind).path(namespace, name)
        try:
            return self._object("GET", path, f"read {title(kind, namespace, name)}")
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
        """The objects of one kind in a namespace (without one: in all namespaces); unlike the API's, each has apiVersion and kind."""
        resource = self.resource(api_version, kind)
        what = f"list {resource.name}" + (f" in namespace {namespace}" if namespace else "")
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        try:
            reply = self.transport.request("GET", resource.path(namespace), what, query)
        except ApiError as error:
            if error.status != 410:
                raise
            reply = self.transport.request("GET", resource.path(namespace), what, query)  # what was too old is read anew
        with self._reading(what, reply) as answer:
            items = [{"apiVersion": api_version, "kind": kind, **_named(item)} for item in answer["items"] or []]
            return ObjectList(items, str(answer["metadata"]["resourceVersion"]))

    def apply(
        self,
        manifest: Object,
        *,
        dry_run: bool = False,
        force: bool = True,
        resource: kinds.Resource | None = None,
        manager: str = FIELD_MANAGER,
    ) -> tuple[Object, bool]:
        """Server-side apply of one object by a field manager: what the server made of it, and whether it was created.

        ``force`` overwrites fields that other managers own. ``resource`` saves looking up the kind.
        """
        path, what = self._place(manifest, resource)
        query = {
            "fieldManager": manager,
            "fieldValidation": "Strict",
            "force": str(force).lower(),
            "dryRun": "All" if dry_run else None,
        }
        for delay in (*CONFLICT_DELAYS, None):
            try:
                reply = self.transport.request("PATCH", path, f"apply {what}", query, body=manifest, content_type=APPLY)
                break
            except ApiError as error:
                # Without a cause nobody owns a field that we want: somebody else was just writing, for example a quota's count.
                if error.status != 409 or error.body["details"]["causes"] or delay is None:
                    raise
                time.sleep(delay)
        with self._reading(f"apply {what}", reply) as answer:
            return _named(answer), reply.status == 201

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None,
        patch: Any,
        *,
        content_type: str = MERGE_PATCH,
        dry_run: bool = False,
    ) -> Object:
        """A merge patch (or, by ``content_type``, another kind of patch) of one object: the object after it."""
        path = self.resource(api_version, kind).path(namespace, name)
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All" if dry_run else None}
        return self._object("PATCH", path, f"patch {title(kind, namespace, name)}", query, body=patch, content_type=content_type)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> bool:
        """Delete one object, with what it owns in the background; False where there was none (or, with ``uid``, another one by now, or it
        has changed since ``resource_version``).
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if conditions := {key: value for key, value in (("uid", uid), ("resourceVersion", resource_version)) if value}:
            options["preconditions"] = conditions
        path = self.resource(api_version, kind).path(namespace, name)
        try:
            self._answer("DELETE", path, f"delete {title(kind, namespace, name)}", body=options)
        except ApiError as error:
            if error.status == 404 or (conditions and error.status == 409):
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

        Raises ApiError with status 410 where that version is too old: list again, and SrsError for an event that is none. What breaks the
        connection is raised as it is, by whatever name urllib3 has for it. ``opened`` is handed the open response, whose ``shutdown()``
        ends the watch from another thread.
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
        with self.transport.stream(resource.path(namespace), what, query, timeout + 5) as response:
            if opened:
                opened(response)
            for line in self.transport.lines(response, what):
                if not line.strip():
                    continue
                with self._reading(what, Reply(response.status, line)) as event:
                    changed, item = str(event["type"]), dict(event["object"])
                    code = int(item.get("code", 500))
                    if changed not in ("ERROR", "BOOKMARK"):
                        _named(item)
                if changed == "ERROR":
                    raise ApiError(what, code, item, self.connection.source)
                yield changed, item

    # Kinds

    def resource(self, api_version: str, kind: str) -> kinds.Resource:
        """The resource behind a kind: from the table, from ``learn``, else asked for once per apiVersion.

        Raises SrsError where the server has no such kind.
        """
        key = api_version, kind
        if key not in self._resources:
            self._discover(api_version)
        if key not in self._resources:
            known = sorted({f"{k} ({v})" for v, k in self._resources if k == kind})
            hint = (
                f"; did you mean {known[0]}?"
                if known
                else "; install what provides it (a CustomResourceDefinition), or fix apiVersion and kind."
            )
            raise SrsError(f"The API server {self.connection.host} has no kind {kind} in {api_version}{hint}")
        return self._resources[key]

    def has_group(self, group: str) -> bool:
        """Whether the API server serves an API group at all."""
        try:
            self._answer("GET", f"/apis/{group}", f"look up {group}")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def learn(self, resources: Iterable[kinds.Resource]) -> None:
        """Take in kinds that the server does not have yet, because their CustomResourceDefinitions are yet to be applied."""
        self._resources.update({(resource.api_version, resource.kind): resource for resource in resources})

    def preferred(self, group_kind: str) -> kinds.Resource | None:
        """The resource of a ``Kind.group``, in the version known here or else the server's preferred one; None if it serves none."""
        if resource := kinds.known_version(group_kind):
            return resource
        kind, _dot, group = group_kind.partition(".")
        try:
            return self.resource(self._preferred_version(group) if group else "v1", kind)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        except SrsError:
            return None

    def _discover(self, api_version: str) -> None:
        group, _slash, version = api_version.rpartition("/")
        try:
            reply = self.transport.request("GET", f"/apis/{api_version}" if group else f"/api/{api_version}", f"look up {api_version}")
        except ApiError as error:
            if error.status == 404:
                return
            raise
        with self._reading(f"look up {api_version}", reply) as answer:
            for entry in answer["resources"] or []:
                if "/" not in entry["name"]:
                    resource = kinds.Resource(group, version, entry["kind"], entry["name"], entry["namespaced"])
                    self._resources.setdefault((api_version, entry["kind"]), resource)

    def _preferred_version(self, group: str) -> str:
        what = f"look up {group}"
        with self._reading(what, self.transport.request("GET", f"/apis/{group}", what)) as answer:
            return str(answer["preferredVersion"]["groupVersion"])

    # Requests

    def log(self, pod: str, namespace: str, container: str, seconds: int, lines: int) -> str:
        """The end of a container's log: of the last ``seconds``, and ``lines`` at most."""
        path = f"{self.resource('v1', 'Pod').path(namespace, pod)}/log"
        query = {"container": container, "sinceSeconds": str(seconds), "tailLines": str(lines)}
        return self.transport.request("GET", path, f"read the log of Pod {namespace}/{pod}", query).body.decode(errors="replace")

    def _answer(self, method: str, path: str, what: str, *args: Any, **options: Any) -> Object:
        """The answer to a request, whatever kind of object it is."""
        with self._reading(what, self.transport.request(method, path, what, *args, **options)) as answer:
            return answer

    def _object(self, method: str, path: str, what: str, *args: Any, **options: Any) -> Object:
        """The object that a request answers with."""
        with self._reading(what, self.transport.request(method, path, what, *args, **options)) as answer:
            return _named(answer)

    @contextmanager
    def _reading(self, what: str, reply: Reply) -> Iterator[Object]:
        """The answer as data; where it is not what the block takes it for, SrsError is raised: nothing but an API server answers as one."""
        server = str(self.connection)
        try:
            answer = reply.json()
        except (ValueError, RecursionError):
            raise not_kubernetes(what, "something that is not JSON" if reply.body else "nothing", server) from None
        if not isinstance(answer, dict):
            raise not_kubernetes(what, "JSON that is not an object", server)
        try:
            yield answer
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise not_kubernetes(what, "an object that is not the one asked for", server) from error

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Sequence[R]:
        """The function's results for all items, in the items' order, with ``concurrency`` of them worked on at a time.

        Raises what the function raises for the first item for which it does.
        """
        work = list(items)
        if len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(min(self.concurrency, len(work))) as threads:
            return list(threads.map(function, work))

    def _place(self, manifest: Object, resource: kinds.Resource | None = None) -> tuple[str, str]:
        metadata = manifest["metadata"]
        resource = resource or self.resource(manifest["apiVersion"], manifest["kind"])
        namespace, name = metadata.get("namespace"), metadata["name"]
        return resource.path(namespace, name), title(manifest["kind"], namespace, name)


def _named(item: Any) -> Object:
    """An object, if it has metadata with a name; else TypeError or KeyError is raised."""
    if not isinstance(item, dict) or not isinstance(item["metadata"]["name"], str):
        raise TypeError
    return item

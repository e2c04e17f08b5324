# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, in the place of a client's connection pool."""

from __future__ import annotations

import copy
import io
import itertools
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import urllib3

from ansible_collections.livestream.srs.tests.support.json_patch import patched
from ansible_collections.livestream.srs.tests.support.merge_patch import merged

Answer = Any
"""An exception to raise, or the status, the body (bytes or JSON) and possibly the headers of a reply."""


def reply(preload: bool, status: int, body: Any, headers: dict[str, str] | None = None) -> urllib3.HTTPResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return urllib3.HTTPResponse(body=io.BytesIO(data), status=status, headers=headers or {}, preload_content=preload)


def status(code: int, reason: str, message: str, **details: Any) -> tuple[int, dict[str, Any]]:
    return code, {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message, "details": details}


class Request:
    def __init__(self, method: str, url: str, body: bytes | None, headers: Any) -> None:
        parts = urlsplit(url)
        self.method = method
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query))
        self.body = json.loads(body) if body else None
        self.headers = headers

    @property
    def writes(self) -> bool:
        return self.method != "GET" and self.query.get("dryRun") != "All"

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (" (dry run)" if self.query.get("dryRun") else "")


class Api:
    """As much of an API server as the flows need: objects by path, namespaces that must exist, apply by one manager.

    ``answers`` are given instead, in turn; ``faults`` are asked first for each request and may answer it.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.log: list[Request] = []
        self.answers: list[Answer] = []
        self.faults: list[Callable[[Request], Answer | None]] = []
        self.versions = itertools.count(1)
        self.lock = threading.Lock()

    def request(self, method: str, url: str, *, body: bytes | None = None, headers: Any = None, **options: Any) -> urllib3.HTTPResponse:
        with self.lock:
            request = Request(method, url, body, headers)
            self.log.append(request)
            if self.answers:
                answer = self.answers.pop(0)
            else:
                answer = next((given for fault in self.faults if (given := fault(request))), None) or self.serve(request)
        if isinstance(answer, Exception):
            raise answer
        return reply(options["preload_content"], *answer)

    def clear(self) -> None:
        pass

    # Serving

    def serve(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]  # behind the group and version
        if len(parts) > 2 and parts[0] == "namespaces":
            namespace, parts = parts[1], parts[2:]
            if request.method in ("PATCH", "POST") and f"/api/v1/namespaces/{namespace}" not in self.objects:
                return status(404, "NotFound", f'namespaces "{namespace}" not found', kind="namespaces", name=namespace)
        if len(parts) == 1:
            return self.collection(request)
        return getattr(self, request.method.lower())(request)

    def collection(self, request: Request) -> Answer:
        found = [
            item
            for path, item in sorted(self.objects.items())
            if path.rpartition("/")[0] == request.path
            and selects(request.query.get("labelSelector", ""), item["metadata"].get("labels") or {})
        ]
        items = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in found]
        return 200, {"kind": "List", "metadata": {"resourceVersion": str(next(self.versions))}, "items": items}

    def get(self, request: Request) -> Answer:
        if request.path not in self.objects:
            return status(404, "NotFound", "not found")
        return 200, self.objects[request.path]

    def patch(self, request: Request) -> Answer:
        before = self.objects.get(request.path)
        if request.headers["Content-Type"] != "application/apply-patch+yaml":
            return self.modify(request, before)
        after = copy.deepcopy(request.body)
        generated = {"uid": f"uid-{next(self.versions)}", "creationTimestamp": "2026-01-01T00:00:00Z"}
        kept = {key: value for key, value in before["metadata"].items() if key in (*generated, "resourceVersion")} if before else generated
        entry = {
            "manager": request.query["fieldManager"],
            "operation": "Apply",
            "apiVersion": after["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": fields_of(after),
        }
        after["metadata"].update(kept, managedFields=[entry])
        if request.query.get("dryRun") != "All":
            if before is None or {**before, "metadata": 0} != {**after, "metadata": 0} or before["metadata"] != after["metadata"]:
                after["metadata"]["resourceVersion"] = str(next(self.versions))
            self.objects[request.path] = after
        return (200 if before else 201), after

    def modify(self, request: Request, before: dict[str, Any] | None) -> Answer:
        if before is None:
            return status(404, "NotFound", "not found")
        after = patched(before, request.body) if isinstance(request.body, list) else merged(before, request.body)
        if request.query.get("dryRun") != "All":
            self.objects[request.path] = after
        return 200, after

    def delete(self, request: Request) -> Answer:
        if request.path not in self.objects:
            return status(404, "NotFound", "not found")
        for key, wanted in (request.body.get("preconditions") or {}).items():
            if wanted != self.objects[request.path]["metadata"][key]:
                return status(409, "Conflict", f"the {key} in the precondition does not match")
        if request.query.get("dryRun") != "All":
            del self.objects[request.path]
        return 200, {"kind": "Status", "status": "Success"}

    # For tests

    def add(self, path: str, item: dict[str, Any]) -> None:
        metadata = {"uid": f"uid-{path}", "resourceVersion": str(next(self.versions)), **item["metadata"]}
        self.objects[path] = {**item, "metadata": metadata}

    def touch(self, path: str) -> None:
        """Give an object another version, as if somebody had changed it."""
        self.add(path, {**self.objects[path], "metadata": {**self.objects[path]["metadata"], "resourceVersion": str(next(self.versions))}})

    def namespace(self, name: str) -> None:
        self.add(f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    @property
    def requests(self) -> list[str]:
        return [str(request) for request in self.log]

    @property
    def writes(self) -> list[str]:
        return [str(request) for request in self.log if request.writes]


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a selector of equalities, and of sets by ``in``, selects these labels."""
    terms = re.findall(r"([^,=\s]+)(?:=([^,]*)| in \(([^)]*)\))", selector)
    return all(labels.get(name) in (values.split(",") if values else [value]) for name, value, values in terms)


def fields_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """The fields of a manifest without lists of mappings, as fieldsV1."""

    def fields(value: Any) -> dict[str, Any]:
        return {f"f:{key}": fields(item) for key, item in value.items()} if isinstance(value, dict) else {}

    own = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    metadata = {key: value for key, value in own["metadata"].items() if key in ("labels", "annotations")}
    return fields({**own, "metadata": metadata})

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the API server as one sentence: which object, what the server said, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

_RBAC = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"(?P<where>[^:]*)'
)
# Server-side apply answers a field that is not in the schema, or a value of a wrong type, with status 500 and without a reason.
_SCHEMA = re.compile(r"failed to create typed (?:patch )?object \([^)]*\): (?P<fields>.*)", re.DOTALL)
# And so it does with values of the right type that it can't read, such as quantities.
_UNREADABLE = re.compile(r"unable to convert unstructured object|cannot unmarshal|quantities must match|unable to parse quantity")
_STRICT = "strict decoding error: "

_IMMUTABLE = re.compile(r"immutable|updates to \w+ spec for fields other than|may not change once set|Forbidden: is invalid")
# What to do where something would be lost with the object.
_OF_IMMUTABLE = {
    "PersistentVolumeClaim": (
        "keep the old value: with the claim its files would be deleted. For other storage make another claim, copy the files, "
        "and name that one"
    ),
    "Service": "keep the old value: with the Service its address would be given up",
    "StatefulSet": (
        "keep the old value, or delete the StatefulSet alone, with --cascade=orphan, so that its pods and claims stay, and run again"
    ),
    "Namespace": "keep the old value: with the namespace everything in it would be deleted",
}

# How many reasons, and objects for each, a message names.
SHOWN = 10

# What is to be done, by what the API server says: of what only newer ones know, since when, and how to do without.
_REMEDIES = (
    (
        re.compile(r"may not be more than 1048576 bytes|must have at most 1048576 bytes"),
        "a ConfigMap or Secret has room for 1 MiB in all: shorten what is put into it, or remove other keys from it",
    ),
    (
        re.compile(r"preStop\.sleep|preStop: Required value: must specify a handler type"),
        "a preStop that sleeps needs Kubernetes 1.30 or later; for an older one see the variable srs_edge_deregister_seconds",
    ),
)


def not_kubernetes(what: str, found: str, server: str) -> SrsError:
    """An answer that no API server gives. ``what`` was tried, ``found`` came from ``server``, an address and where it was configured."""
    return SrsError(
        f"Can't {what}: {server} answers with {found}, as no API server does; check that address, and whether a proxy or a login page "
        "stands in between."
    )


class Unreachable(SrsError):
    """No answer from the API server within the time allowed."""


class ApiError(SrsError):
    """The API server refused a request.

    ``what`` was tried ('apply Deployment media/srs-edge-deployment'), and ``why`` it failed, with what to do about it. ``status`` is the
    HTTP status code, ``body`` the server's Status object ({} where it sent none), ``source`` where the connection was configured.
    """

    def __init__(self, what: str, status: int, body: Mapping[str, Any], source: str) -> None:
        self.what = what
        self.body = body = _readable(body)
        self.why = _explain(status, body, source)
        self.status = status
        self.source = source
        super().__init__(f"Can't {what}: {self.why}")

    @property
    def reason(self) -> str:
        """The server's own word for the reason (``Conflict``); "" where it gave none."""
        return str(self.body.get("reason") or "")

    @property
    def missing_namespace(self) -> str | None:
        """The namespace that does not exist, when that is what the server said."""
        about = self.body.get("details") or {}
        return about.get("name") if self.status == 404 and about.get("kind") == "namespaces" else None

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in (429, 500, 502, 503, 504) and not self._is_unreadable

    @property
    def is_about_content(self) -> bool:
        """Whether the object that was sent is wrong by itself, whatever else there is."""
        return self._is_unreadable or (self.status in (400, 422) and not _IMMUTABLE.search(self._said))

    def of(self, what: str) -> ApiError:
        """The same refusal of something else."""
        return ApiError(what, self.status, self.body, self.source)

    @property
    def _is_unreadable(self) -> bool:
        return self.status == 500 and bool(_SCHEMA.search(self._said) or _UNREADABLE.search(self._said))

    @property
    def _said(self) -> str:
        return str(self.body.get("message") or "")


def _readable(body: Mapping[str, Any]) -> dict[str, Any]:
    """A Status object in which details and causes are what they should be: a proxy may answer with an object of its own."""
    about = body.get("details")
    about = dict(about) if isinstance(about, Mapping) else {}
    causes = about.get("causes")
    about["causes"] = [cause for cause in causes if isinstance(cause, Mapping)] if isinstance(causes, list) else []
    return {**body, "details": about}


def _explain(status: int, body: Mapping[str, Any], source: str) -> str:
    said = str(body.get("message") or f"HTTP status {status} without an explanation").strip().rstrip(".")
    about = body.get("details") or {}
    causes = "; ".join(
        dict.fromkeys(f"{cause['field']}: {cause.get('message')}" for cause in about.get("causes") or [] if cause.get("field"))
    )
    if status == 401:
        return f"the API server does not accept the credentials of {source} ({said}); renew them or use others."
    if status == 403 and (denied := _RBAC.search(said)):
        resource = f"{denied['resource']}.{denied['group']}" if denied["group"] else denied["resource"]
        return (
            f'the user "{denied["user"]}" lacks the verb "{denied["verb"]}" on {resource}{denied["where"].rstrip()}; '
            f"grant it to that user, or use other credentials than those of {source}."
        )
    if status == 404 and about.get("kind") == "namespaces":
        return f'the namespace "{about.get("name")}" does not exist; create it first.'
    if status == 409:
        return f"it conflicts with the existing object ({causes or said}); run again, or find out what else changes it."
    if status == 422 and _IMMUTABLE.search(said):
        remedy = _OF_IMMUTABLE.get(str(about.get("kind")), "keep the old value, or delete the object and run again")
        return f"the API server does not allow this change of an existing object ({causes or said}); {remedy}."
    if status == 422 or (status == 400 and _STRICT in said):
        return f"the API server rejects it as invalid ({causes or said.rpartition(_STRICT)[2]}); {_remedy(causes or said)}."
    if status == 500 and _UNREADABLE.search(said):
        return f"the API server rejects it as invalid ({said}); {_remedy(said)}."
    if status == 500 and (typed := _SCHEMA.search(said)):
        return f"the API server rejects it as invalid ({typed['fields'].strip()}); {_remedy(said)}."
    if status == 429 or status >= 500:
        return f"the API server of {source} is overloaded or failing (HTTP status {status}: {said}); check it and run again."
    return f"{said} (HTTP status {status})."


def _remedy(said: str) -> str:
    return next((remedy for pattern, remedy in _REMEDIES if pattern.search(said)), "fix these fields")


def joined(failures: Sequence[SrsError], tried: int, verb: str) -> SrsError:
    """One error for all ``failures`` of ``tried`` objects, at least one; objects that failed for the same reason share a line.

    ``verb`` is what was tried: "apply". The messages are in the details, as ``failed``.
    """
    if len(failures) == 1:
        return failures[0]
    groups: dict[str, list[str]] = {}
    for error in failures:
        if isinstance(error, ApiError):
            groups.setdefault(error.why, []).append(error.what.partition(" ")[2])
        else:
            groups.setdefault(error.message, [])
    lines = []
    for why, names in groups.items():
        lines.append(f"{first_of(names, SHOWN)}: {why}" if names else why)
    hidden = [f"... and {len(lines) - SHOWN} more reasons"] if len(lines) > SHOWN else []
    return SrsError(
        "\n".join([f"Can't {verb} {len(failures)} of {tried} objects:", *(f"- {line}" for line in [*lines[:SHOWN], *hidden])]),
        failed=[error.message for error in failures],
    )

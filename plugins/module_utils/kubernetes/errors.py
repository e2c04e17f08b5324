# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server refused, as one sentence: which object, what the server said, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.errors import SrsError

_RBAC = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"(?P<where>[^:]*)')


class Unreachable(SrsError):
    """No answer from the API server within the time allowed."""


class ApiError(SrsError):
    """An answer of the API server that is an error.

    ``status`` is the HTTP code, ``body`` the server's Status object (or {} where it sent none).
    """

    def __init__(self, what: str, status: int, body: Mapping[str, Any], source: str) -> None:
        super().__init__(_explain(what, status, body, source))
        self.status = status
        self.body = body

    @property
    def reason(self) -> str:
        return str(self.body.get("reason") or "")

    @property
    def server_message(self) -> str:
        return str(self.body.get("message") or "")

    @property
    def missing_namespace(self) -> str | None:
        """The namespace that does not exist, when that is what the server said."""
        about = self.body.get("details") or {}
        return about.get("name") if self.status == 404 and about.get("kind") == "namespaces" else None


def _explain(what: str, status: int, body: Mapping[str, Any], source: str) -> str:
    """``what`` says what was tried with which object, such as 'apply Deployment media/srs-edge-deployment'."""
    said = str(body.get("message") or f"HTTP status {status} without an explanation").strip().rstrip(".")
    about = body.get("details") or {}
    if status == 401:
        return f"Can't {what}: the API server does not accept the credentials of {source} ({said}); renew them or choose other ones."
    if status == 403 and (denied := _RBAC.search(said)):
        group = denied["group"]
        resource = f"{denied['resource']}.{group}" if group else denied["resource"]
        return (
            f'Can\'t {what}: the user "{denied["user"]}" lacks the verb "{denied["verb"]}" on {resource}{denied["where"].rstrip()}; '
            f"grant it to that user's role, or use other credentials than those of {source}."
        )
    if status == 404 and about.get("kind") == "namespaces":
        return f'Can\'t {what}: the namespace "{about.get("name")}" does not exist; create it first.'
    if status == 409:
        return f"Can't {what}: it conflicts with what is there ({said}); run again, and if that doesn't help, settle who owns the fields named."
    if status == 422 or (status == 400 and "strict decoding error" in said):
        causes = [f"{cause.get('field')}: {cause.get('message')}" for cause in about.get("causes") or [] if cause.get("field")]
        said = "; ".join(dict.fromkeys(causes)) or said.rpartition("strict decoding error: ")[2]
        return f"Can't {what}: the API server finds it invalid ({said}); mend these fields."
    if status == 429 or status >= 500:
        return f"Can't {what}: the API server of {source} is overloaded or failing (HTTP status {status}: {said}); look after it and run again."
    return f"Can't {what}: {said} (HTTP status {status})."

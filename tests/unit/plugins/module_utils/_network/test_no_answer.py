# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for why a server gave no answer are those that users are told of."""

from __future__ import annotations

import errno
import json
import re
import ssl
from pathlib import Path
from typing import get_args

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import Kind, from_os_error
from ansible_collections.livestream.srs.plugins.modules import srs_cluster_status

DOCS = Path(__file__).parents[5] / "docs"
KINDS = set(get_args(Kind))


def test_the_module_documents_each_kind() -> None:
    kind = yaml.safe_load(srs_cluster_status.RETURN)["servers"]["contains"]["error_kind"]
    assert set(re.findall(r"[CV]\((\w+)\)", str(kind["description"]))) == KINDS


def test_the_page_documents_each_kind() -> None:
    table = (DOCS / "status.md").read_text().partition("| `error_kind` | |\n|---|---|\n")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()]
    assert set(re.findall(r"`(\w+)`", " ".join(first_cells))) == KINDS


def test_the_schema_has_each_kind() -> None:
    schema = json.loads((DOCS / "status-report.schema.json").read_text())
    found: list[set[str]] = []

    def look(part: object) -> None:
        if isinstance(part, dict):
            if "error_kind" in part.get("properties", {}):
                found.append(set(part["properties"]["error_kind"]["enum"]) - {None})
            for value in part.values():
                look(value)

    look(schema)
    assert found == [KINDS]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "connection_refused", "srs:1985 refused the connection"),
        (ConnectionResetError(errno.ECONNRESET, ""), "connection_reset", "srs:1985 reset the connection"),
        (ConnectionResetError(), "connection_reset", "srs:1985 reset the connection"),
        (BrokenPipeError(errno.EPIPE, ""), "connection_reset", "srs:1985 reset the connection"),
        (OSError(errno.EHOSTUNREACH, ""), "unreachable", "srs:1985 can't be reached: No route to host"),
        (TimeoutError(errno.ETIMEDOUT, ""), "unreachable", "srs:1985 can't be reached: Connection timed out"),
        (OSError("odd"), "unreachable", "srs:1985 can't be reached: odd"),
    ],
)
def test_errors_of_the_system(error: OSError, kind: str, words: str) -> None:
    found = from_os_error(error, "srs:1985")
    assert (found.kind, found.message.startswith(words)) == (kind, True)


def tls(message: str = "", reason: str = "") -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "text") if message else ssl.SSLError(1, "text")
    error.verify_message, error.reason = message, reason  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (tls("certificate has expired", "CERTIFICATE_VERIFY_FAILED"), "certificate has expired"),
        (tls("", "WRONG_VERSION_NUMBER"), "WRONG_VERSION_NUMBER"),
        (tls(), "text"),
    ],
)
def test_why_there_is_no_tls(error: ssl.SSLError, said: str) -> None:
    found = from_os_error(error, "srs:1990")
    assert (found.kind, found.message) == ("tls_error", f"no TLS connection to srs:1990: {said}")

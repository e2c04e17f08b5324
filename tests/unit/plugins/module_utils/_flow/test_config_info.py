# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_config_info and srs_origin_config_info."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.config_info import flow

COLLECTIONS = Path(__file__).resolve().parents[5] / ".collections"
EDGE = {"name": "srs-edge-config", "origin": ["o"]}


def run(*configs: dict[str, Any], role: str = "edge") -> tuple[dict[str, Any], list[str]]:
    warnings: list[str] = []
    params = {"configs": list(configs), "namespace": "media"}
    return flow(role)(SimpleNamespace(params=params, warn=warnings.append)), warnings  # type: ignore[arg-type]


def test_all_that_a_pod_needs_is_returned() -> None:
    secret = {"name": "srs-api", "key": "password"}
    result, warnings = run(
        {**EDGE, "http_api": {"auth": {"enabled": True, "username": "me", "password_secret": secret}}}, {**EDGE, "name": "b"}
    )
    assert (result["changed"], warnings, list(result)) == (False, [], ["changed", "configs", "objects", "checksums"])
    first, second = result["configs"]
    assert first["env"][0]["valueFrom"] == {"secretKeyRef": secret} and second["env"] == []
    assert [item["metadata"] for item in result["objects"]] == [{"name": name, "namespace": "media"} for name in ("srs-edge-config", "b")]
    assert result["objects"][0]["data"] == {"srs.conf": first["text"]}
    assert result["checksums"] == {item["name"]: item["checksum"] for item in result["configs"]}


def test_roles_have_their_own_parameters() -> None:
    texts = [run(config, role=role)[0]["configs"][0]["text"] for role, config in (("edge", EDGE), ("origin", {"name": "a"}))]
    assert ["cluster {" in text for text in texts] == [True, False]
    with pytest.raises(SrsError, match="origin"):
        run({**EDGE}, role="origin")


def test_warnings_are_shown_once() -> None:
    result, warnings = run({**EDGE, "stats": {"network": 1}})
    assert [warning[:47] for warning in warnings] == ["configs[0] (srs-edge-config): stats.network is "]
    assert "warnings" not in result


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SrsError) as raised:
        run({**EDGE, "listen": 0}, {**EDGE, "name": "b", "max_connections": 0})
    assert "configs[0] (srs-edge-config): listen" in raised.value.message and "configs[1] (b): max_connections" in raised.value.message


@pytest.mark.parametrize("role", ["edge", "origin"])
def test_rendering_imports_no_client(role: str) -> None:
    code = (
        "import sys\n"
        f"from ansible_collections.livestream.srs.plugins.modules import srs_{role}_config_info as module\n"
        "from types import SimpleNamespace\n"
        f"configs = [{{'name': 'a', **({{'origin': ['b']}} if {role!r} == 'edge' else {{}})}}]\n"
        "assert module.flow(SimpleNamespace(params={'namespace': 'x', 'configs': configs}))['objects']\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('kubernetes', 'urllib3', 'yaml', 'requests')])\n"
    )
    told = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"

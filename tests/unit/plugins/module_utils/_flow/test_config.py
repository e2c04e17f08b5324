# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_config and srs_origin_config, against an API server in memory."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.config import flow
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client

EDGE = {"name": "srs-edge-config", "origin": ["o"]}


class FakeClient:
    """As much of the API as the flow uses; ``writes`` tells what was really done."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.warnings: list[str] = ["an old API version"]

    def each(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        return [function(item) for item in items]

    def get(self, api_version: str, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get(f"{namespace}/{name}"))

    def apply(self, manifest: dict[str, Any], *, dry_run: bool = False) -> tuple[dict[str, Any], bool]:
        key = f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"
        if not dry_run:
            self.objects[key] = copy.deepcopy(manifest)
            self.writes.append(f"apply {key}")
        return copy.deepcopy(manifest), key in self.objects

    def delete(self, api_version: str, kind: str, name: str, namespace: str) -> bool:
        self.writes.append(f"delete {namespace}/{name}")
        return self.objects.pop(f"{namespace}/{name}", None) is not None


class Module:
    def __init__(self, state: str, configs: list[dict[str, Any]], check_mode: bool, take_over: bool) -> None:
        self.params = {"state": state, "configs": configs, "namespace": "media", "take_over": take_over}
        self.check_mode = check_mode
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient()
    monkeypatch.setattr(Client, "from_module", lambda module: fake)
    return fake


def run(*configs: dict[str, Any], state: str = "present", check: bool = False, take_over: bool = False) -> tuple[dict[str, Any], list[str]]:
    module = Module(state, list(configs), check, take_over)
    return flow("edge")(module), module.warnings  # type: ignore[arg-type]


def test_present(server: FakeClient) -> None:
    predicted, warnings = run(EDGE, {**EDGE, "name": "b"}, check=True)
    assert (predicted["changed"], server.writes, warnings) == (True, [], ["an old API version"])
    result, _warnings = run(EDGE, {**EDGE, "name": "b"})
    assert result == predicted
    assert server.writes == ["apply media/srs-edge-config", "apply media/b"]
    assert server.objects["media/b"] == result["objects"][1]
    assert result["diff"][0]["before"] == ""
    assert "max_connections: 1000 (new)\n" in result["diff"][0]["prepared"]


def test_only_what_differs_is_shown(server: FakeClient) -> None:
    run(EDGE, {**EDGE, "name": "b"})
    result, _warnings = run({**EDGE, "labels": {"a": "b"}}, {**EDGE, "name": "b", "max_connections": 5})
    labels, text = result["diff"]
    assert (labels["before_header"], labels["before"], labels["after"]) == ("ConfigMap srs-edge-config", "", "labels.a: b\n")
    assert (text["before_header"], text["prepared"]) == ("ConfigMap b srs.conf", "max_connections: 1000 -> 5\n")
    assert (text["after_header"], text["after"]) == ("ConfigMap b srs.conf", result["configs"][1]["text"])
    assert text["before"] == text["after"].replace("max_connections 5;", "max_connections 1000;") != text["after"]


def test_absent(server: FakeClient) -> None:
    run(EDGE)
    server.writes.clear()
    assert run(EDGE, {"name": "b"}, state="absent", check=True)[0]["changed"]
    assert server.writes == []
    result, _warnings = run(EDGE, {"name": "b"}, state="absent")
    assert (result["changed"], result["configs"], server.writes) == (True, [], ["delete media/srs-edge-config"])
    assert not run(EDGE, state="absent")[0]["changed"]


def test_warnings_are_shown_once(server: FakeClient) -> None:
    result, warnings = run({**EDGE, "stats": {"network": 1}})
    assert [warning[:47] for warning in warnings] == ["configs[0] (srs-edge-config): stats.network is ", "an old API version"]
    assert "warnings" not in result


def test_a_mistake_writes_nothing(server: FakeClient) -> None:
    with pytest.raises(SrsError, match="max_connections"):
        run(EDGE, {**EDGE, "name": "b", "max_connections": 0})
    assert server.writes == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_another_tool_keeps_is_refused_unless_that_is_meant(server: FakeClient, state: str) -> None:
    metadata = {"name": "b", "namespace": "media", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    server.objects["media/b"] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"srs.conf": "listen 1935;"}}
    given = [EDGE, {**EDGE, "name": "b"}]
    with pytest.raises(SrsError, match=r"ConfigMap media/b is there already, and .* Helm keeps it; nothing was changed\. .*take_over"):
        run(*given, state=state)
    assert server.writes == []
    assert run(*given, state=state, take_over=True)[0]["changed"]


def test_a_failure_tells_what_was_changed_before(server: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = server.apply

    def refuse_the_second(manifest: dict[str, Any], *, dry_run: bool = False) -> tuple[dict[str, Any], bool]:
        if manifest["metadata"]["name"] == "b" and not dry_run:
            raise SrsError("no.")
        return apply(manifest, dry_run=dry_run)

    monkeypatch.setattr(server, "apply", refuse_the_second)
    with pytest.raises(SrsError, match=r"no\. Changed before that: ConfigMap srs-edge-config\.") as raised:
        run(EDGE, {**EDGE, "name": "b"})
    assert raised.value.details == {"changed": True}
    with pytest.raises(SrsError) as raised:
        run({**EDGE, "name": "b"})
    assert raised.value.details == {"changed": False}

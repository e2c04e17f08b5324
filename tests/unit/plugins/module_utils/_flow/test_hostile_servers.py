# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bad server, or one bad client, never hides the others: by made-up answers, the same in each run (docs/testing.md#fuzzing)."""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow import cluster_status, operations
from ansible_collections.livestream.srs.plugins.module_utils._observed import report
from ansible_collections.livestream.srs.plugins.module_utils._srs_api import endpoints
from ansible_collections.livestream.srs.plugins.module_utils._text import printable
from ansible_collections.livestream.srs.tests.support.fake_cluster import API_OPTIONS, IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.hostile import hostile
from ansible_collections.livestream.srs.tests.support.srs_server import Srs, SrsConnection

CASES = int(os.environ.get("SRS_HOSTILE", "200"))
SEED = int(os.environ.get("SRS_SEED", "1"))
ROOT = Path(__file__).parents[5]
SCHEMA = json.loads((ROOT / "docs" / "status-report.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
ODD_CLIENTS = ROOT / "tests" / "unit" / "fixtures" / "odd-clients"
LIMIT = API_OPTIONS["api_timeout"]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.items() if isinstance(value, dict) else value:
            yield from texts(list(item) if isinstance(item, tuple) else item)


class Topology:
    """Servers that are reached by the addresses of their pods."""

    def __init__(self, servers: dict[str, Srs], monkeypatch: pytest.MonkeyPatch) -> None:
        self.network = FakeNetwork()
        for name, srs in servers.items():
            self.network.hosts[IPS[name]] = lambda srs=srs: SrsConnection(srs)  # type: ignore[misc]
        monkeypatch.setattr(cluster_status.Client, "from_module", lambda _module: FakeClient(1))
        monkeypatch.setattr(endpoints, "_tls", lambda _params: None)  # which takes its time, and is not used

    def run(self, flow: Any, **more: Any) -> dict[str, Any]:
        usual = {
            "namespace": "video", "topology": "srs", "app": "live", "stream": "livestream", "read_servers": True, "wait_for": [],
            "query": None, "near_capacity": 80, "servers": [], "clusters": [], "ids": [], "ips": [], "url": None, "roles": [],
        }  # fmt: skip
        params = {**usual, **API_OPTIONS, "api_via": "pod_ip", "api_port": 1985, **more}
        with self.network:
            try:
                result: dict[str, Any] = flow(SimpleNamespace(check_mode=False, params=params))
            except SrsError as error:
                result = {"msg": error.message, **error.details}
        return result


def check(status: dict[str, Any]) -> None:
    """What holds of every status, whoever made it up."""
    told = {**status, "time": "2026-01-31T12:00:00Z"}
    document = json.loads(report.data([("kind", told)]), parse_constant=pytest.fail)  # type: ignore[list-item]
    VALIDATOR.validate(document)
    page = report.page([("kind", told)])  # type: ignore[list-item]
    page.encode()
    assert page.endswith("</html>\n")
    for text in (*texts(status), page.replace("\n", "")):
        assert printable(text) == text


def of_server(result: dict[str, Any], name: str) -> dict[str, Any]:
    """All that a status says of one server."""
    return {
        "row": next(row for row in result["servers"] if row["name"] == name),
        "streams": [row for stream in result["streams"] for row in stream["servers"] if row["server"] == name],
        "players": {s["url"]: s["players_by_server"][name] for s in result["streams"] if name in s["players_by_server"]},
    }


def test_a_status_is_complete_for_all_servers_but_the_hostile_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Topology({name: Srs.recorded(name) for name in IPS}, monkeypatch).run(cluster_status.flow)
    check(usual)
    counted: Counter[str] = Counter()
    for case in range(CASES):
        dice = random.Random(f"{SEED} {case}")
        bad = dice.sample(sorted(IPS), dice.choice([1, 1, 2, 3]))
        servers = {name: hostile(dice, name) if name in bad else Srs.recorded(name) for name in IPS}
        topology = Topology(servers, monkeypatch)
        status = topology.run(cluster_status.flow)
        try:
            check(status)
            assert topology.network.now <= LIMIT + 0.1
            for row in status["servers"]:
                if row["name"] in bad:
                    counted[row["error_kind"] or "answered"] += 1
                    assert row["answered"] or row["error"]
                else:
                    assert of_server(status, row["name"]) == of_server(usual, row["name"])
            clients = topology.run(operations.client_info)
            kicked = topology.run(operations.client_kick, clusters=["edge", "origin"])
            for result in (clients, kicked):
                assert all(printable(text) == text for text in texts(result))
                json.dumps(result, allow_nan=False)
            good = {name for name in IPS if name not in bad}
            assert {row["server"] for row in clients["clients"]} >= good
            assert {row["server"] for row in kicked["kicked"]} >= good
        except BaseException as error:
            error.add_note(f"SRS_SEED={SEED}, case {case}, hostile: {bad}")
            raise
    print(json.dumps(counted), file=sys.stderr)
    assert len(counted) > 4


def test_clients_whose_names_no_client_should_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a real 6.0.157 tells of them: raw control characters, bytes that are no UTF-8, and URLs that are none."""

    class Visited(Srs):
        def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
            what = target.split("/")[3].partition("?")[0]
            return 200, (ODD_CLIENTS / f"{what}.bin").read_bytes()

    topology = Topology({name: Visited() if name == "edge-1" else Srs.recorded(name) for name in IPS}, monkeypatch)
    status = topology.run(cluster_status.flow)
    check(status)
    assert all(row["answered"] for row in status["servers"])
    players = {stream["url"] for stream in status["streams"] if "edge-1" in stream["players_by_server"]}
    assert players >= {"/live/a", "/live/esc\\x1b[31m", "/live/bad\\xff\\xfe", "/live/rlo\\u202egnp", '/live/q"u\\o'}
    clients = topology.run(operations.client_info, url="/live/rlo\u202egnp")["clients"]
    assert [(row["server"], row["url"], row["role"]) for row in clients] == [("edge-1", "/live/rlo\\u202egnp", "player")]

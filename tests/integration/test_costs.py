# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not grow with the number of edge clusters: tasks, requests without a change, watches, evaluated templates. Counted, never
timed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.membership import POSSIBLE

Play = Callable[..., Any]
Run = Callable[..., tuple[list[str], Counter[str]]]

SUPPORT = Path(__file__).resolve().parents[1] / "support"
MANY = 30


def clusters(count: int, replicas: int = 0) -> dict[str, Any]:
    return {"srs_edge_replicas": replicas, "srs_edge_clusters": [{"name": f"edge-{number}"} for number in range(count)]}


@pytest.fixture
def run(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the playbook with so many edge clusters: the requests that it sent, and the templates that Jinja2 compiled."""
    log = tmp_path / "requests"
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT / "request_log"))
    monkeypatch.setenv("REQUEST_LOG", str(log))

    def run(count: int, replicas: int = 0, **variables: Any) -> tuple[list[str], Counter[str]]:
        log.write_text("")
        play(**clusters(count, replicas), **variables)
        lines = log.read_text().splitlines()
        return [line for line in lines if not line.startswith("TEMPLATE ")], Counter(line for line in lines if line.startswith("TEMPLATE "))

    return run


def test_tasks_and_their_results_are_as_many_for_one_edge_cluster_as_for_many(play: Play) -> None:
    def ran(count: int) -> list[str]:
        output = play("--check", **clusters(count)).output
        return [re.sub(r"^(ok|changed)", "ran", line) for line in output.splitlines() if re.match(r"TASK |(ok|changed|skipping): \[", line)]

    few = ran(1)
    assert len(few) > 10
    assert ran(MANY) == few


def test_requests_and_templates_without_a_change_are_as_many_for_one_edge_cluster_as_for_many(run: Run) -> None:
    run(1)
    requests, few_templates = run(1)
    few = Counter(line.partition("?")[0] for line in requests)
    built, _templates = run(MANY)
    requests, many_templates = run(MANY)
    many = Counter(line.partition("?")[0] for line in requests)
    assert many_templates == few_templates, many_templates - few_templates
    assert 100 < few_templates.total() < 500, few_templates
    # Of each set the record, and one list of each kind; the status lists each kind once more.
    assert many == few, many - few
    assert 10 < many.total() < 40, many
    assert all(line.startswith("GET ") or "/leases/" in line for line in many), many
    assert sum(count for line, count in many.items() if "/leases/" in line) == 4, "the lock is looked at, taken, looked at, let go of"

    # To build: a dry run and a write for each object, and one watch for each kind that isn't ready yet, however many of it there are.
    new = 5 * (MANY - 1) + 5
    writes = [line for line in built if line.startswith("PATCH ")]
    watches = Counter(line.partition("?")[0] for line in built if "watch=true" in line)
    assert 2 * 5 * (MANY - 1) <= len(writes) <= 2 * new + 10
    assert all(count == 1 for count in watches.values()), watches
    # What follows is planned before the first change, members are looked for in all kinds, and in the end a server is asked for a stream.
    assert len(built) - len(writes) <= 2 * many.total() + len(watches) + 2 * 3 * len(POSSIBLE) + 10


def test_to_know_that_servers_have_taken_their_configs_costs_two_lists_for_all_clusters(run: Run) -> None:
    def unchanged(count: int, strategy: str) -> Counter[str]:
        variables = {"srs_version": 6, "srs_edge_config_strategy": strategy, "srs_verify": False}
        run(count, 1, **variables)
        requests, _templates = run(count, 1, **variables)
        return Counter(line.partition("?")[0] for line in requests)

    rolled, one, many = unchanged(1, "roll"), unchanged(1, "reload"), unchanged(MANY, "reload")
    assert many == one
    assert sorted(kind.rpartition("/")[2] for kind in (one - rolled).elements()) == ["configmaps", "pods"], one - rolled

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What srs_edge_autoscale may say."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale
from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved

METRIC = {"name": "srs_clients", "average": 800}


def found(given: Any, **variables: Any) -> list[str]:
    return problems(["srs_edge"], srs_edge_autoscale=given, **variables)


@pytest.mark.parametrize("given", [{}, {"min": 2, "max": 10}, {"min": 1, "max": 1, "cpu": 100}, {"min": 2, "max": 4, "metric": METRIC}])
def test_what_is_right(given: Any) -> None:
    assert found(given) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min": 2}, "max is None"),
        ({"min": 0, "max": 3}, "min is 0"),
        ({"min": True, "max": 3}, "min is True"),
        ({"min": 5, "max": 3}, "min is 5, which is more than max, 3"),
        ({"min": 1, "max": 3, "cpu": 120}, "cpu is 120"),
        ({"min": 1, "max": 3, "cpus": 60}, "no key cpus"),
        ({"min": 1, "max": 3, "metric": "srs_clients"}, "metric is 'srs_clients'"),
        ({"min": 1, "max": 3, "metric": {"name": "a"}}, "metric is"),
    ],
)
def test_each_mistake_is_named(given: Any, words: str) -> None:
    (problem,) = found(given)
    assert words in problem and problem.startswith("srs_edge_autoscale")


def test_a_share_of_no_request_is_none() -> None:
    (problem,) = found({"min": 1, "max": 3}, srs_edge_resources={})
    assert "resources.requests.cpu" in problem
    assert found({"min": 1, "max": 3, "metric": METRIC}, srs_edge_resources={}) == []


@pytest.mark.parametrize(
    ("given", "cpu"), [({}, autoscale.DEFAULT_CPU), ({"cpu": 50}, 50), ({"metric": METRIC}, None), ({"metric": METRIC, "cpu": 50}, 50)]
)
def test_by_cpu_unless_something_else_is_named(given: dict[str, Any], cpu: int | None) -> None:
    bounds = {"min": 1, "max": 3}
    (edge,) = resolved(srs_edge_autoscale={**bounds, **given}).edges
    assert edge.autoscale == {**bounds, **given, **({} if cpu is None else {"cpu": cpu})}


def test_there_is_none_by_default() -> None:
    assert resolved().edges[0].autoscale == {}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What srs_edge_autoscale may say."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import autoscale

METRIC = {"name": "srs_clients", "average": 800}


def cluster(given: Any, **resources: Any) -> dict[str, Any]:
    return {"autoscale": given, "resources": {"requests": {"cpu": "500m"}} | resources}


@pytest.mark.parametrize(
    "given", [{}, None, {"min": 2, "max": 10}, {"min": 1, "max": 1, "cpu": 100}, {"min": 2, "max": 4, "metric": METRIC}]
)
def test_what_is_right(given: Any) -> None:
    assert autoscale.check("edge", cluster(given)) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (3, "has to be a mapping"),
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
    problems = autoscale.check("edge", cluster(given))
    assert len(problems) == 1 and words in problems[0] and problems[0].startswith("edge: autoscale")


def test_a_share_of_no_request_is_none() -> None:
    (problem,) = autoscale.check("edge", cluster({"min": 1, "max": 3}, requests={}))
    assert "resources.requests.cpu" in problem
    assert autoscale.check("edge", cluster({"min": 1, "max": 3, "metric": METRIC}, requests={})) == []


def test_by_cpu_unless_something_else_is_named() -> None:
    assert autoscale.resolved({"min": 1, "max": 3}) == {"min": 1, "max": 3, "cpu": autoscale.DEFAULT_CPU}
    assert autoscale.resolved({"min": 1, "max": 3, "cpu": 50})["cpu"] == 50
    assert "cpu" not in autoscale.resolved({"min": 1, "max": 3, "metric": METRIC})
    assert autoscale.resolved({}) == {}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who changed what, in a few words."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._rollout import change_cause as causes


def volume(**config_map: Any) -> dict[str, Any]:
    return {"name": "config-volume", "configMap": {"name": "srs-edge-config", **config_map}}


def mounted(key: str) -> dict[str, Any]:
    return volume(items=[{"key": key, "path": "srs.conf"}])


def template(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "srs", "image": "ossrs/srs:5", "resources": {"limits": {"memory": "1Gi"}}, "imagePullPolicy": "IfNotPresent"}]
    return {
        "metadata": {"labels": {"app": "srs-edge"}},
        "spec": {"containers": containers, "volumes": [mounted("srs-aaa.conf")], "terminationGracePeriodSeconds": 617, **spec},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The template with one value changed."""
    result = deepcopy(template())
    *steps, last = path.split(".")
    place: Any = result
    for step in steps:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    place[last] = value
    return result


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (template(), []),
        (changed("spec.containers.0.image", "ossrs/srs:6"), ["image ossrs/srs:5 -> ossrs/srs:6"]),
        (template(volumes=[mounted("srs-bbb.conf")]), ["config aaa -> bbb"]),
        (template(volumes=[volume()]), ["config aaa -> of no revision"]),
        (template(volumes=[mounted("srs-aaa.conf"), {"name": "tmp", "emptyDir": {}}]), ["volumes"]),
        (changed("spec.containers.0.resources", {}), ["resources"]),
        (changed("spec.containers.0.env", [{"name": "A", "value": "secret"}]), ["env"]),
        (changed("spec.terminationGracePeriodSeconds", 30), ["terminationGracePeriodSeconds 617 -> 30"]),
        (changed("metadata.labels", {"app": "srs-edge", "team": "live"}), ["label team"]),
        (changed("metadata.annotations", {"livestream.srs/config-checksum": "x", "mine": "1"}), ["annotation mine"]),
        (
            template(containers=[*template()["spec"]["containers"], {"name": "exporter", "image": "e:1"}]),
            ["container exporter new"],
        ),
        (template(containers=[{"name": "other", "image": "o:1"}]), ["container srs gone", "container other new"]),
    ],
)
def test_each_change_in_a_few_words(after: dict[str, Any], told: list[str]) -> None:
    assert causes.template_changes(template(), after) == told


def test_another_container_is_named() -> None:
    before, after = (template(containers=[{"name": "nginx", "image": f"nginx:{tag}"}]) for tag in (1, 2))
    assert causes.template_changes(before, after) == ["nginx: image nginx:1 -> nginx:2"]


def workload(pod: dict[str, Any], **annotations: str) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "annotations": annotations}, "spec": {"template": pod}}


def test_a_cause_is_who_and_what() -> None:
    after = workload(changed("spec.containers.0.image", "ossrs/srs:6"))
    assert causes.change_cause("alice, ticket 7", workload(template()), after) == "alice, ticket 7: image ossrs/srs:5 -> ossrs/srs:6"
    assert causes.change_cause("alice", None, after) == "alice: created"


def test_there_is_no_cause_without_a_change_of_the_template() -> None:
    assert causes.change_cause("alice", workload(template()), workload(template())) is None
    assert causes.change_cause("alice", None, {"kind": "Service", "metadata": {}, "spec": {}}) is None
    assert causes.change_cause("alice", None, {"kind": "ConfigMap", "metadata": {}, "data": {}}) is None


def test_many_changes_are_counted() -> None:
    after = template(**{f"field{number}": number for number in range(9)})
    assert str(causes.change_cause("a", workload(template()), workload(after))).endswith("; field5; 3 more")


def test_the_live_cause_stays_until_the_next_change() -> None:
    live = workload(template(), **{causes.CHANGE_CAUSE: "alice: created"})
    assert causes.cause_of(causes.carried_over(live, workload(template()))) == "alice: created"
    assert causes.cause_of(causes.carried_over(live, workload(template(), **{causes.CHANGE_CAUSE: "mine"}))) == "mine"
    assert causes.carried_over(None, workload(template())) == workload(template())
    service = {"kind": "Service", "metadata": {"name": "a"}, "spec": {}}
    assert causes.carried_over(live, service) is service

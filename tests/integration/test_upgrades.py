# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade would change, told of what a real API server has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAN = """
- hosts: all
  gather_facts: false
  tasks:
    - livestream.srs.srs_upgrade_info:
        namespace: "{{ srs_namespace }}"
        servers: "{{ servers | default([]) }}"
      register: told
    - ansible.builtin.copy:
        content: "{{ told | to_json }}"
        dest: "{{ playbook_dir }}/told.json"
      check_mode: false
"""


class Plans:
    """Plans in the test's namespace."""

    def __init__(self, play: Callable[..., Any], folder: Path) -> None:
        self.play = play
        self.folder = folder
        (folder / "plan.yml").write_text(PLAN)

    def __call__(self, *arguments: str, **variables: Any) -> dict[str, Any]:
        self.play(*arguments, playbook=str(self.folder / "plan"), **variables)
        told: dict[str, Any] = json.loads((self.folder / "told.json").read_text())
        assert not told["changed"] and "deployed" not in told
        return told


def test_the_plan_of_an_upgrade(play: Callable[..., Any], kubectl: Callable[..., str], tmp_path: Path) -> None:
    plan = Plans(play, tmp_path)
    clusters = [{"name": "one"}, {"name": "two", "image": "ossrs/srs:v6.0.172", "version": "6.0.172"}]

    def release(number: str, **more: Any) -> dict[str, Any]:
        return {"srs_version": number, "srs_image": f"docker.io/ossrs/srs:{number}", "srs_edge_clusters": clusters, **more}

    old = release("6.0.157")
    fresh = plan(**old)
    assert (fresh["edges"], fresh["origin"]) == ([], False)
    assert fresh["summary"] == ["Not there yet, playbooks/site.yml makes it: edge cluster one, edge cluster two, the origin."]

    play(**old)
    before = kubectl("get", "deployments,statefulsets,configmaps", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
    same = plan(**old)
    assert same["summary"] == ["Nothing to do: edge cluster one, edge cluster two, the origin."]

    new = plan(**release("6.0.183", srs_accept_advisories=["edge-late-join"]))
    assert (new["edges"], new["origin"]) == (["one"], True), "two has an image of its own"
    one, two, origin = new["clusters"]
    assert (one["from_release"], one["to_release"], one["direction"], one["way_back"]) == ("6.0.157", "6.0.183", "up", True)
    assert "edge-late-join" in one["entered"] and "edge-late-join" not in origin["entered"]
    assert not two["needed"] and two["from_images"] == ["ossrs/srs:v6.0.172"]
    assert any(line.startswith("  enters edge-late-join: ") for line in new["summary"])

    told = [{"component": "edge", "cluster": "one", "version": "6.0.183"}]
    assert "edge-late-join" in plan("--check", **release("6.0.191", servers=told))["clusters"][0]["left"]
    assert kubectl("get", "deployments,statefulsets,configmaps", "-o", "jsonpath={.items[*].metadata.resourceVersion}") == before
    # As a module of its own, which reads the same.
    assert plan(srs_in_process=False, **old)["summary"] == same["summary"]

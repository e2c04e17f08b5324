# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as Ansible's diff shows it."""

from __future__ import annotations

import yaml

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff

CONFIG = "listen 1935;\nvhost __defaultVhost__ {\n}\n"


def test_a_text_of_several_lines_reads_as_lines() -> None:
    item = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "uid": "1", "managedFields": [{}]},
        "data": {"srs.conf": CONFIG, "word": "yes", "wide": "ü" * 200},
        "status": {},
    }
    entry = object_diff.entry("ConfigMap media/a", None, item, Policy())
    assert entry["before"] == "" and entry["before_header"] == entry["after_header"] == "ConfigMap media/a"
    assert entry["after"].startswith(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
        "data:\n  srs.conf: |\n    listen 1935;\n    vhost __defaultVhost__ {\n    }\n"
    )
    assert yaml.safe_load(entry["after"])["data"] == item["data"]
    assert max(len(line) for line in entry["after"].splitlines()) > 200, "lines are not folded"


def test_equal_parts_are_written_out_each_time() -> None:
    labels = {"app": "a"}
    item = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "labels": labels}, "spec": {"selector": labels}}
    assert "&id" not in object_diff.entry("X a", item, None, Policy())["before"]


def test_secrets_are_hidden() -> None:
    before, after = (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"key": value}} for value in ("b2xk", "bmV3")
    )
    entry = object_diff.entry("Secret media/a", before, after, Policy())
    assert "b2xk" not in str(entry) and "bmV3" not in str(entry)
    assert entry["before"] != entry["after"]


def test_what_is_shown_is_up_to_the_policy() -> None:
    class Hiding(Policy):
        def shown(self, before: Object | None, after: Object | None) -> tuple[Object | None, Object | None]:
            return before, {**(after or {}), "data": {"note": "hidden"}}

    config_map: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"note": "hunter2"}}
    entry = object_diff.entry("a", config_map, config_map, Hiding())
    assert "hunter2" in entry["before"] and "hunter2" not in entry["after"]

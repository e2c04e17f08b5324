# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of configurations as ConfigMaps."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import render_all

EDGE = {"name": "srs-edge-config", "origin": ["o"]}


def test_config_maps() -> None:
    configs = [
        {**EDGE, "labels": {"app": "x"}, "annotations": {"n": 1}},
        {**EDGE, "name": "b.c", "key": "docker.conf", "stats": {"network": 1}},
    ]
    rendered = render_all("edge", configs, "media")
    assert [item["name"] for item in rendered.configs] == ["srs-edge-config", "b.c"]
    assert rendered.objects[0]["metadata"] == {
        "name": "srs-edge-config",
        "namespace": "media",
        "labels": {"app": "x"},
        "annotations": {"n": "1"},
    }
    assert list(rendered.objects[1]["data"]) == ["docker.conf"]
    assert [(item["key"], item["env"], item["secret_mounts"]) for item in rendered.configs] == [
        ("srs.conf", [], []),
        ("docker.conf", [], []),
    ]
    text = rendered.objects[1]["data"]["docker.conf"]
    assert rendered.configs[1]["text"] == text
    assert rendered.checksums["b.c"] == rendered.configs[1]["checksum"] == hashlib.sha256(text.encode()).hexdigest()
    assert rendered.warnings == rendered.configs[1]["warnings"]
    assert rendered.warnings[0].startswith("configs[1] (b.c): stats.network")
    assert rendered.configs[0]["warnings"] == []


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([EDGE, EDGE], r"configs\[1\] \(srs-edge-config\): name 'srs-edge-config' is that of configs\[0\] already"),
        ([{"origin": ["o"]}], r"configs\[0\]: name is required"),
        ([{**EDGE, "name": "Edge_1"}], r"'Edge_1' is not a valid ConfigMap name"),
        ([{**EDGE, "name": "a" * 254}], r"is not a valid ConfigMap name"),
        ([{**EDGE, "name": "a..b"}], r"is not a valid ConfigMap name"),
        ([{**EDGE, "key": "a/b"}], r"key 'a/b' is not a valid ConfigMap key"),
        ([{**EDGE, "labels": "x"}], r"labels is 'x', but must be a mapping"),
    ],
)
def test_error(configs: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(SrsError, match=message):
        render_all("edge", configs, "media")


def test_errors_of_all_configs_at_once() -> None:
    with pytest.raises(SrsError) as caught:
        render_all("edge", [{**EDGE, "listen": 0}, {**EDGE, "name": "b", "max_connections": 0}, {**EDGE, "name": "c"}], "media")
    assert [line.split(":")[0] for line in caught.value.message.splitlines()] == ["configs[0] (srs-edge-config)", "configs[1] (b)"]

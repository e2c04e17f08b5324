# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are named and not written."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._adopt.hidden import Reference, hidden

HOOK = "vhost __defaultVhost__ { http_hooks { enabled on; on_publish http://hooks/x?token=hunter2; } }"


@pytest.mark.parametrize(
    "value",
    [
        {"srs_edge_env": [{"name": "API_TOKEN", "value": "hunter2"}]},
        {"srs_edge_env": [{"name": "HOOK", "value": "http://user:hunter2@hooks/"}]},
        {"srs_edge_slb": {"annotations": {"example.com/password": "hunter2"}}},
        {"srs_edge_sidecars": [{"name": "a", "args": ["--password=hunter2"]}]},
        {"srs_edge_sidecars": [{"name": "a", "args": ["-c", "curl http://user:hunter2@hooks/"]}]},
        {"srs_edge_config": {"conf": HOOK}},
        {"srs_patches": [{"kind": "ConfigMap", "patch": {"data": {"docker.conf": HOOK}}}]},
        {"srs_patches": [{"kind": "ConfigMap", "patch": {"data": {"broken.conf": "vhost { hunter2"}}}]},
    ],
)
def test_a_secret_is_not_written(value: dict[str, Any]) -> None:
    written, notes = hidden(value)
    assert "hunter2" not in repr(written) + repr(notes)
    (note,) = notes
    assert "vault_" in note


@pytest.mark.parametrize(
    "value",
    [
        {"srs_edge_env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hooks", "key": "token"}}}]},
        {"srs_image_pull_secrets": [{"name": "registry"}]},
        {"srs_edge_extra_volumes": [{"name": "tls", "secret": {"secretName": "tls"}}]},
        {"srs_edge_env": [{"name": "TZ", "value": "UTC"}], "srs_namespace": "live", "srs_version": 6},
        {"srs_edge_config": {"conf": "listen 1935;"}},
        {"srs_edge_env": [{"name": "PASSWORD", "value": ""}]},
    ],
)
def test_what_is_none_stays(value: dict[str, Any]) -> None:
    assert hidden(value) == (value, [])


def test_one_secret_in_two_places_is_one_variable() -> None:
    written, notes = hidden({"srs_edge_env": [{"name": "A_TOKEN", "value": "x"}], "srs_origin_env": [{"name": "B_TOKEN", "value": "x"}]})
    assert len(notes) == 1
    values = [written[key][0]["value"] for key in ("srs_edge_env", "srs_origin_env")]
    assert values == ["{{ vault_srs_edge_env_a_token_a_token }}"] * 2
    assert isinstance(values[0], Reference)


def test_two_secrets_are_two_variables() -> None:
    written, _notes = hidden({"a.b": {"token": "1"}, "a": {"b": {"token": "2"}}})
    assert written["a.b"]["token"] != written["a"]["b"]["token"]

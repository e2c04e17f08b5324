# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of SRS and of everything else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.plugins.module_utils._manifests.container import container, srs_container, srs_volumes
from ansible_collections.livestream.srs.plugins.module_utils._manifests.edge_objects import deployed_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Deployed
from ansible_collections.livestream.srs.tests.support.wanted import resolved


@cache
def usual() -> tuple[Common, Edge]:
    made = resolved()
    return made.common, made.edges[0]


def common(**changes: Any) -> Common:
    return replace(usual()[0], **changes)


def srs(deployed: Deployed | None = None, production: bool = True, **changes: Any) -> dict[str, Any]:
    """The container of an edge cluster with these fields."""
    edge = replace(usual()[1], **changes)
    return srs_container(common(production_defaults=production), edge, deployed, [], [{"name": "config-volume", "mountPath": "/conf"}])


def test_a_container_says_no_more_than_it_must() -> None:
    made = container(common(image_pull_policy="Always"), "x", "image:1", restricted=False, command=[], env=[], resources={}, args=None)
    assert made == {"name": "x", "image": "image:1", "imagePullPolicy": "Always"}


def test_a_restricted_container() -> None:
    made = container(common(), "x", "image:1", restricted=True, volumeMounts=[{"name": "a", "mountPath": "/a"}])
    assert made["securityContext"] == parts.RESTRICTED_CONTAINER
    assert made["volumeMounts"] == [{"name": "a", "mountPath": "/a"}]


def test_what_srs_runs_with() -> None:
    made = srs(image="srs:x", command=["./srs"], resources={"limits": {"cpu": "1"}})
    assert (made["name"], made["image"], made["command"]) == ("srs", "srs:x", ["./srs"])
    assert made["resources"] == {"limits": {"cpu": "1"}}
    assert made["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert made["startupProbe"]["tcpSocket"] == made["livenessProbe"]["tcpSocket"] == {"port": 1935}
    assert "lifecycle" not in srs(graceful=False)
    assert "lifecycle" not in srs(deregister_seconds=0)
    assert not [key for key in srs(probes=False) if "Probe" in key]


def test_a_probe_goes_to_the_port_that_srs_listens_on() -> None:
    made = srs(config={"listen": [19350]})
    assert {made[name]["tcpSocket"]["port"] for name in ("startupProbe", "readinessProbe", "livenessProbe")} == {19350}


def test_ports_have_names_for_production() -> None:
    named = [{"containerPort": 1935, "name": "rtmp"}, {"containerPort": 1985, "name": "api"}, {"containerPort": 8080, "name": "http"}]
    exporter = {"containerPort": 9972, "name": "exporter"}
    assert srs()["ports"] == [*named, exporter]
    bare = srs(production=False)["ports"]
    assert bare == [*({"containerPort": port["containerPort"]} for port in named), exporter], "the PodMonitor goes by that name"


def test_a_restricted_server_may_write_to_tmp_alone() -> None:
    tmp = {"name": "tmp", "mountPath": "/tmp"}
    made = srs(security=True)
    assert made["securityContext"]["readOnlyRootFilesystem"] is True
    assert tmp in made["volumeMounts"]
    assert {"name": "tmp", "emptyDir": {}} in srs_volumes(replace(usual()[1], security=True), None)
    open_ = srs(security=False)
    assert "securityContext" not in open_
    assert tmp not in open_["volumeMounts"]
    assert srs_volumes(replace(usual()[1], security=False), None) == []


def test_extra_volumes_and_variables_are_there() -> None:
    extra = {"extra_volumes": [{"name": "x", "emptyDir": {}}], "extra_volume_mounts": [{"name": "x", "mountPath": "/x"}]}
    made = srs(env=[{"name": "A", "value": "1"}], **extra)
    assert made["env"] == [{"name": "A", "value": "1"}]
    assert made["volumeMounts"][-1] == {"name": "x", "mountPath": "/x"}
    assert srs_volumes(replace(usual()[1], **extra), None)[-1] == {"name": "x", "emptyDir": {}}


@pytest.mark.parametrize("security", [True, False])
def test_secrets_of_the_config_come_as_variables_and_files(security: bool) -> None:
    config = {
        "http_api": {"auth": {"enabled": True, "username": "a", "password_secret": {"name": "srs-api", "key": "password"}}},
        "http_server": {"https": {"enabled": True, "secret": "live-tls"}},
    }
    edge = replace(usual()[1], config=config, security=security, env=[{"name": "MINE", "value": "1"}])
    deployed = deployed_config(common(), edge)
    made = srs_container(common(), edge, deployed, [{"name": "FIRST", "value": "1"}], [])
    assert [entry["name"] for entry in made["env"]] == ["FIRST", "SRS_HTTP_API_AUTH_PASSWORD", "MINE"]
    assert made["env"][1]["valueFrom"] == {"secretKeyRef": {"name": "srs-api", "key": "password"}}
    (volume,) = (volume for volume in srs_volumes(edge, deployed) if "secret" in volume)
    assert volume["secret"] == {"secretName": "live-tls"}
    (mount,) = (mount for mount in made["volumeMounts"] if mount["name"] == volume["name"])
    assert mount["readOnly"] is True
    assert mount["mountPath"] in deployed.text, "where the config looks for them"

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What workloads offer to players, by their templates and ConfigMaps."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed.offers import Offer, offers

CONF = """\
listen 1936;
http_server { enabled on; listen 8081; }
vhost __defaultVhost__ { http_remux { enabled on; } hls { enabled on; } }
"""
NGINX = {"name": "nginx", "ports": [{"containerPort": 8443, "name": "https"}, {"containerPort": 80, "name": "hls"}]}


SRS: dict[str, Any] = {
    "name": "srs",
    "image": "ossrs/srs:6",
    "volumeMounts": [{"name": "config", "mountPath": "/usr/local/srs/conf"}],
}


def objects(conf: str | None = CONF, containers: list[dict[str, Any]] | None = None, **labels: str) -> dict[str, Any]:
    spec = {
        "containers": [{**SRS, "env": [{"name": "SRS_LISTEN", "value": "1937"}]}]
        if containers is None
        else [*containers, *([SRS] if conf and all(one["name"] != "srs" for one in containers) else [])],
        "volumes": [{"name": "config", "configMap": {"name": "c"}}],
    }
    workload = {"metadata": {"name": "w", "labels": labels}, "spec": {"template": {"spec": spec}}}
    return {"Deployment": [workload], "ConfigMap": [{"metadata": {"name": "c"}, "data": {"srs.conf": conf or ""}}]}


def offer(*args: Any, **more: Any) -> Offer:
    return offers(objects(*args, **more))["w"]


def test_a_server_by_its_config_and_environment() -> None:
    assert offer() == Offer("stable", 1937, 8081, 8081, by_nginx=False, makes_hls=True)


def test_the_block_of_rtmp_that_late_releases_have() -> None:
    conf = "rtmp { listen 1938; } vhost __defaultVhost__ { }"
    assert offer(conf, [{"name": "srs", "image": "ossrs/srs:v7.0.162", "volumeMounts": SRS["volumeMounts"]}]).rtmp_port == 1938


def test_nginx_beside_it_serves_hls() -> None:
    assert offer(CONF, [NGINX]) == Offer("stable", 1936, 8081, 80, by_nginx=True, makes_hls=True)
    alone = {"name": "nginx", "ports": [{"containerPort": 8080}]}
    assert offer(CONF, [alone]).hls_port == 8080


def test_a_canary() -> None:
    assert offer(**{"livestream.srs/track": "canary"}).track == "canary"


def test_pods_of_nginx_alone() -> None:
    assert offer(None, [NGINX]) == Offer("stable", hls_port=80, by_nginx=True)


@pytest.mark.parametrize("conf", ["vhost {", " ", "# nothing"])
def test_a_config_that_tells_nothing_leaves_the_port_of_rtmp(conf: str) -> None:
    found = offer(conf, [])
    assert (found.rtmp_port, found.flv_port, found.hls_port) == (1935, None, None)


def test_config_maps_that_may_not_be_read() -> None:
    given = {**objects(), "ConfigMap": None}
    assert offers(given)["w"] == Offer("stable", 1935, by_nginx=False)


def test_what_may_refuse_players() -> None:
    assert offer("vhost a { http_hooks { enabled on; on_play http://h/p; } }").may_refuse == "http_hooks.on_play"

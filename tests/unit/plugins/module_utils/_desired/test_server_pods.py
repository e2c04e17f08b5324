# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether pods can start as they are described."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved


def mounted(path: str, role: str = "edge", **more: Any) -> list[str]:
    volumes = {f"srs_{role}_extra_volumes": [{"name": "own", "emptyDir": {}}]}
    return problems(**volumes, **{f"srs_{role}_extra_volume_mounts": [{"name": "own", "mountPath": path}]}, **more)


@pytest.mark.parametrize("path", ["/data", "/usr/local/srs/objs/nginx/html/more", "/usr/local/srs/objs/ffmpeg", "/usr/local/srs/objs/srs"])
def test_mounts_that_leave_the_server_alone(path: str) -> None:
    assert mounted(path) == mounted(path, "origin") == []


@pytest.mark.parametrize("path", ["/usr/local/srs/objs", "/usr/local/srs/", "/usr", "/"])
def test_mounts_that_hide_the_server(path: str) -> None:
    for role, where in (("edge", "srs_edge"), ("origin", "srs_origin")):
        (problem,) = mounted(path, role)
        assert problem.startswith(f"{where}_extra_volume_mounts has {path.rstrip('/') or '/'}, which hides /usr/local/srs/objs/srs, the")


def test_another_program_is_hidden_somewhere_else() -> None:
    assert mounted("/usr/local/srs/objs", srs_edge_command=["/opt/srs", "-c", "conf/srs.conf"]) == []
    assert len(mounted("/opt", srs_edge_command=["/opt/srs", "-c", "conf/srs.conf"])) == 1
    assert len(mounted("/usr/local/srs/objs", srs_edge_command=[])) == 1


@pytest.mark.parametrize(
    ("path", "role", "said"),
    [
        ("/tmp", "edge", "srs_edge_extra_volume_mounts[0].mountPath is '/tmp', which the pod has already"),
        ("/tmp/", "edge", "srs_edge_extra_volume_mounts[0].mountPath is '/tmp', which the pod has already"),
        ("/usr/local/srs/conf", "edge", "mountPath is '/usr/local/srs/conf', which the pod has already"),
        ("/usr/local/srs/objs/nginx/html", "origin", "mountPath is '/usr/local/srs/objs/nginx/html', which the pod has already"),
        ("/usr/local/srs/conf/tls", "edge", "but /usr/local/srs/conf is read-only and has no place for it"),
    ],
)
def test_mounts_in_the_way_of_ours(path: str, role: str, said: str) -> None:
    (problem,) = mounted(path, role)
    assert said in problem


def test_mounts_where_ours_are_not() -> None:
    assert mounted("/tmp", srs_edge_security=False) == []
    for path in ("/usr/local/srs/conf", "/usr/local/srs/conf/tls"):
        assert mounted(path, "origin", srs_origin_own_config=False) == []


def test_what_a_sidecar_writes_is_there_some_time() -> None:
    tls = {"enabled": True, "key": "/certs/tls.key", "cert": "/certs/tls.crt"}
    config = {"srs_edge_config": {"http_server": {"https": tls}}}
    assert "/certs is empty when the pod starts" in mounted("/certs", **config)[0]
    sidecar = {"name": "agent", "image": "agent", "volumeMounts": [{"name": "own", "mountPath": "/out"}]}
    assert mounted("/certs", srs_edge_sidecars=[sidecar], **config) == []


def listening(*endpoints: str, **more: Any) -> list[str]:
    return problems(srs_edge_config={"listen": list(endpoints)}, **more)


def test_addresses_that_a_pod_has() -> None:
    assert listening("1935") == listening("[::]:1935") == listening("0.0.0.0:1935", "127.0.0.1:1936") == []


def test_addresses_that_no_pod_has() -> None:
    (problem,) = listening("192.0.2.7:1935")
    assert problem.startswith("srs_edge_config.listen is '192.0.2.7:1935', but no pod has that address, and the server does not start")
    assert listening("192.0.2.7:1935", srs_edge_host_network=True) == []
    assert problems(srs_origin_config={"listen": ["192.0.2.7:1935"]}, srs_origin_own_config=False) == []


def test_somebody_must_be_able_to_come() -> None:
    (problem,) = listening("127.0.0.1:1935")
    assert "listen is '127.0.0.1:1935', where nobody outside of the pod can come" in problem
    assert resolved(srs_edge_config={"listen": ["127.0.0.1:1935"]}).edges[0].ports["rtmp"] == 1935

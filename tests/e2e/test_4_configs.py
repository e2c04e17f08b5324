# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is accepted streams: servers with made-up configs that the checks accept, in pods of the roles' templates, with the production
defaults. Each is published to and watched, and does all else that its config says.
"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from driver.bare_pods import BarePods, Objects
from driver.cluster import Cluster
from driver.figures import Figures
from driver.places import WORK
from driver.streams import Judge
from players import publisher
from players.publisher import Publisher

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.tests.support import made_configs, wanted
from ansible_collections.livestream.srs.tests.support.made_configs import APP, CERTIFICATES, CLIP, CLIPS, Around, Made

CONFIGS = 200
AT_A_TIME = 20
CLIP_SECONDS = 20
PLAIN = {"srs_origin_resources": {}, "srs_edge_resources": {}, "hls_nginx_resources": {}}
"""So that many of them fit on the node."""


@pytest.fixture
def pods(cluster: Cluster, srs_images: Mapping[int, str], version: int, tmp_path: Path) -> Iterator[BarePods]:
    if version not in srs_images:
        pytest.skip(f"no image of SRS {version} is in SRS_IMAGE_ARCHIVE")
    namespace = f"e2e-configs-{version}"
    cluster.kube.delete_namespace(namespace)
    cluster.kube.make_namespace(namespace)
    made = BarePods(cluster.kube, namespace)
    made.look_for_ffmpeg(srs_images[version])
    made.make_clip(CLIPS, short_clip(tmp_path / Path(CLIP).name))
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.crt"
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=live.example.com")
    subprocess.run(["openssl", "req", *options, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    cluster.kube.make_secret(namespace, CERTIFICATES, "kubernetes.io/tls", {"tls.crt": certificate.read_text(), "tls.key": key.read_text()})
    yield made
    cluster.kube.delete_namespace(namespace)


def short_clip(path: Path) -> Path:
    """What has room in a ConfigMap."""
    source = publisher.clip(WORK)
    command = ("ffmpeg", "-loglevel", "error", "-i", source, "-t", str(CLIP_SECONDS), "-c", "copy", path)
    subprocess.run(command, check=True)
    return path


def objects(version: int, image: str, **variables: Any) -> Objects:
    """The objects of a topology that is accepted; raises SrsError with what is wrong with another one."""
    given = {"srs_version": version, "srs_image": image, **PLAIN, **variables}
    wanted.wanted(**given).check()
    return wanted.named(wanted.objects(**given))


def template(role: str, made: Objects) -> Mapping[str, Any]:
    found: Mapping[str, Any] = made[f"Deployment srs-{role}-deployment"]["spec"]["template"]
    return found


@pytest.mark.parametrize("version", [6, 7])
def test_what_is_accepted_streams(pods: BarePods, srs_images: Mapping[int, str], version: int, figures: Figures) -> None:
    image = srs_images[version]
    clip = publisher.clip(WORK)
    tried = itertools.count()
    refused = 0
    bad: dict[str, Any] = {}
    plain = objects(version, image)
    nginx = next(container for container in template("origin", plain)["spec"]["containers"] if container["name"] == "nginx")

    def next_accepted(around: Around) -> tuple[Made, Objects]:
        nonlocal refused
        for number in tried:
            made = made_configs.make(number, version, around)
            try:
                return made, objects(version, image, **made.variables)
            except SrsError:
                refused += 1
        raise AssertionError

    async def try_out(made: Made, given: Objects, origin: str) -> None:
        wrong = await asyncio.to_thread(pods.start, made.name, template(made.role, given), given)
        try:
            wrong = wrong or await asyncio.to_thread(pods.why_not_ready, made.name)
            problems = [wrong] if wrong else await watched(made, origin)
            if problems:
                log = await asyncio.to_thread(pods.log, made.name)
                bad[made.name] = {"problems": problems, "variables": made.variables, "log": log[-20:]}
        finally:
            await asyncio.to_thread(pods.stop, made.name)

    async def watched(made: Made, origin: str) -> list[str]:
        host, root = await asyncio.to_thread(pods.address, made.name), await asyncio.to_thread(pods.root, made.name)

        def there(folder: str, pattern: str) -> bool:
            return any(file.stat().st_size > 100 for file in Path(f"{root}{folder}").glob(pattern))

        judge = Judge(
            made, host, origin, clip, there=there, called=lambda: pods.called(made.name), nginx=nginx["ports"][0]["containerPort"]
        )
        problems = await judge.problems()
        if restarts := await asyncio.to_thread(pods.restarts, made.name):
            problems.append(f"it ended {restarts} times")
        return problems

    async def try_all() -> None:
        hooks = pods.make_hooks(nginx["image"])
        pods.start("origin", template("origin", plain), plain)
        pods.until_ready("origin")
        around = Around(pods.address("origin"), hooks)
        room = asyncio.Semaphore(AT_A_TIME)
        async with Publisher(clip, f"rtmp://{around.origin}/{APP}/source"), asyncio.TaskGroup() as group:
            for _number in range(CONFIGS):
                await room.acquire()
                made, given = next_accepted(around)
                group.create_task(try_out(made, given, around.origin)).add_done_callback(lambda _task: room.release())

    began = time.monotonic()
    asyncio.run(try_all())
    figures.add(
        "Made-up configs: what is accepted streams",
        SRS=version,
        refused=refused,
        accepted=CONFIGS,
        accepted_and_not_streaming=len(bad),
        seconds=time.monotonic() - began,
    )
    assert not bad, "\n\n".join(f"{name}: {said}" for name, said in bad.items())

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that the end-to-end tests run on: made once, with a real node, and taken away at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cluster")]

from driver import needs  # noqa: E402
from driver.cluster import Cluster  # noqa: E402
from driver.figures import Figures  # noqa: E402
from driver.places import WORK  # noqa: E402
from driver.topology import Topology  # noqa: E402

figures_key = pytest.StashKey[Figures]()


@pytest.fixture(scope="session")
def given_images() -> list[str]:
    """The names of the images that SRS_IMAGE_ARCHIVE gives."""
    if reason := needs.obstacle():
        pytest.skip(reason)
    needs.have_ffmpeg()
    return needs.given_images()


@pytest.fixture(scope="session")
def srs_images(given_images: list[str]) -> Mapping[int, str]:
    """The images of SRS by version."""
    return needs.by_version(given_images)


@pytest.fixture(scope="session")
def newest(srs_images: Mapping[int, str]) -> Mapping[str, Any]:
    """The variables that choose the newest version that these tests know well."""
    version = 6 if 6 in srs_images else max(srs_images)
    return {"srs_version": version, "srs_image": srs_images[version]}


@pytest.fixture(scope="session")
def cluster(srs_images: Mapping[int, str], request: pytest.FixtureRequest) -> Iterator[Cluster]:
    made = Cluster(keep=request.config.getoption("--keep-cluster"))
    yield made
    made.down()


@pytest.fixture(scope="module")
def topology(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Callable[..., Topology]]:
    """Makes topologies, each in a namespace of its own, which go away after the module."""
    made: list[Topology] = []

    def make(name: str, variables: Mapping[str, Any]) -> Topology:
        made.append(Topology(cluster.kube, cluster.kubeconfig, f"e2e-{name}", variables))
        cluster.kube.delete_namespace(made[-1].namespace)
        return made[-1]

    yield make
    for one in made:
        cluster.kube.save_logs(one.namespace, WORK / "logs" / one.namespace)
        cluster.kube.delete_namespace(one.namespace)
    lost = sum(one.lost_streams for one in made)
    if lost:
        sys.stderr.write(f"{request.node.name}: {lost} times SRS took a stream that then nobody could play; it was published again\n")


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Figures:
    return request.config.stash[figures_key]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-cluster", action="store_true", help="use the cluster that an earlier run kept, and keep it")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[figures_key] = Figures()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = config.stash[figures_key].markdown()
    if "###" in told:
        WORK.mkdir(parents=True, exist_ok=True)
        (WORK / "figures.md").write_text(told + "\n")
        terminalreporter.write_line(told)

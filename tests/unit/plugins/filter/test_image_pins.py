# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that pin what runs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.filter.image_pins import FilterModule
from ansible_collections.livestream.srs.plugins.module_utils._observed import status

image_pins = FilterModule().filters()["image_pins"]
A, B = (f"sha256:{digit * 64}" for digit in "ab")
SIX = "docker.io/ossrs/srs:6"


def pod(name: str, digest: str | None = A, image: str = SIX, state: str = "ready") -> dict[str, Any]:
    return {"name": name, "workload": "w", "digest": digest, "image": image, "state": state}


def cluster(*pods: dict[str, Any], container: str = "srs") -> dict[str, Any]:
    return {"workloads": [{"name": "w", "images": {container: SIX}}], "pods": list(pods)}


def found(edges: dict[str, Any], **origins: Any) -> dict[str, Any]:
    result: dict[str, Any] = image_pins({"origins": origins, "edges": edges, "hls": {}})
    return result


def test_the_images_that_run() -> None:
    result = found(
        {"edge": cluster(pod("e0", B), pod("e1", B))}, origin=cluster(pod("o0")), proxy=cluster(pod("p", None), container="proxy")
    )
    assert result == {"variables": {"srs_origin_image": f"{SIX}@{A}", "srs_edge_image": f"{SIX}@{B}"}, "notes": []}


def test_one_that_is_pinned_already_stays_as_it_is() -> None:
    assert found({"edge": cluster(pod("e", A, f"{SIX}@{A}"))})["variables"] == {"srs_edge_image": f"{SIX}@{A}"}


def test_pods_that_come_or_go_do_not_count() -> None:
    going = [pod("old", B, state="draining"), pod("new", None, state="starting")]
    assert found({"edge": cluster(pod("e"), *going)})["variables"] == {"srs_edge_image": f"{SIX}@{A}"}


def test_an_edge_cluster_with_an_image_of_its_own_is_told() -> None:
    result = found({"a": cluster(pod("a")), "b": cluster(pod("b", B)), "c": cluster(pod("c"))})
    assert result["variables"] == {"srs_edge_image": f"{SIX}@{A}"}
    assert result["notes"] == [f"edge cluster 'b' runs {SIX}@{B}: set image to that in its item of srs_edge_clusters."]


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ({}, "No server of SRS runs"),
        ({"edge": cluster(pod("e", None))}, "Pod e of edge tells no digest of docker.io/ossrs/srs:6"),
        ({"edge": cluster(pod("e"), pod("f", B))}, f"The servers of edge run several images ({SIX}@{A} on e; {SIX}@{B} on f)"),
    ],
)
def test_what_can_not_be_pinned(edges: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        found(edges)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"docker.io/ossrs/srs@{A}", A),
        (f"docker-pullable://ossrs/srs@{A}", A),
        (A, None),
        (f"docker://{A}", None),
        ("", None),
        (None, None),
    ],
)
def test_what_nodes_tell_of_an_image(image_id: str | None, digest: str | None) -> None:
    containers = [{"name": "nginx", "imageID": f"nginx@{B}"}, {"name": "srs", "imageID": image_id}]
    assert status._digest({"name": "srs"}, {"containerStatuses": containers}) == digest

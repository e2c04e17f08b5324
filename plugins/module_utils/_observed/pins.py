# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, as the variables that pin it: images of SRS with the digests that nodes have pulled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._errors import NAMED, SrsError
from ansible_collections.livestream.srs.plugins.module_utils._observed import members
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Objects, Pod
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of


class Pins(NamedTuple):
    """Variables, and what they can't say."""

    variables: dict[str, str]
    notes: list[str]


def pins(status: Objects) -> Pins:
    """The variables ``srs_origin_image`` and ``srs_edge_image`` by digest.

    :raises SrsError: when the servers of a cluster run several images, or one without a digest.
    """
    found: dict[tuple[str, str], list[Pod]] = {}
    for member in members.servers(status):
        if member.pod["state"] not in ("starting", "draining"):
            found.setdefault((member.component, member.cluster), []).append(member.pod)
    images = {(component, cluster): _image(cluster, pods) for (component, cluster), pods in found.items()}
    if not images:
        raise SrsError("No server of SRS runs, so there is no digest to pin.")
    variables: dict[str, str] = {}
    edges: dict[str, str] = {}
    notes: list[str] = []
    for (component, cluster), image in images.items():
        if component == "edge":
            edges[cluster] = image
        else:
            variables["srs_origin_image"] = image
    if edges:
        variables["srs_edge_image"] = usual = Counter(edges.values()).most_common(1)[0][0]
        notes = [
            f"edge cluster '{cluster}' runs {image}: set image to that in its item of srs_edge_clusters."
            for cluster, image in edges.items()
            if image != usual
        ]
    return Pins(variables, notes)


def _image(cluster: str, pods: Iterable[Pod]) -> str:
    """The one image that all of them run, by digest."""
    running: dict[str, list[str]] = {}
    for pod in pods:
        if not pod["digest"]:
            raise SrsError(
                f"Pod {pod['name']} of {cluster} tells no digest of {pod['image']}: its image came from no registry, or it has never "
                "started. Push the image to a registry that its node pulls from."
            )
        running.setdefault(f"{(pod['image'] or '').partition('@')[0]}@{pod['digest']}", []).append(pod["name"])
    if len(running) > 1:
        told = "; ".join(f"{image} on {first_of(names, NAMED)}" for image, names in sorted(running.items()))
        raise SrsError(
            f"The servers of {cluster} run several images ({told}): have it run one, for instance by kubectl rollout restart, and pin then."
        )
    return next(iter(running))

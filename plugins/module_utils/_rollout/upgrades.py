# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade is to change: from what is deployed to what the inventory makes, for each cluster of servers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.holds import hold
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import CANARY, COMPONENT, INSTANCE, SRS_CONTAINER, TRACK
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advisory, Match, left_and_entered
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, is_floating, parse_release, release_of_image
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import config_map_of, mounted_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compare import changes_of_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.convert import convert

# The order in which they are upgraded: a newer edge pulls from an older origin while the edges are on trial.
ORDER = ("edge", "origin")
WORKLOADS = ("Deployment", "StatefulSet")

Key = tuple[str, str]
"""Component and name of a cluster."""


@dataclass(frozen=True)
class Deployed:
    """What a cluster of servers is by its objects."""

    images: tuple[str, ...]
    """Of the container ``srs``, each once; several where an earlier run ended between two workloads."""
    config: str | None
    """Its srs.conf; None where no ConfigMap has it."""
    keeps_config: bool = False
    """Whether its pods mount a config of their own revision, which a change leaves in place."""
    held: str | None = None


@dataclass(frozen=True)
class Target:
    """What the inventory says of a cluster, besides its objects."""

    release: Release
    features: Collection[str] = ()


@dataclass(frozen=True)
class Step:
    """What an upgrade does to one cluster."""

    component: str
    name: str
    before: Deployed | None
    after: Deployed
    old: Release | None
    """The release that runs; None where nothing tells."""
    new: Release
    converted: list[str] = field(default_factory=list)
    """What the new release makes of the config that runs, each as a sentence."""
    config: list[str] = field(default_factory=list)
    """What differs between the config that runs and the new one, by directive."""
    left: list[Match] = field(default_factory=list)
    entered: list[Match] = field(default_factory=list)

    @property
    def is_needed(self) -> bool:
        """Whether there is something that runs, and it isn't what the inventory makes."""
        return self.before is not None and (self.before.images, self.before.config) != (self.after.images, self.after.config)

    @property
    def direction(self) -> str:
        """``up``, ``down``, ``same`` or, where it can't be told, ``unknown``."""
        if self.old is None or (self.old != self.new and self.old.agrees(self.new)):
            return "unknown"
        if self.old == self.new:
            return "same"
        return "up" if self.new.reaches(self.old) else "down"

    @property
    def no_way_back(self) -> str:
        """Why playbooks/rollback.yml can't bring back exactly what runs now, as a sentence; empty where it can."""
        if self.before is None:
            return "there is nothing to go back to"
        if len(self.before.images) > 1:
            return f"its servers run several images ({', '.join(self.before.images)})"
        if floating := [image for image in self.before.images if is_floating(image)]:
            return f"{floating[0]} is a floating tag, which may mean another release by then: pin what runs with playbooks/pin.yml first"
        if self.component == "origin":
            return "origins have no revisions, so what runs now comes back by playbooks/site.yml with the inventory of before"
        if not self.before.keeps_config:
            return "its pods mount their ConfigMap as a whole, so they would read the new srs.conf"
        return ""


# Reading


def deployed(objects: Iterable[Object]) -> dict[Key, Deployed]:
    """The clusters of servers that objects make, live ones or manifests. Canaries are on trial and don't count."""
    objects = [item for item in objects if _labels(item).get(TRACK) != CANARY]
    configs = {item["metadata"]["name"]: item.get("data") or {} for item in objects if item["kind"] == "ConfigMap"}
    workloads: dict[Key, list[Object]] = {}
    for item in objects:
        labels = _labels(item)
        if item["kind"] in WORKLOADS and labels.get(COMPONENT) in ORDER and _image(item):
            # A topology has one cluster of origins, in one workload or a Deployment for each.
            name = "origin" if labels[COMPONENT] == "origin" else labels[INSTANCE]
            workloads.setdefault((labels[COMPONENT], name), []).append(item)
    return {key: _deployed(items, configs) for key, items in workloads.items()}


def _deployed(workloads: list[Object], configs: Mapping[str, Mapping[str, str]]) -> Deployed:
    texts, keeps = [], []
    for item in workloads:
        template = item["spec"]["template"]
        key = mounted_config(template)
        keeps.append(key is not None and key != "srs.conf")
        texts.append(configs.get(config_map_of(template) or "", {}).get(key or "srs.conf"))
    held = next((reason for item in workloads if (reason := hold(item))), None)
    return Deployed(tuple(dict.fromkeys(_image(item) for item in workloads)), texts[0], all(keeps), held)


def _labels(item: Object) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}


def _image(workload: Object) -> str:
    """The image of SRS; empty where there is none, as in a proxy's workload."""
    containers = workload["spec"]["template"]["spec"]["containers"]
    return next((str(item.get("image") or "") for item in containers if item["name"] == SRS_CONTAINER), "")


def told_by_servers(servers: Iterable[Mapping[str, Any]]) -> dict[Key, Release]:
    """The exact release of each cluster whose servers all tell the same one, from the servers of a status."""
    found: dict[Key, set[Release]] = {}
    for server in servers:
        component = str(server.get("component"))
        key = component, "origin" if component == "origin" else str(server.get("cluster"))
        if release := parse_release(str(server.get("version") or "")):
            found.setdefault(key, set()).add(release)
    return {key: releases.pop() for key, releases in found.items() if len(releases) == 1}


# Planning


def plan(
    live: Mapping[Key, Deployed],
    wanted: Mapping[Key, Deployed],
    targets: Mapping[Key, Target],
    running: Mapping[Key, Release],
    table: Iterable[Advisory],
) -> list[Step]:
    """One step for each cluster that is wanted, in the order in which they are upgraded.

    :param running: The exact releases that servers have told; they count for more than tags, which may be moved.
    """
    table = list(table)
    keys = sorted(wanted, key=lambda key: (ORDER.index(key[0]), key[1]))
    return [_step(key, live.get(key), wanted[key], targets[key], running.get(key), table) for key in keys]


def _step(key: Key, before: Deployed | None, after: Deployed, target: Target, running: Release | None, table: list[Advisory]) -> Step:
    old = running or (release_of_image(before.images[0]) if before else None)
    step = Step(*key, before, after, old, target.release)
    if before is None or not step.is_needed:
        return step
    if before.config is not None and after.config is not None:
        step.config.extend(changes_of_text(before.config, after.config))
    if old is not None and old != target.release:
        step.converted.extend(_converted(before.config, old, target.release))
        left, entered = left_and_entered(table, old, target.release, key[0], target.features)
        step.left.extend(left)
        step.entered.extend(entered)
    return step


def _converted(config: str | None, old: Release, new: Release) -> list[str]:
    if config is None:
        return []
    try:
        return [f"{note}." for note in convert(config, old, new)[1]]
    except SrsError:
        # What the error quotes may be a secret.
        return ["The srs.conf that runs can't be read, so nothing tells what the new release makes of it."]


# Telling


def as_data(step: Step) -> dict[str, Any]:
    """A step as the module returns it."""
    return {
        "component": step.component,
        "name": step.name,
        "needed": step.is_needed,
        "direction": step.direction,
        "from_images": list(step.before.images) if step.before else [],
        "to_image": step.after.images[0],
        "from_release": str(step.old) if step.old else None,
        "to_release": str(step.new),
        "converted": step.converted,
        "config": step.config,
        "left": [match.advisory.id for match in step.left],
        "entered": [match.advisory.id for match in step.entered],
        "way_back": not step.no_way_back,
        "no_way_back": step.no_way_back or None,
        "hold": step.before.held if step.before else None,
    }


def summary(steps: Iterable[Step]) -> list[str]:
    """The plan as lines to print."""
    steps = list(steps)
    lines = [line for step in steps if step.is_needed and step.before for line in _lines(step, step.before)]
    if same := [title(step) for step in steps if step.before and not step.is_needed]:
        lines.append(f"Nothing to do: {', '.join(same)}.")
    if new := [title(step) for step in steps if not step.before]:
        lines.append(f"Not there yet, playbooks/site.yml makes it: {', '.join(new)}.")
    return lines


def title(step: Step) -> str:
    """A cluster as sentences call it."""
    return "the origin" if step.component == "origin" else f"edge cluster {step.name}"


def _lines(step: Step, before: Deployed) -> Iterator[str]:
    releases = f"SRS {step.old or 'unknown'} -> {step.new}" if step.old != step.new else f"SRS {step.new}"
    images = f"{', '.join(before.images)} -> {step.after.images[0]}" if before.images != step.after.images else step.after.images[0]
    down = ", which is a downgrade" if step.direction == "down" else ""
    yield f"{title(step)}: {releases}{down} ({images})"
    if before.held:
        yield f"  held: {before.held}"
    yield from (f"  config: {line}" for line in step.config)
    yield from (f"  by the release: {line}" for line in step.converted)
    yield from (f"  leaves {match.advisory.id}: {match.advisory.effect}" for match in step.left)
    yield from (f"  enters {match.advisory.id}{'' if match.is_sure else ' (perhaps)'}: {match.advisory.effect}" for match in step.entered)
    yield f"  no way back: {step.no_way_back}" if step.no_way_back else "  way back: playbooks/rollback.yml, with its config"

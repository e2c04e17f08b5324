# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of edge clusters: their history, and what is to be patched to roll one back, to pause, to hold or to release it.

Patches name the few fields that they change, so that they go together with whatever others (an autoscaler, the controller) write at the
same time. They are strategic merge patches: what they remove may be gone already, so one that is sent again because the connection broke,
or by another run at the same time, ends as if it had been sent once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.holds import hold
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._labels import (
    CANARY,
    CHANGE_CAUSE,
    CONFIG_KEYS,
    EARLIER_REVISIONS,
    HOLD,
    INSTANCE,
    REVISION,
    SRS_CONTAINER,
    TRACK,
)
from ansible_collections.livestream.srs.plugins.module_utils._labels import POD_TEMPLATE_HASH as HASH
from ansible_collections.livestream.srs.plugins.module_utils._rollout.change_cause import cause_of, listed, template_changes
from ansible_collections.livestream.srs.plugins.module_utils._rollout.revisions import config_keys, config_map_of, mounted_config
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

# Whatever a hold is for, its reason begins with one of these.
ROLLED_BACK = "rolled back"
PAUSED = "paused"

Patch = dict[str, Any]
"""A strategic merge patch; {} where there is nothing to change."""
NONE: tuple[Patch, Patch] = {}, {}


@dataclass
class Cluster:
    """An edge cluster as it is."""

    name: str
    deployment: Object
    replica_sets: list[Object] = field(default_factory=list)  # the newest revision first
    config_map: Object | None = None
    canary: Object | None = None
    canary_config: Object | None = None

    @property
    def held(self) -> str | None:
        return hold(self.deployment)

    @property
    def is_paused(self) -> bool:
        return bool(self.deployment["spec"].get("paused"))


def clusters(deployments: Iterable[Object], replica_sets: Iterable[Object], config_maps: Iterable[Object]) -> dict[str, Cluster]:
    """The edge clusters by name, from everything of that kind that the namespace has of them."""
    found: dict[str, Cluster] = {}
    canaries: dict[str, Object] = {}
    for item in deployments:
        name = item["metadata"]["labels"][INSTANCE]
        if item["metadata"]["labels"].get(TRACK) == CANARY:
            canaries[name] = item
        else:
            found[name] = Cluster(name, item)
    config_maps = list(config_maps)
    configs = {item["metadata"]["name"]: item for item in config_maps}
    for name, cluster in found.items():
        owned = [item for item in replica_sets if _is_owned(item, cluster.deployment)]
        cluster.replica_sets = sorted(owned, key=_revision, reverse=True)
        cluster.config_map = configs.get(config_map_of(cluster.deployment["spec"]["template"]))
        cluster.canary = canaries.get(name)
    for item in config_maps:
        labels = item["metadata"].get("labels") or {}
        if labels.get(TRACK) == CANARY and labels.get(INSTANCE) in found:
            found[labels[INSTANCE]].canary_config = item
    return found


def chosen(wanted: Iterable[str], known: Iterable[str], where: str) -> list[str]:
    """The clusters that are meant: those named, or all for ``all``, or the only one where none is named."""
    names, known = [str(name).strip() for name in wanted if str(name).strip()], sorted(known)
    if not known:
        raise SrsError(f"There is no edge cluster {where}; playbooks/site.yml makes them.")
    if names == ["all"]:
        return known
    if not names and len(known) > 1:
        raise SrsError(f"There are {len(known)} edge clusters {where}: name those that are meant, of {', '.join(known)}, or all.")
    if missing := [name for name in names if name not in known]:
        raise SrsError(f"There is no edge cluster {missing[0]!r} {where}; there are {', '.join(known)}.")
    return list(dict.fromkeys(names or known))


# History


def history(cluster: Cluster) -> list[dict[str, Any]]:
    """The revisions that there is a way back to, the current one first."""
    return [
        {
            "revision": _revision(item),
            "earlier_revisions": _earlier(item),
            "current": place == 0,
            "created": item["metadata"].get("creationTimestamp"),
            "servers": (item.get("status") or {}).get("replicas") or 0,
            "image": _image(item["spec"]["template"]),
            "config": mounted_config(item["spec"]["template"]),
            "change_cause": cause_of(item),
        }
        for place, item in enumerate(cluster.replica_sets)
    ]


def summary(cluster: Cluster) -> list[list[str]]:
    """The history as rows of a table, below a row that says how the cluster is."""
    states = [f"{servers(cluster.deployment)} servers"]
    if cluster.canary:
        states.append(f"{servers(cluster.canary)} more as a canary with {_image(cluster.canary['spec']['template'])}")
    if cluster.is_paused and not cluster.held:
        states.append(PAUSED)
    if cluster.held:
        states.append(f"held: {cluster.held}")
    rows = [[f"{cluster.name}: {', '.join(states)}"]]
    for entry in history(cluster):
        earlier = f" (was {', '.join(map(str, entry['earlier_revisions']))})" if entry["earlier_revisions"] else ""
        config = (entry["config"] or "-").removeprefix("srs-").removesuffix(".conf")
        row = [
            f"{'*' if entry['current'] else ' '} {entry['revision']}{earlier}",
            f"{entry['servers']} servers",
            entry["image"],
            f"config {config}",
            entry["created"] or "",
            entry["change_cause"] or "",
        ]
        rows.append(row)
    return rows


# Changes: patches of the Deployment and of the ConfigMap


def roll_back(cluster: Cluster, revision: int | None, who: str) -> tuple[Patch, Patch]:
    """Back to a revision, else to the one before the current one, with the config that belongs to it."""
    _refuse_canary(cluster, "roll it back")
    if revision is None and (cluster.held or "").startswith(ROLLED_BACK):
        return NONE  # one step back was made already
    target = _target(cluster, revision)
    number = revision or _revision(target)
    key = mounted_config(target["spec"]["template"])
    config_map = cluster.config_map
    if key and (config_map is None or key not in config_keys(config_map)):
        gone = f"the config of revision {number} ({key}) is not in the ConfigMap any more"
        raise SrsError(f"Edge cluster {cluster.name}: {gone}; roll back to another one.")
    template = _template(target)
    live = cluster.deployment["spec"]["template"]
    reason = f"{ROLLED_BACK} to revision {number}{_by(who)}, until playbooks/resume.yml"
    notes = {HOLD: reason if not (cluster.held or "").startswith(f"{ROLLED_BACK} to revision {number} ") else cluster.held}
    spec = _unpaused(cluster)
    if template != live:
        # As a whole: nothing of another template stays in it.
        spec["template"] = {"$patch": "replace", **template}
        told = listed(template_changes(live, template))
        notes[CHANGE_CAUSE] = f"{who + ': ' if who else ''}back to revision {number}{': ' + told if told else ''}"
    of_config: Patch = {}
    if config_map is not None:
        keys = config_keys(config_map)
        newest_first = {CONFIG_KEYS: ",".join([key, *(other for other in keys if other != key)])} if key else {}
        of_config = _annotated(config_map, {HOLD: notes[HOLD], **newest_first})
        if key and config_map["data"].get("srs.conf") != config_map["data"][key]:
            of_config["data"] = {"srs.conf": config_map["data"][key]}
    return _annotated(cluster.deployment, notes) | _of_spec(spec), of_config


def left_behind(cluster: Cluster, revision: int | None) -> str | None:
    """What a roll-back to this revision doesn't bring back, as a sentence."""
    if mounted_config(_target(cluster, revision)["spec"]["template"]):
        return None
    return (
        f"Edge cluster {cluster.name}: servers of that revision mount their ConfigMap as a whole, so they read the srs.conf that is "
        "there now, not the one that they had."
    )


def pause(cluster: Cluster, who: str) -> tuple[Patch, Patch]:
    """Stop a rollout half-way: no further server is replaced."""
    _refuse_canary(cluster, "pause it")
    # A pause that was cut short may have held only one of the two.
    reason = cluster.held if cluster.is_paused and cluster.held else f"{PAUSED}{_by(who)}, until playbooks/resume.yml"
    patch, of_config = put_on_hold(cluster, reason)
    return patch | _of_spec({} if cluster.is_paused else {"paused": True}), of_config


def put_on_hold(cluster: Cluster, reason: str) -> tuple[Patch, Patch]:
    """Have the cluster left alone for a reason."""
    return _annotated(cluster.deployment, {HOLD: reason}), _annotated(cluster.config_map, {HOLD: reason})


def begin_canary(cluster: Cluster, share: Any, who: str) -> tuple[Patch, Patch]:
    """Have the stable servers left alone while others, that make up ``share`` percent of all, try what is new."""
    canary_servers(servers(cluster.deployment), share)  # raises when this is not a share
    if cluster.held and not cluster.held.startswith(CANARY):
        raise SrsError(f"Edge cluster {cluster.name} is held: {cluster.held}. End that before you begin a canary: playbooks/resume.yml.")
    return put_on_hold(cluster, f"{CANARY} of {str(share).rstrip(' %')} %{_by(who)}, until playbooks/canary.yml promotes or aborts it")


def release(cluster: Cluster, *, ends_canary: bool = False) -> tuple[Patch, Patch]:
    """Go on with a paused rollout, and let the cluster be changed again."""
    if not ends_canary:
        _refuse_canary(cluster, "release it")
    elif cluster.held and not cluster.held.startswith(CANARY):
        return NONE  # there is no canary, and the hold is for something else
    patch = _annotated(cluster.deployment, {HOLD: None}) | _of_spec(_unpaused(cluster))
    return patch, _annotated(cluster.config_map, {HOLD: None})


def servers(deployment: Object) -> int:
    """How many it is to have."""
    return int(deployment["spec"].get("replicas", 1))


def canary_servers(stable: int, share: Any) -> int:
    """How many servers a canary needs beside the stable ones to make up ``share`` percent of all; at least one."""
    text = str(share).strip().removesuffix("%").strip()
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 < percent <= 50:
        raise SrsError(f"srs_canary is {share!r}: it must be a share in percent, above 0 and up to 50, or promote, or abort.")
    # stable * s / (1 - s) with s = percent / 100, rounded up; in whole numbers, since floats make 3.0000000000000004 of 3.
    hundredths = round(percent * 100)
    return max(1, -(-stable * hundredths // (10_000 - hundredths)))


# Parts


def _is_owned(replica_set: Object, deployment: Object) -> bool:
    uid = deployment["metadata"]["uid"]
    return any(ref.get("controller") and ref.get("uid") == uid for ref in replica_set["metadata"].get("ownerReferences") or ())


def _revision(replica_set: Object) -> int:
    return _number((replica_set["metadata"].get("annotations") or {}).get(REVISION))


def _earlier(replica_set: Object) -> list[int]:
    """The numbers that a revision had before it was gone back to."""
    text = (replica_set["metadata"].get("annotations") or {}).get(EARLIER_REVISIONS) or ""
    return [_number(number) for number in text.split(",") if number]


def _number(text: Any) -> int:
    return whole_number(str(text or "")) or 0


def _template(replica_set: Object) -> Object:
    """The pod template of a revision as the Deployment had it."""
    template = replica_set["spec"]["template"]
    metadata = template["metadata"]
    return {**template, "metadata": {**metadata, "labels": {k: v for k, v in metadata.get("labels", {}).items() if k != HASH}}}


def _image(template: Mapping[str, Any]) -> str:
    containers = template["spec"]["containers"]
    return str(next((item for item in containers if item["name"] == SRS_CONTAINER), containers[0]).get("image"))


def _target(cluster: Cluster, revision: int | None) -> Object:
    sets = cluster.replica_sets
    if revision is None:
        if len(sets) < 2:
            raise SrsError(f"Edge cluster {cluster.name} has no revision before the current one to roll back to.")
        return sets[1]
    found = next((item for item in sets if revision == _revision(item) or revision in _earlier(item)), None)
    if found is None:
        known = ", ".join(str(_revision(item)) for item in sets) or "none"
        raise SrsError(f"Edge cluster {cluster.name} has no revision {revision}; there are {known}.")
    return found


def _refuse_canary(cluster: Cluster, verb: str) -> None:
    if cluster.canary:
        raise SrsError(f"Edge cluster {cluster.name} has a canary: promote or abort it with playbooks/canary.yml before you {verb}.")


def _unpaused(cluster: Cluster) -> dict[str, Any]:
    return {"paused": None} if cluster.is_paused else {}


def _of_spec(fields: dict[str, Any]) -> Patch:
    return {"spec": fields} if fields else {}


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def _annotated(item: Object | None, notes: Mapping[str, str | None]) -> Patch:
    """The patch that sets these annotations, or removes those without a value."""
    annotations = (item["metadata"].get("annotations") or {}) if item else {}
    changed = {key: value for key, value in notes.items() if annotations.get(key) != value}
    return {"metadata": {"annotations": changed}} if item and changed else {}

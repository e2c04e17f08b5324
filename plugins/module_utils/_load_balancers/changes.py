# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a Service does to the load balancer that it has: told by what its controller makes of each option."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import load_balancer_hosts
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Verdict
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    FOLLOWED,
    IGNORED,
    MOVED,
    STUCK,
    Platform,
)
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.written import attribute, is_known, is_off, patterns

# Options that say whose the address is: it stays the user's own when the Service no longer has it.
OWN_ADDRESS = ("id", "ip", "public_ip", "public_ip_ipv6", "eips", "preserve")
# Fields that the API server lets nobody change while the Service has a load balancer.
FIXED = {"loadBalancerClass": "class", "ipFamilies": "the first of its ipFamilies"}
# What is said of a change that does nothing.
LATER = "which takes effect only for a new load balancer"
STAYS = "and its load balancer keeps it"


@dataclass(frozen=True)
class Change:
    """One option that changes; None where it is not set. ``outcome`` is one of the words of ``Cell.change``."""

    option: str
    before: str | None
    after: str | None
    outcome: str


def changes(live: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What doesn't simply come about, of a Service that has a load balancer and is to become ``after``."""
    if not has_load_balancer(live):
        return []
    platform = _platform_of(live, after)
    return _changes(platform, _options(platform, live), live, after)


def _platform_of(live: Mapping[str, Any], after: Mapping[str, Any]) -> Platform:
    """A Service without any annotation got its load balancer from whoever is told of options now."""
    platform = _platform(live)
    return _platform(after) if platform.provider == "generic" else platform


def _changes(platform: Platform, before: Mapping[str, str], live: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The same; ``before`` are the options of the live Service."""
    old, new = live["spec"], after["spec"]
    if new.get("type") != "LoadBalancer":
        return [] if _is_own(platform, before) else [Change("enabled", "true", "false", MOVED)]
    fixed = [
        Change(option, _first(old.get(field)), _first(new.get(field)), STUCK)
        for field, option in FIXED.items()
        if _first(old.get(field)) != _first(new.get(field)) and (field != "ipFamilies" or field in new)
    ]
    return fixed or [*_changed(platform, before, _options(platform, after))]


def verdict(live: Mapping[str, Any], after: Mapping[str, Any], *, new_address: bool) -> Verdict:
    """What to make of a change of a Service; ``new_address`` says that it may lose the address that it has."""
    if not has_load_balancer(live):
        return Verdict()
    platform = _platform_of(live, after)
    before = _options(platform, live)
    found = _changes(platform, before, live, after)
    ignored = [change for change in found if change.outcome == IGNORED]
    lost = [change for change in found if change.outcome in (STUCK, MOVED)]
    stuck = any(change.outcome == STUCK for change in lost)
    name, protected = platform.protection
    if (stuck or after["spec"].get("type") != "LoadBalancer") and name and before.get(name) == protected:
        return Verdict(f"{name} of its slb is true, so its load balancer can't go: set {name} to false first, in a run of its own.")
    told = [f"{_said(change)}, {LATER if change.after is not None else STAYS}." for change in ignored]
    if not lost:
        return Verdict(notes=tuple(told))
    what = " and ".join(map(_said, lost))
    if not new_address:
        why = "which can't be done while it has" if stuck else "which loses its address"
        way = "the Service is then deleted and made anew" if stuck else "its viewers are cut off then"
        return Verdict(f"{what}, {why} {address(live)}: put it back, or set srs_allow_new_address to true ({way}).")
    how = "it is deleted and made anew, and" if stuck else "it"
    is_kept = before.get("preserve") == "true"
    lost_to = f"{'leaves its load balancer, which stays, with the' if is_kept else 'loses its'} address {address(live)}"
    return Verdict(replaces=stuck, notes=(f"{what}: {how} {lost_to}.", *([] if stuck else told)))


def staying(live: Mapping[str, Any], kept: Iterable[Mapping[str, Any]]) -> str | None:
    """Why a Service must not go while the ``kept`` objects stay: its address goes, but not what it leads to. None where it may go."""
    if not has_load_balancer(live):
        return None
    platform = _platform(live)
    if _is_own(platform, _options(platform, live)):
        return None
    wanted = live["spec"].get("selector") or {}
    for item in kept:
        labels = (((item.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels") or {}
        if wanted and wanted.items() <= labels.items():
            return (
                f"it has the address {address(live)}, and {item['kind']} {item['metadata']['name']}, which it leads to, stays: "
                "put its slb back, or set srs_allow_new_address to true (its viewers are cut off then)."
            )
    return None


def _is_own(platform: Platform, options: Mapping[str, str]) -> bool:
    """Whether the address is the user's own, or outlives the Service."""
    names = [name for name in OWN_ADDRESS if name not in platform.not_own or not _has(options, platform.not_own[name])]
    return any(options.get(name) not in (None, "", "false") for name in names)


def _said(change: Change) -> str:
    if change.after is None:
        return f"{change.option} of its slb ({change.before}) is removed"
    return f"{change.option} of its slb changes from {'nothing' if change.before is None else change.before} to {change.after}"


def has_load_balancer(service: Mapping[str, Any]) -> bool:
    """Whether a controller has given this Service an address."""
    return service["spec"].get("type") == "LoadBalancer" and bool(address(service))


def address(service: Mapping[str, Any]) -> str:
    """The first address or host name in the status of a Service; "" where there is none."""
    return next(iter(load_balancer_hosts(service.get("status"))), "")


def kept_annotations(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, str]:
    """The annotations that a Service must keep when its load balancer is switched off.

    By them the controller finds what it is to take away: without the id of an existing load balancer Alibaba's, for one, reports success
    and leaves the listeners, which then forward to node ports that other Services get.
    """
    if manifest["spec"].get("type", "ClusterIP") == "LoadBalancer" or live["spec"].get("type") == "ExternalName":
        return {}
    given = manifest["metadata"].get("annotations") or {}
    return {key: text for key, text in (live["metadata"].get("annotations") or {}).items() if key not in given and is_known(key)}


def _changed(platform: Platform, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name, cell in platform.cells.items():
        old, new = before.get(name), now.get(name)
        if (cell.default if old is None else old) == (cell.default if new is None else new):
            continue
        outcome = (cell.removal or platform.removal) if new is None else cell.change
        if cell.fewer and old and new and {*new.split(",")} < {*old.split(",")}:
            outcome = cell.fewer
        outcome = next((other.becomes for other in platform.outcomes if other.option == name and _has(now, other.when)), outcome)
        if outcome != FOLLOWED:
            yield Change(name, old, new, outcome)


def _has(options: Mapping[str, str], when: Mapping[str, Any]) -> bool:
    return all(name in options if value is ... else options.get(name) == value for name, value in when.items())


def _platform(service: Mapping[str, Any]) -> Platform:
    """The table by which a Service was made: that of its class, or else the one that has most of its annotations."""
    kind = service["spec"].get("loadBalancerClass")
    annotations = service["metadata"].get("annotations") or {}

    def fits(platform: Platform) -> tuple[bool, int]:
        known = sum(1 for key in annotations if any(pattern.fullmatch(key) for pattern, _name, _cell in patterns(platform)))
        return platform.spec.get("loadBalancerClass") == kind if known else platform.provider == "generic", known

    return max((platform for platform in PLATFORMS if platform.spec.get("type") != "NodePort"), key=fits)


def _options(platform: Platform, service: Mapping[str, Any]) -> dict[str, str]:
    """What a Service says for each option of a table, as written in it."""
    annotations = service["metadata"].get("annotations") or {}
    found: dict[str, str] = {}
    for pattern, name, cell in patterns(platform):
        for key, text in annotations.items():
            if pattern.fullmatch(key) and (value := attribute(cell, text)) is not None:
                found.setdefault(name, value)
    for name, cell in platform.cells.items():
        if cell.key.startswith("spec.") and (value := service["spec"].get(cell.key.removeprefix("spec."))) is not None:
            found[name] = json.dumps(value)
        if any(is_off(cell, prefix, annotations) for prefix in platform.prefixes.values() or ("",)):
            found[name] = "off"
    return found


def _first(value: Any) -> str | None:
    value = value[0] if isinstance(value, list) and value else value
    return value or None

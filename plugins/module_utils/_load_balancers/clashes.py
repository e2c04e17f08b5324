# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several Services on one load balancer or address: where that can't work."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import shown
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS


@dataclass(frozen=True)
class User:
    """A Service of type LoadBalancer with what was rendered for it."""

    title: str
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]
    options: Mapping[str, Any]
    ports: frozenset[tuple[str, int]]
    selector: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Place:
    """One load balancer, or one address."""

    provider: str
    option: str
    value: str

    def __str__(self) -> str:
        return f"{self.option} {self.value} of provider {self.provider}"


def check(users: list[User]) -> None:
    """Raise an error that names both Services, for the first two that can't be where they want to be."""
    tables = _tables()
    places: dict[Place, list[User]] = {}
    for user in users:
        for place in dict.fromkeys(_places(user, tables)):
            places.setdefault(place, []).append(user)
    known = {(platform.provider, name): (platform, cell) for platform, name, cell in tables.values()}
    for place, sharing in places.items():
        platform, cell = known[place.provider, place.option]
        for first, second in combinations(sharing, 2):
            _check_pair(place, platform, cell, first, second)


def _tables() -> dict[str, tuple[Platform, str, Cell]]:
    """By annotation or spec field: the option that is written there and names a load balancer or address."""
    return {
        cell.key.replace("{prefix}", prefix).replace("{family}", family): (platform, name, cell)
        for platform in PLATFORMS
        for name, cell in platform.cells.items()
        if cell.sharing
        for prefix in platform.prefixes.values() or ("",)
        for family in ("v4", "v6")
    }


def _places(user: User, tables: Mapping[str, tuple[Platform, str, Cell]]) -> Iterator[Place]:
    """What a Service is on, as written in the end: free annotations count too."""
    written = {**user.annotations, **{f"spec.{key}": value for key, value in user.spec.items()}}
    reused = any(name == "id" and key in written for key, (_platform, name, _cell) in tables.items())
    for key, (platform, name, _cell) in tables.items():
        items = [item.strip() for item in str(written.get(key) or "").split(",")]
        if name == "zones":  # zone:vSwitch:address:EIP, of which the last two may be left out
            items = [] if reused else [part for item in items for part in item.split(":")[2:]]
        for item in filter(None, items):
            yield Place(platform.provider, name, _normal(item))


def _normal(text: str) -> str:
    """An address in its one form, so that two ways to write it are the same."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _check_pair(place: Place, platform: Platform, cell: Cell, first: User, second: User) -> None:
    both = f"{first.title} and {second.title} both have {place}"
    if cell.sharing == "never":
        raise SrsError(f"{both}, which only one Service can have: give each its own.")
    if cell.sharing == "asked":
        keys = [_shared_key(user, platform) for user in (first, second)]
        if not all(keys):
            silent = second.title if keys[0] else first.title
            raise SrsError(f"{both}, but {silent} doesn't say shared; set it for both, or give each its own.")
        if keys[0] != keys[1]:
            raise SrsError(f"{both}, but shared is {keys[0]} and {keys[1]}; give both the same key.")
    for protocol, port in sorted(first.ports & second.ports):
        raise SrsError(f"{both}, and both need port {port}/{protocol} there: give one of them another port or a load balancer of its own.")
    if platform.provider == "metallb":
        _check_policies(both, first, second)
    for name, other in platform.cells.items():
        values = [user.options.get(name) for user in (first, second)]
        if other.whole and None not in values and values[0] != values[1]:
            raise SrsError(f"{both}, but want its {name} to be {shown(values[0])} and {shown(values[1])}; say the same, or say it once.")


def _shared_key(user: User, platform: Platform) -> str:
    key = platform.cells["shared"].key
    values = (user.annotations.get(key.replace("{prefix}", prefix), "") for prefix in platform.prefixes.values() or ("",))
    return next((value for value in values if value not in ("", "false")), "")


def _check_policies(both: str, first: User, second: User) -> None:
    """MetalLB announces a shared address from the same nodes for all: with Local these are the nodes of the same pods."""
    backends = [user.selector if user.spec.get("externalTrafficPolicy") == "Local" else {} for user in (first, second)]
    if None in backends or backends[0] != backends[1]:
        raise SrsError(f"{both}, which needs external_traffic_policy: Cluster for both, unless both are Local with the same pods.")

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks are put through: changes of small topologies, and by seed the faults, kills and neighbours that each of them meets."""

from __future__ import annotations

import hashlib
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.tests.support.fault_proxy import FAULTS, LASTING, WATCH_FAULTS, Fault, Plan, Request

# A run of such a topology takes some 2 s.
SMALL: dict[str, Any] = {
    "srs_teardown_drain": False,
    "srs_verify": False,
    "srs_edge_drain_seconds": 10,
    "srs_edge_deregister_seconds": 1,
    "srs_wait_timeout": 45,
}
FEW: dict[str, Any] = {"srs_edge_clusters": [{"name": "edge", "replicas": 2}, {"name": "b", "replicas": 1}]}
NEW: dict[str, Any] = {"srs_edge_image": "docker.io/ossrs/srs:v7.0.157", "srs_edge_max_connections": 2000}
MORE: dict[str, Any] = {"srs_edge_clusters": [{"name": "edge", "replicas": 2}, {"name": "b", "replicas": 1}, {"name": "c", "replicas": 2}]}
ONE: dict[str, Any] = {"srs_edge_clusters": [{"name": "edge", "replicas": 2}]}
ALL: dict[str, Any] = {"srs_edge_cluster": "all"}


@dataclass(frozen=True)
class Step:
    """One run of a playbook."""

    playbook: str
    variables: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)
    tells: str = ""  # from other steps with the same playbook

    def in_namespace(self, namespace: str) -> dict[str, Any]:
        return {**SMALL, **FEW, **self.variables, "srs_namespace": namespace}

    def __str__(self) -> str:
        return f"{self.playbook} {self.tells}".strip()


SITE = Step("site")
CHANGE = Step("site", {**NEW, **MORE}, "with another image, limit and a third cluster")
SHRINK = Step("site", ONE, "without the second cluster")
TEARDOWN = Step("teardown")
CANARY = Step("canary", {**NEW, **ALL, "srs_canary": 25}, "25")
PROMOTE = Step("canary", {**NEW, **ALL, "srs_canary": "promote"}, "promote")
ABORT = Step("canary", {**NEW, **ALL, "srs_canary": "abort"}, "abort")
ROLLBACK = Step("rollback", {**MORE, **ALL, "srs_edge_cluster": "edge,b"})
PAUSE = Step("pause", ALL)
RESUME = Step("resume", ALL)

Path = tuple[Step, ...]
"""Steps one after another, from an empty namespace on."""

CHANGES: dict[str, Path] = {
    "build": (SITE,),
    "change": (SITE, CHANGE),
    "shrink": (SITE, SHRINK),
    "teardown": (SITE, TEARDOWN),
    "canary": (SITE, CANARY),
    "promote": (SITE, CANARY, PROMOTE),
    "abort": (SITE, CANARY, ABORT),
    "rollback": (SITE, CHANGE, ROLLBACK),
    "pause": (SITE, PAUSE),
    "resume": (SITE, CHANGE, ROLLBACK, RESUME),
    "resume after a pause": (SITE, PAUSE, RESUME),
}
"""The last step of each is the one that is disturbed."""

PAIRS: dict[str, tuple[Path, Step, Step]] = {
    "site, site": ((), SITE, CHANGE),
    "site, site of a change": ((SITE,), CHANGE, SHRINK),
    "site, site the same": ((SITE,), CHANGE, CHANGE),
    "site, teardown": ((SITE,), CHANGE, TEARDOWN),
    "site, rollback": ((SITE, CHANGE), SHRINK, ROLLBACK),
    "promote, site": ((SITE, CANARY), PROMOTE, CHANGE),
    "canary, site": ((SITE,), CANARY, CHANGE),
    "canary, teardown": ((SITE,), CANARY, TEARDOWN),
    "pause, site": ((SITE,), PAUSE, CHANGE),
    "resume, resume": ((SITE, CHANGE, ROLLBACK), RESUME, RESUME),
    "teardown, teardown": ((SITE,), TEARDOWN, TEARDOWN),
}
"""What is there, and the two that then run at once."""


def chosen(kind: str, seed: int, number: int, names: list[str]) -> tuple[random.Random, str]:
    """The dice of a case, and which of the names it is about: each comes as often as the others."""
    order = list(names)
    # The same order for all kinds of cases, so that a few of each ask for few undisturbed runs.
    random.Random(f"{seed}/{number // len(names)}").shuffle(order)
    return random.Random(f"{seed}/{kind}/{number}"), order[number % len(names)]


@dataclass(frozen=True)
class Kill:
    """When a run is killed, how, and how long the next one waits."""

    share: float  # of the requests of an undisturbed run, or of its time
    when: str  # before or after the request was carried out; "time": some time between two
    signal: signal.Signals
    group: bool  # or the first process alone, whose worker then goes on
    pause: float  # seconds

    def __str__(self) -> str:
        whom = "the group" if self.group else "the process"
        return f"{self.signal.name} to {whom} {self.when} {self.share:.0%}, again after {self.pause:.1f} s"


def kill(dice: random.Random) -> Kill:
    return Kill(
        dice.random(),
        dice.choice(["before", "after", "after", "time"]),
        dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]),
        dice.random() < 0.6,
        dice.choice([0.0, 0.0, 1.5]),
    )


def killing(moment: Kill, requests: int, act: Callable[[], None]) -> Plan:
    """The plan that kills a run at one of its requests."""
    number = int(moment.share * requests)

    def fault(exchange: Any) -> None:
        if moment.when == "after":
            exchange.forward()
        act()
        exchange.reset()

    return lambda request: Fault("kill", fault) if request.number == number and moment.when != "time" else None


@dataclass(frozen=True)
class Meeting:
    """How two runs come to be at work at once."""

    gap: float | None  # seconds from the start of one to that of the other
    held_at: float = 0.0  # or: the first stands still at this share of its requests, while the other one runs
    turned: bool = False  # the second of the pair is the one that starts first

    def __str__(self) -> str:
        order = ", in turned order" if self.turned else ""
        return (f"one stands still at {self.held_at:.0%}" if self.gap is None else f"{self.gap:.2f} s apart") + order


def meeting(dice: random.Random) -> Meeting:
    gap = dice.choice([None, None, 0.0, dice.random() * 1.5])
    return Meeting(gap, dice.random(), dice.random() < 0.5)


def holding(meeting: Meeting, requests: int, wait: Callable[[], None]) -> Plan:
    """The plan that lets a run stand still at one of its requests."""
    number = int(meeting.held_at * requests)

    def fault(exchange: Any) -> None:
        wait()
        exchange.pass_on()

    return lambda request: Fault("held", fault) if request.number == number and meeting.gap is None else None


@dataclass(frozen=True)
class Weather:
    """Which faults a run meets."""

    kinds: tuple[str, ...]
    rate: float = 0.0  # the share of requests that meet one
    lasting: str = ""  # one that all requests meet from a share of them on
    begins: float = 0.0
    ends: int | None = None  # after so many requests; None: never

    def __str__(self) -> str:
        parts = [f"{self.rate:.0%} of {', '.join(self.kinds)}"] if self.rate else []
        if self.lasting:
            parts.append(f"{self.lasting} from {self.begins:.0%} on, " + ("for good" if self.ends is None else f"{self.ends} times"))
        return "; ".join(parts)


def weather(dice: random.Random) -> Weather:
    """Mostly faults that pass, each run with some kinds of its own; sometimes one that stays."""
    if dice.random() < 0.25:
        name = dice.choice([*sorted(LASTING), "503", "reset after", "reset before"])
        return Weather((), 0.0, name, dice.random(), dice.choice([1, 1, 3, None]))
    kinds = dice.sample(sorted(FAULTS), dice.choice([1, 2, 4, len(FAULTS)]))
    watches = dice.sample(sorted(WATCH_FAULTS), dice.choice([0, 1, len(WATCH_FAULTS)]))
    return Weather((*kinds, *watches), dice.choice([0.05, 0.15, 0.3]))


def blowing(given: Weather, seed: str, requests: int) -> Plan:
    """The plan for a weather; ``requests`` is how many an undisturbed run sends."""
    passing = [name for name in given.kinds if name in FAULTS]
    of_watches = [name for name in given.kinds if name in WATCH_FAULTS] or passing
    first = int(given.begins * requests)

    def plan(request: Request) -> Fault | None:
        if given.lasting:
            begun = request.number >= first and (given.ends is None or request.number < first + given.ends)
            return Fault(given.lasting, (LASTING | FAULTS)[given.lasting]) if begun else None
        dice = random.Random(_digest(seed, request))
        if dice.random() >= given.rate:
            return None
        name = dice.choice(of_watches if request.watches else passing)
        return Fault(name, (FAULTS | WATCH_FAULTS)[name])

    return plan


def _digest(seed: str, request: Request) -> bytes:
    """The same for the same attempt at the same request, in whatever order requests come."""
    namespace = "/namespaces/"
    path = request.path.partition(namespace)[2].partition("/")[2] or request.path
    return hashlib.sha256(f"{seed}/{request.attempt}/{request.method}/{path}/{request.query.get('dryRun')}".encode()).digest()

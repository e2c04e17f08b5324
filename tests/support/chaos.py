# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of chaos are carried out, and what they come to is held against undisturbed runs."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.tests.support import chaos_plans as plans
from ansible_collections.livestream.srs.tests.support.chaos_plans import Step
from ansible_collections.livestream.srs.tests.support.chaos_sets import STEPS, walk
from ansible_collections.livestream.srs.tests.support.fault_proxy import fault_proxy
from ansible_collections.livestream.srs.tests.support.playbook_runs import Ended, Run, run
from ansible_collections.livestream.srs.tests.support.snapshots import Snapshot, State, changed_between, listed_kinds, snapshot, state

SEED = int(os.environ.get("SRS_SEED", "1"))
# For whom to try one case again: "kills/17".
ALONE = os.environ.get("SRS_CHAOS_CASE", "")
# Where a long run notes the cases that it has done; those that are in it already are left out.
NOTES = os.environ.get("SRS_CHAOS_NOTES", "")
WORKERS = int(os.environ.get("SRS_CHAOS_WORKERS", "3"))

# A message that a user can go by names what was tried or who failed. Python's own words tell nothing.
TELLING = re.compile(r"Another run|API server|Can't |of \d+ objects|No canary runs|no edge cluster|has a canary|wait", re.IGNORECASE)
BARE = re.compile(r"Traceback|Expecting value|Invalid value|has no attribute|Extra data|unexpected keyword|not subscriptable|not a mapping")
# Seconds for which a run stands still beside another one: less than it waits for its first answer.
STANDSTILL = 6.0
REFUSED = re.compile(r"Another run (is changing|has taken over the lock of) this topology")


def cases(kind: str, usual: int, each: int = 1) -> list[int]:
    """The numbers of the cases to try; ``each`` is how many of what is counted a case has."""
    if ALONE:
        return [int(ALONE.partition("/")[2])] if ALONE.partition("/")[0] == kind else []
    return list(range(-(-int(os.environ.get(f"SRS_CHAOS_{kind.upper()}", usual)) // each)))


class Notes:
    """What came of the cases, told when all are done; in a long run kept in a file as well."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.lock = threading.Lock()
        self.failures: list[str] = []
        self.counted: Counter[str] = Counter()
        self.file = Path(NOTES) if NOTES else None
        lines = self.file.read_text().splitlines() if self.file and self.file.exists() else []
        self.done = {entry["case"] for entry in map(json.loads, lines) if entry["seed"] == SEED}

    def add(self, case: str, about: str, wrong: list[str], told: Iterable[str]) -> None:
        with self.lock:
            self.counted.update(told)
            self.counted["failed" if wrong else "held"] += 1
            if self.file:
                with self.file.open("a") as file:
                    file.write(json.dumps({"seed": SEED, "case": case, "about": about, "wrong": wrong, "told": list(told)}) + "\n")
            if wrong:
                text = f"SRS_SEED={SEED} SRS_CHAOS_CASE={case}: {about}\n" + "\n".join(f"    {line}" for line in wrong)
                self.failures.append(text)
                sys.stderr.write(text + "\n")

    def check(self) -> None:
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.counted.items()))
        print(f"{self.kind}: {told}")
        assert not self.failures, f"{len(self.failures)} {self.kind} went wrong:\n" + "\n".join(self.failures)


Case = Callable[[int], tuple[str, list[str], list[str]]]
"""From the number of a case: what it is about, what was wrong, and what to count."""


def try_all(kind: str, numbers: list[int], case: Case, workers: int = WORKERS) -> None:
    """Try all cases, some at a time, and fail with all that was wrong."""
    notes = Notes(kind)

    def one(number: int) -> None:
        name = f"{kind}/{number}"
        if name in notes.done:
            return
        try:
            about, wrong, told = case(number)
        except Exception:
            about, wrong, told = "the harness failed", [traceback.format_exc()], []
        notes.add(name, about, wrong, told)

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(one, numbers))
    notes.check()


@dataclass(frozen=True)
class Reference:
    """What undisturbed runs came to, one after another."""

    state: State
    status: int
    changed: bool
    requests: int
    seconds: float


@dataclass
class Bench:
    """A Kubernetes to try things on, and what undisturbed runs come to there."""

    kubeconfig: str
    client: Client
    kinds: list[tuple[str, str]] = field(default_factory=list)
    references: dict[tuple[Step, ...], Future[Reference]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.kinds = listed_kinds(self.client)

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A namespace of a case's own, which nobody waits for at the end."""
        name = f"chaos-{uuid.uuid4().hex[:8]}"
        self.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            yield name
        finally:
            self.client.delete("v1", "Namespace", name)

    def look(self, namespace: str) -> Snapshot:
        return snapshot(self.client, self.kinds, [namespace])

    def state(self, namespace: str) -> State:
        return state(self.look(namespace), namespace)

    def settled(self, namespace: str, wanted: Callable[[State], bool], seconds: float = 5) -> State:
        """The state, once it is as wanted or that many seconds have passed: objects that are being deleted go in a while."""
        deadline = time.monotonic() + seconds
        while not wanted(found := self.state(namespace)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def prepare(self, namespace: str, steps: Iterable[Step]) -> None:
        for step in steps:
            done = run(step.playbook, self.kubeconfig, step.in_namespace(namespace))
            assert done.status == 0, f"{step} failed undisturbed:\n{done.output}"

    def reference(self, path: tuple[Step, ...]) -> Reference:
        """What the steps come to, found out once for each path and all paths that it is part of."""
        with self.lock:
            known = self.references.get(path)
            if not known:
                mine = [path[: length + 1] for length in range(len(path)) if path[: length + 1] not in self.references]
                self.references.update({part: Future() for part in mine})
        if not known:
            self._find_out(path, mine)
        return self.references[path].result()

    def _find_out(self, path: tuple[Step, ...], mine: list[tuple[Step, ...]]) -> None:
        try:
            with self.namespace() as namespace, fault_proxy(self.kubeconfig) as proxy:
                for length, step in enumerate(path):
                    proxy.follow(proxy.plan)
                    done = run(step.playbook, proxy.kubeconfig, step.in_namespace(namespace))
                    part = path[: length + 1]
                    if part in mine:
                        found = self.settled(namespace, lambda now: "deleted: true" not in "".join(now.objects.values()))
                        self.references[part].set_result(Reference(found, done.status, done.changed, len(proxy.log), done.seconds))
        except BaseException as error:
            for part in mine:
                if not self.references[part].done():
                    self.references[part].set_exception(error)
            raise


def told_of(ends: list[bool]) -> str:
    """How two runs ended."""
    return " and ".join("0" if one else "with an error" for one in ends)


def untold(before: Snapshot, after: Snapshot, done: Ended) -> list[str]:
    """That a run changed something and did not say so."""
    if done.changed or not (changed := changed_between(before, after)):
        return []
    names = ", ".join("/".join(key[::2]) for key in changed[:5])
    return [f"ended {done.status} with changed=false, and {len(changed)} objects were changed: {names}; it said: {done.failure[:300]}"]


def unclear(done: Ended) -> list[str]:
    """What a user can't make anything of in the message of a failure."""
    if "Traceback" in done.output:
        return [f"a traceback: {done.output[-600:]}"]
    if BARE.search(done.failure) or not TELLING.search(done.failure):
        return [f"a message that tells nothing: {(done.failure or done.output[-300:])[:300]!r}"]
    return []


class Chaos:
    """The kinds of cases with playbooks."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def killed(self, number: int) -> tuple[str, list[str], list[str]]:
        """A run is killed and run again: the end is that of a run that nobody killed."""
        bench = self.bench
        dice, name = plans.chosen("kills", SEED, number, list(plans.CHANGES))
        path, moment = plans.CHANGES[name], plans.kill(dice)
        reference = bench.reference(path)
        wrong: list[str] = []
        with bench.namespace() as namespace, fault_proxy(bench.kubeconfig) as proxy:
            bench.prepare(namespace, path[:-1])
            step = path[-1]
            started: list[Run] = []
            proxy.follow(plans.killing(moment, reference.requests, lambda: started[0].signal(moment.signal, moment.group)))
            started.append(first := Run(step.playbook, proxy.kubeconfig, step.in_namespace(namespace)))
            if moment.when == "time":
                time.sleep(moment.share * reference.seconds)
                first.signal(moment.signal, moment.group)
            done = first.wait()
            if moment.pause:
                time.sleep(moment.pause)
                proxy.settle()
            between = bench.look(namespace)
            again = run(step.playbook, bench.kubeconfig, step.in_namespace(namespace))
            first.close()
            found = bench.settled(namespace, lambda now: now == reference.state)
            if again.status != 0:
                wrong += [f"the run after it ended {again.status}: {again.failure[:400] or again.output[-400:]}"]
            # Else the killed run may still be changing something.
            if moment.group and moment.pause:
                wrong += untold(between, bench.look(namespace), again)
            wrong += [f"the end state: {line}" for line in reference.state.differences(found)]
        return f"{name}, {moment}", wrong, ["not hit" if done.status == 0 else f"ended by {moment.signal.name}"]

    def faulty(self, number: int) -> tuple[str, list[str], list[str]]:
        """A run meets faults: it ends 0 in the right state or tells what is wrong, and then the next one brings that state about."""
        bench = self.bench
        dice, name = plans.chosen("faults", SEED, number, list(plans.CHANGES))
        path, weather = plans.CHANGES[name], plans.weather(dice)
        reference = bench.reference(path)
        wrong: list[str] = []
        with bench.namespace() as namespace, fault_proxy(bench.kubeconfig) as proxy:
            bench.prepare(namespace, path[:-1])
            step = path[-1]
            before = bench.look(namespace)
            proxy.follow(plans.blowing(weather, f"{SEED}/{number}", reference.requests))
            try:
                done = run(step.playbook, proxy.kubeconfig, step.in_namespace(namespace), seconds=200)
            except TimeoutError as error:
                return f"{name}, {weather}", [str(error)], ["no end"]
            proxy.settle()
            injected = sum(proxy.injected.values())
            after = bench.look(namespace)
            wrong += untold(before, after, done)
            again = done
            if done.status:
                wrong += unclear(done)
                again = run(step.playbook, bench.kubeconfig, step.in_namespace(namespace))
                wrong += untold(after, bench.look(namespace), again)
                if again.status != 0:
                    wrong += [f"the run after it ended {again.status}: {again.failure[:400] or again.output[-400:]}"]
            found = bench.settled(namespace, lambda now: now == reference.state)
            whose = "the end state of a run that ended 0" if again is done else "the end state after another run"
            wrong += [f"{whose}: {line}" for line in reference.state.differences(found)]
            if wrong:
                wrong += [f"it took {done.seconds:.0f} s and said: {done.failure[:300]}"]
        told = ["met no fault" if not injected else "ended with an error" if done.status else "ended 0", *["faults"] * injected]
        return f"{name}, {weather}", wrong, told

    def paired(self, number: int) -> tuple[str, list[str], list[str]]:
        """Two runs at once come to what they come to one after the other, in either order; or one of them is refused."""
        bench = self.bench
        dice, name = plans.chosen("pairs", SEED, number, list(plans.PAIRS))
        setup, *pair = plans.PAIRS[name]
        meeting = plans.meeting(dice)
        orders = [(0, 1), (1, 0)]
        paths = {order: (*setup, *(pair[index] for index in order)) for order in orders}
        # On the way to the end of both the end of the first is found out, too.
        ends = {order: [bench.reference(paths[order]), bench.reference(paths[order][:-1])][::-1] for order in orders}
        first, second = orders[meeting.turned]
        wrong: list[str] = []
        with bench.namespace() as namespace, fault_proxy(bench.kubeconfig) as proxy:
            bench.prepare(namespace, setup)
            before = bench.look(namespace)
            stands, goes_on = threading.Event(), threading.Event()

            def stand() -> None:
                stands.set()
                goes_on.wait(STANDSTILL)

            proxy.follow(plans.holding(meeting, ends[first, second][0].requests, stand))
            runs = {first: Run(pair[first].playbook, proxy.kubeconfig, pair[first].in_namespace(namespace))}
            if meeting.gap is None:
                stands.wait(STANDSTILL)
            else:
                time.sleep(meeting.gap)
            runs[second] = Run(pair[second].playbook, bench.kubeconfig, pair[second].in_namespace(namespace))
            if meeting.gap is None:
                # Where one waits for the other, it is the one that stands still for which both must wait.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    runs[second].process.wait(STANDSTILL)
                goes_on.set()
            ended = {index: started.wait() for index, started in runs.items()}
            for started in runs.values():
                started.close()
            ways: list[tuple[str, State, list[bool]]] = []
            refused = [index for index in (0, 1) if ended[index].status and REFUSED.search(ended[index].failure)]
            for order in orders:
                fine = {index: reference.status == 0 for index, reference in zip(order, ends[order], strict=True)}
                ways.append((f"{pair[order[0]]}, then {pair[order[1]]}", ends[order][1].state, [fine[0], fine[1]]))
                if order[1] in refused:
                    ways.append((f"{pair[order[0]]} alone", ends[order][0].state, [index == order[0] and fine[index] for index in (0, 1)]))
            statuses = [ended[index].status == 0 for index in (0, 1)]

            def right(now: State) -> bool:
                return any(now == wanted and statuses == each for _order, wanted, each in ways)

            found = bench.settled(namespace, right)
            if not right(found):
                wrong += [f"{pair[index]} ended {ended[index].status} {ended[index].failure[:300]}".strip() for index in (0, 1)]
                for order_name, wanted, each in ways:
                    lines = wanted.differences(found, 6)
                    lines += [] if each == statuses else [f"there they end {told_of(each)}"]
                    wrong += [f"not as {order_name}: {line}" for line in lines]
            if changed_between(before, bench.look(namespace)) and not any(one.changed for one in ended.values()):
                wrong += ["neither said that it changed anything"]
            wrong += [line for one in ended.values() if one.status for line in unclear(one)]
        return f"{name}, {meeting}", wrong, [f"ended {told_of(statuses)}", *["refused"] * len(refused)]

    def walked(self, number: int) -> tuple[str, list[str], list[str]]:
        """Sets change one after another: each has what it is to have, and nobody else loses anything."""
        wrong, told = walk(self.bench.kubeconfig, random.Random(f"{SEED}/sets/{number}"))
        return f"{STEPS} changes of sets", wrong, told


def let_children_be_interrupted() -> None:
    """Whoever is started in the background of a shell ignores SIGINT, and so would the playbooks."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

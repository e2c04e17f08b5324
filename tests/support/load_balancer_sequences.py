# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to load balancers over time, as cases: Services that share one, move to another, are switched off, speak UDP, go."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.changes import kept_annotations
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import Platform
from ansible_collections.livestream.srs.tests.support.load_balancer_cases import (
    NAME,
    TCP,
    WITH_UDP,
    Json,
    Ports,
    backends,
    bought,
    for_udp,
    ids,
    listeners,
    manifest,
    port,
    reuses,
    slb_of,
    status,
    tried,
)
from ansible_collections.livestream.srs.tests.support.load_balancer_options import Options, completed

HTTP: Ports = (port("http", 80),)
OTHERS: Ports = (port("rtmp", 1936), port("http", 8081))


class Story:
    """A case that is told step by step; it keeps account of whose listeners there must be."""

    def __init__(self, platform: Platform, title: str, *there: Json) -> None:
        self.platform, self.title, self.there = platform, title, there
        self.steps: list[Json] = []
        self.cluster = "one"
        self.owned: dict[str, dict[str, str]] = {balancer["id"]: {} for balancer in there}
        self.made: dict[str, Json] = {}

    def case(self) -> Json:
        return {"name": f"{self.platform.label} sequence: {self.title}", "existing": [*self.there], "steps": self.steps}

    def apply(self, options: Options, ports: Ports = TCP, name: str = NAME, **expect: Any) -> None:
        """A Service as it is written now; without a word each of its ports must be served by a listener of its own."""
        options = completed(self.platform, options)
        made = manifest(slb_of(self.platform, options), ports, name)
        if not expect.get("error") and not expect.get("refused"):
            self._forget(name)
            if options.get("override_listeners") is not False:
                self.owned.setdefault(options.get("id", "new"), {}).update(listeners(options, ports, self._owner(name)))
        self._step({"apply": made}, **expect)
        self.made[name] = made

    def switch_off(self, name: str = NAME, slb: Mapping[str, Any] | None = None, **expect: Any) -> None:
        """As it is done: what the controller must know to clean up is kept."""
        made = manifest(slb or {"enabled": False}, TCP, name)
        kept = kept_annotations(self.made[name], made)
        made["metadata"] = {**made["metadata"], "annotations": {**kept, **made["metadata"].get("annotations", {})}}
        self._forget(name)
        self._step({"apply": made}, **expect)

    def delete(self, name: str = NAME, **expect: Any) -> None:
        self._forget(name)
        self._step({"delete": f"live/{name}"}, **expect)

    def again(self) -> None:
        """Everything once more, then after a restart that has lost what it knew: nothing may be asked for."""
        for before in ({}, {"restart": True}, {"forget": True}):
            if before:
                self.steps.append(before)
            self._step({"reconcile": True}, unchanged=True)

    def go_to(self, cluster: str) -> None:
        self.cluster = cluster
        self.steps.append({"cluster": cluster})

    def at_once(self, moves: Mapping[str, tuple[Options, Ports]]) -> None:
        inner = []
        for name, (options, ports) in moves.items():
            options = completed(self.platform, options)
            self._forget(name)
            self.owned.setdefault(options["id"], {}).update(listeners(options, ports, self._owner(name)))
            inner.append({"apply": manifest(slb_of(self.platform, options), ports, name)})
        self._step({"parallel": inner})

    def _owner(self, name: str) -> str:
        return f"{self.cluster}/live/{name}"

    def _forget(self, name: str) -> None:
        for place, owned in self.owned.items():
            self.owned[place] = {key: owner for key, owner in owned.items() if owner != self._owner(name)}

    def _step(self, step: Json, **expect: Any) -> None:
        """``balancers`` are those that must be there, if not those of before and the one that has listeners."""
        own = ["new"] if self.owned.get("new") else []
        balancers = expect.pop("balancers", [*(balancer["id"] for balancer in self.there), *own])
        has = {place: owned for place, owned in self.owned.items() if owned}
        self.steps.append({**step, "expect": {"error": False, "listeners": has, "balancers": balancers, **expect}})


def sequences(platform: Platform, seed: int = 1, at_once: int = 40) -> Iterator[Json]:
    """All stories of one table; none where nobody knows what its controller makes of them. ``at_once`` many are random."""
    if not reuses(platform):
        return
    first, second = ids(platform)
    reuse: Options = {"id": first, "override_listeners": True}
    there = bought(platform, reuse)
    for tell in (_shared, _two_clusters, _same_number, _udp, _udp_of_pods, _backends, _ports, _own_goes, _switched_off, _own_groups):
        yield tell(platform, reuse, there).case()
    yield from (story.case() for story in _moved(platform, reuse, there, second))
    yield from (story.case() for story in _type_changed(platform))
    yield from (story.case() for story in _preserved(platform))
    yield _prefix(platform)
    for number in range(at_once):
        yield _at_once(platform, reuse, there, f"{seed}.{number}").case()


def _shared(platform: Platform, reuse: Options, there: Json) -> Story:
    story = Story(platform, "three Services on one, of nodes, of pods and Local", there)
    story.apply(reuse, TCP, "a")
    story.apply({**reuse, "backend": "pods"}, HTTP, "b")
    story.apply({**reuse, "external_traffic_policy": "Local"}, OTHERS, "c")
    story.again()
    story.apply({**reuse, "external_traffic_policy": "Local", "scheduler": "wlc"}, OTHERS, "c")
    story.apply(reuse, (*TCP, port("api", 1985)), "a")
    story.again()
    for name in "bac":
        story.delete(name)
    return story


def _two_clusters(platform: Platform, reuse: Options, there: Json) -> Story:
    story = Story(platform, "one name in two Kubernetes clusters", there)
    story.apply(reuse, TCP)
    story.go_to("two")
    story.apply(reuse, OTHERS)
    story.again()
    story.go_to("one")
    story.again()
    story.delete()
    story.go_to("two")
    story.again()
    story.delete()
    return story


def _same_number(platform: Platform, reuse: Options, there: Json) -> Story:
    story = Story(platform, "the same number for UDP of one Service and TCP of another", there)
    story.apply({**reuse, **for_udp(platform)}, (port("rtc", 8000, "UDP"),), "a")
    story.apply(reuse, (port("rtc-tcp", 8000),), "b")
    story.again()
    story.delete("a")
    story.again()
    story.delete("b")
    return story


def _udp(platform: Platform, _reuse: Options, _there: Json) -> Story:
    return _speaks_udp(platform, for_udp(platform), "nodes")


def _udp_of_pods(platform: Platform, _reuse: Options, _there: Json) -> Story:
    return _speaks_udp(platform, {**for_udp(platform), "backend": "pods"}, "pods")


def _speaks_udp(platform: Platform, options: Options, whose: str) -> Story:
    story = Story(platform, f"UDP and TCP on one Service, {whose}")
    story.apply(options, TCP)
    story.apply(options, WITH_UDP)
    story.again()
    story.apply(options, WITH_UDP[:3])
    story.apply(options, WITH_UDP)
    story.apply(options, TCP)
    story.again()
    story.delete()
    return story


def _backends(platform: Platform, _reuse: Options, _there: Json) -> Story:
    story = Story(platform, "nodes, pods and Local in turn")
    turns: list[Options] = [
        {},
        {"backend": "pods"},
        {"external_traffic_policy": "Local"},
        {"backend": "nodes"},
        {"backend_labels": {"srs": "edge"}},
    ]
    for options in [turn for turn in turns if set(turn) <= set(platform.cells)]:
        story.apply(options, backends={"new": backends(options)})
        story.again()
    return story


def _ports(platform: Platform, reuse: Options, there: Json) -> Story:
    story = Story(platform, "ports come and go", there)
    for ports in (TCP, TCP[:1], (*TCP, port("api", 1985)), OTHERS, TCP):
        story.apply(reuse, ports)
    story.again()
    story.delete()
    return story


def _own_goes(platform: Platform, _reuse: Options, _there: Json) -> Story:
    story = Story(platform, "its own is deleted with it, and made anew")
    story.apply({})
    story.delete()
    story.apply({})
    story.switch_off(groups=0)
    story.apply({})
    story.switch_off(slb={"provider": "nodeport"}, groups=0)
    return story


def _switched_off(platform: Platform, reuse: Options, there: Json) -> Story:
    story = Story(platform, "switched off and on again", there)
    story.apply(reuse)
    story.apply(reuse, OTHERS, "b")
    story.switch_off(groups=2)
    story.apply(reuse)
    story.switch_off(slb={"provider": "nodeport"}, groups=2)
    story.switch_off("b", groups=0)
    return story


def _own_groups(platform: Platform, reuse: Options, _there: Json) -> Story:
    groups = dict(zip((1935, 8080), ("a", "b"), strict=True))
    start = "rsp" if platform.type == "clb" else "sgp"
    options: Options = {**reuse, "override_listeners": False, "server_groups": {key: f"{start}-{value}" for key, value in groups.items()}}
    if "server_groups" not in platform.cells or not tried(platform, options):
        return Story(platform, "server groups of one's own: not offered")
    filled, emptied = (dict.fromkeys(options["server_groups"].values(), count) for count in (3, 0))
    story = Story(platform, "listeners and server groups of one's own", bought(platform, options))
    story.apply(options, backends=filled)
    story.again()
    story.switch_off(backends=emptied)
    story.apply(options, backends=filled)
    story.delete(backends=emptied)
    return story


def _moved(platform: Platform, reuse: Options, there: Json, second: str) -> Iterator[Story]:
    other = bought(platform, {}, number=1)
    story = Story(platform, "to another id and back", there, other)
    story.apply(reuse)
    story.apply({**reuse, "id": second}, error=True)
    story.apply(reuse)
    story.again()
    yield story
    story = Story(platform, "from its own to an id and back", there)
    story.apply({})
    story.apply(reuse, error=True)
    story.apply({})
    story.again()
    yield story
    story = Story(platform, "from an id to its own and back", there)
    story.apply(reuse)
    story.apply({}, error=True)
    story.apply(reuse)
    story.again()
    yield story
    shown: Options = {**reuse, **({"show_address": "eip"} if "show_address" in platform.cells else {})}
    story = Story(platform, "from its own to a bought one, as the documentation says", bought(platform, shown))
    story.apply({})
    story.delete()
    story.apply(shown, **status(shown, story.there))
    story.again()
    yield story


def _type_changed(platform: Platform) -> Iterator[Story]:
    story = Story(platform, "another class is refused by the API server; deleted and made anew it is another load balancer")
    story.apply({})
    made = manifest(slb_of(platform, completed(platform, {})))
    kind = {} if "loadBalancerClass" in made["spec"] else {"loadBalancerClass": "alibabacloud.com/nlb"}
    spec = {key: value for key, value in made["spec"].items() if key != "loadBalancerClass"}
    story.steps.append({"apply": {**made, "spec": {**spec, **kind}}, "expect": {"refused": True}})
    story.delete()
    story.apply({})
    yield story


def _preserved(platform: Platform) -> Iterator[Story]:
    if "preserve" not in platform.cells:
        return
    for title, off in (("deleted", False), ("switched off", True)):
        story = Story(platform, f"{title}, and its load balancer stays")
        story.apply({"preserve": True})
        if off:
            story.switch_off(balancers=["new"])
        else:
            story.delete(balancers=["new"])
        yield story


def _prefix(platform: Platform) -> Json:
    story = Story(platform, "the other prefix says the same")
    options = completed(platform, {"name": "live", "scheduler": "wlc"})
    for prefix in (*platform.prefixes, *platform.prefixes):
        made = manifest(slb_of(platform, options, annotation_prefix=prefix))
        story.steps.append({"apply": made, "expect": {"error": False, **({"unchanged": True} if story.steps else {})}})
    return story.case()


def _at_once(platform: Platform, reuse: Options, there: Json, seed: str) -> Story:
    """Six Services on one, all changed at the same time, each to ports that nobody has."""
    draw = random.Random(seed)
    story = Story(platform, f"six Services at once, {seed}", there)
    free = [(number, protocol) for number in range(8000, 8030) for protocol in ("TCP", "UDP")]
    draw.shuffle(free)
    held: dict[str, list[tuple[int, str]]] = {}
    for _round in range(3):
        moves: dict[str, tuple[Options, Ports]] = {}
        for name in "abcdef":
            taken = [free.pop() for _number in range(draw.randint(1, 4))]
            free[:0] = held.get(name, [])
            held[name] = taken
            ports = tuple(port(f"{protocol.lower()}-{number}", number, protocol) for number, protocol in taken)
            way: Options = draw.choice([{}, {"backend": "pods"}, {"external_traffic_policy": "Local"}])
            moves[name] = ({**reuse, **for_udp(platform), **way}, ports)
        story.at_once(moves)
        story.steps.append({"reconcile": True, "expect": {"error": False}})
    story.again()
    return story

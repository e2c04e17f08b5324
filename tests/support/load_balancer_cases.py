# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services with load balancers, one after the other, and what a provider's controller must make of them: see docs/testing.md.

A case has a ``name``, the load balancers that are ``existing`` before, and ``steps``. A step applies a Service, deletes one, reconciles
all again, or goes on in another Kubernetes cluster. What it ``expect``s:

``error``       whether the controller must fail
``unchanged``   that the cloud is asked for no change
``requests``    what the cloud must be asked for: so many ``times`` one of the ``actions`` with these ``parameters``, for this ``option``;
                of AWS the actions are kinds of resources of the controller's model, and the parameters fields of their specs
``listeners``   by load balancer (``new`` is what the controller has made): whose its listeners are, by protocol and port
``balancers``   which load balancers there are
``backends``    how many backends each server group has (``new`` are those that the controller has made)
``status``      what the Service's status says
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import changes
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import IGNORED, STUCK, Platform
from ansible_collections.livestream.srs.plugins.module_utils._manifests import parts
from ansible_collections.livestream.srs.tests.support.load_balancer_meanings import (
    BALANCER,
    IMPLIED,
    LISTENERS,
    MEANINGS,
    SPELT,
    TLS_LISTENERS,
    WITH_CLOUD,
    Meaning,
    meanings,
)
from ansible_collections.livestream.srs.tests.support.load_balancer_options import VALUES, Options, base, completed, fitting, nested
from ansible_collections.livestream.srs.tests.support.wanted import resolved

Json = dict[str, Any]
Ports = Sequence[Mapping[str, Any]]

COMMON = resolved(srs_namespace="live").common
NAME = "srs-edge"


def port(name: str, number: int, protocol: str = "TCP") -> Json:
    return {"name": name, "port": number, "targetPort": number, "protocol": protocol}


TCP: Ports = (port("rtmp", 1935), port("http", 8080))
WITH_UDP: Ports = (*TCP, port("srt", 10080, "UDP"), port("rtc", 8000, "UDP"), port("rtc-tcp", 8000))

# Each Kubernetes cluster has three nodes: by number their label ``srs``, how many of the Service's pods they have, and which is cordoned.
NODES = {1: ("edge", 2), 2: ("edge", 1), 3: ("other", 0)}
CORDONED = 2
# Of the load balancers that people have made: their public or private addresses, and the EIPs bound to private ones.
ADDRESSES = {False: ("47.99.0.1", "47.99.0.2"), True: ("192.168.0.1", "192.168.0.2")}
EIPS = ("47.98.0.1", "47.98.0.2")


def manifest(slb: Mapping[str, Any], ports: Ports = TCP, name: str = NAME) -> Json:
    return parts.public_service(COMMON, name, {"app.kubernetes.io/part-of": "srs"}, {"app": name}, ports, slb, "slb")


def slb_of(platform: Platform, options: Mapping[str, Any], **common: Any) -> Json:
    return {**base(platform), **nested(options), **common}


def tried(platform: Platform, options: Mapping[str, Any], ports: Ports = TCP) -> Json | None:
    """The Service, if these options are accepted."""
    try:
        return manifest(slb_of(platform, options), ports)
    except SrsError:
        return None


def applied(made: Json, expect: Json) -> Json:
    return {"apply": made, "expect": expect}


def for_udp(platform: Platform) -> Options:
    """What UDP ports need: an NLB would check them by TCP."""
    return {"health_check.enabled": False} if platform.label == "alibaba (nlb)" else {}


# -- what is there before --


def bought(platform: Platform, options: Mapping[str, Any], later: Mapping[str, Any] | None = None, number: int = 0) -> Json:
    """A load balancer that people have made, such that everything that can be changed must be, and what can't is as asked for.

    ``later`` are the options of a Service after a change: what people make for them is there, too.
    """
    either = {**(later or {}), **options}
    shows_eip = "show_address" in either
    private = shows_eip or options.get("address") == "intranet"
    attributes: dict[str, str] = {}
    if platform.type == "clb":
        attributes = {"Address": ADDRESSES[private][number], "AddressType": "intranet" if private else "internet"}
    sized = options if "spec" in options else either
    if "spec" in sized and "instance_charge_type" not in sized:
        attributes["InstanceChargeType"] = "PayBySpec"
    balancers = [(name, meaning) for name in options for meaning in meanings(platform.label, name) if meaning.of == BALANCER]
    for name, meaning in balancers:
        others = [value for value in fitting(platform, name, platform.cells[name]) if value != options[name]]
        if not meaning.changed:
            attributes |= meaning.parameters(options[name])
        elif (platform.cells[name].words or meaning.actions) and others:
            attributes |= meaning.parameters(others[-1])
    if "ipv6_address" in options:
        attributes["Ipv6AddressType"] = "Internet" if options["ipv6_address"] == "intranet" else "Intranet"
    groups = {**(later or {}).get("server_groups", {}), **options.get("server_groups", {})}
    yours = options.get("override_listeners") is False
    protocol = "tcp" if platform.type == "clb" else "TCP"
    return {
        "kind": platform.type,
        "id": ids(platform)[number],
        "attributes": attributes,
        "tags": {"owner": "people"},
        **({"security_groups": ["sg-9"]} if "security_groups" in options else {}),
        **({"eip": EIPS[number]} if shows_eip else {}),
        "server_groups": [{"id": group, "name": f"by-hand-{key}", "backends": []} for key, group in groups.items()],
        "listeners": [
            {"ListenerProtocol": protocol, "ListenerPort": str(key), "VServerGroupId": group, "ServerGroupId": group}
            for key, group in groups.items()
            if yours
        ],
    }


def ids(platform: Platform) -> list[str]:
    known = VALUES["id"]
    assert isinstance(known, Mapping)
    return known.get(platform.label, known[""])


# -- what must come of it --


def expected(platform: Platform, options: Options, ports: Ports = TCP, there: Sequence[Json] = (), changed: set[str] | None = None) -> Json:
    """What a Service with these options must come to: all of them, or those that have ``changed``."""
    ours = platform.spec.get("loadBalancerClass")
    if platform.label not in MEANINGS or options.get("class", ours) != ours:
        return {}
    for name, (follows, value) in IMPLIED.items():
        if name in options and follows not in options:
            options = {**options, follows: value}
            changed = {*changed, follows} if changed and name in changed else changed
    changed = changed if platform.label in WITH_CLOUD else None
    names = [name for name in options if (changed is None or name in changed) and not _idle(name, options, there)]
    found: Json = {"error": False, "requests": [*_requests(platform, options, names, ports, changed)]}
    if platform.label not in WITH_CLOUD:
        return found
    if options.get("override_listeners") is not False:
        found["listeners"] = {options.get("id", "new"): listeners(options, ports)}
    groups = options.get("server_groups", {})
    own = ["new"] if any(item["port"] not in groups for item in ports) or options.get("tls.ports") else []
    if options.get("preserve") is not True or platform.type != "nlb":  # of a preserved NLB old groups stay beside the new ones
        found["backends"] = dict.fromkeys([*own, *groups.values()], backends(options))
    return {**found, **status(options, there)}


def _idle(name: str, options: Options, there: Sequence[Json]) -> bool:
    """What does nothing for now: the price of a private load balancer, and a list that is switched off."""
    private = any(balancer["attributes"].get("AddressType") == "intranet" for balancer in there)
    return (name in ("charge_type", "bandwidth") and private) or (name in ("acl.id", "acl.type") and options.get("acl.enabled") is False)


def _requests(platform: Platform, options: Options, names: Iterable[str], ports: Ports, changed: set[str] | None) -> Iterator[Json]:
    for name in names:
        for meaning in meanings(platform.label, name):
            for entry in _asked(platform, meaning, options, name, ports, changed):
                yield {"option": name, **entry}


def _asked(platform: Platform, meaning: Meaning, options: Options, name: str, ports: Ports, changed: set[str] | None) -> Iterator[Json]:
    value = options[name]
    exists = changed is not None or (meaning.of == BALANCER and "id" in options)
    if (exists and not meaning.changed) or (not exists and value == meaning.usual):
        return
    actions = list(meaning.changed) if exists else [meaning.made]
    if changed is not None and meaning.made and {"backend", "tls.ports", "server_groups"} & changed:
        actions.append(meaning.made)  # there are new groups, or new listeners
    if isinstance(value, str) and value in meaning.actions:
        actions = [meaning.actions[value]]
    parameters = meaning.parameters(value)
    if meaning.of == TLS_LISTENERS and not parameters:
        return
    if meaning.of != LISTENERS or platform.type != "clb":
        yield {"actions": actions, "parameters": parameters, "times": _count(platform, meaning, options, ports)}
        return
    for protocol, count in Counter(item["protocol"] for item in ports).items():
        if protocol == "TCP" or meaning.udp:
            filled = [action.format(protocol=protocol) for action in actions]
            spelt = {SPELT.get((filled[0], key), key): text for key, text in parameters.items()}
            yield {"actions": filled, "parameters": spelt, "times": count}


def _count(platform: Platform, meaning: Meaning, options: Options, ports: Ports) -> int:
    """How many of them a Service has. Of AWS there is one for each number, be it for TCP, UDP or both."""
    tls = len(options.get("tls.ports", {}))
    if meaning.of in (BALANCER, TLS_LISTENERS):
        return tls if meaning.of == TLS_LISTENERS else 1
    if platform.label in WITH_CLOUD:
        return len(ports) + tls
    return len({item["port"] for item in ports if meaning.udp or item["protocol"] == "TCP"}) + (tls if meaning.udp else 0)


def listeners(options: Options, ports: Ports, owner: str = f"one/live/{NAME}") -> dict[str, str]:
    """By protocol and port the Kubernetes cluster, namespace and name of the Service whose listener it is."""
    own = {f"{item['protocol']}/{item['port']}": owner for item in ports}
    return own | {f"TCPSSL/{number}": owner for number in options.get("tls.ports", {}).values()}


def backends(options: Options) -> int:
    nodes = [node for node, (label, _pods) in NODES.items() if options.get("backend_labels", {}).get("srs", label) == label]
    if options.get("backend") == "pods":
        return sum(pods for _label, pods in NODES.values())
    if options.get("remove_unscheduled"):
        nodes = [node for node in nodes if node != CORDONED]
    if options.get("external_traffic_policy") == "Local":
        nodes = [node for node in nodes if NODES[node][1]]
    return len(nodes)


def status(options: Options, there: Sequence[Json]) -> Json:
    """Only what is known beforehand: a host name of the user's, or the address of a load balancer that is there."""
    if "hostname" in options:
        return {"status": [{"hostname": options["hostname"]}]}
    for balancer in there:
        if balancer["id"] == options.get("id") and "Address" in balancer["attributes"]:
            return {"status": [{"ip": balancer["eip"] if "show_address" in options else balancer["attributes"]["Address"]}]}
    return {}


# -- the cases of a table --


def option_cases(platform: Platform) -> Iterator[Json]:
    """Every option with each of its words, its lowest and its highest value, alone but for what it needs."""
    for context in contexts(platform):
        for name, cell in platform.cells.items():
            for value in fitting(platform, name, cell):
                options = completed(platform, {**context, name: value})
                if "id" in options and not context and reuses(platform):
                    continue  # told with the other ones that are there already
                for prefix in platform.prefixes or ("",):
                    yield from _made(platform, options, prefix, f"{name} {value}")


def contexts(platform: Platform) -> list[Options]:
    """A new load balancer; and one that is there already, where the controller's answer to that is known."""
    return [{}, *([{"id": ids(platform)[0], "override_listeners": True}] if reuses(platform) else [])]


def reuses(platform: Platform) -> bool:
    return platform.label in WITH_CLOUD and "id" in platform.cells


def combinations(platform: Platform, seed: int, count: int) -> Iterator[Json]:
    """Random options with random values, 2 to 9 of them, that go together."""
    draw = random.Random(f"{seed} {platform.label}")
    made = 0
    for _try in range(count * 100):
        if made == count or len(platform.cells) < 2:
            return
        ports = draw.choice([TCP, TCP, WITH_UDP])
        options = {**(for_udp(platform) if ports is WITH_UDP else {}), **_drawn(platform, draw, {})}
        found = list(_made(platform, options, draw.choice(list(platform.prefixes or ("",))), f"{seed}.{made}", ports))
        made += len(found)
        yield from found


def combined_changes(platform: Platform, seed: int, count: int) -> Iterator[Json]:
    """From one random combination to another that has some of it."""
    draw = random.Random(f"{seed} {platform.label} changes")
    made = 0
    for _try in range(count * 100):
        if made == count or len(platform.cells) < 2:
            return
        context = draw.choice(contexts(platform))
        old = _drawn(platform, draw, context)
        kept = {name: value for name, value in old.items() if draw.random() < 0.7}
        new = completed(platform, {**kept, **_drawn(platform, draw, context), **context})
        moved = any(name in {**old, **new} for name in ("id", "override_listeners")) and not context and reuses(platform)
        if old.get("instance_charge_type") == "PayByCLCU":
            new.pop("spec", None)  # which does nothing for one that was not said to be paid by size
        if context and "address" not in old:
            new.pop("address", None)  # refused to be sure: nobody knows what one that people have made was before it was said
            new.pop("vswitch_id", None)
            new.pop("ip", None)
        if old != new and not moved and (before := tried(platform, old)) and (after := tried(platform, new)):
            made += 1
            yield _changed(platform, old, new, before, after, f"change {seed}.{made}")


def _drawn(platform: Platform, draw: random.Random, context: Options) -> Options:
    names = list(platform.cells)
    chosen = draw.sample(names, draw.randint(2, min(9, len(names))))
    return completed(platform, {**{name: draw.choice(fitting(platform, name, platform.cells[name])) for name in chosen}, **context})


def _made(platform: Platform, options: Options, prefix: str, title: str, ports: Ports = TCP) -> Iterator[Json]:
    if not tried(platform, options, ports):
        return
    slb = slb_of(platform, options, **({"annotation_prefix": prefix} if prefix else {}))
    there = [bought(platform, options, number=ids(platform).index(options["id"]))] if "id" in options and reuses(platform) else []
    yield {
        "name": " ".join(filter(None, [platform.label, prefix, "on an existing one" if there else "", title])),
        "slb": slb,
        "existing": there,
        "steps": [applied(manifest(slb, ports), expected(platform, options, ports, there))],
    }


def change_cases(platform: Platform) -> Iterator[Json]:
    """Every option added, changed and removed while there is a load balancer."""
    for context in contexts(platform):
        for name, cell in platform.cells.items():
            values = fitting(platform, name, cell)
            pairs: list[tuple[Any, Any]] = [(None, values[0]), (values[0], None), *permutations(values, 2)]
            if name in context:
                pairs = [pair for pair in pairs if None not in pair] if name == "id" else []
            for first, second in pairs:
                old, new = (_with(platform, context, name, value) for value in (first, second))
                if second is None and tried(platform, alone := {key: value for key, value in old.items() if key != name}):
                    new = alone
                told = "id" in old and "id" in new and not context and reuses(platform)
                if old != new and not told and (before := tried(platform, old)) and (after := tried(platform, new)):
                    yield _changed(platform, old, new, before, after, f"{name} {first} to {second}")


def _with(platform: Platform, context: Options, name: str, value: Any) -> Options:
    return completed(platform, context if value is None else {**context, name: value})


def _changed(platform: Platform, old: Options, new: Options, before: Json, after: Json, title: str) -> Json:
    there = []
    if "id" in {**old, **new} and reuses(platform):
        there = [bought(platform, old, new), bought(platform, {}, {"show_address": ...} if "show_address" in old else {}, number=1)]
    return {
        "name": f"{platform.label} {'on an existing one ' if 'id' in old else ''}{title}",
        "slb": [slb_of(platform, old), slb_of(platform, new)],
        "existing": there,
        "steps": [applied(before, expected(platform, old, TCP, there)), applied(after, _after(platform, old, new, before, after, there))],
    }


def _after(platform: Platform, old: Options, new: Options, before: Json, after: Json, there: Sequence[Json]) -> Json:
    """What a change must come to, by what is said of it to whoever makes it."""
    live = {**before, "status": {"loadBalancer": {"ingress": [{"ip": ADDRESSES[False][0]}]}}}
    said = {change.option: change.outcome for change in changes.changes(live, after)}
    changed = {name for name in {**old, **new} if old.get(name) != new.get(name)}
    if platform.label not in WITH_CLOUD:
        return {**expected(platform, new), "said": said}
    if STUCK in said.values():
        return {"error": True, "said": said}
    if all(said.get(name) == IGNORED for name in changed):
        return {"error": False, "unchanged": True, "said": said}
    return {**expected(platform, new, TCP, there, {name for name in changed if said.get(name) != IGNORED}), "said": said}

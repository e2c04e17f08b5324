# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random changes of apply sets among bystanders, by the module's code in this process, and a model of what must be there."""

from __future__ import annotations

import contextlib
import random
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec
from ansible_collections.livestream.srs.plugins.module_utils._labels import MANAGED_BY, OWNER, PART_OF
from ansible_collections.livestream.srs.tests.support.chaos_plans import Weather, blowing
from ansible_collections.livestream.srs.tests.support.fault_proxy import FAULTS, FaultProxy, fault_proxy, undisturbed
from ansible_collections.livestream.srs.tests.support.snapshots import Key, Snapshot, changed_between, snapshot

SETS = ("srs-edge", "srs-edge-canary", "srs-2-edge", "srs-edge-edge", "s-edge")
"""Topologies srs, srs-2, srs-edge and s."""
STEPS = 25
"""In a walk."""

Object = dict[str, Any]

KINDS = {
    "ConfigMap": "v1",
    "Secret": "v1",
    "Service": "v1",
    "PersistentVolumeClaim": "v1",
    "Deployment": "apps/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
CLAIM = "PersistentVolumeClaim"


def manifest(key: Key, value: int) -> Object:
    """An object, as one of a role's; another value makes a change."""
    kind, namespace, name = key
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "srs", "image": f"registry.invalid/srs:{value}"}]}}
    selector = {"matchLabels": {"app": name}}
    content: dict[str, Object] = {
        "ConfigMap": {"data": {"srs.conf": f"max_connections {value};"}},
        "Secret": {"stringData": {"key": str(value)}},
        "Service": {"spec": {"selector": {"app": name}, "ports": [{"name": "rtmp", "port": 1935 + value}]}},
        CLAIM: {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}}},
        "Deployment": {"spec": {"replicas": 0, "selector": selector, "template": pod}},
        "NetworkPolicy": {"spec": {"podSelector": selector, "ingress": [{"ports": [{"port": 1935 + value}]}]}},
        "PodDisruptionBudget": {"spec": {"maxUnavailable": 1 + value, "selector": selector}},
        "HorizontalPodAutoscaler": {
            "spec": {"maxReplicas": 1 + value, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}}
        },
    }
    labels = {MANAGED_BY: OWNER, PART_OF: "srs"}
    annotations = {"value": str(value)}
    metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, **content[kind]}


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@dataclass
class Disturbance:
    """What happens to a run in the middle."""

    kill_at: int | None = None  # the number of the request, of those that write
    carried_out: bool = False
    weather: Weather | None = None

    def __str__(self) -> str:
        if self.weather:
            return f" in {self.weather}"
        return "" if self.kill_at is None else f" killed {'after' if self.carried_out else 'before'} write {self.kill_at}"


@dataclass
class Member:
    value: int
    finalizer: bool = False  # somebody's, so that it stays for a while


@dataclass
class Walk:
    """Changes of sets in three namespaces, one after another, and what must be there."""

    client: Client
    proxied: Client
    proxy: FaultProxy
    dice: random.Random
    namespaces: list[str]
    members: dict[tuple[str, str], dict[Key, Member]] = field(default_factory=dict)  # by set and its namespace
    records: set[tuple[str, str]] = field(default_factory=set)
    bystanders: Snapshot = field(default_factory=dict)
    seen: Snapshot = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    disturb: bool = True

    # What there is

    def look(self) -> Snapshot:
        return snapshot(self.client, [(version, kind) for kind, version in KINDS.items()], self.namespaces)

    def expected(self) -> dict[Key, int]:
        """The members of all sets, each with its value."""
        return {key: member.value for members in self.members.values() for key, member in members.items()}

    def wrong(self, found: Snapshot, between: bool = False) -> Iterator[str]:
        """What is not as it must be. After a run that did not end well (``between``), members may be at either of two states."""
        for key, item in self.bystanders.items():
            if key not in found:
                yield f"the bystander {key} was deleted"
            elif untouched(found[key]) != untouched(item):
                yield f"the bystander {key} was changed: {untouched(item)} -> {untouched(found[key])}"
        if between:
            return
        expected = self.expected()
        records = {("ConfigMap", namespace, membership.record_name(name)) for name, namespace in self.records}
        for key, value in expected.items():
            if key not in found:
                yield f"the member {key} is missing"
            elif found[key]["metadata"].get("annotations", {}).get("value") != str(value):
                yield f"the member {key} is not at value {value}: {found[key]['metadata'].get('annotations')}"
            elif "deletionTimestamp" in found[key]["metadata"]:
                yield f"the member {key} is being deleted"
        for key, item in found.items():
            if key not in expected and key not in self.bystanders and key not in records and "deletionTimestamp" not in item["metadata"]:
                yield f"{key} was left behind"
        yield from (f"the record {key} is missing" for key in sorted(records - found.keys()))

    # Steps

    def run(self) -> list[str]:
        """Take all steps, up to the first that goes wrong: what was wrong."""
        self.seen = self.look()
        for number in range(STEPS):
            self.log.clear()
            try:
                wrong = list(self.step())
            except SrsError as error:
                wrong = [f"failed: {error.message}"]
            if wrong:
                return [f"step {number}: " + "; then ".join(self.log), *wrong[:10]]
        return []

    def step(self) -> Iterator[str]:
        name, namespace = self.dice.choice(SETS), self.dice.choice(self.namespaces)
        if meddlers := self.dice.choice([0, 0, 1, 2]):
            for _time in range(meddlers):
                self.meddle(name, namespace)
            self.seen = self.look()
        members = self.members.get((name, namespace), {})
        spec, after, empties = self.wanted(name, namespace, members)
        disturbance = self.disturbance() if self.disturb and not spec.check_mode else Disturbance()
        self.log.append(f"{'check of ' if spec.check_mode else ''}{describe(spec)}{disturbance}")
        if empties:
            yield from self.refused(spec, "prune would delete all")
            return
        if disturbance.weather or disturbance.kill_at is not None:
            yield from self.disturbed(spec, disturbance)
            self.seen = self.look()
        result = apply_set(self.client, spec)
        self.told.append("changes" if result.changed else "nothing to change")
        if not spec.check_mode:
            self.members[name, namespace] = after
            has_record = bool(after) if spec.absent else True
            (self.records.add if has_record else self.records.discard)((name, namespace))
        found = self.look()
        yield from self.wrong(found)
        yield from self.untrue(result, spec, found)
        self.seen = self.look() if self.let_go(found) else found

    def wanted(self, name: str, namespace: str, members: dict[Key, Member]) -> tuple[SetSpec, dict[Key, Member], bool]:
        """A run, what the set has after it, and whether it must be refused as it would empty the set."""
        dice = self.dice
        check = dice.random() < 0.1
        drop_claims = dice.random() < 0.5
        stays = {key: member for key, member in members.items() if key[0] == CLAIM}
        if dice.random() < 0.15:
            after = {} if drop_claims else stays
            spec = SetSpec(name, namespace, absent=True, delete_persistent_volume_claims=drop_claims, check_mode=check)
            return spec, after, False
        if members and dice.random() < 0.08:
            some = dice.sample(sorted(members), dice.randint(1, len(members)))
            after = {key: member for key, member in members.items() if key not in some or (key[0] == CLAIM and not drop_claims)}
            given = [manifest(key, members[key].value) for key in some]
            spec = SetSpec(name, namespace, given, absent=True, only_objects=True, check_mode=check)
            spec.delete_persistent_volume_claims = drop_claims
            return spec, after, False
        prune = dice.random() < 0.8
        values = {self.key(name, namespace): dice.randint(0, 3) for _index in range(dice.choice([0, 1, 3, 6, 12]))}
        kept = members if not prune else {} if drop_claims else stays
        after = {**kept, **{key: Member(value, key in members and members[key].finalizer) for key, value in values.items()}}
        given = [manifest(key, value) for key, value in values.items()]
        dice.shuffle(given)
        allow = dice.random() < 0.5
        spec = SetSpec(
            name,
            namespace,
            given,
            prune=prune,
            prune_allow_empty=allow,
            delete_persistent_volume_claims=drop_claims,
            check_mode=check,
            create_namespace=False,
        )
        doomed = [key for key in members if key not in kept and key not in values]
        return spec, after, bool(prune and not values and doomed and not allow)

    def key(self, name: str, namespace: str) -> Key:
        """A member's kind, namespace and name; it may live in another namespace than the record."""
        where = self.dice.choice(self.namespaces) if self.dice.random() < 0.15 else namespace
        home = "" if where == namespace else f"-of-{self.namespaces.index(namespace)}"
        return self.dice.choice(sorted(KINDS)), where, f"{self.dice.choice('abc')}-{name}{home}"

    def refused(self, spec: SetSpec, words: str) -> Iterator[str]:
        self.told.append("refused")
        try:
            apply_set(self.client, spec)
        except SrsError as error:
            if words not in error.message:
                yield f"refused for another reason: {error.message}"
        else:
            yield "was not refused"
        if changed := changed_between(self.seen, self.look()):
            yield f"was refused and changed {changed[:5]}"

    def untrue(self, result: Result, spec: SetSpec, found: Snapshot) -> Iterator[str]:
        """What the result says and isn't so."""
        changed = set(changed_between(self.seen, found))
        said = {(item["kind"], item["namespace"] or "", item["name"]) for item in result.objects if item["changed"]}
        if spec.check_mode:
            if changed:
                yield f"check mode changed {sorted(changed)[:5]}"
            return
        if result.changed != bool(changed):
            yield f"said changed={result.changed}, and changed were {sorted(changed)[:5]}"
        if said != changed:
            yield f"said that it changed what it did not: {sorted(said - changed)[:5]}; did not say of {sorted(changed - said)[:5]}"

    def let_go(self, found: Snapshot) -> bool:
        """Those who held members that are being deleted give them up."""
        held = [key for key, item in found.items() if "deletionTimestamp" in item["metadata"] and key not in self.bystanders]
        for kind, namespace, name in held:
            with contextlib.suppress(SrsError):
                self.client.patch(KINDS[kind], kind, name, namespace, {"metadata": {"finalizers": None}})
        return bool(held)

    # Disturbances in the middle

    def disturbance(self) -> Disturbance:
        dice = self.dice
        chance = dice.random()
        if chance < 0.25:
            return Disturbance(kill_at=dice.choice([0, 1, 2, 4, 8, 12]), carried_out=dice.random() < 0.5)
        if chance < 0.35:
            quick = sorted(FAULTS.keys() - {"slow", "429, Retry-After 1"})
            return Disturbance(weather=Weather(tuple(dice.sample(quick, dice.choice([1, 3, len(quick)]))), dice.choice([0.1, 0.3])))
        return Disturbance()

    def disturbed(self, spec: SetSpec, disturbance: Disturbance) -> Iterator[str]:
        """A run that may not come to its end."""
        try:
            if disturbance.weather:
                self.proxy.follow(blowing(disturbance.weather, str(self.dice.random()), 0))
                result = apply_set(self.proxied, spec)
            else:
                with killed_at(self.client, disturbance.kill_at or 0, disturbance.carried_out):
                    result = apply_set(self.client, spec)
        except Killed:
            self.told.append("killed")
            yield from self.wrong(self.look(), between=True)
        except SrsError as error:
            self.told.append("ended by faults")
            found = self.look()
            yield from self.wrong(found, between=True)
            if (changed := changed_between(self.seen, found)) and not error.details.get("changed"):
                yield f"failed without changed=true, and {len(changed)} objects were changed: {changed[:3]}; said: {error.message[:200]}"
        except Exception as error:
            yield f"a bare error: {error!r}"
        else:
            found = self.look()
            if changed_between(self.seen, found) and not result.changed:
                yield f"said changed=false, and changed were {changed_between(self.seen, found)[:5]}"
        finally:
            self.proxy.follow(undisturbed)

    # What others do between runs

    def meddle(self, name: str, namespace: str) -> None:
        others: list[tuple[Callable[[str, str], str | None], int]] = [
            (self.add_bystander, 6),
            (self.lose_record, 2),
            (self.falsify_record, 2),
            (self.take_out, 2),
            (self.edit_member, 2),
            (self.delete_member, 2),
            (self.hold_member, 1),
        ]
        (act,) = self.dice.choices([act for act, _weight in others], [weight for _act, weight in others])
        if said := act(name, namespace):
            self.log.append(said)

    def add_bystander(self, name: str, namespace: str) -> str:
        """Somebody's object with all our labels; one in five has a finalizer."""
        kind, where, called = self.key(name, namespace)
        called = self.dice.choice([f"by-{self.dice.randint(0, 999)}-{name}", f"z-{name}", called.replace("-of-", "-off-") + "-x"])
        key = (kind, where, called)
        if key in self.bystanders:
            return ""
        item = manifest(key, 9)
        item["metadata"]["labels"][membership.PART_OF] = membership.set_id(name, namespace)
        if self.dice.random() < 0.2:
            item["metadata"]["finalizers"] = ["example.com/held"]
        how = self.dice.choice(["create", "kubectl apply", "helm", "our name"])
        path = self.client.resource(item["apiVersion"], kind).path(where, None)
        if how == "helm":
            item["metadata"]["labels"][MANAGED_BY] = self.dice.choice(["Helm", OWNER])
            query = {"fieldManager": "helm", "force": "true"}
            body_type = "application/apply-patch+yaml"
            self.client.transport.request("PATCH", f"{path}/{called}", "make a bystander", query, body=item, content_type=body_type)
        else:
            manager = {"create": "kubectl-create", "kubectl apply": "kubectl-client-side-apply", "our name": FIELD_MANAGER}[how]
            if how == "kubectl apply":
                item["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
            self.client.transport.request("POST", path, "make a bystander", {"fieldManager": manager}, body=item)
        made = self.client.get(item["apiVersion"], kind, called, where)
        assert made
        self.bystanders[key] = made
        return f"bystander {key} by {how}"

    def lose_record(self, name: str, namespace: str) -> str | None:
        if (name, namespace) not in self.records or not self.at_home(name, namespace):
            return None
        self.client.delete("v1", "ConfigMap", membership.record_name(name), namespace)
        # It is made again by the next run of that set.
        self.records.discard((name, namespace))
        return f"the record of {name} in {namespace} is deleted"

    def falsify_record(self, name: str, namespace: str) -> str | None:
        if (name, namespace) not in self.records or not self.at_home(name, namespace):
            return None
        some = self.dice.sample(sorted(KINDS), self.dice.randint(0, 3))
        annotations = {membership.GROUP_KINDS: ",".join([*some, "Thing.example.org"]), membership.NAMESPACES: "no-such-namespace"}
        record = membership.record_name(name)
        self.client.patch("v1", "ConfigMap", record, namespace, {"metadata": {"annotations": annotations}})
        return f"the record of {name} in {namespace} says {annotations[membership.GROUP_KINDS]}"

    def at_home(self, name: str, namespace: str) -> bool:
        """Whether all members live with the record: nobody can know of others without it."""
        return all(key[1] == namespace for key in self.members.get((name, namespace), {}))

    def take_out(self, name: str, namespace: str) -> str | None:
        """Take a member out of its set by its label: it is somebody's own then."""
        if not (key := self.some_member(name, namespace)):
            return None
        kind, where, called = key
        del self.members[name, namespace][key]
        # Under a name that the set may want again it would be taken over.
        self.client.patch(KINDS[kind], kind, called, where, {"metadata": {"labels": {membership.PART_OF: None}}})
        self.client.delete(KINDS[kind], kind, called, where)
        return f"{key} is taken out and deleted"

    def edit_member(self, name: str, namespace: str) -> str | None:
        if not (key := self.some_member(name, namespace)):
            return None
        member = self.members[name, namespace][key]
        member.value = self.dice.randint(4, 6)
        self.client.patch(KINDS[key[0]], key[0], key[2], key[1], {"metadata": {"annotations": {"value": str(member.value)}}})
        return f"{key} is edited"

    def delete_member(self, name: str, namespace: str) -> str | None:
        if not (key := self.some_member(name, namespace)):
            return None
        del self.members[name, namespace][key]
        self.client.delete(KINDS[key[0]], key[0], key[2], key[1])
        return f"{key} is deleted"

    def hold_member(self, name: str, namespace: str) -> str | None:
        """Somebody's finalizer on a member."""
        if not (key := self.some_member(name, namespace)):
            return None
        self.members[name, namespace][key].finalizer = True
        self.client.patch(KINDS[key[0]], key[0], key[2], key[1], {"metadata": {"finalizers": ["example.com/held"]}})
        return f"{key} has a finalizer"

    def some_member(self, name: str, namespace: str) -> Key | None:
        members = self.members.get((name, namespace), {})
        able = sorted(key for key, member in members.items() if key[0] != CLAIM and not member.finalizer)
        return self.dice.choice(able) if able else None


def untouched(item: Object) -> Object:
    """What of a bystander nobody may touch. Controllers write the status of some kinds, which makes a new version."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in ("managedFields", "generation")}
    if item["kind"] not in ("ConfigMap", "Secret", "Service", "NetworkPolicy"):
        del metadata["resourceVersion"]
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if "deployment.kubernetes.io" not in key}
    return {**{key: value for key, value in item.items() if key not in ("status", "metadata")}, "metadata": metadata}


def describe(spec: SetSpec) -> str:
    metadata = [(item["kind"], item["metadata"]) for item in spec.objects]
    names = ", ".join(f"{kind} {item['namespace']}/{item['name']}={item['annotations']['value']}" for kind, item in metadata)
    options = ("absent", "only_objects", "prune", "prune_allow_empty", "delete_persistent_volume_claims")
    return f"{spec.name} in {spec.namespace} {' '.join(name for name in options if getattr(spec, name))} [{names}]"


@contextlib.contextmanager
def killed_at(client: Client, number: int, carried_out: bool) -> Iterator[None]:
    """The process ends at one of its writes: from then on nothing is sent any more."""
    send = client.transport.request
    lock = threading.Lock()
    writes = 0
    dead = False

    def request(method: str, path: str, what: str, query: Any = None, **options: Any) -> Any:
        nonlocal writes, dead
        with lock:
            if dead:
                raise Killed
            mine = method != "GET" and not (query or {}).get("dryRun")
            last = mine and writes == number
            writes += mine
            dead = dead or last
        if last and not carried_out:
            raise Killed
        answer = send(method, path, what, query, **options)
        if last:
            raise Killed
        return answer

    client.transport.request = request  # type: ignore[method-assign]
    try:
        yield
    finally:
        del client.transport.request


def walk(kubeconfig: str, dice: random.Random, disturb: bool = True) -> tuple[list[str], list[str]]:
    """One walk in namespaces of its own: what was wrong, and what to count."""
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(fault_proxy(kubeconfig))
        client, proxied = (Client.from_params({"kubeconfig": str(path)}) for path in (kubeconfig, proxy.kubeconfig))
        stack.callback(client.close)
        stack.callback(proxied.close)
        namespaces = [f"chaos-{uuid.uuid4().hex[:8]}" for _index in range(3)]
        for name in namespaces:
            client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        made = Walk(client, proxied, proxy, dice, namespaces, disturb=disturb)
        try:
            return made.run(), made.told
        finally:
            _clean(client, namespaces, made.look())


def _clean(client: Client, namespaces: Iterable[str], found: Snapshot) -> None:
    for (kind, namespace, name), item in found.items():
        if item["metadata"].get("finalizers"):
            with contextlib.suppress(SrsError):
                client.patch(KINDS[kind], kind, name, namespace, {"metadata": {"finalizers": None}})
    for name in namespaces:
        client.delete("v1", "Namespace", name)

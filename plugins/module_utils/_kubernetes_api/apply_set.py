# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a list of objects as one set (KEP-3659): plan by dry run, apply what differs, prune what left the list.

The plan is what check mode reports. The members of the set are listed; those that have exactly the fields and values that were applied need
no more. For each other object a dry run tells what the API server would make of it, and a real run then writes those that differ. So a run
that changes nothing costs one list per kind and one read of the set's record, and an invalid object is found before anything is changed.

Sets that follow are planned before the first change, too, so that a run doesn't stop half-way because of one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, kinds, membership, objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable, joined
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, JSON_PATCH, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import failure_message, pods_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.take_over import PAUSES, take_over
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_gone, wait_ready
from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD, MANAGED_BY, OWNER

# Where objects are tried whose own namespace is yet to be created. It always exists.
ELSEWHERE = "default"
# Seconds that a run waits for what it can't go on without.
TERMINATION = 120.0
ESTABLISHMENT = 30.0


@dataclass
class SetSpec:
    """What one apply set is to be; the options of the module ``apply_set``, where they are documented."""

    name: str
    namespace: str
    objects: list[Any] = field(default_factory=list)  # nested lists are flattened, None is skipped
    absent: bool = False
    only_objects: bool = False
    prune: bool = False
    prune_allow_empty: bool = False
    delete_persistent_volume_claims: bool = False
    drain: bool = False
    optional_groups: list[str] = field(default_factory=list)  # API groups whose objects are left out where the server has no such group
    force_conflicts: bool = True
    create_namespace: bool = True
    wait: bool = False
    wait_timeout: float = 300  # seconds
    check_mode: bool = False
    diff: bool = False  # whether the result shows each change as YAML
    policy: Policy = field(default_factory=Policy)
    others_new: bool = False  # a plan has just found that no object exists that isn't a member yet
    following: Callable[[], list[SetSpec]] = field(
        default=list, compare=False
    )  # sets that come later: planned before this one changes anything


@dataclass
class Step:
    """What is to be done with one object."""

    ref: Ref
    resource: kinds.Resource
    action: str  # created, configured, unchanged, deleted, kept, held
    manifest: Object = field(default_factory=dict)  # what to apply
    live: Object | None = None  # what is there
    after: Object | None = None  # what the server says will be there
    write: bool = False  # whether there is anything to tell the server: the content, or only who owns it
    blind: bool = False  # no dry run was possible: the namespace or kind is yet to be created, or a predecessor is still being deleted
    conflicts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the object is changed by it."""
        return self.action in ("created", "configured", "deleted")

    @property
    def phase(self) -> int:
        """When it is its turn, see ``membership.phase``."""
        return membership.phase(self.resource.group_kind)


class Done(TypedDict):
    """One object, and what was done with it."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    action: str  # see Step
    changed: bool
    fields: list[str]  # top-level fields that were changed
    pod_template: list[str]  # paths in the pod template that were changed, for which pods are replaced


class Conflict(TypedDict):
    """A field of another manager whose value was overwritten."""

    object: str  # "Deployment media/srs-edge-deployment"
    manager: str
    field: str  # ".spec.replicas"


@dataclass
class Result:
    """What was (or, in check mode, would be) done; its fields are the module's result, where they are documented."""

    changed: bool = False
    objects: list[Done] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    diff: list[object_diff.Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    planned_following: list[str] | None = field(
        default=None, compare=False
    )  # those whose objects are members or new; None if none was planned


def apply_set(client: Client, spec: SetSpec) -> Result:
    """Apply the set, or with ``spec.absent`` delete it; in check mode, predict that.

    Raises SrsError that names every object that failed. Before anything is changed, all objects have passed a dry run, except those whose
    namespace or kind does not exist yet.
    """
    return _Absent(client, spec).run() if spec.absent else _Present(client, spec).run()


class _Set:
    """What presence and absence share: the record, the members, deletion, the result."""

    def __init__(self, client: Client, spec: SetSpec) -> None:
        objects.check_label("name", spec.name)
        objects.check_label("namespace", spec.namespace)
        self.client = client
        self.spec = spec
        self.policy = spec.policy
        self.id = membership.set_id(spec.name, spec.namespace)
        self.selector = f"{membership.PART_OF}={self.id}"
        self.record = self._read_record()
        self.home = membership.Scope(namespaces=frozenset({spec.namespace}))
        self.recorded = membership.recorded_scope(self.record, spec.namespace) if self.record else self.home

    def _read_record(self) -> Object | None:
        name, namespace = self.spec.name, self.spec.namespace
        record = self.client.get("v1", "ConfigMap", membership.record_name(name), namespace)
        if record and not membership.is_record_of(record, name, namespace):
            raise SrsError(
                f"ConfigMap {namespace}/{membership.record_name(name)} exists but is not the record of an apply set of this collection; "
                "choose another name for the set, or remove that ConfigMap."
            )
        return record

    def _read(self, ref: Ref) -> Object | None:
        return self.client.get(ref.api_version, ref.kind, ref.name, ref.namespace)

    def _members(self, places: Iterable[tuple[kinds.Resource, str | None]]) -> dict[tuple[str, str | None, str], Object]:
        """The set's members in these places, one list for each."""

        def members(place: tuple[kinds.Resource, str | None]) -> list[tuple[tuple[str, str | None, str], Object]]:
            resource, namespace = place
            try:
                found = self.client.list(resource.api_version, resource.kind, namespace, label_selector=self.selector).items
            except ApiError as error:
                if error.status == 404:  # a kind that the server no longer has can't have members
                    return []
                raise
            return [((resource.group_kind, item["metadata"].get("namespace"), item["metadata"]["name"]), item) for item in found]

        return {key: item for found in self.client.each(members, dict.fromkeys(places)) for key, item in found}

    def _recorded_places(self) -> list[tuple[kinds.Resource, str | None]]:
        places: list[tuple[kinds.Resource, str | None]] = []
        for group_kind in sorted(self.recorded.group_kinds):
            if resource := self.client.preferred(group_kind):
                places += (
                    [(resource, namespace) for namespace in sorted(self.recorded.namespaces)] if resource.namespaced else [(resource, None)]
                )
        return places

    @staticmethod
    def _is_ours(live: Object) -> bool:
        """Whether this collection applied an object. The label alone may be a copy: controllers and people copy labels to other objects."""
        return bool(field_ownership.applied_by(live, FIELD_MANAGER)) and not live["metadata"].get("deletionTimestamp")

    def _removal(self, live: Object) -> Step:
        """The step that deletes a member, or keeps it where data would be lost with it."""
        resource = self.client.resource(live["apiVersion"], live["kind"])
        kept = resource.group_kind in membership.KEPT_KINDS or (
            resource.group_kind == kinds.CLAIM and not self.spec.delete_persistent_volume_claims
        )
        return Step(objects.ref(live), resource, "kept" if kept else "deleted", live=live, write=not kept)

    def _remove(self, steps: list[Step]) -> None:
        doomed = [step for step in steps if step.write]
        if self.spec.drain:
            workloads = [step for step in doomed if step.resource.group_kind in kinds.WORKLOADS]
            self._drain(workloads)
            doomed = [step for step in doomed if step not in workloads]
        for phase in (2, 1, 0):
            self._attempt("delete", self._delete, [step for step in doomed if step.phase == phase])

    def _drain(self, workloads: list[Step]) -> None:
        """Delete workloads and wait for the end of their pods, which may still serve: whatever leads to them must stay until then."""
        live = [step.live for step in workloads if step.live]
        pods = [pod for pods in self.client.each(lambda item: pods_of(self.client, item), live) for pod in pods]
        self._attempt("delete", self._delete, workloads)
        patience = max((pod["spec"].get("terminationGracePeriodSeconds") or 0 for pod in pods), default=0) + TERMINATION
        if left := wait_gone(self.client, pods, patience):
            names = ", ".join(str(entry.ref) for entry in left)
            self.client.warnings.append(f"Still present {patience:.0f} s after deletion: {names}; check the kubelet of their node.")

    def _delete(self, step: Step) -> None:
        uid = step.live["metadata"]["uid"] if step.live else None
        self.client.delete(step.ref.api_version, step.ref.kind, step.ref.name, step.ref.namespace, uid=uid)

    def _write(self, step: Step) -> None:
        if step.live and step.blind:
            if left := wait_gone(self.client, [step.live], TERMINATION):
                raise SrsError(f"Can't apply {step.ref}: {left[0].reason}; see what its finalizers wait for.")
        elif step.live:
            take_over(self.client, step.live, step.manifest)
        self.client.apply(step.manifest, force=self.spec.force_conflicts, resource=step.resource)

    def _record_step(self, scope: membership.Scope) -> Step:
        """The step that makes the record state this scope."""
        manifest = membership.record(self.spec.name, self.spec.namespace, scope)
        resource = self.client.resource("v1", "ConfigMap")
        if self.record is None:
            return Step(objects.ref(manifest), resource, "created", manifest=manifest, write=True)
        metadata = self.record["metadata"]
        merged = {**metadata, **{key: {**(metadata.get(key) or {}), **manifest["metadata"][key]} for key in ("labels", "annotations")}}
        after = {**self.record, "metadata": merged}
        differs = after != self.record
        return Step(
            objects.ref(manifest),
            resource,
            "configured" if differs else "unchanged",
            manifest=manifest,
            live=self.record,
            after=after,
            write=differs,
        )

    def _plan_following(self, steps: Iterable[Step]) -> list[str] | None:
        """Plan the sets that follow, if any of the steps is due: the names of those whose objects are either members already or new.
        Raises SrsError where one of them can't be applied.
        """
        if self.spec.check_mode or not any(step.write for step in steps):
            return None
        said, new = len(self.client.warnings), []
        for following in self.spec.following():
            try:
                later = _Present(self.client, replace(following, check_mode=True))
                planned, _removals = later.plan()
            except SrsError as error:
                raise SrsError(f"Nothing was changed. {error.message}", **error.details) from error
            if all((step.action == "created" and not step.blind) or later.is_member(step) for step in planned):
                new.append(following.name)
        del self.client.warnings[said:]  # they will be said when it is their turn
        return new

    def _attempt(self, verb: str, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """The function's results. The failures of all items are raised together; that the API server is unreachable is raised at once."""

        def tried(item: Any) -> tuple[Any, SrsError | None]:
            try:
                return function(item), None
            except Unreachable:
                raise
            except SrsError as error:
                return None, error

        outcomes = self.client.each(tried, items)
        failures = [error for _result, error in outcomes if error]
        if failures:
            raise joined(failures, len(outcomes), verb)
        return [result for result, _error in outcomes]

    def _result(self, steps: list[Step]) -> Result:
        return Result(
            changed=any(step.changed for step in steps),
            objects=[
                {
                    "api_version": step.ref.api_version,
                    "kind": step.ref.kind,
                    "namespace": step.ref.namespace,
                    "name": step.ref.name,
                    "action": step.action,
                    "changed": step.changed,
                    "fields": objects.changed_fields(step.live, step.after)
                    if step.action == "configured" and step.live and step.after
                    else [],
                    "pod_template": objects.changed_template(step.live, step.after)
                    if step.action == "configured" and step.live and step.after
                    else [],
                }
                for step in steps
            ],
            conflicts=[{"object": str(step.ref), "manager": manager, "field": path} for step in steps for manager, path in step.conflicts],
            diff=[self._diff(step) for step in steps if step.changed] if self.spec.diff else [],
            warnings=self.client.warnings,
        )

    def _diff(self, step: Step) -> object_diff.Entry:
        # Of a new object the manifest is shown: it reads better than what the server fills in, and is known even without a dry run.
        if step.action == "created":
            return object_diff.entry(str(step.ref), None, step.manifest, self.policy)
        before, after = (item and objects.without_allocated(item, step.manifest) for item in (step.live, step.after))
        return object_diff.entry(str(step.ref), before, after, self.policy)


class _Absent(_Set):
    def run(self) -> Result:
        if self.record is None:
            return Result()
        members = {key: live for key, live in self._members(self._recorded_places()).items() if self._is_ours(live)}
        doomed = {key: members[key] for key in self._named() if key in members} if self.spec.only_objects else members
        steps = [self._removal(live) for live in doomed.values()]
        steps.sort(key=lambda step: (-step.phase, step.ref.kind, step.ref.namespace or "", step.ref.name))
        kept = [step.ref for step in steps if step.action == "kept"] + [
            objects.ref(live) for key, live in members.items() if key not in doomed
        ]
        if kept:
            places = ((self.client.resource(ref.api_version, ref.kind), ref.namespace) for ref in kept)
            record = self._record_step(membership.scope_of(places))
        else:
            record = Step(
                objects.ref({**self.record, "apiVersion": "v1", "kind": "ConfigMap"}), self.client.resource("v1", "ConfigMap"), "deleted"
            )
            record.live, record.write = self.record, True
        planned_following = self._plan_following(steps)
        if not self.spec.check_mode:
            self._remove(steps)
            if self.spec.wait:
                gone = [step.live for step in steps if step.action == "deleted" and step.live]
                if left := wait_gone(self.client, gone, self.spec.wait_timeout, label_selector=self.selector):
                    raise SrsError(failure_message(left, len(gone), self.spec.wait_timeout), changed=True)
            if record.action == "deleted":
                self._delete(record)
            elif record.write:
                self._write(record)
        return replace(self._result([*steps, record]), planned_following=planned_following)

    def _named(self) -> list[tuple[str, str | None, str]]:
        """The keys of the objects in the list."""
        keys = []
        for item in objects.flatten(self.spec.objects):
            resource = self.client.resource(item["apiVersion"], item["kind"])
            namespace = item["metadata"].get("namespace") or self.spec.namespace
            keys.append((resource.group_kind, namespace if resource.namespaced else None, item["metadata"]["name"]))
        return keys


class _Present(_Set):
    def __init__(self, client: Client, spec: SetSpec) -> None:
        # Mistakes that can be found without the API server are reported first.
        given = objects.flatten(spec.objects)
        super().__init__(client, spec)
        given = self._without_missing_groups(given)
        self.coming = [resource for item in given if objects.group_kind(item) == kinds.DEFINITION for resource in kinds.defined_by(item)]
        client.learn(self.coming)
        self.wanted = self._wanted(given)
        self.live: dict[tuple[str, str | None, str], Object] = {}
        self.missing: set[str] = set()  # namespaces that the API server said do not exist

    def run(self) -> Result:
        spec = self.spec
        steps, removals = self.plan()
        namespaces = self._missing_namespaces(steps)
        wanted = self.home | membership.scope_of((step.resource, step.ref.namespace) for step in steps)
        kept = membership.scope_of((step.resource, step.ref.namespace) for step in removals if step.action != "deleted")
        widened = self.recorded | wanted
        # Without prune, what is recorded may still have members that are not wanted.
        record = self._record_step(wanted | kept if spec.prune else widened)
        planned_following = self._plan_following([*namespaces, *steps, *removals])
        if not spec.check_mode:
            self._carry_out(namespaces, steps, removals, record, widened)
        return replace(self._result([*namespaces, *steps, *removals, record]), planned_following=planned_following)

    def _without_missing_groups(self, given: list[Object]) -> list[Object]:
        """The objects that the API server can have, of those whose API group is optional."""
        groups = {kinds.group_of(item["apiVersion"]) for item in given} & set(self.spec.optional_groups)
        missing = {group for group in sorted(groups) if not self.client.has_group(group)}
        for group in sorted(missing):
            left_out = ", ".join(str(objects.ref(item)) for item in given if kinds.group_of(item["apiVersion"]) == group)
            self.client.warnings.append(f"The API server does not serve {group}, so these objects were left out: {left_out}.")
        return [item for item in given if kinds.group_of(item["apiVersion"]) not in missing]

    def _wanted(self, given: list[Object]) -> list[tuple[Object, kinds.Resource]]:
        """The manifests to apply, each with its namespace and the label of membership."""
        wanted: dict[tuple[str, str | None, str], tuple[Object, kinds.Resource]] = {}
        record = ("ConfigMap", self.spec.namespace, membership.record_name(self.spec.name))
        for manifest in given:
            resource = self.client.resource(manifest["apiVersion"], manifest["kind"])
            metadata = manifest["metadata"] = dict(manifest["metadata"])
            if resource.namespaced:
                metadata["namespace"] = metadata.get("namespace") or self.spec.namespace
            else:
                metadata.pop("namespace", None)
            metadata["labels"] = {**(metadata.get("labels") or {}), membership.PART_OF: self.id}
            key = resource.group_kind, metadata.get("namespace"), metadata["name"]
            if key in wanted or key == record:
                why = "has the name of the set's own record" if key == record else "is in the list twice"
                raise SrsError(f"{objects.ref(manifest)} {why}; give each object a name of its own.")
            wanted[key] = manifest, resource
        return list(wanted.values())

    # Plan

    def is_member(self, step: Step) -> bool:
        """Whether the object was in the set before."""
        return (step.resource.group_kind, step.ref.namespace, step.ref.name) in self.live

    def plan(self) -> tuple[list[Step], list[Step]]:
        """The steps for the wanted objects, and for the members that are no longer wanted."""
        spec = self.spec
        places = [(resource, manifest["metadata"].get("namespace")) for manifest, resource in self.wanted] if self.record else []
        if spec.prune:
            places += self._recorded_places()
        self.live = self._members(places)
        wanted = {
            (resource.group_kind, manifest["metadata"].get("namespace"), manifest["metadata"]["name"]) for manifest, resource in self.wanted
        }
        removals = [
            self._held(objects.ref(live), live) or self._removal(live)
            for (group_kind, namespace, name), live in sorted(self.live.items(), key=lambda item: str(item[0]))
            if spec.prune
            and (group_kind, namespace, name) not in wanted
            and group_kind in self.recorded.group_kinds
            and (namespace is None or namespace in self.recorded.namespaces)
            and self._is_ours(live)
        ]
        doomed = [step for step in removals if step.action == "deleted"]
        if doomed and not wanted and not spec.prune_allow_empty:
            raise SrsError(
                f'The list of objects is empty, and prune would delete all {len(doomed)} objects of the set "{spec.name}" in namespace '
                f"{spec.namespace}, first {doomed[0].ref}; if that is intended, set prune_allow_empty, or state to absent."
            )
        return self._attempt("apply", self._plan, self.wanted), removals

    def _plan(self, wanted: tuple[Object, kinds.Resource]) -> Step:
        given, resource = wanted
        ref = objects.ref(given)
        live = self.live.get((resource.group_kind, ref.namespace, ref.name))
        if held := self._held(ref, live):
            return held
        manifest = self.policy.carried_over(live, given)
        if live and not live["metadata"].get("deletionTimestamp") and field_ownership.is_as_applied(live, manifest, FIELD_MANAGER):
            return Step(ref, resource, "unchanged", manifest=manifest, live=live)
        if self.spec.others_new and live is None:
            return self._creation(manifest, resource)
        if ref.namespace in self.missing:
            return self._tried_elsewhere(manifest, resource)
        for pause in PAUSES:
            time.sleep(pause)
            manifest = self.policy.carried_over(live, given)
            try:
                applied, created = self.client.apply(manifest, dry_run=True, resource=resource)
            except ApiError as error:
                return self._blind(manifest, resource, error)
            if created:
                return self._creation(manifest, resource)
            version = applied["metadata"]["resourceVersion"]
            now = live if live and live["metadata"]["resourceVersion"] == version else self._read(ref)
            if now and now["metadata"].get("deletionTimestamp"):
                return self._creation(manifest, resource, live=now, blind=True)
            # What is compared must be what the dry run started from, but for the status that controllers keep writing.
            same = now and (now["metadata"]["resourceVersion"] == version or (live and field_ownership.is_same(live, now)))
            if now and same and manifest == self.policy.carried_over(now, given):
                return self._held(ref, now) or self._compare(manifest, resource, now, applied)
            live = now
        raise SrsError(f"Can't apply {ref}: others keep changing it; run again when they are done.")

    def _creation(self, manifest: Object, resource: kinds.Resource, live: Object | None = None, blind: bool = False) -> Step:
        manifest = objects.with_cause(manifest, self.policy.cause(None, manifest))
        return Step(objects.ref(manifest), resource, "created", manifest=manifest, live=live, write=True, blind=blind)

    def _held(self, ref: Ref, live: Object | None) -> Step | None:
        """The step that leaves an object alone, where it is held."""
        reason = self.policy.hold(live) if live else None
        if not live or reason is None:
            return None
        self.client.warnings.append(f"{ref} is held and was left as it is: {reason} (annotation {HOLD})")
        return Step(ref, self.client.resource(ref.api_version, ref.kind), "held", live=live)

    def _blind(self, manifest: Object, resource: kinds.Resource, error: ApiError) -> Step:
        """What follows from a dry run that failed: the object will be created once its namespace or kind exists, or it can't be."""
        ref = objects.ref(manifest)
        if error.missing_namespace:
            self.missing.add(error.missing_namespace)
            return self._tried_elsewhere(manifest, resource)
        if error.status == 404 and resource not in self.coming:
            missing = f"the API server has no kind {ref.kind} in {ref.api_version}"
            raise SrsError(f"Can't apply {ref}: {missing}; install what provides it, or leave the object out.") from error
        if error.status != 404:
            raise error
        return self._creation(manifest, resource, blind=True)

    def _tried_elsewhere(self, manifest: Object, resource: kinds.Resource) -> Step:
        """The creation of an object in a namespace that doesn't exist yet. What is wrong with the object itself is found in another."""
        there = {**manifest, "metadata": {**manifest["metadata"], "namespace": ELSEWHERE}}
        try:
            self.client.apply(there, dry_run=True, resource=resource)
        except ApiError as error:
            # Anything else is about that namespace: its rights, its quotas, an object of the same name.
            if error.is_about_content:
                raise error.of(f"apply {objects.ref(manifest)}") from error
        return self._creation(manifest, resource, blind=True)

    def _compare(self, manifest: Object, resource: kinds.Resource, live: Object, applied: Object) -> Step:
        """The step that follows from what exists and what apply makes of it."""
        ref = objects.ref(manifest)
        self._check_membership(ref, live)
        conflicts = field_ownership.overridden(live, applied, FIELD_MANAGER)
        if not self.spec.force_conflicts:
            self._refuse_conflicts(ref, live, conflicts)
        after, moved = applied, field_ownership.reowned(live, manifest, FIELD_MANAGER, "") is not None
        if moved:
            expected = field_ownership.after_reowning(live, applied, manifest, FIELD_MANAGER)
            if objects.content(expected) != objects.content(applied):
                # The server fills in its defaults where a field was removed.
                patch = field_ownership.content_patch(live, expected)
                after = self.client.patch(ref.api_version, ref.kind, ref.name, ref.namespace, patch, content_type=JSON_PATCH, dry_run=True)
        if cause := self.policy.cause(live, after):
            manifest, after = objects.with_cause(manifest, cause), objects.with_cause(after, cause)
        changed = objects.content(live) != objects.content(after)
        owned = [field_ownership.applied_by(item, FIELD_MANAGER) for item in (live, applied)]
        return Step(
            ref,
            resource,
            "configured" if changed else "unchanged",
            manifest=manifest,
            live=live,
            after=after,
            write=changed or moved or owned[0] != owned[1],
            conflicts=conflicts,
        )

    def _check_membership(self, ref: Ref, live: Object) -> None:
        other = (live["metadata"].get("labels") or {}).get(membership.PART_OF, self.id)
        if other == self.id:
            return
        found = self.client.list("v1", "ConfigMap", ref.namespace or self.spec.namespace, label_selector=f"{membership.ID}={other}").items
        name = f"that of ConfigMap {found[0]['metadata']['namespace']}/{found[0]['metadata']['name']}" if found else other
        raise SrsError(
            f"Can't apply {ref}: it belongs to another apply set ({name}); choose another name for it, or take it out of that set "
            f"by removing its label {membership.PART_OF}."
        )

    def _refuse_conflicts(self, ref: Ref, live: Object, conflicts: list[tuple[str, str]]) -> None:
        # What kubectl has set on the object itself is taken over; that is not a conflict.
        ours = {entry.get("manager", "") for entry in field_ownership.taken_over(live)}
        if held := [f"{path} (owned by {manager})" for manager, path in conflicts if manager not in ours]:
            raise SrsError(
                f"Can't apply {ref}: other managers own fields with other values: {', '.join(held)}; remove these fields here, or set "
                "force_conflicts."
            )

    def _missing_namespaces(self, steps: list[Step]) -> list[Step]:
        """The steps that create the namespaces which the API server said do not exist."""
        made = {step.ref.name for step in steps if step.resource.group_kind == kinds.NAMESPACE}
        names = sorted(self.missing - made)
        if names and not self.spec.create_namespace:
            raise SrsError(f'The namespace "{names[0]}" does not exist; create it, or set create_namespace.')
        return [
            Step(
                Ref("v1", "Namespace", None, name),
                self.client.resource("v1", "Namespace"),
                "created",
                manifest=_namespace(name),
                write=True,
            )
            for name in names
        ]

    # Carry out

    def _carry_out(self, namespaces: list[Step], steps: list[Step], removals: list[Step], record: Step, widened: membership.Scope) -> None:
        spec = self.spec
        self._write_all([*namespaces, *(step for step in steps if step.resource.group_kind == kinds.NAMESPACE)])
        before = self._record_step(widened)
        if before.write:
            self._write(before)
        self._write_all([step for step in steps if step.resource.group_kind == kinds.DEFINITION], established=True)
        # What had no dry run can have one now: if it turns out to be invalid, only namespaces and definitions have been created.
        blind = [step for step in steps if step.blind and step.live is None]
        self._attempt("apply", lambda step: self.client.apply(step.manifest, dry_run=True, resource=step.resource), blind)
        for phase in (1, 2):
            self._write_all([step for step in steps if step.phase == phase])
        if spec.wait:
            refs = [step.ref for step in steps]
            if left := wait_ready(self.client, refs, spec.wait_timeout, label_selector=self.selector):
                result = self._result([*namespaces, *steps])
                message = failure_message(left, len(refs), spec.wait_timeout)
                raise SrsError(message, changed=result.changed, objects=result.objects, not_ready=[item.as_dict() for item in left])
        self._remove(removals)
        if record.manifest != before.manifest:
            self._write(record)

    def _write_all(self, steps: list[Step], established: bool = False) -> None:
        due = [step for step in steps if step.write]
        self._attempt("apply", self._write, due)
        if established and due and (left := wait_ready(self.client, [step.ref for step in due], ESTABLISHMENT)):
            raise SrsError(failure_message(left, len(due), ESTABLISHMENT))


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {MANAGED_BY: OWNER}}}

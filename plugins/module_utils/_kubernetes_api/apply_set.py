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
from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, kinds, membership, objects, strangers
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, JSON_PATCH, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import failure_message
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_base import ApplySet, Key, Place, scope_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec, Step
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.take_over import PAUSES
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_gone, wait_ready

# Where objects are tried whose own namespace is yet to be created. It always exists.
ELSEWHERE = "default"
# Seconds that a run waits for what it can't go on without.
ESTABLISHMENT = 30.0


def apply_set(client: Client, spec: SetSpec) -> Result:
    """Apply the set, or with ``spec.absent`` delete it; in check mode, predict that.

    Raises SrsError that names every object that failed. Before anything is changed, all objects have passed a dry run, except those whose
    namespace or kind does not exist yet.
    """
    return _Absent(client, spec).run() if spec.absent else _Present(client, spec).run()


def _plan_following(client: Client, spec: SetSpec, steps: Iterable[Step]) -> list[str] | None:
    """Plan the sets that follow, if any of the steps is due: the names of those whose objects are either members already or new.
    Raises SrsError where one of them can't be applied.
    """
    if spec.check_mode or not any(step.write for step in steps):
        return None
    said, new = len(client.warnings), []
    for following in spec.following():
        try:
            later = _Present(client, replace(following, check_mode=True))
            planned, _removals = later.plan()
        except SrsError as error:
            raise SrsError(f"Nothing was changed. {error.message}", **error.details) from error
        if all((step.action == "created" and not step.blind) or later.is_member(step) for step in planned):
            new.append(following.name)
    del client.warnings[said:]  # they will be said when it is their turn
    return new


class _Absent(ApplySet):
    def run(self) -> Result:
        places = self._recorded_places() if self.record else []
        recorded, unrecorded = self._members(places), self._unrecorded(places)
        self._say_unrecorded(live for live in unrecorded.values() if self._is_ours(live))
        members = {key: live for key, live in {**recorded, **unrecorded}.items() if self._is_ours(live)}
        if self.record is None and not members:
            return Result(warnings=self.client.warnings)
        doomed = {key: members[key] for key in self._named() if key in members} if self.spec.only_objects else members
        steps = [self._removal(live) for live in doomed.values()]
        steps.sort(key=lambda step: (-step.phase, step.ref.kind, step.ref.namespace or "", step.ref.name))
        kept = [step.ref for step in steps if step.action == "kept"] + [
            objects.ref(live) for key, live in members.items() if key not in doomed
        ]
        record: Step | None = None
        if kept:
            record = self._record_step(
                membership.scope_of((self.client.resource(ref.api_version, ref.kind), ref.namespace) for ref in kept)
            )
        elif self.record:
            ref = objects.ref({**self.record, "apiVersion": "v1", "kind": "ConfigMap"})
            record = Step(ref, self.client.resource("v1", "ConfigMap"), "deleted", live=self.record, write=True)
        everything = [*steps, *([record] if record else [])]
        planned_following = _plan_following(self.client, self.spec, everything)
        if not self.spec.check_mode:
            with self._telling():
                self._carry_out(steps, record)
        return replace(self._result(everything), planned_following=planned_following)

    def _carry_out(self, steps: list[Step], record: Step | None) -> None:
        self._remove(steps)
        if self.spec.wait:
            gone = [step.live for step in steps if step.action == "deleted" and step.live]
            if left := wait_gone(self.client, gone, self.spec.wait_timeout, label_selector=self.selector):
                raise SrsError(failure_message(left, len(gone), self.spec.wait_timeout), not_ready=[item.as_dict() for item in left])
        if record and record.action == "deleted":
            self._delete_record(record)
        elif record and record.write:
            self._write(record)

    def _delete_record(self, record: Step) -> None:
        """Delete the record, if it is still the one that was read: another run may have begun to fill the set again."""
        version = record.live["metadata"]["resourceVersion"] if record.live else None
        where = (record.ref.api_version, record.ref.kind, record.ref.name, record.ref.namespace)
        if self.client.delete(*where, resource_version=version):
            self.done.append(record)
        elif self.client.get(*where):
            record.action = "kept"
            self.client.warnings.append(f"{record.ref} was changed by another run meanwhile and stays: run again when that is done.")

    def _named(self) -> list[Key]:
        """The keys of the objects in the list."""
        keys = []
        for item in objects.flatten(self.spec.objects):
            resource = self.client.resource(item["apiVersion"], item["kind"])
            namespace = item["metadata"].get("namespace") or self.spec.namespace
            keys.append((resource.group_kind, namespace if resource.namespaced else None, item["metadata"]["name"]))
        return keys


class _Present(ApplySet):
    def __init__(self, client: Client, spec: SetSpec) -> None:
        # Mistakes that can be found without the API server are reported first.
        given = objects.flatten(spec.objects)
        super().__init__(client, spec)
        given = self._without_missing_groups(given)
        self.coming = [resource for item in given if objects.group_kind(item) == kinds.DEFINITION for resource in kinds.defined_by(item)]
        client.learn(self.coming)
        self.wanted = self._wanted(given)
        self.live: dict[Key, Object] = {}
        self.missing: set[str] = set()  # namespaces that the API server said do not exist

    def run(self) -> Result:
        spec = self.spec
        steps, removals = self.plan()
        namespaces = self._missing_namespaces(steps)
        wanted = self.home | scope_of(steps)
        kept = scope_of(step for step in removals if step.action != "deleted")
        # What goes may have been found without the record: should this run be cut short, the next one must find it, too.
        widened = self.recorded | wanted | scope_of(removals)
        # Without prune, what is recorded may still have members that are not wanted.
        final = wanted | kept if spec.prune else widened
        record = self._record_step(final)
        planned_following = _plan_following(self.client, spec, [*namespaces, *steps, *removals])
        if not spec.check_mode:
            with self._telling():
                self._carry_out(namespaces, steps, removals, final, widened)
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
        wanted: dict[Key, tuple[Object, kinds.Resource]] = {}
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
        wanted = {
            (resource.group_kind, manifest["metadata"].get("namespace"), manifest["metadata"]["name"]) for manifest, resource in self.wanted
        }
        needed: list[Place] = [(resource, manifest["metadata"].get("namespace")) for manifest, resource in self.wanted]
        places = needed + (self._recorded_places() if spec.prune else [])
        is_new = self.record is None and spec.others_new
        self.live = {} if is_new else self._members(places)
        self._note_holds(self.live.values())
        steps = self._attempt("apply", self._plan, self.wanted)
        left = {key: live for key, live in self.live.items() if key not in wanted and self._is_ours(live)} if spec.prune else {}
        # Who changes nothing, the record included, needn't look further: what it lacks is found when there is something to change.
        recorded = self.record is not None and self.recorded == self.home | membership.scope_of(needed)
        if spec.prune and not is_new and (not recorded or left or any(step.write for step in steps)):
            found = self._unrecorded(places)
            unrecorded = {key: live for key, live in found.items() if self._is_ours(live)}
            self._say_unrecorded([*unrecorded.values(), *(left.values() if self.record is None else ())])
            self._note_holds(unrecorded.values())
            left |= unrecorded
        removals = [
            self._held(objects.ref(live), live) or self._removal(live) for _key, live in sorted(left.items(), key=lambda item: str(item[0]))
        ]
        doomed = [step for step in removals if step.action == "deleted"]
        for step in doomed:
            if step.live and (why := self.policy.staying(step.live, [manifest for manifest, _resource in self.wanted])):
                raise SrsError(f"Can't remove {step.ref}: {why}")
        if doomed and not wanted and not spec.prune_allow_empty:
            raise SrsError(
                f'The list of objects is empty, and prune would delete all {len(doomed)} objects of the set "{spec.name}" in namespace '
                f"{spec.namespace}, first {doomed[0].ref}; if that is intended, set prune_allow_empty, or state to absent."
            )
        return steps, removals

    def _plan(self, wanted: tuple[Object, kinds.Resource]) -> Step:
        given, resource = wanted
        ref = objects.ref(given)
        live = self.live.get((resource.group_kind, ref.namespace, ref.name))
        if held := self._held(ref, live, given):
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
                # What the API server never changes may be changed by making the object anew.
                if live:
                    after = {**live, "spec": field_ownership.spec_after(live, manifest, FIELD_MANAGER)}
                    if step := self._judged(manifest, resource, live, after):
                        return step
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
                if step := self._held(ref, now) or self._compare(manifest, resource, now, applied):
                    return step
                now = self._read(ref)
            live = now
        raise SrsError(f"Can't apply {ref}: others keep changing it; run again when they are done.")

    def _creation(self, manifest: Object, resource: kinds.Resource, live: Object | None = None, blind: bool = False) -> Step:
        manifest = objects.with_cause(manifest, self.policy.cause(None, manifest))
        return Step(objects.ref(manifest), resource, "created", manifest=manifest, live=live, write=True, blind=blind)

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

    def _compare(self, manifest: Object, resource: kinds.Resource, live: Object, applied: Object) -> Step | None:
        """The step that follows from what exists and what apply makes of it; None where what exists is no longer so."""
        ref = objects.ref(manifest)
        self._check_membership(ref, live)
        self._check_maker(ref, live)
        conflicts = field_ownership.overridden(live, applied, FIELD_MANAGER)
        if not self.spec.force_conflicts:
            self._refuse_conflicts(ref, live, conflicts)
        after, moved = applied, field_ownership.reowned(live, manifest, FIELD_MANAGER, "") is not None
        if moved:
            expected = field_ownership.after_reowning(live, applied, manifest, FIELD_MANAGER)
            if objects.content(expected) != objects.content(applied):
                # The server fills in its defaults where a field was removed.
                patch = field_ownership.content_patch(live, expected)
                try:
                    after = self.client.patch(
                        ref.api_version, ref.kind, ref.name, ref.namespace, patch, content_type=JSON_PATCH, dry_run=True
                    )
                except ApiError as error:
                    if error.status in (404, 409, 422) and objects.content(self._read(ref) or live) != objects.content(live):
                        return None
                    raise
        if step := self._judged(manifest, resource, live, after):
            return step
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

    def _judged(self, manifest: Object, resource: kinds.Resource, live: Object, after: Object) -> Step | None:
        """The step that makes an object anew, if a change takes that. Raises SrsError for a change that must not be made."""
        ref = objects.ref(manifest)
        verdict = self.policy.verdict(live, after)
        if verdict.refusal:
            raise SrsError(f"Can't apply {ref}: {verdict.refusal}")
        said = [f"{ref}: {note}" for note in verdict.notes]
        self.client.warnings += [text for text in said if text not in self.client.warnings]
        if not verdict.replaces:
            return None
        # What is wrong with it is found under another name, before the present one is deleted.
        trial = {**manifest, "metadata": {**manifest["metadata"], "name": f"{ref.name[:50]}-new"}}
        self.client.apply(trial, dry_run=True, resource=resource)
        return Step(ref, resource, "replaced", manifest=manifest, live=live, write=True)

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

    def _check_maker(self, ref: Ref, live: Object) -> None:
        if self.spec.take_over or membership.PART_OF in (live["metadata"].get("labels") or {}):
            return
        if maker := strangers.maker(live):
            raise SrsError(
                f"Can't apply {ref}: it is there already, and {maker}; choose another name for it, or set take_over (in the roles "
                "srs_take_over) to true if it is to be taken over for good."
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
                manifest=objects.namespace(name),
                write=True,
            )
            for name in names
        ]

    # Carry out

    def _carry_out(
        self, namespaces: list[Step], steps: list[Step], removals: list[Step], final: membership.Scope, widened: membership.Scope
    ) -> None:
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
                message = failure_message(left, len(refs), spec.wait_timeout)
                raise SrsError(message, not_ready=[item.as_dict() for item in left])
        self._remove(removals)
        if self.done or final != widened:
            record = self._narrow(final, widened)
            if record.write:
                self._write(record)

    def _write_all(self, steps: list[Step], established: bool = False) -> None:
        due = [step for step in steps if step.write]
        self._attempt("apply", self._write, due)
        if established and due and (left := wait_ready(self.client, [step.ref for step in due], ESTABLISHMENT)):
            raise SrsError(failure_message(left, len(due), ESTABLISHMENT))

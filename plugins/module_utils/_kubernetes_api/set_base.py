# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the presence and the absence of an apply set share: its record, its members, deletion, the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ansible_collections.livestream.srs.plugins.module_utils._errors import NAMED, SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, kinds, membership, objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, Unreachable, joined
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import pods_of
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec, Step
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.take_over import take_over
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_gone
from ansible_collections.livestream.srs.plugins.module_utils._labels import HOLD
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

# Seconds that a run waits for what it can't go on without.
TERMINATION = 120.0

Place: TypeAlias = "tuple[kinds.Resource, str | None]"
Key: TypeAlias = "tuple[str, str | None, str]"  # Kind.group, namespace, name


class ApplySet:
    """One apply set, with what is recorded of it."""

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
        self.holds: dict[str | None, tuple[str, Ref]] = {}  # why what is held together is held, and by which object
        self.said: dict[str, object] = {}  # of what it was said that it is held
        self.done: list[Step] = []  # what was told to the server so far

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

    def _members(self, places: Iterable[Place], *, sure: bool = True) -> dict[Key, Object]:
        """The set's members in these places, one list for each. What isn't ``sure`` to have any may be forbidden to us."""

        def members(place: Place) -> list[tuple[Key, Object]]:
            resource, namespace = place
            try:
                found = self.client.list(resource.api_version, resource.kind, namespace, label_selector=self.selector).items
            except ApiError as error:
                # A kind that the server no longer has can't have members, and what we may not read we have hardly made.
                if error.status == 404 or (error.status == 403 and not sure):
                    return []
                raise
            return [((resource.group_kind, item["metadata"].get("namespace"), item["metadata"]["name"]), item) for item in found]

        return {key: item for found in self.client.each(members, dict.fromkeys(places)) for key, item in found}

    def _unrecorded(self, known: Iterable[Place]) -> dict[Key, Object]:
        """Members where the record has none: it is missing or older than they are, after a run that was cut short or a hand that slipped.

        The label follows from the set's name alone, so they are found all the same, if they are of a kind that this collection knows.
        """
        looked_at = set(known)
        places: list[Place] = []
        for resource in membership.POSSIBLE:
            namespaces = sorted(self.recorded.namespaces) if resource.namespaced else [None]
            places += [(resource, namespace) for namespace in namespaces]
        return self._members([place for place in places if place not in looked_at], sure=False)

    def _recorded_places(self) -> list[Place]:
        places: list[Place] = []
        for group_kind in sorted(self.recorded.group_kinds):
            if resource := self.client.preferred(group_kind):
                places += (
                    [(resource, namespace) for namespace in sorted(self.recorded.namespaces)] if resource.namespaced else [(resource, None)]
                )
        return places

    def _say_unrecorded(self, found: Iterable[Object]) -> None:
        """Warn of members of which the record knew nothing."""
        if names := [str(objects.ref(item)) for item in found]:
            record = f"ConfigMap {self.spec.namespace}/{membership.record_name(self.spec.name)}"
            why = "is missing" if self.record is None else "does not name their kinds"
            self.client.warnings.append(
                f"The record of the set ({record}) {why}, so these objects were found by their label: {first_of(names, NAMED)}."
            )

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

    def _held(self, ref: Ref, live: Object | None, manifest: Object | None = None) -> Step | None:
        """The step that leaves an object alone, where it is held, or anything that it is held together with."""
        together = self.policy.held_together(live or manifest or {})
        reason, holder = self.policy.hold(live) if live else None, ref
        if together in self.holds:
            reason, holder = self.holds[together]
        if reason is None:
            return None
        left = together or str(ref)
        of = f" of {holder}" if together else ""
        first = object()
        if self.said.setdefault(left, first) is first:  # several threads come here
            self.client.warnings.append(f"{left} is held and was left as it is: {reason} (annotation {HOLD}{of})")
        return Step(ref, self.client.resource(ref.api_version, ref.kind), "held", live=live)

    def _note_holds(self, live: Iterable[Object]) -> None:
        """Learn from the members what is held together."""
        for item in live:
            reason, together = self.policy.hold(item), self.policy.held_together(item)
            if reason is not None and together:
                self.holds.setdefault(together, (reason, objects.ref(item)))

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
        stuck = {objects.ref(item): names for item in live if (names := _foreign_finalizers(item))}
        leaving = [item for item in live if objects.ref(item) not in stuck]
        pods = [pod for pods in self.client.each(lambda item: pods_of(self.client, item), leaving) for pod in pods]
        self._attempt("delete", self._delete, workloads)
        # Pods stay as long as their owner does, and nobody knows how long that is.
        self.client.warnings += [
            f"{ref} is being deleted, but its finalizer {', '.join(names)} holds it, and its pods with it: see what that waits for."
            for ref, names in stuck.items()
        ]
        if not pods:
            return
        patience = max((pod["spec"].get("terminationGracePeriodSeconds") or 0 for pod in pods), default=0) + TERMINATION
        self.spec.progress(f"waiting until the players of {len(pods)} pods have left, for {patience:.0f} s at most")
        left = wait_gone(self.client, pods, patience, progress=lambda gone, all_: self.spec.progress(f"{gone} of {all_} pods are gone"))
        if left:
            staying = ", ".join(str(entry.ref) for entry in left)
            self.client.warnings.append(f"Still present {patience:.0f} s after deletion: {staying}; check the kubelet of their node.")

    def _delete(self, step: Step) -> None:
        uid = step.live["metadata"]["uid"] if step.live else None
        self.client.delete(step.ref.api_version, step.ref.kind, step.ref.name, step.ref.namespace, uid=uid)
        self.done.append(step)

    def _write(self, step: Step) -> None:
        if step.action == "replaced":
            self._delete(step)  # which notes it as done
        if step.live and (step.blind or step.action == "replaced"):
            if left := wait_gone(self.client, [step.live], TERMINATION if step.blind else max(TERMINATION, self.spec.wait_timeout)):
                raise SrsError(f"Can't apply {step.ref}: {left[0].reason}; see what its finalizers wait for.")
        elif step.live:
            take_over(self.client, step.live, step.manifest)
        self.client.apply(step.manifest, force=self.spec.force_conflicts, resource=step.resource)
        if step.action != "replaced":
            self.done.append(step)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Have an error say what was changed before it."""
        try:
            yield
        except SrsError as error:
            result = self._result(self.done)
            changed = [str(step.ref) for step in self.done if step.changed]
            error.tell_changes(changed, changed=result.changed, objects=result.objects)
            raise

    def _narrow(self, scope: membership.Scope, known: membership.Scope) -> Step:
        """The step that narrows the record to a scope, but for what others have added to it since it was ``known``."""
        self.record = self._read_record()
        added = membership.recorded_scope(self.record, self.spec.namespace) if self.record else membership.Scope()
        return self._record_step(scope if added == known else scope | added)

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
        if step.action == "replaced":
            before = step.live and objects.without_allocated(step.live, step.manifest)
            return object_diff.entry(str(step.ref), before, step.manifest, self.policy)
        if step.action == "created":
            return object_diff.entry(str(step.ref), None, step.manifest, self.policy)
        before, after = (item and objects.without_allocated(item, step.manifest) for item in (step.live, step.after))
        return object_diff.entry(str(step.ref), before, after, self.policy)


def scope_of(steps: Iterable[Step]) -> membership.Scope:
    """Where the objects of these steps are."""
    return membership.scope_of((step.resource, step.ref.namespace) for step in steps)


def _foreign_finalizers(item: Object) -> list[str]:
    """The finalizers of an object that aren't Kubernetes' own garbage collector's."""
    return [name for name in item["metadata"].get("finalizers") or [] if name not in ("foregroundDeletion", "orphan")]

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an apply set is to be, the steps that bring it about, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import kinds, membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, Ref
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Policy
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff


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
    take_over: bool = False  # whether what another tool made and keeps may become a member
    create_namespace: bool = True
    wait: bool = False
    wait_timeout: float = 300  # seconds
    check_mode: bool = False
    diff: bool = False  # whether the result shows each change as YAML
    policy: Policy = field(default_factory=Policy)
    progress: Callable[[str], None] = field(default=lambda _text: None, compare=False)  # told what a long wait is for
    others_new: bool = False  # a plan has just found that no object exists that isn't a member yet
    following: Callable[[], list[SetSpec]] = field(
        default=list, compare=False
    )  # sets that come later: planned before this one changes anything


@dataclass
class Step:
    """What is to be done with one object."""

    ref: Ref
    resource: kinds.Resource
    action: str  # created, configured, replaced, unchanged, deleted, kept, held
    manifest: Object = field(default_factory=dict)  # what to apply
    live: Object | None = None  # what is there
    after: Object | None = None  # what the server says will be there
    write: bool = False  # whether there is anything to tell the server: the content, or only who owns it
    blind: bool = False  # no dry run was possible: the namespace or kind is yet to be created, or a predecessor is still being deleted
    conflicts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the object is changed by it."""
        return self.action in ("created", "configured", "replaced", "deleted")

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

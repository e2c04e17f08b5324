# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a list of objects as one set (KEP-3659): plan by dry run, apply what differs, prune what left the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.kubernetes.client import Client


@dataclass
class SetSpec:
    """What one apply set is to be; the options of the module ``apply_set``."""

    name: str
    namespace: str
    objects: list[Any] = field(default_factory=list)  # nested lists are flattened, None is skipped
    absent: bool = False
    prune: bool = False
    prune_allow_empty: bool = False
    delete_persistent_volume_claims: bool = False
    force_conflicts: bool = True
    create_namespace: bool = True
    wait: bool = False
    wait_timeout: float = 300
    check_mode: bool = False


@dataclass
class Result:
    """What was (or, in check mode, would be) done. ``as_dict()`` is the module's result."""

    objects: list[dict[str, Any]] = field(default_factory=list)  # api_version, kind, namespace, name, action, changed
    conflicts: list[dict[str, Any]] = field(default_factory=list)  # object, manager, field
    diff: list[dict[str, str]] = field(default_factory=list)  # before_header, after_header, before, after
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(item["changed"] for item in self.objects)


def apply_set(client: Client, spec: SetSpec) -> Result:
    """Bring the set about (or predict it, in check mode); raises SrsError that names every object that failed."""
    raise NotImplementedError

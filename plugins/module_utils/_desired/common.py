# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of a topology share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Settings = Mapping[str, Any]
T = TypeVar("T")


@dataclass(kw_only=True)
class Common:
    """The variables ``srs_*`` that no single role owns, without that prefix."""

    namespace: str
    topology: str
    image_pull_policy: str
    image_pull_secrets: list[dict[str, Any]]
    production_defaults: bool
    ip_family_policy: str
    ip_families: list[str]
    monitoring: Settings
    patches: list[dict[str, Any]]
    object_names: Mapping[str, Mapping[str, str]]
    app_labels: Mapping[str, str]
    accept_advisories: list[str]
    advisories: list[dict[str, Any]]
    advisories_file: str
    take_over: bool
    allow_new_address: bool
    change_cause: str


@dataclass(kw_only=True)
class Pods:
    """What can be said of the pods of every tier: origins, edges, nginx."""

    image: str
    resources: Settings
    node_selector: dict[str, str]
    tolerations: list[dict[str, Any]]
    affinity: Settings
    priority_class_name: str
    host_network: bool
    extra_volumes: list[dict[str, Any]]
    extra_volume_mounts: list[dict[str, Any]]
    sidecars: list[dict[str, Any]]
    startup_probe: Settings
    readiness_probe: Settings
    liveness_probe: Settings
    probes: bool
    spread: bool
    pod_disruption_budget: bool
    deregister_seconds: int


def built(kind: type[T], prefix: str, values: Settings, **derived: Any) -> T:
    """A dataclass from the variables of its fields' names with this prefix; ``derived`` are the fields that are not variables."""
    given = {field.name: values[f"{prefix}{field.name}"] for field in fields(kind) if f"{prefix}{field.name}" in values}  # type: ignore[arg-type]
    return kind(**{**given, **derived})

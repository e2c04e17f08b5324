# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply and delete ConfigMaps that hold a srs.conf each, and show what changes in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, strangers
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object, title
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.take_over import take_over
from ansible_collections.livestream.srs.plugins.module_utils._labels import LAST_APPLIED
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compare import changes_of_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted

# Entries of Ansible's diff; those with ``prepared`` are shown by that.
Diff = list[dict[str, str]]


def apply_config_maps(client: Client, manifests: list[Object], *, check_mode: bool, take_over_all: bool) -> tuple[bool, Diff]:
    """Apply the ConfigMaps (in check mode: predict that): whether any changes, and the diff.

    What kubectl owns is taken over, so that what the manifests do not have is removed; what another tool keeps is so only with
    ``take_over_all``. Raises SrsError where the API server refuses: of a dry run of all, before any is changed.
    """

    def plan(manifest: Object) -> _Plan:
        metadata = manifest["metadata"]
        live = client.get("v1", "ConfigMap", metadata["name"], metadata["namespace"])
        if live is not None and field_ownership.is_as_applied(live, manifest, FIELD_MANAGER):
            return _Plan(metadata["name"])
        _check_maker(live, take_over_all)
        after, _created = client.apply(manifest, dry_run=True)
        if live is not None:
            after = field_ownership.after_reowning(live, after, manifest, FIELD_MANAGER)
        diff = [] if live is not None and _content(live) == _content(after) else _diff(metadata["name"], live, after)

        def carry_out() -> None:
            take_over(client, live, manifest)
            client.apply(manifest)

        return _Plan(metadata["name"], diff, carry_out)

    return _done(client, client.each(plan, manifests), check_mode)


def delete_config_maps(client: Client, names: list[str], namespace: str, *, check_mode: bool, take_over_all: bool) -> tuple[bool, Diff]:
    """Delete the ConfigMaps (in check mode: predict that): whether any existed, and the diff. One that another tool keeps is deleted only
    with ``take_over_all``.
    """

    def plan(name: str) -> _Plan:
        before = client.get("v1", "ConfigMap", name, namespace)
        if before is None:
            return _Plan(name)
        _check_maker(before, take_over_all)
        return _Plan(name, _diff(name, before, None), lambda: client.delete("v1", "ConfigMap", name, namespace))

    return _done(client, client.each(plan, names), check_mode)


@dataclass
class _Plan:
    """What is to be done with one ConfigMap, and what that changes."""

    name: str
    diff: Diff = field(default_factory=list)
    carry_out: Callable[[], Any] | None = None


def _done(client: Client, plans: Sequence[_Plan], check_mode: bool) -> tuple[bool, Diff]:
    """Carry the plans out. A failure tells which ConfigMaps were changed before it."""
    changed: list[str] = []

    def carry_out(plan: _Plan) -> None:
        if plan.carry_out:
            plan.carry_out()
            changed.extend([plan.name] if plan.diff else [])

    try:
        client.each(carry_out, [] if check_mode else plans)
    except SrsError as error:
        before = f" Changed before that: ConfigMap {', '.join(changed)}." if changed else ""
        raise SrsError(f"{error.message}{before}", **{**error.details, "changed": bool(changed)}) from error
    diff = [entry for plan in plans for entry in plan.diff]
    return bool(diff), diff


def _check_maker(live: Object | None, take_over_all: bool) -> None:
    if live is not None and not take_over_all and (keeper := strangers.keeper(live)):
        name = title("ConfigMap", live["metadata"].get("namespace"), live["metadata"]["name"])
        raise SrsError(
            f"{name} is there already, and {keeper}; nothing was changed. Choose another name, or set take_over to true if it is meant."
        )


def _content(config_map: Object | None) -> dict[str, dict[str, str]]:
    """The parts of a ConfigMap that are compared."""
    if config_map is None:
        return {"data": {}, "binaryData": {}, "labels": {}, "annotations": {}}
    metadata = config_map["metadata"]
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    return {
        "data": config_map.get("data") or {},
        "binaryData": config_map.get("binaryData") or {},
        "labels": metadata.get("labels") or {},
        "annotations": annotations,
    }


def _diff(name: str, before: Object | None, after: Object | None) -> Diff:
    """One entry for each key of ``data`` that differs, with its secrets hidden, and one for all the rest."""
    old, new = _content(before), _content(after)
    entries = []
    for key in sorted({*old["data"], *new["data"]}):
        texts = [redacted(content["data"].get(key, "")) for content in (old, new)]
        if texts[0] != texts[1] or (key in old["data"]) != (key in new["data"]):
            entries.append(
                {
                    **_headers(f"ConfigMap {name} {key}"),
                    "before": texts[0],
                    "after": texts[1],
                    "prepared": "".join(f"{line}\n" for line in changes_of_text(*texts)),
                }
            )
    rest = [_lines({part: values for part, values in content.items() if part != "data"}) for content in (old, new)]
    if rest[0] != rest[1] or not entries:
        entries.append({**_headers(f"ConfigMap {name}"), "before": rest[0], "after": rest[1]})
    return entries


def _headers(title: str) -> dict[str, str]:
    return {"before_header": title, "after_header": title}


def _lines(parts: dict[str, dict[str, str]]) -> str:
    return "".join(f"{part}.{key}: {value}\n" for part, values in parts.items() for key, value in sorted(values.items()))

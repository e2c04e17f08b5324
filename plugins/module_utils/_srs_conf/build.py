# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed parameters, already checked, to a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE, VHOST_NAMES
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VHOST, ROOT, TYPED_LOGIN, VHOST, Spec, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find

TYPE_VARIABLE = "SRS_HTTP_API_AUTH_TYPE"


def root_defaults(version: Release) -> dict[str, Any]:
    """What every server in a container gets: it stays in the foreground and logs to the console."""
    defaults: dict[str, Any] = {
        "listen": ["1935"],
        "max_connections": ["1000"],
        "daemon": ["off"],
        "srs_log_tank": ["console"],
        "http_api": {"enabled": ["on"], "listen": ["1985"]},
        "http_server": {"enabled": ["on"], "listen": ["8080"]},
    }
    if version.major == 4:
        defaults["query_latest_version"] = ["off"]  # the only version that calls home by default
    return defaults


def vhost_defaults(role: str, version: Release) -> dict[str, Any]:
    """What every vhost of a role gets."""
    if role == EDGE:
        return {"cluster": {"mode": ["remote"]}, "http_remux": {"enabled": ["on"]}}
    # nginx serves the files of the origin: no player sessions in them, and none that stay behind when a stream has ended.
    hls = (
        {"enabled": ["on"], "hls_ctx": ["off"], "hls_ts_ctx": ["off"]}
        if version.major >= 5
        else {"enabled": ["on"], "hls_dispose": ["120"]}
    )
    return {"http_remux": {"enabled": ["on"]}, "hls": hls}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, block by block; where both have a directive, ``over`` wins."""
    merged = dict(base)
    for name, value in over.items():
        mine = merged.get(name)
        merged[name] = merge(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return merged


def build(role: str, version: Release, values: Mapping[str, Any], findings: list[Finding]) -> list[Directive]:
    """The tree of normalised parameters with the defaults of the role."""
    shared = {name: values[name] for name in VHOST_NAMES if name in values}
    if values.get("origin"):
        if shared.get("cluster", {}).get("origin"):
            findings.append(Finding(ERROR, "origin", "is given twice, here and in cluster.origin: keep one of them."))
        shared["cluster"] = merge(shared.get("cluster", {}), {"origin": values["origin"]})
    shared = merge(vhost_defaults(role, version), shared)
    tree = directives(merge(root_defaults(version), {name: value for name, value in values.items() if name in ROOT}), ROOT)
    names: set[str] = set()
    for index, vhost in enumerate(values.get("vhosts") or [{"name": DEFAULT_VHOST}]):
        name = vhost.get("name")
        if not name:
            continue
        if name in names:
            findings.append(Finding(ERROR, f"vhosts[{index}].name", f"is {name!r} again: give each vhost once."))
        names.add(name)
        merged = merge(shared, vhost)
        cluster = merged.get("cluster", {})
        if role == EDGE and cluster.get("mode") == ["remote"] and not cluster.get("origin"):
            path = "origin" if "vhosts" not in values else f"vhosts[{index}].cluster.origin"
            findings.append(Finding(ERROR, path, "is missing: an edge needs an origin to pull from, as host or host:port."))
        tree.append(Directive("vhost", [name], directives(merged, VHOST)))
    return tree


def complete(tree: list[Directive], version: Release, env: Mapping[str, str | None]) -> None:
    """Write what releases differ in when it isn't given."""
    api = find(tree, "http_api")
    auth = api.get("auth") if api else None
    untyped = auth is not None and auth.get("type") is None and TYPE_VARIABLE not in env
    if auth is not None and untyped and auth.value("enabled") == "on" and reaches(version, TYPED_LOGIN):
        auth.body().append(Directive("type", ["basic"]))
    for vhost in tree:
        srt = vhost.get("srt") if vhost.name == "vhost" else None
        if srt is not None and srt.value("enabled") == "on" and srt.get("srt_to_rtmp") is None:
            srt.body().append(Directive("srt_to_rtmp", ["on"]))


def directives(values: Mapping[str, Any], specs: Mapping[str, Spec]) -> list[Directive]:
    """Directives in the order of the table, so that the order of parameters does not matter."""
    tree: list[Directive] = []
    for name, spec in specs.items():
        value = values.get(name)
        if value is None:
            continue
        if spec.kind == "block":
            if spec.many:
                continue
            children = directives(value, spec.children or {})
            if children:
                tree.append(Directive(name, [], children))
        elif spec.many:
            tree.extend(Directive(name, item.split()) for item in value)
        else:
            tree.append(Directive(name, list(value)))
    return tree


def add_extra(tree: list[Directive], extra: list[Directive], path: str, findings: list[Finding]) -> None:
    """Merge free directives into a tree, block by block."""
    for directive in extra:
        inner = f"{path}.{directive.name}" if path else directive.name
        if directive.children is not None:
            block = next(
                (mine for mine in tree if mine.name == directive.name and mine.args == directive.args and mine.children is not None), None
            )
            if block is None or directive.name in ("stream_caster", "ingest", "transcode", "engine"):
                tree.append(directive)
            else:
                add_extra(block.body(), directive.children, f"{inner} {directive.arg0}" if directive.args else inner, findings)
        elif directive.name not in ("allow", "deny", "include", "publish") and any(mine.name == directive.name for mine in tree):
            findings.append(
                Finding(ERROR, inner, "is set by a parameter already, or by its default: change it there, not in extra.", directive.line)
            )
        else:
            tree.append(directive)

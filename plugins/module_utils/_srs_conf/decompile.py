# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a srs.conf that somebody wrote, as the parameters that render the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.build import root_defaults, vhost_defaults
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.checks import server_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import stop_on_errors
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import (
    EDGE,
    OPTIONS,
    ORIGIN,
    ROOT_NAMES,
    VHOST_NAMES,
    VHOST_OPTIONS,
    Option,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import (
    DEFAULT_VERSION,
    DEFAULT_VHOST,
    QUIET_SRT,
    ROOT,
    VHOST,
    Spec,
    reaches,
    written,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import literal_secrets
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import validate

# These are right in a container whatever the file says, so they are not taken over.
FIXED = ("daemon", "srs_log_tank", "query_latest_version", "pid")


def role_of(tree: list[Directive]) -> str:
    """An edge has a vhost that pulls from elsewhere."""
    for vhost in tree:
        cluster = vhost.get("cluster") if vhost.name == "vhost" else None
        if cluster is not None and cluster.value("mode") == "remote":
            return EDGE
    return ORIGIN


def role_of_params(params: Mapping[str, Any]) -> str:
    """The role that parameters are for: an edge names its origin."""
    if isinstance(params.get("conf"), str):
        try:
            return role_of(modernise(parse(params["conf"], DEFAULT_VERSION.major), DEFAULT_VERSION)[0])
        except ConfSyntaxError:
            return ORIGIN
    vhosts = params.get("vhosts")
    clusters = [block.get("cluster") for block in (params, *(vhosts if isinstance(vhosts, list) else ())) if isinstance(block, Mapping)]
    named = any(isinstance(cluster, Mapping) and (cluster.get("origin") or cluster.get("mode") == "remote") for cluster in clusters)
    return EDGE if named or params.get("origin") else ORIGIN


def params_of(text: str, *, version: Release = DEFAULT_VERSION, role: str | None = None, where: str = "srs.conf") -> dict[str, Any]:
    """The parameters that mean the same as a text; what has no parameter is in ``extra``. Raises SrsError for a text with errors."""
    tree, findings = modernise(parse(text, version.major, where), version)
    stop_on_errors([*findings, *validate(tree, version), *server_checks(tree, version), *literal_secrets(tree, version)], where)
    role = role or role_of(tree)
    if Reading(tree, version).includes:
        # What an include brings counts where it stands; between parameters it would stand elsewhere.
        return {"srs_version": written(version), "conf": text}
    for vhost in tree:
        srt = vhost.get("srt") if vhost.name == "vhost" else None
        if srt is not None and srt.value("enabled") == "on" and srt.get("srt_to_rtmp") is None:
            srt.body().append(Directive("srt_to_rtmp", ["off" if reaches(version, QUIET_SRT) else "on"]))
    extra: list[Directive] = []
    typed_root = {name: OPTIONS[role][name] for name in ROOT_NAMES}
    params = _block([directive for directive in tree if directive.name != "vhost"], typed_root, ROOT, extra)
    params = {name: value for name, value in params.items() if name not in FIXED and value != {}}
    extra = [directive for directive in extra if directive.name not in FIXED]
    _keep_meaning(params, root_defaults(version), ROOT, version)
    vhosts = []
    for vhost in tree:
        if vhost.name != "vhost":
            continue
        rest: list[Directive] = []
        typed = _block(vhost.children or [], VHOST_OPTIONS, VHOST, rest)
        _keep_meaning(typed, vhost_defaults(role, version), VHOST, version)
        if role == EDGE and typed.get("cluster", {}).get("mode") == "remote":
            del typed["cluster"]["mode"]
        vhosts.append({"name": vhost.arg0, **{name: value for name, value in typed.items() if value != {}}})
        if rest:
            extra.append(Directive("vhost", vhost.args, rest))
    if len(vhosts) == 1 and vhosts[0]["name"] == DEFAULT_VHOST and set(vhosts[0]) <= {"name", *VHOST_NAMES}:
        params |= {name: value for name, value in vhosts[0].items() if name != "name"}
        if role == EDGE and "origin" in params.get("cluster", {}):
            params["origin"] = params["cluster"].pop("origin")
            params = {name: value for name, value in params.items() if value != {}}
    elif vhosts:
        params["vhosts"] = vhosts
    if extra:
        params["extra"] = render(extra)
    return {"srs_version": written(version), **params}


def _block(tree: list[Directive], options: Mapping[str, Option], table: Mapping[str, Spec], extra: list[Directive]) -> dict[str, Any]:
    """The directives that have a parameter; the others go to ``extra``."""
    params: dict[str, Any] = {}
    for directive in tree:
        name = directive.name
        option, spec = options.get(name), table.get(name)
        if option is None or spec is None:
            extra.append(directive)
        elif directive.children is not None and option.options is not None:
            rest: list[Directive] = []
            params[name] = _block(directive.children, option.options, spec.children or {}, rest)
            if rest:
                extra.append(Directive(name, directive.args, rest))
        elif spec.many:
            params.setdefault(name, []).append(" ".join(directive.args))
        elif option.type == "list" and (spec.args[1] > 1 or len(directive.args) > 1):
            params[name] = list(directive.args)
        else:
            params[name] = _typed(directive.arg0, spec)
    return params


def _typed(value: str, spec: Spec) -> Any:
    if spec.kind == "switch":
        return value == "on"
    if spec.kind == "integer" or (spec.kind == "number" and "." not in value):
        return int(value)
    return float(value) if spec.kind == "number" else value


def _keep_meaning(params: dict[str, Any], defaults: Mapping[str, Any], table: Mapping[str, Spec], version: Release) -> None:
    """Where our defaults would change what a text left to the server, say what the server does."""
    for name, ours in defaults.items():
        spec = table[name]
        if isinstance(ours, Mapping):
            # A block that is off needs no more than that.
            inner = params.setdefault(name, {})
            off = "enabled" in ours and inner.get("enabled", False) is False
            _keep_meaning(inner, {"enabled": ours["enabled"]} if off else ours, spec.children or {}, version)
        elif name not in params and name not in FIXED and spec.default_of(version) and [spec.default_of(version)] != ours:
            params[name] = _typed(spec.default_of(version), spec)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running server takes from a changed srs.conf, and what only a new start does.

Read in the sources of 5.0.216, 6.0.157 and 7.0.18, which agree: what ``reload_conf`` and ``reload_vhost`` tell somebody of, and what is
read from the config each time that it is needed. Everything else counts as needing a new start, as does whatever a vhost says that comes or
goes. ``listen`` could be reloaded, but the pod's ports, probes and Services would not follow.

From 7.0.68 on (read in 7.0.128) a reload tells nobody of anything but a vhost's ``chunk_size``. What is read each time still counts: when a
client or a pull comes, a hook is called, a server quits. What a stream keeps from its start on doesn't any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum, render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import needed

# The first releases whose servers can say that they have reloaded.
SINCE = "5.0.176 6.0.71"
# The first release whose reload tells running streams of next to nothing, and the one that first survives a vhost that comes or goes then.
QUIET = "7.0.68"
SAFE = "7.0.98"

ROOT = frozenset({"chunk_size", "force_grace_quit", "grace_final_wait", "grace_start_wait", "max_connections", "pithy_print_ms"})
VHOST = frozenset(
    {
        "chunk_size",
        "dash",
        "exec",
        "forward",
        "hls",
        "http_hooks",
        "in_ack_size",
        "ingest",
        "min_latency",
        "out_ack_size",
        "play",
        "publish",
        "refer",
        "security",
        "tcp_nodelay",
        "transcode",
    }
)
# What is left of both in those whose reload is quiet.
QUIET_ROOT = frozenset({"force_grace_quit", "grace_final_wait", "grace_start_wait", "max_connections"})
QUIET_VHOST = frozenset({"chunk_size", "http_hooks", "refer", "security"})
# Of these blocks only some directives are taken, or all but some.
CLUSTER = frozenset({"debug_srs_upnode", "follow_client", "origin", "protocol", "token_traverse", "vhost"})
DVR_NEEDS_START = frozenset({"dvr_apply"})


def restart_checksum(text: str, version: Release) -> str:
    """The checksum of what only a new start takes: as long as it stays the same, a reload is enough."""
    return checksum(render(_needing_start(parse(text, version.major), reaches(version, QUIET) is not False)))


def hindrances(text: str, version: Release) -> list[str]:
    """Why a server with this config would not reload a changed one by itself and tell of it; each as the end of a sentence."""
    if not reaches(version, SINCE):
        return [f"needs SRS {needed(SINCE, version)} or later, since SRS {version} can't tell whether it has reloaded"]
    if version.is_exact and reaches(version, QUIET) and not reaches(version, SAFE):
        return [f"crashes SRS {version} when a vhost comes or goes: take SRS {SAFE} or later, or the strategy roll"]
    tree = parse(text, version.major)
    api = find(tree, "http_api")
    raw = api.get("raw_api") if api else None
    lacks = []
    if not _is_on(find(tree, "inotify_auto_reload")):
        lacks.append("needs inotify_auto_reload on")
    if not (api and api.value("enabled") == "on" and raw and raw.value("enabled") == "on"):
        lacks.append("needs http_api with raw_api on, by which servers tell whether they have reloaded")
    return lacks


def _is_on(directive: Directive | None) -> bool:
    return directive is not None and directive.arg0 == "on"


def _needing_start(tree: Iterable[Directive], quiet: bool) -> list[Directive]:
    kept = []
    for directive in tree:
        if directive.name == "vhost" and directive.children is not None:
            children = [part for child in directive.children for part in _of_vhost(child, quiet)]
            kept.append(Directive(directive.name, directive.args, children))
        elif directive.name not in (QUIET_ROOT if quiet else ROOT):
            kept.append(directive)
    return kept


def _of_vhost(directive: Directive, quiet: bool) -> list[Directive]:
    if directive.name in (QUIET_VHOST if quiet else VHOST):
        return []
    kept = directive.children
    if directive.name == "cluster" and kept is not None:
        kept = [child for child in kept if child.name not in CLUSTER]
    if directive.name == "dvr" and kept is not None and not quiet:
        kept = [child for child in kept if child.name in DVR_NEEDS_START]
    return [Directive(directive.name, directive.args, kept)]

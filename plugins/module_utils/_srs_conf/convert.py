# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A srs.conf that is for one release, written for another: what that one lacks goes, what it wants is added, and where the two differ
in what they do by themselves, it is written out, so that the meaning stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.checks import LISTEN_OPTIONAL
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import TCP_BY_PROTOCOL
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import INCLUDE, OLDEST, ROOT, TYPED_LOGIN, Spec, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive, find
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import gated
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import problem, shown


@dataclass(frozen=True, slots=True)
class Note:
    """One difference that the other release makes."""

    kind: Literal["gone", "changed", "added", "beware"]
    """``gone``: the directive is left out. ``changed``: it has another value. ``added``: it is new, so that the server does what it did.
    ``beware``: the text stays, but the server does something else."""
    path: str
    """The directive with its blocks, such as ``vhost __defaultVhost__.hls.hls_use_fmp4``."""
    message: str
    """The rest of a sentence that begins with the path; never a secret."""

    def __str__(self) -> str:
        return f"{self.path} {self.message}"


def convert(text: str, from_version: Release, to_version: Release) -> tuple[str, list[Note]]:
    """A config for ``from_version`` as the one for ``to_version`` that means the same, and what that changes; the text itself where nothing
    does. For a major version by itself it is what the newest releases of it do that counts.

    :raises SrsError: when the text can't be read.
    """
    converter = _Converter(from_version, to_version)
    tree = converter.root(modernise(parse(text, from_version.major), from_version)[0])
    return (text if _reads_as(text, tree, to_version) else render(tree)), converter.notes


def _reads_as(text: str, tree: list[Directive], version: Release) -> bool:
    """Whether a text is read as this tree."""
    try:
        return modernise(parse(text, version.major), version)[0] == tree
    except ConfSyntaxError:
        return False


# What it means that a directive is left out, where that isn't plain.
LOSSES = {
    "http_api.auth": "whoever reaches the HTTP API may use it",
    "heartbeat.auth": "a service that asks for a token refuses the server",
}


class _Converter:
    def __init__(self, before: Release, after: Release) -> None:
        self.before = before
        self.after = after
        self.notes: list[Note] = []

    def note(self, kind: Literal["gone", "changed", "added", "beware"], path: str, message: str) -> None:
        self.notes.append(Note(kind, path, message))

    def root(self, tree: list[Directive]) -> list[Directive]:
        self.rtc(tree)
        converted = self.block(tree, ROOT, "", is_on=True)
        if not find(converted, "listen") and not reaches(self.after, LISTEN_OPTIONAL) and not find(converted, "include"):
            converted.insert(0, Directive("listen", ["1935"]))
            self.note("added", "listen", f"is 1935: SRS {self.after} does not start without it, which opens that port.")
        api = find(converted, "http_api")
        auth = api.get("auth") if api else None
        if auth is not None and auth.value("enabled") == "on":
            self.login(auth, find(tree, "http_api") or Directive("http_api"))
        return converted

    def login(self, auth: Directive, api: Directive) -> None:
        path = "http_api.auth"
        kind = (api.get("auth") or Directive("auth")).value("type")
        if reaches(self.after, TYPED_LOGIN) and not kind:
            auth.body().append(Directive("type", ["basic"]))
            self.note("added", f"{path}.type", f"is basic: SRS {self.after} does not start without it where auth is enabled.")
        if kind == "bearer" and auth.get("type") is None:
            way = "give username and password"
            self.note("beware", path, f"is of type bearer, which SRS {self.after} does not have, so nobody can log in: {way}.")

    def rtc(self, tree: list[Directive]) -> None:
        """The TCP port of WebRTC, which some releases open whatever the protocol is."""
        server = find(tree, "rtc_server") or Directive("rtc_server")
        tcp = server.get("tcp") or Directive("tcp")
        is_on = server.value("enabled") == "on" and tcp.value("enabled") == "on" and server.value("protocol", "udp") == "udp"
        before, after = (reaches(version, TCP_BY_PROTOCOL) for version in (self.before, self.after))
        if is_on and before != after and self.after.major >= 5:
            what = (
                "opens its port only if rtc_server.protocol is tcp or all"
                if after is not False
                else "opens its port whatever the protocol is"
            )
            self.note("beware", "rtc_server.tcp", f"{what} (SRS {self.after}).")

    def block(self, tree: list[Directive], table: Mapping[str, Spec], path: str, *, is_on: bool) -> list[Directive]:
        converted = []
        for directive in tree:
            spec = INCLUDE if directive.name == "include" else table.get(directive.name)
            kept = directive if spec is None else self.directive(directive, spec, f"{path}.{directive.name}" if path else directive.name)
            converted += [kept] if kept else []
        if is_on and not any(directive.name == "include" for directive in tree):
            given = {directive.name for directive in tree}
            for name, spec in table.items():
                if name not in given:
                    converted += self.left_out(name, spec, f"{path}.{name}" if path else name)
        return converted

    def directive(self, directive: Directive, spec: Spec, path: str) -> Directive | None:
        name = f"{path} {directive.arg0}" if directive.children is not None and directive.args else path
        if (gate := gated(spec, self.after)) and gated(spec, self.before) != gate:
            if gate[0] == ERROR or (reaches(self.after, spec.idle) and not reaches(self.before, spec.idle)):
                loss = f" Without it {LOSSES[path]}." if path in LOSSES and directive.value("enabled") == "on" else ""
                self.note("gone", name, f"{gate[1].rstrip('.').partition(': leave')[0]}, and is left out.{loss}")
                return None
            if not reaches(self.after, spec.idle):
                self.note("beware", name, gate[1])
        if directive.name == "include":
            self.note("beware", f"include of {' '.join(directive.args)}", "is not looked into: convert these files, too.")
        if directive.children is None or spec.free:
            return self.leaf(directive, spec, path)
        enabled = (spec.children or {}).get("enabled")
        is_on = enabled is None or directive.value("enabled", enabled.default_of(self.before)) != "off"
        return Directive(directive.name, directive.args, self.block(directive.children, spec.children or {}, name, is_on=is_on))

    def leaf(self, directive: Directive, spec: Spec, path: str) -> Directive | None:
        args = directive.args
        if not problem(spec, args, self.after) or problem(spec, args, self.before):
            return directive
        fitting = args[:1] if reaches(self.after, spec.lists) is False and spec.args[1] == 1 else args
        if spec.kind == "endpoint" and reaches(self.after, spec.addresses) is False:
            fitting = list(dict.fromkeys(value.rpartition(":")[2] for value in fitting))
        what = f"is {' '.join(shown(spec, value) for value in args)}"
        if problem(spec, fitting, self.after):
            self.note("gone", path, f"{what}, which SRS {self.after} does not know, and is left out.")
            return None
        self.note("changed", path, f"{what}, of which SRS {self.after} takes {' '.join(fitting)}.")
        return Directive(directive.name, fitting, None)

    def left_out(self, name: str, spec: Spec, path: str) -> list[Directive]:
        """What must be written because the server does something else by itself."""
        if spec.kind == "block" or reaches(self.after, spec.idle):
            return []
        before, after = spec.default_of(self.before), spec.default_of(self.after)
        is_sure, was_sure = _sure(spec, self.after), _sure(spec, self.before)
        if before == after and is_sure and was_sure:
            return []
        if not was_sure and self.after != self.before:
            message = f"is not given, and releases of SRS {self.before} differ in it; in SRS {self.after} it is {after}."
            self.note("beware", path, message)
            return []
        if not before or not was_sure:
            return []
        if spec.known(self.after) is False:
            self.note(
                "beware", path, f"is {after or 'off'} in SRS {self.after}, which has no such directive, but {before} in SRS {self.before}."
            )
            return []
        self.note("added", path, f"is {before}, as it is without being given in SRS {self.before}, but not in SRS {self.after}.")
        return [Directive(name, [before])]


def _sure(spec: Spec, version: Release) -> bool:
    """Whether all releases that a version stands for do the same when it isn't given."""
    oldest = version if version.is_exact else Release(version.major, OLDEST.get(version.major, 0))
    return spec.default_of(oldest) == spec.default_of(version)

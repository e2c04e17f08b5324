# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A srs.conf as the server reads it: what an environment variable says, else what the file says, else the server's own default.

Where each getter looks is in ``srs_app_config.cpp`` of SRS: ``SRS_OVERWRITE_BY_ENV_*`` goes first from SRS 5 on, then the first directive
of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, VHOST, Spec, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import walk

# Directives that the server reads from the file alone.
WITHOUT_ENV = (
    "chunk_size",
    "is_full",
    "stats",
    "stream_caster",
    "rtc_server.dir",
    "vhost.enabled",
    "vhost.cluster",
    "vhost.security",
    "vhost.refer",
    "vhost.forward.destination",
    "vhost.ingest",
    "vhost.transcode",
    "vhost.exec",
    "vhost.bandcheck",
    "vhost.dvr.dvr_apply",
)
ENV_ALIASES = {
    "SRS_LOG_TANK": "srs_log_tank",
    "SRS_LOG_LEVEL": "srs_log_level",
    "SRS_LOG_LEVEL_V2": "srs_log_level_v2",
    "SRS_LOG_FILE": "srs_log_file",
    "SRS_RTMP_LISTEN": "listen",
    "SRS_VHOST_SRT_TO_RTMP": "vhost.srt.srt_to_rtmp",
}
# The first releases that read a variable, where others that know its directive don't.
VARIABLE_SINCE = {"SRS_RTMP_LISTEN": "8.0.48"}


def _env_names() -> dict[str, str]:
    names = dict(ENV_ALIASES)
    for block, name, spec in walk(ROOT):
        path = f"{block}.{name}" if block else name
        if spec.kind != "block" and not any(path == prefix or path.startswith(prefix + ".") for prefix in WITHOUT_ENV):
            names["SRS_" + path.replace(".", "_").upper()] = path
    return names


ENV_NAMES = _env_names()
"""Environment variable: directive that it goes before."""

VARIABLES: dict[str, list[str]] = {}
for _name, _path in ENV_NAMES.items():
    VARIABLES.setdefault(_path, []).append(_name)


def reads_variable(version: Release, name: str) -> bool | None:
    """Whether a release looks for a variable of ``ENV_NAMES``; None where some of a major version do."""
    level: Mapping[str, Spec] = ROOT
    answers: list[bool | None] = [reaches(version, VARIABLE_SINCE.get(name, "5"))]
    for part in ENV_NAMES[name].split("."):
        spec = level[part]
        answers += [spec.known(version), None if (idle := reaches(version, spec.idle)) is None else not idle]
        level = spec.children or {}
    answers.append(reaches(version, spec.env_since))
    return False if False in answers else None if None in answers else True


@dataclass(frozen=True, slots=True)
class Setting:
    """What a directive comes to."""

    values: tuple[str, ...] | None
    """The arguments that the server takes; None where they can't be known from here: an ``include`` or a variable says them."""
    path: str
    """The directive with its blocks, or the environment variable that goes before it."""
    at: Directive | None = None
    """Where the file says it; None where it is a variable or the server's default."""

    @property
    def value(self) -> str | None:
        """The first argument, "" where there is none."""
        return None if self.values is None else self.values[0] if self.values else ""

    @property
    def is_default(self) -> bool:
        return self.at is None and not self.path.startswith("SRS_")


class Reading:
    """``tree`` as a server of a release reads it, with these environment variables; a value of None is not known here."""

    def __init__(self, tree: Sequence[Directive], version: Release, env: Mapping[str, str | None] | None = None) -> None:
        self.tree = tree
        self.version = version
        self.env = {
            name: value for name, value in (env or {}).items() if name not in ENV_NAMES or reads_variable(version, name) is not False
        }

    @property
    def vhosts(self) -> list[Directive]:
        """Those that are served."""
        found = [directive for directive in self.tree if directive.name == "vhost"]
        return [vhost for vhost in found if self.within(vhost, "enabled", VHOST["enabled"], f"vhost {vhost.arg0}.enabled").value != "off"]

    def setting(self, path: str, vhost: Directive | None = None) -> Setting:
        """A directive by its path (``http_api.https.key``), at the top level or in a vhost."""
        spec = spec_of(path, VHOST if vhost else ROOT)
        shown = f"vhost {vhost.arg0}.{path}" if vhost else path
        for name in VARIABLES.get(f"vhost.{path}" if vhost else path, ()):
            if self.env.get(name, ""):
                return Setting(tuple((self.env[name] or "").split()), name)
            if name in self.env and self.env[name] is None:
                return Setting(None, name)
        *blocks, name = path.split(".")
        level: Sequence[Directive] | None = vhost.children if vhost else self.tree
        for block in blocks:
            found, hidden = _first(level or (), block)
            if hidden:
                return Setting(None, shown)
            level = found.children if found else ()
        return self._of(level or (), name, spec, shown)

    def within(self, block: Directive, name: str, spec: Spec, shown: str) -> Setting:
        """A directive of a block of which there may be several."""
        return self._of(block.children or (), name, spec, shown)

    def _of(self, level: Sequence[Directive], name: str, spec: Spec, shown: str) -> Setting:
        found, hidden = _first(level, name)
        if found is not None and found.args:
            return Setting(tuple(found.args), shown, found)
        if hidden:
            return Setting(None, shown)
        default = spec.default_of(self.version)
        return Setting((default,) if default else (), shown)

    def is_on(self, path: str, vhost: Directive | None = None) -> bool | None:
        """Whether a switch is on; None where that can't be known from here."""
        setting = self.setting(path, vhost)
        if setting.value is None:
            return None
        # Whatever is neither of the two words counts as the default.
        spec = spec_of(path, VHOST if vhost else ROOT)
        return setting.value != "off" if spec.default_of(self.version) == "on" else setting.value == "on"

    @property
    def includes(self) -> list[Directive]:
        """All ``include`` directives."""
        return list(_includes(self.tree))


def _first(level: Iterable[Directive], name: str) -> tuple[Directive | None, bool]:
    """The first directive of that name, which is what the server takes, and whether an ``include`` before it may hold another."""
    hidden = False
    for directive in level:
        if directive.name == name:
            return (None, True) if hidden else (directive, False)
        hidden = hidden or directive.name == "include"
    return None, hidden


def _includes(level: Iterable[Directive]) -> Iterable[Directive]:
    for directive in level:
        if directive.name == "include":
            yield directive
        yield from _includes(directive.children or ())


def spec_of(path: str, table: Mapping[str, Spec]) -> Spec:
    """The row of a directive, by its path."""
    *blocks, name = path.split(".")
    for block in blocks:
        table = table[block].children or {}
    return table[name]

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to the text that is deployed: check, build, check again, render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, known_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.build import TYPE_VARIABLE, add_extra, build, complete
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.checks import server_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, Finding, Where, stop_on_errors, warnings_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import CONTEXT, OBJECT_OPTIONS, OPTIONS, Normaliser
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.pod_checks import environment, pod_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum, render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VERSION, TYPED_LOGIN, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import Secrets, literal_secrets, take_secrets
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.stream_checks import stream_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import validate


@dataclass(frozen=True, slots=True)
class Compiled:
    """A configuration that may be deployed."""

    text: str
    checksum: str
    findings: list[Finding] = field(default_factory=list)  # warnings only
    env: list[dict[str, Any]] = field(default_factory=list)  # entries for the container's env
    secret_mounts: list[dict[str, Any]] = field(default_factory=list)  # Secrets to mount into the container

    def warnings(self, where: Where) -> list[str]:
        """The warnings as sentences."""
        return warnings_of(self.findings, where)


def compile_config(role: str, params: Mapping[str, Any], *, where: Where) -> Compiled:
    """Check and render the configuration of an edge or an origin. Raises SrsError with all errors, one a line."""
    draft = _Draft(role, params)
    findings = draft.findings
    if not draft.has_errors:
        checks = (
            server_checks(draft.tree, draft.version, draft.env),
            stream_checks(draft.tree, draft.version, draft.env),
            pod_checks(draft.tree, draft.version, role, draft.context, draft.own_env),
        )
        findings += (draft.located(finding) for part in checks for finding in part)
    stop_on_errors(findings, where)
    text = str(draft.values.get("conf") or render(draft.tree))
    return Compiled(text, checksum(text), findings, draft.secrets.env, draft.secrets.mounts)


def reading_of(role: str, params: Mapping[str, Any]) -> Reading:
    """These parameters as the server reads them; as good as nothing where they have errors, which ``compile_config`` names."""
    draft = _Draft(role, params)
    return Reading(draft.tree, draft.version, draft.env)


def check_text(text: str, version: Release, where: str = "srs.conf") -> list[Finding]:
    """Everything that the server itself would refuse, crash on or ignore in a text."""
    try:
        tree = parse(text, version.major, where)
    except ConfSyntaxError as error:
        return [Finding(ERROR, "", f"{error.problem} (SRS {version}).", error.line)]
    return check_tree(tree, version)


def check_tree(tree: list[Directive], version: Release) -> list[Finding]:
    """The same for a tree."""
    modern, findings = modernise(tree, version)
    return [*findings, *validate(modern, version), *server_checks(modern, version)]


class _Draft:
    """Parameters as a tree, and what is wrong with them taken one by one."""

    def __init__(self, role: str, params: Mapping[str, Any]) -> None:
        self.findings: list[Finding] = []
        self.secrets = Secrets()
        self.tree: list[Directive] = []
        self.values: dict[str, Any] = {}
        self.context: dict[str, Any] = {}
        self.version = DEFAULT_VERSION
        try:
            self.version = version_of(params)
        except SrsError as error:
            self.findings.append(Finding(ERROR, "srs_version", error.message.removeprefix("srs_version ")))
        else:
            own = {name: value for name, value in params.items() if name not in OBJECT_OPTIONS}
            self.values = Normaliser(self.version, self.findings).block(own, OPTIONS[role], "")
            self.context = {name: self.values[name] for name in CONTEXT if name in self.values}
            if not self.has_errors:
                self.tree = self._tree(role)
                self._tell_login()

    @property
    def env(self) -> dict[str, str | None]:
        """The container's environment as far as it is known."""
        return environment(self.context, self.own_env)

    def _tell_login(self) -> None:
        """Say by the environment of what type a login is where the file can't: it is the user's own, or a variable turns the login on."""
        reading = Reading(self.tree, self.version, self.env)
        missing = reading.is_on("http_api.auth.enabled") and reading.setting("http_api.auth.type").value == ""
        if missing and reaches(self.version, TYPED_LOGIN):
            self.secrets.env.append({"name": TYPE_VARIABLE, "value": "basic"})

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == ERROR for finding in self.findings)

    @property
    def own_env(self) -> list[str]:
        """The variables that take secrets of the config to the server."""
        return [entry["name"] for entry in self.secrets.env]

    def located(self, finding: Finding) -> Finding:
        """A finding about the tree, with the parameter that it is of."""
        if finding.path.isupper():  # a variable of the container
            return finding
        if "conf" in self.values:
            return replace(finding, source="conf")
        # What has a line is of the user's own text.
        return replace(finding, source="extra") if finding.line else replace(finding, path=self._parameter(finding.path))

    def _parameter(self, path: str) -> str:
        """The parameter of a directive of the tree: what a vhost doesn't say itself is said for all of them."""
        own = {vhost.get("name"): (index, vhost) for index, vhost in enumerate(self.values.get("vhosts") or ())}
        for vhost in (directive for directive in self.tree if directive.name == "vhost"):
            rest = path.removeprefix(f"vhost {vhost.arg0}.")
            if rest != path:
                index, values = own.get(vhost.arg0, (0, {}))
                return f"vhosts[{index}].{rest}" if rest.split(".")[0] in values else rest
        return path

    def _tree(self, role: str) -> list[Directive]:
        values, version, findings = self.values, self.version, self.findings
        if "conf" in values:
            others = [name for name in values if name not in CONTEXT and name not in ("conf", "srs_version")]
            if others:
                findings.append(Finding(ERROR, "conf", f"is a whole srs.conf and excludes {', '.join(others)}: give one or the other."))
            return _parsed(values["conf"], version, "conf", findings)
        self.values = values = take_secrets(values, version, findings, self.secrets)
        tree = build(role, version, values, findings)
        if "extra" in values:
            extra = _parsed(values["extra"], version, "extra", findings)
            if not self.has_errors:
                add_extra(tree, extra, "", findings)
        complete(tree, version, self.env)
        return tree


def version_of(params: Mapping[str, Any]) -> Release:
    """The release that parameters are for.

    :raises SrsError: when ``srs_version`` is none that is known.
    """
    value = params.get("srs_version")
    return DEFAULT_VERSION if value is None else known_release(str(value), "srs_version")


def _parsed(text: str, version: Release, source: str, findings: list[Finding]) -> list[Directive]:
    """A user's text as a tree of today's names; what is wrong with it goes to the findings."""
    try:
        tree, old = modernise(parse(text, version.major), version)
    except ConfSyntaxError as error:
        findings.append(Finding(ERROR, "", f"{error.problem} (SRS {version}).", error.line, source))
        return []
    findings += [replace(finding, source=source) for finding in (*old, *validate(tree, version), *literal_secrets(tree, version))]
    return tree

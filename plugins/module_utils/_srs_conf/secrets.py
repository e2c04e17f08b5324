# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets stay in Kubernetes Secrets: the server gets them by environment variable or mounted file, never by its ConfigMap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, VHOST, Spec
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import gated

MOUNTS = "/etc/srs/tls"
# Short words count by themselves alone ("monkey" is no key), long ones also at the end of others (txSecret, wsSecret).
SECRET_QUERY = re.compile(
    r"(?i)((^|[_-])(pass|pwd|key|auth|sign|sig)|token|secret|password|passwd|passphrase|api_?key|credentials?|signature)$"
)


@dataclass(slots=True)
class Secrets:
    """What the container needs beside the file."""

    env: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)


def url_holds_secret(url: str) -> bool:
    """Whether a URL has a password, or a query parameter by whose name it is a secret (variables like ``[stream]`` are none)."""
    try:
        parts = urlsplit(url.replace("[", "(").replace("]", ")"))
        query = parse_qsl(parts.query, keep_blank_values=True)
        return bool(parts.password) or any(SECRET_QUERY.search(name) and value and not value.startswith("(") for name, value in query)
    except ValueError:
        return True


def holds_secret(value: str) -> bool:
    """Whether a value of any directive is a URL with a secret."""
    return "://" in value and url_holds_secret(value)


def _way_out(spec: Spec, version: Release) -> str:
    if version.major < 5:
        return (
            f"SRS {version} reads neither environment variables nor other files, so this needs srs_version 5 or later, or at the origin a "
            "whole srs.conf of your own in a Secret (srs_origin_own_config: false, and srs_origin_extra_volumes)."
        )
    if not spec.env:
        return (
            "put the block that it is in into a file in a Secret, mount that with the role's extra_volumes and extra_volume_mounts, "
            "and let extra include the file."
        )
    return f"leave it out here, put it into a Secret, and give it to the container as the environment variable {spec.env}."


def literal_secrets(tree: list[Directive], version: Release) -> list[Finding]:
    """Secrets that stand in a text of the user's."""
    return list(_literal(tree, ROOT, "", version))


def _literal(tree: list[Directive], table: Mapping[str, Spec], path: str, version: Release) -> Iterator[Finding]:
    for directive in tree:
        spec = table.get(directive.name)
        if spec is None:
            continue
        inner = f"{path}.{directive.name}" if path else directive.name
        if directive.children and spec.children:
            yield from _literal(directive.children, spec.children, f"{inner} {directive.arg0}" if directive.args else inner, version)
        elif (spec.secret and directive.args) or any(map(holds_secret, directive.args)):
            yield Finding(
                ERROR, inner, f"holds a secret, which would be readable in a ConfigMap: {_way_out(spec, version)}", directive.line
            )


def redacted(text: str) -> str:
    """A text for a diff: what was in the cluster before may hold secrets, and they go no further."""
    try:
        tree = parse(text, 5)  # reads whatever the grammar of another version reads
    except ConfSyntaxError:
        return "# Not shown: it cannot be read, so there is no telling what in it is secret.\n" if text else ""
    # The longest first, since one may be a part of another.
    for value in sorted({value for value in _secret_values(tree, ROOT) if value}, key=len, reverse=True):
        text = text.replace(value, "********")
    return text


def _secret_values(tree: list[Directive], table: Mapping[str, Spec]) -> Iterator[str]:
    for directive in tree:
        spec = table.get(directive.name)
        if spec is None:
            continue
        yield from (value for value in directive.args if spec.secret or holds_secret(value))
        yield from _secret_values(directive.children or [], spec.children or {})


def take_secrets(values: Mapping[str, Any], version: Release, findings: list[Finding], secrets: Secrets) -> dict[str, Any]:
    """Normalised parameters without those that name Secrets, and what these come to."""
    taker = _Taker(version, findings, secrets)
    result = taker.block(
        {name: value for name, value in values.items() if name != "vhosts"}, {**ROOT, **VHOST, "listen": ROOT["listen"]}, ""
    )
    if "vhosts" in values:
        before = len(secrets.env)
        result["vhosts"] = [taker.block(vhost, VHOST, f"vhosts[{index}]") for index, vhost in enumerate(values["vhosts"])]
        if len(secrets.env) > before and len(values["vhosts"]) > 1:
            findings.append(
                Finding(
                    ERROR,
                    "vhosts",
                    "name Secrets for URLs of one vhost, but the environment variable holds for every vhost: give it beside vhosts if "
                    "it is for all of them; else put that vhost's http_hooks into a file in a Secret, mount it, and let extra include it.",
                )
            )
    return result


@dataclass(slots=True)
class _Taker:
    version: Release
    findings: list[Finding]
    secrets: Secrets

    def block(self, values: Mapping[str, Any], table: Mapping[str, Spec], path: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, value in values.items():
            inner = f"{path}.{name}" if path else name
            plain = name.removesuffix("_secret")
            spec = table.get(plain)
            if plain != name and spec is not None and spec.env:
                self.variable(plain, spec, value, values, inner)
            elif name == "secret" and {"key", "cert"} <= table.keys():
                result |= self.certificate(value, values, path)
            elif isinstance(value, dict) and spec is not None and spec.children:
                result[name] = self.block(value, spec.children, inner)
            else:
                if isinstance(value, list) and any(holds_secret(str(one)) for one in value):
                    way = (
                        f"put it into a Secret and give {name}_secret: {{name: SECRET, key: KEY}}."
                        if spec and spec.env and self.version.major >= 5
                        else _way_out(spec or Spec("text"), self.version)
                    )
                    self.findings.append(Finding(ERROR, inner, f"holds a secret, which would be readable in a ConfigMap: {way}"))
                result[name] = value
        return result

    def variable(self, plain: str, spec: Spec, ref: Mapping[str, str], values: Mapping[str, Any], path: str) -> None:
        if self.version.major < 5:
            self.findings.append(Finding(ERROR, path, f"needs SRS 5 or later, since SRS {self.version} reads no environment variables."))
        elif gate := gated(spec, self.version):
            self.findings.append(Finding(gate[0], path, gate[1]))
        if plain in values:
            self.findings.append(Finding(ERROR, path, f"and {plain} are both given, and the Secret would win: keep one of them."))
        self.name(ref.get("name"), f"{path}.name")
        if {"name", "key"} <= ref.keys():
            self.secrets.env.append({"name": spec.env, "valueFrom": {"secretKeyRef": {"name": ref["name"], "key": ref["key"]}}})

    def name(self, value: str | None, path: str) -> None:
        if value and not is_subdomain(value):
            self.findings.append(
                Finding(ERROR, path, f"is {value!r}, but must be the name of a Secret: a-z, 0-9, '-' and '.' (a DNS subdomain).")
            )

    def certificate(self, secret: str, values: Mapping[str, Any], path: str) -> dict[str, Any]:
        for name in ("key", "cert"):
            if name in values:
                self.findings.append(
                    Finding(ERROR, f"{path}.{name}", "and secret are both given: the Secret brings key and certificate, keep one of them.")
                )
        self.name(secret, f"{path}.secret")
        volume = path.split(".")[0].replace("_", "-") + "-tls"
        folder = f"{MOUNTS}/{volume}"
        self.secrets.mounts.append({"name": volume, "secret_name": secret, "mount_path": folder, "read_only": True})
        return {"key": [f"{folder}/tls.key"], "cert": [f"{folder}/tls.crt"]}

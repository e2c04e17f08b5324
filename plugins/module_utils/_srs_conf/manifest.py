# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of configurations to a list of ConfigMaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import Compiled, compile_config, version_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reloadable import restart_checksum

KEY = re.compile(r"[A-Za-z0-9._-]{1,253}", re.ASCII)
DEFAULT_KEY = "srs.conf"


@dataclass(slots=True)
class Deployed:
    """One configuration as it is deployed: its text, what the container needs for it, and its ConfigMap."""

    name: str
    key: str
    text: str
    checksum: str
    restart_checksum: str  # of what only a new start takes
    warnings: list[str]
    env: list[dict[str, Any]]  # entries for the container's env
    secret_mounts: list[dict[str, Any]]  # name, mount_path, secret_name of Secrets to mount into the container
    config_map: dict[str, Any]

    def row(self) -> dict[str, Any]:
        """As the modules return it."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "config_map"}


@dataclass(slots=True)
class Rendered:
    """What the modules return."""

    configs: list[dict[str, Any]] = field(default_factory=list)
    objects: list[dict[str, Any]] = field(default_factory=list)
    checksums: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """As a module's result, but for the warnings."""
        return {"configs": self.configs, "objects": self.objects, "checksums": self.checksums}


def render_all(role: str, configs: Iterable[Mapping[str, Any]], namespace: str) -> Rendered:
    """Check and render all configurations; the errors of all of them are raised together."""
    rendered = Rendered()
    errors: list[str] = []
    seen: dict[str, int] = {}
    for index, config in enumerate(configs):
        name = config.get("name") or ""
        where = f"configs[{index}]" + (f" ({name})" if name else "")
        try:
            _check_names(config, where)
            if name in seen:
                raise SrsError(f"{where}: name {name!r} is that of configs[{seen[name]}] already: one ConfigMap holds one srs.conf.")
            seen[name] = index
            deployed = deploy(role, config, namespace, where)
        except SrsError as error:
            errors.append(error.message)
            continue
        rendered.configs.append(deployed.row())
        rendered.objects.append(deployed.config_map)
        rendered.checksums[name] = deployed.checksum
        rendered.warnings += deployed.warnings
    if errors:
        raise SrsError("\n".join(errors), errors=errors)
    return rendered


def deploy(role: str, config: Mapping[str, Any], namespace: str, where: str) -> Deployed:
    """Check and render one configuration; raises SrsError with all that is wrong with it."""
    compiled = compile_config(role, config, where=where)
    return Deployed(
        config["name"],
        config.get("key") or DEFAULT_KEY,
        compiled.text,
        compiled.checksum,
        restart_checksum(compiled.text, version_of(config)),
        compiled.warnings(where),
        compiled.env,
        compiled.secret_mounts,
        config_map(config, compiled, namespace),
    )


def config_map(config: Mapping[str, Any], compiled: Compiled, namespace: str) -> dict[str, Any]:
    """The manifest of one ConfigMap."""
    metadata: dict[str, Any] = {"name": config["name"], "namespace": namespace}
    for part in ("labels", "annotations"):
        if config.get(part):
            metadata[part] = {str(key): str(value) for key, value in config[part].items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {config.get("key") or DEFAULT_KEY: compiled.text}}


def _check_names(config: Mapping[str, Any], where: str) -> None:
    name = config.get("name")
    if not name:
        raise SrsError(f"{where}: name is required: the name of the ConfigMap.")
    if not is_subdomain(name):
        raise SrsError(
            f"{where}: name {name!r} is not a valid ConfigMap name: lower-case letters, digits, - and . (a DNS subdomain) are allowed."
        )
    key = config.get("key") or DEFAULT_KEY
    if not KEY.fullmatch(str(key)) or key in (".", ".."):
        raise SrsError(f"{where}: key {key!r} is not a valid ConfigMap key: letters, digits, -, _ and . are allowed.")
    for part in ("labels", "annotations"):
        if config.get(part) is not None and not isinstance(config[part], Mapping):
            raise SrsError(f"{where}: {part} is {config[part]!r}, but must be a mapping.")

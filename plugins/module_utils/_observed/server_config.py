# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's pod template and its srs.conf say about the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._labels import SRS_CONTAINER
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import Config
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS, Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf import parse, render, tree, values
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.features import features
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._text import whole_number

Object = Mapping[str, Any]

# SRS's own defaults.
MAX_CONNECTIONS = 1000
CONFIG_FILE = "conf/srs.conf"


@dataclass(frozen=True)
class PodSettings:
    """What a pod template says about the SRS in it."""

    config_map: str | None
    """The ConfigMap that holds its srs.conf, and the file's name there; None if it comes from elsewhere."""
    config_file: str | None
    api_port: int | None
    max_connections: int | None


def main_container(spec: Object) -> Object:
    """The container of SRS, in a pod that may have others as well; else the first one."""
    containers = spec.get("containers") or [{}]
    return next((c for c in containers if c.get("name") == SRS_CONTAINER), containers[0])


def of_template(template: Object) -> PodSettings:
    """Where SRS finds its srs.conf, and what the container's ports and environment say."""
    container = main_container(template["spec"])
    mounts = {m["name"]: m["mountPath"].rstrip("/") for m in container.get("volumeMounts") or ()}
    volumes = [v for v in template["spec"].get("volumes") or () if v["name"] in mounts and (v.get("configMap") or {}).get("name")]
    words = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
    named = re.search(r"-c\s+(\S+\.conf)\b", words)
    file = named[1] if named else CONFIG_FILE
    folder, _slash, name = file.rpartition("/")
    volume = next((v for v in volumes if mounts[v["name"]].endswith(f"/{folder}") or mounts[v["name"]].endswith(file)), None)
    limit = next((e.get("value") for e in container.get("env") or () if e["name"] == "SRS_MAX_CONNECTIONS"), None) or ""
    return PodSettings(
        config_map=volume["configMap"]["name"] if volume else None,
        config_file=name if volume else None,
        api_port=next((p["containerPort"] for p in container.get("ports") or () if p.get("name") == "api"), None),
        max_connections=whole_number(limit),
    )


def of_config_map(config_map: Object) -> Config:
    """What the srs.conf in a ConfigMap says; if it has no such key, its first file whose name ends with .conf."""
    data = config_map.get("data") or {}
    text = data.get("srs.conf") or next((value for name, value in sorted(data.items()) if name.endswith(".conf")), "")
    found: Config = {"checksum": render.checksum(text), "max_connections": None, "api_enabled": None, "api_port": None, "features": None}
    try:
        root = parse.parse(text)
    except SrsError:
        return found  # what is wrong with it, and where, is for srs_edge_config to say
    # What these follow from has the same defaults in every version.
    newest = Release(MAJORS[-1])
    found["features"] = sorted(features(Reading(modernise(root, newest)[0], newest)))
    limit = tree.find(root, "max_connections")
    found["max_connections"] = (whole_number(limit.arg0) if limit else None) or MAX_CONNECTIONS
    api = tree.find(root, "http_api")
    found["api_enabled"] = api is not None and api.value("enabled") == "on"
    if api is not None and found["api_enabled"]:
        found["api_port"] = values.port_of(api.value("listen", "1985")) or None
    return found

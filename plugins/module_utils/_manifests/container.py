# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers: of SRS, and what all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.server import CONFIG_FOLDER, TMP, Server
from ansible_collections.livestream.srs.plugins.module_utils._manifests.parts import (
    RESTRICTED_CONTAINER,
    present,
    probes,
    sleep_before_stop,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import Deployed

TMP_VOLUME: dict[str, Any] = {"name": "tmp", "emptyDir": {}}
TMP_MOUNT = {"name": "tmp", "mountPath": TMP}

Mounts = Sequence[dict[str, Any]]


def container(common: Common, name: str, image: str, *, restricted: bool, **fields: Any) -> dict[str, Any]:
    """A container with those of the fields that have something to say."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": common.image_pull_policy,
        **present(**{key: value for key, value in fields.items() if key != "volumeMounts"}),
        **({"securityContext": RESTRICTED_CONTAINER} if restricted else {}),
        **present(volumeMounts=fields.get("volumeMounts")),
    }


def srs_container(common: Common, server: Server, deployed: Deployed | None, env: Sequence[Any], mounts: Mounts) -> dict[str, Any]:
    """The container that SRS runs in. ``deployed`` is its config, if it is ours."""
    secrets = [{"name": mount["name"], "mountPath": mount["mount_path"], "readOnly": True} for mount in _secret_mounts(deployed)]
    named = common.production_defaults
    return container(
        common,
        "srs",
        server.image,
        restricted=server.security,
        command=server.command,
        env=[*env, *(deployed.env if deployed else ()), *server.env],
        ports=[
            {"containerPort": port["containerPort"], **({"name": port["name"]} if named or port["name"] == "exporter" else {})}
            for port in server.container_ports
        ],
        resources=server.resources,
        **probes(server.ports["rtmp"], server, server.probes, startup=True),
        lifecycle=sleep_before_stop(server.grace.pre_stop) if server.grace else None,
        volumeMounts=[*mounts, *secrets, *([TMP_MOUNT] if server.security else []), *server.extra_volume_mounts],
    )


def srs_volumes(server: Server, deployed: Deployed | None) -> list[dict[str, Any]]:
    """The volumes that this container needs besides its config and its media."""
    secrets = [{"name": mount["name"], "secret": {"secretName": mount["secret_name"]}} for mount in _secret_mounts(deployed)]
    return [*secrets, *([TMP_VOLUME] if server.security else []), *server.extra_volumes]


def config_mount() -> dict[str, Any]:
    return {"name": "config-volume", "mountPath": CONFIG_FOLDER}


def _secret_mounts(deployed: Deployed | None) -> list[dict[str, Any]]:
    return deployed.secret_mounts if deployed else []

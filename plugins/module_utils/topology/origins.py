# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user writes about the origin to what the templates and srs_origin_config need, and what must hold of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils.topology import clusters, names, storage


def resolve_origin(origin: Mapping[str, Any], topology: str) -> dict[str, Any]:
    """The origin with all its keys: ``origin`` has one entry for each ``srs_origin_*`` variable, without that prefix."""
    server = dict(origin)
    server.update(
        name="origin",
        app=names.ORIGIN,
        labels=names.labels("origin", "origin", topology),
        config_name=f"{names.ORIGIN}-config",
        deployment_name=f"{names.ORIGIN}-deployment",
        service_name=names.ORIGIN_SERVICE,
        grace=clusters.grace(origin),
        ports=clusters.listen_ports(origin["config"]),
        media=storage.resolve(origin["storage"], origin["volume"]),
    )
    server["container_ports"] = clusters.container_ports(server["ports"])
    server["service_ports"] = clusters.service_ports(server["ports"], ("rtmp",))
    # A disk that one node at a time may mount has to be let go of before the next pod can start.
    server["recreate"] = server["media"]["access_mode"] in ("ReadWriteOnce", "ReadWriteOncePod")
    server["srs_conf"] = clusters.server_conf(server)
    return server


def check(origin: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a resolved origin, as sentences that name the variable, the value and the way out."""
    yield from storage.check(origin["storage"], origin["volume"])
    if origin["own_config"]:
        yield from _media_paths(origin["config"])


def _media_paths(config: Any) -> Iterator[str]:
    """Files that SRS would write where no volume is: lost with the container, and refused where its root is read-only."""
    if not isinstance(config, Mapping):
        return
    vhosts = config.get("vhosts")
    blocks = [("", config), *((f"vhosts[{index}].", vhost) for index, vhost in enumerate(vhosts if isinstance(vhosts, list) else ()))]
    work_dir = str(config.get("work_dir") or storage.INSTALLED)
    for where, block in blocks:
        for kind, key in (("hls", "hls_path"), ("hls", "hls_key_file_path"), ("dvr", "dvr_path")):
            settings = block.get(kind) if isinstance(block, Mapping) else None
            path = settings.get(key) if isinstance(settings, Mapping) else None
            if isinstance(path, str) and not storage.is_inside(path, work_dir):
                yield (
                    f"srs_origin_config.{where}{kind}.{key} is {path!r}, which is not on the origin's volume: "
                    f"it has to be below {storage.MEDIA} (or ./objs/nginx/html)."
                )

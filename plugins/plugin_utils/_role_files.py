# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the roles that objects hold: scripts, the dashboard, and the configs of nginx, which are templates."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.livestream.srs.plugins.module_utils._desired import https, names, nginx
from ansible_collections.livestream.srs.plugins.module_utils._manifests.origin_objects import Files

# What keeps playlists while their server is away.
WINDOW = ("start.sh", "window.js", "playlist.js")
ROLES = Path(__file__).resolve().parents[2] / "roles"


def role_files(wanted: nginx.Nginx) -> Files:
    """The files for a topology with this nginx."""

    def files(role: str, template: str, source_host: str) -> dict[str, str]:
        config = _environment().get_template(template)
        called = wanted.origin.called
        text = config.render(
            nginx=wanted,
            role=role,
            source="$origin_pods" if role == nginx.CACHE and wanted.asks_each_origin else "source",
            source_host=source_host,
            https_port=https.PORT,
            peers_port=wanted.peers_port,
            peers_service=wanted.peers_service(role),
            origin_pods_service=called("Service", names.ORIGIN_PODS),
            flv_service=called("Service", names.FLV_SERVICE),
            page_seconds=nginx.PAGE_SECONDS,
        )
        held = {name: _text(f"hls_nginx/files/{name}") + "\n" for name in WINDOW} if wanted.holds else {}
        return {"nginx.conf": text, **held}

    return Files(
        cleanup_script=_text("srs_origin/files/cleanup.sh"),
        publish_script=_text("srs_origin/files/publish.sh"),
        dashboard=_text("srs_origin/files/grafana-dashboard.json"),
        reader=files(nginx.READER, "nginx.conf.j2", "media"),
        cache=files(nginx.CACHE, "cache.conf.j2", wanted.upstream_address) if wanted.mode == "cache" else {},
    )


@cache
def _text(path: str) -> str:
    # As Ansible's lookup of files gives it.
    return (ROLES / path).read_text(encoding="utf-8").rstrip()


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(ROLES / "hls_nginx/templates")
    # As Ansible reads templates. What comes out is the config of nginx and no HTML.
    made = Environment(loader=loader, trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)
    # A string of nginx: JSON's escapes are among its own.
    made.filters["quoted"] = lambda value: json.dumps(value, ensure_ascii=False)
    return made

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

ROLES = Path(__file__).resolve().parents[2] / "roles"


def role_files(wanted: nginx.Nginx) -> Files:
    """The files for a topology with this nginx."""

    def config(name: str) -> str:
        template = _environment().get_template(name)
        return template.render(
            nginx=wanted,
            https_port=https.PORT,
            flv_service=wanted.origin.called("Service", names.FLV_SERVICE),
            page_seconds=nginx.PAGE_SECONDS,
        )

    return Files(
        cleanup_script=_text("srs_origin/files/cleanup.sh"),
        publish_script=_text("srs_origin/files/publish.sh"),
        dashboard=_text("srs_origin/files/grafana-dashboard.json"),
        nginx_config=config("nginx.conf.j2"),
        cache_config=config("cache.conf.j2"),
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

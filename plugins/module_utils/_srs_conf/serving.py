# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server with a srs.conf offers to players."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import effects
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading

FLV_MOUNT = "/[app]/[stream].flv"
# Switch, and what then refuses players.
REFUSES_PLAYERS = (
    ("http_hooks.enabled", "http_hooks.on_connect"),
    ("http_hooks.enabled", "http_hooks.on_play"),
    ("refer.enabled", "refer.all"),
    ("refer.enabled", "refer.play"),
)


def port(reading: Reading, directive: str) -> int | None:
    """The first port of a listener, ``listen`` or ``http_server.listen``, that others reach; None where there is none."""
    found = (one.ports[0] for one in effects(reading).listens if one.directive == directive and one.ports and not one.is_local)
    return next(found, None)


def has_flv(reading: Reading) -> bool:
    """Whether a vhost has HTTP-FLV at /APP/STREAM.flv."""
    return any(
        reading.is_on("http_remux.enabled", vhost) and str(reading.setting("http_remux.mount", vhost).value).endswith(FLV_MOUNT)
        for vhost in reading.vhosts
    )


def may_refuse_players(reading: Reading) -> str:
    """The setting by which it may refuse a player that has no token; empty if there is none."""
    for vhost in reading.vhosts:
        for switch, setting in REFUSES_PLAYERS:
            if reading.is_on(switch, vhost) is not False and reading.setting(setting, vhost).values != ():
                return setting
        rules = vhost.get("security")
        if rules and rules.value("enabled") == "on":
            denied = [rule for rule in rules.all("deny") if rule.arg0 == "play"]
            if denied or ["play", "all"] not in [rule.args for rule in rules.all("allow")]:
                return "security"
    return ""


def has_hls(reading: Reading, playlist: str) -> bool:
    """Whether the first vhost has HLS whose playlists are called that."""
    return any(
        bool(reading.is_on("hls.enabled", vhost)) and reading.setting("hls.hls_m3u8_file", vhost).value == playlist
        for vhost in reading.vhosts[:1]
    )


def serves_its_hls(reading: Reading) -> bool:
    """Whether its own HTTP server has the files of HLS of the first vhost at its root."""
    return any(
        _path(reading.setting("hls.hls_path", vhost).value) == _path(reading.setting("http_server.dir").value)
        for vhost in reading.vhosts[:1]
    )


def _path(path: str | None) -> str | None:
    return path and path.removeprefix("./").rstrip("/")

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does by its srs.conf, in the words of release advisories (``_releases.advisories.FEATURES``)."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.reading import Reading
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

# Feature: the switches that must be on for it, of the server or of one of its vhosts.
_OF_SERVER: Mapping[str, tuple[str, ...]] = {
    "drain": ("force_grace_quit",),
    "reload": ("inotify_auto_reload",),
    "rtc": ("rtc_server.enabled",),
    "rtc_tcp": ("rtc_server.enabled", "rtc_server.tcp.enabled"),
    "srt": ("srt_server.enabled",),
}
_OF_VHOST: Mapping[str, tuple[str, ...]] = {
    "hls": ("hls.enabled",),
    "hls_ctx": ("hls.enabled", "hls.hls_ctx"),
    "hooks": ("http_hooks.enabled",),
    "rtc_to_rtmp": ("rtc.enabled", "rtc.rtc_to_rtmp"),
    "rtmp_to_rtc": ("rtc.enabled", "rtc.rtmp_to_rtc"),
}
MP4 = ".mp4"


def features(reading: Reading) -> frozenset[str]:
    """Those that are certainly there: what an ``include`` may say doesn't count."""
    found = {name for name, switches in _OF_SERVER.items() if all(reading.is_on(switch) for switch in switches)}
    for vhost in reading.vhosts:
        found |= {name for name, switches in _OF_VHOST.items() if all(reading.is_on(switch, vhost) for switch in switches)}
        found |= _more(reading, vhost)
    if "rtc" not in found:
        found -= {"rtc_to_rtmp", "rtmp_to_rtc"}
    return frozenset(found)


def _more(reading: Reading, vhost: Directive) -> set[str]:
    found = set()
    if reading.is_on("http_server.enabled") and reading.is_on("http_remux.enabled", vhost):
        found.add("http_flv")
    if reading.is_on("dvr.enabled", vhost) and (reading.setting("dvr.dvr_path", vhost).value or "").endswith(MP4):
        found.add("dvr_mp4")
    if reading.is_on("forward.enabled", vhost) and reading.setting("forward.backend", vhost).value:
        found.add("forward_backend")
    return found

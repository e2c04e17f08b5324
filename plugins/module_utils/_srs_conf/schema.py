# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of srs.conf: every directive of SRS 3 to 8 with its block, type, range, default and releases.

Names, blocks and versions are what the server's own checker accepts (``check_normal_config``) or, in the blocks that it
does not check, what its getters read. Types and ranges are what the getters make of a value: where the server silently takes
0, the default or a prefix (``350ms``, ``yes``), the value is wrong here.

Modules, documentation and checks are derived from this table; nothing else lists directives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias, TypeVar

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, parse_release

T = TypeVar("T")

DEFAULT_VERSION = Release(7)
# The vhost of clients that come by an address, or by a name that no other vhost has.
DEFAULT_VHOST = "__defaultVhost__"

Default: TypeAlias = "str | Mapping[str, str]"  # one for all releases, or by the releases from which it holds

# A major version by itself stands for any of its releases from these on: the newest of 4, the last image of 5, the first of 6 and 7 that is
# still met, the first image of 8.
OLDEST = {4: 271, 5: 213, 6: 156, 7: 18, 8: 48}


@cache
def firsts(text: str) -> tuple[Release, ...]:
    """The releases in a text such as ``6.0.180 7.0.95``: the first of each series that has something."""
    return tuple(release for word in text.split() if (release := parse_release(word)))


@cache
def reaches(version: Release, text: str) -> bool | None:
    """Whether a release is one of those from which something holds, or later; None where that is so of some releases of a major version.

    In a series that the text doesn't name it holds from the start if it does in an earlier one.
    """
    found = False
    for first in firsts(text):
        if first.major == version.major:
            if not version.is_exact and (first.revision or 0) <= OLDEST.get(version.major, 0):
                return True
            return version.reaches(first)
        found = found or first.major < version.major
    return found


def at(changes: Mapping[str, T], version: Release, before: T) -> T:
    """What holds in a release of what changed with others; for a major version by itself what its newest releases have."""
    found = before
    for first, value in changes.items():
        if reaches(version, first) is not False:
            found = value
    return found


def written(version: Release) -> int | str:
    """A release as an inventory has it: ``6``, ``"6.0.191"``."""
    return str(version) if version.is_exact else version.major


# The first release that must be told the type of a login.
TYPED_LOGIN = "8.0.28"
# The first release that doesn't turn SRT into RTMP unless it is told to.
QUIET_SRT = "7.0.117"


@dataclass(frozen=True, slots=True)
class Spec:
    """What may stand at one place of srs.conf. Releases are texts as ``firsts`` reads them; none means never."""

    kind: str  # switch integer number word text path endpoint host url domain rule block
    description: str = ""
    default: Default = ""  # the server's own; before ``since``: what it does without
    since: str = "3"  # the first releases that know it
    gone: str = ""  # the first releases that refuse it
    idle: str = ""  # the first releases that accept it and do nothing with it
    low: float | None = None
    high: float | None = None
    unit: str = ""
    words: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    args: tuple[int, int] = (1, 1)  # least and most arguments
    lists: str = ""  # the first releases that take several values where args says one
    addresses: str = "3"  # the first releases whose endpoints may have an address
    many: bool = False  # may stand several times
    unchecked: str = ""  # the first releases that take unknown names in this block and ignore them
    free: bool = False  # a block of names of the user's own (options of ffmpeg)
    env: str = ""  # the environment variable (SRS 5+) that can give a secret value
    env_since: str = "5"  # the first releases that read its environment variable
    secret: bool = False  # always a secret
    children: Mapping[str, Spec] | None = None

    def known(self, version: Release) -> bool | None:
        """Whether a release knows it; None where some of a major version do."""
        return False if reaches(version, self.gone) else reaches(version, self.since)

    def default_of(self, version: Release) -> str:
        """The server's default in a release; empty when it has none."""
        return self.default if isinstance(self.default, str) else at(self.default, version, "")

    @property
    def defaults(self) -> dict[str, str]:
        """The defaults of the releases that know it, by the first that has each."""
        if isinstance(self.default, str):
            return {self.since: self.default} if self.default else {}
        found: dict[str, str] = {}
        for first, value in self.default.items():
            if reaches(firsts(self.since)[0], first):
                found = {self.since.split()[0]: value}
            else:
                found[first] = value
        return found

    def words_of(self, version: Release) -> tuple[str, ...]:
        """The words that a release understands."""
        return self.words if isinstance(self.words, tuple) else at(self.words, version, ())


LIST = (1, 1000)


def _switch(description: str = "", default: Default = "off", **more: Any) -> Spec:
    return Spec("switch", description, default, **more)


def _integer(
    description: str = "", default: Default = "", low: float | None = None, high: float | None = None, unit: str = "", **more: Any
) -> Spec:
    return Spec("integer", description, default, low=low, high=high, unit=unit, **more)


def _number(
    description: str = "", default: Default = "", low: float | None = None, high: float | None = None, unit: str = "", **more: Any
) -> Spec:
    return Spec("number", description, default, low=low, high=high, unit=unit, **more)


def _word(description: str, words: tuple[str, ...] | Mapping[str, tuple[str, ...]], default: Default = "", **more: Any) -> Spec:
    return Spec("word", description, default, words=words, **more)


def _text(description: str = "", default: Default = "", **more: Any) -> Spec:
    return Spec("text", description, default, **more)


def _path(description: str = "", default: Default = "", **more: Any) -> Spec:
    return Spec("path", description, default, **more)


def _port(description: str = "", default: Default = "", **more: Any) -> Spec:
    return Spec("integer", description, default, low=1, high=65535, **more)


def _endpoint(description: str = "", default: Default = "", **more: Any) -> Spec:
    return Spec("endpoint", description, default, **more)


def _hosts(description: str = "", **more: Any) -> Spec:
    return Spec("host", description, args=LIST, **more)


def _hooks(description: str, event: str) -> Spec:
    return Spec("url", description, args=LIST, env=f"SRS_VHOST_HTTP_HOOKS_{event.upper()}")


def _block(description: str, children: Mapping[str, Spec], args: tuple[int, int] = (0, 0), **more: Any) -> Spec:
    return Spec("block", description, args=args, children=children, **more)


def _https(what: str, port: str) -> Spec:
    return _block(
        f"HTTPS of the {what}. Made for demonstrations; in production let nginx, an Ingress or the load balancer end TLS.",
        {
            "enabled": _switch("Whether to serve HTTPS; its plain HTTP sibling must be on too."),
            "listen": _endpoint("C([ip:]port) to listen at.", port, lists="7.0.67"),
            "key": _path("File of the private key in the container.", "./conf/server.key"),
            "cert": _path("File of the certificate in the container.", "./conf/server.crt"),
        },
        since="4",
        unchecked="3",
    )


JITTER = ("full", "zero", "off")
WINDOW = "Variables are C([vhost]), C([app]), C([stream])"

ENGINE = _block(
    "",
    {
        "enabled": _switch(),
        "iformat": _text(default="flv"),
        "vfilter": _block("", {}, free=True),
        "vcodec": _text(),
        "vbitrate": _integer(low=0),
        "vfps": _number(low=0),
        "vwidth": _integer(low=0),
        "vheight": _integer(low=0),
        "vthreads": _integer(default="1", low=0),
        "vprofile": _text(),
        "vpreset": _text(),
        "vparams": _block("", {}, free=True),
        "acodec": _text(),
        "abitrate": _integer(low=0),
        "asample_rate": _integer(low=0),
        "achannels": _integer(low=0, high=2),
        "aparams": _block("", {}, free=True),
        "perfile": _block("", {}, free=True),
        "oformat": _text(default="flv"),
        "output": _text(),
    },
    args=(0, 1),
    many=True,
)

CLUSTER: dict[str, Spec] = {
    "mode": _word("V(remote) makes an edge that pulls from and forwards to its origins.", ("local", "remote"), "local"),
    "origin": _hosts("Origins of an edge in the order in which they are tried, as C(host[:port]); the port is 1935 when it is left out."),
    "token_traverse": _switch("Whether the edge asks the origin to authorise each player."),
    "vhost": _text("Vhost to ask for at the origin.", "[vhost]"),
    "debug_srs_upnode": _switch("Whether to send debugging information to the origin.", "on"),
    "origin_cluster": _switch("Whether this origin asks its C(coworkers) who has a stream (MESH; SRS 7 has the proxy instead)."),
    "coworkers": _hosts("HTTP APIs of the other origins, as C(host:port)."),
    "protocol": _word("How to pull from the origin.", ("rtmp", "flv", "flvs"), "rtmp", since="5"),
    "follow_client": _switch("Whether to pull by the protocol that the player uses.", since="5"),
}

PLAY: dict[str, Spec] = {
    "gop_cache": _switch("Whether players start at once from the last group of pictures, at the price of its latency.", "on"),
    "gop_cache_max_frames": _integer("Most frames that the cache keeps of one stream; V(0) for no limit.", "2500", low=0, since="5"),
    "queue_length": _integer("Media kept for a slow player before it is dropped.", "30", low=1, unit="s"),
    "mw_latency": _integer("Merged write: how long to gather messages before sending.", "350", low=0, unit="ms"),
    "mw_msgs": _integer("Merged write: least messages to gather before sending.", "8", low=0, high=128, since="4"),
    "send_min_interval": _number(
        "Least time between two packets to a player; V(0) for no pacing. Sound alone has one each 23 ms.", "0.0", low=0, high=20, unit="ms"
    ),
    "time_jitter": _word("How to correct timestamps.", JITTER, "full"),
    "mix_correct": _switch("Whether to order interleaved audio and video by time."),
    "atc": _switch("Whether to keep the encoder's absolute timestamps."),
    "atc_auto": _switch("Whether an encoder can turn C(atc) on."),
    "reduce_sequence_header": _switch("Whether to send the sequence header only when it changed."),
}

PUBLISH: dict[str, Spec] = {
    "mr": _switch("Merged read: fewer system calls for streams of high bitrate, at the price of latency."),
    "mr_latency": _integer("Merged read: how long to wait between reads.", "350", low=0, unit="ms"),
    "firstpkt_timeout": _integer("How long a publisher may take to its first packet.", "20000", low=1000, unit="ms"),
    "normal_timeout": _integer("How long a publisher may pause.", "5000", low=1, unit="ms"),
    "parse_sps": _switch("Whether to parse the video's size from its sequence header.", "on"),
    "try_annexb_first": _switch("Whether to try the Annex B format before the others.", "on", since="5"),
    "kickoff_for_idle": _number(
        "Disconnect a publisher after that long without a player; V(0) for never.", "0", low=0, unit="s", since="5.0.144 6.0.31"
    ),
}

HTTP_REMUX: dict[str, Spec] = {
    "enabled": _switch("Whether to serve HTTP-FLV, TS, AAC or MP3 on the HTTP server's port."),
    "fast_cache": _number("Audio kept so that players of AAC and MP3 start at once.", "0", low=0, unit="s"),
    "drop_if_not_match": _switch("Whether to drop packets that do not fit C(has_audio) and C(has_video).", "on", since="5"),
    "has_audio": _switch("Whether the stream has audio.", "on", since="5"),
    "has_video": _switch("Whether the stream has video.", "on", since="5"),
    "guess_has_av": _switch("Whether to guess from the stream what it has.", "on", since="5"),
    "mount": _text(f"URL path of a stream, whose ending is the format. {WINDOW}.", "[vhost]/[app]/[stream].flv"),
}

HLS: dict[str, Spec] = {
    "enabled": _switch("Whether to write HLS."),
    "hls_path": _path("Root folder of the files.", "./objs/nginx/html"),
    "hls_m3u8_file": _path(f"Name of the playlist. {WINDOW}.", "[app]/[stream].m3u8"),
    "hls_ts_file": _path(
        f"Name of a segment. {WINDOW}, C([seq]), C([timestamp]), C([duration]) and the parts of a date.", "[app]/[stream]-[seq].ts"
    ),
    "hls_fragment": _number("Length of a segment.", "10", low=0.1, unit="s"),
    "hls_window": _number("Length of the playlist.", "60", low=0.1, unit="s"),
    "hls_td_ratio": _number("Target duration as a multiple of C(hls_fragment).", {"3": "1.5", "5": "1.0"}, low=0.1),
    "hls_aof_ratio": _number(
        "Multiple of C(hls_fragment) after which a segment without a keyframe is cut.", {"3": "2.0", "5": "2.1"}, low=0
    ),
    "hls_on_error": _word("What to do when writing fails.", ("ignore", "disconnect", "continue"), "continue"),
    "hls_entry_prefix": _text("Base URL of the segments in the playlist."),
    "hls_acodec": _word("Audio codec to expect.", ("aac", "mp3", "an"), "aac", idle="7.0.53"),
    "hls_vcodec": _word("Video codec to expect.", {"3": ("h264", "vn"), "6": ("h264", "h265", "vn")}, "h264", idle="7.0.53"),
    "hls_cleanup": _switch("Whether to delete segments that left the playlist.", "on"),
    "hls_dispose": _integer("Delete the files that long after the last packet; V(0) for never.", {"3": "0", "5": "120"}, low=0, unit="s"),
    "hls_wait_keyframe": _switch("Whether a segment begins with a keyframe.", "on"),
    "hls_ts_floor": _switch("Whether to round the time in segment names."),
    "hls_nb_notify": _integer("Most bytes to read of a segment for the on_hls_notify hook.", "64", low=0),
    "hls_dts_directly": _switch("Whether to take the timestamps of audio as they are.", "on"),
    "hls_ctx": _switch(
        "Whether each player gets a session of its own in the playlist. Must be off behind nginx or a CDN.",
        {"3": "off", "5": "on"},
        since="5",
    ),
    "hls_ts_ctx": _switch(
        "Whether each player gets a session of its own in the segments. Must be off behind nginx or a CDN.",
        {"3": "off", "5": "on"},
        since="5",
    ),
    "hls_keys": _switch("Whether to encrypt with AES."),
    "hls_fragments_per_key": _integer("Segments per key.", "5", low=1),
    "hls_key_file": _path(f"Name of a key file. {WINDOW}, C([seq]).", "[app]/[stream]-[seq].key"),
    "hls_key_file_path": _path("Root folder of the key files.", "./objs/nginx/html"),
    "hls_key_url": _text("Base URL of the keys."),
    "hls_use_fmp4": _switch("Whether segments are fragmented MP4 instead of TS.", since="7.0.51"),
    "hls_fmp4_file": _path(f"Name of an fMP4 segment. {WINDOW}, C([seq]).", "[app]/[stream]-[seq].m4s", since="7.0.51"),
    "hls_init_file": _path(f"Name of the initialisation file of fMP4. {WINDOW}.", "[app]/[stream]/init.mp4", since="7.0.51"),
    "hls_recover": _switch(
        "Whether to go on with the playlist that an earlier publisher or process left.", {"3": "off", "7.0.57": "on"}, since="7.0.57"
    ),
    "hls_master_m3u8_path_relative": _switch("Whether the master playlist names the others by relative paths.", since="7.0.104"),
    "hls_storage": _text(idle="3"),
    "hls_mount": _text(idle="3"),
}

DVR: dict[str, Spec] = {
    "enabled": _switch("Whether to record."),
    "dvr_apply": _text("Streams to record: V(all) or C(app/stream).", "all", args=LIST),
    "dvr_plan": _word("One file per session or per segment.", ("session", "segment"), "session"),
    "dvr_duration": _integer("Length of a segment.", "30", low=0, unit="s"),
    "dvr_wait_keyframe": _switch("Whether a segment begins with a keyframe.", "on"),
    "dvr_path": _path(
        f"Name of a file, ending in C(.flv) or C(.mp4). {WINDOW}, C([timestamp]) and the parts of a date C([2006]), C([01]), C([02]), "
        "C([15]), C([04]), C([05]), C([999]).",
        "./objs/nginx/html/[app]/[stream].[timestamp].flv",
    ),
    "time_jitter": _word("How to correct timestamps.", JITTER, "full"),
}

HTTP_HOOKS: dict[str, Spec] = {
    "enabled": _switch("Whether to call the hooks."),
    "on_connect": _hooks("URLs to call when an RTMP client connects.", "on_connect"),
    "on_close": _hooks("URLs to call when an RTMP client leaves.", "on_close"),
    "on_publish": _hooks("URLs to call when a client wants to publish.", "on_publish"),
    "on_unpublish": _hooks("URLs to call when a publisher stopped.", "on_unpublish"),
    "on_play": _hooks("URLs to call when a client wants to play.", "on_play"),
    "on_stop": _hooks("URLs to call when a player stopped.", "on_stop"),
    "on_dvr": _hooks("URLs to call when a recording is complete.", "on_dvr"),
    "on_hls": _hooks("URLs to call when an HLS segment is complete.", "on_hls"),
    "on_hls_notify": _hooks("URLs of which one is called with GET when an HLS segment is complete.", "on_hls_notify"),
}

SECURITY: dict[str, Spec] = {
    "enabled": _switch("Whether the rules apply. Without any rule everything is denied."),
    "allow": Spec(
        "rule", "Rules such as V(play all), V(publish 192.0.2.7), V(play 192.0.2.0/24) (networks from SRS 4 on).", args=(2, 2), many=True
    ),
    "deny": Spec("rule", "Rules, which are asked before those of C(allow).", args=(2, 2), many=True),
}

TRANSCODE: dict[str, Spec] = {"enabled": _switch(), "ffmpeg": _path(), "engine": ENGINE}

INPUT: dict[str, Spec] = {"type": _word("", ("file", "stream"), "file"), "url": _text()}

INGEST: dict[str, Spec] = {
    "enabled": _switch(),
    "input": _block("", INPUT, unchecked="3"),
    "ffmpeg": _path(),
    "engine": replace(ENGINE, unchecked="3"),
}

VHOST: dict[str, Spec] = {
    "enabled": _switch("Whether the vhost is served.", "on"),
    "min_latency": _switch("Whether to send every message at once, for real time.", "off"),
    "tcp_nodelay": _switch("Whether to set TCP_NODELAY, for latency rather than throughput."),
    "chunk_size": _integer("RTMP chunk size of this vhost.", "", low=128, high=65536, unit="bytes"),
    "in_ack_size": _integer("Acknowledge after that many bytes received; V(0) to leave it to the client.", "0", low=0, unit="bytes"),
    "out_ack_size": _integer("Ask the client to acknowledge after that many bytes.", "2500000", low=0, unit="bytes"),
    "cluster": _block("Part that the vhost plays in a cluster.", CLUSTER),
    "play": _block("Tuning of players.", PLAY),
    "publish": _block("Tuning of publishers.", PUBLISH),
    "refer": _block(
        "",
        {
            "enabled": _switch(),
            "all": _text(args=LIST),
            "publish": _text(args=LIST),
            "play": _text(args=LIST),
        },
    ),
    "bandcheck": _block(
        "",
        {
            "enabled": _switch(),
            "key": _text(),
            "interval": _integer(default="30", low=0),
            "limit_kbps": _integer(default="1000", low=0),
        },
        idle="5",
        unchecked="5",
    ),
    "security": _block(
        "Who may publish and play, by address. Behind a load balancer that hides the client's address it is useless.", SECURITY
    ),
    "http_static": _block(
        "Static files on the HTTP server's port.",
        {
            "enabled": _switch("Whether to serve files."),
            "mount": _text("URL path.", "[vhost]/"),
            "dir": _path("Folder to serve.", "./objs/nginx/html"),
        },
    ),
    "http_remux": _block("HTTP-FLV and its like.", HTTP_REMUX),
    "http_hooks": _block("HTTP callbacks.", HTTP_HOOKS),
    "forward": _block(
        "",
        {
            "enabled": _switch(env_since="6.0.170 7.0.49"),
            "destination": _hosts(),
            "backend": Spec("url", since="5", env_since="6.0.170 7.0.49"),
        },
    ),
    "transcode": _block("", TRANSCODE, args=(0, 1), many=True),
    "ingest": _block("", INGEST, args=(0, 1), many=True),
    "exec": _block("", {"enabled": _switch(), "publish": _text(args=LIST, many=True)}),
    "hls": _block("HLS.", HLS),
    "hds": _block(
        "",
        {
            "enabled": _switch(),
            "hds_path": _path(default="./objs/nginx/html"),
            "hds_fragment": _number(default="10", low=0.1, unit="s"),
            "hds_window": _number(default="60", low=0.1, unit="s"),
        },
        unchecked="3",
    ),
    "dash": _block(
        "",
        {
            "enabled": _switch(),
            "dash_fragment": _number(default={"3": "30", "5": "10"}, low=0.1, unit="s"),
            "dash_update_period": _number(default={"3": "150", "5": "5"}, low=0.1, unit="s"),
            "dash_timeshift": _number(default="300", low=0.1, unit="s"),
            "dash_path": _path(default="./objs/nginx/html"),
            "dash_mpd_file": _path(default="[app]/[stream].mpd"),
            "dash_window_size": _integer(default="5", low=1, since="5"),
            "dash_cleanup": _switch(default={"3": "off", "5": "on"}, since="5"),
            "dash_dispose": _integer(default={"3": "0", "6": "120"}, low=0, unit="s", since="5"),
        },
    ),
    "dvr": _block("Recording to files.", DVR),
    "rtc": _block(
        "",
        {
            "enabled": _switch(),
            "nack": _switch(default="on"),
            "nack_no_copy": _switch(default="on"),
            "nack_prefer_rtx": _switch(since="8.0.41"),
            "twcc": _switch(default="on"),
            "stun_timeout": _integer(default="30", low=1, unit="s"),
            "stun_strict_check": _switch(),
            "dtls_role": _word("", ("passive", "active"), "passive"),
            "dtls_version": _word("", ("auto", "dtls1.0", "dtls1.2"), "auto"),
            "drop_for_pt": _integer(default="0", low=0),
            "rtc_to_rtmp": _switch(),
            "pli_for_rtmp": _number(default="6.0", low=0.5, high=30, unit="s"),
            "rtmp_to_rtc": _switch(),
            "keep_bframe": _switch(),
            "keep_avc_nalu_sei": _switch(default="on", since="5"),
            "keep_original_ssrc": _switch(since="7.0.119"),
            "init_rate_from_sdp": _switch(since="7.0.112"),
            "opus_bitrate": _integer(default="48000", low=8000, high=320000, since="5"),
            "aac_bitrate": _integer(default="48000", low=8000, high=320000, since="5"),
        },
        since="4",
    ),
    "srt": _block(
        "SRT: who may publish and play by it, where C(srt_server) is on.",
        {
            "enabled": _switch("Whether the vhost takes SRT."),
            "srt_to_rtmp": _switch(
                "Whether what is published by SRT can be played by RTMP, HTTP-FLV and HLS. Written in any case, V(true) unless it is "
                "given, since releases differ in it.",
                {"3": "on", "7.0.117": "off"},
            ),
        },
        since="5",
    ),
    "rtsp": _block(
        "Playing by RTSP, where C(rtsp_server) is on.",
        {
            "enabled": _switch("Whether the vhost serves RTSP."),
            "rtmp_to_rtsp": _switch("Whether what is published by RTMP can be played by RTSP.", "on"),
        },
        since="7.0.47",
    ),
}

HTTP_API: dict[str, Spec] = {
    "enabled": _switch("Whether to serve the HTTP API."),
    "listen": _endpoint("C([ip:]port) to listen at.", "1985", lists="7.0.67"),
    "crossdomain": _switch("Whether to allow requests from scripts of other sites.", "on"),
    "raw_api": _block(
        "The API that makes the server reload.",
        {
            "enabled": _switch("Whether to serve the raw API."),
            "allow_reload": _switch("Whether it may reload."),
            "allow_query": _switch(idle="4"),
            "allow_update": _switch(idle="4"),
        },
    ),
    "auth": _block(
        "Authentication of the API.",
        {
            "enabled": _switch("Whether a user and a password, or a token, are asked for."),
            "type": _word(
                "V(basic) for a user and a password, V(bearer) for a token. SRS 8 must be told; it is V(basic) unless it is given.",
                ("basic", "bearer"),
                since="8.0.28",
            ),
            "username": _text("Name of the user; it holds no colon.", env="SRS_HTTP_API_AUTH_USERNAME"),
            "password": _text("Password of the user; it holds no colon.", env="SRS_HTTP_API_AUTH_PASSWORD", secret=True),
            "token": _text("Token of the type V(bearer).", env="SRS_HTTP_API_AUTH_TOKEN", secret=True, since="8.0.28"),
            "rtc_bearer_enabled": _switch("Whether the token is asked for by WHIP and WHEP, too.", since="8.0.28"),
        },
        since="5.0.152 6.0.40",
    ),
    "https": _https("HTTP API", "1990"),
}

HTTP_SERVER: dict[str, Spec] = {
    "enabled": _switch("Whether to serve HTTP-FLV, HLS and files."),
    "listen": _endpoint("C([ip:]port) to listen at.", "8080", lists="7.0.67"),
    "dir": _path("Root folder of the files.", "./objs/nginx/html"),
    "crossdomain": _switch("Whether to allow requests from scripts of other sites.", "on"),
    "https": _https("HTTP server", "8088"),
}

FFMPEG_LEVELS = ("info", "warning", "error", "fatal", "panic", "quiet", "trace", "debug", "verbose")
LOG_LEVELS = ("verbose", "info", "trace", "warn", "error")
LOG_LEVELS_2 = ("trace", "debug", "info", "warn", "error")

ROOT: dict[str, Spec] = {
    "listen": Spec("endpoint", "RTMP addresses, as C([ip:]port).", args=LIST, addresses="4"),
    "max_connections": _integer("Most connections of one process: RTMP, HTTP-FLV, HTTP files and API together.", "1000", low=1),
    "daemon": _switch(default="on"),
    "srs_log_tank": _word("Where the log goes.", ("console", "file"), "file"),
    "srs_log_level": _word("What is logged.", LOG_LEVELS, "trace"),
    "srs_log_level_v2": _word("What is logged, in the common names; it goes before C(srs_log_level).", LOG_LEVELS_2, since="5"),
    "srs_log_file": _path("Name of the log file, when the log goes to one.", "./objs/srs.log"),
    "ff_log_dir": _path("Folder of the logs of ffmpeg.", "./objs"),
    "ff_log_level": _word("", FFMPEG_LEVELS, "info"),
    "pid": _path("Name of the file that holds the process id.", "./objs/srs.pid"),
    "work_dir": _path("Folder to change to at the start.", "./"),
    "asprocess": _switch(),
    "server_id": _text(
        "Fixed id of the server in API and hooks. One configuration serves many pods, so prefer C(SRS_SERVER_ID) from the pod's name.",
        since="4",
    ),
    "chunk_size": _integer("RTMP chunk size. Outside the range the server crashes.", "60000", low=128, high=65536, unit="bytes"),
    "utc_time": _switch("Whether times in logs and file names are UTC."),
    "pithy_print_ms": _integer("Interval of the repeated lines in the log.", "10000", low=1, unit="ms"),
    "empty_ip_ok": _switch("Whether to keep quiet about connections without a byte, such as health checks.", "on"),
    "in_docker": _switch("Whether to behave as in a container when the server does not notice it.", since="4.0.216"),
    "disable_daemon_for_docker": _switch(default="on"),
    "inotify_auto_reload": _switch("Whether to reload when the configuration file changes."),
    "auto_reload_for_docker": _switch("Whether to do so in any case when a container is noticed.", "on"),
    "grace_start_wait": _integer(
        "Graceful quit: how long to go on accepting clients before the listeners close.", "2300", low=0, unit="ms"
    ),
    "grace_final_wait": _integer("Graceful quit: how long to wait at the very end.", "3200", low=0, unit="ms"),
    "force_grace_quit": _switch("Whether SIGTERM, too, means a graceful quit; Kubernetes always sends it."),
    "tcmalloc_release_rate": _number(default="0.8", low=0, high=10, since="4"),
    "query_latest_version": _switch(
        "Whether to ask the project's site for a newer version.", {"3": "off", "4": "on", "5": "off"}, since="4"
    ),
    "first_wait_for_qlv": _integer(default="300", low=0, unit="s", since="4"),
    "threads": _block("", {"interval": _integer(default="5", low=1, unit="s")}, since="5", gone="7.0.64", unchecked="3"),
    "circuit_breaker": _block(
        "",
        {
            "enabled": _switch(default="on"),
            "high_threshold": _integer(default="90", low=0, high=100),
            "high_pulse": _integer(default="2", low=0),
            "critical_threshold": _integer(default="95", low=0, high=100),
            "critical_pulse": _integer(default="1", low=0),
            "dying_threshold": _integer(default="99", low=0, high=100),
            "dying_pulse": _integer(default="5", low=0),
        },
        since="4",
        unchecked="3",
    ),
    "is_full": _switch(since="4"),
    "rtmp": _block("", {}, since="7.0.64"),  # listen and chunk_size in it count as at the top level
    "rtmps": _block(
        "RTMP over TLS. It needs C(listen).",
        {
            "enabled": _switch("Whether to serve RTMPS."),
            "listen": _endpoint("C([ip:]port) to listen at; without it there is none.", lists="7.0.67"),
            "key": _path("File of the private key in the container.", "./conf/server.key"),
            "cert": _path("File of the certificate in the container.", "./conf/server.crt"),
        },
        since="7.0.56",
    ),
    "rtsp_server": _block(
        "RTSP server, for players alone; the image must be built with it.",
        {
            "enabled": _switch("Whether to serve RTSP."),
            "listen": _endpoint("C([ip:]port) to listen at.", "554", lists="7.0.67"),
        },
        since="7.0.47",
    ),
    "http_api": _block("HTTP API.", HTTP_API),
    "http_server": _block("HTTP server of live streams and files.", HTTP_SERVER),
    "exporter": _block(
        "Exporter for Prometheus.",
        {
            "enabled": _switch("Whether to serve metrics."),
            "listen": _endpoint("C([ip:]port) to listen at.", "9972"),
            "label": _text("Value of the label C(label) on every metric."),
            "tag": _text("Value of the label C(tag) on every metric."),
        },
        since="5.0.67",
    ),
    "heartbeat": _block(
        "Registration at a service of yours, or at the proxy of SRS 7.",
        {
            "enabled": _switch("Whether to call the service."),
            "interval": _number(
                "Time between two calls. SRS 4 and later take the whole seconds.", {"3": "9.9", "4": "10"}, low=0.001, unit="s"
            ),
            "url": Spec("url", "URL of the service.", "http://127.0.0.1:8085/api/v1/servers", env="SRS_HEARTBEAT_URL"),
            "device_id": _text(
                "Id to call with. One configuration serves many pods, so prefer C(SRS_HEARTBEAT_DEVICE_ID) from the pod's name."
            ),
            "summaries": _switch("Whether to send the API's summaries along."),
            "ports": _switch("Whether to send the listen ports along, as the proxy wants it.", since="5.0.215 6.0.156 7.0.15"),
            "auth": _block(
                "Authentication at the service, as the proxy of SRS 8.0.28 and later can ask for it.",
                {
                    "enabled": _switch("Whether to send a token."),
                    "type": _word("Kind of the token; it must be given.", ("bearer",)),
                    "token": _text("The token that the service knows.", env="SRS_HEARTBEAT_AUTH_TOKEN", secret=True),
                },
                since="8.0.28",
            ),
        },
    ),
    "stats": _block(
        "Statistics of the system.",
        {
            "enabled": _switch("Whether to sample them.", "on", since="4"),
            "network": _integer(
                "Index of the network interface whose address is reported; the only one of a pod is V(0).", "0", low=0, high=15
            ),
            "disk": _text("Names of the disks to sample.", args=LIST),
        },
    ),
    "rtc_server": _block(
        "",
        {
            "enabled": _switch(),
            "listen": _endpoint(default="8000", lists="7.0.67", addresses="7.0.67"),
            "dir": _path(),
            "candidate": _text(default="*"),
            "ecdsa": _switch(default="on"),
            "tcp": _block(
                "",
                {"enabled": _switch(), "listen": _endpoint(default="8000", lists="7.0.67", addresses="7.0.67")},
                since="5",
                unchecked="3",
            ),
            "protocol": _word("", ("udp", "tcp", "all"), "udp", since="5"),
            "encrypt": _switch(default="on"),
            "reuseport": _integer(default="1", low=1),
            "merge_nalus": _switch(),
            "black_hole": _block("", {"enabled": _switch(), "addr": _text()}, unchecked="3"),
            "ip_family": _word("", ("ipv4", "ipv6", "all"), "ipv4"),
            "api_as_candidates": _switch(default="on"),
            "resolve_api_domain": _switch(default="on"),
            "keep_api_domain": _switch(),
            "use_auto_detect_network_ip": _switch(default="on"),
        },
        since="4",
    ),
    "srt_server": _block(
        "SRT server. Streams are named by C(#!::r=APP/STREAM,m=publish), or C(m=request) to play.",
        {
            "enabled": _switch("Whether to serve SRT."),
            "listen": _endpoint("UDP port to listen at; C(ip:port) from SRS 7.0.67 on.", "10080", lists="7.0.67", addresses="7.0.67"),
            "maxbw": _integer("Most bandwidth of a connection; V(-1) for no limit.", "-1", low=-1, unit="bytes/s"),
            "mss": _integer("Largest packet.", "1500", low=1, unit="bytes"),
            "latency": _integer("How long to wait for packets that are sent again.", "120", low=0, unit="ms"),
            "recvlatency": _integer("The same of what is received.", "120", low=0, unit="ms"),
            "peerlatency": _integer("The least that the peer is to wait.", "0", low=0, unit="ms"),
            "connect_timeout": _integer("How long a handshake may take.", "3000", low=1, unit="ms"),
            "peer_idle_timeout": _integer("Disconnect a peer that is silent for so long.", "10000", low=1, unit="ms", since="6"),
            "sendbuf": _integer("Buffer for sending.", "12058624", low=1, unit="bytes"),
            "recvbuf": _integer("Buffer for receiving.", "12058624", low=1, unit="bytes"),
            "payloadsize": _integer("Payload of a packet.", "1316", low=1, unit="bytes"),
            "default_app": _text("App of streams whose id names none.", "live"),
            "sei_filter": _switch("Whether to drop SEI of H.264.", "on"),
            "mix_correct": _switch(default="on", idle="5"),
            "tlpkdrop": _switch(default="on", gone="5"),
            "tlpktdrop": _switch("Whether to drop packets that are too late.", "on", since="5"),
            "tsbpdmode": _switch("Whether to hand packets on by their timestamps.", "on", since="5"),
            "passphrase": _text(
                "Passphrase that encrypts, of 10 to 79 characters.", since="5", env="SRS_SRT_SERVER_PASSPHRASE", secret=True
            ),
            "pbkeylen": _integer("Length of the key; V(0), V(16), V(24) or V(32).", "0", low=0, high=32, unit="bytes", since="5"),
            "default_streamid": _text(
                "Stream id of clients that send none. Such a client publishes unless SRS 7.0.96 or later is told nothing: there it plays.",
                {"3": "#!::r=live/livestream,m=publish", "7.0.96": "#!::r=live/livestream,m=request"},
                since="6.0.180 7.0.95",
            ),
            "default_mode": _word(
                "Whether a client with a stream id that doesn't begin with C(#!::) publishes or plays.",
                ("publish", "request"),
                "request",
                since="7.0.131",
            ),
        },
        since="4",
    ),
    "stream_caster": _block(
        "",
        {
            "enabled": _switch(),
            "caster": _word(
                "",
                {
                    "3": ("mpegts_over_udp", "rtsp", "flv"),
                    "4": ("mpegts_over_udp", "rtsp", "flv", "gb28181"),
                    "5": ("mpegts_over_udp", "flv", "gb28181"),
                },
            ),
            "output": _text(),
            "listen": _port(),
            "media_connect_timeout": _number(default="10", low=0, unit="s", since="8.0.22"),
            "rtp_port_min": _port(gone="5"),
            "rtp_port_max": _port(gone="5"),
            "tcp_enable": _switch(since="4", gone="5"),
            "rtp_idle_timeout": _integer(low=0, unit="s", since="4", gone="5"),
            "audio_enable": _switch(since="4", gone="5"),
            "wait_keyframe": _switch(since="4", gone="5"),
            "jitterbuffer_enable": _switch(since="4", gone="5"),
            "host": _text(since="4", gone="5"),
            "auto_create_channel": _switch(since="4", gone="5"),
            "sip": _block(
                "",
                {
                    "enabled": _switch(default="on", idle="7.0.75"),
                    "listen": _port(default="5060", idle="7.0.75"),
                    "timeout": _number(default="60", low=0, unit="s", since="5", idle="7.0.75"),
                    "reinvite": _number(default="5", low=0, unit="s", since="5", idle="7.0.75"),
                    "candidate": _text(default="*", since="5", idle="7.0.75"),
                    "ack_timeout": _integer(low=0, since="4", gone="5"),
                    "keepalive_timeout": _integer(low=0, since="4", gone="5"),
                    "host": _text(since="4", gone="5"),
                    "serial": _text(since="4", gone="5"),
                    "realm": _text(since="4", gone="5"),
                    "auto_play": _switch(since="4", gone="5"),
                    "invite_port_fixed": _switch(since="4", gone="5"),
                    "query_catalog_interval": _integer(low=0, since="4", gone="5"),
                },
                since="4",
            ),
        },
        many=True,
    ),
    "tencentcloud_cls": _block(
        "",
        {
            "enabled": _switch(),
            "label": _text(),
            "tag": _text(),
            "secret_id": _text(env="SRS_TENCENTCLOUD_CLS_SECRET_ID", secret=True),
            "secret_key": _text(env="SRS_TENCENTCLOUD_CLS_SECRET_KEY", secret=True),
            "endpoint": _text(),
            "topic_id": _text(),
            "debug_logging": _switch(),
            "stat_heartbeat": _switch(default="on"),
            "heartbeat_ratio": _integer(default="1", low=1),
            "stat_streams": _switch(default="on"),
            "streams_ratio": _integer(default="1", low=1),
        },
        since="5",
        idle="7.0.66",
        unchecked="3",
    ),
    "tencentcloud_apm": _block(
        "",
        {
            "enabled": _switch(),
            "team": _text(),
            "token": _text(env="SRS_TENCENTCLOUD_APM_TOKEN", secret=True),
            "endpoint": _text(),
            "service_name": _text(default="srs-server"),
            "debug_logging": _switch(),
        },
        since="5",
        idle="7.0.66",
        unchecked="3",
    ),
    "vhost": _block("Virtual hosts.", VHOST, args=(1, 1), many=True),
}

INCLUDE = replace(_path(since="5.0.23"), args=LIST, many=True)

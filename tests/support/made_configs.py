# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as users may write them in an inventory, made up: about half of them can't work, as the checks should say. What one that works
must do is told with it. The same seed always gives the same.
"""

from __future__ import annotations

import posixpath
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import OPTIONS

DEFAULT_VHOST = "__defaultVhost__"
INSTALLED = "/usr/local/srs"
MEDIA = f"{INSTALLED}/objs/nginx/html"
FFMPEG = "./objs/ffmpeg/bin/ffmpeg"
"""Where the images of SRS have it."""
APP = "live"
EVENTS = ("on_connect", "on_publish", "on_play", "on_hls", "on_dvr")

CLIPS, CERTIFICATES = "clips", "certificates"
"""A ConfigMap with a clip and a Secret with a certificate, which must be there."""
CLIP = "/clips/clip.flv"

# What may be written where a folder is asked for.
FOLDERS = (
    *("./objs/nginx/html", MEDIA, f"{MEDIA}/more", "objs/nginx/html/deep/er", f"{MEDIA}/players/../up", "/tmp", "/tmp/media"),
    *("/data", "/data/media", "./objs", "/mnt/media", "/var/lib/srs", "./conf", "/usr/local/srs/media", "/clips", "/certs/media"),
)
PIDS = ("/tmp/srs.pid", "/tmp/other.pid", "/data/srs.pid", "./objs/srs.pid", "/run/srs.pid", "/tmp/run/srs.pid", "./conf/srs.pid")
ENDPOINTS = ("0.0.0.0:%d", "[::]:%d", "%d", "%d", "127.0.0.1:%d", "192.0.2.7:%d")


@dataclass
class Made:
    """The variables of one server, and what it must do where they are accepted."""

    number: int
    role: str
    version: int
    variables: dict[str, Any]
    vhost: str = DEFAULT_VHOST
    rtmp: int = 1935
    flv: list[str] = field(default_factory=list)
    """URLs of HTTP-FLV without a host: ``http://:8080/live/NAME.flv``."""
    files: list[tuple[str, str]] = field(default_factory=list)
    """Folders in the container, and patterns of files that appear there."""
    hls: str = ""
    """Path of the playlist at nginx."""
    streams: list[str] = field(default_factory=list)
    """Streams beside the published one."""
    events: list[str] = field(default_factory=list)
    """Hooks that are called."""
    forwards: bool = False

    @property
    def name(self) -> str:
        return f"case-{self.number}"


@dataclass(frozen=True)
class Around:
    """What a server finds outside of its pod: an origin with a stream ``source``, and what answers its hooks."""

    origin: str
    hooks: str


class Maker:
    def __init__(self, number: int, version: int, around: Around) -> None:
        self.random = random.Random(f"{version}/{number}")
        self.version = version
        self.around = around
        self.role = self.random.choice(("origin", "origin", "edge"))
        self.made = Made(number, self.role, version, {})
        self.root: dict[str, Any] = {}
        self.vhost: dict[str, Any] = {}
        self.text: list[str] = []
        """Blocks of the vhost that have no parameters."""
        self.root_text: list[str] = []
        self.env: dict[str, str] = {}
        self.mounts: dict[str, dict[str, Any]] = {}
        """Volumes by the path where they are mounted."""

    # Dice

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)

    def mostly(self, good: Iterable[Any], bad: Iterable[Any], share: float = 0.8) -> Any:
        return self.random.choice(list(good if self.chance(share) else bad))

    def some(self, values: Mapping[str, Callable[[], Any]], share: float = 0.4) -> dict[str, Any]:
        return {name: value() for name, value in values.items() if self.chance(share)}

    def switch(self) -> bool:
        return self.chance(0.5)

    def folder(self) -> str:
        good = FOLDERS[:5] if self.role == "origin" else FOLDERS[5:7]
        folder = str(self.mostly(good, FOLDERS, 0.7))
        if folder.startswith("/data") and self.chance(0.8):
            self.mounts.setdefault("/data", {"emptyDir": {}})
        if folder.startswith("/clips"):
            self.mounts.setdefault("/clips", {"configMap": {"name": CLIPS}})
        return folder

    def endpoint(self, port: int) -> str:
        pattern: str = self.mostly(ENDPOINTS[:4], ENDPOINTS, 0.85)
        return pattern % port

    def absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(INSTALLED, self.env.get("SRS_WORK_DIR", self.root.get("work_dir", ".")), path))

    # A server

    def make(self) -> Made:
        if self.chance(0.06):
            self.root["work_dir"] = self.one("./", INSTALLED, "/tmp", "/tmp/work", "./objs", "./conf")
        if self.chance(0.12):
            self.made.vhost = "stream.example.com"
        self.listeners()
        ways: list[Callable[[], None]] = [self.tuning, self.tuning, self.hls, self.dvr, self.dash, self.hooks, self.remux, self.tls]
        ways += [self.pods, self.server]
        ways += (
            [self.transcode, self.ingest, self.forward, self.program, self.other_protocols]
            if self.role == "origin"
            else [self.upstream] * 2
        )
        for way in self.random.sample(ways, self.random.randint(1, 4)):
            way()
        self.written()
        return self.made

    def listeners(self) -> None:
        made = self.made
        if self.chance(0.3):
            made.rtmp = self.one(1935, 19350, 1936, 443, 80)
            listen = [self.endpoint(made.rtmp)]
            if self.chance(0.2):
                listen.append(self.endpoint(self.one(1937, 1938, made.rtmp)))
            self.root["listen"] = listen
        http = 8080
        if self.chance(0.2):
            http = self.one(8081, 80, 8080, 1985, 9972)
            self.root["http_server"] = {"listen": self.endpoint(http), "enabled": self.chance(0.9)}
        if self.chance(0.15):
            self.root["http_api"] = {"listen": self.endpoint(self.one(http, 1986, 1985)), "enabled": self.chance(0.8)}
        if self.chance(0.1):
            self.root["exporter"] = {"enabled": self.switch(), "listen": self.endpoint(self.one(9972, 9973, http))}
        server = self.root.get("http_server", {})
        if server.get("enabled", True) and not str(server.get("listen", "")).startswith("127."):
            made.flv.append(f"http://:{http}/{APP}/{made.name}.flv")

    # What may be said

    def server(self) -> None:
        self.root |= self.some(
            {
                "max_connections": lambda: self.one(50, 100, 1000, 5000),
                "chunk_size": lambda: self.one(128, 4096, 60000, 65536),
                "utc_time": self.switch,
                "server_id": lambda: "srs-made",
                "srs_log_level": lambda: self.one("trace", "warn", "error", "info"),
                "srs_log_level_v2": lambda: self.one("trace", "debug", "error"),
                "pithy_print_ms": lambda: self.one(1, 1000, 10000),
                "empty_ip_ok": self.switch,
                "in_docker": self.switch,
                "inotify_auto_reload": self.switch,
                "query_latest_version": lambda: False,
                "ff_log_dir": lambda: self.one("/dev/null", "/tmp", "./objs"),
            },
            0.2,
        )
        if self.chance(0.4):
            self.root["pid"] = self.one(*PIDS)
        if self.chance(0.2):
            self.root |= {"srs_log_tank": "file", "srs_log_file": self.one("/tmp/srs.log", "./objs/srs.log", "/tmp/log/srs.log")}
        if self.chance(0.2):
            self.root["stats"] = self.some(
                {"network": lambda: self.one(0, 0, 1, 3), "disk": lambda: ["sda", "vda"], "enabled": self.switch}
            )
        if self.chance(0.1):
            self.root["heartbeat"] = {"enabled": True, "interval": self.one(1, 9.3, 30), "url": f"http://{self.around.hooks}/heartbeat"}
        if self.chance(0.1):
            self.root_text.append("asprocess on;")

    def tuning(self) -> None:
        self.vhost |= self.some(
            {
                "min_latency": self.switch,
                "tcp_nodelay": self.switch,
                "in_ack_size": lambda: self.one(0, 2500000, 100),
                "out_ack_size": lambda: self.one(0, 1, 100, 2500000),
            },
            0.3,
        )
        self.more(
            "play",
            gop_cache=self.switch,
            gop_cache_max_frames=lambda: self.one(0, 1, 250, 2500),
            queue_length=lambda: self.one(1, 5, 30),
            mw_latency=lambda: self.one(0, 100, 350, 1800, 60000),
            mw_msgs=lambda: self.one(0, 1, 8, 128),
            send_min_interval=lambda: self.one(0, 5, 10.5, 1000),
            time_jitter=lambda: self.one("full", "zero", "off"),
            mix_correct=self.switch,
            atc=self.switch,
            atc_auto=self.switch,
            reduce_sequence_header=self.switch,
        )
        self.more(
            "publish",
            mr=self.switch,
            mr_latency=lambda: self.one(0, 350, 2000, 60000),
            firstpkt_timeout=lambda: self.one(1, 1000, 20000),
            normal_timeout=lambda: self.one(1, 50, 5000, 7000),
            parse_sps=self.switch,
            try_annexb_first=self.switch,
        )

    def more(self, block: str, **values: Callable[[], Any]) -> None:
        """Some settings of a block of the vhost."""
        if found := self.some(values, 0.15):
            self.vhost[block] = {**self.vhost.get(block, {}), **found}

    def hls(self) -> None:
        made = self.made
        hls: dict[str, Any] = {
            "enabled": True,
            "hls_fragment": self.one(1, 2, 2, 2.5),
            **self.some(
                {
                    "hls_window": lambda: self.one(1, 6, 20),
                    "hls_td_ratio": lambda: self.one(0, 1, 1.5),
                    "hls_aof_ratio": lambda: self.one(0, 0.5, 2, 2.1),
                    "hls_cleanup": self.switch,
                    "hls_dispose": lambda: self.one(0, 30, 120),
                    "hls_wait_keyframe": self.switch,
                    "hls_on_error": lambda: self.one("ignore", "disconnect", "continue"),
                    "hls_dts_directly": self.switch,
                    "hls_ts_floor": self.switch,
                    "hls_nb_notify": lambda: self.one(0, 64),
                    "hls_ctx": lambda: self.chance(0.1),
                    "hls_ts_ctx": lambda: self.chance(0.1),
                    "hls_ts_file": lambda: self.one(
                        "[app]/[stream]-[timestamp]-[seq].ts",
                        "[app]/[stream]/[2006]/[01]/[02]/[15]-[seq].ts",
                        "[app]/[stream]-[duration]-[seq].ts",
                        "[app]/[stream].ts",
                    ),
                    "hls_acodec": lambda: self.one("aac", "an"),
                },
                0.2,
            ),
        }
        if self.chance(0.5):
            hls["hls_path"] = self.folder()
        playlist = f"{APP}/{made.name}.m3u8"
        if self.chance(0.2):
            hls["hls_m3u8_file"] = self.one("[app]/[stream]/index.m3u8", "[vhost]/[app]/[stream].m3u8")
            if self.chance(0.7):
                hls["hls_ts_file"] = f"{posixpath.dirname(hls['hls_m3u8_file'])}/[stream]-[timestamp]-[seq].ts"
            playlist = {"[app]/[stream]/index.m3u8": f"{APP}/{made.name}/index.m3u8"}.get(
                hls["hls_m3u8_file"], f"{made.vhost}/{APP}/{made.name}.m3u8"
            )
        if self.chance(0.15):
            hls |= {"hls_keys": True, "hls_fragments_per_key": self.one(1, 5)}
            if self.chance(0.7):
                hls["hls_key_file_path"] = self.folder()
        self.vhost["hls"] = hls
        folder = self.absolute(hls.get("hls_path", "./objs/nginx/html"))
        made.files.append((folder, playlist))
        if self.role == "origin" and folder.startswith(MEDIA) and not hls.get("hls_keys"):
            made.hls = posixpath.normpath(posixpath.join("/", posixpath.relpath(folder, MEDIA), playlist))

    def dvr(self) -> None:
        made = self.made
        folder = self.folder()
        name, pattern = self.one(
            ("[app]/[stream].[timestamp].flv", f"{APP}/{made.name}.*.flv"),
            ("[app]/[stream]/[2006]/[01]/[02]/[15].[04].[05].[999].mp4", f"{APP}/{made.name}/*/*/*/*.mp4"),
            ("[vhost]/[app]/[stream].flv", f"{made.vhost}/{APP}/{made.name}.flv"),
            ("[app].[stream].[timestamp].mp4", f"{APP}.{made.name}.*.mp4"),
            ("[app]/[stream]", f"{APP}/{made.name}/*.flv"),
        )
        dvr = {"enabled": True, "dvr_path": f"{folder}/{name}", "dvr_plan": self.one("session", "segment", "segment")}
        if name.endswith("/[stream].flv"):
            dvr["dvr_plan"] = "segment"  # a single recording of a stream is all that comes of such a name
        dvr |= self.some({"dvr_wait_keyframe": self.switch, "time_jitter": lambda: self.one("full", "zero", "off")})
        if dvr["dvr_plan"] == "segment":
            dvr["dvr_duration"] = self.one(2, 3, 3, 0)
        if self.chance(0.15):
            del dvr["dvr_path"]
            folder, pattern = "./objs/nginx/html", f"{APP}/{made.name}.*.flv"
        if self.chance(0.2):
            dvr["dvr_apply"] = self.one(["all"], [f"{APP}/{made.name}", f"{APP}/other"])
        self.vhost["dvr"] = dvr
        made.files.append((self.absolute(folder), pattern))

    def dash(self) -> None:
        dash: dict[str, Any] = {"enabled": True, "dash_fragment": self.one(1, 2), "dash_update_period": self.one(1, 2)}
        if self.chance(0.6):
            dash["dash_path"] = self.folder()
        self.vhost["dash"] = dash
        self.made.files.append((self.absolute(dash.get("dash_path", "./objs/nginx/html")), f"{APP}/{self.made.name}.mpd"))

    def hooks(self) -> None:
        events = self.random.sample(EVENTS, self.random.randint(1, 3))
        urls = {event: [f"http://{self.around.hooks}/{self.made.name}/{event}"] for event in events}
        self.vhost["http_hooks"] = {"enabled": True, **urls}
        hls, dvr = self.vhost.get("hls", {}), self.vhost.get("dvr", {})
        if "on_hls" in events and not hls.get("enabled"):
            events.remove("on_hls")
        if "on_dvr" in events and not (dvr.get("enabled") and dvr.get("dvr_plan") == "segment"):
            events.remove("on_dvr")
        if self.role == "edge":
            events = [event for event in events if event in ("on_connect", "on_play")]
        self.made.events = events

    def remux(self) -> None:
        name = self.made.name
        mount, path = self.one(
            ("[vhost]/[app]/[stream].flv", f"{APP}/{name}.flv"),
            ("[vhost]/flv/[app]/[stream].flv", f"flv/{APP}/{name}.flv"),
            ("[vhost]/[app]/[stream]/live.flv", f"{APP}/{name}/live.flv"),
            ("/[app]/[stream].flv", f"{APP}/{name}.flv"),
        )
        self.vhost["http_remux"] = {
            "enabled": self.chance(0.9),
            "mount": mount,
            **self.some({"fast_cache": lambda: self.one(0, 5), "drop_if_not_match": self.switch, "guess_has_av": self.switch}),
        }
        on = self.vhost["http_remux"]["enabled"]
        self.made.flv = [f"{url.partition(f'/{APP}/')[0]}/{path}" for url in self.made.flv] if on else []

    def tls(self) -> None:
        block = self.one("http_server", "http_server", "http_api")
        port = self.one(8443, 443, 8088) if block == "http_server" else self.one(1990, 1991)
        https: dict[str, Any] = {"enabled": True, "listen": self.endpoint(port)}
        match self.random.randrange(6):
            case 0 | 1:
                https["secret"] = CERTIFICATES
            case 2:
                self.mounts["/certs"] = {"secret": {"secretName": CERTIFICATES}}
                https |= {"key": "/certs/tls.key", "cert": "/certs/tls.crt"}
            case 3:
                https |= {"key": "/tmp/server.key", "cert": "/tmp/server.crt"}
            case 4:
                https |= {"key": "./conf/own.key", "cert": "./conf/own.crt"}
        self.root[block] = {**self.root.get(block, {}), "https": https}
        self.root[block].setdefault("enabled", True)
        is_local = str(https["listen"]).startswith("127.")
        if block == "http_server" and self.made.flv and self.root[block]["enabled"] and not is_local:
            self.made.flv.append(f"https://:{port}/{self.made.flv[0].split('/', 3)[3]}")

    def pods(self) -> None:
        """Mounts and variables of the pod."""
        where = self.mostly(
            ("/data", "/opt/more", f"{MEDIA}/scratch"), ("/usr/local/srs/objs", INSTALLED, "/usr/local/srs/conf", "/usr", "/tmp"), 0.7
        )
        self.mounts.setdefault(where, {"emptyDir": {}})
        if self.chance(0.5):
            name, value = self.one(
                ("SRS_PID", self.one(*PIDS)),
                ("SRS_LOG_LEVEL", "warn"),
                ("SRS_WORK_DIR", self.one("/tmp", INSTALLED)),
                ("SRS_FF_LOG_DIR", "/tmp"),
                ("SRS_VHOST_TCP_NODELAY", "on"),
                ("SRS_VHOST_PLAY_GOP_CACHE", "off"),
                ("SRS_HTTP_API_ENABLED", "off"),
                ("SRS_EXPORTER_ENABLED", "off"),
                ("SRS_VHOST_HLS_ENABLED", "on"),
                ("SRS_VHOST_DVR_ENABLED", "on"),
                ("SRS_VHOST_HLS_HLS_PATH", self.one("/mnt/hls", MEDIA)),
                ("TZ", "Asia/Shanghai"),
            )
            if not name.startswith("SRS_VHOST_HLS_HLS_PATH") or "hls_path" not in self.vhost.get("hls", {}):
                self.env[name] = value

    def forward(self) -> None:
        self.text.append(f"forward {{ enabled on; destination {self.around.origin}; }}")
        self.made.forwards = True

    def program(self) -> None:
        folder = self.one("/tmp", MEDIA)
        self.text.append(f"exec {{ enabled on; publish {FFMPEG} -f flv -i [url] -c copy -y -f flv {folder}/exec-[stream].flv; }}")
        self.made.files.append((self.absolute(folder), f"exec-{self.made.name}.flv"))
        self.logs()

    def logs(self) -> None:
        if self.chance(0.8):
            self.root["ff_log_dir"] = self.mostly(("/dev/null", "/tmp"), ("./objs", "/tmp/logs", "/var/log", "/data"))

    def engine(self) -> dict[str, Any]:
        """Of ffmpeg: what to make of video and audio."""
        video: dict[str, Any] = {"vcodec": self.mostly(("copy", "libx264", "libx264"), ("vn", "h264", ""))}
        if video["vcodec"] not in ("copy", "vn", ""):
            video |= {
                "vbitrate": 100,
                "vfps": 10,
                "vwidth": 96,
                "vheight": 54,
                "vthreads": 1,
                "vprofile": "baseline",
                "vpreset": "ultrafast",
            }
            if self.chance(0.2):
                del video[self.one(*(name for name in video if name != "vcodec"))]
        audio: dict[str, Any] = {"acodec": self.mostly(("copy", "aac"), ("an", "", ""))}
        if audio["acodec"] == "aac":
            audio |= {"abitrate": 32, "asample_rate": 44100, "achannels": self.mostly((1, 2), (0, 6), 0.9)}
        return {name: value for name, value in {**video, **audio}.items() if value != ""}

    def transcode(self) -> None:
        program = self.mostly((FFMPEG, f"{INSTALLED}/objs/ffmpeg/bin/ffmpeg"), ("", "/tmp/ffmpeg", "/data/ffmpeg", "./conf/ffmpeg"), 0.85)
        output = self.mostly(("rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]",), ("", "/mnt/[stream].flv"), 0.9)
        lines = ["enabled on;", *([f"ffmpeg {program};"] if program else [])]
        settings = {**self.engine(), **({"output": output} if output else {})}
        engine = " ".join(f"{name} {value};" for name, value in settings.items())
        self.text.append(f"transcode {self.one('', '', APP)} {{ {' '.join(lines)} engine ff {{ enabled on; {engine} }} }}")
        if program and output.startswith("rtmp") and settings.get("vcodec") != "vn":
            self.made.streams.append(f"{self.made.name}_ff")
        self.logs()

    def ingest(self) -> None:
        stream = f"{self.made.name}-in"
        source = self.one(
            f"type file; url {CLIP};",
            f"type file; url {CLIP};",
            f"type stream; url rtmp://{self.around.origin}/{APP}/source;",
            "type file; url ./conf/source.flv;",
            "type file;",
        )
        if CLIP in source:
            self.mounts.setdefault("/clips", {"configMap": {"name": CLIPS}})
        program = f"ffmpeg {FFMPEG};" if self.chance(0.9) else ""
        vhost = "" if self.made.vhost == DEFAULT_VHOST else f"?vhost={self.made.vhost}"
        output = f"output rtmp://127.0.0.1:{self.made.rtmp}/{APP}{vhost}/{stream};"
        made = self.engine() if self.chance(0.4) else {}
        settings = "".join(f"{name} {value};" for name, value in made.items())
        engine = f"engine {{ enabled on; {settings} {output} }}" if self.chance(0.9) else ""
        self.text.append(f"ingest made {{ enabled on; input {{ {source} }} {program} {engine} }}")
        if made.get("vcodec") != "vn" or "acodec" not in made:
            self.made.streams.append(stream)
        self.logs()

    def other_protocols(self) -> None:
        self.root_text += self.random.sample(
            (
                "rtc_server { enabled on; listen 8000; candidate *; }",
                "srt_server { enabled on; listen 10080; }",
                "stream_caster { enabled on; caster mpegts_over_udp; output rtmp://127.0.0.1/live/caster; listen 8935; }",
                "stream_caster { enabled on; caster flv; output rtmp://127.0.0.1/[app]/[stream]; listen 8936; }",
                "stream_caster { enabled on; caster flv; output rtmp://127.0.0.1/[app]/[stream]; }",
                "tencentcloud_cls { enabled on; }",
                "tencentcloud_apm { enabled on; }",
            ),
            self.random.randint(1, 2),
        )
        if self.chance(0.5):
            self.text += ["rtc { enabled on; rtmp_to_rtc on; }", "srt { enabled on; }"]

    def upstream(self) -> None:
        if self.chance(0.5):
            self.vhost["cluster"] = self.some(
                {
                    "token_traverse": self.switch,
                    "debug_srs_upnode": self.switch,
                    "protocol": lambda: self.one("rtmp", "flv"),
                    "vhost": lambda: self.one("[vhost]", "other.example.com"),
                }
            )
        if self.chance(0.3):
            self.vhost["security"] = {"enabled": True, "allow": ["play all", "publish all"]}

    # As it is written

    def written(self) -> None:
        made, prefix = self.made, f"srs_{self.role}_"
        self.to_environment()
        if self.role == "edge":
            by_http = self.vhost.get("cluster", {}).get("protocol") == "flv"
            made.variables["srs_edge_origin"] = [f"{self.around.origin}:8080" if by_http else self.around.origin]
        form = self.one("typed", "typed", "vhosts", "conf")
        config = self.whole_text() if form == "conf" else self.typed(form)
        made.variables[f"{prefix}config"] = config
        if self.env:
            made.variables[f"{prefix}env"] = [{"name": name, "value": value} for name, value in self.env.items()]
        if self.mounts:
            numbered = list(enumerate(self.mounts.items()))
            made.variables[f"{prefix}extra_volumes"] = [{"name": f"more-{number}", **volume} for number, (_path, volume) in numbered]
            made.variables[f"{prefix}extra_volume_mounts"] = [
                {"name": f"more-{number}", "mountPath": path} for number, (path, _volume) in numbered
            ]

    def to_environment(self) -> None:
        """Some of the settings as environment variables, in the place of the file or before what it says."""
        if not self.chance(0.15):
            return
        for path, block in (("SRS_VHOST_HLS", "hls"), ("SRS_VHOST_DVR", "dvr"), ("SRS_VHOST_DASH", "dash"), ("SRS_VHOST_PLAY", "play")):
            settings = self.vhost.get(block, {})
            for name in [name for name in settings if name != "dvr_apply" and self.chance(0.5)]:
                value = settings[name]
                self.env[f"{path}_{name.upper()}"] = _words(value)
                if self.chance(0.8):
                    del settings[name]

    def typed(self, form: str) -> dict[str, Any]:
        """Parameters where there are any, and the rest in ``extra``."""
        known = OPTIONS[self.role]
        config = dict(self.root)
        text = list(self.root_text)
        named = {name: value for name, value in self.vhost.items() if name in known and value != {}}
        own = self.made.vhost
        if form == "vhosts" or own != DEFAULT_VHOST:
            config["vhosts"] = [{"name": own, **named}, *([{"name": "second.example.com"}] if self.chance(0.3) else [])]
        else:
            config |= named
        lines = [*self.text, *(_block(name, value) for name, value in self.vhost.items() if name not in known)]
        if lines:
            text.append(f"vhost {own} {{ {' '.join(lines)} }}")
        if text:
            config["extra"] = "\n".join(text) + "\n"
        return config

    def whole_text(self) -> dict[str, Any]:
        root: dict[str, Any] = {
            "listen": 1935,
            "daemon": False,
            "srs_log_tank": "console",
            "pid": "/tmp/srs.pid",
            "http_api": {"enabled": True, "listen": 1985},
            "http_server": {"enabled": True, "listen": 8080},
            "force_grace_quit": True,
            "grace_start_wait": 700,
            "grace_final_wait": 800,
        }
        root = _merged(root, self.root)
        for block in ("http_api", "http_server"):
            https = root[block].get("https", {})
            if https.pop("secret", None):
                https |= {"key": "/certs/tls.key", "cert": "/certs/tls.crt"}
                self.mounts["/certs"] = {"secret": {"secretName": CERTIFICATES}}
        if self.chance(0.1):
            del root["pid"]
        vhost: dict[str, Any] = {"http_remux": {"enabled": True, "guess_has_av": False}}
        if self.role == "edge":
            vhost["cluster"] = {"mode": "remote", "origin": made_origin(self.made)}
        vhost = _merged(vhost, self.vhost)
        hls = vhost.get("hls", {})
        if self.role == "origin" and (hls or any(name.startswith("SRS_VHOST_HLS") for name in self.env)):
            vhost["hls"] = {"hls_ctx": False, "hls_ts_ctx": False, **hls}
        lines = [*self.text, *(_block(name, value) for name, value in vhost.items())]
        text = "\n".join(
            [*(_block(name, value) for name, value in root.items()), *self.root_text, f"vhost {self.made.vhost} {{", *lines, "}"]
        )
        return {"conf": text + "\n"}


def made_origin(made: Made) -> list[str]:
    origin: list[str] = made.variables["srs_edge_origin"]
    return origin


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for name, value in over.items():
        both[name] = _merged(both[name], value) if isinstance(value, dict) and isinstance(both.get(name), dict) else value
    return both


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _block(name: str, value: Any) -> str:
    """A setting as srs.conf has it."""
    if isinstance(value, dict):
        return f"{name} {{ {' '.join(_block(key, inner) for key, inner in value.items())} }}"
    if name in ("allow", "deny"):
        return " ".join(f"{name} {rule};" for rule in value)
    return f"{name} {_words(value)};"


def make(number: int, version: int, around: Around) -> Made:
    """The server of that number."""
    return Maker(number, version, around).make()

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed parameters of a configuration, derived from the table of directives.

One tree of options serves three readers: the modules' argument spec, their documentation, and ``normalise``, which checks
plain dictionaries (role variables, filter arguments) that no argument spec has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, WARNING, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import (
    DEFAULT_VERSION,
    DEFAULT_VHOST,
    ROOT,
    VHOST,
    Spec,
    firsts,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.validate import gated
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.values import doubt, problem

EDGE = "edge"
ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter. With a ``spec`` its value becomes the directive of that name."""

    type: str  # bool int float str list dict
    description: str
    spec: Spec | None = None
    elements: str = ""
    choices: tuple[Any, ...] = ()
    options: Mapping[str, Option] | None = None
    required: bool = False
    default: Any = None
    low: int | None = None


TYPES = {"switch": "bool", "integer": "int", "number": "float", "block": "dict"}

SECRET_REF: dict[str, Option] = {
    "name": Option("str", "Name of the Secret, in the namespace of the pods.", required=True),
    "key": Option("str", "Key in the Secret.", required=True),
}


def _versions(spec: Spec) -> str:
    notes = []
    if spec.since != "3":
        notes.append(f"Needs SRS {', '.join(map(str, firsts(spec.since)))} or later.")
    if spec.idle:
        notes.append(f"Does nothing from SRS {', '.join(map(str, firsts(spec.idle)))} on.")
    defaults = spec.defaults if spec.kind != "block" else {}
    if len(defaults) > 1:
        notes.append("The server's default is " + ", ".join(f"V({value}) from SRS {since}" for since, value in defaults.items()) + ".")
    for value in defaults.values() if len(defaults) == 1 else ():
        notes.append(f"The server's default is V({value})" + (f" {spec.unit}." if spec.unit else "."))
    return " ".join(notes)


def _description(spec: Spec) -> str:
    unit = f" In {spec.unit}." if spec.unit and not spec.default else ""
    limits = ""
    if spec.kind in ("integer", "number") and spec.low is not None and (spec.low or spec.high is not None):
        limits = f" From V({spec.low:g}) to V({spec.high:g})." if spec.high is not None else f" At least V({spec.low:g})."
    return " ".join(f"{spec.description}{unit}{limits} {_versions(spec)}".split())


def option_of(spec: Spec) -> Option:
    """The parameter of a directive."""
    kind = TYPES.get(spec.kind, "str")
    if spec.kind == "block":
        return Option("dict", _description(spec), spec, options=options_of(spec.children or {}))
    if spec.many or spec.args[1] > 1 or spec.lists:
        return Option("list", _description(spec), spec, elements=kind)
    choices: tuple[str, ...] = ()
    if spec.kind == "word":
        words = [spec.words] if isinstance(spec.words, tuple) else spec.words.values()
        choices = tuple(dict.fromkeys(word for group in words for word in group))
    return Option(kind, _description(spec), spec, choices=choices)


def has_certificate(spec: Spec) -> bool:
    """Whether a block names the files of a key and a certificate."""
    return {"key", "cert"} <= set(spec.children or ())


def options_of(specs: Mapping[str, Spec]) -> dict[str, Option]:
    """The parameters of a block: its directives, and beside each that may hold a secret one that names a Secret."""
    options: dict[str, Option] = {}
    for name, spec in specs.items():
        if not spec.description:
            continue
        if not spec.secret:
            options[name] = option_of(spec)
        if spec.env:
            text = (
                f"Take C({name}) from a Secret, by the environment variable C({spec.env}) (SRS 5 or later), so that it is in no ConfigMap."
            )
            options[f"{name}_secret"] = Option("dict", text, options=SECRET_REF)
        if has_certificate(spec):
            tls = dict(options[name].options or {})
            tls["secret"] = Option("str", "Name of a Secret of type C(kubernetes.io/tls) to mount and to take key and certificate from.")
            options[name] = Option("dict", options[name].description, spec, options=tls)
    return options


ROOT_NAMES = (
    "listen",
    "max_connections",
    "srs_log_tank",
    "srs_log_level",
    "srs_log_level_v2",
    "srs_log_file",
    "ff_log_dir",
    "pid",
    "work_dir",
    "server_id",
    "chunk_size",
    "utc_time",
    "pithy_print_ms",
    "empty_ip_ok",
    "in_docker",
    "inotify_auto_reload",
    "auto_reload_for_docker",
    "grace_start_wait",
    "grace_final_wait",
    "force_grace_quit",
    "query_latest_version",
    "http_api",
    "http_server",
    "exporter",
    "heartbeat",
    "stats",
    "rtmps",
    "rtsp_server",
    "srt_server",
)
VHOST_NAMES = (
    "min_latency",
    "tcp_nodelay",
    "in_ack_size",
    "out_ack_size",
    "cluster",
    "play",
    "publish",
    "security",
    "http_static",
    "http_remux",
    "http_hooks",
    "hls",
    "dvr",
    "srt",
    "rtsp",
)

VHOST_OPTIONS: dict[str, Option] = {
    "name": Option("str", f"Name of the vhost; V({DEFAULT_VHOST}) answers for all names that have none of their own.", required=True),
    **options_of({name: spec for name, spec in VHOST.items() if name in ("enabled", "chunk_size") or name in VHOST_NAMES}),
}

MOUNT: dict[str, Option] = {
    "mount_path": Option("str", "Where it is in the container.", required=True),
    "read_only": Option("bool", "Whether the server can't write there, as in mounts of ConfigMaps and Secrets."),
    "empty": Option("bool", "Whether it is empty when the pod starts, as an C(emptyDir) is."),
    "served": Option("bool", "Whether nginx serves what is in it."),
    "files": Option("list", "All files in it, where they are known: whatever else the image has there is hidden.", elements="str"),
}

CONTEXT: dict[str, Option] = {
    "nofile": Option(
        "int",
        "Limit of open files in the container (C(ulimit -n)), to check C(max_connections) against. Not checked when it is not given.",
        low=1,
    ),
    "container_ports": Option("list", "TCP ports of the container, to check the listen ports against.", elements="int", low=1),
    "container_udp_ports": Option("list", "UDP ports of the container, to check the listen ports against.", elements="int", low=1),
    "service_ports": Option("list", "Target ports of the Services in front, to check the listen ports against.", elements="int", low=1),
    "edge_pods": Option("int", "Number of edge pods that pull from this origin, to check C(max_connections) against.", low=0),
    "termination_grace_period_seconds": Option(
        "int", "The pod's C(terminationGracePeriodSeconds), to check the graceful quit against.", low=0
    ),
    "pre_stop_seconds": Option("float", "How long the pod's preStop hook takes.", low=0),
    "drain_seconds": Option("float", "How long players and publishers are to be waited for when a pod ends.", low=0),
    "lowest_port": Option(
        "int", "The lowest port that the server's user may open; C(1024) for any but root, unless a sysctl says otherwise.", low=0
    ),
    "env": Option(
        "list",
        "The container's environment variables, as C(NAME) or C(NAME=value). C(SRS_*) among them go before the file in SRS 5 and later.",
        elements="str",
    ),
    "mounts": Option(
        "list",
        "The container's volume mounts, to check the files against that the server reads and writes. Not checked when it is not given.",
        elements="dict",
        options=MOUNT,
    ),
    "read_only_root_filesystem": Option("bool", "Whether the server can write to mounts alone."),
    "behind_nginx": Option("bool", "Whether nginx or a CDN serves the HLS files."),
}


def _typed(role: str) -> dict[str, Option]:
    options: dict[str, Option] = {
        "srs_version": Option(
            "str",
            "Version of SRS that reads the configuration: a major version such as V(6), or an exact release such as V(6.0.191). "
            "What a release doesn't have is refused, and what not every release of a major version has is a warning.",
            default=str(DEFAULT_VERSION),
        ),
    }
    if role == EDGE:
        options["origin"] = Option(
            "list",
            "Origins of this edge in the order in which they are tried, as C(host[:port]). Short for C(cluster.origin) of every vhost.",
            Spec("host", args=(1, 1000)),
            elements="str",
        )
    options |= options_of({name: ROOT[name] for name in ROOT_NAMES})
    options |= options_of({name: VHOST[name] for name in VHOST_NAMES})
    options["vhosts"] = Option(
        "list",
        "Vhosts. What stands beside this option (C(hls), C(play), ...) holds for all of them, what stands in a vhost for that one. "
        f"When it is not given, there is the one vhost V({DEFAULT_VHOST}).",
        elements="dict",
        options=VHOST_OPTIONS,
    )
    options["extra"] = Option(
        "str",
        "More directives as the text of srs.conf, for what has no parameter here; they are checked in the same way. "
        "Blocks are merged, also C(vhost name { }).",
    )
    options["conf"] = Option(
        "str", "A whole srs.conf of your own, checked in the same way and used as it is. Excludes all other directives here."
    )
    options |= CONTEXT
    return options


OPTIONS: dict[str, dict[str, Option]] = {EDGE: _typed(EDGE), ORIGIN: _typed(ORIGIN)}

# What one item of a module's `configs` has beside the parameters of the configuration.
OBJECT_OPTIONS: dict[str, Option] = {
    "name": Option("str", "Name of the ConfigMap.", required=True),
    "key": Option("str", "Key in the ConfigMap, which becomes the file's name.", default="srs.conf"),
    "labels": Option("dict", "Labels of the ConfigMap."),
    "annotations": Option("dict", "Annotations of the ConfigMap."),
}

SWITCHES = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}

Normalised = dict[str, Any]  # name -> list of arguments, or a nested dict for a block


class Normaliser:
    """Turns parameters into arguments of directives and collects what is wrong with them."""

    def __init__(self, version: Release, findings: list[Finding]) -> None:
        self.version = version
        self.findings = findings

    def error(self, path: str, message: str) -> None:
        self.findings.append(Finding(ERROR, path, message))

    def block(self, params: Mapping[str, Any], options: Mapping[str, Option], path: str) -> Normalised:
        result: Normalised = {}
        for key, value in params.items():
            if value is None:
                continue
            inner = f"{path}.{key}" if path else str(key)
            option = options.get(key)
            if option is None:
                self.error(inner, self.unknown(str(key), options))
                continue
            if option.spec is not None:
                gate = gated(option.spec, self.version)
                if gate:
                    self.findings.append(Finding(gate[0], inner, gate[1]))
                    if gate[0] == ERROR:
                        continue
            normalised = self.value(value, option, inner)
            if normalised is not None:
                result[key] = normalised
        for key, option in options.items():
            if option.required and params.get(key) is None:
                self.error(f"{path}.{key}" if path else key, "is required.")
        return result

    def unknown(self, key: str, options: Mapping[str, Option]) -> str:
        if f"{key}_secret" in options:
            return f"would be readable in a ConfigMap: put it into a Secret and give {key}_secret: {{name: SECRET, key: KEY}}."
        near = did_you_mean(key, options)
        if near:
            return f"is not a parameter here{near}."
        return f"is not a parameter here; known are {', '.join(options)}" + (
            "; extra takes any other directive." if "extra" in options else "."
        )

    def value(self, value: Any, option: Option, path: str) -> Any:
        if option.type == "dict":
            return self.mapping(value, option, path)
        if option.type != "list":
            word = self.scalar(value, option, option.type, path)
            return None if word is None else self.checked([word], option, path)
        items = value
        if isinstance(value, str) and option.elements != "dict":
            is_rule = option.spec is not None and option.spec.kind == "rule"
            items = [value] if is_rule else value.replace(",", " ").split()
        elif isinstance(value, int) and not isinstance(value, bool):
            items = [value]
        if not isinstance(items, (list, tuple)):
            return self.error(path, f"is {_seen(value)}, but must be a list.")
        if option.elements == "dict":
            return [self.mapping(item, option, f"{path}[{index}]") for index, item in enumerate(items)]
        words = [self.scalar(item, option, option.elements, f"{path}[{index}]") for index, item in enumerate(items)]
        return None if None in words else self.checked(words, option, path)

    def mapping(self, value: Any, option: Option, path: str) -> Any:
        if not isinstance(value, Mapping):
            # Somebody may have written the secret itself where its Secret is to be named.
            what = "no mapping" if path.endswith("_secret") else repr(value)
            return self.error(
                path, f"is {what}, but must be a mapping" + (f" of {', '.join(option.options)}." if option.options is SECRET_REF else ".")
            )
        return self.block(value, option.options, path) if option.options is not None else dict(value)

    def scalar(self, value: Any, option: Option, kind: str, path: str) -> Any:
        """One value as the word that srs.conf has for it, or as itself when it belongs to no directive."""
        if kind == "bool":
            switch = value if isinstance(value, bool) else SWITCHES.get(str(value).lower())
            if switch is None:
                return self.error(path, f"is {_seen(value)}, but must be true or false.")
            return ("on" if switch else "off") if option.spec else switch
        if value is False and "off" in option.choices:
            return "off"  # YAML reads a bare off as false
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            allowed = f"one of {', '.join(option.choices)}" if option.spec and option.choices else "text" if kind == "str" else "a number"
            return self.error(path, f"is {_seen(value)}, but must be {allowed}.")
        text = f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        if option.spec is not None:
            return text if text else self.error(path, "is empty: leave it out instead.")
        return self.plain(text, option, kind, path)

    def plain(self, text: str, option: Option, kind: str, path: str) -> Any:
        """A value that belongs to no directive."""
        try:
            value = int(text) if kind == "int" else float(text) if kind == "float" else text
        except ValueError:
            return self.error(path, f"is {text!r}, but must be a {'whole ' if kind == 'int' else ''}number.")
        if isinstance(value, (int, float)) and option.low is not None and value < option.low:
            return self.error(path, f"is {text}, but must be at least {option.low}.")
        if option.choices and value not in option.choices:
            return self.error(path, f"is {text}, but must be one of {', '.join(map(str, option.choices))}.")
        return value

    def checked(self, words: list[Any], option: Option, path: str) -> Any:
        if option.spec is None:
            return words if option.type == "list" else words[0]
        if not words:
            return None
        groups = [str(word).split() for word in words] if option.spec.many else [words]
        for group in groups:
            wrong = problem(option.spec, group, self.version)
            if wrong:
                return self.error(path, f"{wrong} (SRS {self.version}).")
            if uncertain := doubt(option.spec, group, self.version):
                self.findings.append(Finding(WARNING, path, f"{uncertain}, and the version is {self.version}."))
        return words


def _seen(value: Any) -> str:
    """What is found in the place of something else; what holds more isn't shown, since there may be secrets in it."""
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else repr(value)

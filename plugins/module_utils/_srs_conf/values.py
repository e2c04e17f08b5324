# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the arguments of one directive are what the server understands.

The server itself looks at few values: it takes what ``atoi`` makes of a number and the default for an unknown word.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import LIST, Spec, firsts, reaches

INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
HOST = re.compile(r"(?P<host>[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?", re.ASCII)
URL = re.compile(r"(?P<scheme>https?)://([^\s/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s/?#:]+)(:[0-9]{1,5})?([/?#]\S*)?")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def port_of(endpoint: str) -> int:
    """The port of ``[ip:]port`` or ``host:port``; 0 when there is none."""
    digits = endpoint.rpartition(":")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0


def _is_port(digits: str) -> bool:
    return 1 <= port_of(digits) <= 65535


def _number(pattern: re.Pattern[str]) -> Callable[[Spec, str, Release], bool]:
    def fits(spec: Spec, value: str, version: Release) -> bool:
        if not pattern.fullmatch(value):
            return False
        number = float(value)
        return (spec.low is None or number >= spec.low) and (spec.high is None or number <= spec.high)

    return fits


def _endpoint(spec: Spec, value: str, version: Release) -> bool:
    address, colon, port = value.rpartition(":")
    if not _is_port(port):
        return False
    if not colon:
        return True
    if reaches(version, spec.addresses) is False:
        return False
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    elif ":" in address:
        return False
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _host(spec: Spec, value: str, version: Release) -> bool:
    match = HOST.fullmatch(value)
    return bool(match and (match["port"] is None or _is_port(match["port"])))


def _url(spec: Spec, value: str, version: Release) -> bool:
    match = URL.fullmatch(value)
    return bool(match and (version.major > 3 or match["scheme"] == "http"))


def _rule_target(value: str, version: Release) -> bool:
    try:
        if "/" in value:
            ipaddress.IPv4Network(value, strict=False)
            return version.major > 3
        ipaddress.ip_address(value)
    except ValueError:
        return value == "all"
    return True


FITS: dict[str, Callable[[Spec, str, Release], bool]] = {
    "switch": lambda spec, value, version: value in ("on", "off"),
    "integer": _number(INTEGER),
    "number": _number(NUMBER),
    "word": lambda spec, value, version: value in spec.words_of(version),
    "text": lambda spec, value, version: not CONTROL.search(value),
    "path": lambda spec, value, version: not CONTROL.search(value),
    "block": lambda spec, value, version: not CONTROL.search(value),
    "endpoint": _endpoint,
    "host": _host,
    "url": _url,
}


def _range(spec: Spec) -> str:
    unit = f" {spec.unit}" if spec.unit else ""
    if spec.low is not None and spec.high is not None:
        return f" from {spec.low:g} to {spec.high:g}{unit}"
    if spec.low is not None:
        return f" of at least {spec.low:g}{unit}"
    return unit


def allowed(spec: Spec, version: Release) -> str:
    """What a value may be, in words."""
    match spec.kind:
        case "switch":
            return "on or off"
        case "integer":
            return f"a whole number{_range(spec)}"
        case "number":
            return f"a number{_range(spec)}"
        case "word":
            return "one of " + ", ".join(spec.words_of(version))
        case "endpoint":
            return "a port from 1 to 65535" + ("" if reaches(version, spec.addresses) is False else " or ip:port")
        case "host":
            return "host or host:port"
        case "url":
            return "a URL http://host..." if version.major < 4 else "a URL http://host... or https://host..."
        case "rule":
            return "publish or play, then all or an IP address" + (" or an IPv4 network" if version.major > 3 else "")
    return "text without control characters"


def shown(spec: Spec, value: str) -> str:
    """A value for a message; never a secret or the part of a URL that may hold one."""
    if spec.secret:
        return "a value that is not shown"
    if spec.kind == "url":
        value = re.sub(r"//[^/@]*@", "//...@", value).partition("?")[0]
    return repr(value)


def problem(spec: Spec, args: list[str], version: Release) -> str:
    """What is wrong with the arguments of a directive; empty when nothing is."""
    least, most = spec.args if reaches(version, spec.lists) is False else LIST
    if len(args) < least:
        if spec.kind == "block":
            return "has no name"
        return f"has no value and would be ignored; it must be {allowed(spec, version)}"
    if len(args) > most:
        if spec.kind == "block":
            return f"has {' '.join(args)!r} before its block, of which the server takes {'nothing' if not most else args[0]}"
        return f"has {len(args)} values, {shown(spec, ' '.join(args))}, of which the server takes {most}; is a ; missing?"
    if spec.kind == "rule":
        return (
            ""
            if args[0] in ("publish", "play") and _rule_target(args[1], version)
            else f"is {' '.join(args)!r}, but must be {allowed(spec, version)}"
        )
    fits = FITS[spec.kind]
    for value in args:
        if not fits(spec, value, version):
            return f"is {shown(spec, value)}, but must be {allowed(spec, version)}"
    return ""


def doubt(spec: Spec, args: list[str], version: Release) -> str:
    """What some releases of a major version don't understand of arguments that have no problem; empty when all of them do."""
    if len(args) > spec.args[1] and reaches(version, spec.lists) is None:
        return f"has {len(args)} values, which SRS {needed(spec.lists, version)} or later takes"
    if spec.kind == "endpoint" and reaches(version, spec.addresses) is None and any(":" in value for value in args):
        return f"has an address, which SRS {needed(spec.addresses, version)} or later takes"
    return ""


def needed(text: str, version: Release) -> str:
    """The first releases that have something, for a message: that of the version's own series where there is one."""
    known = firsts(text)
    own = [release for release in known if release.major == version.major]
    return ", ".join(map(str, own or known))

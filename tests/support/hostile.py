# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of SRS that send what no SRS sends, and clients that call themselves what no client does. The same dice give the same answers."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.livestream.srs.tests.support.srs_server import Srs

NAMES = [
    "",
    "x" * 70_000,
    "a\x1b[31mred",
    "a\u202egnp.exe",
    "\u2066x\u2069",
    "a\u200bb",
    "\ufeff",
    "\ud800",
    "\udc80",
    "a\nb\r\nc",
    "\0",
    "<script>",
    "{{ 1 + 1 }}",
    "__defaultVhost__",
    "../..",
    "[::::]",
    "rtmp://[::::]/live",
    "http://[",
    "rtmp://h:99999999999/x",
    "//",
    "/",
    "?",
    "\\x1b",
    "\u2028",
    "\x9b31m",
    "'\"&<>",
    "%00",
    "%",
    "rtmp://user:secret@h/live",
]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**400,
    -(10**400),
    0.5,
    1e308,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
    [],
    {},
    [[]],
    {"": {}},
    [None],
    [17],
    {"id": 1},
    "ten",
    "17",
]
HEADS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200\r\n",
    b"HTTP/1.1 \xb2\xb9\xb3 OK\r\n",
    b"HTTP/1.1 99999999 OK\r\n",
    b"HTTP/0.9 200 OK\r\n",
    b"ICY 200\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"HTTP/1.1 204 None\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"HTTP/1.1 429 Many\r\n",
    b"HTTP/1.1 500 Error\r\n",
    b"",
]
FIELDS = [
    b"Content-Length: %d\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: \xb2\r\n",
    b"Content-Length: 1e3\r\n",
    b"Content-Length: " + b"9" * 5000 + b"\r\n",
    b"Content-Length: 99999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Retry-After: nan\r\n",
    b"Retry-After: " + b"9" * 5000 + b"\r\n",
    b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n",
    b"X: \x1b[31m\r\n",
    b":\r\n",
    b"X" * 9000 + b"\r\n",
]
BODIES = [
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'{"code":0,"data":' + b"[" * 900 + b"]" * 900 + b"}",
    b"\xff\xfe\0",
    b"null",
    b"0",
    b'""',
    b"{",
    b"}{",
    b'{"code":0}',
    b'{"code":' + b"9" * 5000 + b"}",
    b'{"code":0,"clients":[' + b"{}," * 100_000 + b"{}]}",
    b'{"code":0,"clients":"' + b"\x1b" * 99 + b'"}',
]
CHUNKS = [
    b"5\r\nhello\r\n",
    b"-5\r\n",
    b"0x5\r\nhello\r\n",
    b"5_0\r\n",
    b"f" * 40 + b"\r\n",
    b"0\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"\r\n",
    b"x" * 2000,
]
FAULTS = [
    "hang",
    "drip",
    "reset",
    "close",
    "half",
    "half_json",
    "html",
    "nested",
    "rows",
    "empty",
    "garbage",
    "100",
    "100s",
    "head",
    "code",
    "401",
    "404",
]


def value(dice: random.Random) -> Any:
    kind = dice.randrange(4)
    if kind == 0:
        return dice.choice(NAMES)
    if kind == 1:
        return {dice.choice(NAMES)[:99]: value(dice) for _entry in range(dice.randrange(3))}
    if kind == 2:
        return [value(dice) for _item in range(dice.randrange(3))]
    return copy.deepcopy(dice.choice(VALUES))


def mutated(dice: random.Random, data: Any, times: int = 1) -> Any:
    """JSON with something else in some of its places."""
    data = copy.deepcopy(data)
    for _time in range(times):
        at, way = data, []
        while isinstance(at, (dict, list)) and at and (not way or dice.random() < 0.9):
            key: Any = dice.choice(list(at)) if isinstance(at, dict) else dice.randrange(len(at))
            way.append((at, key))
            at = at[key]
        if not way:
            return value(dice)
        parent, key = way[-1]
        act = dice.randrange(5)
        if act == 0:
            del parent[key]
        elif act == 1 and isinstance(parent, list):
            parent += [copy.deepcopy(parent[key])] * dice.choice([1, 2, 30])
        elif act == 2 and isinstance(parent[key], str):
            parent[key] = dice.choice(NAMES)
        else:
            parent[key] = value(dice)
    return data


def as_srs_writes(data: Any) -> bytes:
    """JSON that leaves what it should escape."""
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("\\u001b", "\x1b").replace("\\u0000", "\0").encode("utf-8", "surrogatepass")


@dataclass
class Hostile(Srs):
    """Says something else each time."""

    dice: random.Random = field(default_factory=random.Random)

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
        status, body = super().answer(method, target, headers)
        said = mutated(self.dice, json.loads(body), self.dice.choice([1, 1, 3, 20])) if body else None
        if self.dice.random() < 0.9:
            said = {**said, "code": 0} if isinstance(said, dict) else said
        dumped = json.dumps(said).encode() if self.dice.random() < 0.5 else as_srs_writes(said)
        return (status if self.dice.random() < 0.9 else self.dice.choice([200, 429, 500, 302])), dumped

    def raw(self) -> bytes:
        """A whole answer, of pieces that don't go together."""
        dice = self.dice
        body = dice.choice([*BODIES, dice.randbytes(dice.choice([1, 100, 5000])), b"".join(dice.choices(CHUNKS, k=dice.randrange(1, 5)))])
        lines = b"".join(dice.choices(FIELDS, k=dice.randrange(3)))
        head = dice.choice(HEADS) + (lines.replace(b"%d", b"%d" % len(body)))
        return dice.choice([head + b"\r\n" + body, head + b"\r\n" + body, head, body, (head + b"\r\n") * 50, body + head])


def hostile(dice: random.Random, name: str) -> Hostile:
    """A server that was recorded under this name, gone bad."""
    server = Hostile.recorded(name, dice=dice)
    kind = dice.randrange(4)
    if kind == 0:
        server.fault = dice.choice(FAULTS)
        server.fault_at = dice.choice(["", "summaries", "vhosts", "streams", "clients"])
    elif kind == 1:
        server.fault = dice.choice(["raw", "raw and on"])
    return server

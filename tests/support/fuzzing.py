# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that reads what others wrote, as functions of bytes: with something to begin from, and with the errors that it may raise.

Used by ``tests/unit/fuzz`` and ``tests/tools/fuzz.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import holds, membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import kubeconfig
from ansible_collections.livestream.srs.plugins.module_utils._labels import CHANGE_CAUSE, CONFIG_KEYS, HOLD, RELOAD
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.from_service import slb_of
from ansible_collections.livestream.srs.plugins.module_utils._media import aac, amf, bits, flv, hls, http, mpegts, rtmp, units, websocket
from ansible_collections.livestream.srs.plugins.module_utils._media.packet import Packet
from ansible_collections.livestream.srs.plugins.module_utils._media.record import Record
from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._network.no_answer import NoAnswer
from ansible_collections.livestream.srs.plugins.module_utils._observed import answers, report, server_config, server_log, streams
from ansible_collections.livestream.srs.plugins.module_utils._rollout import change_cause, reloads, revisions, rollouts
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import read_all, read_json
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import params_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.plugins.module_utils._text import printable
from ansible_collections.livestream.srs.tests.support import made_media
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork, Scripted
from ansible_collections.livestream.srs.tests.support.hostile import BODIES, CHUNKS, FIELDS, HEADS, NAMES

FIXTURES = Path(__file__).parents[1] / "unit" / "fixtures"
EXAMPLES = int(os.environ.get("SRS_FUZZ", "300"))
SEED = int(os.environ.get("SRS_SEED", "1"))


@dataclass(frozen=True)
class Target:
    """A reader; ``seeds`` are good input, or nearly so."""

    read: Callable[[bytes], Any]
    seeds: tuple[bytes, ...] = ()
    raises: tuple[type[Exception], ...] = ()
    pieces: tuple[bytes, ...] = field(default=())
    """What input is put together from."""


def in_pieces(data: bytes) -> Iterator[bytes]:
    """As a network delivers it: by the data itself, so that a case can be repeated."""
    dice = random.Random(data)
    at = 0
    while at < len(data):
        size = dice.choice([1, 2, 7, 100, 4096])
        yield data[at : at + size]
        at += size


def _http(data: bytes) -> None:
    head, _empty, rest = data.partition(b"\r\n\r\n")
    body = http.Body(http.head(head + b"\r\n\r\n"))
    got = 0
    for piece in in_pieces(rest):
        got += len(body.feed(piece))
    assert got <= len(rest)


def _rtmp(data: bytes) -> None:
    chunks, record = rtmp.ChunkReader(), Record()
    for piece in in_pieces(data):
        for message in chunks.feed(piece):
            if message.kind == rtmp.COMMAND:
                amf.decode(message.body)
            elif message.kind == flv.SCRIPT:
                record.metadata = flv.metadata(message.body)
            elif message.kind in (rtmp.AUDIO, rtmp.VIDEO) and (packet := flv.tag(message.kind, message.ms, message.body)):
                _saw(record, [packet])
        assert chunks.waiting <= len(data)
    _told(record)


def _flv(data: bytes) -> None:
    reader, record = flv.FlvReader(), Record()
    for piece in in_pieces(data):
        _saw(record, reader.feed(piece))
        record.metadata = reader.metadata
        assert reader.waiting <= len(data)
    _told(record)


def _mpegts(data: bytes) -> None:
    reader, record = mpegts.TsReader(), Record()
    _saw(record, reader.feed(data[: len(data) // mpegts.PACKET * mpegts.PACKET] or data))
    _told(record)


def _saw(record: Record, packets: Iterable[Packet]) -> None:
    for packet in packets:
        record.packet(packet, 1.0)
        assert isinstance(record.lacks, str)


def _told(record: Record) -> None:
    told = record.result()
    assert printable(json.dumps(told, allow_nan=False, ensure_ascii=False))


def _units(data: bytes) -> None:
    codec = "hevc" if data[:1] > b"\x7f" else "h264"
    sets = units.ParameterSets(codec)
    for found in (lambda: units.Record(codec, data[1:]).units, lambda: list(units.separated(data)), lambda: units.prefixed(data, 4)):
        try:
            sets.learn(found())
            for number in sets.slices(found()):
                sets.lacks(number)
            sets.has_idr(found())
        except units.Broken:
            pass


def _hls(data: bytes) -> None:
    playlist = hls.parse(data.decode(errors="replace"), "http://srs.example/live/a.m3u8")
    json.dumps([playlist.sequence, playlist.target, playlist.dated, *playlist.seconds], allow_nan=False)


def _websocket(data: bytes) -> None:
    reader, size = websocket.FrameReader(), 0
    for piece in in_pieces(data):
        size += sum(len(payload) for _opcode, payload in reader.feed(piece))
    assert size <= len(data)


def _served(data: bytes) -> None:
    """The HTTP API, as the whole of a connection."""
    with FakeNetwork() as network:
        port = network.listen(lambda: Scripted(lambda _request: in_pieces(data)))
        answer = asyncio.run(read_all([Endpoint("bad", Address("127.0.0.1", port))], 3.0, ("summaries", "clients")))["bad"]
    assert answer.error is None or isinstance(answer.error, NoAnswer)
    assert network.now <= 3.1


def _answers(data: bytes) -> None:
    """What stands in answers, all the way to the page."""
    said = read_json(data)
    raw = said if isinstance(said, dict) else {"clients": said}
    server = streams.Server("edge-0", "edge", "edge", "10.0.0.1", "ready", True, 100, {str(key): value for key, value in raw.items()})
    other = streams.Server("origin-0", "origin", "origin", "10.0.0.2", "ready", True, 100, _RECORDED)
    found: dict[str, Any] = {
        "namespace": "a", "topology": "srs", "time": "", "origins": {}, "hls": {}, "edges": {}, "services": [], "urls": [], "configs": {},
        "servers": [streams.server_row(one) for one in (server, other)],
        "streams": streams.build([server, other], streams.Inside(frozenset({"srs-origin"}), frozenset({"10.0.0.9"}))),
        "verdicts": dict.fromkeys(report.VERDICTS), "problems": [],
    }  # fmt: skip
    streams.clients([server, other])
    json.loads(report.data([("host", found)]), parse_constant=_refuse)  # type: ignore[list-item]
    page = report.page([("host", found)])  # type: ignore[list-item]
    assert printable(page.replace("\n", "")) == page.replace("\n", "")
    assert answers.read(answers.read(raw)) == answers.read(raw)


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def _kubeconfig(data: bytes) -> None:
    text = data.decode(errors="replace") + "\n"
    # What would run a program is left out.
    with mock.patch.object(kubeconfig, "_obtain"):
        connection = kubeconfig.load({"kubeconfig": text}, {})
    assert isinstance(connection.host, str)


def _srs_conf(data: bytes) -> None:
    text = data.decode(errors="replace")
    for version in (3, 6, 7):
        server_config.of_config_map({"data": {"srs.conf": text}})
        tree = parse(text, version)
        assert parse(render(tree), version) == parse(render(parse(render(tree), version)), version)


def _params(data: bytes) -> None:
    for role in ("edge", "origin"):
        params_of(data.decode(errors="replace"), role=role)


def _annotations(data: bytes) -> None:
    text = data.decode(errors="replace")
    notes = dict.fromkeys(_NOTES, text)
    item = {"metadata": {"name": "a", "annotations": notes, "labels": {membership.ID: text}}, "data": {"srs.conf": ""}}
    membership.recorded_scope(item, "a")
    membership.is_record_of(item, "a", "a")
    revisions.config_keys(item)
    holds.hold(item)
    change_cause.cause_of(item)
    rollouts._revision(item)
    rollouts._earlier(item)
    pod = {**item, "metadata": {**item["metadata"], "creationTimestamp": "", "labels": {"app": "a"}}, "status": {"phase": "Running"}}
    pod["spec"] = {"volumes": [{"configMap": {"items": [{"path": "srs.conf", "key": "k"}]}}]}
    reloads.due([pod], [{"app": "a", "key": "k", "config_map": "m", "checksum": text[:12], "name": "a"}], {})
    server_log.reasons(text)
    words = (text.split("\n") * 40)[:40]
    keys = [key for key in _LOAD_BALANCER if key]
    slb_of({"type": "LoadBalancer", "ports": [{"port": 1935}]}, dict(zip(keys, words, strict=False)))


_NOTES = (
    CHANGE_CAUSE,
    CONFIG_KEYS,
    HOLD,
    RELOAD,
    membership.GROUP_KINDS,
    membership.NAMESPACES,
    membership.TOOLING,
    rollouts.REVISION,
    rollouts.EARLIER_REVISIONS,
)
_LOAD_BALANCER = (
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-bandwidth",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-spec",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-established-timeout",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id",
    "service.beta.kubernetes.io/aws-load-balancer-attributes",
    "service.beta.kubernetes.io/aws-load-balancer-type",
    "service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout",
    "metallb.universe.tf/loadBalancerIPs",
)


def _recorded(name: str) -> dict[str, Any]:
    keys = {"summaries": "data", "vhosts": "vhosts", "streams": "streams", "clients": "clients"}
    return {what: json.loads((FIXTURES / "srs-api" / name / f"{what}.json").read_text())[key] for what, key in keys.items()}


def _media(name: str) -> bytes:
    return (FIXTURES / "media" / name).read_bytes()


_RECORDED = _recorded("origin-0")
_FLV = _media("srs-6.http").partition(b"\r\n\r\n")[2]
_CONF = b"listen 1935;\nhttp_api { enabled on; listen 1985; }\nvhost __defaultVhost__ { cluster { mode remote; origin a:1935 b; } }\n"
_KUBECONFIG = json.dumps(
    {
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "c", "cluster": {"server": "https://a:6443", "certificate-authority-data": "UEVN"}}],
        "users": [{"name": "u", "user": {"token": "t", "username": "u", "password": "p", "as": "x", "as-groups": ["y"], "exec": {}}}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    },
    indent=1,
).encode()  # fmt: skip
_SAID = tuple(json.dumps(_recorded(name)).encode() for name in ("edge-0", "srs-3-edge", "srs-5-edge-0"))
_ODD = b'{"clients": %s}' % json.dumps(read_json((FIXTURES / "odd-clients" / "clients.bin").read_bytes())["clients"]).encode()
_WORDS = tuple(name[:200].encode("utf-8", "replace") for name in NAMES)
_JSON = (
    *(json.dumps(name[:200]).encode() for name in NAMES),
    b"null",
    b"[]",
    b"{}",
    b"1e999",
    b"NaN",
    b"-1",
    b"9" * 30,
    b"0.5",
    b"[[[{}]]]",
    b"true",
)
_UNITS = b"".join(b"\0\0\1" + unit for unit in (made_media.sps(), made_media.pps(), made_media.idr(), made_media.inter()))
_YAML = (
    b"&a ",
    b"*a",
    b": ",
    b"- ",
    b"\n",
    b"[",
    b"{",
    b"2001-99-99",
    b"!!python/object:os.system",
    b"0o",
    b"null",
    b"exec: ",
    b"\t",
    b"'",
    b'"',
)
_TOKENS = (
    b";",
    b"{",
    b"}",
    b"\n",
    b" ",
    b'"',
    b"'",
    b"#",
    b"vhost ",
    b"listen ",
    b"include ",
    b"http_hooks ",
    b"hls ",
    b"on",
    b"\xef\xbc\x9b",
    b"\\",
    b"$",
)

TARGETS: dict[str, Target] = {
    "http": Target(
        _http,
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
        (http.NotHttp,),
        (*HEADS, *FIELDS[:5], *CHUNKS),
    ),
    "http_api": Target(
        _served, tuple(b"HTTP/1.1 200 OK\r\n\r\n" + body[:2000] for body in BODIES), (), (*HEADS, *FIELDS, *CHUNKS, b"\r\n")
    ),
    "answers": Target(_answers, (*_SAID, _ODD), (), _JSON),
    "rtmp": Target(_rtmp, (_media("srs-6.rtmp"), rtmp.command("onStatus", 0, None, {"code": "x"})), (rtmp.NotRtmp, amf.NotAmf)),
    "amf": Target(
        amf.decode, (b"".join(amf.encode(value) for value in ("onMetaData", 1.5, True, None, {"a": {"b": "c"}})),), (amf.NotAmf,)
    ),
    "flv": Target(_flv, (_FLV, _FLV[:500]), (flv.NotFlv,)),
    "hls": Target(
        _hls,
        (_media("srs-6.m3u8"),),
        (hls.NotHls,),
        (b"#EXTM3U\n", b"#EXTINF:", b"1e999", b"#EXT-X-STREAM-INF:\n", b"http://[", b"\n", b"nan"),
    ),
    "mpegts": Target(_mpegts, (_media("srs-6.ts"), _media("srs-6.ts")[:940]), (mpegts.NotTs,)),
    "aac": Target(lambda data: (aac.is_config(data), aac.has_adts(data)), (b"\x12\x10", b"\xff\xf1\x50\x80\x01\x1f\xfc" + b"\0" * 20), ()),
    "units": Target(_units, (b"\0" + _UNITS, b"\x80" + _UNITS)),
    "bits": Target(lambda data: [bits.Bits(data).golomb()], (b"\x01",), (bits.Short,)),
    "websocket": Target(_websocket, (b"\x82\x05hello\x89\0", b"\x02\x7e\x01\x00" + b"x" * 256 + b"\x80\x00"), (websocket.NotWebSocket,)),
    "kubeconfig": Target(_kubeconfig, (_KUBECONFIG,), (SrsError,), (*_YAML, *_WORDS)),
    "srs_conf": Target(_srs_conf, (_CONF,), (SrsError,), (*_TOKENS, *_WORDS)),
    "params": Target(_params, (_CONF,), (SrsError,), (*_TOKENS, *_WORDS)),
    "annotations": Target(
        _annotations, (b"a,b", b"abcdef012345 after x", b"livestream.srs/v1", b"17", b"\xc2\xb2"), (), (b",", b" ", b"=", *_WORDS)
    ),
}


def run(name: str, data: bytes) -> None:
    """Give a reader its input; raises what it must not raise."""
    target = TARGETS[name]
    with contextlib.suppress(*target.raises):
        target.read(data)


@st.composite
def inputs(draw: st.DrawFn, target: Target) -> bytes:
    """Anything; or good input with a few changes; or pieces of it."""
    kind = draw(st.integers(0, 3))
    if kind == 0 or not (target.seeds or target.pieces):
        return draw(st.binary(max_size=400))
    if kind == 1 and target.pieces:
        return b"".join(draw(st.lists(st.sampled_from(target.pieces) | st.binary(max_size=8), max_size=30)))
    data = bytearray(draw(st.sampled_from(target.seeds)))
    for _change in range(draw(st.integers(1, 8))):
        at, act = draw(st.integers(0, len(data))), draw(st.integers(0, 4))
        new = draw((st.sampled_from(target.pieces) | st.binary(max_size=4)) if target.pieces else st.binary(max_size=4))
        size = draw(st.integers(0, 12))
        if act == 0:
            data[at : at + len(new)] = new
        elif act == 1:
            data[at:at] = new
        elif act == 2:
            del data[at : at + size]
        elif act == 3:
            data[at:at] = data[max(0, at - 8 * size) : at]
        elif draw(st.booleans()):
            del data[at:]
    return bytes(data)


def fuzz(name: str) -> None:
    """Give a reader made-up input: the same in each run, unless more or others are asked for (docs/testing.md#fuzzing)."""

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs(TARGETS[name]))
    def check(data: bytes) -> None:
        run(name, data)

    for data in TARGETS[name].seeds:
        run(name, data)
    check()

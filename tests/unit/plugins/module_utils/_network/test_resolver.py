# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are looked up beside everything else."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._network.resolver import Resolver
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import read_all
from ansible_collections.livestream.srs.tests.support.fake_network import FakeNetwork
from ansible_collections.livestream.srs.tests.support.srs_server import Srs


def test_each_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getaddrinfo(host: str, *_args: Any, **_more: Any) -> list[Any]:
        asked.append(host)
        if host == "nobody":
            raise socket.gaierror(-2, "Name or service not known")
        return [(2, 1, 6, "", ("10.0.0.1", 0)), (2, 1, 6, "", ("10.0.0.1", 0)), (10, 1, 6, "", ("fd00::1", 0, 0, 0))]

    async def look_up() -> list[list[str]]:
        resolver = Resolver()
        return await asyncio.gather(*(resolver.ips(host) for host in ("a", "a", "nobody", "10.0.0.9", "fd00::9")))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert asyncio.run(look_up()) == [["10.0.0.1", "fd00::1"], ["10.0.0.1", "fd00::1"], [], ["10.0.0.9"], ["fd00::9"]]
    assert sorted(asked) == ["a", "nobody"]


def test_a_name_that_is_not_known() -> None:
    error = asyncio.run(read_all([Endpoint("lost", Address("a" * 70, 1985))], 60.0))["lost"].error
    assert error is not None
    assert (error.kind, error.message) == ("dns_error", f"{'a' * 70} can't be resolved")


def test_a_resolver_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither another server nor the end of the program."""
    over = threading.Event()

    def getaddrinfo(*_args: Any, **_more: Any) -> list[Any]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        with FakeNetwork([srs := Srs.recorded("edge-0")]) as network:
            endpoints = [Endpoint("slow", Address("slow.test", 1985)), Endpoint("good", Address("127.0.0.1", srs.port))]
            answers = asyncio.run(read_all(endpoints, 5.0))
        assert network.now == 5.0
    finally:
        over.set()
    error = answers["slow"].error
    assert error is not None
    assert (error.kind, error.message) == ("timeout", "no answer in time, while looking up slow.test")
    assert answers["good"].error is None
    assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())

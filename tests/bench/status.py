# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to read many SRS servers: all at once, with some of them hanging, and one after the other. Prints JSON.

    python tests/bench/status.py [--servers 500] [--delay 0.02] [--hanging 50] [--limit 5] [--rounds 3]

The servers run on loopback in a process of their own, each answering after the delay.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._network.address import Address
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.endpoints import Endpoint
from ansible_collections.livestream.srs.plugins.module_utils._srs_api.http_api import PATHS, read_all
from ansible_collections.livestream.srs.tests.support.srs_server import Running, Srs


def serve(pipe: Any, count: int, hanging: int, delay: float) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    servers = [Srs.recorded("edge-2", delay=delay, fault="hang" if number < hanging else "") for number in range(count)]
    with Running(servers):
        pipe.send([srs.port for srs in servers])
        pipe.recv()


def measure(ports: list[int], limit: float) -> dict[str, Any]:
    endpoints = [Endpoint(str(port), Address("127.0.0.1", port)) for port in ports]
    started, cpu = time.perf_counter(), time.process_time()
    answers = asyncio.run(read_all(endpoints, limit))
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "answered": sum(answer.error is None for answer in answers.values()),
    }


def one_after_the_other(ports: list[int]) -> float:
    started = time.perf_counter()
    for port in ports:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for path, _key, _kind in PATHS.values():
            connection.request("GET", path + "?count=100000")
            json.loads(connection.getresponse().read())
        connection.close()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", type=int, default=500)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--hanging", type=int, default=50)
    parser.add_argument("--limit", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    result: dict[str, Any] = vars(given).copy()
    for name, hanging in (("all_at_once", 0), ("with_hanging", given.hanging)):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=serve, args=(theirs, given.servers, hanging, given.delay), daemon=True)
        process.start()
        ports = ours.recv()
        rounds = [measure(ports, given.limit) for _round in range(given.rounds)]
        result[name] = {"median_seconds": statistics.median(r["seconds"] for r in rounds), "rounds": rounds}
        if not hanging:
            few = ports[: max(1, len(ports) // 25)]
            result["one_after_the_other_seconds"] = round(one_after_the_other(few) / len(few) * len(ports), 1)
        ours.send("end")
        process.join(10)
    result["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

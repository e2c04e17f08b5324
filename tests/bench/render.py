# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to check and render many configurations, and in how much memory. Prints JSON.

python tests/bench/render.py [--configs 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.manifest import render_all


def config(number: int) -> dict[str, Any]:
    """An edge as a user would tune it; every one is different."""
    return {
        "name": f"srs-edge-{number}-config",
        "labels": {"app.kubernetes.io/instance": f"edge-{number}"},
        "srs_version": 5 + number % 3,
        "origin": ["srs-internal-origin-service", f"origin-{number}.example.com:19350"],
        "listen": [1935, 19350],
        "max_connections": 1000 + number,
        "http_api": {"auth": {"enabled": True, "username": "me", "password_secret": {"name": "srs-api", "key": "password"}}},
        "exporter": {"enabled": True},
        "grace_start_wait": 2300,
        "grace_final_wait": 3200,
        "force_grace_quit": True,
        "play": {"gop_cache": False, "queue_length": 10, "mw_latency": 100},
        "vhosts": [{"name": "__defaultVhost__"}, {"name": "a.example.com", "play": {"mw_latency": 350}}],
        "extra": "vhost __defaultVhost__ { refer { enabled on; play example.com; } }",
        "nofile": 65536,
        "container_ports": [1935, 19350, 1985, 8080, 9972],
        "service_ports": [1935, 8080],
        "termination_grace_period_seconds": 620,
        "pre_stop_seconds": 10,
        "drain_seconds": 600,
        "env": ["SRS_SERVER_ID"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    seconds = []
    for _round in range(args.rounds):
        configs = [config(number) for number in range(args.configs)]
        started = time.process_time()
        rendered = render_all("edge", configs, "srs")
        seconds.append(round(time.process_time() - started, 3))
    assert len(rendered.objects) == args.configs and not rendered.warnings
    print(
        json.dumps(
            {
                "configs": args.configs,
                "cpu_seconds": min(seconds),
                "cpu_seconds_of_rounds": seconds,
                "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "bytes_of_text": sum(len(item["text"]) for item in rendered.configs),
            }
        )
    )


if __name__ == "__main__":
    main()

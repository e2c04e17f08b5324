# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a run takes that changes nothing, beside other ways to apply the same objects: `make bench`.

All on one local cluster with simulated nodes, in rounds that take each way in turn, so that a busy spell of the machine hits
all alike. Prints a table and writes it with all single figures to build/bench.json.

python tests/bench/run.py [--rounds 7] [--edges 1]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes import client, config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from places import BUILD, CACHE, ROOT

CLUSTER = "bench"
CLUSTER_TOOL = [sys.executable, str(ROOT / "tests/cluster")]
WORK = BUILD / "bench"
NAMESPACE = "srs"
COMPARED = "ansible==12.3.0"
"""The package that brings kubernetes.core, for the comparison only."""
MEASURE = """\
import json, resource, subprocess, sys, time
started = time.perf_counter()
status = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"status": status.returncode, "output": status.stdout, "seconds": seconds, "mebibytes": peak}))
"""


@dataclass
class Way:
    """One way to apply the objects, and what was measured of it."""

    name: str
    command: Sequence[str | Path]
    unchanged: str
    """What a run that changed nothing prints."""
    seconds: list[float] = field(default_factory=list)
    mebibytes: list[float] = field(default_factory=list)

    def run(self, environ: Mapping[str, str], count: bool) -> None:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *map(str, self.command)],
            cwd=ROOT,
            env=dict(environ),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = json.loads(done.stdout)
        if told["status"] or (count and not re.search(self.unchanged, told["output"])):
            raise SystemExit(f"{self.name} failed, or changed something:\n{told['output']}")
        if count:
            self.seconds.append(told["seconds"])
            self.mebibytes.append(told["mebibytes"])


def cluster() -> dict[str, str]:
    """Have a cluster of its own; the environment that leads to it."""
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    subprocess.run([*CLUSTER_TOOL, "up", "--name", CLUSTER], env=environ, check=True)
    told = subprocess.run([*CLUSTER_TOOL, "env", "--name", CLUSTER], env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    settings = dict(re.findall(r"^export (\w+)=(\S+)$", told, re.MULTILINE))
    return {**environ, "KUBECONFIG": settings["KUBECONFIG"], "PATH": os.path.expandvars(settings["PATH"].replace('"', ""))}


def other_ansible() -> Path:
    """An environment with kubernetes.core, made once."""
    path = CACHE / "venv" / f"bench-{COMPARED}"
    if not (path / "complete").exists():
        say(f"Making an environment with {COMPARED} in {path} (once; about a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", path], check=True)
        pins = ["-c", str(ROOT / "tests/constraints.txt")]
        install = [path / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", COMPARED, "kubernetes", *pins]
        subprocess.run(install, check=True)
        (path / "complete").touch()
    return path


def manifests(kubeconfig: str) -> list[dict[str, Any]]:
    """The objects of the topology as they are, without what the server adds: what the other ways apply."""
    found = []
    with config.new_client_from_config(kubeconfig) as api:
        apps, core, policy, network = client.AppsV1Api(api), client.CoreV1Api(api), client.PolicyV1Api(api), client.NetworkingV1Api(api)
        for version, kind, listing in (
            ("v1", "ConfigMap", core.list_namespaced_config_map),
            ("v1", "Service", core.list_namespaced_service),
            ("apps/v1", "Deployment", apps.list_namespaced_deployment),
            ("policy/v1", "PodDisruptionBudget", policy.list_namespaced_pod_disruption_budget),
            ("networking.k8s.io/v1", "NetworkPolicy", network.list_namespaced_network_policy),
        ):
            for item in api.sanitize_for_serialization(listing(NAMESPACE, label_selector="applyset.kubernetes.io/part-of").items):
                metadata = {
                    name: item["metadata"][name] for name in ("name", "namespace", "labels", "annotations") if name in item["metadata"]
                }
                metadata.get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
                rest = {name: value for name, value in item.items() if name in ("data", "spec")}
                found.append({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})
    return found


def ways(objects: Path, edges: Path, compared: Path) -> list[Way]:
    play = WORK / "kubernetes_core.yml"
    task = {"name": "Apply", "kubernetes.core.k8s": {"apply": True, "src": str(objects)}}
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    ping = WORK / "ping.yml"
    ping.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Ping", "ansible.builtin.ping": {}}]}]))
    site = ["ansible-playbook", "playbooks/site.yml", "-i", "inventories/local", "-e", f"srs_namespace={NAMESPACE}", "-e", f"@{edges}"]
    return [
        Way("ansible-playbook, one ping task", ["ansible-playbook", ping], "changed=0 "),
        Way("ansible-playbook, site.yml", site, "changed=0 "),
        Way("kubectl apply", ["kubectl", "apply", "-f", objects], r"(?s)\A(?!.*(configured|created)).*unchanged"),
        Way("kubectl apply --server-side", ["kubectl", "apply", "--server-side", "--force-conflicts", "-f", objects], "serverside-applied"),
        Way("ansible-playbook, one kubernetes.core.k8s task", [compared / "bin/ansible-playbook", play], "changed=0 "),
    ]


def machine(environ: Mapping[str, str], compared: Path) -> dict[str, str]:
    def first_line(*command: str | Path) -> str:
        return subprocess.run(command, env=dict(environ), check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]

    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) // 2**20
    processor = cpu[1] if cpu else platform.machine()
    return {
        "machine": f"{os.cpu_count()} cores of {processor}, {memory} GiB, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "ansible": first_line("ansible", "--version"),
        "compared": f"{COMPARED}, {first_line(compared / 'bin/ansible', '--version')}",
        "kubectl": first_line("kubectl", "version", "--client"),
    }


def table(measured: Sequence[Way]) -> str:
    ping = statistics.median(measured[0].seconds)
    lines = ["| way | median s | from - to | times ping | largest process MiB |", "|---|---|---|---|---|"]
    for way in measured:
        median = statistics.median(way.seconds)
        spread = f"{min(way.seconds):.2f} - {max(way.seconds):.2f}"
        lines.append(f"| {way.name} | {median:.2f} | {spread} | {median / ping:.2f} | {max(way.mebibytes):.0f} |")
    return "\n".join(lines)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--edges", type=int, default=1, help="edge clusters, of one server each beyond the first (default: %(default)s)")
    given = parser.parse_args()

    WORK.mkdir(parents=True, exist_ok=True)
    compared = other_ansible()
    environ = cluster()
    try:
        edges = WORK / "edges.json"
        more = [{"name": f"edge-{number}", "replicas": 1} for number in range(2, given.edges + 1)]
        edges.write_text(json.dumps({"srs_edge_clusters": [{"name": "edge"}, *more]}))
        objects = WORK / "objects.json"
        candidates = ways(objects, edges, compared)
        candidates[1].run(environ, count=False)
        wanted = manifests(environ["KUBECONFIG"])
        objects.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": wanted}))
        say(f"{len(wanted)} objects, {given.rounds} rounds of {len(candidates)} ways")
        # Each way's first run takes over from the one before it; only what follows is without change.
        for way in candidates[2:] + candidates[:2]:
            way.run(environ, count=False)
        for number in range(given.rounds):
            started = time.monotonic()
            for way in candidates:
                way.run(environ, count=False)
                way.run(environ, count=True)
            say(f"round {number + 1}: {time.monotonic() - started:.0f} s")
    finally:
        subprocess.run([*CLUSTER_TOOL, "down", "--name", CLUSTER], env=environ, check=True)

    told = {**machine(environ, compared), "objects": len(wanted)}
    figures = [{"way": way.name, "seconds": way.seconds, "mebibytes": way.mebibytes} for way in candidates]
    (BUILD / "bench.json").write_text(json.dumps({**told, "measured": figures}, indent=2))
    say("\n".join(f"{name}: {value}" for name, value in told.items()))
    say(f"\n{table(candidates)}\n\nAll figures: build/bench.json")


if __name__ == "__main__":
    main()

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to build and to converge a topology, beside other ways to apply the same objects: `make bench`.

All on one local cluster with simulated nodes. Each round builds the topology in namespaces of its own and takes the ways in turn, in
another order each time, so that a busy spell of the machine hits all alike. A slow way that has had its seconds sits out what is left.
Writes build/bench.json after each size, docs/benchmarks.svg and the tables of docs/benchmarks.md at the end.

    python tests/bench/run.py [--sizes 1,10,50,200] [--rounds 5] [--budget 60] [--ways site,helm]

Each option is also an environment variable: BENCH_SIZES, BENCH_ROUNDS, BENCH_BUDGET, BENCH_WAYS.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client, config

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tools"), str(Path(__file__).resolve().parents[2] / ".collections")]

import figures
from places import BUILD, CACHE, ROOT

from ansible_collections.livestream.srs.tests.support import as_applied

CLUSTER = "bench"
CLUSTER_TOOL = [sys.executable, str(ROOT / "tests/cluster")]
WORK = BUILD / "bench"
COMPARED = "ansible==12.3.0"
"""The package that brings kubernetes.core, for the comparison only."""
LARGEST_LOOP = 10
"""More edge clusters than this are not applied in a loop: it takes 0.65 s an object."""
MEASURE = """\
import json, resource, subprocess, sys, time
started = time.perf_counter()
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"status": status.returncode, "output": status.stdout, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime,
                  "mebibytes": used.ru_maxrss / 1024}))
"""
NOT_COUNTED = ("", "leases", "events", "endpointslices", "endpoints", "nodes", "replicasets")
"""Resources that only the cluster's own controllers ask for while nothing changes."""

Objects = list[dict[str, Any]]


@dataclass(frozen=True)
class Way:
    """One way to apply the objects."""

    name: str
    command: Callable[[str, str], Sequence[str | Path]]
    """The command for a namespace and a case."""
    unchanged: str = "changed=0 "
    """What a run that changed nothing prints."""
    cases: Sequence[str] = figures.CASES
    largest: int = sys.maxsize
    every_round: bool = False
    """Whether it takes part in all rounds, whatever the budget: the goals are about it."""


def cluster() -> dict[str, str]:
    """Have a cluster of its own; the environment that leads to it."""
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    for verb in ("down", "up"):  # what an earlier run left must not count
        subprocess.run([*CLUSTER_TOOL, verb, "--name", CLUSTER], env=environ, check=True)
    helm = subprocess.run(
        [*CLUSTER_TOOL, "programs", "--only", "helm"], env=environ, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()[-1]
    told = subprocess.run([*CLUSTER_TOOL, "env", "--name", CLUSTER], env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    settings = dict(re.findall(r"^export (\w+)=(\S+)$", told, re.MULTILINE))
    path = os.path.expandvars(settings["PATH"].replace('"', ""))
    return {**environ, "KUBECONFIG": settings["KUBECONFIG"], "PATH": f"{path}:{Path(helm).parent}"}


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


def variables(edges: int, case: str) -> dict[str, Any]:
    """The topology for a case: no pods, and no load balancers, since what is measured is what applying costs."""
    clusters: Objects = [{"name": f"edge-{number}"} for number in range(1, edges + 1 + (case == "one cluster added"))]
    if case in ("one config changed", "one cluster added"):
        clusters[0]["config"] = {"play": {"queue_length": 7}}
    off = {"enabled": False}
    return {"srs_edge_clusters": clusters, "srs_edge_replicas": 0, "srs_edge_slb": off, "hls_nginx_slb": off}


def objects_of(kubeconfig: str, namespace: str) -> Objects:
    """What the others apply is what the roles applied."""
    with config.new_client_from_config(kubeconfig) as api:
        return list(as_applied.objects(api, namespace))


def write_inputs(environ: Mapping[str, str], edges: int) -> int:
    """What each way is given for each case; the number of objects without change."""
    namespace = f"inputs-{edges}"
    count = 0
    for case in figures.CASES[1:]:
        slug = case.replace(" ", "-")
        (WORK / f"{slug}.vars.json").write_text(json.dumps(variables(edges, case)))
        site = ["ansible-playbook", "playbooks/site.yml", "-i", "inventories/local", "-e", f"srs_namespace={namespace}"]
        done = subprocess.run(
            [*site, "-e", f"@{WORK}/{slug}.vars.json"],
            cwd=ROOT,
            check=False,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SystemExit(done.stdout)
        items = objects_of(environ["KUBECONFIG"], namespace)
        count = count or len(items)
        (WORK / f"{slug}.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        chart = WORK / f"{slug}.chart"
        (chart / "templates").mkdir(parents=True, exist_ok=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: srs\nversion: 1.0.0\n")
        (chart / "templates/objects.yaml").write_text("".join(f"---\n{json.dumps(item)}\n" for item in items))
        task = {"name": "Apply", "kubernetes.core.k8s": {"apply": True, "src": str(WORK / f"{slug}.json"), "namespace": "{{ namespace }}"}}
        every = copy.deepcopy(task)
        every["kubernetes.core.k8s"] = {"apply": True, "definition": "{{ item }}", "namespace": "{{ namespace }}"}
        every |= {
            "loop": f"{{{{ (lookup('ansible.builtin.file', '{WORK}/{slug}.json') | from_json)['items'] }}}}",
            "loop_control": {"label": "{{ item.metadata.name }}"},
        }
        for name, given in (("list", task), ("loop", every)):
            (WORK / f"{slug}.{name}.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [given]}]))
    return count


def ways(compared: Path) -> list[Way]:
    def given(case: str, kind: str) -> Path:
        return WORK / f"{('no change' if case == 'first build' else case).replace(' ', '-')}.{kind}"

    def site(namespace: str, case: str) -> Sequence[str | Path]:
        play = ["ansible-playbook", "playbooks/site.yml", "-i", "inventories/local"]
        return [*play, "-e", f"srs_namespace={namespace}", "-e", f"@{given(case, 'vars.json')}"]

    def core(kind: str) -> Callable[[str, str], Sequence[str | Path]]:
        return lambda namespace, case: [compared / "bin/ansible-playbook", given(case, f"{kind}.yml"), "-e", f"namespace={namespace}"]

    def floor(name: str, task: Mapping[str, Any]) -> Way:
        play = WORK / f"{name}.yml"
        play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [{"name": "Floor", **task}]}]))
        command: Sequence[str | Path] = ["ansible-playbook", "-i", "inventories/local", play]
        return Way(f"a play with one {name} task", lambda *_: command, cases=("no change",), every_round=True)

    apply = ["kubectl", "apply", "-f"]
    helm = ["helm", "upgrade", "--install", "srs"]
    return [
        Way(figures.OURS, site, every_round=True),
        # It says that it configured PodDisruptionBudgets every time.
        Way("kubectl apply", lambda namespace, case: [*apply, given(case, "json"), "-n", namespace], r"(?s)\A(?!.*created)"),
        Way(
            "kubectl apply --server-side",
            lambda namespace, case: [*apply, given(case, "json"), "-n", namespace, "--server-side"],
            "",
            every_round=True,
        ),
        Way("helm upgrade --install", lambda namespace, case: [*helm, given(case, "chart"), "-n", namespace], "", every_round=True),
        Way("kubernetes.core.k8s, one task", core("list")),
        Way(figures.LOOP, core("loop"), largest=LARGEST_LOOP),
        floor("ping", {"ansible.builtin.ping": {}}),
        floor("debug", {"ansible.builtin.debug": {"msg": "x"}}),
    ]


def requests(environ: Mapping[str, str]) -> float:
    """How many requests for objects the API server has had."""
    metrics = subprocess.run(
        ["kubectl", "get", "--raw", "/metrics"], env=dict(environ), check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    # Subresources, such as the status, are written by controllers.
    found = re.findall(r'^apiserver_request_total\{.*?\bresource="(\w*)".*subresource="".*\} (\S+)$', metrics, re.MULTILINE)
    return sum(float(count) for resource, count in found if resource not in NOT_COUNTED)


def run(way: Way, namespace: str, case: str, environ: Mapping[str, str]) -> dict[str, Any]:
    before = requests(environ) if case == "no change" else 0.0
    command = [sys.executable, "-c", MEASURE, *map(str, way.command(namespace, case))]
    done = subprocess.run(command, cwd=ROOT, env=dict(environ), check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    output = told.pop("output")
    if told.pop("status") or (case == "no change" and not re.search(way.unchanged, output)):
        raise SystemExit(f"{way.name}, {case}, failed or changed something:\n{output}")
    return {**told, "requests": requests(environ) - before if case == "no change" else None}


def measure(edges: int, candidates: Sequence[Way], environ: Mapping[str, str], rounds: int, budget: float) -> list[dict[str, Any]]:
    """The figures of all ways and cases with so many edge clusters."""
    taken: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)

    def may_go_on(way: Way) -> bool:
        return way.every_round or spent[way.name] < budget

    for number in range(rounds):
        started = time.monotonic()
        # Another order in each round; what a way is up to must not depend on who came before it.
        turn = number % len(candidates)
        order = [way for way in [*candidates[turn:], *candidates[:turn]] if edges <= way.largest and may_go_on(way)]
        namespaces = {way.name: f"bench-{edges}-{number}-{candidates.index(way)}" for way in order}
        with config.new_client_from_config(environ["KUBECONFIG"]) as api:
            for namespace in namespaces.values():
                client.CoreV1Api(api).create_namespace({"metadata": {"name": namespace}})
        for case in figures.CASES:
            for way in order:
                # The first build and the run without a change are measured once at least.
                if case in way.cases and (may_go_on(way) or (number == 0 and case in figures.CASES[:2])):
                    told = run(way, namespaces[way.name], case, environ)
                    spent[way.name] += told["seconds"]
                    taken[way.name, case].append(told)
        say(f"{edges} edge clusters, round {number + 1}: {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f}")
    return [{"edges": edges, "way": way, "case": case, "runs": runs} for (way, case), runs in taken.items()]


def others() -> dict[str, Any]:
    """What is measured without a cluster."""

    def told(*command: str) -> Any:
        done = subprocess.run([sys.executable, *command], cwd=ROOT / "tests/bench", check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    return {"render": told("render.py"), "status": told("status.py", "--servers", "500")}


def machine(environ: Mapping[str, str], compared: Path) -> dict[str, str]:
    def first_line(*command: str | Path) -> str:
        return subprocess.run(command, env=dict(environ), check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]

    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) // 2**20
    processor = cpu[1] if cpu else platform.machine()
    return {
        "machine": f"{os.cpu_count()} cores of {processor}, {memory} GiB, {platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "ansible": first_line("ansible", "--version"),
        "kubernetes.core": f"of {COMPARED}, {first_line(compared / 'bin/ansible', '--version')}",
        "kubectl": first_line("kubectl", "version", "--client"),
        "helm": first_line("helm", "version", "--short"),
    }


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, text in (
        ("sizes", "1,10,50,200", "numbers of edge clusters"),
        ("rounds", "5", "rounds at most"),
        ("budget", "60", "seconds that a slow way may take with one number of edge clusters before it sits out what is left"),
        ("ways", "", "parts of the names of the ways to take, else all of them"),
    ):
        parser.add_argument(f"--{name}", default=os.environ.get(f"BENCH_{name.upper()}") or default, help=f"{text} (default: %(default)s)")
    given = parser.parse_args()

    WORK.mkdir(parents=True, exist_ok=True)
    compared = other_ansible()
    environ = cluster()
    told: dict[str, Any] = {
        "others": others(),
        "machine": machine(environ, compared),
        "load": [os.getloadavg()[0]],
        "objects": {},
        "measured": [],
    }
    try:
        candidates = [way for way in ways(compared) if any(part in way.name for part in given.ways.split(","))]
        for size in map(int, given.sizes.split(",")):
            told["objects"][str(size)] = write_inputs(environ, size)
            told["measured"] += measure(size, candidates, environ, int(given.rounds), float(given.budget))
            told["load"].append(os.getloadavg()[0])
            (BUILD / "bench.json").write_text(json.dumps(told, indent=1))
    finally:
        subprocess.run([*CLUSTER_TOOL, "down", "--name", CLUSTER], env=environ, check=True)
    figures.write(told)
    say(figures.tables(told))


if __name__ == "__main__":
    main()

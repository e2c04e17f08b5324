# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All tests of the collection, counted together: `make test`.

The stages run in two lanes side by side: the first keeps a processor busy, the second mostly waits for a cluster. A stage
that fails stops no other. Each writes all it says to build/logs/STAGE.log; printed are only progress, failures and the count.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable

import sanity
from alone import alone
from places import BUILD, CACHE, ROOT, TEST_CLUSTER
from report import LOGS, Case, Console, Stage, junit, summary

CLUSTER_TOOL = [sys.executable, "tests/cluster"]
FIRST_BUILD_SECONDS = 3600


def lint(stage: Stage) -> None:
    checks: dict[str, list[str]] = {
        "yamllint": ["yamllint", "--strict", "."],
        "ruff check": ["ruff", "check", "--output-format", "concise", "."],
        "ruff format": ["ruff", "format", "--check", "--output-format", "concise", "."],
        "mypy": ["mypy"],
        "ansible-lint": ["ansible-lint", "--offline", "--profile", "production"],
        "changelog fragments": ["antsibull-changelog", "lint"],
        "the documentation of the status is up to date": [sys.executable, "tests/tools/status.py", "--check"],
        "docs/reference is up to date": [sys.executable, "tests/tools/docs.py", "--check"],
        "docs/load-balancers.md is up to date": [sys.executable, "tests/tools/load_balancers.py", "--check"],
        "docs/releases.md is up to date": [sys.executable, "tests/tools/releases.py", "--check"],
        "docs/srs-conf.md is up to date": [sys.executable, "tests/tools/srs_conf.py", "--check"],
    }
    for name, command in checks.items():
        start = stage.position()
        status = stage.run(command, seconds=300, env={"NO_COLOR": "1", "TERM": "dumb"})
        stage.add(Case(name, "failed" if status else "passed", stage.output(start) if status else ""))


def run_sanity(stage: Stage) -> None:
    copy = sanity.copy_of_checkout()
    home = CACHE / "ansible-test"
    sanity.prepare_home(home)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--python", python, "--junit", "--color", "no", "--truncate", "0"]
    status = stage.run(command, seconds=1500, env={"HOME": str(home)}, cwd=copy)
    stage.add_results("ansible-test sanity", status, junit(sorted((copy / "tests/output/junit").glob("*.xml"))))


def pytest(folder: str, seconds: int) -> Callable[[Stage], None]:
    def run(stage: Stage) -> None:
        report = BUILD / "junit" / f"{stage.name}.xml"
        report.unlink(missing_ok=True)
        status = stage.run([sys.executable, "-m", "pytest", folder, "--durations=10", f"--junitxml={report}"], seconds=seconds)
        stage.add_results("pytest", status, junit([report]) if report.exists() else [])

    return run


def molecule(scenario: str, seconds: int) -> Callable[[Stage], None]:
    def run(stage: Stage) -> None:
        state = BUILD / "molecule" / scenario
        shutil.rmtree(state, ignore_errors=True)
        environ = {"MOLECULE_EPHEMERAL_DIRECTORY": str(state), "NO_COLOR": "1"}
        start = stage.position()
        status = stage.run(["molecule", "test", "--scenario-name", scenario], seconds=seconds, env=environ)
        outcomes = {"Successful": "passed", "Failed": "failed"}
        executed = re.findall(r"\[\w+ > (\w+)\] Executing\n(.*?)\[\w+ > \1\] Executed: (\w+)", stage.output(start), re.DOTALL)
        cases = [Case(action, outcomes.get(state, "skipped"), said if state == "Failed" else state) for action, said, state in executed]
        stage.add_results(f"molecule {scenario}", status, cases)

    return run


def cluster_up(stage: Stage) -> None:
    start = stage.position()
    status = stage.run([*CLUSTER_TOOL, "up", "--name", TEST_CLUSTER], seconds=FIRST_BUILD_SECONDS)
    stage.add(Case("up", "failed" if status else "passed", stage.output(start) if status else ""))


def kubeconfig() -> str:
    """That of the cluster made here, or of the one that the user's KUBECONFIG names."""
    told = subprocess.run([*CLUSTER_TOOL, "kubeconfig", "--name", TEST_CLUSTER], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return told.stdout.strip()


def without_cluster(stage: Stage) -> None:
    stage.add(Case(stage.name, "failed", "there is no cluster to run it on, see the stage `cluster`"))


def cluster_down(stage: Stage) -> None:
    start = stage.position()
    status = stage.run([*CLUSTER_TOOL, "down", "--name", TEST_CLUSTER], seconds=120)
    stage.add(Case("down", "failed" if status else "passed", stage.output(start) if status else ""))


BUSY: dict[str, Callable[[Stage], None]] = {
    "lint": lint,
    "unit": pytest("tests/unit", 900),
    "differential": pytest("tests/differential", 900),
    "sanity": run_sanity,
}
ON_CLUSTER: dict[str, Callable[[Stage], None]] = {"integration": pytest("tests/integration", 2700), "molecule": molecule("default", 900)}
WHEN_ASKED: dict[str, Callable[[Stage], None]] = {"e2e": pytest("tests/e2e", 2 * FIRST_BUILD_SECONDS)}
"""This makes the cluster it needs, with a real node."""


class Run:
    """One run of the chosen stages."""

    def __init__(self, chosen: list[str]) -> None:
        self.console = Console()
        self.chosen = chosen
        self.stages: list[Stage] = []

    def do(self, stage: Stage, work: Callable[[Stage], None]) -> None:
        """Do the work of a stage; what goes wrong in doing it is a failure of the stage."""
        started = time.monotonic()
        try:
            work(stage)
        except Exception:
            stage.add(Case(stage.name, "failed", traceback.format_exc()))
        stage.seconds += time.monotonic() - started

    def stage(self, name: str, work: Callable[[Stage], None], env: dict[str, str] | None = None) -> Stage:
        stage = Stage(name, self.console, env or {})
        self.stages.append(stage)
        self.console.say(f"{name}: started")
        self.do(stage, work)
        counted = ", ".join(f"{number} {outcome}" for outcome, number in sorted(stage.count().items()))
        self.console.say(f"{name}: {counted or 'nothing'} in {stage.seconds:.0f} s")
        return stage

    def lane(self, works: dict[str, Callable[[Stage], None]], env: dict[str, str] | None = None) -> None:
        for name, work in works.items():
            if name in self.chosen:
                self.stage(name, work, env)

    def on_cluster(self) -> None:
        if not set(self.chosen) & set(ON_CLUSTER):
            return
        cluster = self.stage("cluster", cluster_up)
        if cluster.count()["failed"]:
            self.lane(dict.fromkeys(ON_CLUSTER, without_cluster))
        else:
            self.lane(ON_CLUSTER, {"KUBECONFIG": kubeconfig()})
        if not cluster.stopped:
            self.do(cluster, cluster_down)

    def all(self) -> int:
        lanes = [threading.Thread(target=lane) for lane in (lambda: self.lane(BUSY | WHEN_ASKED), self.on_cluster)]
        for lane in lanes:
            lane.start()
        try:
            for lane in lanes:
                while lane.is_alive():
                    lane.join(timeout=1)
        except KeyboardInterrupt:
            self.console.say("interrupted: ending what runs")
            self.chosen.clear()
            for stage in self.stages:
                stage.stopped = True
            for lane in lanes:
                lane.join()
            subprocess.run([*CLUSTER_TOOL, "down", "--name", TEST_CLUSTER], cwd=ROOT, check=False)
            return 130
        order = ["cluster", *BUSY, *ON_CLUSTER, *WHEN_ASKED]
        self.stages.sort(key=lambda stage: order.index(stage.name))
        sys.stdout.write(summary(self.stages) + "\n")
        return 1 if any(stage.count()["failed"] for stage in self.stages) else 0


def main() -> int:
    usual = [*BUSY, *ON_CLUSTER]
    names = [*usual, *WHEN_ASKED]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(usual), help=f"stages out of {','.join(names)} (default: %(default)s)")
    chosen = parser.parse_args().only.split(",")
    unknown = set(chosen) - set(names)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}; there are {', '.join(names)}")

    for folder in (LOGS, BUILD / "junit"):
        folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with alone(BUILD / "lock", "another test run is under way in this checkout: wait for its end, or run this in a clone"):
        return Run(chosen).all()


if __name__ == "__main__":
    sys.exit(main())

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a cluster, built from pinned Go modules into the cache, once per version."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .base import TOOL, ClusterError, cache, lock, say

MODULES = TOOL / "programs"


@dataclass(frozen=True)
class Program:
    name: str
    module: str
    """Folder under `programs/`, whose go.mod pins the version."""
    package: str
    seconds: int
    """A build with nothing cached, on two cores. Told to whoever waits for it."""


PROGRAMS = {
    program.name: program
    for program in (
        Program("pki", "pki", ".", 20),
        Program("etcd", "etcd", "go.etcd.io/etcd/server/v3", 55),
        Program("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", 240),
        Program("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", 60),
        Program("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", 10),
        Program("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", 25),
        Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 90),
        Program("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet", 25),
        Program("kube-proxy", "kubernetes", "k8s.io/kubernetes/cmd/kube-proxy", 15),
        Program("coredns", "coredns", "github.com/coredns/coredns", 120),
        Program("helm", "helm", "helm.sh/helm/v3/cmd/helm", 70),
    )
}
CONTROL_PLANE = ("pki", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
SIMULATED = (*CONTROL_PLANE, "kwok")
REAL = (*CONTROL_PLANE, "kubelet", "kube-proxy", "coredns")

FROM_KUBEBUILDER = ("etcd", "kube-apiserver", "kubectl")
"""What a folder in KUBEBUILDER_ASSETS holds by convention."""


def pinned_version(go_mod: str, package: str) -> str:
    """The version that a go.mod requires of the module which holds `package`."""
    required: dict[str, str] = dict(re.findall(r"^(?:require)?\s+(\S+) (v\S+)", go_mod, re.MULTILINE))
    holders = [module for module in required if package == module or package.startswith(module + "/")]
    if not holders:
        raise ClusterError(f"no module in go.mod holds the package {package}: add it with `go get -tool {package}`")
    return required[max(holders, key=len)].removeprefix("v")


def version(program: Program) -> str:
    folder = MODULES / program.module
    if program.package == ".":
        return hashlib.sha256((folder / "main.go").read_bytes()).hexdigest()[:8]
    return pinned_version((folder / "go.mod").read_text(), program.package)


def linker_flags(program: Program, version: str) -> str:
    """Smaller programs, and the version that Kubernetes' own report (the real release build sets it the same way)."""
    flags = ["-s", "-w"]
    if program.module == "kubernetes":
        major, minor = version.split(".")[:2]
        values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
        flags += [f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items()]
    return " ".join(flags)


def path(name: str) -> Path:
    """Where a program is, or will be once built."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in FROM_KUBEBUILDER and (Path(assets) / name).is_file():
        return Path(assets) / name
    return cache() / "programs" / f"{name}-{version(PROGRAMS[name])}" / name


def ensure(names: Iterable[str]) -> dict[str, Path]:
    """Build those programs that are missing, in the order given, and return where each is."""
    found = {name: path(name) for name in names}
    missing = [name for name, place in found.items() if not place.is_file()]
    if missing:
        total = sum(PROGRAMS[name].seconds for name in missing)
        say(f"building {len(missing)} programs, once: {', '.join(missing)} (up to {_minutes(total)} on 2 cores)")
    for number, name in enumerate(missing, 1):
        with lock(found[name].with_suffix(".lock"), f"waiting for another process that builds {name}"):
            if not found[name].is_file():
                _build(PROGRAMS[name], found[name], f"[{number}/{len(missing)}] {name} {version(PROGRAMS[name])}")
    return found


def _build(program: Program, target: Path, title: str) -> None:
    if not shutil.which("go"):
        raise ClusterError(
            f"{program.name} must be built and there is no `go` on PATH: install Go 1.21 or newer "
            "(it fetches the exact tool chain by itself), or set KUBECONFIG to use a cluster of your own"
        )
    # Only in the right place once whole: a build that is killed leaves no half program that later runs would trust.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder, tempfile.TemporaryFile("w+") as output:
        built = Path(folder) / program.name
        command = ["go", "build", "-C", str(MODULES / program.module), "-trimpath", "-buildvcs=false"]
        command += ["-ldflags", linker_flags(program, version(program)), "-o", str(built), program.package]
        environ = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        with subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
            seconds = _watch(process, f"{title}: building, up to {_minutes(program.seconds)}")
        if process.returncode:
            output.seek(0)
            last = "".join(output.readlines()[-12:])
            raise ClusterError(f"building {program.name} failed after {seconds} s (modules come through `go env GOPROXY`):\n{last}")
        built.rename(target)
    say(f"{title}: built in {seconds} s")


def _watch(process: subprocess.Popen[bytes], title: str) -> int:
    started = time.monotonic()
    ticking = sys.stderr.isatty()
    if not ticking:
        say(title)
    while True:
        seconds = int(time.monotonic() - started)
        if ticking:
            say(f"\r{title} ... {seconds} s ", end="")
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
        if ticking:
            say("\r\033[K", end="")
        return int(time.monotonic() - started)


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"

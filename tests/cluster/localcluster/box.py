# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The box of a real node: namespaces on this machine with a whole cluster in them.

It has a process table, mounts, a network and a firewall of its own, so nothing of all that can be left on the host: when the box's
first process ends, however it ends, the kernel ends every other one and takes the rest away. What the host keeps is one end of a
cable with its routes, while the box lives, and the control groups of the pods, which are removed here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import debian, host, processes
from .base import ClusterError
from .processes import Part

LINK = "srs0"
CABLE = "198.18.1.0/30"
HOST_END = "198.18.1.1"
ADDRESS = "198.18.1.2"
PODS = "198.18.0.0/24"
SERVICES = "198.19.0.0/16"
LOAD_BALANCERS = "198.18.2.0/24"
"""All of it out of the range that is set aside for benchmarks, so that it hides nobody's network."""

CONTROL_GROUP = "livestream-srs"
PACKAGES = ("containerd", "runc", "containernetworking-plugins", "nftables", "iproute2")
PROGRAMS = ("containerd", "runc", "nft", "ip")
NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")

INIT = """\
{
  mount -t tmpfs -o mode=755 node /run &&
  mkdir /run/kubelet && mount --bind "$1/kubelet" /run/kubelet &&
  ip link set lo up && echo 1 > /proc/sys/net/ipv4/ip_forward &&
  touch /run/ready && exec sleep infinity
} &
wait
"""
"""The first process of the box. It waits for its own children and for the orphans that it inherits."""


def tools() -> dict[str, str]:
    """The environment in which the node's programs are found."""
    if not debian.usable():
        return {"PATH": os.environ["PATH"]}
    tree = debian.tree("node", PACKAGES)
    folders = [str(tree / folder) for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]
    libraries = [str(path) for path in (*tree.glob("usr/lib/*-linux-gnu"), *tree.glob("lib/*-linux-gnu"))]
    return {"PATH": ":".join([*folders, os.environ["PATH"], "/usr/sbin", "/sbin"]), "LD_LIBRARY_PATH": ":".join(libraries)}


def plugins() -> Path:
    """The folder of the CNI plugins."""
    tree = debian.tree("node", PACKAGES) if debian.usable() else Path("/")
    places = [tree / "usr/lib/cni", tree / "opt/cni/bin"]
    return next((place for place in places if (place / "ptp").is_file()), places[0])


def obstacle() -> str | None:
    """Why no real node can be made here, and what would help."""
    if os.geteuid() != 0:
        return "a real node needs root: run it with `sudo -E`"
    if not debian.usable():
        missing = [program for program in PROGRAMS if not shutil.which(program)]
        missing += [] if (plugins() / "ptp").is_file() else ["the CNI plugins"]
        if missing:
            return f"a real node needs either Debian's packages (apt-get) or these installed: {', '.join(missing)}"
    trial = ["unshare", *NAMESPACES, "--fork", "--mount-proc", "true"]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True, check=False).returncode:
        return "a real node needs namespaces of its own (`unshare`), which this system does not allow: an unprivileged container?"
    return None


def overlapping(routes: Iterable[str]) -> list[str]:
    """Those of the host's routes that lead to addresses which a real node uses. The default route leads to all, and to none of them."""
    ours = [ipaddress.ip_network(text) for text in (PODS, SERVICES, LOAD_BALANCERS, CABLE)]
    networks = [ipaddress.ip_network(text) for text in routes if text != "default"]
    return [str(network) for network in networks if any(network.overlaps(our) for our in ours)]


class Box:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = folder / "host-before.json"

    def pid(self) -> int | None:
        """The first process of the box, if it is there."""
        found = (process for process in processes.running(self.folder) if process.part == "node" and process.command[:1] == ("/bin/sh",))
        return next((process.pid for process in found), None)

    def inside(self, path: str) -> Path:
        """A path of the box, as seen from the host."""
        return Path(f"/proc/{self.pid()}/root{path}")

    def enter(self) -> tuple[str, ...]:
        """What to put before a command that is to run in the box."""
        return ("nsenter", "--target", str(self.pid()), *NAMESPACES, "--")

    def part(self) -> Part:
        command = ("unshare", *NAMESPACES, "--fork", "--mount-proc", "--", "/bin/sh", "-c", INIT, "node", str(self.folder))
        return Part("node", command, ready=lambda: self.inside("/run/ready").exists(), environ=tools())

    def up(self) -> None:
        if not self.pid():
            self._check()
            if not self._before.is_file():
                host.save(self._before, host.snapshot(tools()))
            # Those of a box that was killed: their pods are gone.
            remove_control_groups()
        for folder in control_groups():
            folder.mkdir(exist_ok=True)
        (self.folder / "kubelet").mkdir(exist_ok=True)
        processes.bring_up(self.folder, self.part())
        self._connect()

    def _check(self) -> None:
        if (Path("/sys/class/net") / LINK).exists():
            raise ClusterError(f"the interface {LINK} exists already: another cluster with a real node is up, and there can be only one")
        routes = json.loads(_run("ip", "-json", "-4", "route", "show"))
        if taken := overlapping(route["dst"] for route in routes):
            raise ClusterError(f"a real node uses addresses to which this host has routes already: {', '.join(taken)}")

    def _connect(self) -> None:
        """Lay the cable between host and box."""
        enter = self.enter()
        if not (Path("/sys/class/net") / LINK).exists():
            _run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid()))
        _run("ip", "address", "replace", f"{HOST_END}/30", "dev", LINK)
        _run("ip", "link", "set", LINK, "up")
        _run(*enter, "ip", "address", "replace", f"{ADDRESS}/30", "dev", "eth0")
        _run(*enter, "ip", "link", "set", "eth0", "up")
        for network in (PODS, SERVICES, LOAD_BALANCERS):
            _run("ip", "route", "replace", network, "via", ADDRESS, "dev", LINK)

    def down(self) -> list[str]:
        """Take the box away; what is left of it on the host."""
        if (pid := self.pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes.stop(processes.running(self.folder), grace=1)
        # It goes with the box's network by itself, but not at once.
        if (Path("/sys/class/net") / LINK).exists():
            _run("ip", "link", "delete", LINK)
        left = remove_control_groups()
        before = host.load(self._before)
        if before is None:
            return left
        host.restore_kernel_settings(before)
        return host.left(before, host.snapshot(tools()))


def control_groups() -> Iterator[Path]:
    """The folders under which the pods' control groups lie: one for each hierarchy of version 1, or that of version 2."""
    top = host.CONTROL_GROUPS
    if (top / "cgroup.controllers").is_file():
        yield top / CONTROL_GROUP
        return
    for hierarchy in top.iterdir():
        if (hierarchy / "cgroup.procs").is_file() and not hierarchy.is_symlink():
            yield hierarchy / CONTROL_GROUP


def remove_control_groups() -> list[str]:
    """Remove them with all that is in them; those that could not be removed."""
    left = [folder for folder in control_groups() if folder.is_dir()]
    deadline = time.monotonic() + 10
    while left:
        for folder in left:
            for path, _folders, _files in os.walk(folder, topdown=False):
                # A process that was killed a moment ago may still be in it.
                with contextlib.suppress(OSError):
                    Path(path).rmdir()
        left = [folder for folder in left if folder.is_dir()]
        if time.monotonic() > deadline:
            break
        time.sleep(0.1 if left else 0)
    return [f"control group {folder}" for folder in left]


def _run(*command: str) -> str:
    result = subprocess.run(command, env={**os.environ, **tools()}, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {result.stderr.strip()}")
    return result.stdout

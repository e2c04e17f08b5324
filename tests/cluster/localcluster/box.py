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
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import debian, host, processes
from .base import ClusterError
from .processes import Part

SLOTS = 8
"""So many clusters with a real node can be on a machine at a time."""

PACKAGES = ("containerd", "runc", "containernetworking-plugins", "nftables", "iproute2")
PROGRAMS = ("containerd", "runc", "nft", "ip")
NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")

INIT = """\
{
  mount -t tmpfs -o mode=755 node /run &&
  mkdir /run/kubelet && mount --bind "$1/kubelet" /run/kubelet &&
  for setting in $2; do
    file=/run/settings/${setting%=*}
    mkdir -p "${file%/*}" && echo "${setting#*=}" > "$file" && mount --bind "$file" "/proc/sys/${setting%=*}" || exit
  done &&
  ip link set lo up && echo 1 > /proc/sys/net/ipv4/ip_forward &&
  touch /run/ready && exec sleep infinity
} &
wait
"""
"""The first process of the box. It waits for its own children and for the orphans that it inherits.

The kubelet wants some kernel settings that hold for the whole machine: it gets to see files in which they are as it wants them.
"""


def tools() -> dict[str, str]:
    """The environment in which the node's programs are found."""
    if not debian.usable():
        return {"PATH": os.environ["PATH"]}
    tree = debian.tree("node", PACKAGES)
    folders = [str(tree / folder) for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]
    return {"PATH": ":".join([*folders, os.environ["PATH"], "/usr/sbin", "/sbin"]), "LD_LIBRARY_PATH": debian.libraries(tree)}


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


@dataclass(frozen=True)
class Network:
    """The addresses of one cluster with a real node, and how the host's end of its cable is called.

    All of it lies in the range that is set aside for benchmarks, so that it hides nobody's network.
    """

    slot: int

    @property
    def link(self) -> str:
        return f"srs{self.slot}"

    @property
    def pods(self) -> str:
        return f"198.18.{self.slot * 4}.0/24"

    @property
    def cable(self) -> str:
        return f"198.18.{self.slot * 4 + 1}.0/30"

    @property
    def host_end(self) -> str:
        return f"198.18.{self.slot * 4 + 1}.1"

    @property
    def address(self) -> str:
        """The node's, and the API server's."""
        return f"198.18.{self.slot * 4 + 1}.2"

    @property
    def load_balancers(self) -> str:
        return f"198.18.{self.slot * 4 + 2}.0/24"

    @property
    def services(self) -> str:
        return f"198.19.{self.slot * 16}.0/20"

    def collisions(self, routes: Iterable[str]) -> list[str]:
        """Those of the host's routes that lead to these addresses. The default route leads to all of them, and is none of ours."""
        ours = [ipaddress.ip_network(text) for text in (self.pods, self.cable, self.load_balancers, self.services)]
        networks = [ipaddress.ip_network(text) for text in routes if text != "default"]
        return [str(network) for network in networks if any(network.overlaps(our) for our in ours)]


def routes() -> list[str]:
    """Where the routes of this host lead."""
    return [route["dst"] for route in json.loads(_run("ip", "-json", "-4", "route", "show"))]


def free_slot() -> int:
    """A slot whose addresses are nobody's."""
    taken = routes()
    for slot in range(SLOTS):
        if not Network(slot).collisions(taken):
            return slot
    raise ClusterError(f"this host has routes to all addresses that a real node could use: {', '.join(Network(0).collisions(taken))}, ...")


class Box:
    def __init__(self, folder: Path, network: Network) -> None:
        self.folder = folder
        self.network = network
        # By slot: two clusters must not remove each other's.
        self.control_group = f"livestream-srs-{network.slot}"
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
        settings = " ".join(f"{name}={value}" for name, value in host.KERNEL_SETTINGS.items())
        command = ("unshare", *NAMESPACES, "--fork", "--mount-proc", "--", "/bin/sh", "-c", INIT, "node", str(self.folder), settings)
        return Part("node", command, ready=lambda: self.inside("/run/ready").exists(), environ=tools())

    def up(self) -> None:
        if not self.pid():
            # The routes of a box that was killed a moment ago may still be there.
            if not _soon(lambda: not self.network.collisions(routes())):
                taken = ", ".join(self.network.collisions(routes()))
                raise ClusterError(f"this host now has routes of somebody else's to the node's addresses ({taken}): `down`, then `up`")
            if not self._before.is_file():
                host.save(self._before, host.snapshot(tools()))
            # Those of a box that was killed: their pods are gone.
            self._remove_control_groups()
        host.enable_controllers()
        for folder in self.control_groups():
            folder.mkdir(exist_ok=True)
        (self.folder / "kubelet").mkdir(exist_ok=True)
        processes.bring_up(self.folder, self.part())
        self._connect()

    def _connect(self) -> None:
        """Lay the cable between host and box."""
        net, enter = self.network, self.enter()
        if not (Path("/sys/class/net") / net.link).exists():
            _run("ip", "link", "add", net.link, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid()))
        _run("ip", "address", "replace", f"{net.host_end}/30", "dev", net.link)
        _run("ip", "link", "set", net.link, "up")
        _run(*enter, "ip", "address", "replace", f"{net.address}/30", "dev", "eth0")
        _run(*enter, "ip", "link", "set", "eth0", "up")
        for network in (net.pods, net.services, net.load_balancers):
            _run("ip", "route", "replace", network, "via", net.address, "dev", net.link)

    def down(self) -> list[str]:
        """Take the box away; what is left of it on the host."""
        if (pid := self.pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes.stop(processes.running(self.folder), grace=1)
        left = self._remove_control_groups()
        if not _soon(lambda: not (Path("/sys/class/net") / self.network.link).exists()):
            left.append(f"network interface {self.network.link}")
        if (before := host.load(self._before)) is None:
            return left
        host.restore_controllers(before)
        after = host.snapshot(tools())
        # Another cluster has another slot; and what is called quite differently is somebody else's.
        names = (
            rf"\b{self.network.link}\b",
            rf"\b{self.control_group}\b",
            re.escape(str(self.folder)),
            "kube",
            "containerd",
            host.KERNEL,
            "controller",
        )
        return list(dict.fromkeys([*left, *host.left(before, after, re.compile("|".join(names)))]))

    def control_groups(self) -> list[Path]:
        """The folders under which the pods' control groups lie: one for each hierarchy of version 1, or that of version 2."""
        top = host.CONTROL_GROUPS
        if host.is_version_2():
            return [top / self.control_group]
        hierarchies = [path for path in top.iterdir() if (path / "cgroup.procs").is_file() and not path.is_symlink()]
        return [path / self.control_group for path in hierarchies]

    def _remove_control_groups(self) -> list[str]:
        """Remove them with all that is in them; those that could not be removed."""

        def gone() -> bool:
            for folder in self.control_groups():
                for path, _folders, _files in os.walk(folder, topdown=False):
                    # A process that was killed a moment ago may still be in it.
                    with contextlib.suppress(OSError):
                        Path(path).rmdir()
            return not any(folder.is_dir() for folder in self.control_groups())

        _soon(gone)
        return [f"control group {folder}" for folder in self.control_groups() if folder.is_dir()]


def _soon(happened: Callable[[], bool]) -> bool:
    """Whether it happens within some seconds: the kernel takes things away after the processes are gone."""
    deadline = time.monotonic() + 10
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _run(*command: str) -> str:
    result = subprocess.run(command, env={**os.environ, **tools()}, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {result.stderr.strip()}")
    return result.stdout

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real node could leave behind on the host: looked at before and after."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

Snapshot = dict[str, list[str]]

KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kubelet wants of the whole machine."""

WATCHED_SETTINGS = {**KERNEL_SETTINGS, "net/ipv4/ip_forward": "1"}

KERNEL = rf"^kernel setting ({'|'.join(f'{name} = {value}' for name, value in WATCHED_SETTINGS.items())})$"
"""A setting that now is as a node wants it. One that became something else meanwhile is somebody else's work."""

OURS = re.compile(rf"livestream|\bsrs[0-7]\b|kube|containerd|cni|198\.1[89]\.|{KERNEL}|^control group controller")
"""How things are called that a node makes, in its box or, by a mistake, on the host."""

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def snapshot(environ: Mapping[str, str]) -> Snapshot:
    """What there is on the host, by kind. `environ` has the PATH on which nft may be."""
    return {
        "network interface": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "mount": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "route": sorted(_lines(environ, "ip", "route", "show", "table", "all")),
        "nftables table": sorted(_lines(environ, "nft", "list", "tables")),
        "network namespace": sorted(path.name for path in Path("/run/netns").glob("*")),
        "control group": sorted(str(path) for path in [*CONTROL_GROUPS.glob("*/*/"), *CONTROL_GROUPS.glob("*/")]),
        "control group controller": enabled_controllers(),
        "kernel setting": [f"{name} = {value}" for name, value in kernel_settings().items()],
    }


def _lines(environ: Mapping[str, str], *command: str) -> list[str]:
    program = shutil.which(command[0], path=environ.get("PATH"))
    if not program:
        return []
    result = subprocess.run([program, *command[1:]], env=dict(environ), capture_output=True, text=True, check=False)
    return [line.strip() for line in result.stdout.splitlines()]


def is_version_2() -> bool:
    return (CONTROL_GROUPS / "cgroup.controllers").is_file()


def enabled_controllers() -> list[str]:
    """What version 2 of control groups counts and limits in the groups below its root."""
    return (CONTROL_GROUPS / "cgroup.subtree_control").read_text().split() if is_version_2() else []


def enable_controllers() -> None:
    """All that there are, as the kubelet wants to find them."""
    if is_version_2():
        missing = set((CONTROL_GROUPS / "cgroup.controllers").read_text().split()) - set(enabled_controllers())
        _change_controllers(f"+{name}" for name in sorted(missing))


def restore_controllers(before: Snapshot) -> None:
    _change_controllers(f"-{name}" for name in enabled_controllers() if name not in before["control group controller"])


def _change_controllers(changes: Iterable[str]) -> None:
    for change in changes:
        # Some can't be used by groups, others are in use by now: each is a write of its own, and a check follows.
        with contextlib.suppress(OSError):
            (CONTROL_GROUPS / "cgroup.subtree_control").write_text(change)


def kernel_settings() -> dict[str, str]:
    found = {}
    for name in WATCHED_SETTINGS:
        with contextlib.suppress(OSError):
            found[name] = (Path("/proc/sys") / name).read_text().strip()
    return found


def new(before: Snapshot, after: Snapshot) -> list[str]:
    """What is there after and was not before, whoever made it."""
    return [f"{kind} {item}" for kind, items in after.items() for item in items if item not in before.get(kind, [])]


def left(before: Snapshot, after: Snapshot, ours: re.Pattern[str] = OURS) -> list[str]:
    """What a node left behind, going by its name."""
    return [item for item in new(before, after) if ours.search(item)]


def save(path: Path, taken: Snapshot) -> None:
    path.write_text(json.dumps(taken, indent=1))


def load(path: Path) -> Snapshot | None:
    if not path.is_file():
        return None
    taken: Snapshot = json.loads(path.read_text())
    return taken

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes keep out of each other's way, and out of that of the host."""

from __future__ import annotations

import ipaddress
import socket
from itertools import combinations
from pathlib import Path

import pytest
from localcluster import box, host, real, simulated
from localcluster.box import SLOTS, Box, Network


def networks(slot: int) -> list[ipaddress.IPv4Network]:
    net = Network(slot)
    return [ipaddress.IPv4Network(text) for text in (net.pods, net.cable, net.load_balancers, net.services)]


def test_no_two_clusters_share_an_address() -> None:
    everything = [network for slot in range(SLOTS) for network in networks(slot)]
    everything += [ipaddress.ip_network(text, strict=False) for text in (simulated.PODS, simulated.Simulated.addresses)]
    assert not [pair for pair in combinations(everything, 2) if pair[0].overlaps(pair[1])]
    benchmarks = ipaddress.ip_network("198.18.0.0/15")
    assert [text for text in everything if not text.subnet_of(benchmarks)] == [ipaddress.ip_network(simulated.PODS, strict=False)]


def test_nothing_can_be_sent_to_simulated_pods() -> None:
    pods = ipaddress.ip_network(simulated.PODS, strict=False)
    assert pods.is_multicast
    with socket.socket() as tried, pytest.raises(OSError, match="unreachable"):
        tried.connect((str(pods[7]), 1985))


@pytest.mark.parametrize("slot", range(SLOTS))
def test_both_ends_of_the_cable_are_on_it(slot: int) -> None:
    net = Network(slot)
    hosts = [str(address) for address in ipaddress.ip_network(net.cable).hosts()]
    assert hosts == [net.host_end, net.address]


@pytest.mark.parametrize(
    ("routes", "slot"),
    [
        (["default", "192.0.2.0/24"], 0),
        (["default", "198.18.2.0/24"], 1),
        (["198.18.1.2"], 1),
        (["198.18.0.0/21"], 2),
        (["198.19.0.0/18"], 4),
    ],
)
def test_addresses_that_the_host_uses_are_avoided(routes: list[str], slot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "routes", lambda: routes)
    assert box.free_slot() == slot


def test_when_all_are_taken_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "routes", lambda: ["198.18.0.0/15"])
    with pytest.raises(box.ClusterError, match=r"routes to all addresses that a real node could use: 198\.18\.0\.0/15"):
        box.free_slot()


@pytest.fixture
def version1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for hierarchy in ("cpu,cpuacct", "memory", "unified"):
        (tmp_path / hierarchy).mkdir()
        (tmp_path / hierarchy / "cgroup.procs").touch()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    (tmp_path / "not-a-hierarchy").mkdir()
    monkeypatch.setattr(host, "CONTROL_GROUPS", tmp_path)
    return tmp_path


def test_every_hierarchy_of_version_1_has_the_pods_group(version1: Path) -> None:
    found = Box(version1, Network(3)).control_groups()
    assert sorted(found) == [version1 / name / "livestream-srs-3" for name in ("cpu,cpuacct", "memory", "unified")]


def test_version_2_has_one(version1: Path) -> None:
    (version1 / "cgroup.controllers").touch()
    assert Box(version1, Network(3)).control_groups() == [version1 / "livestream-srs-3"]


def test_controllers_are_enabled_and_disabled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "CONTROL_GROUPS", tmp_path)
    host.enable_controllers()
    assert host.enabled_controllers() == []
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    enabled = tmp_path / "cgroup.subtree_control"
    enabled.write_text("memory pids\n")
    before = {"control group controller": host.enabled_controllers()}
    host.enable_controllers()
    assert enabled.read_text() == "+cpu"
    enabled.write_text("cpu memory pids\n")
    host.restore_controllers(before)
    assert enabled.read_text() == "-cpu"


BEFORE = {"network interface": ["eth0", "lo"], "mount": ["/"], "kernel setting": ["vm/overcommit_memory = 0"]}


@pytest.mark.parametrize(
    ("kind", "item", "ours"),
    [
        ("network interface", "srs0", True),
        ("network interface", "docker0", False),
        ("mount", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs", True),
        ("mount", "/media/usb", False),
        ("nftables table", "table ip kube-proxy", True),
        ("route", "198.18.2.0/24 via 198.18.1.2 dev srs0", True),
        ("network namespace", "cni-1234", True),
        ("network namespace", "vpn", False),
        ("control group", "/sys/fs/cgroup/memory/livestream-srs-0", True),
        ("kernel setting", "vm/overcommit_memory = 1", True),
        ("kernel setting", "vm/overcommit_memory = 2", False),
        ("control group controller", "cpuset", True),
    ],
)
def test_what_is_left_is_told_from_what_others_make(kind: str, item: str, ours: bool) -> None:
    after = {**BEFORE, kind: [*BEFORE.get(kind, []), item]}
    assert host.new(BEFORE, after) == [f"{kind} {item}"]
    assert host.left(BEFORE, after) == ([f"{kind} {item}"] if ours else [])
    assert host.new(BEFORE, BEFORE) == []


def test_the_nodes_parts_agree_on_addresses(tmp_path: Path) -> None:
    node = Box(tmp_path, Network(2))
    kubelet, proxy, cni = real.kubelet(tmp_path, node), real.kube_proxy(tmp_path, node.network), real.cni(node.network)
    assert kubelet["clusterDNS"] == [node.network.address] == [kubelet["address"]]
    assert kubelet["cgroupRoot"] == "/livestream-srs-2"
    assert cni["plugins"][0]["ipam"]["ranges"] == [[{"subnet": proxy["clusterCIDR"]}]]

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real node: containerd, kubelet, kube-proxy and DNS in the box, next to the control plane. Containers run."""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import box, images, programs, registry
from .api import Api
from .base import TOOL, ClusterError, say, write
from .box import Box, Network
from .controlplane import Place
from .processes import Part

NAME = "real-0"
DOMAIN = "cluster.local"
CONTAINERD = "/run/containerd/containerd.sock"

CONTAINERD_TOML = """\
version = 2
root = "{folder}/containerd"
state = "/run/containerd"
# The first would make a folder in /opt; the others want devices that a node needs not have.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
# A machine that is itself a container may forbid a lower one than its own, and then no container starts.
restrict_oom_score_adj = true
# A profile would be loaded into the kernel and stay there.
disable_apparmor = true
stream_server_address = "127.0.0.1"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/cni"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{folder}/registries"
"""
REGISTRIES_TOML = """\
[host."http://127.0.0.1:{port}"]
capabilities = ["pull", "resolve"]
"""
COREFILE = """\
.:53 {{
    bind {address}
    errors
    ready {address}:8181
    kubernetes {domain} {{
        kubeconfig {kubeconfig}
        pods insecure
    }}
}}
"""


def cni(network: Network) -> dict[str, Any]:
    """A cable to each pod, rather than a bridge: what goes from pod to pod through a Service then comes back the same way."""
    addresses = {"type": "host-local", "ranges": [[{"subnet": network.pods}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/cni"}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": addresses}]}


def kubelet(folder: Path, node: Box) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.network.address,
        "healthzBindAddress": node.network.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(folder / "pki" / "ca.crt")},
        },
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.control_group}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "oomScoreAdj": 0,
        "podLogsDir": str(folder / "pod-logs"),
        "clusterDNS": [node.network.address],
        "clusterDomain": DOMAIN,
        "resolvConf": str(folder / "resolv.conf"),
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        # A developer's disk may be nearly full; images and pods are few.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }


def kube_proxy(folder: Path, network: Network) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(folder / "kubeconfig")},
        "clusterCIDR": network.pods,
        "detectLocalMode": "ClusterCIDR",
        "hostnameOverride": NAME,
        "healthzBindAddress": f"{network.address}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        # These limits are the whole machine's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)

    return ready


class Real:
    programs = programs.REAL
    evidence = "kubelet"

    def __init__(self, folder: Path, slot: int) -> None:
        self.folder = folder
        self.network = Network(slot)
        self.box = Box(folder, self.network)
        self.addresses = self.network.load_balancers

    def place(self, _kept: Mapping[str, int], _running: set[str]) -> Place:
        # Nobody else is in the box, so the usual ports are free.
        return Place(self.network.address, {"etcd": 2379, "etcd-peer": 2380, "kube-apiserver": 6443}, self.network.services)

    def check(self) -> None:
        """Whether it can be made here; and what it needs, as far as nothing runs yet."""
        if reason := box.obstacle():
            raise ClusterError(reason)
        images.ensure()
        if names := images.load(images.archives(os.environ)):
            say(f"images of SRS: {', '.join(names)}")

    def prepare(self) -> None:
        self.box.up()
        self._configure()

    def _configure(self) -> None:
        toml = CONTAINERD_TOML.format(folder=self.folder, socket=CONTAINERD, pause=images.PAUSE, plugins=box.plugins())
        write(self.folder / "containerd.toml", toml)
        write(self.folder / "registries/_default/hosts.toml", REGISTRIES_TOML.format(port=registry.PORT))
        write(self.folder / "cni/pods.conflist", json.dumps(cni(self.network), indent=2))
        write(self.folder / "kubelet.json", json.dumps(kubelet(self.folder, self.box), indent=2))
        write(self.folder / "kube-proxy.json", json.dumps(kube_proxy(self.folder, self.network), indent=2))
        write(self.folder / "Corefile", COREFILE.format(address=self.network.address, domain=DOMAIN, kubeconfig=self.folder / "kubeconfig"))
        write(self.folder / "resolv.conf", f"nameserver {self.network.address}\n")

    def all_parts(self, control_plane: list[Part], built: Mapping[str, Path]) -> list[Part]:
        """Everything runs in the box, the control plane too."""
        enter = self.box.enter()
        return [self.box.part(), *(replace(part, within=enter) for part in [*control_plane, *self._parts(built)])]

    def _parts(self, built: Mapping[str, Path]) -> list[Part]:
        tools, address = box.tools(), self.network.address

        def containerd_ready() -> bool:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.box.inside(CONTAINERD)))
                return True

        return [
            Part("registry", (sys.executable, str(TOOL), "registry"), ready=lambda: True, interpreted=True),
            Part("containerd", ("containerd", f"--config={self.folder / 'containerd.toml'}"), ready=containerd_ready, environ=tools),
            Part(
                "kubelet",
                (
                    str(built["kubelet"]),
                    f"--config={self.folder / 'kubelet.json'}",
                    f"--kubeconfig={self.folder / 'kubeconfig'}",
                    "--root-dir=/run/kubelet",
                    f"--hostname-override={NAME}",
                    f"--node-ip={address}",
                    "--node-labels=topology.kubernetes.io/zone=zone-a",
                ),
                ready=answers(f"http://{address}:10248/healthz"),
                environ=tools,
            ),
            Part(
                "kube-proxy",
                (str(built["kube-proxy"]), f"--config={self.folder / 'kube-proxy.json'}"),
                ready=answers(f"http://{address}:10256/healthz"),
                environ=tools,
            ),
            Part("coredns", (str(built["coredns"]), f"-conf={self.folder / 'Corefile'}"), ready=answers(f"http://{address}:8181/ready")),
        ]

    def set_nodes(self, _api: Api, _count: int) -> int:
        """The kubelet makes its node itself; how many there are to be."""
        return 1

    def remove(self) -> list[str]:
        return self.box.down()

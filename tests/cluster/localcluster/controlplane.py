# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane out of its programs: etcd, API server, controllers, scheduler. The same for simulated and for real nodes."""

from __future__ import annotations

import base64
import ipaddress
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .api import Api
from .base import ClusterError
from .processes import Part

PORTS = {"etcd": ("etcd", "etcd-peer"), "kube-apiserver": ("kube-apiserver",)}
"""The ports that each part listens on, by part."""


@dataclass(frozen=True)
class Place:
    """Where a control plane is to be found."""

    address: str
    ports: Mapping[str, int]
    services: str
    """The network of the Services' addresses."""

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.ports['kube-apiserver']}"

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback

    def names(self) -> list[str]:
        """What the API server is called by who talks to it. The first address of the Services is that of `kubernetes`."""
        first = next(ipaddress.ip_network(self.services).hosts())
        return [self.address, "127.0.0.1", str(first), "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def choose_ports(kept: Mapping[str, int], running: set[str], address: str) -> dict[str, int]:
    """The ports of last time, so that a kubeconfig stays good; another one where somebody else has taken it since."""
    ports = {}
    for part, names in PORTS.items():
        for name in names:
            keep = name in kept and (part in running or is_free(address, kept[name]))
            ports[name] = kept[name] if keep else free_port(address)
    return ports


def make_pki(program: Path, folder: Path, names: Iterable[str]) -> None:
    """Keys and certificates, once per cluster. The folder appears whole or not at all."""
    if folder.is_dir():
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".pki-") as made:
        result = subprocess.run([program, made, *names], capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"making the cluster's certificates failed: {result.stderr.strip()}")
        Path(made).rename(folder)


def kubeconfig(server: str, pki: Path, name: str) -> str:
    def embedded(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    return f"""\
apiVersion: v1
kind: Config
clusters:
  - name: {name}
    cluster:
      server: {server}
      certificate-authority-data: {embedded("ca.crt")}
users:
  - name: {name}
    user:
      client-certificate-data: {embedded("admin.crt")}
      client-key-data: {embedded("admin.key")}
contexts:
  - name: {name}
    context:
      cluster: {name}
      user: {name}
current-context: {name}
"""


def parts(folder: Path, programs: Mapping[str, Path], place: Place, api: Api) -> list[Part]:
    """The parts in the order in which they start."""
    pki = folder / "pki"
    etcd, peer = (f"http://127.0.0.1:{place.ports[name]}" for name in PORTS["etcd"])
    client = f"--kubeconfig={folder / 'kubeconfig'}"

    def etcd_ready() -> bool:
        if not place.loopback:
            # It listens on the loopback address of another network. The API server is not ready without it.
            return True
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{etcd}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)

    return [
        Part(
            "etcd",
            (
                str(programs["etcd"]),
                "--name=default",
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls={etcd}",
                f"--advertise-client-urls={etcd}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                # What is kept has to outlive a killed process, not a power cut.
                "--unsafe-no-fsync",
                "--log-level=warn",
            ),
            ready=etcd_ready,
        ),
        Part(
            "kube-apiserver",
            (
                str(programs["kube-apiserver"]),
                f"--etcd-servers={etcd}",
                f"--bind-address={place.address}",
                f"--advertise-address={place.address}",
                f"--secure-port={place.ports['kube-apiserver']}",
                # Pods can't reach a loopback address, so the `kubernetes` Service then has no endpoint.
                f"--endpoint-reconciler-type={'none' if place.loopback else 'lease'}",
                f"--tls-cert-file={pki / 'server.crt'}",
                f"--tls-private-key-file={pki / 'server.key'}",
                f"--client-ca-file={pki / 'ca.crt'}",
                f"--kubelet-client-certificate={pki / 'admin.crt'}",
                f"--kubelet-client-key={pki / 'admin.key'}",
                "--kubelet-preferred-address-types=InternalIP",
                f"--service-account-key-file={pki / 'service-account.key'}",
                f"--service-account-signing-key-file={pki / 'service-account.key'}",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                f"--service-cluster-ip-range={place.services}",
                "--authorization-mode=Node,RBAC",
                "--allow-privileged=true",
            ),
            ready=api.ready,
        ),
        Part(
            "kube-controller-manager",
            (
                str(programs["kube-controller-manager"]),
                client,
                "--leader-elect=false",
                "--secure-port=0",
                f"--root-ca-file={pki / 'ca.crt'}",
                f"--service-account-private-key-file={pki / 'service-account.key'}",
                f"--cluster-signing-cert-file={pki / 'ca.crt'}",
                f"--cluster-signing-key-file={pki / 'ca.key'}",
                "--use-service-account-credentials=true",
            ),
            # Without it no pod is admitted.
            ready=lambda: api.exists("/api/v1/namespaces/default/serviceaccounts/default"),
        ),
        Part(
            "kube-scheduler",
            (str(programs["kube-scheduler"]), client, "--leader-elect=false", "--secure-port=0"),
            ready=lambda: True,
        ),
    ]

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that last, and a kubeconfig."""

from __future__ import annotations

import socket
from pathlib import Path

from localcluster.controlplane import choose_ports, kubeconfig

LOOPBACK = "127.0.0.1"


def test_ports_are_kept_while_they_are_ours_or_free() -> None:
    first = choose_ports({}, set(), LOOPBACK)
    assert len(set(first.values())) == len(first) == 3
    assert choose_ports(first, set(), LOOPBACK) == first

    with socket.socket() as other:
        other.bind((LOOPBACK, first["kube-apiserver"]))
        other.listen()
        assert choose_ports(first, {"kube-apiserver"}, LOOPBACK) == first
        moved = choose_ports(first, {"etcd"}, LOOPBACK)
    assert moved["kube-apiserver"] != first["kube-apiserver"]
    assert moved["etcd"] == first["etcd"]


def test_kubeconfig_embeds_the_keys(tmp_path: Path) -> None:
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / name).write_text(f"{name} of the cluster")
    text = kubeconfig("https://127.0.0.1:6443", tmp_path, "livestream-srs-default")
    assert "server: https://127.0.0.1:6443\n" in text
    assert "current-context: livestream-srs-default\n" in text
    assert "client-key-data: YWRtaW4ua2V5IG9mIHRoZSBjbHVzdGVy\n" in text

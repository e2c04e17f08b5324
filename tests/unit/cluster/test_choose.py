# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcluster.choose import decide

OWN = Path("/cache/clusters/default/kubeconfig")


@pytest.mark.parametrize(
    ("kubeconfig", "kind_usable", "kind", "path"),
    [
        ("", False, "local", str(OWN)),
        ("", True, "kind", str(OWN)),
        ("/home/me/.kube/config", False, "given", "/home/me/.kube/config"),
        ("/home/me/.kube/config", True, "given", "/home/me/.kube/config"),
        (str(OWN), False, "local", str(OWN)),
        ("/cache/clusters/another/kubeconfig", False, "local", str(OWN)),
    ],
)
def test_given_before_kind_before_local(kubeconfig: str, kind_usable: bool, kind: str, path: str) -> None:
    choice = decide({"KUBECONFIG": kubeconfig}, OWN, kind_usable)
    assert (choice.kind, choice.kubeconfig) == (kind, path)


def test_the_users_cluster_is_named() -> None:
    assert decide({"KUBECONFIG": "/k"}, OWN, False).why == "using the cluster of KUBECONFIG=/k"

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Service as the ``slb`` that renders the same."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.from_service import slb_of
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import render
from ansible_collections.livestream.srs.tests.unit.plugins.module_utils._load_balancers.test_load_balancer import GOLDEN, NAMED

CASES = [(platform, case) for platform in sorted(GOLDEN) for case in GOLDEN[platform]]
OLD = "service.beta.kubernetes.io/alicloud-loadbalancer"


@pytest.mark.parametrize(("platform", "case"), CASES)
def test_it_renders_what_was_there(platform: str, case: str) -> None:
    wanted, ports = GOLDEN[platform][case]["service"], GOLDEN[platform][case].get("ports", NAMED)
    found = slb_of({**wanted["spec"], "ports": ports}, wanted["annotations"])
    said = render(found, where="slb", ports=ports)
    assert said["annotations"] == wanted["annotations"]
    # What no option says of the spec is for a patch; nothing else is said.
    assert said["spec"].items() <= wanted["spec"].items()


def test_most_of_it_is_said_by_options() -> None:
    cases = [GOLDEN[platform][case] for platform, case in CASES if platform != "nodeport"]
    found = [
        (slb_of({**case["service"]["spec"], "ports": case.get("ports", NAMED)}, case["service"]["annotations"]), case["slb"])
        for case in cases
    ]
    raw = [slb for said, slb in found if set(said.get("annotations", {})) - set(slb.get("annotations", {}))]
    assert len(raw) < len(cases) / 4, f"{len(raw)} of {len(cases)}"


def test_the_annotations_of_the_guide() -> None:
    annotations = {f"{OLD}-address-type": "intranet", f"{OLD}-force-override-listeners": "true", f"{OLD}-id": "lb-2zetmjpao868s9yzvr5ld"}
    assert slb_of({"type": "LoadBalancer", "ports": NAMED}, annotations) == {
        "provider": "alibaba",
        "annotation_prefix": "old",
        "id": "lb-2zetmjpao868s9yzvr5ld",
        "override_listeners": True,
        "address": "intranet",
    }


def test_what_nobody_knows_is_kept_as_it_is() -> None:
    assert slb_of({"type": "LoadBalancer"}, {"example.com/a": "b"}) == {"annotations": {"example.com/a": "b"}}
    assert slb_of({"type": "LoadBalancer"}, {}) == {}
    assert slb_of({}, {"example.com/a": "b"}) == {"enabled": False, "annotations": {"example.com/a": "b"}}
    assert slb_of({"type": "NodePort"}, {}) == {"provider": "nodeport"}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of ``slb`` does to the load balancer that is there, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Verdict
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.changes import kept_annotations, staying, verdict
from ansible_collections.livestream.srs.tests.support.load_balancer_options import service_of

ADDRESS = "203.0.113.7"
ALIBABA = {"provider": "alibaba"}
NLB = {"provider": "alibaba", "type": "nlb", "zones": {"a": "vsw-a", "b": "vsw-b"}}
AWS = {"provider": "aws"}
PUT_BACK = "put it back, or set srs_allow_new_address to true (the Service is then deleted and made anew)."


def told(before: dict[str, Any], after: dict[str, Any], *, new_address: bool = False) -> Verdict:
    return verdict(service_of(before, address=ADDRESS), service_of(after), new_address=new_address)


@pytest.mark.parametrize("slb", [{}, ALIBABA, {**ALIBABA, "scheduler": "wlc"}, NLB, AWS, {"provider": "generic"}, {"enabled": False}])
def test_who_changes_nothing_is_told_nothing(slb: dict[str, Any]) -> None:
    assert told(slb, slb) == Verdict()


def test_what_has_no_address_yet_may_become_anything() -> None:
    for before in ({}, NLB, AWS):
        for after in ({}, NLB, AWS, {"enabled": False}):
            assert verdict(service_of(before), service_of(after), new_address=False) == Verdict()


def test_what_a_controller_follows_is_simply_done() -> None:
    assert told({**ALIBABA, "scheduler": "rr"}, {**ALIBABA, "scheduler": "wlc", "external_traffic_policy": "Local"}) == Verdict()
    assert told({**AWS, "idle_timeout": 60}, {**AWS, "idle_timeout": 90, "connection_drain": 9}) == Verdict()


def test_what_is_switched_off_is_not_removed() -> None:
    """Whichever prefix its annotations have."""
    for prefix in ({}, {"annotation_prefix": "old"}):
        draining = {**ALIBABA, **prefix, "connection_drain": 300}
        assert told(draining, {**draining, "connection_drain": "off"}) == Verdict()
        assert told(draining, {**ALIBABA, **prefix}).notes == (
            "connection_drain of its slb (300) is removed, and its load balancer keeps it.",
        )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, NLB, "class of its slb changes from nothing to alibabacloud.com/nlb"),
        (NLB, ALIBABA, "class of its slb (alibabacloud.com/nlb) is removed"),
        (AWS, {**AWS, "class": "eks.amazonaws.com/nlb"}, "class of its slb changes from service.k8s.aws/nlb to eks.amazonaws.com/nlb"),
    ],
)
def test_a_class_is_fixed_as_long_as_there_is_a_load_balancer(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    assert told(before, after).refusal == f"{said}, which can't be done while it has {ADDRESS}: {PUT_BACK}"
    found = told(before, after, new_address=True)
    assert found == Verdict(replaces=True, notes=(f"{said}: it is deleted and made anew, and loses its address {ADDRESS}.",))


def test_a_load_balancer_that_is_preserved_stays_with_its_address() -> None:
    existing = {**ALIBABA, "id": "lb-1", "override_listeners": True}
    assert told({**ALIBABA, "preserve": True}, existing, new_address=True).notes == (
        "id of its slb changes from nothing to lb-1: it is deleted and made anew, and leaves its load balancer, which stays, "
        f"with the address {ADDRESS}.",
    )


def test_to_switch_off_takes_the_address() -> None:
    for off in ({"enabled": False}, {"provider": "nodeport"}):
        assert told(ALIBABA, off).refusal == (
            f"enabled of its slb changes from true to false, which loses its address {ADDRESS}: "
            "put it back, or set srs_allow_new_address to true (its viewers are cut off then)."
        )
        found = told(ALIBABA, off, new_address=True)
        assert not found.refusal and not found.replaces
        assert found.notes == (f"enabled of its slb changes from true to false: it loses its address {ADDRESS}.",)


@pytest.mark.parametrize(
    "own",
    [
        {**ALIBABA, "id": "lb-1", "override_listeners": True},
        {"provider": "azure", "public_ip": "live"},
        {"provider": "metallb", "ip": "192.0.2.1"},
        {**AWS, "address": "internet", "subnets": ["a"], "eips": ["eipalloc-1"]},
    ],
)
def test_who_owns_the_address_may_switch_off(own: dict[str, Any]) -> None:
    assert told(own, {"enabled": False}) == Verdict()


def test_the_controller_finds_what_it_is_to_take_away() -> None:
    live = service_of({**ALIBABA, "id": "lb-1", "override_listeners": True, "annotations": {"example.com/a": "b"}}, address=ADDRESS)
    prefix = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"
    ids = {f"{prefix}-id": "lb-1", f"{prefix}-force-override-listeners": "true"}
    assert kept_annotations(live, service_of({"enabled": False})) == ids
    assert kept_annotations(live, service_of({"provider": "nodeport"})) == ids
    assert kept_annotations(live, service_of({"enabled": False, "annotations": {f"{prefix}-id": "lb-2"}})) == {
        f"{prefix}-force-override-listeners": "true"
    }
    assert kept_annotations(live, service_of(ALIBABA)) == {}, "what is removed while there is a load balancer is removed"
    assert kept_annotations(service_of({}), service_of({"enabled": False})) == {}


def test_a_service_does_not_leave_what_it_leads_to() -> None:
    live = service_of(ALIBABA, address=ADDRESS)
    live["spec"]["selector"] = {"app": "srs-origin"}
    servers = {
        "kind": "Deployment",
        "metadata": {"name": "origin"},
        "spec": {"template": {"metadata": {"labels": {"app": "srs-origin", "a": "b"}}}},
    }
    others = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}
    assert staying(live, [others, servers]) == (
        f"it has the address {ADDRESS}, and Deployment origin, which it leads to, stays: "
        "put its slb back, or set srs_allow_new_address to true (its viewers are cut off then)."
    )
    assert staying(live, [others]) is None, "the servers go with it"
    assert staying({**live, "status": {}}, [servers]) is None, "nobody can have come by it"
    own = service_of({**ALIBABA, "id": "lb-1", "override_listeners": True}, address=ADDRESS)
    own["spec"]["selector"] = live["spec"]["selector"]
    assert staying(own, [servers]) is None

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several Services on one load balancer or address."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import check_clashes

EDGE, CDN = [1935, 8080], [1936, 8081]
SLB = {"provider": "alibaba", "id": "lb-1", "override_listeners": True}
NLB = {"provider": "alibaba", "type": "nlb", "zones": {"k": "vsw-k", "j": {"vswitch": "vsw-j", "eip": "eip-j"}}}
EXISTING_NLB = {**NLB, "id": "nlb-1", "override_listeners": True}
POOLED = {"provider": "metallb", "ip": "192.0.2.1", "shared": "edges"}
TKE = {"provider": "tencent", "id": "lb-abc", "shared": True}
AKS = {"provider": "azure", "ip": "203.0.113.9"}
EKS = {"provider": "aws", "address": "internet", "subnets": ["s"], "eips": ["eipalloc-1"]}


def service(index: int, slb: Any, ports: Any, **more: Any) -> dict[str, Any]:
    return {"where": f"srs_edge_clusters[{index}].slb", "name": f"srs-edge-{index}-service", "slb": slb, "ports": ports, **more}


def clash(*given: tuple[Any, Any]) -> str | None:
    try:
        check_clashes(service(index, slb, ports) for index, (slb, ports) in enumerate(given))
    except SrsError as error:
        return error.message
    return None


@pytest.mark.parametrize(
    "given",
    [
        [({}, EDGE), ({}, EDGE), (None, EDGE)],
        [(SLB, EDGE), (SLB, CDN), (SLB, [80])],
        [(SLB, EDGE), ({**SLB, "id": "lb-2"}, EDGE)],
        [(SLB, EDGE), ({**TKE, "id": "lb-1"}, EDGE)],
        [(SLB, EDGE), ({**SLB, "enabled": False}, EDGE)],
        [(SLB, [{"port": 80, "protocol": "TCP"}]), (SLB, [{"port": 80, "protocol": "UDP"}])],
        [({**SLB, "scheduler": "wlc"}, EDGE), ({**SLB, "scheduler": "rr"}, CDN)],
        [({**SLB, "address": "internet"}, EDGE), (SLB, CDN)],
        [(NLB, EDGE), ({**NLB, "zones": {"k": "vsw-k", "j": "vsw-j"}}, EDGE)],
        [(EXISTING_NLB, EDGE), (EXISTING_NLB, CDN)],
        [(POOLED, EDGE), (POOLED, CDN)],
        [(POOLED, EDGE), ({"provider": "metallb", "shared": "edges"}, EDGE)],
        [(TKE, EDGE), (TKE, CDN)],
        [(AKS, EDGE), (AKS, CDN)],
        [({"provider": "azure", "public_ip": "p"}, EDGE), ({"provider": "azure", "public_ip": "p"}, CDN)],
        [(EKS, EDGE), ({**EKS, "eips": ["eipalloc-2"]}, EDGE)],
    ],
)
def test_no_clash(given: list[tuple[Any, Any]]) -> None:
    assert clash(*given) is None


BOTH = "srs_edge_clusters[0].slb (Service srs-edge-0-service) and srs_edge_clusters[1].slb (Service srs-edge-1-service) both have "


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            (SLB, EDGE),
            (SLB, [80, 8080]),
            "id lb-1 of provider alibaba, and both need port 8080/TCP there: give one of them another port or a load balancer of its own.",
        ),
        (
            ({**SLB, "address": "internet"}, EDGE),
            ({**SLB, "address": "intranet"}, CDN),
            "id lb-1 of provider alibaba, but want its address to be internet and intranet; say the same, or say it once.",
        ),
        (
            (NLB, EDGE),
            (NLB, CDN),
            "zones eip-j of provider alibaba, which only one Service can have: give each its own.",
        ),
        (
            ({"provider": "metallb", "ip": "2001:db8::1"}, EDGE),
            ({"provider": "metallb", "ip": "2001:DB8:0:0::1"}, CDN),
            "ip 2001:db8::1 of provider metallb, but srs_edge_clusters[0].slb (Service srs-edge-0-service) doesn't say shared; "
            "set it for both, or give each its own.",
        ),
        (
            (POOLED, EDGE),
            ({**POOLED, "shared": "others"}, CDN),
            "ip 192.0.2.1 of provider metallb, but shared is edges and others; give both the same key.",
        ),
        (
            (POOLED, EDGE),
            ({**POOLED, "external_traffic_policy": "Local"}, CDN),
            "ip 192.0.2.1 of provider metallb, which needs external_traffic_policy: Cluster for both, "
            "unless both are Local with the same pods.",
        ),
        (
            ({**POOLED, "external_traffic_policy": "Local"}, EDGE),
            ({**POOLED, "external_traffic_policy": "Local"}, CDN),
            "ip 192.0.2.1 of provider metallb, which needs external_traffic_policy: Cluster for both, "
            "unless both are Local with the same pods.",
        ),
        (
            (TKE, EDGE),
            ({**TKE, "shared": False}, CDN),
            "id lb-abc of provider tencent, but srs_edge_clusters[1].slb (Service srs-edge-1-service) doesn't say shared; "
            "set it for both, or give each its own.",
        ),
        (
            (AKS, EDGE),
            (AKS, [8080]),
            "ip 203.0.113.9 of provider azure, and both need port 8080/TCP there: "
            "give one of them another port or a load balancer of its own.",
        ),
        ((EKS, EDGE), (EKS, CDN), "eips eipalloc-1 of provider aws, which only one Service can have: give each its own."),
        (
            ({"provider": "aws", "name": "n"}, EDGE),
            ({"provider": "aws", "name": "n"}, CDN),
            "name n of provider aws, which only one Service can have: give each its own.",
        ),
        (
            ({"ip": "192.0.2.1"}, EDGE),
            ({"ip": "192.0.2.1"}, CDN),
            "ip 192.0.2.1 of provider generic, which only one Service can have: give each its own.",
        ),
    ],
)
def test_clash(first: Any, second: Any, said: str) -> None:
    assert clash(first, second) == BOTH + said


@pytest.mark.parametrize("prefix", ["alibaba-cloud", "alicloud"])
def test_a_load_balancer_in_annotations_of_ones_own_counts(prefix: str) -> None:
    """The tutorial writes the id this way."""
    raw = {"annotations": {f"service.beta.kubernetes.io/{prefix}-loadbalancer-id": "lb-1"}}
    message = clash((raw, EDGE), (SLB, [8080]))
    assert message is not None
    assert "both have id lb-1 of provider alibaba" in message
    assert clash((raw, EDGE), (SLB, CDN)) is None


def test_metallb_shares_an_address_with_local_between_services_of_the_same_pods() -> None:
    slb = {**POOLED, "external_traffic_policy": "Local"}
    check_clashes([service(0, slb, EDGE, selector={"app": "srs-edge"}), service(1, slb, CDN, selector={"app": "srs-edge"})])
    with pytest.raises(SrsError, match="with the same pods"):
        check_clashes([service(0, slb, EDGE, selector={"app": "srs-edge"}), service(1, slb, CDN, selector={"app": "srs-edge-b"})])


def test_the_pair_is_found_wherever_it_stands() -> None:
    for order in permutations([(SLB, EDGE), ({}, EDGE), (SLB, [80]), (SLB, [1935])]):
        message = clash(*order)
        assert message is not None
        wanted = sorted(index for index, (slb, ports) in enumerate(order) if slb is SLB and 1935 in ports)
        assert f"srs_edge_clusters[{wanted[0]}].slb" in message
        assert f"srs_edge_clusters[{wanted[1]}].slb" in message
        assert "port 1935/TCP" in message


def test_what_is_wrong_in_itself_is_said_first() -> None:
    assert (
        clash(({}, EDGE), ({"schedular": "wlc"}, EDGE)) == "srs_edge_clusters[1].slb has no option 'schedular' (did you mean scheduler?)."
    )

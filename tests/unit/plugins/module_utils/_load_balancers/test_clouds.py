# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controllers of the clouds besides Alibaba make of a Service, and what is refused for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.policy import Verdict
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.changes import verdict
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import check_clashes, render
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import FOLLOWED, IGNORED, MOVED, STUCK
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS
from ansible_collections.livestream.srs.tests.support.load_balancer_options import service_of

TCP = ({"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080})
SRT = (*TCP, {"name": "srt", "port": 10080, "protocol": "UDP"})
WEBRTC = (*TCP, {"name": "webrtc", "port": 8000, "protocol": "UDP"}, {"name": "webrtc-tcp", "port": 8000})
ONLY_UDP = ({"name": "srt", "port": 10080, "protocol": "UDP"},)
AWS = {"provider": "aws"}
AZURE = {"provider": "azure"}
DO = {"provider": "digitalocean"}
METALLB = {"provider": "metallb"}
TENCENT = {"provider": "tencent"}
VOLC = {"provider": "volcengine", "subnet": "subnet-1"}
HUAWEI = {"provider": "huawei", "address": "internet", "availability_zones": ["a"], "charge_type": "paybytraffic", "bandwidth": 5}
LOCAL = {"external_traffic_policy": "Local"}
UUID = "2f4a3c1e-5b7d-4e8f-9a0b-1c2d3e4f5a6b"
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/one"
ELB = "service.beta.kubernetes.io/aws-load-balancer"
AZ = "service.beta.kubernetes.io"


def made(slb: Mapping[str, Any], ports: Sequence[Mapping[str, Any]] = TCP) -> dict[str, Any]:
    return render(slb, where="slb", ports=ports)


def refusal(slb: Mapping[str, Any], ports: Sequence[Mapping[str, Any]] = TCP) -> str:
    with pytest.raises(SrsError) as error:
        made(slb, ports)
    return error.value.message


OWN_CHECK = "a node without a pod of the Service is found out at Kubernetes' own health check, which speaks HTTP only"


@pytest.mark.parametrize("protocol", ["tcp", "https"])
def test_aws_checks_nodes_of_local_by_http(protocol: str) -> None:
    local = {**AWS, **LOCAL, "health_check": {"protocol": protocol}}
    said = f"slb: external_traffic_policy Local can't go with health_check.protocol {protocol}: {OWN_CHECK}."
    assert refusal(local) == said
    assert refusal({**local, "backend": "nodes"}) == said
    assert made({**local, "backend": "pods"})["annotations"][f"{ELB}-healthcheck-protocol"] == protocol, (
        "pods are checked at their own port"
    )
    assert made({**local, "external_traffic_policy": "Cluster"})["annotations"][f"{ELB}-healthcheck-protocol"] == protocol


def test_aws_takes_ipv6_networks_for_a_dual_load_balancer_only() -> None:
    slb = {**AWS, "source_ranges": ["203.0.113.0/24", "2001:db8::/32"]}
    said = "slb: an IPv6 network in source_ranges needs ip_version dualstack ({}): the controller refuses them for IPv4 alone."
    assert refusal(slb) == said.format("it is not set")
    assert refusal({**slb, "ip_version": "ipv4"}) == said.format("it is ipv4")
    assert made({**slb, "ip_version": "dualstack"})["spec"]["loadBalancerSourceRanges"] == ["203.0.113.0/24", "2001:db8::/32"]


def test_aws_takes_source_ranges_with_pods() -> None:
    slb = {**AWS, "backend": "pods", "source_ranges": ["203.0.113.0/24"]}
    assert made(slb)["spec"]["loadBalancerSourceRanges"] == ["203.0.113.0/24"]
    assert made({**slb, "preserve_client_ip": False})["spec"]["loadBalancerSourceRanges"] == ["203.0.113.0/24"]


def test_elb_keeps_names_that_begin_with_internal_for_itself() -> None:
    assert refusal({**AWS, "name": "internal-live"}) == (
        "slb.name is 'internal-live'; provider aws takes what matches (?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?."
    )
    assert made({**AWS, "name": "internal"})["annotations"] == {f"{ELB}-name": "internal"}


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        (
            {"private_ips": ["10.0.0.5"], "subnets": ["s"], "address": "internet"},
            "private_ips ['10.0.0.5'] can't go with address internet: a load balancer on the internet has none.",
        ),
        (
            {"private_ips": ["10.0.0.5"]},
            "private_ips ['10.0.0.5'] needs subnets (it is not set): each is in one of them.",
        ),
        (
            {"ipv6_addresses": ["2001:db8::5"], "subnets": ["s"]},
            "ipv6_addresses ['2001:db8::5'] needs ip_version dualstack (it is not set): otherwise it has IPv4 only.",
        ),
        (
            {"prefix_lists": ["pl-0a"], "security_groups": ["sg-1"]},
            "prefix_lists ['pl-0a'] can't go with security_groups ['sg-1']: the controller ignores them then; write them into the groups.",
        ),
        (
            {"manage_backend_rules": False},
            "manage_backend_rules false needs security_groups (it is not set): for its own group the controller always does it.",
        ),
        (
            {"backend_labels": {"edge": "true"}, "backend": "pods"},
            "backend_labels {'edge': 'true'} can't go with backend pods: pods are backends on whatever node.",
        ),
        (
            {"tls": {"certificates": [CERTIFICATE]}},
            f"tls.certificates ['{CERTIFICATE}'] needs tls.ports (it is not set): without them every port would speak TLS.",
        ),
        (
            {"tls": {"ports": {"rtmp": 443}}},
            "tls.ports {'rtmp': 443} needs tls.certificates (it is not set): a TLS port shows a certificate.",
        ),
    ],
)
def test_aws_refuses(slb: dict[str, Any], said: str) -> None:
    assert refusal({**AWS, **slb}) == f"slb: {said}"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("eips", {"address": "internet"}),
        ("private_ips", {}),
        ("ipv6_addresses", {"ip_version": "dualstack"}),
    ],
)
def test_each_subnet_has_its_address(name: str, other: dict[str, Any]) -> None:
    addresses = {"eips": ["e"], "private_ips": ["10.0.0.5"], "ipv6_addresses": ["2001:db8::5"]}[name]
    said = f"slb.{name} has 1 entries and subnets has 2; give one for each subnet."
    assert refusal({**AWS, **other, name: addresses, "subnets": ["s", "t"]}) == said


@pytest.mark.parametrize(
    ("ports", "slb", "said"),
    [
        (
            SRT,
            {"preserve_client_ip": False},
            "a UDP port can't go with preserve_client_ip false: the viewer's address is always kept for UDP.",
        ),
        (SRT, {"cut_unhealthy": False}, "a UDP port can't go with cut_unhealthy false: a UDP target group has no such attribute."),
        (
            WEBRTC,
            {"idle_timeout": 600},
            "one port number for TCP and UDP can't go with idle_timeout 600: the listener for both has no such attribute.",
        ),
        (ONLY_UDP, {}, "a Service without a TCP port needs health_check.port (it is not set): UDP targets are checked by TCP."),
        (
            ONLY_UDP,
            {**LOCAL, "backend": "pods"},
            "a Service without a TCP port with backend pods needs health_check.port (it is not set): UDP targets are checked by TCP.",
        ),
    ],
)
def test_aws_refuses_what_udp_does_not_take(ports: Any, slb: dict[str, Any], said: str) -> None:
    assert refusal({**AWS, **slb}, ports) == f"slb: {said}"


def test_aws_checks_udp_by_tcp() -> None:
    port = f"{ELB}-healthcheck-port"
    assert made(AWS, SRT)["annotations"] == {port: "rtmp"}, "by name, which is the node port of nodes"
    assert made({**AWS, "backend": "pods", "health_check": {"port": 1985}}, SRT)["annotations"][port] == "1985"
    assert port not in made({**AWS, **LOCAL}, SRT)["annotations"], "nodes of Local have a check of their own"
    assert port not in made({**AWS, **LOCAL}, ONLY_UDP)["annotations"]
    assert made({**AWS, **LOCAL, "backend": "pods"}, SRT)["annotations"][port] == "rtmp"
    assert port not in made(AWS)["annotations"]


def test_aws_makes_one_listener_for_a_number_of_both_protocols() -> None:
    assert made(AWS, WEBRTC)["annotations"][f"{ELB}-enable-tcp-udp-listener"] == "true"
    assert f"{ELB}-enable-tcp-udp-listener" not in made(AWS, SRT)["annotations"]
    assert made({**AWS, "ip_version": "dualstack"}, SRT)["annotations"][f"{ELB}-enable-prefix-for-ipv6-source-nat"] == "on"


def test_attributes_of_listeners_are_those_of_tcp() -> None:
    slb = {**AWS, "idle_timeout": 600, "tls": {"certificates": [CERTIFICATE], "ports": {"rtmp": 443}}}
    listeners = [key.rpartition(".")[2] for key in made(slb, SRT)["annotations"] if "listener-attributes" in key]
    assert listeners == ["TCP-1935", "TCP-8080"]


def test_a_port_for_tls_is_a_free_one_of_the_service() -> None:
    slb = {**AWS, "tls": {"certificates": [CERTIFICATE], "ports": {"rtmp": 8080}}}
    assert refusal(slb) == "slb.tls.ports.rtmp is 8080, which is a port already: give one that is free."
    slb["tls"]["ports"] = {"rtpm": 443}
    assert refusal(slb) == "slb.tls.ports has 'rtpm' (did you mean rtmp?); the Service has the ports rtmp, http."


@pytest.mark.parametrize("slb", [{**AZURE, "health_check": {"port": 1985}}, {**DO, "health_check": {"port": 1985}}])
def test_a_node_listens_on_ports_of_the_service_only(slb: dict[str, Any]) -> None:
    assert refusal(slb) == (
        f"slb.health_check.port is 1985, no TCP port of the Service, which has 1935, 8080: provider {slb['provider']} "
        "reaches nothing else on a node."
    )
    udp = {**slb, "health_check": {"port": 10080}}
    assert refusal(udp, SRT).startswith("slb.health_check.port is 10080, no TCP port of the Service, which has 1935, 8080:")
    assert made({**slb, "health_check": {"port": 8080}}, SRT)["annotations"]


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        (
            {**LOCAL, "health_check": {"enabled": False}},
            "slb: external_traffic_policy Local can't go with health_check.enabled false: Kubernetes' own health check finds the nodes "
            "without pods, and without a check they would get traffic and drop it.",
        ),
        (
            {**LOCAL, "node_ports": False, "health_check": {"port": 8080}},
            "slb: node_ports false can't go with health_check.port 8080: the probe would ask its node port.",
        ),
        (
            {"class": "example.com/lb"},
            "slb.class: provider azure has no class: Azure's controller takes only Services without a class; for another controller's "
            "use provider generic.",
        ),
        (
            {**LOCAL, "health_check": {"ports": {"http": {"protocol": "http"}}}},
            "slb: external_traffic_policy Local can't go with health_check.ports {'http': {'protocol': 'http'}}: Kubernetes' own health "
            "check of the nodes is used then.",
        ),
        (
            {"source_ranges": ["203.0.113.0/24"], "service_tags": ["Storage"]},
            "slb: service_tags ['Storage'] can't go with source_ranges ['203.0.113.0/24']: Azure doesn't heed both together.",
        ),
        (
            {"public_ip_ipv6": "v6"},
            "slb: public_ip_ipv6 v6 needs ip_version dualstack or ipv6 (it is not set): without it the Service is IPv4 alone.",
        ),
        (
            {"public_ip": "one", "public_ip_tags": {"RoutingPreference": "Internet"}},
            "slb: public_ip_tags {'RoutingPreference': 'Internet'} can't go with public_ip one: they are given to an address when it is "
            "made.",
        ),
        ({"dns_label": "live", "address": "intranet"}, "slb: dns_label live can't go with address intranet: only a public IP has a name."),
        (
            {"health_check": {"ports": {"htp": {"protocol": "http"}}}},
            "slb.health_check.ports has 'htp' (did you mean http?); the Service has the TCP ports rtmp, http.",
        ),
        (
            {"health_check": {"ports": {"http": {"protocoll": "http"}}}},
            "slb.health_check.ports.http has no option 'protocoll' (did you mean protocol?).",
        ),
        (
            {"health_check": {"ports": {"http": {"timeout": 5}}}},
            "slb.health_check.ports.http.timeout: a port's check has only protocol, path, interval, unhealthy_threshold with provider "
            "azure.",
        ),
        (
            {"health_check": {"ports": {"http": {"protocol": "udp"}}}},
            "slb.health_check.ports.http.protocol is 'udp'; provider azure takes tcp, http, https.",
        ),
        (
            {"health_check": {"ports": {"http": {"path": "/live"}}}},
            "slb.health_check.ports.http.path needs slb.health_check.ports.http.protocol http or https: it is a part of an HTTP check.",
        ),
        (
            {"health_check": {"unhealthy_threshold": 3, "ports": {"http": {"interval": 50}}}},
            "slb.health_check.ports.http: interval times unhealthy_threshold is 150 s; Azure allows less than 120 s.",
        ),
        (
            {"health_check": {"ports": ["http"]}},
            "slb.health_check.ports is ['http'], not a mapping by names of ports: write such as '{http: {protocol: http}}'.",
        ),
        (
            {"health_check": {"ports": {"http": "tcp"}}},
            "slb.health_check.ports.http is 'tcp', not a mapping: write such as 'http: {protocol: http}'.",
        ),
    ],
)
def test_azure_refuses(slb: dict[str, Any], said: str) -> None:
    assert refusal({**AZURE, **slb}) == said


def test_azure_checks_ports_in_ways_of_their_own() -> None:
    checks = {"interval": 10, "ports": {"http": {"protocol": "http", "path": "/live"}, "rtmp": None}}
    assert made({**AZURE, "health_check": checks}, SRT)["annotations"] == {
        f"{AZ}/azure-load-balancer-health-probe-interval": "10",
        f"{AZ}/port_8080_health-probe_protocol": "http",
        f"{AZ}/port_8080_health-probe_request-path": "/live",
    }
    # UDP ports have no check that could be switched off.
    assert made({**AZURE, "health_check": {"enabled": False}}, SRT)["annotations"] == {
        f"{AZ}/port_1935_no_probe_rule": "true",
        f"{AZ}/port_8080_no_probe_rule": "true",
    }
    assert "'srt'; the Service has the TCP ports rtmp, http." in refusal({**AZURE, "health_check": {"ports": {"srt": {}}}}, SRT)


@pytest.mark.parametrize("provider", ["azure", "metallb"])
@pytest.mark.parametrize(
    ("ip", "families"),
    [
        ("192.0.2.1", {}),
        ("2001:db8::1", {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]}),
        (["2001:db8::1", "192.0.2.1"], {"ipFamilyPolicy": "RequireDualStack"}),
    ],
)
def test_the_service_has_the_families_of_its_addresses(provider: str, ip: Any, families: dict[str, Any]) -> None:
    assert made({"provider": provider, "ip": ip})["spec"] == {"type": "LoadBalancer", **families}


@pytest.mark.parametrize("provider", ["azure", "generic", "metallb", "nodeport"])
@pytest.mark.parametrize(
    ("version", "families"),
    [
        ("ipv4", {}),
        ("ipv6", {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]}),
        ("dualstack", {"ipFamilyPolicy": "RequireDualStack"}),
    ],
)
def test_families_without_addresses(provider: str, version: str, families: dict[str, Any]) -> None:
    spec = made({"provider": provider, "ip_version": version})["spec"]
    assert {key: value for key, value in spec.items() if key != "type"} == families


def test_metallb_takes_families_from_one_place() -> None:
    assert refusal({**METALLB, "ip": "192.0.2.1", "ip_version": "dualstack"}) == (
        "slb: ip_version dualstack can't go with ip ['192.0.2.1']: the addresses say it."
    )


def test_two_services_cannot_have_the_same_private_addresses() -> None:
    slb = {**AWS, "subnets": ["s"], "private_ips": ["10.0.0.5"]}
    services = [{"where": f"edges[{n}].slb", "name": f"edge-{n}", "slb": slb, "ports": TCP} for n in range(2)]
    with pytest.raises(SrsError) as error:
        check_clashes(services)
    assert error.value.message == (
        "edges[0].slb (Service edge-0) and edges[1].slb (Service edge-1) both have private_ips 10.0.0.5 of provider aws, "
        "which only one Service can have: give each its own."
    )


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        (
            {"isp": "CTCC"},
            "isp CTCC needs bandwidth_package (it is not set): a carrier's address is paid by a package.",
        ),
        (
            {"id": "lb-1", "name": "live"},
            "name live can't go with id lb-1: said when the load balancer is made, and never changed.",
        ),
        (
            {"pass_to_target": True},
            "pass_to_target true needs security_groups (it is not set): otherwise nothing would decide who may connect.",
        ),
        (
            {"backend_labels": {"a": "b"}, "backend": "pods"},
            "backend_labels {'a': 'b'} can't go with backend pods: pods are backends on whatever node.",
        ),
        ({"master_zone": "z"}, "master_zone z needs slave_zone (it is not set): they are the two halves of the load balancer."),
    ],
)
def test_tencent_refuses(slb: dict[str, Any], said: str) -> None:
    assert refusal({**TENCENT, **slb}) == f"slb: {said}"


def test_tencent_mixes_protocols_for_pods_only() -> None:
    assert refusal(TENCENT, SRT) == (
        "slb: a UDP port needs backend pods (it is not set): TKE has TCP and UDP together only with pods as backends."
    )
    assert made({**TENCENT, "backend": "pods"}, SRT)["annotations"] == {"service.cloud.tencent.com/direct-access": "true"}
    assert made(TENCENT, ONLY_UDP)["annotations"] == {}


def test_tencent_binds_nodes_with_pods_for_local() -> None:
    bound = {
        "service.kubernetes.io/local-svc-only-bind-node-with-pod": "true",
        "service.cloud.tencent.com/local-svc-weighted-balance": "true",
    }
    assert made({**TENCENT, **LOCAL})["annotations"] == bound
    assert made({**TENCENT, **LOCAL, "backend": "nodes"})["annotations"].items() > bound.items()
    assert made({**TENCENT, **LOCAL, "backend": "pods"})["annotations"] == {"service.cloud.tencent.com/direct-access": "true"}


def test_json_of_tencent_and_huawei() -> None:
    slb = {**TENCENT, "isp": "CMCC", "bandwidth_package": "bwp-1", "tls": {"certificates": ["srs-tls"], "ports": {"rtmp": 443}}}
    annotations = made(slb)["annotations"]
    assert json.loads(annotations["service.kubernetes.io/service.extensiveParameters"]) == {
        "VipIsp": "CMCC",
        "BandwidthPackageId": "bwp-1",
        "InternetAccessible": {"InternetChargeType": "BANDWIDTH_PACKAGE"},
    }
    assert json.loads(annotations["service.cloud.tencent.com/specify-protocol"]) == {"443": {"protocol": ["TCP_SSL"], "tls": "srs-tls"}}
    annotations = made({**HUAWEI, "persistence": 600, "health_check": {"interval": 7}})["annotations"]
    assert json.loads(annotations["kubernetes.io/elb.autocreate"]) == {
        "type": "public",
        "available_zone": ["a"],
        "bandwidth_chargemode": "traffic",
        "bandwidth_size": 5,
        "bandwidth_name": "cce-bandwidth-srs",
        "bandwidth_sharetype": "PER",
        "eip_type": "5_bgp",
    }
    assert json.loads(annotations["kubernetes.io/elb.session-affinity-option"]) == {"persistence_timeout": "10"}
    assert json.loads(annotations["kubernetes.io/elb.health-check-option"]) == {"delay": "7"}


@pytest.mark.parametrize(
    ("slb", "ports", "said"),
    [
        (
            {**HUAWEI, "id": UUID},
            TCP,
            f"address internet can't go with id {UUID}: CCE would take the existing load balancer for its own and delete it.",
        ),
        (
            {"provider": "huawei"},
            TCP,
            "provider huawei needs address (it is not set): CCE makes no load balancer without being told which.",
        ),
        (
            {"provider": "huawei", "address": "intranet"},
            TCP,
            "address intranet needs availability_zones (it is not set): a dedicated load balancer is in zones.",
        ),
        (
            {"provider": "huawei", "id": UUID, "health_check": {"interval": 5}},
            SRT,
            "a UDP port can't go with health_check.interval 5: one check is for ports of one protocol.",
        ),
        (
            {"provider": "huawei", "id": UUID, "dedicated": False, "idle_timeout": 60},
            SRT,
            "a UDP port with dedicated false can't go with idle_timeout 60: a shared load balancer has no such timeout for UDP.",
        ),
        (
            {"provider": "huawei", "id": UUID, "preserve_client_ip": True},
            TCP,
            "preserve_client_ip true needs dedicated false (it is not set): a dedicated load balancer always does it.",
        ),
        ({"provider": "volcengine"}, TCP, "provider volcengine needs subnet (it is not set): VKE makes a load balancer in a subnet."),
        (
            {**VOLC, "id": "clb-1"},
            TCP,
            "subnet subnet-1 can't go with id clb-1: an existing load balancer has its own.",
        ),
        (
            {**VOLC, "acl": {"id": "acl-1"}},
            TCP,
            "acl.id acl-1 needs acl.type (it is not set): the list alone doesn't say if it allows or denies.",
        ),
        (
            {**DO, "health_check": {"protocol": "tcp"}},
            ONLY_UDP,
            "a Service without a TCP port can't go with health_check.protocol tcp: UDP is checked by a TCP port, and there is none.",
        ),
        (
            {**DO, "ip_version": "dualstack", "address": "intranet"},
            TCP,
            "ip_version dualstack can't go with address intranet: a private load balancer is IPv4 alone.",
        ),
    ],
)
def test_the_new_ones_refuse(slb: dict[str, Any], ports: Any, said: str) -> None:
    assert refusal(slb, ports) == f"slb: {said}"


def test_a_check_of_digitalocean_is_read_only_where_it_is_said_so() -> None:
    override = "service.beta.kubernetes.io/do-loadbalancer-override-health-check"
    for check in ({"protocol": "tcp"}, {"port": 8080}, {"protocol": "http", "path": "/"}):
        assert made({**DO, "health_check": check})["annotations"][override] == "true"
    assert override not in made({**DO, "health_check": {"interval": 10}})["annotations"], "that counts for the check that is there anyway"


@pytest.mark.parametrize(
    ("provider", "option", "change", "removal"),
    [
        ("aws", "address", MOVED, IGNORED),
        ("aws", "name", IGNORED, IGNORED),
        ("aws", "eips", IGNORED, IGNORED),
        ("aws", "subnets", FOLLOWED, IGNORED),
        ("aws", "connection_drain", FOLLOWED, IGNORED),
        ("aws", "source_ranges", FOLLOWED, ""),
        ("azure", "address", MOVED, MOVED),
        ("azure", "public_ip", MOVED, MOVED),
        ("azure", "public_ip_prefix", IGNORED, IGNORED),
        ("azure", "dns_label", FOLLOWED, IGNORED),
        ("azure", "idle_timeout", FOLLOWED, ""),
        ("digitalocean", "ip", IGNORED, IGNORED),
        ("metallb", "pool", MOVED, IGNORED),
        ("metallb", "shared", FOLLOWED, MOVED),
        ("tencent", "id", STUCK, STUCK),
        ("tencent", "bandwidth", IGNORED, IGNORED),
        ("huawei", "acl.id", FOLLOWED, ""),
        ("volcengine", "scheduler", IGNORED, IGNORED),
    ],
)
def test_what_becomes_of_a_change(provider: str, option: str, change: str, removal: str) -> None:
    cell = next(platform for platform in PLATFORMS if platform.provider == provider).cells[option]
    assert (cell.change, cell.removal) == (change, removal)


def test_everything_has_a_source() -> None:
    for platform in PLATFORMS:
        if platform.provider != "alibaba":
            assert not [name for name, cell in platform.cells.items() if not cell.source], platform.label


ADDRESS = "203.0.113.7"
CUT_OFF = f"which loses its address {ADDRESS}: put it back, or set srs_allow_new_address to true (its viewers are cut off then)."
ANEW = (
    f"which can't be done while it has {ADDRESS}: put it back, or set srs_allow_new_address to true (the Service is then deleted and "
    "made anew)."
)


def told(before: Mapping[str, Any], after: Mapping[str, Any], *, new_address: bool = False, **by_controller: str) -> Verdict:
    """What is said of a change of a Service that has an address; the controller's own annotations stay."""

    its_own = {CONTROLLERS[name]: text for name, text in by_controller.items()}
    live = service_of(before, TCP, address=ADDRESS, **its_own)
    return verdict(live, service_of(after, TCP, **its_own), new_address=new_address)


CONTROLLERS = {"elb": "kubernetes.io/elb.id", "do": "kubernetes.digitalocean.com/load-balancer-id"}
INTRANET = {**AZURE, "address": "intranet"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {**AWS, "address": "internet"},
            {**AWS, "address": "intranet"},
            f"address of its slb changes from internet-facing to internal, {CUT_OFF}",
        ),
        ({**AZURE, "public_ip": "a"}, {**AZURE, "public_ip": "b"}, f"public_ip of its slb changes from a to b, {CUT_OFF}"),
        ({**METALLB, "pool": "a"}, {**METALLB, "pool": "b"}, f"pool of its slb changes from a to b, {CUT_OFF}"),
        ({**METALLB, "shared": "a"}, METALLB, f"shared of its slb (a) is removed, {CUT_OFF}"),
        ({**TENCENT, "id": "lb-1"}, {**TENCENT, "id": "lb-2"}, f"id of its slb changes from lb-1 to lb-2, {ANEW}"),
        (
            {**HUAWEI, "dedicated": True},
            {"provider": "huawei", "dedicated": False, **{key: HUAWEI[key] for key in ("address", "charge_type", "bandwidth")}},
            f"dedicated of its slb changes from performance to union, {ANEW}",
        ),
        (VOLC, {**VOLC, "address": "intranet"}, f"address of its slb changes from nothing to PRIVATE, {ANEW}"),
        (METALLB, {**METALLB, "ip": "2001:db8::1"}, f"the first of its ipFamilies of its slb changes from nothing to IPv6, {ANEW}"),
    ],
)
def test_a_change_that_loses_an_address_is_refused(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    assert told(before, after).refusal == said


@pytest.mark.parametrize(
    ("before", "after", "notes"),
    [
        (
            {**AWS, "name": "one"},
            {**AWS, "name": "two"},
            ["name of its slb changes from one to two, which takes effect only for a new load balancer."],
        ),
        (
            {**AWS, "connection_drain": 60, "cross_zone": True},
            AWS,
            [
                "cross_zone of its slb (true) is removed, and its load balancer keeps it.",
                "connection_drain of its slb (60) is removed, and its load balancer keeps it.",
            ],
        ),
        ({**AWS, "cross_zone": False}, AWS, []),
        ({**AWS, "source_ranges": ["203.0.113.0/24"], "tags": {"a": "b"}, "health_check": {"interval": 5}}, AWS, []),
        ({**INTRANET, "ip": "10.0.0.9"}, INTRANET, ["ip of its slb (10.0.0.9) is removed, and its load balancer keeps it."]),
        ({**AZURE, "load_balancers": ["a"]}, {**AZURE, "load_balancers": ["b"]}, []),
        ({**AZURE, "idle_timeout": 600, "health_check": {"ports": {"http": {"protocol": "http"}}}}, AZURE, []),
        (METALLB, {**METALLB, "shared": "a"}, []),
        (
            {**TENCENT, "charge_type": "paybytraffic", "bandwidth": 10},
            {**TENCENT, "charge_type": "paybytraffic", "bandwidth": 20},
            ["bandwidth of its slb changes from 10 to 20, which takes effect only for a new load balancer."],
        ),
        (
            HUAWEI,
            {**HUAWEI, "bandwidth": 9},
            ["bandwidth of its slb changes from 5 to 9, which takes effect only for a new load balancer."],
        ),
        (
            {**HUAWEI, "idle_timeout": 60},
            HUAWEI,
            ["idle_timeout of its slb (60) is removed, and its load balancer keeps it."],
        ),
    ],
)
def test_a_change_that_does_less_than_it_says_is_told(before: dict[str, Any], after: dict[str, Any], notes: list[str]) -> None:
    assert told(before, after) == Verdict(notes=tuple(notes))


def test_an_id_that_a_controller_wrote_makes_no_address_the_users_own() -> None:
    said = f"enabled of its slb changes from true to false, {CUT_OFF}"
    assert told(DO, {"enabled": False}, do=UUID).refusal == said
    assert told({**DO, "id": UUID}, {"enabled": False}).refusal == said, "it would be deleted"
    assert told({**DO, "id": UUID, "preserve": True}, {"enabled": False}) == Verdict()
    assert told(HUAWEI, {"enabled": False}, elb=UUID).refusal == said
    assert told({"provider": "huawei", "id": UUID}, {"enabled": False}) == Verdict()
    assert told(HUAWEI, HUAWEI, elb=UUID) == Verdict()
    assert told(DO, DO, do=UUID) == Verdict()


def test_a_load_balancer_that_is_protected_cannot_go() -> None:
    protected = {**AWS, "delete_protection": True}
    said = "delete_protection of its slb is true, so its load balancer can't go: set delete_protection to false first, in a run of its own."
    for after in ({"enabled": False}, {"provider": "generic"}, {**protected, "class": "eks.amazonaws.com/nlb"}):
        for allowed in (False, True):
            assert told(protected, after, new_address=allowed).refusal == said
    assert told({**AWS, "delete_protection": False}, {"enabled": False}, new_address=True).refusal == ""
    assert told(protected, {**AWS, "delete_protection": False}) == Verdict()
    assert told(protected, protected) == Verdict()


@pytest.mark.parametrize(
    "annotation",
    [
        {"service.beta.kubernetes.io/volcengine-loadbalancer-proxy-protocol": "standard"},
        {"service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": "true"},
        {f"{ELB}-proxy-protocol": "*"},
        {f"{ELB}-proxy-protocol-per-target-group": "1935"},
        {f"{ELB}-target-group-attributes.1935": "proxy_protocol_v2.enabled=true"},
        {f"{AZ}/azure-pls-proxy-protocol": "true"},
    ],
)
def test_the_proxy_protocol_of_each_controller_is_refused(annotation: dict[str, str]) -> None:
    message = refusal({"annotations": annotation})
    assert message.startswith(f"slb.annotations[{next(iter(annotation))}] is refused: SRS doesn't speak the PROXY protocol")
    made({"annotations": dict.fromkeys(annotation, "off")})

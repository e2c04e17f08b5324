# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``slb`` becomes, provider by provider, and what is refused in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import (
    argument_spec_options,
    is_enabled,
    pod_bandwidth_annotations,
    render,
    validate,
)

GOLDEN = {
    file.stem.removeprefix("load_balancer_"): json.loads(file.read_text())
    for file in (Path(__file__).parent / "golden").glob("load_balancer_*")
}
PROVIDERS = ("alibaba", "aws", "azure", "digitalocean", "generic", "huawei", "metallb", "nodeport", "tencent", "volcengine")
WHERE = "srs_edge_clusters[2].slb"
PORTS = [1935, 8080]


NAMED = [{"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080}]


def refusal(slb: Any, **arguments: Any) -> str:
    with pytest.raises(SrsError) as error:
        render(slb, where=WHERE, **{"ports": PORTS, **arguments})
    return error.value.message


@pytest.mark.parametrize(("platform", "case"), [(platform, case) for platform in sorted(GOLDEN) for case in GOLDEN[platform]])
def test_golden(platform: str, case: str) -> None:
    wanted = GOLDEN[platform][case]
    service = render(wanted["slb"], where="slb", ports=wanted.get("ports", NAMED))
    assert service == {"node_ports": {}, "tls_ports": {}, **wanted["service"]}
    assert list(service["annotations"]) == sorted(service["annotations"])


def test_nothing_said_is_a_plain_load_balancer() -> None:
    for nothing in ({}, None, {"provider": None, "scheduler": None, "health_check": {"port": None}, "annotations": {"a": None}}):
        assert render(nothing, where=WHERE) == {
            "annotations": {},
            "spec": {"type": "LoadBalancer"},
            "node_ports": {},
            "tls_ports": {},
        }


def test_options_as_text_from_the_command_line_count_as_what_they_say() -> None:
    typed = {"provider": "alibaba", "id": "lb-1", "override_listeners": True, "connection_drain": 60, "health_check": {"interval": 5}}
    text = {"provider": "alibaba", "id": "lb-1", "override_listeners": "yes", "connection_drain": "60", "health_check": {"interval": "5"}}
    assert render(text, where=WHERE) == render(typed, where=WHERE)


@pytest.mark.parametrize("off", [False, "off", "OFF", "no"])
def test_a_drain_is_switched_off_by_all_words_for_it(off: Any) -> None:
    annotations = render({"provider": "alibaba", "connection_drain": off}, where=WHERE)["annotations"]
    assert annotations == {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain": "off"}


def test_the_input_stays_as_it_is() -> None:
    slb = {
        "provider": "alibaba",
        "type": "nlb",
        "zones": {"a": "vsw-a", "b": {"vswitch": "vsw-b"}},
        "tags": {"n": 1},
        "annotations": {"x": 1},
    }
    before = json.dumps(slb)
    render(slb, where=WHERE)
    assert json.dumps(slb) == before


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        ("alibaba", f"{WHERE} is 'alibaba', not a mapping: write '{WHERE}: {{provider: alibaba, ...}}'."),
        ({"schedular": "wlc"}, f"{WHERE} has no option 'schedular' (did you mean scheduler?)."),
        ({"qos": 1}, f"{WHERE} has no option 'qos'."),
        ({7: 1}, f"{WHERE} has no option '7'."),
        ({"health_check": {"inteval": 5}}, f"{WHERE}.health_check has no option 'inteval' (did you mean interval?)."),
        ({"acl": "acl-1"}, f"{WHERE}.acl is 'acl-1', not a mapping with keys out of enabled, id, type."),
        (
            {"provider": "alibab"},
            f"{WHERE}.provider is 'alibab' (did you mean alibaba?); "
            "the providers are alibaba, aws, azure, digitalocean, generic, huawei, metallb, nodeport, tencent, volcengine.",
        ),
        ({"provider": "alibaba", "type": "alb"}, f"{WHERE}.type is 'alb'; provider alibaba has clb and nlb."),
        ({"provider": "aws", "type": "nlb"}, f"{WHERE}.type is 'nlb', but provider aws has one type only: remove it."),
        ({"type": "clb"}, f"{WHERE}.type is 'clb', but provider generic has one type only: remove it."),
        ({"provider": "aws", "annotation_prefix": "old"}, f"{WHERE}.annotation_prefix: provider aws has one prefix only: remove it."),
        ({"provider": "metallb", "annotation_prefix": "older"}, f"{WHERE}.annotation_prefix is 'older'; allowed are new and old."),
        (
            {"scheduler": "wlc"},
            f"{WHERE}.scheduler: provider generic (the default) has no scheduler; alibaba (clb), alibaba (nlb), huawei, volcengine have.",
        ),
        ({"provider": "aws", "pool": "p"}, f"{WHERE}.pool: provider aws has no pool; metallb has."),
        (
            {"provider": "aws", "id": "arn"},
            f"{WHERE}.id: provider aws has no id: the AWS Load Balancer Controller makes one load balancer for each Service.",
        ),
        (
            {"provider": "tencent", "health_check": {"port": 80}},
            f"{WHERE}.health_check.port: provider tencent has no health_check.port: "
            "TKE takes it from a TkeServiceConfig object: service_config.",
        ),
        ({"provider": "alibaba", "bandwidth": 9000}, f"{WHERE}.bandwidth is 9000; provider alibaba (clb) takes 1 to 5000 Mbit/s."),
        ({"provider": "alibaba", "bandwidth": "fast"}, f"{WHERE}.bandwidth is 'fast', not a whole number."),
        ({"provider": "alibaba", "bandwidth": True}, f"{WHERE}.bandwidth is true, not a whole number."),
        ({"provider": "alibaba", "bandwidth": 1.5}, f"{WHERE}.bandwidth is 1.5, not a whole number."),
        (
            {"provider": "alibaba", "scheduler": "wl"},
            f"{WHERE}.scheduler is 'wl' (did you mean wlc?); provider alibaba (clb) takes wrr, wlc, rr.",
        ),
        ({"provider": "alibaba", "scheduler": "sch"}, f"{WHERE}.scheduler is 'sch'; provider alibaba (clb) takes wrr, wlc, rr."),
        ({"provider": "alibaba", "backend": "eni"}, f"{WHERE}.backend is 'eni'; provider alibaba (clb) takes nodes, pods."),
        ({"provider": "alibaba", "id": "nlb-1"}, f"{WHERE}.id is 'nlb-1'; provider alibaba (clb) takes what matches lb-[a-z0-9-]+."),
        ({"provider": "alibaba", "id": ["lb-1"]}, f"{WHERE}.id is ['lb-1'], not a string of visible characters."),
        ({"provider": "alibaba", "id": "lb-1\nlb-2"}, f"{WHERE}.id is 'lb-1\\nlb-2', not a string of visible characters."),
        ({"provider": "alibaba", "connection_drain": 5}, f"{WHERE}.connection_drain is 5; provider alibaba (clb) takes 10 to 900 s, off."),
        (
            {"provider": "alibaba", "connection_drain": True},
            f"{WHERE}.connection_drain is 'on'; provider alibaba (clb) takes 10 to 900 s, off.",
        ),
        ({"provider": "alibaba", "connection_drain": "1m"}, f"{WHERE}.connection_drain is '1m'; give seconds, or off."),
        ({"provider": "tencent", "connection_drain": 60}, f"{WHERE}.connection_drain is 60; provider tencent takes on, off."),
        ({"provider": "azure", "idle_timeout": 250}, f"{WHERE}.idle_timeout is 250; provider azure takes 240 to 6000 s in steps of 60."),
        ({"provider": "alibaba", "override_listeners": "maybe"}, f"{WHERE}.override_listeners is 'maybe'; give true or false."),
        ({"source_ranges": "10.0.0.0/8"}, f"{WHERE}.source_ranges is '10.0.0.0/8', not a list: write '[10.0.0.0/8]'."),
        ({"source_ranges": ["10.0.0.0/8", "1.2.3.4"]}, f"{WHERE}.source_ranges[1] is '1.2.3.4'; write the network as 1.2.3.4/32."),
        ({"source_ranges": ["10.0.0.9/8"]}, f"{WHERE}.source_ranges[0] is '10.0.0.9/8'; write the network as 10.0.0.0/8."),
        ({"source_ranges": ["office"]}, f"{WHERE}.source_ranges[0] is 'office', not a network such as 203.0.113.0/24."),
        ({"source_ranges": []}, f"{WHERE}.source_ranges is []; provider generic takes 1 or more of them."),
        ({"ip": "lb.example.com"}, f"{WHERE}.ip is 'lb.example.com', not an IP address."),
        ({"ip": 3221225985}, f"{WHERE}.ip is 3221225985, not an IP address."),
        ({"ip": ["192.0.2.1", "2001:db8::1"]}, f"{WHERE}.ip is ['192.0.2.1', '2001:db8::1']; provider generic takes 1 of them."),
        (
            {"provider": "metallb", "ip": ["192.0.2.1", "192.0.2.2"]},
            f"{WHERE}.ip has two IPv4 addresses, 192.0.2.1 and 192.0.2.2; give one.",
        ),
        (
            {"provider": "metallb", "shared": True},
            f"{WHERE}.shared is true; provider metallb takes a key that the sharing Services have in common.",
        ),
        ({"provider": "tencent", "shared": "edges"}, f"{WHERE}.shared is 'edges'; provider tencent takes true, false."),
        (
            {"provider": "tencent", "security_groups": list("abcdef")},
            f"{WHERE}.security_groups is ['a', 'b', 'c', 'd', 'e', 'f']; provider tencent takes 1 to 5 of them.",
        ),
        (
            {"provider": "alibaba", "tags": {"team": "a,b"}},
            f"{WHERE}.tags is {{'team': 'a,b'}}; provider alibaba (clb) takes names and values without comma and equals sign.",
        ),
        (
            {"provider": "nodeport", "ports": [30935]},
            f"{WHERE}.ports is [30935], not a mapping of names to numbers: write such as '{{rtmp: 30935}}'.",
        ),
        ({"provider": "nodeport", "ports": {"rtmp": "high"}}, f"{WHERE}.ports.rtmp is 'high', not a whole number."),
        ({"provider": "nodeport", "ports": {"rtmp": 65536}}, f"{WHERE}.ports is {{'rtmp': 65536}}; provider nodeport takes 1 to 65535."),
        (
            {"provider": "nodeport", "source_ranges": ["10.0.0.0/8"]},
            f"{WHERE}.source_ranges: provider nodeport has no source_ranges: nothing in front of the pods heeds it; use network policies.",
        ),
        ({"ports": {"rtmp": 30935}}, f"{WHERE}.ports: provider generic (the default) has no ports; nodeport has."),
        ({"annotations": ["a"]}, f"{WHERE}.annotations is ['a'], not a mapping of names to strings."),
        ({"annotations": {"a": {"b": 1}}}, f"{WHERE}.annotations[a] is {{'b': 1}}, not a string."),
        (
            {"annotations": {"a b": "c"}},
            f"{WHERE}.annotations has the key 'a b', which Kubernetes doesn't take: write it as 'example.com/name'.",
        ),
        (
            {"provider": "alibaba", "type": "nlb", "zones": ["a", "b"]},
            f"{WHERE}.zones is ['a', 'b'], not a mapping: write 'cn-hangzhou-k: vsw-...' for each zone.",
        ),
        (
            {"provider": "alibaba", "type": "nlb", "zones": {}},
            f"{WHERE}.zones is {{}}; provider alibaba (nlb) takes 1 or more of them.",
        ),
        ({"provider": "alibaba", "type": "nlb", "zones": {"a": None, "b": "v"}}, f"{WHERE}.zones.a has no vSwitch: write 'a: vsw-...'."),
        (
            {"provider": "alibaba", "type": "nlb", "zones": {"a": {"vswitch": "v", "epi": "e"}, "b": "v"}},
            f"{WHERE}.zones.a has no option 'epi' (did you mean eip?).",
        ),
        (
            {"provider": "alibaba", "type": "nlb", "zones": {"a": "vsw-a:eip", "b": "v"}},
            f"{WHERE}.zones.a: 'vsw-a:eip' holds a comma, a colon or a space; give plain ids.",
        ),
        (
            {"provider": "aws", "health_check": {"protocol": "http", "status": ["2xx", "4xx"]}},
            f"{WHERE}.health_check.status is 2xx, 4xx, which leaves a gap; provider aws takes one range.",
        ),
    ],
)
def test_refused(slb: Any, said: str) -> None:
    assert refusal(slb) == said
    with pytest.raises(SrsError):
        validate(slb, where=WHERE)


NLB = {"provider": "alibaba", "type": "nlb", "zones": {"a": "vsw-a"}}
AWS = {"provider": "aws"}
AZURE = {"provider": "azure"}
TENCENT = {"provider": "tencent"}


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        ({**AWS, "eips": ["e"], "subnets": ["s"]}, "eips ['e'] needs address internet"),
        ({**AWS, "source_ranges": ["10.0.0.0/8"], "security_groups": ["sg-1"]}, "can't go with security_groups ['sg-1']"),
        (
            {**AWS, "external_traffic_policy": "Local", "health_check": {"protocol": "tcp"}},
            "external_traffic_policy Local can't go with health_check.protocol tcp",
        ),
        ({**AWS, "health_check": {"path": "/"}}, "health_check.path / needs health_check.protocol http or https"),
        ({**TENCENT, "shared": True}, "shared true needs id"),
        ({**TENCENT, "address": "intranet"}, "address intranet needs subnet"),
        ({**TENCENT, "subnet": "subnet-1"}, "subnet subnet-1 needs address intranet"),
        ({**TENCENT, "bandwidth": 100}, "bandwidth 100 needs charge_type"),
        ({**TENCENT, "charge_type": "paybytraffic"}, "charge_type paybytraffic needs bandwidth"),
        ({**TENCENT, "connection_drain": "on"}, "connection_drain on needs backend pods"),
        ({**AZURE, "subnet": "s"}, "subnet s needs address intranet"),
        ({**AZURE, "public_ip": "p", "ip": "203.0.113.1"}, "public_ip p can't go with ip ['203.0.113.1']"),
        ({**AZURE, "public_ip": "p", "address": "intranet"}, "public_ip p can't go with address intranet"),
        ({**AZURE, "node_ports": False}, "node_ports false needs external_traffic_policy Local"),
        (
            {**AZURE, "external_traffic_policy": "Local", "health_check": {"protocol": "http"}},
            "external_traffic_policy Local can't go with health_check.protocol http",
        ),
    ],
)
def test_options_that_need_or_exclude_each_other(slb: Any, said: str) -> None:
    message = refusal(slb)
    assert message.startswith(f"{WHERE}: ")
    assert said in message
    assert render({**slb, "enabled": False}, where=WHERE)["spec"] == {"type": "ClusterIP"}


def test_arithmetic() -> None:
    assert refusal({**AZURE, "health_check": {"interval": 20, "unhealthy_threshold": 6}}) == (
        f"{WHERE}.health_check: interval times unhealthy_threshold is 120 s; Azure allows less than 120 s."
    )
    assert render({**AZURE, "health_check": {"interval": 59}}, where=WHERE)["annotations"]
    assert refusal({**AWS, "address": "internet", "eips": ["e"], "subnets": ["s", "t"]}) == (
        f"{WHERE}.eips has 1 entries and subnets has 2; give one for each subnet."
    )
    assert refusal({**NLB, "health_check": {"enabled": False, "interval": 10}}) == (
        f"{WHERE}.health_check.interval can't be set when {WHERE}.health_check.enabled is false."
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_proxy_protocol_is_refused_with_the_reason(provider: str) -> None:
    message = refusal({"provider": provider, "proxy_protocol": True})
    assert message.startswith(f"{WHERE}.proxy_protocol is refused: SRS doesn't speak the PROXY protocol")


def test_what_is_set_for_each_port_needs_the_ports() -> None:
    assert refusal({**AWS, "idle_timeout": 60}, ports=[]) == f"{WHERE}.idle_timeout is set for each port, and the Service has none."
    checks = {"enabled": True, "port": 80}
    assert render({**AZURE, "health_check": checks}, where=WHERE, ports=iter([80]))["annotations"] == {
        "service.beta.kubernetes.io/port_80_health-probe_port": "80",
        "service.beta.kubernetes.io/port_80_no_probe_rule": "false",
    }


def test_node_ports_are_of_ports_that_the_service_has() -> None:
    slb = {"provider": "nodeport", "ports": {"rtpm": 30935}}
    assert refusal(slb, ports=NAMED) == (f"{WHERE}.ports has 'rtpm' (did you mean rtmp?); the Service has the ports rtmp, http.")
    assert render(slb, where=WHERE)["node_ports"] == {"rtpm": 30935}, "nothing is known of the names"
    assert render({"provider": "nodeport", "ports": {"rtmp": 1}}, where=WHERE, ports=iter(NAMED))["node_ports"] == {"rtmp": 1}


@pytest.mark.parametrize(
    ("slb", "enabled"),
    [
        ({}, True),
        ({"enabled": True}, True),
        ({"enabled": "yes"}, True),
        ({"enabled": False}, False),
        ({"enabled": "No"}, False),
        ({"enabled": "off"}, False),
        ({"enabled": "false"}, False),
        ({"enabled": "perhaps"}, True),
        ("nonsense", True),
    ],
)
def test_whether_there_is_one_at_all(slb: Any, enabled: bool) -> None:
    assert is_enabled(slb) is enabled, "what is wrong is left to render, which says so"


def test_without_a_load_balancer_the_rest_is_checked_all_the_same() -> None:
    assert "has no option 'schedular'" in refusal({"enabled": False, "schedular": "wlc"})
    assert "takes 1 to 5000" in refusal({"enabled": False, "provider": "alibaba", "bandwidth": 0})


def test_argument_spec() -> None:
    spec = argument_spec_options()
    assert spec["provider"]["choices"] == list(PROVIDERS)
    assert (spec["provider"]["default"], spec["enabled"]["default"]) == ("generic", True)
    assert spec["bandwidth"]["type"] == "int"
    assert spec["source_ranges"] == {
        "type": "list",
        "elements": "str",
        "description": ["The only networks that may connect. Providers: alibaba (nlb), aws, azure, digitalocean, generic, metallb."],
    }
    assert spec["acl"]["options"]["type"]["choices"] == ["white", "black"]
    assert spec["scheduler"]["choices"] == ["wrr", "wlc", "rr", "sch", "tch"]
    assert spec["connection_drain"]["type"] == "raw"


@pytest.mark.parametrize("bandwidth", ["100M", "1.5G", "1k", "1P", "512Mi", 1000, "1000"])
def test_pod_bandwidth(bandwidth: Any) -> None:
    assert pod_bandwidth_annotations({"bandwidth": bandwidth, "connections": 1}) == {
        "kubernetes.io/egress-bandwidth": str(bandwidth),
        "kubernetes.io/ingress-bandwidth": str(bandwidth),
    }


@pytest.mark.parametrize("limit", [None, {}, {"connections": 500}, {"bandwidth": None}])
def test_no_pod_bandwidth(limit: Any) -> None:
    assert pod_bandwidth_annotations(limit) == {}


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("100M", "limit is '100M', not a mapping: write 'limit: {bandwidth: 100M, connections: 1000}'."),
        ({"bandwith": "100M"}, "limit has no option 'bandwith' (did you mean bandwidth?)."),
        ({"bandwidth": 100}, "limit.bandwidth is 100, which is in bits per second; give 1k to 1P, such as 100M."),
        ({"bandwidth": "2P"}, "limit.bandwidth is '2P', which is in bits per second; give 1k to 1P, such as 100M."),
        ({"bandwidth": "100m"}, "limit.bandwidth is '100m', which is in bits per second; give 1k to 1P, such as 100M."),
        ({"bandwidth": "100 Mbit/s"}, "limit.bandwidth is '100 Mbit/s'; give bits per second with a unit, such as 100M or 1.5G."),
        ({"bandwidth": True}, "limit.bandwidth is true; give bits per second with a unit, such as 100M or 1.5G."),
        ({"connections": 0}, "limit.connections is 0; give a whole number from 1 up."),
        ({"connections": "many"}, "limit.connections is 'many'; give a whole number from 1 up."),
    ],
)
def test_pod_bandwidth_refused(limit: Any, said: str) -> None:
    with pytest.raises(SrsError) as error:
        pod_bandwidth_annotations(limit)
    assert error.value.message == said

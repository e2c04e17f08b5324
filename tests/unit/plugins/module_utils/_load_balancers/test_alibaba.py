# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alibaba's load balancers: what their controller would take and make something else of is refused, and says why.

Each case is what the real cloud controller manager did, or what its source or API says.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.changes import Change, changes
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import render
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import FOLLOWED, IGNORED, MOVED, STUCK
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS
from ansible_collections.livestream.srs.tests.support.load_balancer_options import service_of

WHERE = "srs_edge_slb"
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
PORTS: list[dict[str, Any]] = [{"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080}]
UDP: list[dict[str, Any]] = [*PORTS, {"name": "srt", "port": 10080, "protocol": "UDP"}]
CLB = {"provider": "alibaba"}
REUSED = {**CLB, "id": "lb-1", "override_listeners": True}
NLB = {"provider": "alibaba", "type": "nlb", "zones": {"cn-hangzhou-k": "vsw-k"}}
REUSED_NLB = {"provider": "alibaba", "type": "nlb", "id": "nlb-1", "override_listeners": True}
KEPT = {**CLB, "id": "lb-1", "override_listeners": False, "server_groups": {1935: "rsp-a", 8080: "rsp-b"}}
KEPT_NLB = {**REUSED_NLB, "override_listeners": False, "server_groups": {1935: "sgp-a", 8080: "sgp-b"}}

SAY_LISTENERS = "true lets the controller make and change its listeners, false leaves them to you; unsaid it makes none."
TAGS = "the controller takes all other tags off an existing load balancer, whoever set them; tag it where it was made."
YOURS = "the listeners are yours then: set it there."
GROUPS = "the server groups are yours: set it there."
EIP = "an EIP is bound to a private load balancer; one on the internet has its own address."
NODES = "the nodes of pods that are backends themselves don't matter."
RR = "rr ignores the weights that follow from the pods of each node; wrr uses them, and backend: pods needs none."


def annotations(slb: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, str]:
    """Those of the provider, without their prefix."""
    written = render(slb, where=WHERE, ports=PORTS if ports is None else ports)["annotations"]
    return {key.removeprefix(PREFIX): value for key, value in written.items()}


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        # Without a word on listeners there would be none, and a report of success.
        ({**CLB, "id": "lb-1"}, f": id lb-1 needs override_listeners (it is not set): {SAY_LISTENERS}"),
        ({**NLB, "id": "nlb-1"}, f": id nlb-1 needs override_listeners (it is not set): {SAY_LISTENERS}"),
        (
            {**REUSED, "override_listeners": False},
            ": override_listeners false needs server_groups (it is not set): the controller fills the server groups of your own listeners, "
            "and without them nobody gets through.",
        ),
        (
            {**KEPT, "server_groups": {1935: "rsp-a"}},
            ".server_groups lacks port 8080, where nobody would get through: name the group of your listener there, "
            "or set override_listeners to true.",
        ),
        (
            {**KEPT, "server_groups": {**KEPT["server_groups"], 80: "rsp-c"}},
            ".server_groups has port 80; the Service has the ports 1935, 8080.",
        ),
        (
            {**KEPT, "server_groups": {1935: "sgp-a"}},
            ".server_groups is {1935: 'sgp-a'}; provider alibaba (clb) takes what matches rsp-[a-z0-9-]+.",
        ),
        (
            {**CLB, "server_groups": {1935: "rsp-a"}},
            ": server_groups {1935: 'rsp-a'} needs id (it is not set): only an existing load balancer has server groups of your own.",
        ),
        (
            {**REUSED, "weight": 50},
            ": weight 50 needs server_groups (it is not set): it is the share among others in a server group of your own.",
        ),
        (
            {**CLB, "override_listeners": True},
            ": override_listeners true needs id (it is not set): only an existing load balancer has listeners that could be overridden.",
        ),
        # What is written into listeners is ignored where the controller leaves them alone.
        ({**KEPT, "acl": {"id": "acl-1", "type": "white"}}, f": override_listeners false can't go with acl.id acl-1: {YOURS}"),
        ({**KEPT, "acl": {"enabled": False}}, f": override_listeners false can't go with acl.enabled false: {YOURS}"),
        ({**KEPT, "scheduler": "wrr"}, f": override_listeners false can't go with scheduler wrr: {YOURS}"),
        ({**KEPT, "connection_drain": "off"}, f": override_listeners false can't go with connection_drain off: {YOURS}"),
        ({**KEPT, "idle_timeout": 60}, f": override_listeners false can't go with idle_timeout 60: {YOURS}"),
        ({**KEPT, "persistence": 60}, f": override_listeners false can't go with persistence 60: {YOURS}"),
        ({**KEPT, "health_check": {"enabled": False}}, f": override_listeners false can't go with health_check.enabled false: {YOURS}"),
        ({**KEPT_NLB, "new_connections": 9}, f": override_listeners false can't go with new_connections 9: {YOURS}"),
        ({**KEPT_NLB, "idle_timeout": 60}, f": override_listeners false can't go with idle_timeout 60: {YOURS}"),
        ({**KEPT_NLB, "scheduler": "wlc"}, f": override_listeners false can't go with scheduler wlc: {YOURS}"),
        (
            {**KEPT_NLB, "override_listeners": True, "scheduler": "wlc"},
            f": server_groups {{1935: 'sgp-a', 8080: 'sgp-b'}} can't go with scheduler wlc: {GROUPS}",
        ),
        # Tags that people have put on an existing one would be gone.
        ({**REUSED, "tags": {"team": "live"}}, f": tags {{'team': 'live'}} can't go with id lb-1: {TAGS}"),
        ({**REUSED_NLB, "tags": {"team": "live"}}, f": tags {{'team': 'live'}} can't go with id nlb-1: {TAGS}"),
        ({**REUSED, "preserve": True}, ": preserve true can't go with id lb-1: an existing load balancer stays in any case."),
        # The status shows an EIP only of a private CLB, and its bandwidth is that of the EIP.
        ({**CLB, "show_address": "eip"}, f": show_address eip needs address intranet (it is not set): {EIP}"),
        ({**REUSED, "address": "internet", "show_address": "eip"}, f": show_address eip can't go with address internet: {EIP}"),
        (
            {**REUSED, "show_address": "eip", "bandwidth": 100, "charge_type": "paybybandwidth"},
            ": show_address eip can't go with bandwidth 100: the EIP has its own bandwidth and price; set them there.",
        ),
        (
            {**REUSED, "show_address": "eip", "charge_type": "paybytraffic"},
            ": show_address eip can't go with charge_type paybytraffic: the EIP has its own bandwidth and price; set them there.",
        ),
        (
            {**REUSED, "show_address": "eip", "hostname": "live.example.com"},
            ": show_address eip can't go with hostname live.example.com: the status has either the host name or an address.",
        ),
        (
            {**REUSED, "show_address": "eip", "ip_version": "ipv6"},
            ": ip_version ipv6 can't go with show_address eip: that is an IPv4 address.",
        ),
        ({**REUSED, "show_address": "private"}, ".show_address is 'private'; provider alibaba (clb) takes eip."),
        (
            {**REUSED_NLB, "show_address": "eip"},
            ".show_address: provider alibaba (nlb) has no show_address: the status of an NLB always has its host name, "
            "which leads to its EIPs: zones: {zone: {vswitch, eip}}.",
        ),
        (
            {**CLB, "hostname": "Live.example.com"},
            ".hostname is 'Live.example.com'; provider alibaba (clb) takes what matches "
            r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*.",
        ),
        (
            {**CLB, "bandwidth": 9, "address": "intranet"},
            ": bandwidth 9 can't go with address intranet: a private load balancer carries no internet traffic.",
        ),
        (
            {**CLB, "charge_type": "paybybandwidth"},
            ": charge_type paybybandwidth needs bandwidth (it is not set): else it is the provider's 50 Mbit/s.",
        ),
        (
            {**CLB, "spec": "slb.s1.small", "instance_charge_type": "PayByCLCU"},
            ": spec slb.s1.small can't go with instance_charge_type PayByCLCU: a load balancer that is paid by use has no size.",
        ),
        (
            {**CLB, "vswitch_id": "vsw-1"},
            ": vswitch_id vsw-1 needs address intranet (it is not set): only a private load balancer is in a vSwitch.",
        ),
        (
            {**CLB, "ip": "192.168.0.9", "address": "intranet"},
            ": ip ['192.168.0.9'] needs vswitch_id (it is not set): a fixed address comes out of a vSwitch.",
        ),
        ({**CLB, "ip": "2001:db8::1"}, ".ip is ['2001:db8::1']; provider alibaba (clb) takes 1 of them, IPv4 only."),
        (
            {**CLB, "acl": {"id": "acl-1"}},
            ": acl.id acl-1 needs acl.type (it is not set): the list alone doesn't say if it allows or denies.",
        ),
        ({**CLB, "acl": {"type": "white"}}, ": acl.type white needs acl.id (it is not set): there is nothing to allow or deny."),
        ({**CLB, "acl": {"enabled": True}}, ": acl.enabled true needs acl.id (it is not set): there is nothing to allow or deny."),
        (
            {**CLB, "external_traffic_policy": "Local", "scheduler": "rr"},
            f": external_traffic_policy Local can't go with scheduler rr: {RR}",
        ),
        (
            {**CLB, "external_traffic_policy": "Local", "backend": "nodes", "scheduler": "rr"},
            f": external_traffic_policy Local with backend nodes can't go with scheduler rr: {RR}",
        ),
        (
            {**CLB, "node_ports": False},
            ": node_ports false needs backend pods (it is not set): the load balancer reaches nodes by their node ports.",
        ),
        (
            {**CLB, "health_check": {"port": 1985}},
            ": health_check.port 1985 needs backend pods (it is not set): "
            "a node listens on node ports only, and those are checked by themselves.",
        ),
        (
            {**CLB, "health_check": {"path": "/"}},
            ": health_check.path / needs health_check.protocol http (it is not set): it is a part of an HTTP check.",
        ),
        (
            {**CLB, "backend": "pods", "backend_labels": {"pool": "edge"}},
            f": backend_labels {{'pool': 'edge'}} can't go with backend pods: {NODES}",
        ),
        ({**NLB, "backend": "pods", "remove_unscheduled": True}, f": remove_unscheduled true can't go with backend pods: {NODES}"),
        # A timeout below the interval counts as the interval, and so do the defaults of both.
        (
            {**CLB, "health_check": {"interval": 10, "timeout": 5}},
            ".health_check: a CLB doesn't heed the timeout of 5 s, less than the interval of 10 s: "
            "set the timeout to 10 or more, or the interval to 5 or less.",
        ),
        (
            {**CLB, "health_check": {"interval": 20}},
            ".health_check: a CLB doesn't heed the timeout of 5 s (the default), less than the interval of 20 s: "
            "set the timeout to 20 or more, or the interval to 5 or less.",
        ),
        (
            {**CLB, "health_check": {"timeout": 1}},
            ".health_check: a CLB doesn't heed the timeout of 1 s, less than the interval of 2 s (the default): "
            "set the timeout to 2 or more, or the interval to 1 or less.",
        ),
        (
            {**REUSED, "bandwidth": 9},
            ": bandwidth 9 with id lb-1 needs charge_type paybybandwidth (it is not set): "
            "the controller passes on the bandwidth of an existing load balancer only then.",
        ),
        # TLS.
        (
            {**CLB, "tls": {"ports": {"rtmp": 443}}},
            ".tls.ports: provider alibaba (clb) has no tls.ports: where TLS ends at a CLB it speaks HTTP only; "
            "RTMPS and HTTPS end at type: nlb, and HTTPS of HLS at nginx (hls_nginx_https).",
        ),
        (
            {**NLB, "tls": {"ports": {"rtmp": 443}}},
            ": tls.ports {'rtmp': 443} needs tls.certificates (it is not set): TLS needs a certificate.",
        ),
        (
            {**NLB, "tls": {"certificates": ["1-cn"]}},
            ": tls.certificates ['1-cn'] needs tls.ports (it is not set): no port speaks TLS otherwise.",
        ),
        (
            {**NLB, "tls": {"policy": "tls_cipher_policy_1_2"}},
            ": tls.policy tls_cipher_policy_1_2 needs tls.ports (it is not set): no port speaks TLS otherwise.",
        ),
        (
            {**NLB, "preserve_client_ip": True, "tls": {"certificates": ["1-cn"], "ports": {"rtmp": 443}}},
            ": tls.ports {'rtmp': 443} can't go with preserve_client_ip true: "
            "where TLS ends at the NLB, the connection to the pods is its own.",
        ),
        (
            {**NLB, "tls": {"certificates": ["1-cn"], "ports": {"rtmp": 8080}}},
            ".tls.ports.rtmp is 8080, which is a port already: give one that is free.",
        ),
        # The rest of the NLB.
        (
            {"provider": "alibaba", "type": "nlb"},
            ": provider alibaba (nlb) needs zones (it is not set): "
            "a new NLB is made in zones, each with its vSwitch; or give the id of an existing one.",
        ),
        (
            {**NLB, "source_ranges": ["2001:db8::/32"]},
            ".source_ranges is ['2001:db8::/32']; provider alibaba (nlb) takes 1 or more of them, IPv4 only.",
        ),
        (
            {**REUSED_NLB, "source_ranges": ["10.0.0.0/8"]},
            ": source_ranges ['10.0.0.0/8'] can't go with id nlb-1: "
            "the CCM sets them on load balancers that it made itself only; give the existing one security groups.",
        ),
        ({**NLB, "connection_drain": 0}, ".connection_drain is 0; provider alibaba (nlb) takes 10 to 900 s, off."),
        ({**NLB, "health_check": {"interval": 51}}, ".health_check.interval is 51; provider alibaba (nlb) takes 1 to 50 s."),
        ({**NLB, "health_check": {"interval": 0}}, ".health_check.interval is 0; provider alibaba (nlb) takes 1 to 50 s."),
        (
            {**NLB, "health_check": {"protocol": "http", "path": "/a b"}},
            ".health_check.path is '/a b'; provider alibaba (nlb) takes what matches /[A-Za-z0-9/.%?#&=-]{0,79}.",
        ),
        (
            {**NLB, "bandwidth_package": "cbwp-1", "address": "intranet"},
            ": bandwidth_package cbwp-1 can't go with address intranet: a private load balancer carries no internet traffic.",
        ),
        (
            {**NLB, "bandwidth_package": "None"},
            ".bandwidth_package is 'None'; provider alibaba (nlb) takes none, what matches cbwp-[a-z0-9]+.",
        ),
        (
            {**NLB, "ipv6_address": "internet"},
            ": ipv6_address internet needs ip_version dualstack (it is not set): only then it has an IPv6 address.",
        ),
        (
            {**NLB, "health_check": {"enabled": False, "interval": 9}},
            ".health_check.interval can't be set when srs_edge_slb.health_check.enabled is false.",
        ),
    ],
)
def test_refused(slb: dict[str, Any], said: str) -> None:
    with pytest.raises(SrsError) as error:
        render(slb, where=WHERE, ports=PORTS)
    assert error.value.message == WHERE + said


@pytest.mark.parametrize(
    ("slb", "written"),
    [
        # With pods all weights are equal, so Local is no reason against rr.
        (
            {**CLB, "external_traffic_policy": "Local", "backend": "pods", "scheduler": "rr"},
            {"scheduler": "rr", "service.beta.kubernetes.io/backend-type": "eni"},
        ),
        ({**CLB, "bandwidth": 100, "charge_type": "paybytraffic"}, {"bandwidth": "100", "charge-type": "paybytraffic"}),
        ({**CLB, "bandwidth": 100}, {"bandwidth": "100"}),
        ({**CLB, "spec": "slb.s1.small"}, {"spec": "slb.s1.small"}),
        ({**CLB, "health_check": {"interval": 5}}, {"health-check-interval": "5"}),
        ({**CLB, "health_check": {"timeout": 2}}, {"health-check-connect-timeout": "2"}),
        ({**CLB, "address": "intranet", "show_address": "eip"}, {"address-type": "intranet", "external-ip-type": "eip"}),
        (NLB, {"zone-maps": "cn-hangzhou-k:vsw-k"}),
        (
            {**NLB, "health_check": {"interval": 4}},
            {"zone-maps": "cn-hangzhou-k:vsw-k", "health-check-flag": "on", "health-check-interval": "4"},
        ),
        # Words that take back what an annotation that is gone would leave.
        ({**CLB, "acl": {"enabled": False}}, {"acl-status": "off"}),
        ({**CLB, "acl": {"id": "a", "type": "black", "enabled": False}}, {"acl-status": "off", "acl-id": "a", "acl-type": "black"}),
        ({**CLB, "acl": {"id": "a", "type": "black"}}, {"acl-status": "on", "acl-id": "a", "acl-type": "black"}),
        ({**REUSED_NLB, "security_groups": []}, {"id": "nlb-1", "force-override-listeners": "true", "security-group-ids": ""}),
        ({**REUSED_NLB, "bandwidth_package": "none"}, {"id": "nlb-1", "force-override-listeners": "true", "bandwidth-package-id": ""}),
        ({**CLB, "preserve": False}, {"preserve-lb-on-delete": ""}),
        (
            {**REUSED, "override_listeners": True, "server_groups": {1935: "rsp-a"}, "weight": 0, "scheduler": "wrr"},
            {"id": "lb-1", "force-override-listeners": "true", "vgroup-port": "rsp-a:1935", "weight": "0", "scheduler": "wrr"},
        ),
    ],
)
def test_what_the_controller_is_fine_with(slb: dict[str, Any], written: dict[str, str]) -> None:
    assert annotations(slb) == written


def test_tls_adds_ports_that_lead_to_named_ones() -> None:
    tls = {"certificates": ["1-cn", "2-cn"], "ports": {"rtmp": 443, "http": 8443}}
    service = render({**NLB, "tls": tls}, where=WHERE, ports=PORTS)
    assert service["tls_ports"] == {"rtmp": 443, "http": 8443}
    assert annotations({**NLB, "tls": tls}) == {
        "zone-maps": "cn-hangzhou-k:vsw-k",
        "protocol-port": "TCPSSL:443,TCPSSL:8443",
        "cert-id": "1-cn",
        "additional-cert-ids": "2-cn",
    }
    fewer = annotations({**NLB, "tls": {**tls, "certificates": ["1-cn"]}})
    assert fewer["additional-cert-ids"] == "", "an annotation that is gone would leave the second certificate"


@pytest.mark.parametrize(
    ("slb", "said"),
    [
        (
            {**NLB, "health_check": {"enabled": False}, "idle_timeout": 21},
            ".idle_timeout is 21; an NLB is told it for all ports at once, and takes at most 20 s for a UDP port: leave it out.",
        ),
        *(
            (
                slb,
                ": an NLB checks a UDP port by TCP, which nothing answers there: give a TCP port of the pods as health_check.port "
                "(with backend: pods), or set health_check.enabled to false.",
            )
            for slb in (
                NLB,
                {**NLB, "health_check": {"protocol": "tcp"}},
                {**NLB, "health_check": {"protocol": "http", "path": "/", "status": ["2xx"]}},
                {**NLB, "health_check": {"enabled": True}},
            )
        ),
        (
            {**CLB, "backend": "pods", "health_check": {"port": 1985}},
            ": a UDP port can't go with health_check.port 1985: a CLB asks a UDP port by UDP, which nothing answers at that port.",
        ),
    ],
)
def test_what_a_udp_listener_does_not_take(slb: dict[str, Any], said: str) -> None:
    with pytest.raises(SrsError) as error:
        render(slb, where=WHERE, ports=UDP)
    assert error.value.message == WHERE + said


@pytest.mark.parametrize(
    "slb",
    [
        {**NLB, "health_check": {"enabled": False}, "idle_timeout": 20, "scheduler": "wlc", "connection_drain": 900},
        {**NLB, "backend": "pods", "health_check": {"port": 8080, "protocol": "http", "path": "/", "interval": 50}},
        {**KEPT_NLB, "server_groups": {**KEPT_NLB["server_groups"], 10080: "sgp-c"}},
        {**CLB, "idle_timeout": 900, "persistence": 9, "scheduler": "wlc", "connection_drain": 900},
        {**CLB, "health_check": {"protocol": "http", "path": "/", "interval": 5, "unhealthy_threshold": 10}},
    ],
)
def test_what_goes_with_udp(slb: dict[str, Any]) -> None:
    assert annotations(slb, UDP)


def test_udp_and_tcp_may_have_the_same_number() -> None:
    both = [*PORTS, {"name": "srt", "port": 8080, "protocol": "UDP"}]
    assert annotations(CLB, both) == {}
    assert annotations({**NLB, "health_check": {"enabled": False}}, both)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        # An error for ever.
        (CLB, REUSED, STUCK),
        (REUSED, CLB, STUCK),
        (REUSED, {**REUSED, "id": "lb-2"}, STUCK),
        (CLB, {**CLB, "address": "intranet"}, STUCK),
        (CLB, {**CLB, "resource_group": "rg-1"}, STUCK),
        (CLB, {**CLB, "master_zone": "cn-hangzhou-k"}, STUCK),
        (CLB, {**CLB, "ip_version": "ipv6"}, STUCK),
        ({**CLB, "ip_version": "ipv6"}, CLB, STUCK),
        ({**REUSED, "show_address": "eip"}, REUSED, STUCK),
        (REUSED, KEPT, STUCK),
        (REUSED_NLB, KEPT_NLB, STUCK),
        (NLB, {**NLB, "ip_version": "dualstack"}, STUCK),
        (NLB, {**NLB, "resource_group": "rg-1"}, STUCK),
        # Nothing happens.
        ({**CLB, "address": "intranet", "vswitch_id": "vsw-1"}, {**CLB, "address": "intranet", "vswitch_id": "vsw-2"}, IGNORED),
        ({**CLB, "address": "intranet"}, CLB, IGNORED),
        ({**CLB, "scheduler": "wrr"}, CLB, IGNORED),
        ({**CLB, "idle_timeout": 60}, CLB, IGNORED),
        ({**CLB, "acl": {"id": "acl-1", "type": "white"}}, CLB, IGNORED),
        ({**CLB, "charge_type": "paybybandwidth", "bandwidth": 9}, CLB, IGNORED),
        ({**CLB, "tags": {"a": "b"}}, CLB, IGNORED),
        ({**CLB, "connection_drain": 60}, CLB, IGNORED),
        ({**CLB, "persistence": 60}, CLB, IGNORED),
        ({**CLB, "delete_protection": False}, CLB, IGNORED),
        ({**NLB, "bandwidth_package": "cbwp-1"}, NLB, IGNORED),
        ({**NLB, "security_groups": ["sg-1"]}, NLB, IGNORED),
        ({**NLB, "cross_zone": False}, NLB, IGNORED),
        ({**NLB, "ip_version": "dualstack", "ipv6_address": "internet"}, {**NLB, "ip_version": "dualstack"}, IGNORED),
        ({**NLB, "health_check": {"interval": 9}}, NLB, IGNORED),
        (CLB, {**CLB, "enabled": False}, MOVED),
        ({**CLB, "bandwidth": 9}, {**CLB, "bandwidth": 10}, IGNORED),
        ({**CLB, "bandwidth": 9, "charge_type": "paybytraffic"}, {**CLB, "bandwidth": 10, "charge_type": "paybytraffic"}, IGNORED),
        (CLB, {**CLB, "spec": "slb.s1.small"}, IGNORED),
        ({**NLB, "zones": {**NLB["zones"], "cn-hangzhou-j": "vsw-j"}}, NLB, IGNORED),
        # Done.
        ({**CLB, "address": "intranet", "show_address": "eip"}, {**CLB, "address": "intranet"}, FOLLOWED),
        (
            {**CLB, "bandwidth": 9, "charge_type": "paybybandwidth"},
            {**CLB, "bandwidth": 10, "charge_type": "paybybandwidth"},
            FOLLOWED,
        ),
        (REUSED, {**REUSED, "spec": "slb.s1.small"}, FOLLOWED),
        (CLB, {**CLB, "spec": "slb.s1.small", "instance_charge_type": "PayBySpec"}, FOLLOWED),
        (
            {**NLB, "zones": {"cn-hangzhou-j": "vsw-j", "cn-hangzhou-i": "vsw-i"}},
            {**NLB, "zones": {"cn-hangzhou-j": "vsw-j", **NLB["zones"]}},
            FOLLOWED,
        ),
        ({**CLB, "acl": {"id": "acl-1", "type": "white"}}, {**CLB, "acl": {"id": "acl-1", "type": "white", "enabled": False}}, FOLLOWED),
        (REUSED, {**REUSED, "show_address": "eip"}, FOLLOWED),
        ({**CLB, "hostname": "live.example.com"}, CLB, FOLLOWED),
        ({**CLB, "backend": "pods"}, CLB, FOLLOWED),
        ({**CLB, "external_traffic_policy": "Local", "scheduler": "wlc"}, {**CLB, "scheduler": "wlc"}, FOLLOWED),
        ({**CLB, "preserve": True}, CLB, FOLLOWED),
        (CLB, {**CLB, "preserve": True}, FOLLOWED),
        ({**CLB, "preserve": True}, {**CLB, "enabled": False, "preserve": True}, FOLLOWED),
        ({**CLB, "preserve": False}, {**CLB, "enabled": False}, MOVED),
        ({**KEPT, "weight": 9}, KEPT, FOLLOWED),
        (KEPT, REUSED, FOLLOWED),
        ({**CLB, "backend_labels": {"a": "b"}, "remove_unscheduled": True, "ignore_weight_update": True}, CLB, FOLLOWED),
        ({**CLB, "idle_timeout": 60}, {**CLB, "idle_timeout": 900}, FOLLOWED),
        ({**CLB, "idle_timeout": 900, "scheduler": "rr", "health_check": {"interval": 2}}, CLB, FOLLOWED),
        (NLB, {**NLB, "address": "intranet"}, FOLLOWED),
        (NLB, {**NLB, "zones": {**NLB["zones"], "cn-hangzhou-j": "vsw-j"}}, FOLLOWED),
        ({**NLB, "source_ranges": ["10.0.0.0/8"]}, NLB, FOLLOWED),
        ({**NLB, "security_groups": ["sg-1"]}, {**NLB, "security_groups": []}, FOLLOWED),
        ({**NLB, "tls": {"certificates": ["1-cn"], "ports": {"rtmp": 443}}}, NLB, FOLLOWED),
    ],
)
def test_what_becomes_of_a_change(before: dict[str, Any], after: dict[str, Any], outcome: str) -> None:
    found: list[Change] = changes(service_of(before, PORTS, address="203.0.113.7"), service_of(after, PORTS))
    assert {change.outcome for change in found} == ({outcome} if outcome != FOLLOWED else set())


def test_both_tables_say_what_becomes_of_removals() -> None:
    assert [platform.removal for platform in PLATFORMS if platform.provider == "alibaba"] == [IGNORED, IGNORED]

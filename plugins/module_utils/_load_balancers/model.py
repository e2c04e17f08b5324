# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ``slb``, and what a table of one provider is made of.

The tables say everything: what a provider takes, in which annotation or field of the Service it is written, which values and ranges are
allowed, which options need or exclude each other, and where that is known from. docs/load-balancers.md is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Option:
    """One typed option of ``slb``.

    ``kind`` is how its value is read: ``switch``, ``number``, ``word``, ``text``, ``texts`` (a list), ``addresses`` (one or a list),
    ``networks`` (a list of CIDRs), ``pairs`` (a mapping of strings), ``numbers`` (a mapping of names of ports to numbers), ``groups`` (a
    mapping of numbers of ports to strings), ``checks`` (a mapping of names of ports to settings), ``zones``, ``duration`` (seconds, ``on``
    or ``off``), ``share`` (``true`` or a key), ``classes`` (a list of HTTP status classes).
    """

    kind: str
    description: str
    unit: str = ""


# What every provider has, and what no table therefore lists.
COMMON: dict[str, Option] = {
    "enabled": Option(
        "switch",
        "Whether there is a load balancer at all. When V(false), the Service is of type ClusterIP and the other options do nothing; one of "
        "type NodePort comes by the provider V(nodeport).",
    ),
    "provider": Option("word", "Whose load balancer it is."),
    "type": Option("word", "Which of the provider's load balancers: a Classic (CLB) or a Network Load Balancer (NLB)."),
    "annotation_prefix": Option("word", "Write the annotations with the provider's older prefix, for an old controller."),
    "annotations": Option("pairs", "Annotations of your own, laid over the ones that follow from the other options."),
}

OPTIONS: dict[str, Option] = {
    "id": Option("text", "An existing load balancer to use instead of a new one. It is not deleted with the Service."),
    "override_listeners": Option("switch", "Let the controller make and change the listeners of the existing load balancer C(id)."),
    "server_groups": Option(
        "groups",
        "The server groups of your own listeners of the load balancer C(id), by the ports of the Service: their backends are managed.",
    ),
    "weight": Option("number", "The share of traffic that the backends of C(server_groups) get, next to others in the same groups."),
    "preserve": Option("switch", "Whether the load balancer and its address stay when the Service goes."),
    "shared": Option("share", "Allow other Services on the same load balancer or address."),
    "address": Option("word", "Reachable from the internet, or from the private network only."),
    "ip": Option("addresses", "The fixed address, or one of each IP family."),
    "pool": Option("text", "The pool to take the address from."),
    "public_ip": Option("text", "The name of an existing public IP resource."),
    "public_ip_ipv6": Option("text", "The name of an existing public IP resource of IPv6."),
    "public_ip_prefix": Option("text", "The id of the public IP prefix that the address comes from."),
    "public_ip_tags": Option("pairs", "The IP tags of the public IP, such as its routing preference."),
    "ip_version": Option("word", "The IP families that viewers may use."),
    "ipv6_address": Option("word", "Whether the IPv6 address is reachable from the internet, or from the private network only."),
    "ipv6_addresses": Option("texts", "IPv6 addresses, one for each of C(subnets)."),
    "private_ips": Option("texts", "Private IPv4 addresses, one for each of C(subnets)."),
    "show_address": Option("word", "Which of its addresses the Service has in its status, and so all who read it there."),
    "hostname": Option("text", "The host name that the Service has in its status instead of an address."),
    "dns_label": Option("text", "The first part of the host name that the provider gives the address."),
    "eips": Option("texts", "Allocation ids of elastic IPs, one for each of C(subnets)."),
    "subnets": Option("texts", "The subnets of the load balancer, each in another zone."),
    "subnet": Option("text", "The subnet of a load balancer with a private address."),
    "vswitch_id": Option("text", "The vSwitch of a load balancer with a private address."),
    "zones": Option("zones", "The zones of the load balancer, each with its vSwitch."),
    "availability_zones": Option("texts", "The zones of the load balancer."),
    "master_zone": Option("text", "The zone of the active half of the load balancer."),
    "slave_zone": Option("text", "The zone of the standby half of the load balancer."),
    "cross_zone": Option("switch", "Whether each zone's address sends traffic to the backends of all zones."),
    "isp": Option("word", "The carrier whose network the address is in."),
    "name": Option("text", "The name of the load balancer."),
    "resource_group": Option("text", "The resource group of the load balancer or of its public IP."),
    "tags": Option("pairs", "Tags of the load balancer."),
    "dedicated": Option("switch", "Whether the load balancer is one of its own, and not one that the provider's customers share."),
    "spec": Option("text", "The size of the load balancer."),
    "instance_charge_type": Option("word", "Whether the load balancer itself is paid by its size or by use."),
    "charge_type": Option("word", "Whether its internet traffic is paid by volume or by bandwidth."),
    "bandwidth": Option("number", "The most that it carries to and from the internet, over all ports.", "Mbit/s"),
    "bandwidth_package": Option("text", "The internet bandwidth package that it belongs to."),
    "new_connections": Option("number", "The most new connections; 0 is no limit.", "connections/s"),
    "scheduler": Option("word", "How connections are spread over the backends."),
    "connection_drain": Option("duration", "How long a backend that leaves may go on with its connections.", "s"),
    "idle_timeout": Option("number", "After which silence a TCP connection is closed.", "s"),
    "persistence": Option("number", "So long a viewer's address goes to the same backend; 0 is not at all.", "s"),
    "cut_unhealthy": Option("switch", "Whether connections to a backend are cut when it fails its check."),
    "tcp_reset": Option("switch", "Whether both ends are told by a TCP reset when an idle connection is closed."),
    "backend": Option("word", "Send traffic straight to the pods, or to node ports."),
    "backend_labels": Option("pairs", "Labels of nodes: only such nodes are backends."),
    "remove_unscheduled": Option("switch", "Whether a node stops being a backend at once when it is cordoned."),
    "ignore_weight_update": Option("switch", "Whether weights of backends that were set by hand stay."),
    "load_balancers": Option("texts", "The names of the cluster's load balancer configurations to choose from."),
    "preserve_client_ip": Option("switch", "Whether the pods see the address of the viewer."),
    "external_traffic_policy": Option("word", "V(Local) keeps the viewer's address and stays on the node; V(Cluster) spreads evenly."),
    "node_ports": Option("switch", "Whether the Service has node ports."),
    "ports": Option("numbers", "The node port of each port of the Service, by its name (C(rtmp), C(http), C(https), C(api))."),
    "class": Option("text", "The load balancer class, when the cluster has several controllers."),
    "source_ranges": Option("networks", "The only networks that may connect."),
    "service_tags": Option("texts", "The provider's names of networks that may connect, besides C(source_ranges)."),
    "acl.enabled": Option("switch", "Whether the list is heeded; V(false) takes back one that was set."),
    "acl.id": Option("text", "The access control list."),
    "acl.type": Option("word", "Whether the list says who may connect (V(white)) or who may not (V(black))."),
    "security_groups": Option("texts", "The security groups of the load balancer."),
    "prefix_lists": Option("texts", "Lists of networks that may connect, kept at the provider."),
    "manage_backend_rules": Option("switch", "Whether the controller opens the backends' security groups for the load balancer."),
    "pass_to_target": Option("switch", "Whether the load balancer's security groups alone decide, and not those of the backends, too."),
    "delete_protection": Option("switch", "Whether the provider refuses to delete the load balancer."),
    "modification_protection": Option("switch", "Whether the provider's console refuses to change the load balancer."),
    "tls.certificates": Option("texts", "The certificates, the default one first, by their ids at the provider."),
    "tls.ports": Option(
        "numbers", "The ports to add that speak TLS, each by the name of the port that it leads to (such as C(rtmp: 443))."
    ),
    "tls.policy": Option("text", "The provider's name of the TLS versions and ciphers to allow."),
    "service_config": Option("text", "The TkeServiceConfig object that holds listener settings such as health checks."),
    "health_check.enabled": Option("switch", "Whether backends are checked."),
    "health_check.protocol": Option("word", "How backends are checked."),
    "health_check.port": Option("number", "The port that is checked; without it the port that gets the traffic."),
    "health_check.path": Option("text", "The path of an HTTP check."),
    "health_check.domain": Option("text", "The host name of an HTTP check."),
    "health_check.method": Option("word", "The method of an HTTP check."),
    "health_check.status": Option("classes", "The classes of HTTP status that pass."),
    "health_check.ports": Option(
        "checks", "Checks of their own for ports of the Service, by their names, such as C(http: {protocol: http, path: /})."
    ),
    "health_check.interval": Option("number", "The time between two checks.", "s"),
    "health_check.timeout": Option("number", "How long a check may take.", "s"),
    "health_check.healthy_threshold": Option("number", "So many checks in a row must pass before a backend gets traffic."),
    "health_check.unhealthy_threshold": Option("number", "After so many failed checks in a row a backend gets no more traffic."),
}

# Options that are dicts: their keys are listed above with a dot.
GROUPS: dict[str, str] = {
    "tls": "TLS that ends at the load balancer, so that RTMP is RTMPS and HTTP is HTTPS for viewers.",
    "acl": "Access control by a list that is kept at the provider.",
    "health_check": "How the load balancer finds out which backends work.",
}

# What is known of a Service besides its options, which rules may name: how messages call it.
FACTS = {
    "udp": "a UDP port",
    "only_udp": "a Service without a TCP port",
    "tcp_udp": "one port number for TCP and UDP",
    "ipv6_ranges": "an IPv6 network in source_ranges",
}
# What becomes of a change of an option, or of its removal, while the load balancer exists.
FOLLOWED = "followed"  # done
IGNORED = "ignored"  # the load balancer keeps what it has, and nobody is told
STUCK = "stuck"  # the controller fails, and follows nothing of this Service any more until it is taken back
MOVED = "moved"  # the Service gets another load balancer, with another address


@dataclass(frozen=True)
class Cell:
    """How one provider takes one option."""

    # The annotation, with {prefix} and {port} to be filled in; or "spec.<field>" of the Service; or nothing, when it is only accepted.
    key: str = ""
    # The annotation is a list of name=value pairs, and this is the name; or a JSON object, and this is the path to the value, in which
    # numbers are strings where ``quoted``.
    attribute: str = ""
    json: bool = False
    quoted: bool = False
    # What is written whatever the value is.
    constant: Any = None
    # The number must be a TCP port of the Service.
    service_port: bool = False
    # What each port's check may have, for kind ``checks``.
    settings: Mapping[str, Cell] = field(default_factory=dict)
    # How one entry of a mapping is written, with {name} and {value}.
    entry: str = "{name}={value}"
    # The annotation for the items of a list after the first, where they are apart; written even when there are none.
    rest: str = ""
    # The Service must have the IP families of these addresses.
    families: bool = False
    # The protocols of the ports that an annotation with {port} is written for.
    protocols: tuple[str, ...] = ("TCP", "UDP", "TLS")
    # The allowed words and what they are written as.
    words: Mapping[Any, Any] = field(default_factory=dict)
    # The range of a number, or how many items a list may have.
    low: int | None = None
    high: int | None = None
    # A whole string must match.
    pattern: str = ""
    # Our unit by the provider's (60 where it counts minutes).
    divisor: int = 1
    # What becomes of a change, and of a removal (by default what the platform says); and what is there without the option, as written.
    change: str = FOLLOWED
    removal: str = ""
    default: str | None = None
    # What becomes of a change that only leaves out items of a list.
    fewer: str = ""
    # Annotations that are written with it, or instead of it when the value is "off".
    also: Mapping[str, str] = field(default_factory=dict)
    off: Mapping[str, str] | None = None
    # The controller that it needs at least, where that isn't the platform's.
    since: str = ""
    # Where this is known from: a key of the provider's sources. Empty where nobody has looked yet.
    source: str = ""
    note: str = ""
    # Belongs to the load balancer and not to the Service: Services that share one must not contradict each other.
    whole: bool = False
    # The value is a load balancer or an address. May several Services have the same one: "never", on different "ports", "asked" (on
    # different ports, when each says shared)?
    sharing: str = ""


@dataclass(frozen=True)
class Rule:
    """Options that need or exclude each other, or facts (``FACTS``). A value of ``...`` stands for any, a tuple for one of several."""

    when: Mapping[str, Any]
    reason: str
    needs: Mapping[str, Any] = field(default_factory=dict)
    excludes: Mapping[str, Any] = field(default_factory=dict)
    unless: str | Mapping[str, Any] = ""


@dataclass(frozen=True)
class Implied:
    """Annotations, or one attribute of them, that follow from other options, unless an option is given or one of several conditions holds.

    ``{tcp}`` is the name of the Service's first TCP port.
    """

    when: Mapping[str, Any]
    annotations: Mapping[str, str]
    reason: str
    unless: str | Mapping[str, Any] = ""
    attribute: str = ""


@dataclass(frozen=True)
class Outcome:
    """What becomes of a change or removal of an option, otherwise than its cell says, when the Service then has these options, as written.

    A value of ``...`` stands for any, None for none.
    """

    option: str
    when: Mapping[str, Any]
    becomes: str


@dataclass(frozen=True)
class Platform:
    """The table of one provider, or of one type of load balancer of a provider."""

    provider: str
    title: str
    cells: Mapping[str, Cell]
    type: str = ""
    since: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    implied: tuple[Implied, ...] = ()
    # Why an option is missing and what to do instead, where there is more to say than that it is missing.
    missing: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    # What becomes of an option that is removed while the load balancer exists, unless its cell says otherwise.
    removal: str = FOLLOWED
    outcomes: tuple[Outcome, ...] = ()
    # Options by which an address seems to be the user's own, and isn't when the Service has these others, as written.
    not_own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # The option with which the controller deletes no load balancer, and how it is written then.
    protection: tuple[str, str] = ("", "")

    @property
    def label(self) -> str:
        return f"{self.provider} ({self.type})" if self.type else self.provider

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon EKS: Network Load Balancer, by the AWS Load Balancer Controller (LBC)."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import table_parts
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    IGNORED,
    MOVED,
    Cell,
    Implied,
    Platform,
    Rule,
)

AWS = "service.beta.kubernetes.io/aws-load-balancer"
CHECK = f"{AWS}-healthcheck"
TARGETS = f"{AWS}-target-group-attributes"
ATTRIBUTES = f"{AWS}-attributes"
IPV4_ADDRESS = r"[0-9.]+"
NODES_WITHOUT_PODS = "a node without a pod of the Service is found out at Kubernetes' own health check, which speaks HTTP only"
UDP_CHECK = "UDP targets are checked by TCP"

AWS_NLB = Platform(
    provider="aws",
    title="Amazon EKS, Network Load Balancer by the AWS Load Balancer Controller",
    spec={"loadBalancerClass": "service.k8s.aws/nlb"},
    sources={
        "lbc": "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/",
        "code": "https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/225f44568848eb25f13e304a5f1cc68c0cd9415d"
        " (pkg/service, pkg/deploy/elbv2)",
        "class": "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/",
        "idle": "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html",
        "group": "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html",
        "elb": "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
        "target": "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "address": Cell(
            f"{AWS}-scheme",
            words={"internet": "internet-facing", "intranet": "internal"},
            change=MOVED,
            removal=IGNORED,
            default="internal",
            source="code",
            note="default internal: say internet for viewers outside; a change makes a new load balancer with another host name",
        ),
        "subnets": Cell(
            f"{AWS}-subnets", low=1, removal=IGNORED, source="code", note="a zone that leaves takes its address along, the host name stays"
        ),
        "eips": Cell(f"{AWS}-eip-allocations", low=1, sharing="never", change=IGNORED, removal=IGNORED, source="code"),
        "private_ips": Cell(
            f"{AWS}-private-ipv4-addresses", low=1, pattern=IPV4_ADDRESS, sharing="never", change=IGNORED, removal=IGNORED, source="code"
        ),
        "ip_version": Cell(
            f"{AWS}-ip-address-type",
            words={"ipv4": "ipv4", "dualstack": "dualstack"},
            source="code",
            note="default ipv4; dualstack needs subnets with IPv6; viewers reach IPv4 pods by both",
        ),
        "ipv6_addresses": Cell(
            f"{AWS}-ipv6-addresses",
            low=1,
            pattern=r"[0-9A-Fa-f:.]+",
            sharing="never",
            change=IGNORED,
            removal=IGNORED,
            source="code",
            note="heeded when the load balancer is made, or becomes dualstack",
        ),
        "name": Cell(
            f"{AWS}-name",
            pattern=r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
            sharing="never",
            change=IGNORED,
            removal=IGNORED,
            source="elb",
            note="up to 32 letters, digits and -, not internal- first; fixed once made",
        ),
        "tags": Cell(f"{AWS}-additional-resource-tags", source="lbc"),
        "cross_zone": Cell(
            ATTRIBUTES,
            attribute="load_balancing.cross_zone.enabled",
            words=table_parts.TRUE_FALSE,
            removal=IGNORED,
            default="false",
            source="lbc",
            note="default false; AWS charges for traffic between zones",
        ),
        "delete_protection": Cell(
            ATTRIBUTES,
            attribute="deletion_protection.enabled",
            words=table_parts.TRUE_FALSE,
            removal=IGNORED,
            default="false",
            source="code",
            note="default false; set it to false before the Service or its load balancer goes, which otherwise never ends; "
            "a change of address deletes the load balancer all the same",
        ),
        "connection_drain": Cell(
            TARGETS,
            attribute="deregistration_delay.timeout_seconds",
            low=0,
            high=3600,
            words={"off": 0},
            removal=IGNORED,
            default="300",
            source="lbc",
            note="default 300",
        ),
        "cut_unhealthy": Cell(
            TARGETS,
            attribute="target_health_state.unhealthy.connection_termination.enabled",
            words=table_parts.TRUE_FALSE,
            removal=IGNORED,
            default="true",
            source="group",
            note="default true: one target that fails its check loses all its viewers",
        ),
        "idle_timeout": Cell(
            f"{AWS}-listener-attributes.{{protocol}}-{{port}}",
            attribute="tcp.idle_timeout.seconds",
            protocols=("TCP",),
            low=60,
            high=6000,
            removal=IGNORED,
            default="350",
            source="idle",
            note="default 350, which is fixed for TLS",
        ),
        "backend": Cell(
            f"{AWS}-nlb-target-type",
            words={"nodes": "instance", "pods": "ip"},
            source="code",
            note="default nodes; pods needs the Amazon VPC CNI; a change makes new target groups, which cuts connections",
        ),
        "backend_labels": Cell(f"{AWS}-target-node-labels", source="code", note="for backend: nodes"),
        "preserve_client_ip": Cell(
            TARGETS,
            attribute="preserve_client_ip.enabled",
            words=table_parts.TRUE_FALSE,
            removal=IGNORED,
            source="group",
            note="default true for nodes, false for pods; always true for UDP",
        ),
        "class": table_parts.load_balancer_class(
            "class", "default service.k8s.aws/nlb; eks.amazonaws.com/nlb for EKS Auto Mode; fixed once made"
        ),
        "external_traffic_policy": table_parts.traffic_policy("lbc"),
        "node_ports": table_parts.node_ports("k8s"),
        "source_ranges": Cell(
            "spec.loadBalancerSourceRanges",
            source="code",
            note="rules of its security group; IPv6 needs ip_version: dualstack",
        ),
        "prefix_lists": Cell(
            f"{AWS}-security-group-prefix-lists",
            low=1,
            pattern=r"pl-[0-9a-f]+",
            since="LBC 2.8",
            source="code",
            note="such as a CDN's; alone they replace the default of everybody",
        ),
        "security_groups": Cell(
            f"{AWS}-security-groups",
            low=1,
            source="code",
            note="the nodes' own groups must then let it in, or manage_backend_rules; one made without any never gets one",
        ),
        "manage_backend_rules": Cell(
            f"{AWS}-manage-backend-security-group-rules",
            words=table_parts.TRUE_FALSE,
            source="code",
            note="default false with security_groups",
        ),
        "tls.certificates": Cell(
            f"{AWS}-ssl-cert", low=1, pattern=r"arn:[\w:/.-]+", source="lbc", note="ARNs of the AWS Certificate Manager"
        ),
        "tls.ports": Cell(f"{AWS}-ssl-ports", entry="{value}", low=1, high=65535, source="lbc"),
        "tls.policy": Cell(f"{AWS}-ssl-negotiation-policy", source="lbc", note="such as ELBSecurityPolicy-TLS13-1-2-2021-06"),
        "health_check.protocol": Cell(
            f"{CHECK}-protocol",
            words={"tcp": "tcp", "http": "http", "https": "https"},
            source="lbc",
            note="default tcp; http with external_traffic_policy: Local and backend: nodes",
        ),
        "health_check.port": Cell(f"{CHECK}-port", low=1, high=65535, source="lbc"),
        "health_check.path": Cell(f"{CHECK}-path", pattern=r"/\S{0,1023}", source="lbc"),
        "health_check.status": Cell(
            f"{CHECK}-success-codes",
            words={f"{n}xx": f"{n}00-{n}99" for n in (2, 3, 4, 5)},
            source="lbc",
            note="neighbours become one range, such as 200-399",
        ),
        "health_check.interval": Cell(f"{CHECK}-interval", low=5, high=300, source="target", note="default 10"),
        "health_check.timeout": Cell(f"{CHECK}-timeout", low=2, high=120, source="target", note="default 10"),
        "health_check.healthy_threshold": Cell(f"{CHECK}-healthy-threshold", low=2, high=10, source="target", note="default 3"),
        "health_check.unhealthy_threshold": Cell(f"{CHECK}-unhealthy-threshold", low=2, high=10, source="target", note="default 3"),
    },
    protection=("delete_protection", "true"),
    rules=(
        Rule({"eips": ...}, "elastic IPs are internet addresses", needs={"address": "internet", "subnets": ...}),
        Rule({"private_ips": ...}, "a load balancer on the internet has none", excludes={"address": "internet"}),
        Rule({"private_ips": ...}, "each is in one of them", needs={"subnets": ...}),
        Rule({"ipv6_addresses": ...}, "otherwise it has IPv4 only", needs={"ip_version": "dualstack", "subnets": ...}),
        Rule({"ipv6_ranges": True}, "the controller refuses them for IPv4 alone", needs={"ip_version": "dualstack"}),
        Rule({"source_ranges": ...}, "the controller ignores them then; write them into the groups", excludes={"security_groups": ...}),
        Rule({"prefix_lists": ...}, "the controller ignores them then; write them into the groups", excludes={"security_groups": ...}),
        Rule({"manage_backend_rules": ...}, "for its own group the controller always does it", needs={"security_groups": ...}),
        table_parts.LABELS_OF_NODES,
        table_parts.NODE_PORTS_OR_PODS,
        Rule(
            {"external_traffic_policy": "Local"},
            NODES_WITHOUT_PODS,
            excludes={"health_check.protocol": ("tcp", "https")},
            unless={"backend": "pods"},
        ),
        table_parts.CHECKED_PORT_OF_PODS,
        *table_parts.http_only("path", "status"),
        Rule({"tls.certificates": ...}, "without them every port would speak TLS", needs={"tls.ports": ...}),
        table_parts.PORTS_WITH_CERTIFICATES,
        Rule({"tls.policy": ...}, "it is a part of TLS", needs={"tls.certificates": ...}),
        Rule({"only_udp": True, "backend": "pods"}, UDP_CHECK, needs={"health_check.port": ...}),
        Rule({"only_udp": True}, UDP_CHECK, needs={"health_check.port": ...}, unless={"external_traffic_policy": "Local"}),
        Rule({"udp": True}, "the viewer's address is always kept for UDP", excludes={"preserve_client_ip": False}),
        Rule({"udp": True}, "a UDP target group has no such attribute", excludes={"cut_unhealthy": ...}),
        Rule({"tcp_udp": True}, "the listener for both has no such attribute", excludes={"idle_timeout": ...}),
    ),
    implied=(
        Implied(
            {"udp": True},
            {f"{CHECK}-port": "{tcp}"},
            f"{UDP_CHECK}, so all targets are checked at the Service's first TCP port",
            unless={"health_check.port": ..., "external_traffic_policy": "Local"},
        ),
        Implied(
            {"udp": True, "backend": "pods"},
            {f"{CHECK}-port": "{tcp}"},
            f"{UDP_CHECK}, so all targets are checked at the Service's first TCP port",
            unless="health_check.port",
        ),
        Implied(
            {"tcp_udp": True},
            {f"{AWS}-enable-tcp-udp-listener": "true"},
            "otherwise the controller makes a listener for only one of them",
        ),
        Implied(
            {"udp": True, "ip_version": "dualstack"},
            {f"{AWS}-enable-prefix-for-ipv6-source-nat": "on"},
            "otherwise a dual-stack load balancer takes no UDP listener",
        ),
    ),
    missing={
        "id": "the AWS Load Balancer Controller makes one load balancer for each Service",
        "shared": "the AWS Load Balancer Controller makes one load balancer for each Service",
        "ip": "an internet address is an elastic IP: eips",
        "subnet": "an NLB has a subnet in each zone: subnets",
        "zones": "an NLB has a subnet in each zone: subnets",
        "bandwidth": "an NLB has no limit; limit it at the pods: limit: {bandwidth}",
        "scheduler": "an NLB spreads connections by a hash",
        "health_check.enabled": "an NLB always checks its targets",
    },
)

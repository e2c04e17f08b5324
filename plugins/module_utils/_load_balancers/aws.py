# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon EKS: Network Load Balancer, by the AWS Load Balancer Controller (LBC)."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import (
    BOOLEAN,
    CLASS_NAME,
    POLICIES,
    Cell,
    Platform,
    Rule,
)

AWS = "service.beta.kubernetes.io/aws-load-balancer"
CHECK = f"{AWS}-healthcheck"
TARGETS = f"{AWS}-target-group-attributes"
HTTP = ("http", "https")

AWS_NLB = Platform(
    provider="aws",
    title="Amazon EKS, Network Load Balancer by the AWS Load Balancer Controller",
    spec={"loadBalancerClass": "service.k8s.aws/nlb"},
    sources={
        "lbc": "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/",
        "class": "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/",
        "idle": "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html",
        "target": "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html",
        "k8s": "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
    },
    cells={
        "address": Cell(
            f"{AWS}-scheme",
            words={"internet": "internet-facing", "intranet": "internal"},
            source="lbc",
            note="default internal: say internet for viewers outside",
        ),
        "subnets": Cell(f"{AWS}-subnets", low=1, source="lbc"),
        "eips": Cell(f"{AWS}-eip-allocations", low=1, sharing="never", source="lbc"),
        "name": Cell(
            f"{AWS}-name",
            pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
            sharing="never",
            source="lbc",
            note="up to 32 letters, digits and -",
        ),
        "tags": Cell(f"{AWS}-additional-resource-tags", source="lbc"),
        "connection_drain": Cell(
            TARGETS, attribute="deregistration_delay.timeout_seconds", low=0, high=3600, words={"off": 0}, source="lbc", note="default 300"
        ),
        "idle_timeout": Cell(
            f"{AWS}-listener-attributes.TCP-{{port}}",
            attribute="tcp.idle_timeout.seconds",
            low=60,
            high=6000,
            source="idle",
            note="default 350",
        ),
        "backend": Cell(
            f"{AWS}-nlb-target-type",
            words={"nodes": "instance", "pods": "ip"},
            source="lbc",
            note="default nodes; pods needs the Amazon VPC CNI",
        ),
        "preserve_client_ip": Cell(
            TARGETS,
            attribute="preserve_client_ip.enabled",
            words={True: "true", False: "false"},
            source="lbc",
            note="default true for nodes, false for pods",
        ),
        "class": Cell(
            "spec.loadBalancerClass",
            pattern=CLASS_NAME,
            source="class",
            note="default service.k8s.aws/nlb; eks.amazonaws.com/nlb for EKS Auto Mode; fixed once made",
        ),
        "external_traffic_policy": Cell("spec.externalTrafficPolicy", words=POLICIES, source="lbc"),
        "node_ports": Cell("spec.allocateLoadBalancerNodePorts", words=BOOLEAN, source="lbc"),
        "source_ranges": Cell("spec.loadBalancerSourceRanges", source="lbc"),
        "security_groups": Cell(f"{AWS}-security-groups", low=1, source="lbc", note="the nodes' own groups must then let it in"),
        "health_check.protocol": Cell(
            f"{CHECK}-protocol",
            words={"tcp": "tcp", "http": "http", "https": "https"},
            source="lbc",
            note="default tcp; http with external_traffic_policy: Local",
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
    rules=(
        Rule({"eips": ...}, "elastic IPs are internet addresses", needs={"address": "internet", "subnets": ...}),
        Rule({"source_ranges": ...}, "the controller ignores them then; write them into the groups", excludes={"security_groups": ...}),
        Rule(
            {"source_ranges": ..., "backend": "pods"},
            "without the viewer's address the controller ignores them",
            needs={"preserve_client_ip": True},
        ),
        Rule({"node_ports": False}, "the load balancer reaches nodes by their node ports", needs={"backend": "pods"}),
        Rule(
            {"external_traffic_policy": "Local"},
            "a node without a pod of the Service is found out by HTTP only",
            excludes={"health_check.protocol": "tcp"},
        ),
        Rule(
            {"health_check.port": ...},
            "a node listens on node ports only, and those are checked by themselves",
            needs={"backend": "pods"},
        ),
        Rule({"health_check.path": ...}, "it is a part of an HTTP check", needs={"health_check.protocol": HTTP}),
        Rule({"health_check.status": ...}, "it is a part of an HTTP check", needs={"health_check.protocol": HTTP}),
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

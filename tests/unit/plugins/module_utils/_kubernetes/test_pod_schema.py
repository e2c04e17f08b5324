# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes takes of the parts of a pod, rule by rule. All of it is held against an API server by test_inventories.py."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import pod_schema as schema
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import value_checks as values
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import Check

IN = {"key": "a", "operator": "In", "values": ["b"]}
TERM = {"topologyKey": "kubernetes.io/hostname"}
REQUIRED, PREFERRED = schema.REQUIRED, schema.PREFERRED

RIGHT: list[tuple[Check, Any]] = [
    (schema.tolerations, []),
    (schema.tolerations, [{"operator": "Exists"}]),
    (schema.tolerations, [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 0}]),
    (schema.tolerations, [{"key": "a", "value": None}]),
    (schema.resources, {}),
    (schema.resources, {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": 0.5, "memory": "1024Mi"}}),
    (schema.resources, {"limits": {"nvidia.com/gpu": 1}, "requests": {"nvidia.com/gpu": "1"}}),
    (schema.resources, {"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}, "requests": {"hugepages-2Mi": "4Mi"}}),
    (schema.env, [{"name": "N", "value": "5"}, {"name": "A B", "value": ""}]),
    (schema.env, [{"name": "N", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
    (schema.env, [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['example.com/a']"}}}]),
    (schema.affinity, {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [IN]}]}}}),
    (schema.affinity, {"podAntiAffinity": {PREFERRED: [{"weight": 100, "podAffinityTerm": {**TERM, "labelSelector": {}}}]}}),
    (schema.probes["livenessProbe"], {"failureThreshold": 120, "successThreshold": 1, "terminationGracePeriodSeconds": 1}),
    (schema.probes["readinessProbe"], {"httpGet": {"port": "http", "path": "/"}, "successThreshold": 3}),
    (schema.volumes, [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "c", "items": [{"key": "k", "path": "a/b"}]}}]),
    (schema.volumes, [{"name": "a", "csi": {"whatever": 1}}]),
    (schema.volume_mounts, [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b", "subPath": "x"}]),
    (
        schema.containers,
        [{"name": "a", "image": "i", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 80, "protocol": "UDP"}]}],
    ),
    (schema.peers, [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]),
    (values.labels, {"example.com/a": "", "A.b_c": "1.x"}),
    (values.annotation_pairs, {"Example.com/a": "any text at all", "b": ""}),
]

WRONG: list[tuple[Check, Any, str]] = [
    (schema.tolerations, {}, "x is a mapping: it must be a list."),
    (schema.tolerations, [{"key": "a", "operator": "Equals"}], "x[0].operator is 'Equals': it must be Equal or Exists."),
    (schema.tolerations, [{"operator": "Equal"}], "x[0] has no key: give it, or the operator Exists, which tolerates all taints."),
    (schema.tolerations, [{"key": "a", "operator": "Exists", "value": "b"}], "x[0].value is given: the operator Exists goes without."),
    (
        schema.tolerations,
        [{"key": "a", "tolerationSeconds": 5}],
        "x[0].tolerationSeconds is given: it goes with the effect NoExecute alone.",
    ),
    (
        schema.tolerations,
        [{"keys": "a"}],
        "x[0] has no key keys (did you mean key?): known are key, operator, value, effect, tolerationSeconds.",
    ),
    (
        schema.resources,
        {"limits": {"cpu": "2 cores"}},
        "x.limits.cpu is '2 cores': it must be a quantity of Kubernetes such as 500m, 2 or 1.5Gi.",
    ),
    (schema.resources, {"limits": {"cpu": True}}, "x.limits.cpu is true: it must be a quantity of Kubernetes such as 500m, 2 or 1.5Gi."),
    (schema.resources, {"limits": {"cpu": "-1"}}, "x.limits.cpu is '-1': it must be a quantity of Kubernetes such as 500m, 2 or 1.5Gi."),
    (
        schema.resources,
        {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}},
        "x.requests.cpu is 2, which is more than the limit, '1500m': lower it, or raise the limit.",
    ),
    (
        schema.resources,
        {"limits": {"cpus": 1}},
        "x.limits has the key 'cpus': it must be cpu, memory, ephemeral-storage, hugepages-SIZE or a resource with a domain, "
        "such as nvidia.com/gpu.",
    ),
    (schema.resources, {"requests": {"nvidia.com/gpu": 1}}, "x.requests.nvidia.com/gpu is 1: the limit must be the same."),
    (schema.resources, {"limits": {"nvidia.com/gpu": "1.5"}}, "x.limits.nvidia.com/gpu is '1.5': it must be a whole number."),
    (schema.resources, {"limits": {"hugepages-2Mi": "4Mi"}}, "x asks for huge pages alone: ask for cpu or memory as well."),
    (
        schema.resources,
        {"limits": {"hugepages-2Mi": "3Mi", "cpu": 1}},
        "x.limits.hugepages-2Mi is '3Mi': it must be a multiple of the size in its name.",
    ),
    (schema.env, [{"name": "N", "value": 5}], "x[0].value is a number: it must be text, so put it in quotes."),
    (schema.env, [{"name": "N", "value": True}], "x[0].value is true or false: it must be text, so put it in quotes."),
    (schema.env, [{"name": "N", "value": ["a"]}], "x[0].value is a list: it must be text."),
    (schema.env, [{"value": "a"}], "x[0].name is missing: give it."),
    (schema.env, [{"name": "A=B"}], "x[0].name is 'A=B': it must be ASCII text without '='."),
    (schema.env, [{"name": "N"}, {"name": "N"}], "x[1] has the name 'N' of x[0]: they must differ."),
    (
        schema.env,
        [{"name": "N", "value": "a", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "x[0] has value and valueFrom: keep one of them.",
    ),
    (
        schema.affinity,
        {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}},
        f"x.nodeAffinity.{REQUIRED}.nodeSelectorTerms has 0 elements: it must have 1 or more.",
    ),
    (schema.affinity, {"podAffinity": {REQUIRED: [{}]}}, f"x.podAffinity.{REQUIRED}[0].topologyKey is missing: give it."),
    (
        schema.affinity,
        {"podAffinity": {PREFERRED: [{"weight": 101, "podAffinityTerm": TERM}]}},
        f"x.podAffinity.{PREFERRED}[0].weight is 101: it must be a whole number from 1 to 100.",
    ),
    (
        schema.selector,
        {"matchExpressions": [{"key": "a", "operator": "In"}]},
        "x.matchExpressions[0].values is missing: In goes with at least one.",
    ),
    (schema.selector, {"matchExpressions": [{**IN, "operator": "Exists"}]}, "x.matchExpressions[0].values are given: Exists goes without."),
    (
        schema.selector,
        {"matchExpressions": [{**IN, "operator": "Gt"}]},
        "x.matchExpressions[0].operator is 'Gt': it must be In, NotIn, Exists or DoesNotExist.",
    ),
    (
        schema.probes["livenessProbe"],
        {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}},
        "x has exec and tcpSocket: keep one of them.",
    ),
    (schema.probes["livenessProbe"], {"successThreshold": 2}, "x.successThreshold is 2: it must be 1 for this probe."),
    (
        schema.probes["livenessProbe"],
        {"tcpSocket": {"port": "80"}},
        "x.tcpSocket.port is '80': it must be a number without quotes, or the name of a port: at most 15 of a-z, 0-9 and single '-'.",
    ),
    (schema.probes["livenessProbe"], {"tcpSocket": {"port": 0}}, "x.tcpSocket.port is 0: it must be a whole number from 1 to 65535."),
    (schema.volumes, [{"name": "a"}, {"name": "a"}], "x[1] has the name 'a' of x[0]: they must differ."),
    (
        schema.volumes,
        [{"name": "A"}],
        "x[0].name is 'A': it must be a DNS label: at most 63 of a-z, 0-9 and '-', a letter or digit at both ends.",
    ),
    (schema.volumes, [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/a"}}], "x[0] has emptyDir and hostPath: keep one of them."),
    (schema.volume_source, {}, None),
    (schema.containers, [{"name": "a"}], "x[0].image is missing: give it."),
    (
        schema.containers,
        [{"name": "a", "image": "i", "ports": [{"containerPort": 80, "name": "b"}, {"containerPort": 81, "name": "b"}]}],
        "x[0].ports has the name 'b' twice: names must differ.",
    ),
    (
        schema.containers,
        [{"name": "a", "image": "i", "securityContext": {"allowPrivilegeEscalation": False, "privileged": True}}],
        "x[0].securityContext.allowPrivilegeEscalation is false, but privileged or CAP_SYS_ADMIN brings it: leave one of them out.",
    ),
    (schema.peers, [{}], "x[0] says nothing: give it a podSelector, a namespaceSelector or an ipBlock."),
    (
        schema.peers,
        [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}],
        "x[0] has an ipBlock and a selector: make two elements of them.",
    ),
    (schema.peers, [{"ipBlock": {"cidr": "10.0.0.1"}}], "x[0].ipBlock.cidr is '10.0.0.1': it must be a network such as 10.0.0.0/8."),
    (
        schema.peers,
        [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}],
        "x[0].ipBlock.except[0] is '10.0.0.0/8': it must be a part of 10.0.0.0/8.",
    ),
    (values.labels, {"a": 5}, "x.a is a number: it must be text, so put it in quotes."),
    (values.annotation_pairs, {"a": "b" * 262_144}, "x has 262145 bytes: all annotations together must have at most 262144."),
    (values.flag, "yes", "x is 'yes': it must be true or false."),
    (schema.image, " nginx", "x is ' nginx': it must be an image, without spaces around it."),
]


@pytest.mark.parametrize(("check", "value"), RIGHT)
def test_what_is_right(check: Check, value: Any) -> None:
    assert list(check("x", value)) == []


@pytest.mark.parametrize(("check", "value", "said"), WRONG)
def test_each_mistake_is_named(check: Check, value: Any, said: str | None) -> None:
    (problem,) = check("x", value)
    assert said is None or problem == said


@pytest.mark.parametrize(
    "value", [None, 1, 1.5, True, "a", [], [None], ["a"], [[]], {}, {"a": None}, {1: 2}, [{}], {"": ""}, [{"name": []}], {"a": {}}]
)
@pytest.mark.parametrize("check", list({id(check): check for check, *_rest in [*RIGHT, *WRONG]}.values()))
def test_nonsense_is_a_sentence_at_most(check: Check, value: Any) -> None:
    assert all(problem.startswith("x") and problem.endswith(".") for problem in check("x", value))


def test_values_of_the_wrong_type_are_not_shown() -> None:
    """They may be secrets."""
    (problem,) = schema.env("x", [{"name": "PASSWORD", "value": 12345}])
    assert "12345" not in problem

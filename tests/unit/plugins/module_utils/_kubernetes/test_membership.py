# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels and the record of an apply set."""

from __future__ import annotations

import base64
import hashlib

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import membership
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.kinds import KNOWN
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.membership import Scope


def test_the_id_is_that_of_the_specification() -> None:
    # applyset-<base64url(sha256(<name>.<namespace>.<kind>.<group>))>-v1, which must fit into a label
    expected = base64.urlsafe_b64encode(hashlib.sha256(b"srs-edge-apply-set.media.ConfigMap.").digest()).decode().rstrip("=")
    assert membership.set_id("srs-edge", "media") == f"applyset-{expected}-v1"
    assert len(membership.set_id("srs-edge", "media")) <= 63


def test_sets_of_another_name_or_namespace_have_other_ids() -> None:
    ids = {membership.set_id(name, namespace) for name in ("a", "b") for namespace in ("x", "y")}
    assert len(ids) == 4


def test_the_record_says_where_members_are() -> None:
    scope = Scope(frozenset({"Service", "Deployment.apps", "ConfigMap"}), frozenset({"media", "other", "more"}))
    record = membership.record("srs", "media", scope)
    assert record["metadata"]["name"] == "srs-apply-set"
    assert record["metadata"]["labels"]["applyset.kubernetes.io/id"] == membership.set_id("srs", "media")
    assert record["metadata"]["annotations"] == {
        "applyset.kubernetes.io/tooling": "livestream.srs/v1",
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps,Service",
        "applyset.kubernetes.io/additional-namespaces": "more,other",
    }
    assert membership.recorded_scope(record, "media") == scope
    assert membership.is_record_of(record, "srs", "media")


def test_an_empty_record_leads_to_no_kind() -> None:
    record = membership.record("srs", "media", Scope())
    assert membership.recorded_scope(record, "media") == Scope(frozenset(), frozenset({"media"}))
    assert membership.recorded_scope({"metadata": {"name": "a"}}, "media") == Scope(frozenset(), frozenset({"media"}))


def test_what_only_has_the_name_of_a_record_is_none() -> None:
    record = membership.record("srs", "media", Scope())
    assert not membership.is_record_of({"metadata": {"name": "srs-apply-set"}}, "srs", "media")
    assert not membership.is_record_of(record, "srs", "other")
    record["metadata"]["annotations"][membership.TOOLING] = "kubectl/v1.35"
    assert not membership.is_record_of(record, "srs", "media")


def test_the_scope_of_objects() -> None:
    members = [(KNOWN["apps/v1", "Deployment"], "a"), (KNOWN["v1", "ConfigMap"], "b"), (KNOWN["v1", "Namespace"], None)]
    scope = membership.scope_of(members)
    assert scope == Scope(frozenset({"Deployment.apps", "ConfigMap", "Namespace"}), frozenset({"a", "b"}))
    assert scope | Scope(frozenset({"X.y"}), frozenset({"c"})) == Scope(scope.group_kinds | {"X.y"}, frozenset({"a", "b", "c"}))


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        ("Namespace", 0),
        ("CustomResourceDefinition.apiextensions.k8s.io", 0),
        ("ConfigMap", 1),
        ("Secret", 1),
        ("PersistentVolumeClaim", 1),
        ("ServiceAccount", 1),
        ("Role.rbac.authorization.k8s.io", 1),
        ("RoleBinding.rbac.authorization.k8s.io", 2),
        ("Deployment.apps", 2),
        ("Service", 2),
        ("Unknown", 2),
        ("Role.iam.example.org", 2),
        ("Namespace.example.org", 2),
        ("NetworkPolicy.networking.k8s.io", 1),
        ("NetworkPolicy.crd.projectcalico.org", 2),
    ],
)
def test_what_others_need_comes_first(kind: str, phase: int) -> None:
    assert membership.phase(kind) == phase


def test_what_others_live_in_is_kept() -> None:
    kinds = [("v1", "Namespace"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition")]
    assert list(membership.KEPT_KINDS) == [KNOWN[kind].group_kind for kind in kinds]

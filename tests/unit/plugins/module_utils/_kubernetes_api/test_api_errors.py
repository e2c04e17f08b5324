# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server refused, as a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError, joined

WHAT = "apply Deployment media/web"


def message(status: int, said: str, **details: Any) -> str:
    return ApiError(WHAT, status, {"message": said, "details": details}, 'context "prod"').message


def forbidden(group: str, where: str) -> str:
    return f'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments" in API group "{group}"{where}'


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (
            message(401, "Unauthorized"),
            'the API server does not accept the credentials of context "prod" (Unauthorized); renew them or use others.',
        ),
        (
            message(403, forbidden("apps", ' in the namespace "media"')),
            'the user "jane" lacks the verb "patch" on deployments.apps in the namespace "media"; '
            'grant it to that user, or use other credentials than those of context "prod".',
        ),
        (
            message(403, forbidden("", " at the cluster scope") + ": RBAC: role not found"),
            'the user "jane" lacks the verb "patch" on deployments at the cluster scope; '
            'grant it to that user, or use other credentials than those of context "prod".',
        ),
        (
            message(403, 'pods "a" is forbidden: exceeded quota: q, requested: pods=1'),
            'pods "a" is forbidden: exceeded quota: q, requested: pods=1 (HTTP status 403).',
        ),
        (
            message(404, 'namespaces "media" not found', kind="namespaces", name="media"),
            'the namespace "media" does not exist; create it first.',
        ),
        (
            message(409, "Apply failed with 1 conflict", causes=[{"field": ".spec.replicas", "message": 'conflict with "helm"'}]),
            'it conflicts with the existing object (.spec.replicas: conflict with "helm"); run again, or find out what else changes it.',
        ),
        (
            message(422, "Deployment is invalid", causes=[{"field": "spec.replicas", "message": "must be positive"}] * 2),
            "the API server rejects it as invalid (spec.replicas: must be positive); fix these fields.",
        ),
        (
            message(422, "invalid: field is immutable", causes=[{"field": "spec.selector", "message": "field is immutable"}]),
            "the API server does not allow this change of an existing object (spec.selector: field is immutable); "
            "keep the old value, or delete the object and run again.",
        ),
        (
            message(422, "may not change once set", kind="PersistentVolumeClaim"),
            "the API server does not allow this change of an existing object (may not change once set); keep the old value: with the claim "
            "its files would be deleted. For other storage make another claim, copy the files, and name that one.",
        ),
        (
            message(422, "Service: field is immutable", kind="Service"),
            "the API server does not allow this change of an existing object (Service: field is immutable); "
            "keep the old value: with the Service its address would be given up.",
        ),
        (
            message(500, "unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match the regular expression"),
            "the API server rejects it as invalid (unable to convert unstructured "
            "object to apps/v1, Kind=Deployment: quantities must match "
            "the regular expression); fix these fields.",
        ),
        (
            message(400, 'X in version "v1" cannot be handled as a X: strict decoding error: unknown field "spec.foo"'),
            'the API server rejects it as invalid (unknown field "spec.foo"); fix these fields.',
        ),
        (
            message(
                500, "failed to create typed patch object (media/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"
            ),
            "the API server rejects it as invalid (.spec.foo: field not declared in schema); fix these fields.",
        ),
        (
            message(503, "etcd is down."),
            'the API server of context "prod" is overloaded or failing (HTTP status 503: etcd is down); check it and run again.',
        ),
        (message(418, ""), "HTTP status 418 without an explanation (HTTP status 418)."),
    ],
)
def test_sentences(got: str, expected: str) -> None:
    assert got == f"Can't {WHAT}: {expected}"


@pytest.mark.parametrize(
    ("status", "said", "passing"),
    [
        (500, "etcd has no leader", True),
        (500, "failed to create typed patch object (a; b): .c: d", False),
        (500, "unable to convert unstructured object to v1: json: cannot unmarshal number into Go struct field", False),
        (500, "quantities must match the regular expression", False),
        (503, "", True),
        (422, "", False),
    ],
)
def test_what_may_pass(status: int, said: str, passing: bool) -> None:
    assert ApiError(WHAT, status, {"message": said}, "").is_passing is passing


def test_a_missing_namespace_is_told_from_other_missing_things() -> None:
    assert ApiError(WHAT, 404, {"details": {"kind": "namespaces", "name": "media"}}, "").missing_namespace == "media"
    assert ApiError(WHAT, 404, {"details": {"kind": "deployments", "name": "media"}}, "").missing_namespace is None
    assert ApiError(WHAT, 404, {}, "").missing_namespace is None


def test_one_failure_is_said_as_it_is() -> None:
    error = SrsError("just this")
    assert joined([error], 7, "apply") is error


def test_failures_of_one_reason_share_a_line() -> None:
    denied = [ApiError(f"apply Deployment media/{number}", 401, {"message": "no"}, "x") for number in range(12)]
    error = joined([*denied, SrsError("Can't apply Service media/a: something else.")], 154, "apply")
    lines = error.message.split("\n")
    assert lines[0] == "Can't apply 13 of 154 objects:"
    assert (
        lines[1].startswith("- Deployment media/0, Deployment media/1")
        and "Deployment media/9 and 2 more: the API server does not" in lines[1]
    )
    assert lines[2] == "- Can't apply Service media/a: something else."
    assert len(error.details["failed"]) == 13


def test_many_reasons_are_cut_in_the_message_but_not_in_the_result() -> None:
    error = joined([SrsError(f"reason {number}") for number in range(30)], 30, "apply")
    assert error.message.split("\n")[-1] == "- ... and 20 more reasons"
    assert len(error.details["failed"]) == 30


@pytest.mark.parametrize(
    "got",
    [
        message(
            500,
            "failed to create typed patch object (media/web; apps/v1, Kind=Deployment): "
            '.spec.template.spec.containers[name="srs"].lifecycle.preStop.sleep: field not declared in schema',
        ),
        message(
            422,
            "Deployment is invalid",
            causes=[
                {
                    "field": "spec.template.spec.containers[0].lifecycle.preStop",
                    "message": "Required value: must specify a handler type",
                }
            ],
        ),
    ],
    ids=["1.28", "1.29"],
)
def test_what_an_older_api_server_does_not_know_is_said(got: str) -> None:
    assert "needs Kubernetes 1.30 or later" in got and "srs_edge_deregister_seconds" in got


@pytest.mark.parametrize("said", ["Too long: may not be more than 1048576 bytes", "Too long: must have at most 1048576 bytes"])
def test_what_is_too_long_for_a_config_map(said: str) -> None:
    body = {"message": f'ConfigMap "c" is invalid: []: {said}', "details": {"causes": [{"field": "[]", "message": said}]}}
    told = ApiError("apply ConfigMap n/c", 422, body, "the test").message
    assert "has room for 1 MiB in all: shorten what is put into it, or remove other keys from it." in told

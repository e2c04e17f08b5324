# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets outside Secrets, which a diff doesn't show."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.hidden_values import MASK, Hider


def deployment(**container: Any) -> dict[str, Any]:
    annotations = container.pop("annotations", {})
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "srs", "image": "a:1", **container}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}


@pytest.mark.parametrize(
    "given",
    [
        {"env": [{"name": "DB_PASSWORD", "value": "s3cret"}]},
        {"env": [{"name": "SECRET_OF_STRIPE", "value": "s3cret"}]},
        {"env": [{"name": "accessKey", "value": "s3cret"}]},
        {"env": [{"name": "DSN", "value": "postgres://me:s3cret@db/x"}]},
        {"env": [{"name": "HOOK", "value": "http://hooks/live?a=b&auth_key=s3cret&c=d"}]},
        {"annotations": {"example.com/token": "s3cret"}},
        {"annotations": {"example.com/hook": "http://hooks/?token=s3cret"}},
        {"args": ["--token=s3cret"]},
        {"args": ["--db-password", "s3cret"]},
        {"command": ["sh", "-c", "exec ffmpeg -i a rtmp://srs/live/a?secret=s3cret"]},
        {"readinessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "Basic s3cret"}]}}},
    ],
)
def test_what_is_secret_by_its_name_is_hidden(given: dict[str, Any]) -> None:
    hidden = str(Hider().hidden(deployment(**given)))
    assert "s3cret" not in hidden and MASK in hidden


@pytest.mark.parametrize(
    "given",
    [
        {"env": [{"name": "TZ", "value": "UTC"}, {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "token"}}}]},
        {"env": [{"name": "PASSWORD", "value": ""}, {"name": "DSN", "value": "postgres://me:$(PASSWORD)@db/x"}]},
        {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-private-ip": "10.0.0.7", "author": "me"}},
        {"args": ["--listen", "1935", "--token=$(TOKEN)", "http://hooks/?name=a&key=[stream]"]},
        {"volumeMounts": [{"name": "secret", "mountPath": "/run/secret"}]},
        {"tolerations": [{"key": "token", "operator": "Exists", "value": "a"}]},
    ],
)
def test_what_is_none_is_shown(given: dict[str, Any]) -> None:
    assert Hider().hidden(deployment(**given)) == deployment(**given)


def test_texts_of_a_config_map_are_left_to_others() -> None:
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "token=x"}}
    assert Hider().hidden(item) == item


def test_a_secret_that_changes_is_marked() -> None:
    hider = Hider()

    def env(password: str) -> Any:
        item = deployment(env=[{"name": "PASSWORD", "value": password}], args=["--token=" + password])
        return hider.hidden(item)["spec"]["template"]["spec"]["containers"][0]

    assert env("a")["env"][0]["value"] == MASK
    again = env("a")
    assert (again["env"][0]["value"], again["args"]) == (MASK, [f"--token={MASK}"])
    other = env("b")
    assert (other["env"][0]["value"], other["args"]) == (f"{MASK} (changed)", [f"--token={MASK} (changed)"])

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wiring of apply_set, and the options that modules share."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.livestream.srs.plugins.module_utils import _argspec as argspec
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import Result, SetSpec
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted
from ansible_collections.livestream.srs.plugins.modules import apply_set as under_test

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": {"a": "hunter2"}}
GIVEN = {"name": "web", "namespace": "media", "objects": [SECRET, [SECRET], None], "kubeconfig": "/a", "api_key": "t0ken"}

POLICY = SrsPolicy("", False, False, redacted)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the module; what it was told to do, what it logged, and its result."""
    seen: dict[str, Any] = {"log": [], "warnings": []}

    def apply_set(client: Any, spec: SetSpec) -> Result:
        seen.update(client=client, spec=spec)
        return Result(True, [{"name": "web", "token": "t0ken"}], [{"field": "f"}], [{"after": "web"}], ["careful"])

    def run(arguments: dict[str, Any] | None = None, **internal: Any) -> dict[str, Any]:
        if "inject_invocation" in PASS_VARS:  # ansible-core 2.21 and later have an invocation only where one is asked for
            internal["inject_invocation"] = True
        given = {**GIVEN, **(arguments or {}), **{f"_ansible_{key}": value for key, value in internal.items()}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr(basic.AnsibleModule, "log", lambda module, text, log_args=None: seen["log"].append(f"{text} {log_args}"))
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text, **options: seen["warnings"].append(text))
        monkeypatch.setattr(under_test, "apply_set", apply_set)
        monkeypatch.setattr(under_test.Client, "from_module", classmethod(lambda cls, module: module.params["host"]))
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit):
            under_test.main()
        return {**seen, "result": json.loads(capsys.readouterr().out)}

    return run


def test_options_become_a_set(run: Any) -> None:
    options = {"prune": True, "prune_allow_empty": True, "delete_persistent_volume_claims": True, "force_conflicts": False}
    options |= {"create_namespace": False, "wait": True, "wait_timeout": 7, "others_new": True}
    seen = run(options, check_mode=True)
    assert seen["spec"] == SetSpec("web", "media", GIVEN["objects"], check_mode=True, policy=POLICY, **options)
    assert run({"state": "absent", "objects": None})["spec"] == SetSpec("web", "media", [], absent=True, policy=POLICY)
    assert run()["spec"] == SetSpec("web", "media", GIVEN["objects"], policy=POLICY), "defaults are the same in both"


def test_sets_that_follow_are_of_the_same_kind(run: Any) -> None:
    later = {"name": "later", "objects": [SECRET], "prune": True, "optional_groups": ["a.b"]}
    seen = run({"following": [later], "change_cause": "me", "force_conflicts": False})
    (following,) = seen["spec"].following()
    shared = {"force_conflicts": False, "policy": SrsPolicy("me", False, False, redacted)}
    assert following == SetSpec("later", "media", [SECRET], prune=True, optional_groups=["a.b"], **shared)
    assert "hunter2" not in json.dumps(seen["result"]) and "hunter2" not in str(seen["log"])


def test_the_result(run: Any) -> None:
    seen = run()
    result = seen["result"]
    assert result["changed"] and result["conflicts"] == [{"field": "f"}] and "diff" not in result
    assert seen["warnings"] == ["careful"]
    assert run(diff=True)["result"]["diff"] == [{"after": "web"}]


def test_manifests_reach_neither_log_nor_result_yet_names_do(run: Any) -> None:
    seen = run()
    assert seen["log"] and "hunter2" not in str(seen["log"]) and "t0ken" not in str(seen["log"])
    assert "hunter2" not in json.dumps(seen["result"])
    assert seen["result"]["objects"] == [{"name": "web", "token": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]
    assert seen["result"]["invocation"]["module_args"]["objects"] == ["Secret web", "...", "..."]
    assert seen["result"]["invocation"]["module_args"]["name"] == "web"


def test_objects_are_needed_to_be_present(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run({"objects": None})["result"]
    assert result["failed"] and "objects is null, which may be a mistake in a template" in result["msg"]
    monkeypatch.delitem(GIVEN, "objects")
    result = run()["result"]
    assert result["failed"] and "state is present but all of the following are missing: objects" in result["msg"]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *((f"K8S_AUTH_{option.upper()}", option) for option in ("kubeconfig", "context", "host", "api_key", "username", "password")),
        *(
            (f"K8S_AUTH_{option.upper()}", option)
            for option in ("proxy", "no_proxy", "impersonate_user", "ca_cert", "client_cert", "client_key")
        ),
        ("K8S_AUTH_SSL_CA_CERT", "ca_cert"),
        ("K8S_AUTH_CERT_FILE", "client_cert"),
        ("K8S_AUTH_KEY_FILE", "client_key"),
    ],
)
def test_the_environment_stands_in_for_options(monkeypatch: pytest.MonkeyPatch, name: str, option: str) -> None:
    fallback, names = argspec.connection_spec()[option]["fallback"]
    monkeypatch.setenv(name, "/value")
    assert fallback(*names) == "/value"


def test_other_forms_of_the_environment(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_GROUPS", "a,b")
    monkeypatch.setenv("K8S_AUTH_PROXY_HEADERS_USER_AGENT", "me")
    arguments = run()["result"]["invocation"]["module_args"]
    assert arguments["validate_certs"] is False and arguments["impersonate_groups"] == ["a", "b"]
    assert arguments["proxy_headers"] == {"basic_auth": None, "proxy_basic_auth": None, "user_agent": "me"}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task has the same result whether its module runs inside ansible-playbook or as any other: every task is run both ways and its
registered result compared, of every module that has an action plugin, and of a probe that tells of its surroundings.

The API server is one on loopback, one a way, and they begin alike. So these tests need no cluster.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.livestream.srs.plugins.module_utils._desired import names
from ansible_collections.livestream.srs.plugins.module_utils._labels import CONFIG_CHANGES, CONFIG_KEYS
from ansible_collections.livestream.srs.plugins.module_utils._rollout import reloads
from ansible_collections.livestream.srs.tests.support import fake_cluster
from ansible_collections.livestream.srs.tests.support.api_server import ApiServer
from ansible_collections.livestream.srs.tests.support.fake_api import Answer, Request, status
from ansible_collections.livestream.srs.tests.support.srs_server import Srs

ROOT = Path(__file__).resolve().parents[2]
# Those of the others are no modules.
MODULES = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py") if path.stem not in ("srs_deploy", "srs_preflight"))

SECRET = "s3cret-t0ken"
INSIDE, OUTSIDE = "inside", "outside"

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "first"}}
HIDDEN = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}, "stringData": {"a": "hunter2"}}
RELOADING = {"name": "edge", "app": "srs-edge", "config_map": "srs-edge-config", "key": "srs.conf", "checksum": "0123456789abcdef"}

# What each module is given to do its work.
GOOD: dict[str, dict[str, Any]] = {
    "apply_set": {"name": "web", "namespace": "n", "objects": [CONFIG_MAP, HIDDEN]},
    "srs_acceptance_info": {"namespace": "n", "seconds": 10, "required": False},
    "srs_client_info": {"namespace": "n"},
    "srs_client_kick": {"namespace": "n", "clusters": ["edge"]},
    "srs_cluster_status": {"namespace": "n", "query": "origins.origin.workloads[].name"},
    "srs_edge_config": {"namespace": "n", "configs": [{"name": "new", "origin": ["srs-origin"]}]},
    "srs_edge_rollout": {"namespace": "n", "topology": "rolled", "state": "rolled_back"},
    "srs_edge_config_info": {"namespace": "n", "configs": [{"name": "new", "origin": ["srs-origin"]}]},
    "srs_edge_rollout_info": {"namespace": "n", "topology": "rolled"},
    "srs_lock": {"namespace": "n", "holder": "alice", "process": "build-1 1 1 1 x", "duration": 60},
    "srs_origin_info": {"namespace": "n"},
    "srs_origin_config_info": {"namespace": "n", "configs": [{"name": "new", "hls": {"hls_fragment": 2}}]},
    "srs_origin_config": {"namespace": "n", "configs": [{"name": "new", "hls": {"hls_fragment": 2}}]},
    "srs_playback_info": {"namespace": "n", "clusters": [{"name": "edge", "flv_port": 8080}]},
    "srs_reload": {"namespace": "n", "clusters": ["edge"]},
    "srs_reload_confirm": {"namespace": "n", "clusters": [RELOADING], "wait_timeout": 30},
    "srs_topology_info": {"namespace": "hand-made"},
    "srs_upgrade_info": {"namespace": "n"},
}

# What else is worth comparing: what it is, what differs from the above, keywords of the task.
MORE: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "apply_set": [
        ("unchanged", {}, {}),
        ("no list", {"objects": None}, {}),
        ("removed", {"state": "absent", "objects": "{{ omit }}"}, {"diff": True}),
        ("text and a date", {"objects": ["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dated}\ndata: {day: '2026-01-01'}"]}, {}),
        ("not an object", {"objects": [{"kind": "ConfigMap"}, 7]}, {}),
    ],
    "srs_acceptance_info": [("unknown cluster", {"clusters": ["moon"]}, {}), ("wrong number", {"seconds": 1}, {})],
    "srs_client_info": [("one", {"roles": "publisher"}, {}), ("unknown server", {"servers": ["edge-9"]}, {})],
    "srs_client_kick": [("unknown clients", {"clusters": []}, {})],
    "srs_cluster_status": [
        ("holds", {"wait_for": ["ready"], "wait_timeout": 0}, {}),
        ("lacks", {"wait_for": ["addresses"], "wait_timeout": 0}, {}),
        ("wrong query", {"query": "a["}, {}),
    ],
    "srs_edge_config": [
        ("refused", {"configs": [{"name": "bad", "origin": ["srs-origin"], "max_connections": 0}]}, {}),
    ],
    "srs_edge_rollout": [("unknown cluster", {"clusters": ["moon"]}, {})],
    "srs_edge_config_info": [("refused", {"configs": [{"name": "bad", "origin": ["srs-origin"], "max_connections": 0}]}, {})],
    "srs_edge_rollout_info": [("unknown cluster", {"clusters": ["moon"]}, {})],
    "srs_origin_config_info": [("refused", {"configs": [{"name": "bad", "max_connections": 0}]}, {})],
    "srs_lock": [
        ("let go", {"state": "absent"}, {}),
    ],
    "srs_origin_info": [
        ("not there", {"namespace": "empty", "wait_timeout": 0}, {}),
        ("none yet", {"namespace": "empty"}, {"check_mode": True}),
    ],
    "srs_origin_config": [("refused", {"configs": [{"name": "bad", "srs_version": 2}]}, {})],
    "srs_playback_info": [("not playing", {"must_play": True}, {}), ("nothing has changed", {"clusters": []}, {})],
    "srs_reload": [("unknown cluster", {"clusters": ["moon"]}, {})],
    "srs_reload_confirm": [("without clusters", {"clusters": []}, {}), ("in check mode", {}, {"check_mode": True})],
    "srs_topology_info": [("not there", {"namespace": "empty"}, {})],
    "srs_upgrade_info": [("rolled", {"topology": "rolled"}, {}), ("no servers", {"servers": [7]}, {})],
}


@dataclass(frozen=True)
class Case:
    """One task."""

    module: str
    title: str
    args: dict[str, Any]
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        return self.title.startswith(("no ", "not ", "unknown", "wrong", "lacking", "refused"))

    def __str__(self) -> str:
        return f"{self.module}-{self.title.replace(' ', '_')}"


def cases_of(module: str) -> Iterator[Case]:
    good = GOOD[module]
    yield Case(module, "in check mode with a diff", good, {"check_mode": True, "diff": True})
    yield Case(module, "with a diff", good, {"diff": True})
    yield Case(module, "hidden", good, {"no_log": True})
    for title, args, keywords in MORE[module]:
        yield Case(module, title, {**good, **args}, keywords)
    yield Case(module, "unknown option", {**good, "nonsense": 1})
    yield Case(module, "wrong type", {**good, "validate_certs": "perhaps"})
    # What an action plugin would say otherwise, it says of the way.
    yield Case(module, "lacking option", {key: good[key] for key in ("holder", "process", "duration") if key in good})
    if module.endswith("_config_info"):  # it asks no API server
        return
    if module != "srs_topology_info":  # of the modules that it runs outside, Ansible itself says the warnings
        yield Case(module, "an option under two names", {**good, "ca_cert": "/a", "ssl_ca_cert": "/a"})
    # The API server repeats the token when it refuses.
    yield Case(module, "refused with a secret in the reply", {**good, "namespace": "forbidden", "state": "{{ omit }}"})


CASES = [case for module in sorted(GOOD) for case in cases_of(module)]

PROBE_MODULE = """
    import locale, os, sys
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, run
    DOCUMENTATION = "module: probe"

    def flow(module):
        params = module.params
        module.log("logged")
        module.debug("debugged")
        module.warn("look out")
        module.deprecate("old", version="9.0.0", collection_name="test.probe")
        if params["end"] == "bug":
            raise ValueError("a bug")
        if params["end"] == "error":
            raise SrsError("no such thing: " + params["password"], things=[1, params["password"]])
        umask = os.umask(0)
        os.umask(umask)
        environ = {key: value for key, value in os.environ.items() if key not in ("_", "OLDPWD", "PWD", "SHLVL")}
        types = sorted({type(item).__module__ + "." + type(item).__name__ for item in [params["anything"], *params["anything"]]})
        return {
            "changed": True, "check_mode": module.check_mode, "diff_mode": module._diff, "cwd": os.getcwd(), "umask": umask,
            "locale": locale.setlocale(locale.LC_ALL), "environ": environ, "executable": sys.executable, "prefix": sys.prefix,
            "user": os.getuid(), "anything": params["anything"], "types": types, "said": "it is " + params["password"],
            "a tuple": (1, 2), "numbers": {1: 1.5, 2: None}, "ansible_facts": {"probed": True},
        }

    def specification():
        spec = {"password": {"type": "str", "no_log": True}, "anything": {"type": "raw"}, "end": {"type": "str", "default": ""}}
        return {"argument_spec": spec, "supports_check_mode": True}

    def main():
        run(AnsibleModule(**specification()), flow)

    if __name__ == "__main__":
        main()
"""
PROBE_ACTION = """
    from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction
    from ansible_collections.test.probe.plugins.modules import probe

    class ActionModule(InProcessAction):
        module = probe
"""
ANYTHING = ["text", {"a": "{{ ansible_pipelining }}"}, 7, True, None, 1.5, date(2026, 1, 1), ["ü"], "{{ vaulted }}"]
# What callbacks are told has the invocation, which registered variables have not.
CALLBACK = """
    import json, os
    from ansible.plugins.callback import CallbackBase

    class CallbackModule(CallbackBase):
        CALLBACK_VERSION = 2.0
        CALLBACK_TYPE = "notification"
        CALLBACK_NAME = "keep_results"

        def v2_runner_on_ok(self, result, **_more):
            line = {"host": result._host.name, "task": result._task.name, "result": result._result}
            with open(os.environ["KEPT_RESULTS"], "a") as file:
                file.write(json.dumps(line, default=str) + "\\n")

        v2_runner_on_failed = v2_runner_on_ok
"""
PROBES = {
    "probe": Case("probe", "surroundings", {"password": "{{ secret }}", "anything": ANYTHING}),
    "check": Case("probe", "in check mode with a diff", {"password": "{{ secret }}", "anything": []}, {"check_mode": True, "diff": True}),
    "error": Case("probe", "error", {"password": "{{ secret }}", "anything": [], "end": "error"}),
    "bug": Case("probe", "bug", {"password": "{{ secret }}", "anything": [], "end": "bug"}),
}


class Reloading(Srs):
    """A server that has reloaded again each time that it is asked."""

    reloads = 0

    def _raw(self, rpc: str) -> dict[str, Any]:
        self.reloads += 1
        return {"code": 0, "data": {"err": 0, "msg": "Success", "state": reloads.FINISHED, "rid": f"reload{self.reloads}"}}


def furnish(server: ApiServer) -> None:
    """The recorded topology, one with two revisions, and a namespace that nobody may look into."""

    def refuse(request: Request) -> Answer | None:
        if "/namespaces/forbidden" not in request.path:
            return None
        return status(403, "Forbidden", f"{request.headers['Authorization']} may not do this")

    def add(group: str, plural: str, kind: str, item: dict[str, Any]) -> None:
        version = "v1" if group == "api/v1" else group.removeprefix("apis/")
        item = {"apiVersion": version, **item, "kind": kind, "metadata": {"namespace": "n", **item["metadata"]}}
        server.add(f"/{group}/namespaces/n/{plural}/{item['metadata']['name']}", item)

    server.faults.append(refuse)
    for name in ("n", "empty", "hand-made"):
        server.namespace(name)
    container = {"name": "srs", "image": "ossrs/srs:6"}
    template = {"metadata": {"labels": {"app": "srs"}}, "spec": {"containers": [container]}}
    by_hand = {"spec": {"selector": {"matchLabels": {"app": "srs"}}, "template": template}}
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "srs-deploy", "namespace": "hand-made"}}
    server.add("/apis/apps/v1/namespaces/hand-made/deployments/srs-deploy", {**about, **by_hand})
    for component, replicas in (("origin", 1), ("edge", 3)):
        add("apis/apps/v1", "statefulsets", "StatefulSet", fake_cluster.workload(component, replicas))
        labels = names.labels(component, component, "srs")
        config = {"metadata": {"name": f"srs-{component}-config", "labels": labels}, "data": {"srs.conf": fake_cluster.CONF}}
        config["metadata"]["annotations"] = {CONFIG_KEYS: "srs.conf", CONFIG_CHANGES: "srs.conf=1"}
        add("api/v1", "configmaps", "ConfigMap", config)
    for name in fake_cluster.IPS:
        pod = fake_cluster.pod(name)
        pod["metadata"].update(labels={"app": f"srs-{name.split('-')[0]}"}, creationTimestamp="2026-01-01T00:00:00Z")
        volume = {"name": "config-volume", "configMap": {"name": "srs-edge-config", "items": [{"key": "srs.conf", "path": "srs.conf"}]}}
        pod["spec"]["volumes"] = [volume]
        add("api/v1", "pods", "Pod", pod)
    public = {"metadata": {"name": names.ORIGIN_PUBLIC_SERVICE}, "spec": {"ports": [{"port": 1935}]}}
    add("api/v1", "services", "Service", {**public, "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}}})
    labels = names.labels("edge", "edge", "rolled")
    keys = ["srs-2.conf", "srs-1.conf"]
    about = {"name": "rolled-config", "labels": labels, "annotations": {CONFIG_KEYS: ",".join(keys)}}
    add("api/v1", "configmaps", "ConfigMap", {"metadata": about, "data": {key: key for key in ("srs.conf", *keys)}})
    for kind, plural, name, revision in (
        ("Deployment", "deployments", "rolled", 2),
        ("ReplicaSet", "replicasets", "rolled-1", 1),
        ("ReplicaSet", "replicasets", "rolled-2", 2),
    ):
        items = [{"key": f"srs-{revision}.conf", "path": "srs.conf"}]
        pod_spec = {
            "containers": [{"name": "srs", "image": f"srs:{revision}"}],
            "volumes": [{"name": "config-volume", "configMap": {"name": "rolled-config", "items": items}}],
        }
        metadata: dict[str, Any] = {"name": name, "labels": labels, "annotations": {}}
        if kind == "ReplicaSet":
            metadata["annotations"]["deployment.kubernetes.io/revision"] = str(revision)
            metadata["ownerReferences"] = [{"controller": True, "uid": "uid-/apis/apps/v1/namespaces/n/deployments/rolled"}]
        spec = {"replicas": 3, "template": {"metadata": {"labels": {}}, "spec": pod_spec}}
        add("apis/apps/v1", plural, kind, {"metadata": metadata, "spec": spec})


@dataclass
class Runs:
    """What came of all tasks: by host, then by case."""

    registered: dict[str, dict[str, Any]]
    told: dict[str, dict[str, Any]]
    log: str

    def both(self, case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
        """What there is of a case: run inside, and outside."""
        inside, outside = (
            {"registered": self.registered[host][str(case)], "told": self.told[host][str(case)]} for host in (INSIDE, OUTSIDE)
        )
        return inside, outside


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All tasks in one play of two hosts, which differ in srs_in_process alone."""
    folder = tmp_path_factory.mktemp("runs")
    every = {f"case_{index}": case for index, case in enumerate([*CASES, *PROBES.values()])}
    tasks: list[dict[str, Any]] = []
    for name, case in every.items():
        if case.module == "probe":
            action, args = "test.probe.probe", case.args
        else:
            connection = {} if case.module.endswith("_config_info") else {"host": "{{ api }}", "api_key": "{{ secret }}"}
            action, args = f"livestream.srs.{case.module}", {**case.args, **connection}
        tasks.append({"name": str(case), action: args, "register": name, "ignore_errors": True, **case.keywords})
    together = ", ".join(f"'{name}': {name}" for name in every)
    tasks.append(
        {
            "name": "Keep the results",
            "ansible.builtin.copy": {
                "content": f"{{{{ {{{together}}} | to_json }}}}",
                "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
            },
            "check_mode": False,
            "diff": False,
        }
    )
    vaulted = VaultLib([("default", VaultSecret(b"password"))]).encrypt("deciphered").decode()
    (folder / "password").write_text("password")
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text(f"vaulted: !vault |\n{indent(vaulted, '  ')}")
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    plugins = folder / "collections/ansible_collections/test/probe/plugins"
    for path, text in ((plugins / "modules", PROBE_MODULE), (plugins / "action", PROBE_ACTION), (folder / "callbacks", CALLBACK)):
        path.mkdir(parents=True)
        (path / "probe.py").write_text(dedent(text))
    with contextlib.ExitStack() as stack:
        hosts = {}
        for host in (INSIDE, OUTSIDE):
            server = stack.enter_context(ApiServer({name: Reloading.recorded(name) for name in fake_cluster.IPS}))
            furnish(server)
            hosts[host] = {
                "api": server.url,
                "secret": SECRET,
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "ansible_pipelining": True,
                "srs_in_process": "true" if host == INSIDE else "false",
            }
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_AUTH_", "KUBECONFIG", "ANSIBLE_"))}
        environ |= {
            "ANSIBLE_COLLECTIONS_PATH": f"{folder}/collections:{ROOT}/.collections",
            "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callbacks"),
            "KEPT_RESULTS": str(folder / "told"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "password"),
            "ANSIBLE_LOG_PATH": str(folder / "log"),
            "ANSIBLE_LOG_VERBOSITY": "3",
            "ANSIBLE_INJECT_INVOCATION": "true",
            "LC_ALL": "C.UTF-8",
            "PYTHONHASHSEED": "0",  # a message that lists a set
        }
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.yml", "play.yml"]
        done = subprocess.run(
            command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, check=False
        )
    assert done.returncode == 0, done.stdout
    assert SECRET not in done.stdout, done.stdout
    registered: dict[str, dict[str, Any]] = {}
    told: dict[str, dict[str, Any]] = {}
    for host in hosts:
        kept = json.loads(settled((folder / f"{host}.json").read_text()))
        registered[host] = {str(case): kept[name] for name, case in every.items()}
    for line in settled((folder / "told").read_text()).splitlines():
        content = json.loads(line)
        told.setdefault(content["host"], {})[content["task"]] = content["result"]
    return Runs(registered, told, (folder / "log").read_text())


def settled(text: str) -> str:
    """Without what differs by the API server that was asked, and by the time."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r'"time": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', '"time": "now"', text)


def test_every_module_that_can_run_inside_is_compared() -> None:
    assert set(GOOD) == set(MORE) == set(MODULES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_task_has_the_same_result_both_ways(runs: Runs, case: Case) -> None:
    inside, outside = runs.both(case)
    assert inside == outside
    assert SECRET not in json.dumps(inside)
    assert inside["registered"]["failed"] == case.fails, inside["registered"]["msg"]
    if case.title != "hidden":
        arguments = inside["told"]["invocation"]["module_args"]
        assert "namespace" in arguments and "hunter2" not in str(arguments)


@pytest.mark.parametrize("case", [PROBES["probe"], PROBES["check"], PROBES["error"]], ids=str)
def test_a_module_finds_the_same_surroundings_both_ways(runs: Runs, case: Case) -> None:
    inside, outside = runs.both(case)
    assert inside == outside
    result = inside["registered"]
    assert [warning for warning in result["warnings"] if "look out" in warning] and result["deprecations"]
    if case is not PROBES["error"]:
        assert result["environ"] and result["prefix"] == sys.prefix
        assert not result["anything"] or result["anything"][-1] == "deciphered"
        assert not [name for name in result["types"] if not name.startswith("builtins.")]


def test_a_bug_ends_as_it_does_in_a_module(runs: Runs) -> None:
    inside, outside = runs.both(PROBES["bug"])
    assert inside["registered"]["failed"] and "a bug" in json.dumps(inside)
    assert inside["registered"]["msg"] == outside["registered"]["msg"]
    # What it had warned of before goes down with a process.
    assert inside["told"].keys() - {"warnings", "deprecations"} == outside["told"].keys() - {"warnings", "deprecations"}
    ends = [str(result["told"]["exception"]).splitlines()[-1] for result in (inside, outside)]
    assert ends[0] == ends[1]


def test_the_log_says_which_way_each_task_went_and_why(runs: Runs) -> None:
    said = re.findall(r"<(\w+)> (\w+) runs (in this process|as a module): (.*)", runs.log)
    every = Counter(case.module for case in [*CASES, *PROBES.values()])
    inside = Counter(name for host, name, way, _why in said if host == INSIDE and way == "in this process")
    outside = [(name, why) for host, name, way, why in said if host == OUTSIDE and way == "as a module"]
    # A task of srs_topology_info has apply_set plan what it has found.
    assert inside == Counter(name for name, _why in outside)
    assert inside - every == Counter(apply_set=inside["apply_set"] - every["apply_set"])
    assert not every - inside
    assert {why for _name, why in outside} == {"srs_in_process is false"}

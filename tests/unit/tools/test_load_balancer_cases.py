# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases for a provider's controller: whole, the same ones each time, and expecting what is known of the API."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import OPTIONS, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS, PROVIDERS
from ansible_collections.livestream.srs.tests.support import load_balancer_options
from ansible_collections.livestream.srs.tests.support.load_balancer_cases import (
    WITH_UDP,
    change_cases,
    combinations,
    expected,
)
from ansible_collections.livestream.srs.tests.support.load_balancer_meanings import ELSEWHERE, MEANINGS, WITH_CLOUD
from ansible_collections.livestream.srs.tests.support.load_balancer_options import completed, missing
from ansible_collections.livestream.srs.tests.support.load_balancer_sequences import sequences
from ansible_collections.livestream.srs.tests.tools import load_balancer_cases as tool

Json = dict[str, Any]
BY_LABEL = {platform.label: platform for platform in PLATFORMS}
CLB, NLB = BY_LABEL["alibaba (clb)"], BY_LABEL["alibaba (nlb)"]
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"


@pytest.fixture(scope="module")
def alibaba() -> dict[str, Json]:
    return {case["name"]: case for case in made("alibaba")}


@cache
def made(provider: str) -> list[Json]:
    return tool.cases(provider, 1, 3, 1)


def step(case: Json, number: int = 0) -> Json:
    return dict(case["steps"][number]["expect"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_option_is_in_a_case_of_every_provider(provider: str) -> None:
    found = made(provider)
    names = Counter(case["name"] for case in found)
    assert max(names.values()) == 1, names.most_common(1)
    for platform in PLATFORMS:
        for name in platform.cells if platform.provider == provider else ():
            assert any(case["name"].startswith(f"{platform.label} ") and f" {name} " in case["name"] for case in found), name
    json.dumps(found)


def test_an_option_without_values_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert missing() == []
    monkeypatch.delitem(load_balancer_options.VALUES, "acl.id")
    monkeypatch.setattr("sys.argv", ["load_balancer_cases.py"])
    assert tool.main() == 1
    said = capsys.readouterr().err
    assert "alibaba (clb) has the option acl.id, which there are no values for" in said


@pytest.mark.parametrize("label", MEANINGS)
def test_every_option_of_a_provider_whose_controller_is_run_has_a_meaning(label: str) -> None:
    assert set(MEANINGS[label]) | ELSEWHERE >= set(BY_LABEL[label].cells)
    assert set(MEANINGS[label]) | ELSEWHERE <= set(OPTIONS)
    assert label not in WITH_CLOUD or not set(MEANINGS[label]) & ELSEWHERE


def test_a_number_and_a_word_with_both_prefixes(alibaba: dict[str, Json]) -> None:
    for prefix, key in (("new", PREFIX), ("old", PREFIX.replace("alibaba-cloud", "alicloud"))):
        case = alibaba[f"alibaba (clb) {prefix} idle_timeout 10"]
        assert case["steps"][0]["apply"]["metadata"]["annotations"] == {f"{key}-established-timeout": "10"}
        assert step(case)["requests"] == [
            {"option": "idle_timeout", "actions": ["CreateLoadBalancerTCPListener"], "parameters": {"EstablishedTimeout": "10"}, "times": 2}
        ]
        assert step(case)["listeners"] == {"new": {"TCP/1935": "one/live/srs-edge", "TCP/8080": "one/live/srs-edge"}}
        assert f"alibaba (clb) {prefix} idle_timeout 900" in alibaba


def test_what_is_there_is_changed_and_not_made(alibaba: dict[str, Json]) -> None:
    case = alibaba["alibaba (clb) new on an existing one name live"]
    assert case["existing"][0]["id"] == "lb-bought"
    assert step(case)["requests"] == [
        {"option": "name", "actions": ["SetLoadBalancerName"], "parameters": {"LoadBalancerName": "live"}, "times": 1}
    ]
    fixed = alibaba["alibaba (clb) new on an existing one master_zone cn-hangzhou-g"]
    assert step(fixed)["requests"] == []
    assert fixed["existing"][0]["attributes"]["MasterZoneId"] == "cn-hangzhou-g"


def test_a_change_is_expected_to_do_what_is_said_of_it(alibaba: dict[str, Json]) -> None:
    followed = alibaba["alibaba (clb) scheduler wlc to wrr"]
    assert [entry["actions"] for entry in step(followed, 1)["requests"]] == [["SetLoadBalancerTCPListenerAttribute"]]
    assert step(followed, 1)["said"] == {}


def test_udp_ports_are_asked_for_apart_and_only_what_they_have() -> None:
    options = completed(CLB, {"idle_timeout": 10, "scheduler": "wlc"})
    found = expected(CLB, options, WITH_UDP)["requests"]
    assert {(entry["option"], entry["actions"][0], entry["times"]) for entry in found} == {
        ("idle_timeout", "CreateLoadBalancerTCPListener", 3),
        ("scheduler", "CreateLoadBalancerTCPListener", 3),
        ("scheduler", "CreateLoadBalancerUDPListener", 2),
    }


def test_for_aws_the_resources_are_expected() -> None:
    aws = BY_LABEL["aws"]
    found = expected(aws, completed(aws, {"idle_timeout": 60, "tls.ports": {"rtmp": 443}, "health_check.interval": 30}))
    told = {entry["option"]: (entry["actions"], entry["parameters"], entry["times"]) for entry in found["requests"]}
    assert told["idle_timeout"] == (["Listener"], {"listenerAttributes[tcp.idle_timeout.seconds]": "60"}, 2)
    assert told["health_check.interval"] == (["TargetGroup"], {"healthCheckConfig.intervalSeconds": "30"}, 3)
    assert told["tls.ports"] == (["Listener"], {"protocol": "TLS"}, 1)
    assert "listeners" not in found


def test_of_a_class_of_somebody_else_nothing_is_expected() -> None:
    assert expected(BY_LABEL["aws"], {"class": "example.com/lb", "name": "live"}) == {}


@pytest.mark.parametrize("platform", [CLB, NLB], ids=lambda platform: platform.label)
def test_sequences_end_as_they_should(platform: Platform) -> None:
    told = {case["name"].partition("sequence: ")[2]: case["steps"] for case in sequences(platform, at_once=2)}
    shared = told["three Services on one, of nodes, of pods and Local"]
    place = "lb-bought" if platform is CLB else "nlb-bought"
    assert len(shared[2]["expect"]["listeners"][place]) == 5
    assert shared[-1]["expect"]["listeners"] == {}
    assert shared[-1]["expect"]["balancers"] == [place]
    assert [item["expect"]["error"] for item in told["to another id and back"][:3]] == [False, True, False]
    off = told["switched off and on again"][2]
    assert off["apply"]["spec"]["type"] == "ClusterIP"
    assert off["apply"]["metadata"]["annotations"][f"{PREFIX}-id"] == place
    assert set(off["expect"]["listeners"][place].values()) == {"one/live/b"}
    assert told["its own is deleted with it, and made anew"][1]["expect"]["balancers"] == []
    for story in told.values():
        for item in story:
            for inner in item.get("parallel", ()):
                assert inner["apply"]["metadata"]["annotations"][f"{PREFIX}-id"] == place


def test_services_at_once_never_want_the_same_port() -> None:
    for case in sequences(CLB, at_once=10):
        for item in case["steps"]:
            wanted = [(port["protocol"], port["port"]) for inner in item.get("parallel", ()) for port in inner["apply"]["spec"]["ports"]]
            assert len(wanted) == len(set(wanted))


def test_the_same_seed_makes_the_same_cases() -> None:
    assert list(combinations(NLB, 1, 5)) == list(combinations(NLB, 1, 5))
    assert list(combinations(NLB, 1, 5)) != list(combinations(NLB, 2, 5))
    metallb = BY_LABEL["metallb"]
    assert list(change_cases(metallb)) == list(change_cases(metallb))


def test_the_cases_are_written(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "folder" / "cases.json"
    monkeypatch.setattr("sys.argv", ["load_balancer_cases.py", "--provider", "metallb", "--combinations", "3", "--seed", "7", str(file)])
    assert tool.main() == 0
    written = json.loads(file.read_text())
    assert (written["provider"], written["seed"]) == ("metallb", 7)
    assert f"{file}: {len(written['cases'])} cases" in capsys.readouterr().out

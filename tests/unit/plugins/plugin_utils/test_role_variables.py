# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever form a value comes in, it means the same for every variable and every key, of which the argument specs tell."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import NULLABLE, ROLES
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.plugin_utils import _role_variables as role_variables
from ansible_collections.livestream.srs.plugins.plugin_utils._wanted import Wanted
from ansible_collections.livestream.srs.tests.support.wanted import WHO, objects, refusal, wanted

Path = tuple[str, ...]

SPECS: dict[str, dict[str, Any]] = {name: spec for role in ROLES for name, spec in role_variables.specification(role).items()}

# A topology in which nearly every value shows in an object.
BASE: dict[str, Any] = {
    "srs_origin_mode": "cluster",
    "srs_origin_replicas": 2,
    "srs_origin_workload": "deployments",
    "srs_origin_storage": {"type": "pvc", "size": "9Gi", "access_mode": "ReadWriteMany"},
    "srs_origin_cleanup": {"enabled": True},
    "srs_demo_publisher": True,
    "srs_monitoring": {"hls_probe": {"prober": "blackbox", "streams": ["live/a"]}},
    "hls_nginx_mode": "cache",
    "hls_nginx_https": {"secret_name": "tls", "dns_names": ["live.example.com"]},
    "srs_edge_clusters": [{"name": "edge"}],
}
BEHIND_A_PROXY = {"srs_origin_mode": "proxy", "srs_origin_version": 7, "srs_origin_proxy": {"image": "proxy", "redis": {"host": "redis"}}}


def paths(kind: str, specs: Mapping[str, Mapping[str, Any]] = SPECS, above: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every variable and key of a type, down to the keys of keys."""
    for name, spec in specs.items():
        if spec["type"] == kind:
            yield (*above, name), spec
        yield from paths(kind, spec.get("options", {}), (*above, name))


def variables(path: Path, value: Any, base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The base with another value of a variable or key."""
    given = deepcopy(dict(BASE if base is None else base))
    if path[0] == "srs_origin_proxy":
        given |= {name: value for name, value in deepcopy(BEHIND_A_PROXY).items() if name == "srs_origin_mode" or name not in given}
    place: Any = given
    for step in path[:-1]:
        place = place.setdefault(step, [{}] if SPECS.get(step, {}).get("type") == "list" else {})
        place = place[0] if isinstance(place, list) else place
    place[path[-1]] = value
    return given


def found(kind: str) -> Any:
    every = dict(paths(kind))
    assert every
    return pytest.mark.parametrize("path", every, ids=".".join)


# Switches

TRUE: tuple[Any, ...] = ("true", "True", "TRUE", "yes", "Yes", "on", "1", "y", "t", 1, True)
FALSE: tuple[Any, ...] = ("false", "False", "FALSE", "no", "No", "off", "0", "n", "f", 0, False)
SWITCHES = [path for path, _spec in paths("bool")]


def test_the_specs_have_switches_of_every_kind() -> None:
    for path in (("srs_edge_graceful",), ("srs_edge_clusters", "graceful"), ("hls_nginx_https", "redirect"), ("srs_monitoring", "rules")):
        assert path in SWITCHES
    assert len(SWITCHES) > 45


def all_switches(value: Any) -> dict[str, Any]:
    given = dict(BASE)
    for path in SWITCHES:
        given = variables(path, value, given)
    return given


@pytest.mark.parametrize(("texts", "meaning"), [(TRUE, True), (FALSE, False)], ids=["true", "false"])
def test_every_word_for_it_means_the_same_for_every_switch(texts: tuple[Any, ...], meaning: bool) -> None:
    expected = wanted(**all_switches(meaning)).values
    for text in texts:
        assert wanted(**all_switches(text)).values == expected, text


# Switches that say how objects are applied, and change none.
HOW = {("srs_edge_allow_none",), ("srs_take_over",), ("srs_allow_new_address",)}


@found("bool")
def test_a_switch_given_as_text_is_that_switch(path: Path) -> None:
    on, off = objects(**variables(path, "true")), objects(**variables(path, "false"))
    assert on == objects(**variables(path, True))
    assert off == objects(**variables(path, False))
    assert (on != off) is (path not in HOW), "it does something"


@found("bool")
def test_what_is_no_switch_is_refused(path: Path) -> None:
    message = refusal(**variables(path, "maybe", {}))
    assert f"'{path[-1]}'" in message and path[0] in message and "maybe" in message


# Numbers


@found("int")
def test_a_number_given_as_text_is_that_number(path: Path) -> None:
    first, second = (4, 6) if path[-1].endswith("version") else (3, 7)
    made = objects(**variables(path, str(first)))
    assert made == objects(**variables(path, first))
    assert (made != objects(**variables(path, second))) is (path != ("srs_wait_timeout",)), "it does something"


def test_every_number_given_as_text_is_that_number() -> None:
    as_text, as_number = dict(BASE), dict(BASE)
    for path, _spec in paths("int"):
        as_text, as_number = variables(path, "6", as_text), variables(path, 6, as_number)
    assert wanted(**as_text).values == wanted(**as_number).values


@found("int")
def test_what_is_no_number_is_refused(path: Path) -> None:
    message = refusal(**variables(path, "many", {}))
    assert f"'{path[-1]}'" in message and path[0] in message and "many" in message


@pytest.mark.parametrize("kind", ["str", "int", "bool"])
def test_a_mapping_or_a_list_is_neither_text_nor_number_and_is_not_shown(kind: str) -> None:
    for path, _spec in paths(kind):
        if len(path) > 1:
            continue
        for given, seen in (({"PASSWORD": "s3cret"}, "a mapping"), (["s3cret"], "a list")):
            message = refusal(**{path[0]: given})
            assert f"{path[0]} is {seen}: it must be " in message and "s3cret" not in message


# Strings


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("123", "123"),
        (123, "123"),
        (datetime.date(2026, 1, 1), "2026-01-01"),
        ("2026-01-01", "2026-01-01"),
        ("0x1f", "0x1f"),
        ("1e3", "1e3"),
        ("0x10", "0x10"),
        ("true", "true"),
        ("null", "null"),
    ],
    ids=repr,
)
def test_a_namespace_that_looks_like_something_else_is_a_string(given: Any, text: str) -> None:
    made = objects(srs_namespace=given, srs_topology=given, srs_monitoring=BASE["srs_monitoring"])
    assert {item["metadata"]["namespace"] for item in made} == {text}
    assert {item["metadata"]["labels"]["app.kubernetes.io/part-of"] for item in made} == {text}
    assert f'namespace=\\"{text}\\"' in json.dumps(made), "in alerts, too"
    assert made == objects(srs_namespace=text, srs_topology=text, srs_monitoring=BASE["srs_monitoring"])
    everything = variables(("srs_edge_clusters",), [{"name": given}])
    assert objects(**everything) == objects(**{**everything, "srs_edge_clusters": [{"name": text}]})


def test_every_string_that_is_written_as_a_number_is_a_string() -> None:
    names = [path for path, spec in paths("str") if "choices" not in spec and path[0] != "srs_patches"]
    assert len(names) > 30
    as_number, as_text = {}, {}
    for path in names:
        as_number = variables(path, 7, as_number)
        as_text = variables(path, "7", as_text)
    assert wanted(**as_number).values == wanted(**as_text).values


# What is not there


@pytest.mark.parametrize("name", sorted(set(SPECS) - NULLABLE))
def test_null_is_an_error_that_names_the_variable(name: str) -> None:
    message = refusal(**{name: None})
    assert message == f"Nothing was changed: {name} is null: give it a value, or leave the variable out."


def test_null_replicas_leave_the_number_alone() -> None:
    clusters = [{"name": "a", "replicas": None, "version": None}, {"name": "b"}, {"name": "c", "replicas": 0}]
    made = wanted(srs_edge_replicas=2, hls_nginx_replicas=None, srs_edge_clusters=clusters)
    assert made.values["hls_nginx_replicas"] is None
    assert [edge.replicas for edge in made.builder().topology.edges] == [None, 2, 0]
    assert [edge.replicas for edge in wanted(srs_edge_replicas=None).builder().topology.edges] == [None]


def with_keys(spec: Mapping[str, Any], **optional: None) -> Any:
    """A value with all keys that must be given, and the others as they are given here."""
    keys = {key: "x" for key, option in spec["options"].items() if option.get("required")} | optional
    return [keys] if spec["type"] == "list" else keys


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if "options" in spec])
def test_a_key_that_is_null_counts_as_left_out(name: str) -> None:
    spec = SPECS[name]
    nulls = {key: None for key, option in spec["options"].items() if not option.get("required") and key != "replicas"}
    assert wanted(**{name: with_keys(spec, **nulls)}).values == wanted(**{name: with_keys(spec)}).values


def test_so_does_a_key_of_a_key() -> None:
    given = {"issuer": {"name": "le", "kind": None, "group": None}, "dns_names": ["a.example"]}
    assert wanted(hls_nginx_https=given).values["hls_nginx_https"]["issuer"] == {
        "name": "le",
        "kind": "Issuer",
        "group": "cert-manager.io",
    }
    assert "missing required arguments: name" in refusal(hls_nginx_https={"issuer": {"name": None}})


def test_keys_that_nobody_gave_are_not_there() -> None:
    values = wanted(srs_edge_clusters=[{"name": "edge"}], hls_nginx_https={"secret_name": "tls"}).values
    assert values["srs_edge_clusters"] == [{"name": "edge"}]
    assert values["hls_nginx_https"] == {"secret_name": "tls", "dns_names": [], "redirect": False}
    config = {"http_api": {"listen": None}}
    assert wanted(srs_edge_config=config).values["srs_edge_config"] == config, "of these the module knows"


# Wrong values


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec["type"] == "dict"])
def test_what_is_no_mapping_is_refused(name: str) -> None:
    for value in (7, True, [1], "text"):
        assert name in refusal(**{name: value})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"srs_monitoring": 7},
            "srs_monitoring is 7 where a mapping must be: 'ansible-doc -t role livestream.srs.srs_origin' tells its keys.",
        ),
        ({"hls_nginx_https": True}, "hls_nginx_https is True where a mapping must be: 'ansible-doc -t role livestream.srs.hls_nginx'"),
        ({"srs_origin_proxy": {"redis": 7}}, "srs_origin_proxy holds something else where a mapping must be"),
        ({"hls_nginx_https": {"issuer": "le"}}, "'issuer' is of type str found in 'hls_nginx_https'"),
    ],
)
def test_nor_is_what_a_mapping_holds(given: dict[str, Any], said: str) -> None:
    assert said in refusal(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"srs_edge_clusters": "edge"}, "srs_edge_clusters is 'edge': it must be a list of edge clusters"),
        ({"srs_edge_clusters": {"name": "edge"}}, "srs_edge_clusters is a mapping: it must be a list"),
        ({"srs_edge_clusters": ["edge"]}, "srs_edge_clusters[0] is 'edge': it must be a mapping, for example {name: edge}."),
        ({"srs_edge_clusters": [None]}, "srs_edge_clusters[0] is None: it must be a mapping"),
        ({"srs_edge_clusters": [{"name": "a", "replicsa": 3}]}, "srs_edge_clusters[0] (a) has no key replicsa: did you mean replicas?"),
        ({"srs_edge_clusters": [{"replicas": 3}]}, "missing required arguments: name found in srs_edge_clusters."),
        ({"srs_monitoring": {"labls": {}}}, "srs_monitoring.labls. Supported parameters include: dashboard, enabled,"),
        ({"srs_patches": [{"patch": {}}]}, "missing required arguments: kind found in srs_patches."),
        ({"srs_patches": [{"kind": "Deployment", "patch": None}]}, "missing required arguments: patch found in srs_patches."),
        ({"srs_patches": [7]}, "srs_patches"),
        ({"srs_origin_mode": "clutser"}, "value of srs_origin_mode must be one of: single, cluster, proxy, got: clutser."),
        ({"srs_ip_families": ["IPv5"]}, "srs_ip_families"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], said: str) -> None:
    message = refusal(**given)
    assert message.startswith("Nothing was changed: ")
    assert said in message


def test_all_mistakes_are_told_together() -> None:
    message = refusal(
        srs_edge_replica=1, srs_edge_replicas="many", hls_nginx_replicas="few", srs_namespace=None, srs_edge_image="{{ nope }}"
    )
    for text in ("did you mean srs_edge_replicas?", "many", "few", "srs_namespace is null", "srs_edge_image can't be evaluated"):
        assert message.count(text) == 1, text


def test_what_follows_from_a_mistake_is_not_told_as_well() -> None:
    message = refusal(srs_origin_enabled="maybe")
    assert "srs_origin_enabled" in message and "hls_nginx_enabled" not in message


# Templates


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"srs_edge_image": "{{ srs_origin_image }}", "srs_origin_image": "srs:x"}, "srs_edge_image", "srs:x"),
        ({"srs_edge_image": "{{ srs_origin_image }}"}, "srs_edge_image", "docker.io/ossrs/srs:v7.0.162"),
        ({"srs_edge_image": "{{ srs_image }}-debug", "srs_version": "5"}, "srs_edge_image", "docker.io/ossrs/srs:v5.0.213-debug"),
        ({"srs_edge_replicas": "{{ srs_origin_replicas }}", "srs_origin_replicas": "2"}, "srs_edge_replicas", 2),
        ({"srs_edge_graceful": "{{ srs_production_defaults }}", "srs_production_defaults": "false"}, "srs_edge_graceful", False),
        ({"srs_edge_graceful": "{{ mine }}", "mine": "no"}, "srs_edge_graceful", False),
        ({"srs_namespace": "{{ inventory_hostname }}"}, "srs_namespace", "here"),
        ({"srs_edge_config": {"listen": ["{{ port }}"]}, "port": 19350}, "srs_edge_config", {"listen": [19350]}),
        ({"srs_edge_clusters": "{{ mine }}", "mine": [{"name": "a"}]}, "srs_edge_clusters", [{"name": "a"}]),
        (
            {"srs_edge_clusters": [{"name": "{{ srs_topology }}", "replicas": "{{ 2 + 2 }}"}]},
            "srs_edge_clusters",
            [{"name": "srs", "replicas": 4}],
        ),
    ],
)
def test_a_variable_that_is_a_template_of_others(given: dict[str, Any], name: str, value: Any) -> None:
    assert wanted(**given).values[name] == value


@pytest.mark.parametrize(
    ("given", "switch"),
    [
        ({"srs_production_defaults": "false"}, {"srs_production_defaults": False}),
        ({"srs_production_defaults": "no"}, {"srs_production_defaults": False}),
        ({"srs_production_defaults": "{{ mine }}", "mine": "off"}, {"srs_production_defaults": False}),
        ({"srs_origin_enabled": "false"}, {"srs_origin_enabled": False}),
        ({"srs_version": "5"}, {"srs_version": 5}),
        ({"srs_production_defaults": "0", "srs_edge_version": "3"}, {"srs_production_defaults": False, "srs_edge_version": 3}),
        ({"srs_origin_own_config": "no"}, {"srs_origin_own_config": False}),
    ],
)
def test_defaults_follow_from_what_a_text_means(given: dict[str, Any], switch: dict[str, Any]) -> None:
    assert wanted(**given).values == wanted(**switch).values
    assert wanted(**given).values != wanted().values
    assert objects(**given) == objects(**switch)


def test_nothing_of_production_is_left_when_a_text_turns_it_off() -> None:
    values = wanted(srs_production_defaults="false").values
    on = [name for name, value in values.items() if value is True]
    assert on == ["hls_nginx_enabled", "srs_edge_service", "srs_origin_enabled"]


@pytest.mark.parametrize(
    "text", ["{{ nope }}", "{{ nope", "{{ 1 | nope }}", "{{ srs_edge_config.nope.nope }}"], ids=["undefined", "syntax", "filter", "key"]
)
def test_a_template_that_fails_is_named(text: str) -> None:
    for given in ({"srs_edge_image": text}, {"srs_edge_clusters": [{"name": "a", "config": {"listen": [text]}}]}):
        (name,) = given
        message = refusal(**given)
        assert message.startswith(f"Nothing was changed: {name} can't be evaluated: ")
        assert message.endswith(".") and not message.endswith("..")


def test_defaults_that_ansible_has_loaded_are_the_same_as_those_that_it_has_not() -> None:
    """As it does for the roles of a play."""
    loaded = {name: value for name, value in role_variables.defaults().items() if name not in WHO}
    for given in ({}, {"srs_production_defaults": "false"}, {"srs_version": "5", "srs_edge_image": "{{ srs_image }}-x"}):
        assert wanted(**{**loaded, **given}).values == wanted(**given).values


def test_values_are_of_pythons_own_types() -> None:
    def types(value: Any) -> Iterator[type]:
        yield type(value)
        for item in [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from types(item)

    values = wanted(srs_edge_config={"listen": ["{{ port }}"]}, port=1, srs_edge_clusters=[{"name": "{{ 'a' }}"}]).values
    assert set(types(values)) <= {str, int, bool, list, dict}


def test_one_host_does_not_see_what_another_came_to() -> None:
    before = wanted().values
    assert wanted(srs_version=5).values["srs_image"] != before["srs_image"]
    assert wanted().values == before


def test_every_variable_has_a_value() -> None:
    assert set(wanted().values) == set(SPECS) == role_variables.known()


def multiplied(levels: int, leaf: Any = "x") -> Any:
    """What YAML makes of ``a: &a [x, ...]``, ``b: &b [*a, ...]`` and so on: ten times the same at each level."""
    value = leaf
    for _level in range(levels):
        value = [value] * 10
    return value


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"srs_edge_tolerations": multiplied(9)}, "srs_edge_tolerations"),
        ({"srs_edge_clusters": [{"name": "a", "affinity": {"a": multiplied(9)}}]}, "srs_edge_clusters"),
        ({"of_mine": multiplied(9, {"a": "b"}), "srs_edge_tolerations": "{{ of_mine }}"}, "of_mine"),
    ],
)
def test_aliases_that_multiply_are_refused(variables: dict[str, Any], name: str) -> None:
    # Whatever copies a value would copy what all the aliases stand for.
    given = {"inventory_hostname": "here", **WHO, **variables}
    with pytest.raises(SrsError, match=rf"^Nothing was changed: {name} comes to more than 500000 values: aliases in its YAML"):
        Wanted(Templar(loader=DataLoader(), variables={}), given, ROLES)


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert role_variables._multiplied({"srs_edge_tolerations": [endless]})


def test_aliases_are_fine_otherwise() -> None:
    one = [{"key": "a", "operator": "Exists"}]
    clusters = [{"name": f"c{number}", "tolerations": one} for number in range(50)]
    assert wanted(srs_edge_clusters=clusters).check() == []
    assert not role_variables._multiplied({"srs_edge_clusters": clusters, "hostvars": multiplied(9), "ansible_facts": multiplied(9)})
    assert not role_variables._multiplied({"much": [["x"] * 10 for _item in range(100_000)]}), "that is written out"

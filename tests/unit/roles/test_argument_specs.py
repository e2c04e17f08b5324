# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, defaults, the keys of an edge cluster and what the code makes of them say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Common
from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.nginx import Nginx
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import DemoPublisher, Origin
from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import NULLABLE, ROLES
from ansible_collections.livestream.srs.tests.support.wanted import wanted

FOLDER = Path(__file__).resolve().parents[3] / "roles"
Spec = Mapping[str, Any]


@cache
def load(role: str, path: str) -> Any:
    return yaml.safe_load((FOLDER / role / path).read_text(encoding="utf-8"))


def options(role: str) -> dict[str, Any]:
    return dict(load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


SHARED: dict[str, Any] = load("srs_common", "defaults/main.yml")
SPECS: dict[str, Spec] = {name: spec for role in ROLES for name, spec in options(role).items()}
KEYS: dict[str, Spec] = {key: spec for key, spec in SPECS["srs_edge_clusters"]["options"].items() if key != "name"}


def below(specs: Mapping[str, Spec], where: str = "") -> Iterator[tuple[str, Spec]]:
    """Every variable and key, down to the keys of keys."""
    for name, spec in specs.items():
        yield f"{where}{name}", spec
        yield from below(spec.get("options", {}), f"{where}{name}.")


# Roles


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_documented_and_the_reverse(role: str) -> None:
    assert set(load(role, "defaults/main.yml") | SHARED) == set(options(role))


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    defaults = load(role, "defaults/main.yml") | SHARED
    for name, option in options(role).items():
        if "default" in option:
            assert option["default"] == defaults[name], name
            assert "{{" not in str(defaults[name]), name
        else:
            assert "{{" in str(defaults[name]), f"{name} has a fixed default, which its argument spec doesn't tell"


@pytest.mark.parametrize("role", ROLES)
def test_shared_variables_are_described_alike(role: str) -> None:
    for name in SHARED:
        assert options(role)[name] == SPECS[name], name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_the_shared_defaults_from_the_common_role(role: str) -> None:
    dependencies = load(role, "meta/main.yml")["dependencies"]
    assert [entry["role"] for entry in dependencies] == ["livestream.srs.srs_common"]


def test_no_variable_is_of_two_roles() -> None:
    own = [name for role in ROLES for name in load(role, "defaults/main.yml")]
    assert len(own) == len(set(own))
    assert not set(own) & set(SHARED)


def test_every_variable_has_the_prefix_of_its_role() -> None:
    demo = {name for name in SPECS if name.startswith("srs_demo_publisher")}
    for role in ROLES:
        assert all(name.startswith(f"{role}_") for name in load(role, "defaults/main.yml") if name not in demo)
    assert all(name.startswith("srs_") for name in SHARED)


# Specs


@pytest.mark.parametrize(("name", "spec"), list(below(SPECS)), ids=[name for name, _spec in below(SPECS)])
def test_every_spec_is_whole(name: str, spec: Spec) -> None:
    assert spec["description"]
    assert spec["type"] in ("bool", "int", "str", "list", "dict", "raw")
    assert (spec["type"] == "list") is ("elements" in spec)
    assert not (spec.get("required") and "default" in spec)
    if "choices" in spec and "default" in spec:
        given = spec["default"] if isinstance(spec["default"], list) else [spec["default"]]
        assert set(given) <= set(spec["choices"])


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if "options" in spec and spec["type"] == "dict"])
def test_keys_that_are_left_out_have_their_defaults(name: str) -> None:
    keys = SPECS[name]["options"]
    assert wanted(**{name: {}}).values[name] == {key: spec["default"] for key, spec in keys.items() if "default" in spec}


@pytest.mark.parametrize(
    ("given", "defaults"),
    [
        ({"hls_nginx_https": {"issuer": {"name": "le"}}}, {"kind": "Issuer", "group": "cert-manager.io"}),
        ({"srs_origin_proxy": {"redis": {"host": "redis"}}}, {"port": 6379, "db": 0}),
        ({"srs_monitoring": {"hls_probe": {"prober": "x"}}}, {"module": "http_2xx", "stale_seconds": 60}),
    ],
)
def test_so_have_keys_of_keys(given: dict[str, Any], defaults: dict[str, Any]) -> None:
    ((name, keys),) = given.items()
    ((key, inner),) = keys.items()
    assert wanted(**given).values[name][key] == {**inner, **defaults}


def test_a_patch_is_for_all_names_unless_it_says() -> None:
    assert wanted(srs_patches=[{"kind": "Service", "patch": {}}]).values["srs_patches"] == [{"kind": "Service", "name": "*", "patch": {}}]


# The keys of an edge cluster


def test_each_key_of_a_cluster_is_a_variable_of_the_same_type() -> None:
    of_all = {"clusters", "allow_none", "origin_from"}
    assert set(KEYS) == {name.removeprefix("srs_edge_") for name in load("srs_edge", "defaults/main.yml")} - of_all
    for key, option in KEYS.items():
        variable = SPECS[f"srs_edge_{key}"]
        for part in ("type", "elements", "choices"):
            assert option.get(part) == variable.get(part), key
        assert option["description"] == f"See O(srs_edge_{key})."


def test_no_key_of_a_cluster_has_a_default() -> None:
    """It would win over the variable."""
    assert [key for key, option in KEYS.items() if "default" in option or option.get("required")] == []


# What the code makes of them

# (dataclass, prefix of its variables, its fields that are no variables, variables that are not among its fields), each with the reason.
CLASSES: list[tuple[type, str, dict[str, str], dict[str, str]]] = [
    (
        Common,
        "srs_",
        {},
        {
            "version": "the default of those of origin and edges",
            "image": "the default of those of origin and edges",
            "wait_timeout": "the playbooks wait",
        },
    ),
    (
        Origin,
        "srs_origin_",
        {
            "name": "there is one",
            "app": "the tutorial's",
            "called": "follows from srs_object_names",
            "labels": "of its objects",
            "config_name": "of its ConfigMap",
            "media": "what storage and volume come to",
            "demo_publisher": "the variables srs_demo_publisher*",
            "behind_nginx": "hls_nginx_enabled",
            "held_by_nginx": "from hls_nginx_hold_seconds",
            "serves_hls": "of the caches",
        },
        {},
    ),
    (DemoPublisher, "srs_demo_publisher_", {"enabled": "srs_demo_publisher"}, {}),
    (
        Nginx,
        "hls_nginx_",
        {"labels": "of its objects", "origin": "that it serves", "https_given": "https as it was given"},
        {},
    ),
    (
        Edge,
        "srs_edge_",
        {
            "name": "the key of a cluster",
            "app": "by its name",
            "labels": "of its objects",
            "config_name": "of its ConfigMap",
            "deployment_name": "by its name",
            "selector": "of its pods",
            "canary_of": "of a canary",
            "position": "for messages",
            "own": "for messages",
            "general": "for messages",
        },
        {"clusters": "these are the clusters", "allow_none": "it is about all clusters", "origin_from": "it is about all clusters"},
    ),
]
OWNERS = pytest.mark.parametrize(("kind", "prefix", "no_variables", "no_fields"), CLASSES, ids=[kind.__name__ for kind, *_rest in CLASSES])


def variables_of(prefix: str) -> dict[str, Spec]:
    """The variables with this prefix and no longer one, without it."""
    longer = [other for _kind, other, *_rest in CLASSES if other != prefix and other.startswith(prefix)] + ["srs_demo_publisher"]
    return {
        name.removeprefix(prefix): spec
        for name, spec in SPECS.items()
        if name.startswith(prefix) and not (name.startswith(tuple(longer)) and prefix != "srs_demo_publisher_")
    }


@OWNERS
def test_every_variable_is_a_field_and_every_field_a_variable(
    kind: type, prefix: str, no_variables: dict[str, str], no_fields: dict[str, str]
) -> None:
    of_class = {field.name for field in fields(kind)}
    assert of_class - set(variables_of(prefix)) == set(no_variables)
    assert set(variables_of(prefix)) - of_class == set(no_fields)


def test_no_variable_is_forgotten() -> None:
    known = {f"{prefix}{name}" for _kind, prefix, *_rest in CLASSES for name in variables_of(prefix)}
    assert set(SPECS) - known == {"srs_demo_publisher"}


TYPES: dict[str, tuple[Any, ...]] = {"bool": (bool,), "int": (int,), "str": (str,), "list": (list,), "dict": (dict, Mapping)}
# Here the field is what the variable comes to.
RESOLVED = {(Origin, "proxy"), (Origin, "version"), (Edge, "version"), (Nginx, "https")}


@OWNERS
def test_fields_have_the_types_of_their_variables(kind: type, prefix: str, no_variables: dict[str, str], no_fields: dict[str, str]) -> None:
    hints = get_type_hints(kind)
    for name, spec in variables_of(prefix).items():
        if name in no_fields or (kind, name) in RESOLVED:
            continue
        hint = hints[name]
        if f"{prefix}{name}" in NULLABLE:
            hint, none = get_args(hint)
            assert none is NoneType
        found = get_origin(hint) or hint
        assert any(found is wanted or getattr(found, "__name__", "") == wanted.__name__ for wanted in TYPES[spec["type"]]), name


def test_values_have_the_types_of_their_specs() -> None:
    plain = {"bool": bool, "int": int, "str": str, "list": list, "dict": dict}
    for name, value in wanted().values.items():
        assert value.__class__ is plain[SPECS[name]["type"]], name

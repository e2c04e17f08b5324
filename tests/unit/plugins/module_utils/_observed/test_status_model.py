# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of the status: its fields are documented, its words are used everywhere, and what is made follows it."""

from __future__ import annotations

import itertools
import json
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import jsonschema
import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._observed import (
    conditions,
    report,
    status,
    streams,
    verdicts,
)
from ansible_collections.livestream.srs.plugins.module_utils._observed import status_model as model
from ansible_collections.livestream.srs.plugins.modules import srs_cluster_status
from ansible_collections.livestream.srs.tests.support.fake_cluster import IPS, FakeClient
from ansible_collections.livestream.srs.tests.support.srs_server import FIXTURES

DOCS = Path(__file__).parents[5] / "docs"
SCHEMA = json.loads((DOCS / "status-report.schema.json").read_text())
PAGE = (DOCS / "status.md").read_text()
KEYS = {"summaries": "data", "vhosts": "vhosts", "streams": "streams", "clients": "clients"}
UNITS = {"seconds": "seconds", "percent": "percent", "kib": "KiB", "kbps": "kbit/s", "bytes": "bytes", "fps": "frames per second"}


def fields(typed: Any = model.Report, path: str = "") -> Iterator[tuple[str, Any]]:
    """All fields of the report by their path, and the types of them."""
    for name, annotation in get_type_hints(typed, include_extras=True).items():
        yield f"{path}.{name}", annotation
        yield from (found for inner in typed_inside(annotation) for found in fields(inner, f"{path}.{name}"))


def typed_inside(annotation: Any) -> Iterator[Any]:
    if is_typeddict(annotation):
        yield annotation
    yield from (found for part in get_args(annotation) for found in typed_inside(part))


def plain(annotation: Any) -> Any:
    """The type without what is said about it."""
    return plain(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


FIELDS = dict(fields())


def test_there_are_fields() -> None:
    assert len(FIELDS) > 120


@pytest.mark.parametrize("path", FIELDS)
def test_each_field_says_what_it_is_in_which_unit_and_when_it_is_null(path: str) -> None:
    docs = [item for item in get_args(FIELDS[path])[1:] if isinstance(item, model.Doc)]
    assert len(docs) == 1
    (doc,) = docs
    assert doc.text.endswith(".")
    assert doc.text[0].isupper() or doc.text[0] == "`"
    kind = plain(FIELDS[path])
    nullable = get_origin(kind) in (Union, types.UnionType) and types.NoneType in get_args(kind)
    assert bool(doc.null) == nullable
    assert not doc.null.endswith(".")
    name = path.rpartition(".")[2]
    unit = next((unit for word, unit in UNITS.items() if word in name.split("_")), "")
    assert doc.unit.startswith(unit)
    assert bool(doc.unit) == bool(unit)


def table(name: str) -> dict[str, str]:
    """The rows of a table of docs/status.md, by what stands in their first column."""
    part = PAGE.partition(f"<!-- {name}: ")[2].partition(f"<!-- end of {name} -->")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return {row[0]: row[1] for row in rows[2:]}


def test_verdicts_are_the_same_in_types_checks_page_and_documentation() -> None:
    names = list(get_args(model.Verdict))
    assert names == list(model.Verdicts.__annotations__) == list(verdicts.CHECKS) == list(report.VERDICTS)
    assert [word.strip("`") for word in table("verdicts")] == names


def test_states_are_the_same_in_types_page_and_documentation() -> None:
    assert list(get_args(model.State)) == list(model.STATES)
    assert set(get_args(model.State)) - set(get_args(model.PodState)) == {"silent"}
    assert {word.strip("`"): text for word, text in table("states").items()} == model.STATES
    # Each has a colour, in the drawing and in the legend.
    for state in model.STATES:
        assert re.search(rf"^(svg )?\.pod\.{state}{{", report.STYLE, re.MULTILINE)
        assert f".legend .pod.{state}::before{{" in report.STYLE


def test_conditions_are_the_same_in_code_and_documentation() -> None:
    forms = [form for cell in table("conditions") for form in re.findall(r"`([^`]+)`", cell)]
    known = [name for name, condition in conditions.CONDITIONS.items() if condition.alone]
    with_value = [f"{{{name}: {condition.value}}}" for name, condition in conditions.CONDITIONS.items() if condition.value]
    assert sorted(forms) == sorted([*known, *with_value])
    option = yaml.safe_load(srs_cluster_status.DOCUMENTATION)["options"]["wait_for"]["description"]
    assert [text.partition("(")[2].partition(")")[0] for text in option[1:]] == list(conditions.CONDITIONS)


def returned(documented: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, entry in documented.items():
        yield f"{path}.{name}"
        yield from returned(entry.get("contains") or {}, f"{path}.{name}")


def test_what_the_module_returns_is_documented() -> None:
    documented = yaml.safe_load(srs_cluster_status.RETURN)
    assert list(documented) == list(model.Returned.__annotations__)
    # The first of several fields of one form has its fields; the others refer to it.
    paths = set(returned(documented))
    whole = {path.removeprefix(".hosts") for path in FIELDS if path.startswith(".hosts.")} - {".host"}
    assert {path for path in whole - paths if not path.startswith((".edges.", ".hls."))} == set()
    assert documented["edges"]["description"].endswith("The form is that of RV(origins).")


def replies(folder: str) -> dict[str, Any]:
    return {what: json.loads((FIXTURES / folder / f"{what}.json").read_text())[key] for what, key in KEYS.items()}


def reported(found: list[streams.Server]) -> Any:
    """A report of these servers, as JSON."""
    unjudged: model.Unjudged = {
        "namespace": "video",
        "topology": "srs",
        "time": "2026-01-31T12:00:00Z",
        **status.build(FakeClient(1).objects),
        "configs": {},
        "servers": [streams.server_row(server) for server in found],
        "streams": streams.build(found),
    }
    return json.loads(report.data([("host", {**unjudged, **verdicts.judge(unjudged)})]))


RECORDED = {
    "6": [("origin-0", "origin"), ("edge-0", "edge"), ("edge-1", "edge"), ("edge-2", "edge")],
    "5": [("srs-5-origin-0", "origin"), ("srs-5-edge-0", "edge"), ("srs-5-edge-1", "edge")],
    "4": [("srs-4-edge", "edge")],
    "3": [("srs-3-edge", "edge")],
}


@pytest.mark.parametrize("version", RECORDED)
def test_the_status_made_from_replies_of_real_servers_follows_the_schema(version: str) -> None:
    found = [
        streams.Server(folder, component, component, ip, "ready", True, 1000, replies(folder))  # type: ignore[arg-type]
        for (folder, component), ip in zip(RECORDED[version], itertools.chain(IPS.values(), itertools.repeat(None)), strict=False)
    ]
    written = reported(found)
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    (host,) = written["hosts"]
    assert {server["version"][0] for server in host["servers"]} == {version}
    assert len(host["streams"]) == 1


def test_all_recorded_servers_are_tried() -> None:
    assert {folder for servers in RECORDED.values() for folder, _component in servers} == {path.name for path in FIXTURES.iterdir()}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("servers", 0, "surprise"), 1),
        (("servers", 0, "state"), "leaving"),
        (("servers", 0, "cpu_percent"), "3 %"),
        (("servers", 0, "ready"), None),
        (("verdicts", "not_ready"), None),
        (("verdicts", "merged_pull"), True),
        (("edges", "edge", "desired"), -1),
        (("edges", "edge", "pods", 0, "state"), "silent"),
        (("streams", 0, "players_by_protocol", "flv"), "9"),
        (("streams", 0, "video"), []),
    ],
)
def test_the_schema_refuses_what_the_model_does_not_have(place: tuple[str | int, ...], value: Any) -> None:
    written = reported([streams.Server("origin-0", "origin", "origin", IPS["origin-0"], "ready", True, 1000, replies("origin-0"))])
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    inner = written["hosts"][0]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(written)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the providers: whole, consistent, documented; and whatever a user writes is rendered or refused."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.load_balancer import argument_spec_options, render
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import COMMON, FACTS, GROUPS, OPTIONS, Cell, Platform
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS, PROVIDERS, description
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.read import read
from ansible_collections.livestream.srs.tests.support.load_balancer_options import base, completed, fitting, nested

ROOT = Path(__file__).resolve().parents[5]
TOOLS = ROOT / "tests" / "tools"
GOLDEN = Path(__file__).parent / "golden"
NUMBERS = [1935, 8080]
PORTS = [{"name": "rtmp", "port": 1935}, {"name": "http", "port": 8080}]
CELLS = [(platform, name, cell) for platform in PLATFORMS for name, cell in platform.cells.items()]
IDS = [f"{platform.label}-{name}" for platform, name, _cell in CELLS]


@pytest.mark.parametrize(("platform", "name", "cell"), CELLS, ids=IDS)
def test_every_value_that_a_table_allows_is_rendered(platform: Platform, name: str, cell: Cell) -> None:
    prefixes = list(platform.prefixes.values()) or [""]
    for value in fitting(platform, name, cell):
        slb = base(platform) | nested(completed(platform, {name: value}))
        service = render(slb, where="slb", ports=PORTS)
        if name == "ports":
            assert service["node_ports"] == value
            continue
        if cell.key.startswith("spec."):
            written = service["spec"][cell.key.removeprefix("spec.")]
            assert written == (cell.words[value] if cell.words else value)
            continue
        keys = [cell.key, *cell.also] if value != "off" or cell.off is None else list(cell.off)
        if cell.settings:
            keys = [setting.key for setting in cell.settings.values()]
        for key in filter(None, keys):
            for port in NUMBERS[1:] if cell.settings else NUMBERS:
                places = {"{prefix}": prefixes[0], "{port}": str(port), "{protocol}": "TCP", "{family}": "v4"}
                wanted = re.sub(r"\{\w+\}", lambda match, places=places: places[match[0]], key)
                assert isinstance(service["annotations"][wanted], str)


@pytest.mark.parametrize(("platform", "name", "cell"), CELLS, ids=IDS)
def test_what_is_just_outside_of_a_range_or_no_word_is_refused(platform: Platform, name: str, cell: Cell) -> None:
    kind = OPTIONS[name].kind
    wrong: list[Any] = [{"no": object}] if kind != "pairs" else [["no"]]
    if kind in ("number", "duration"):
        wrong += [cell.low - 1] if cell.low is not None else [1]
        wrong += [cell.high + 1] if cell.high is not None else []
    elif kind == "numbers":
        wrong += [{"rtmp": number} for number in (cell.low - 1, cell.high + 1)]
    elif kind == "word":
        wrong += ["no such word"]
    elif kind == "classes":
        wrong += [["9xx"], []]
    elif cell.pattern:
        wrong += ["%%"]
    for value in wrong:
        with pytest.raises(SrsError) as error:
            render(base(platform) | nested({name: value}), where="slb", ports=PORTS)
        assert error.value.message.startswith(f"slb.{name}")


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.label)
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_rendered_or_refused_by_every_provider(platform: Platform, name: str) -> None:
    if name in platform.cells:
        return  # tested above
    value = {"number": 5, "switch": True, "texts": ["a"], "networks": ["10.0.0.0/8"]}.get(OPTIONS[name].kind, "text")
    with pytest.raises(SrsError) as error:
        render(base(platform) | nested({name: value}), where="slb", ports=PORTS)
    message = error.value.message
    assert message.startswith(f"slb.{name}: provider {platform.label}")
    instead = platform.missing.get(name) or platform.missing.get(name.partition(".")[0])
    others = [other.label for other in PLATFORMS if name in other.cells]
    assert instead in message if instead else all(other in message for other in others)


WORDS = st.sampled_from(["on", "off", "Local", "http"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 10**7), st.floats(allow_nan=False), st.text(max_size=8), WORDS)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=4), SCALARS, max_size=3))


@st.composite
def anything(draw: st.DrawFn) -> dict[str, Any]:
    """What a user might write: options of the chosen provider with values that fit, and whatever else."""
    platform = draw(st.sampled_from(PLATFORMS))
    names = draw(st.lists(st.sampled_from(list(platform.cells)), max_size=6, unique=True))
    options = {name: draw(st.sampled_from(fitting(platform, name, platform.cells[name]))) for name in names}
    slb = base(platform) | nested(completed(platform, options) if draw(st.booleans()) else options)
    for name in draw(st.lists(st.sampled_from([*COMMON, *OPTIONS, *GROUPS, "qos"]), max_size=2)):
        slb |= {name.partition(".")[0]: draw(VALUES)}
    return slb


@given(anything())
def test_whatever_is_written_is_rendered_or_refused(slb: dict[str, Any]) -> None:
    try:
        service = render(slb, where="slb", ports=PORTS)
    except SrsError as error:
        assert error.message.startswith("slb")
        assert error.message.endswith(".")
        assert "Traceback" not in error.message
        return
    assert set(service) == {"annotations", "spec", "node_ports", "tls_ports"}
    assert all(isinstance(value, str) for value in service["annotations"].values())
    assert all(re.fullmatch(r"[a-z0-9./-]+/[A-Za-z0-9._-]+|[\w.-]+", key) for key in service["annotations"])
    assert service["spec"]["type"] in ("LoadBalancer", "NodePort", "ClusterIP")
    json.dumps(service)
    assert render(slb, where="slb", ports=PORTS) == service
    options, platform = read(slb, "slb")[1:]
    if service["spec"]["type"] == "LoadBalancer":
        written = len(service["annotations"]) + len(service["spec"])
        assert written > 1 or not [name for name in options if platform.cells[name].key]


def test_tables_name_only_what_there_is() -> None:
    for platform in PLATFORMS:
        assert set(platform.cells) <= set(OPTIONS), platform.label
        for name in platform.missing:
            assert name not in platform.cells, (platform.label, name)
            assert name in OPTIONS or name in GROUPS, (platform.label, name)
        for rule in platform.rules:
            unless = {rule.unless} - {""} if isinstance(rule.unless, str) else {*rule.unless}
            named = {*rule.when, *rule.needs, *rule.excludes, *unless}
            assert named <= {*platform.cells, *FACTS}, (platform.label, named)
        for outcome in platform.outcomes:
            assert {outcome.option, *outcome.when} <= {*platform.cells}, (platform.label, outcome)
        for cell in platform.cells.values():
            assert cell.source in ("", *platform.sources), (platform.label, cell)
            assert not re.search(r"\{(?!prefix|port|protocol|family|setting)", cell.key)
    assert all(any(name in platform.cells for platform in PLATFORMS) for name in OPTIONS)


def test_no_two_options_of_a_platform_write_the_same() -> None:
    for platform in PLATFORMS:
        written = [(cell.key, cell.attribute) for cell in platform.cells.values() if cell.key]
        assert len(written) == len(set(written)), platform.label


def test_the_golden_files_have_every_option_of_every_platform() -> None:
    for platform in PLATFORMS:
        file = GOLDEN / f"load_balancer_{'-'.join(filter(None, [platform.provider, platform.type]))}.json"
        cases = json.loads(file.read_text())
        used = {name for case in cases.values() for name in read(case["slb"], "slb")[1]}
        assert used == set(platform.cells), platform.label
        assert all(read(case["slb"], "slb")[2] is platform for case in cases.values())
    assert len(list(GOLDEN.glob("load_balancer_*"))) == len(PLATFORMS)


def test_the_argument_spec_has_every_option() -> None:
    spec = argument_spec_options()
    flat = {name for name in spec if name not in GROUPS} | {f"{group}.{key}" for group in GROUPS for key in spec[group]["options"]}
    assert flat == {*COMMON, *OPTIONS}
    assert set(spec["provider"]["choices"]) == set(PROVIDERS)


def _docs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(TOOLS)
    spec = importlib.util.spec_from_file_location("load_balancer_docs", TOOLS / "load_balancers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = _docs(monkeypatch)
    assert docs.page() == docs.PAGE.read_text(encoding="utf-8"), "run python tests/tools/load_balancers.py"


def test_every_annotation_is_on_the_page() -> None:
    page = (ROOT / "docs" / "load-balancers.md").read_text(encoding="utf-8")
    for file in GOLDEN.glob("load_balancer_*"):
        for case in json.loads(file.read_text()).values():
            own = case["slb"].get("annotations", {})
            platform = read(case["slb"], "slb")[2]
            for key in case["service"]["annotations"]:
                if key in own:
                    continue
                for prefix in platform.prefixes.values():
                    key = key.replace(prefix, "{prefix}")
                key = re.sub(r"attributes\.TCP-\d+$", "attributes.{protocol}-{port}", key)
                key = re.sub(r"port_\d+", "port_{port}", key)
                key = re.sub(r"balancer-ipv[46]$", "balancer-ip{family}", key)
                assert f"`{key}" in page, key


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.unit])
def test_units_are_documented(name: str) -> None:
    assert f" In {OPTIONS[name].unit}." in description(name, "Text.")

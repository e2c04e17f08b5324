# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec and the documentation of the modules, which come from one table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.doc_fragments.srs_config import ModuleDocFragment
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.documentation import argument_spec, config_options
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import (
    EDGE,
    ORIGIN,
    ROOT_NAMES,
    VHOST_NAMES,
    Option,
    option_of,
)
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, VHOST, Spec

ROLES = {EDGE: ModuleDocFragment.EDGE, ORIGIN: ModuleDocFragment.ORIGIN}


def plain(spec: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """What argument spec and documentation have in common."""
    result = {key: spec[key] for key in ("type", "elements", "choices", "default") if spec.get(key) is not None}
    result["required"] = bool(spec.get("required"))
    if inner in spec:
        result["options"] = {name: plain(option, inner) for name, option in spec[inner].items()}
    return result


@pytest.mark.parametrize("role", ROLES)
def test_documentation_is_the_argument_spec(role: str) -> None:
    documented = json.loads(ROLES[role])["options"]
    assert {name: plain(option, "suboptions") for name, option in documented.items()} == {
        name: plain(option, "options") for name, option in argument_spec(role).items()
    }


def options(tree: Mapping[str, Option], path: str = "") -> Iterator[tuple[str, Option]]:
    for name, option in tree.items():
        yield f"{path}{name}", option
        yield from options(option.options or {}, f"{path}{name}.")


def described(docs: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, doc in docs.items():
        yield f"{path}{name}", doc["description"]
        yield from described(doc.get("suboptions") or {}, f"{path}{name}.")


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_described(role: str) -> None:
    said = {path: [option.description] for path, option in options(config_options(role))}
    documented = dict(described(json.loads(ROLES[role])["options"]))
    assert documented.items() >= {f"configs.{path}": text for path, text in said.items()}.items()
    assert all(text for texts in documented.values() for text in texts)
    for path, option in options(config_options(role)):
        assert re.fullmatch(r"[A-Z].*\.", option.description), f"{path}: {option.description}"
        assert option.description.count("(") == option.description.count(")"), path


@pytest.mark.parametrize("role", ROLES)
def test_no_option_takes_a_secret(role: str) -> None:
    names = [path for path, _option in options(config_options(role))]
    assert not [name for name in names if re.search(r"passw|passphrase|token$|secret_key", name) and not re.search(r"_secret(\.|$)", name)]
    assert "http_api.auth.password_secret.name" in names


def test_edges_alone_have_an_origin() -> None:
    assert set(config_options(EDGE)) - set(config_options(ORIGIN)) == {"origin"}


SWITCH = Spec("switch", "Whether.", "off")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (Spec("integer", "How many.", "5", low=0), "How many. The server's default is V(5)."),
        (Spec("integer", "How many.", low=0), "How many."),
        (Spec("integer", "How many.", low=1), "How many. At least V(1)."),
        (Spec("number", "How long.", low=0.5, high=30, unit="s"), "How long. In s. From V(0.5) to V(30)."),
        (Spec("integer", "How long.", "10", low=0, high=30, unit="s"), "How long. From V(0) to V(30). The server's default is V(10) s."),
        (Spec("text", "What.", low=1), "What."),
        (SWITCH, "Whether. The server's default is V(off)."),
        (replace(SWITCH, since="4"), "Whether. Needs SRS 4 or later. The server's default is V(off)."),
        (replace(SWITCH, since="5.0.67 6.0.1"), "Whether. Needs SRS 5.0.67, 6.0.1 or later. The server's default is V(off)."),
        (replace(SWITCH, default={"3": "off", "5": "on"}), "Whether. The server's default is V(off) from SRS 3, V(on) from SRS 5."),
        (Spec("block", "A block.", "x", children={}), "A block."),
    ],
)
def test_what_is_said_of_a_parameter(spec: Spec, said: str) -> None:
    assert option_of(spec).description == said


def test_what_has_no_parameter_has_no_description() -> None:
    def hidden(table: Mapping[str, Spec], shown: bool, path: str) -> Iterator[str]:
        for name, spec in table.items():
            if spec.description and not shown:
                yield f"{path}{name}"
            yield from hidden(spec.children or {}, shown and bool(spec.description), f"{path}{name}.")

    assert list(hidden(ROOT, True, "")) == []


def test_names_are_directives() -> None:
    """Those that are described are the parameters."""
    assert {name for name, spec in ROOT.items() if spec.description} == {*ROOT_NAMES, "vhost"}
    assert {name for name, spec in VHOST.items() if spec.description} == {*VHOST_NAMES, "enabled", "chunk_size"}
    assert not set(ROOT_NAMES) & set(VHOST_NAMES)

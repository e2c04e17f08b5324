# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup role_template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleLookupError

from ansible_collections.livestream.srs.plugins.lookup import role_template
from ansible_collections.livestream.srs.plugins.lookup.role_template import (
    LookupModule,
    to_json,
)

ROLES = Path(__file__).resolve().parents[4] / "roles"


class Templar:
    """Evaluates a variable by calling it, and counts."""

    def __init__(self) -> None:
        self.evaluated: Counter[str] = Counter()

    def template(self, variable: Callable[[], Any]) -> Any:
        self.evaluated[variable.__name__] += 1
        return variable()


def clusters() -> list[dict[str, Any]]:
    return [{"name": "a", "app": "x"}, {"name": "b", "app": "y"}]


def broken() -> Any:
    raise AssertionError("nobody has asked for it")


def render(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *variables: Callable[[], Any],
    **files: str,
) -> tuple[str, Templar]:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(role_template, "ROLES", folder)
    templar = Templar()
    lookup = LookupModule(loader=None, templar=templar)
    (text,) = lookup.run(["one/templates/main"], {variable.__name__: variable for variable in variables})
    return text, templar


def test_each_variable_is_evaluated_once_and_only_where_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text, templar = render(
        monkeypatch,
        tmp_path,
        clusters,
        broken,
        one__templates__main="{% for cluster in clusters %}{% include 'part' %}{% endfor %}{{ clusters | length }}\n",
        one__templates__part="{{ cluster.name }} of {{ clusters | map(attribute='app') | join }}\n",
    )
    assert text == "a of xy\nb of xy\n2\n"
    assert templar.evaluated == {"clusters": 1}


def test_templates_of_other_roles_are_included_by_their_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text, _templar = render(
        monkeypatch,
        tmp_path,
        one__templates__main="a:\n{% with role = 'reader' %}{% filter indent(2, first=true) %}\n{% include '../../two/templates/part' %}\n"
        "{% endfilter %}{% endwith %}\n",
        two__templates__part="- {{ role }}\n{% include 'end' %}",
        two__templates__end="- end\n",
    )
    assert yaml.safe_load(text) == {"a": ["reader", "end"]}


def test_filters_of_ansible_and_of_the_collection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        "{{ {'a': 1} | combine({'b': 'yes' | bool}) | to_json }} {{ nothing | default(2) }} {{ [{'name': 'x'}] | livestream.srs.by_name }}"
    )
    text, _templar = render(monkeypatch, tmp_path, one__templates__main=source)
    assert text == '{"a": 1, "b": true} 2 ' + "{'x': {'name': 'x'}}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ srs_nmae }}", "'srs_nmae' is undefined"),
        ("{% if %}", "Expected an expression"),
        ("{% include 'no' %}", "one/templates/no"),
    ],
)
def test_what_is_wrong_is_said_with_the_templates_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(AnsibleLookupError) as caught:
        render(monkeypatch, tmp_path, one__templates__main=source)
    assert "one/templates/main" in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600 \u00e9 \u2028\ufeff",
        "\\ud83d\\ude00",
        "\x7f\x1b\n\t\"'",
        "{{ no }}",
        "\U0010ffff" * 3,
    ],
)
def test_json_reads_as_the_same_in_yaml(text: str) -> None:
    assert yaml.safe_load(to_json({"a": text})) == {"a": text}


@pytest.mark.parametrize("path", sorted(ROLES.rglob("*.j2")), ids=lambda path: str(path.relative_to(ROLES)))
def test_templates_look_nothing_up(path: Path) -> None:
    """A lookup in a template would be made for each edge cluster, and ansible.builtin.template copies all variables each time."""
    text = path.read_text()
    assert "lookup(" not in text and "query(" not in text

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mistakes are made in Python, and what is left alone."""

from __future__ import annotations

import ast

import pytest
from mutants.mutation import changed
from mutants.python_code import mutations

FUNCTION = """\
def f(a, b=2):
    # why
    for x in a:
        if x and b:
            g(x, 'k', key={1: 2})
    return [
        a,
        b,
    ]
"""


def mistakes(text: str) -> set[str]:
    """What the changed lines become, one text for each mutation."""
    return {" / ".join(changed(text, mutation.render())[1]) for mutation in mutations(text)}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("if x:\n    y()\n", "if not (x):"),
        ("while a and b:\n    y()\n", "while not (a and b):"),
        ("z = [i for i in x if i]\n", "z = [i for i in x if not (i)]"),
        ("def f():\n    return x\n", "return None"),
        ("def f():\n    raise X\n", "pass"),
        ("f(x)\n", "pass"),
        ("f(x, y)\n", "f(y)"),
        ("z = {'a': 1, 'b': 2}\n", "z = {'b': 2}"),
        ("z = {'a': 1, 'b': 2}\n", "z = {'a': 1, 'XXbXX': 2}"),
        ("z = [a, b]\n", "z = [a, ]"),
        ("z = {a, b}\n", "z = {b}"),
        ("z = a < b\n", "z = a <= b"),
        ("z = a in b\n", "z = a not in b"),
        ("z = 5\n", "z = 6"),
        ("z = True\n", "z = False"),
        ("z = a if b else c\n", "z = a if (b) and False else c"),
        ("z: int = 5\n", "z: int = None"),
        ("z = 'two words'\n", "z = 'XXtwo wordsXX'"),
        ("z = {'type': 'RollingUpdate'}\n", "z = {'type': 'XXRollingUpdateXX'}"),
        ("z = {'type': 'str', 'no_log': True}\n", "z = {'type': 'str', 'no_log': False}"),
    ],
)
def test_mistakes(text: str, mistake: str) -> None:
    assert mistake in mistakes(text)


@pytest.mark.parametrize(
    "text",
    [
        '"""What it does."""\n',
        "x: int\n",
        "def f(x: str | None) -> dict[str, 5]: ...\n",
        'DOCUMENTATION = r"""\nmodule: x\n"""\n',
        "import a\nfrom b import c\n",
        "if TYPE_CHECKING:\n    x = 5\n",
        'if __name__ == "__main__":\n    main()\n',
        "@dataclass(frozen=True)\nclass A: ...\n",
        "{'type': 'int', 'default': 5, 'choices': [1, 2], 'aliases': ['x']}\n",
        "_option(type='int', default=5)\n",
        "# x = 5\n",
        "z: list[int] = []\n",
        "def f():\n    return {}\n",
        "z = None\n",
        "Fields = Mapping[str, Any]\n",
        "Either = A | tuple[int, str]\n",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    found = mistakes(text)
    assert {line for line in found if line not in ("pass", "{}")} == set()


def test_nothing_is_not_put_for_nothing() -> None:
    assert mistakes("z = f('', x)\n") == {"z = None", "z = f('', None)", "z = f(x)", "z = f('', )", "z = f('XXXX', x)"}


def test_wording_is_left_alone() -> None:
    assert mistakes("f('nobody tests what this says')\n") == {"pass", "f(None)"}
    assert mistakes("f('nobody ' f'tests {x}' 'this.')\n") == {"pass", "f(None)"}


def test_each_is_one_change_of_code_that_can_be_read() -> None:
    found = mutations(FUNCTION)
    assert {mutation.line for mutation in found} == {1, 4, 5, 6, 7, 8}
    for mutation in found:
        after = mutation.render()
        ast.parse(after)
        assert after != FUNCTION and "# why" in after

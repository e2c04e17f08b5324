# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in Python: those of mutmut's operators, and a few of our own.

Left alone is what no test can or should see: comments, docstrings and prose, annotations, documentation blocks, what is for type checkers,
decorators, and what an argument spec repeats of the documentation, which `ansible-test sanity` compares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from .mutation import PROSE_WORDS, Mutation

DOCUMENTATION = m.Assign(targets=[m.AssignTarget(m.OneOf(*map(m.Name, ("DOCUMENTATION", "EXAMPLES", "RETURN"))))])
TYPE_ALIAS = m.Assign(
    targets=[m.AssignTarget(m.Name(m.MatchRegex(r"_?[A-Z]\w*[a-z]\w*")))], value=m.Subscript() | m.BinaryOperation() | m.Name()
)
NOT_RUN = m.If(test=m.Name("TYPE_CHECKING") | m.Comparison(left=m.Name("__name__")))
DOCSTRING = m.Expr(value=m.SimpleString() | m.ConcatenatedString())
HARMLESS_CALL = m.Call(func=m.Name("isinstance") | m.Name("len") | m.Name("cast"))
"""Any other argument than the right one is a crash, or nothing at all."""
LEFT_ALONE = (
    *(cst.Annotation, cst.AssignTarget, cst.Decorator, cst.Import, cst.ImportFrom, cst.NameItem),
    *(cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine),
)

ARGUMENT_TYPES = {"bool", "dict", "float", "int", "list", "path", "raw", "str"}
DOCUMENTED = {"type", "elements", "required", "default", "choices", "aliases"}
"""What an argument spec and the documentation say alike of an option."""

FALSY = m.OneOf(
    *map(m.Name, ("False", "None")), *map(m.SimpleString, ('""', "''")), *map(m.Integer, ("0",)), m.List([]), m.Dict([]), m.Tuple([])
)
"""Whoever has these may as well have None, mostly; other mistakes in them say more."""

Change = tuple[cst.CSTNode, str, cst.CSTNode]
"""Where it shows, its kind, and what a node is replaced with."""


def mutations(text: str) -> list[Mutation]:
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = _Visitor(wrapper.module)
    wrapper.visit(visitor)
    return visitor.found


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.module = module
        self.found: list[Mutation] = []
        self.left_alone: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node in self.left_alone or _is_left_alone(node):
            return False
        documented = _documented(node)
        self.left_alone.update(documented, _pieces(node))
        if isinstance(node, cst.Call) and (documented or m.matches(node, HARMLESS_CALL)):
            return True
        for place, what, new in (*_of_mutmut(node), *_negated(node), *_without_an_element(node, self.left_alone), *_without_effect(node)):
            line = self.get_metadata(PositionProvider, place).start.line
            self.found.append(Mutation(line, what, functools.partial(_render, self.module, node, new)))
        return True


def _is_left_alone(node: cst.CSTNode) -> bool:
    if isinstance(node, LEFT_ALONE):
        return True
    if isinstance(node, cst.Assign) and m.matches(node, TYPE_ALIAS):
        return True
    return isinstance(node, cst.Assign | cst.Expr | cst.If) and m.matches(node, DOCUMENTATION | DOCSTRING | NOT_RUN)


def _render(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    changed = module.deep_replace(old, new)
    assert isinstance(changed, cst.Module)
    return changed.code


def _documented(node: cst.CSTNode) -> list[cst.CSTNode]:
    """What a part of an argument spec, a dict or a call with keywords, repeats of the documentation."""
    found: dict[str, cst.CSTNode] = {}
    values: dict[str, cst.CSTNode] = {}
    if isinstance(node, cst.Dict):
        for element in node.elements:
            if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                name = str(element.key.evaluated_value)
                found[name], values[name] = element, element.value
    elif isinstance(node, cst.Call):
        found = {arg.keyword.value: arg for arg in node.args if arg.keyword}
        values = {arg.keyword.value: arg.value for arg in node.args if arg.keyword}
    kind = values.get("type")
    if not isinstance(kind, cst.SimpleString) or kind.evaluated_value not in ARGUMENT_TYPES:
        return []
    return [found[name] for name in DOCUMENTED & found.keys()]


def _pieces(node: cst.CSTNode) -> list[cst.CSTNode]:
    """Of a text that is too long for a line the pieces, which would not look like prose each for itself."""
    if not isinstance(node, cst.ConcatenatedString):
        return []
    return [piece for piece in (node.left, node.right) if isinstance(piece, cst.SimpleString)]


def _of_mutmut(node: cst.CSTNode) -> Iterator[Change]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            changes: Sequence[cst.CSTNode] = list(operator(node))
            if isinstance(node, cst.BaseString):
                # It offers three of each; who misses one of them misses the others.
                changes = [] if _is_prose(node) else changes[:1]
            elif isinstance(node, cst.Call):
                changes = [new for new in changes if not _gives_none_for_nothing(node, new)]
            elif isinstance(node, cst.Assign | cst.AnnAssign) and node.value and m.matches(node.value, FALSY):
                changes = []
            yield from ((node, operator.__name__.removeprefix("operator_").replace("_", " "), new) for new in changes)


def _gives_none_for_nothing(call: cst.Call, new: cst.CSTNode) -> bool:
    if not isinstance(new, cst.Call) or len(new.args) != len(call.args):
        return False
    return any(one.value is not other.value and m.matches(one.value, FALSY) for one, other in zip(call.args, new.args, strict=True))


def _is_prose(node: cst.BaseString) -> bool:
    return isinstance(node, cst.SimpleString) and len(str(node.evaluated_value).split()) >= PROSE_WORDS


def _negated(node: cst.CSTNode) -> Iterator[Change]:
    if isinstance(node, cst.If | cst.While | cst.CompIf):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        # Of a condition over several lines, each line is a place for this mistake; the first will do.
        yield node.test, "condition negated", node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _without_an_element(node: cst.CSTNode, left_alone: set[cst.CSTNode]) -> Iterator[Change]:
    if isinstance(node, cst.Dict | cst.List | cst.Set | cst.Tuple):
        elements = node.elements
        if isinstance(node, cst.Set) and len(elements) == 1:
            return  # {} is no set
        for at, element in enumerate(elements):
            if element not in left_alone:
                yield element, "element dropped", node.with_changes(elements=[*elements[:at], *elements[at + 1 :]])


def _without_effect(node: cst.CSTNode) -> Iterator[Change]:
    if isinstance(node, cst.Return) and node.value and not m.matches(node.value, FALSY):
        yield node, "returns None", node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 and m.matches(node.body[0], m.Raise() | m.Expr(m.Call())):
        yield node, "statement dropped", node.with_changes(body=[cst.Pass()])

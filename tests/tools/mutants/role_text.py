# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in what roles are made of: Jinja templates, YAML and shell.

Comments and prose are left alone. A mutant that would not even be read - no YAML, no template - is none: it would prove nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import jinja2
import yaml

from .mutation import PROSE_WORDS, Mutation

OPPOSITE = {"true": "false", "True": "False", "on": "off", "yes": "no", "and": "or", "==": "!=", "<": ">=", ">": "<=", "+": "-"}
OPPOSITE |= {value: key for key, value in OPPOSITE.items()}
NUMBER = re.compile(r"(?<![\w./-])(\d+)(?=[A-Za-z]{0,2}%?(?![\w./-]))")
SWITCH = re.compile(r"(?<=[\s\[])(true|false|on|off|yes|no)(?=[\s;,\]]|$)")
WORD = re.compile(r"""(?:^\s*(?:- )?[\w.$/-]+:\s+|^\s*- )(['"]?)([A-Za-z][^\s'"{}:]*(?: [^\s'"{}:]+)?)\1$""")
"""A value of one word or two in a line of YAML."""
ENTRY = re.compile(r"^( *)((?:- )*)(.*)$")
CONDITION = re.compile(r"^( *)(?:- )?(when|until|failed_when|changed_when):\s+(['\"]?)([^>|\s].*?)\3$")
SHELL_OPPOSITE = {"&&": "||", "=": "!=", "-n": "-z", "-eq": "-ne", "-lt": "-ge", "-gt": "-le", "true": "false"}
SHELL_OPPOSITE |= {value: key for key, value in SHELL_OPPOSITE.items()}
SHELL_WORD = re.compile(r"(?<=[\s\"'])(&&|\|\||!?=|-[nz]|-eq|-ne|-lt|-ge|-gt|-le|true|false)(?=[\s;\"'\]])")


def template(text: str) -> list[Mutation]:
    """Mistakes in a template, of YAML or of a configuration file."""
    return _that_can_be_read(text, [*_expressions(text), *_lines(text), *_values(text)], jinja2.Environment(autoescape=False).parse)


def yaml_file(text: str) -> list[Mutation]:
    """Mistakes in tasks, defaults and variables, with the expressions in them."""
    given = yaml.safe_load(text)

    def read(changed: str) -> None:
        jinja2.Environment(autoescape=False).parse(changed)
        if yaml.safe_load(changed) == given:
            raise ValueError("the same")

    return _that_can_be_read(text, [*_expressions(text), *_conditions(text), *_entries(text), *_values(text)], read)


def shell(text: str) -> list[Mutation]:
    """Mistakes in a script. Dropping a line may leave none that a shell can read: only a shell can tell."""
    found = []
    for line in _code_lines(text):
        found += (
            [Edit(line.start, line.next, "", "line dropped")]
            if not re.fullmatch(r"\s*([\w*\"$/]*\)|;;|then|else|fi|do|done|esac|\})\s*", line.text)
            else []
        )
        for match in SHELL_WORD.finditer(line.text):
            found.append(line.edit(match, SHELL_OPPOSITE[match[0]], "the opposite"))
        for match in NUMBER.finditer(line.text):
            found.append(line.edit(match, str(int(match[0]) + 1), "number"))
        for match in re.finditer(r"(?<=\s)! ", line.text):
            found.append(line.edit(match, "", "condition negated"))
    return [edit.of(text) for edit in found]


@dataclass(frozen=True)
class Edit:
    """What stands between two places becomes something else."""

    start: int
    end: int
    new: str
    what: str

    def of(self, text: str) -> Mutation:
        return Mutation(text.count("\n", 0, self.start) + 1, self.what, functools.partial(self._render, text))

    def _render(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


@dataclass(frozen=True)
class Line:
    text: str
    start: int

    @property
    def next(self) -> int:
        return self.start + len(self.text) + 1

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))

    def edit(self, match: re.Match[str], new: str, what: str, group: int = 0) -> Edit:
        return Edit(self.start + match.start(group), self.start + match.end(group), new, what)


def _that_can_be_read(text: str, edits: Iterable[Edit], read: object) -> list[Mutation]:
    assert callable(read)
    found = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end, edit.what)):
        mutation = edit.of(text)
        try:
            read(mutation.render())
        except (jinja2.TemplateError, yaml.YAMLError, ValueError):
            continue
        found.append(mutation)
    return found


def _code_lines(text: str) -> Iterator[Line]:
    """Lines that say something: neither empty nor comments."""
    start = 0
    for line in text.split("\n"):
        if line.strip() not in ("", "---") and not line.lstrip().startswith("#"):
            yield Line(line, start)
        start += len(line) + 1


def _without_expressions(text: str) -> str:
    """The text with blanks for what Jinja would fill in or leave out."""
    return re.sub(r"\{[{%#].*?[}%#]\}", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def _tokens(text: str) -> list[list[Token]]:
    """What Jinja has to do, tag by tag and expression by expression, without blanks."""
    found: list[list[Token]] = []
    position = 0
    for _line, kind, value in jinja2.Environment(autoescape=False).lex(text):
        position = text.index(value, position)
        if kind in ("block_begin", "variable_begin"):
            found.append([])
        elif kind in ("name", "string", "integer", "float", "operator") and found:
            found[-1].append(Token(kind, value, position))
        position += len(value)
    return [tokens for tokens in found if tokens]


def _expressions(text: str) -> Iterator[Edit]:
    for tokens in _tokens(text):
        yield from _conditional(text, tokens)
        yield from _filters(tokens)
        for at, token in enumerate(tokens):
            if token.kind == "integer":
                yield Edit(token.start, token.end, str(int(token.text) + 1), "number")
            elif token.kind == "string" and len(token.text.split()) < PROSE_WORDS:
                yield Edit(token.start + 1, token.end - 1, f"XX{token.text[1:-1]}XX", "string")
            elif token.text == "not" and at + 1 < len(tokens):
                yield Edit(token.start, tokens[at + 1].start, "", "condition negated")
            elif token.text in OPPOSITE and token.kind in ("name", "operator"):
                yield Edit(token.start, token.end, OPPOSITE[token.text], "the opposite")


def _conditional(text: str, tokens: list[Token]) -> Iterator[Edit]:
    """Conditions say the opposite; loops go over nothing."""
    if tokens[0].text == "for":
        over = [token.text for token in tokens].index("in")
        if over + 1 < len(tokens):
            yield Edit(tokens[over + 1].start, tokens[-1].end, "[]", "no iteration")
    for at, token in enumerate(tokens):
        if token.text in ("if", "elif") and token.kind == "name":
            condition = _up_to(tokens[at + 1 :], {"else"})
            if condition:
                start, end = condition[0].start, condition[-1].end
                yield Edit(start, end, f"not ({text[start:end]})", "condition negated")


def _filters(tokens: list[Token]) -> Iterator[Edit]:
    for at, token in enumerate(tokens[:-1]):
        if token.text == "|":
            rest = tokens[at + 1 :]
            name = 1
            while name + 1 < len(rest) and rest[name].text == ".":
                name += 2
            end = rest[name - 1].end
            if name < len(rest) and rest[name].text == "(":
                inside = _up_to(rest[name + 1 :], {")"})
                end = rest[name + 1 + len(inside)].end
            yield Edit(token.start, end, "", "filter dropped")


def _up_to(tokens: list[Token], ends: set[str]) -> list[Token]:
    """The tokens before one of these that is in no brackets of theirs, or before a bracket that closes what was open."""
    depth = 0
    for at, token in enumerate(tokens):
        if depth == 0 and (token.text in ends or token.text in (")", "]", "}")):
            return tokens[:at]
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
    return tokens


def _lines(text: str) -> Iterator[Edit]:
    """Lines of a template that nothing hangs on."""
    plain = _without_expressions(text)
    lines = list(_code_lines(text))
    for at, line in enumerate(lines):
        said = plain[line.start : line.next].strip()
        following = lines[at + 1].indent if at + 1 < len(lines) and plain[lines[at + 1].start : lines[at + 1].next].strip() else 0
        opens = said.endswith(("{", "}", ":")) and not line.text.rstrip().endswith("}}")
        if said and not opens and following <= line.indent:
            yield Edit(line.start, line.next, "", "line dropped")


def _entries(text: str) -> Iterator[Edit]:
    """Entries of YAML, with all that is in them."""
    lines = list(_code_lines(text))
    for at, line in enumerate(lines):
        end = len(text)
        for later in lines[at + 1 :]:
            # The keys of a mapping may be as far to the left as the dash of the list that they are in.
            if later.indent <= line.indent:
                end = later.start
                break
        yield Edit(line.start, end, "", "entry dropped")


def _conditions(text: str) -> Iterator[Edit]:
    for line in _code_lines(text):
        if match := CONDITION.match(line.text):
            yield line.edit(match, f"not ({match[4]})", "condition negated", group=4)


def _values(text: str) -> Iterator[Edit]:
    """Values in what is not Jinja."""
    plain = _without_expressions(text)
    for line in _code_lines(text):
        said = plain[line.start : line.next - 1]
        for match in NUMBER.finditer(said):
            yield line.edit(match, str(int(match[0]) + 1), "number")
        for match in SWITCH.finditer(said):
            yield line.edit(match, OPPOSITE[match[0]], "the opposite")
        if (match := WORD.match(said.rstrip())) and match[2] not in OPPOSITE:
            yield line.edit(match, f"XX{match[2]}XX", "string", group=2)

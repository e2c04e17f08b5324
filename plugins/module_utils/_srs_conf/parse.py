# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to tree, by the grammar of the server's own reader.

That grammar is a small relative of nginx's. What surprises: there are no escapes; a quote or a ``#`` is special only
at the start of a token; an empty quoted string disappears; from SRS 6 a directive must end on the line where it began,
while SRS 3 to 5 let a forgotten ``;`` swallow the following lines without a word.
"""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

SPACE = frozenset(" \t\r\n")
# Marks of a Chinese keyboard that look like those of the grammar.
FULL_WIDTH = {"\uff1b": ";", "\uff5b": "{", "\uff5d": "}"}
END_OF_TOKEN = SPACE | frozenset(";{")


class ConfSyntaxError(SrsError):
    """The server's reader would refuse this text."""

    def __init__(self, problem: str, where: str, line: int, version: int) -> None:
        super().__init__(f"{where} line {line}: {problem} (SRS {version}).", line=line)
        self.problem = problem
        self.line = line


class _Reader:
    """Reads one directive at a time. ``ends`` says how the last one ended: ``;``, ``{``, ``}``, or empty at the end."""

    def __init__(self, text: str, version: int, where: str) -> None:
        self.text = text
        self.version = version
        self.where = where
        self.position = 0
        self.line = 1

    def error(self, problem: str, line: int | None = None) -> ConfSyntaxError:
        return ConfSyntaxError(problem, self.where, line or self.line, self.version)

    def next(self) -> tuple[list[str], str, int]:
        """Tokens of the next directive, what ended it, and the line of its first token."""
        tokens: list[str] = []
        first_line = 0
        text, size = self.text, len(self.text)
        while True:
            self._skip(tokens, first_line)
            if self.position >= size:
                if tokens:
                    raise self.error(f"the file ends before the ; or {{ of {tokens[0]}, which begins in line {first_line}")
                return tokens, "", self.line
            char = text[self.position]
            if char in ";{}":
                if (char == "}") == bool(tokens):
                    raise self.error(f"unexpected {char}" + (f" after {' '.join(tokens)}, where a ; is missing" if tokens else ""))
                self.position += 1
                return tokens, char, first_line or self.line
            first_line = first_line or self.line
            token = self._quoted(char, tokens) if char in "\"'" else self._bare()
            if token:
                tokens.append(token)

    def _skip(self, tokens: list[str], first_line: int) -> None:
        """Pass over white space and comments."""
        text, size = self.text, len(self.text)
        position = self.position
        while position < size:
            char = text[position]
            if char == "#":
                end = text.find("\n", position)
                carriage = text.find("\r", position, end if end >= 0 else size) if self.version >= 6 else -1
                position = carriage if carriage >= 0 else end if end >= 0 else size
                continue
            if char not in SPACE:
                break
            if char in "\r\n" and tokens and self.version >= 6:
                raise self.error(f"{' '.join(tokens)} lacks its ; or {{ at the end of the line, where SRS 6 and later want it", first_line)
            if char == "\n":
                self.line += 1
            position += 1
        self.position = position

    def _bare(self) -> str:
        text, size = self.text, len(self.text)
        start = end = self.position
        while end < size and text[end] not in END_OF_TOKEN:
            end += 1
        # The server takes the first character of a token as it is, whatever it is; callers have dealt with ; { } # and quotes.
        self.position = end
        token = text[start:end]
        if token[-1:] in FULL_WIDTH:
            raise self.error(f"{token} ends with a full-width mark, which the server takes for a part of it: write {FULL_WIDTH[token[-1]]}")
        if token.endswith("$") and text[end : end + 1] == "{":
            raise self.error(f"{token}{{ is meant as a variable, but the server begins a block there: srs.conf has no variables")
        return token

    def _quoted(self, quote: str, tokens: list[str]) -> str:
        start = self.position + 1
        end = self.text.find(quote, start)
        first_line = self.line
        if end < 0:
            raise self.error(f"the quote {quote} is never closed")
        token = self.text[start:end]
        if tokens and self.version >= 6 and ("\n" in token or "\r" in token):
            raise self.error(f"a line end inside the quotes of {tokens[0]}")
        self.line += token.count("\n")
        self.position = end + 1
        if self.text[self.position : self.position + 1] not in END_OF_TOKEN:
            raise self.error(
                f"{quote}{token}{quote} is followed by {self.text[self.position : self.position + 1] or 'the end of the file'}, "
                "where a space, ; or { must be",
                first_line,
            )
        return token


def parse(text: str, version: int = 6, where: str = "srs.conf") -> list[Directive]:
    """The tree of a text as SRS ``version`` reads it. ``include`` stays a directive: the files are not ours to read."""
    reader = _Reader(text, version, where)
    if "\0" in text:
        raise reader.error("a NUL character, at which the server cuts the value", text.count("\n", 0, text.index("\0")) + 1)
    root: list[Directive] = []
    blocks: list[Directive] = []
    while True:
        tokens, end, line = reader.next()
        siblings = blocks[-1].body() if blocks else root
        if end == "":
            if blocks:
                raise reader.error(f"the file ends inside {blocks[-1].name}, whose {{ is in line {blocks[-1].line}")
            return root
        if end == "}":
            if not blocks:
                raise reader.error("unexpected }, no block is open")
            blocks.pop()
            continue
        directive = Directive(tokens[0], tokens[1:], [] if end == "{" else None, line)
        siblings.append(directive)
        if end == "{":
            blocks.append(directive)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of the server, and the way back to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import MAJORS
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import ConfSyntaxError, parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import checksum, quote, render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive

LINES = ("listen 1935\n;", "listen\n1935;", "listen 1935 # port\n;", "vhost x\n{\n}", "pid 'a\nb';", "pid 'a\rb';")

# What srs -t of every version says of it.
ACCEPTED = {
    "listen 1935;": [Directive("listen", ["1935"])],
    "  listen\t1935  19350;\r\n": [Directive("listen", ["1935", "19350"])],
    "listen 1935;#c\n#d; {\n": [Directive("listen", ["1935"])],
    "listen 1935#c;": [Directive("listen", ["1935#c"])],
    "vhost x{}": [Directive("vhost", ["x"], [])],
    "vhost x { hls { enabled on; } }": [Directive("vhost", ["x"], [Directive("hls", [], [Directive("enabled", ["on"])])])],
    "daemon off max_connections 100;": [Directive("daemon", ["off", "max_connections", "100"])],
    "pid \"a b\" 'c;{}#' \"d'e\" 'f\"g';": [Directive("pid", ["a b", "c;{}#", "d'e", 'f"g'])],
    'pid a"b a}b;': [Directive("pid", ['a"b', "a}b"])],
    'pid "" x;': [Directive("pid", ["x"])],
    "'pid' x;": [Directive("pid", ["x"])],
    "pid \\;": [Directive("pid", ["\\"])],
    "pid a\vb\u00a0c;": [Directive("pid", ["a\vb\u00a0c"])],
    "listen;": [Directive("listen")],
    "include a b;": [Directive("include", ["a", "b"])],
    "": [],
    "# only a comment": [],
    "x a{b;}": [Directive("x", ["a"], [Directive("b")])],
}

REFUSED = {
    "listen 1935": r"line 1: .*file ends before the ; or \{ of listen",
    ";": r"unexpected ;",
    "}": r"unexpected \}",
    "vhost x {};": r"unexpected ;",
    "listen 1935;\n}\n": r"line 2: unexpected \}, no block is open",
    "\nvhost x {\n": r"file ends inside vhost, whose \{ is in line 2",
    "vhost x { enabled on }": r"unexpected \} after enabled on, where a ; is missing",
    "{}": r"unexpected \{",
    "listen 1935\uff1b\n": r"1935\uff1b ends with a full-width mark, .* write ;",
    "a \uff5b b;": r"ends with a full-width mark, .* write \{",
    "on_publish ${HOOK}/x;": r"is meant as a variable",
    "a http://${HOST}/x;": r"is meant as a variable",
    'pid "a;': r"quote \" is never closed",
    "pid 'a;": r"quote ' is never closed",
    'pid "a\\"b";': r"is followed by b",
    'pid "a"bc;': r'"a" is followed by b, where',
    '"";': r"unexpected ;",
    '""': r"is followed by the end of the file",
    "pid a\0b;": r"NUL",
}


@pytest.mark.parametrize("version", MAJORS)
@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str, version: int) -> None:
    assert parse(text, version) == ACCEPTED[text]


@pytest.mark.parametrize("version", MAJORS)
@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str, version: int) -> None:
    with pytest.raises(ConfSyntaxError, match=REFUSED[text]) as caught:
        parse(text, version, "edge.conf")
    assert caught.value.message.startswith(f"edge.conf line {caught.value.line}: ")
    assert f"SRS {version}" in caught.value.message


@pytest.mark.parametrize("version", MAJORS)
@pytest.mark.parametrize("text", LINES)
def test_line_rule(text: str, version: int) -> None:
    if version < 6:
        assert len(parse(text, version)) == 1
    else:
        with pytest.raises(ConfSyntaxError):
            parse(text, version)


def test_forgotten_semicolon() -> None:
    text = "listen 1935\nmax_connections 100;\n"
    assert parse(text, 5) == [Directive("listen", ["1935", "max_connections", "100"])]
    with pytest.raises(ConfSyntaxError, match="line 1: listen 1935 lacks its ;"):
        parse(text, 6)


def test_lines() -> None:
    tree = parse("# one\nlisten 1935;\n\nvhost x {\n  hls {\n    enabled on; }\n}\n")
    assert [directive.line for directive in tree] == [2, 4]
    assert tree[1].children is not None
    assert tree[1].children[0].line == 5


@pytest.mark.parametrize(
    "value", ["a b", "a;b", "{x}", "#c", "it's", 'say "x"', "\ttab", "ü", "[vhost]/[app]", "http://a/b?c=d&e=[stream]"]
)
def test_quote(value: str) -> None:
    assert parse(f"pid {quote(value)};")[0].args == [value]


@pytest.mark.parametrize("value", ["", "a\nb", "a\rb", "a\0b", "\x7f", "both ' and \""])
def test_cannot_be_written(value: str) -> None:
    with pytest.raises(SrsError):
        quote(value)


def test_rendered_text() -> None:
    tree = [Directive("listen", ["1935", "1936"]), Directive("vhost", ["x"], [Directive("hls", [], [Directive("hls_path", ["a b"])])])]
    text = 'listen 1935 1936;\nvhost x {\n    hls {\n        hls_path "a b";\n    }\n}\n'
    assert render(tree) == text
    assert checksum(text) == "7a31179724b51bcc280ee6c146dbfe026d28fc2988afdb9d47a7db2f2f86e3ae"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t \"'{};#"), min_size=1, max_size=20).filter(
    lambda word: not ('"' in word and "'" in word)
)
NAMES = st.sampled_from(["listen", "pid", "vhost", "hls", "x"]) | WORDS.filter(lambda word: word != "include")


def directives(children: st.SearchStrategy[list[Directive]]) -> st.SearchStrategy[list[Directive]]:
    return st.lists(st.builds(Directive, NAMES, st.lists(WORDS, max_size=4), st.none() | children), max_size=5)


TREES = st.recursive(directives(st.just([])), directives, max_leaves=20)


@given(TREES, st.sampled_from(MAJORS))
def test_parse_gives_back_what_render_was_given(tree: list[Directive], version: int) -> None:
    assert parse(render(tree), version) == tree


@given(TREES)
def test_render_is_stable(tree: list[Directive]) -> None:
    text = render(tree)
    assert render(parse(text)) == text
    assert checksum(render(tree)) == checksum(text)


@given(st.text(st.sampled_from("ab \t\n\r;{}#'\"\\\0é"), max_size=60), st.sampled_from(MAJORS))
def test_any_text_is_read_or_refused(text: str, version: int) -> None:
    try:
        tree = parse(text, version)
    except ConfSyntaxError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert parse(text, min(version, 5)) == tree or "\r" in text


def test_a_text_without_a_name_is_a_srs_conf() -> None:
    with pytest.raises(ConfSyntaxError, match=r"^srs\.conf line 1: .*\(SRS 6\)\.$"):
        parse("listen 1935")


@pytest.mark.parametrize("version", [3, 5])
def test_a_directive_that_goes_on_for_lines_is_named_by_its_first(version: int) -> None:
    with pytest.raises(ConfSyntaxError, match="of listen, which begins in line 2"):
        parse("pid a;\nlisten\n1935\n1936", version)
    assert [directive.line for directive in parse("pid a;\nlisten\n1935\n1936;\ndaemon off;", version)] == [1, 2, 5]

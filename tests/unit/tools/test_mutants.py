# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mutants are made, which tests are run against them, what they may not touch, and what is said of them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import mutate
import pytest
from mutants import box, equivalent, sample, trial
from mutants.sample import Mutant
from mutants.trial import KILLED, SURVIVED, TIMED_OUT, Clean, Verdict, Workshop

ROOT = Path(__file__).resolve().parents[3]
CODE = "plugins/module_utils/_media/amf.py"
"""A file that is there, for its path."""


def mutant(path: str = CODE, line: int = 3, statement: range | None = None) -> Mutant:
    return Mutant(path, line, "number", "x = 2\n", ("x = 1",), ("x = 2",), statement or range(line, line + 1))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    texts = {
        "plugins/a.py": '"""A."""\n' + "".join(f"x{number} = f({number})\n" for number in range(30)),
        "plugins/doc_fragments/d.py": "x = 5\n",
        "roles/r/defaults/main.yml": "---\nr_x: 1\nr_y: true\n",
        "roles/r/meta/argument_specs.yml": "---\nx: 1\n",
        "roles/r/templates/t.yml.j2": "x: {{ r_x }}\ny: 5\n",
        "roles/r/files/s.sh": 'if [ "$1" = x ]; then\n    exit 1\nfi\n',
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


# Which


def test_the_files_that_are_mutated(tree: Path) -> None:
    everything = ["plugins/a.py", "roles/r/defaults/main.yml", "roles/r/files/s.sh", "roles/r/templates/t.yml.j2"]
    assert list(sample.files(tree)) == everything
    assert list(sample.files(tree, "roles/*")) == everything[1:]
    assert list(sample.files(tree, "*.py,*.sh")) == [everything[0], everything[2]]


def test_a_seed_gives_the_same_sample_and_another_seed_another(tree: Path) -> None:
    one, lines = sample.choose(tree, 12, seed=1)
    assert (one, lines) == sample.choose(tree, 12, seed=1)
    assert one != sample.choose(tree, 12, seed=2)[0]
    assert lines == 36 and len(one) == 12


def test_every_part_has_its_share(tree: Path) -> None:
    chosen, _lines = sample.choose(tree, 6, seed=3)
    assert [mutant.path.startswith("roles/") for mutant in chosen] == [False] * 5 + [True]
    chosen, lines = sample.choose(tree, 1000, seed=3)
    assert lines - len(chosen) <= 1  # that a shell can't be without its only command


def test_a_mutant_can_be_read_and_says_something_else(tree: Path) -> None:
    for seed in range(2):
        for one in sample.choose(tree, 1000, seed)[0]:
            assert one.text != (tree / one.path).read_text() and one.removed != one.added
            if one.path.endswith(".sh"):
                assert subprocess.run(["sh", "-n", "-c", one.text], check=False).returncode == 0


def test_the_statement_of_a_line() -> None:
    text = "def f(\n    a,\n):\n    return {\n        1: 2,\n    }\nx = [\n    3,\n]\n"
    expected = {2: range(1, 4), 5: range(4, 7), 8: range(7, 10), 4: range(4, 7)}
    assert {line: sample._statement(text, line) for line in expected} == expected


# Which tests


def clean() -> Clean:
    tests = "tests/unit/plugins/module_utils/_media/test_amf.py", "tests/unit/a.py", "tests/unit/b.py", "tests/unit/starts.py"
    seconds = dict(zip(tests, (9.0, 4.0, 2.0, 1.0), strict=True))
    ran = {CODE: {1: [""], 3: [tests[0], tests[1]], 4: [tests[2]]}}
    return Clean(seconds, 1.0, ran, {"roles/r/x": [tests[1]]}, frozenset({tests[3]}))


def test_who_runs_a_line_can_notice_it_and_who_starts_processes() -> None:
    mirror, one, other, starts = clean().seconds
    assert clean().phases(mutant(line=3)) == [[mirror, one], [starts]]
    assert clean().phases(mutant(line=3, statement=range(3, 5))) == [[mirror, other, one], [starts]]


def test_what_is_made_before_any_test_can_show_anywhere() -> None:
    mirror, one, other, starts = clean().seconds
    assert clean().phases(mutant(line=1)) == [[mirror, other, one], [starts]]
    assert clean().phases(mutant("roles/r/x")) == [[one], [mirror, other, starts]]


def test_what_nobody_sees() -> None:
    *_others, starts = clean().seconds
    assert clean().phases(mutant(line=9)) == clean().phases(mutant("roles/r/y")) == [[starts]]


def test_who_sees_a_mutant_in_words() -> None:
    lines = {3: "by 2 files of tests", 4: "by tests/unit/b.py", 1: "before any test", 9: "by no test"}
    assert {line: clean().seen(mutant(line=line)) for line in lines} == lines


def test_the_time_limit_follows_from_the_clean_run() -> None:
    assert clean().limit(["tests/unit/a.py", "tests/unit/b.py"]) == trial.PATIENCE * (1 + 4 + 2)


# What they may touch


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    shop = Workshop(tmp_path / "work")
    (shop.tree / "plugins").mkdir(parents=True)
    (shop.tree / "plugins/code.py").write_text("x = 1\n")
    if why := box.obstacle(shop.folder):
        pytest.skip(f"there can be no namespaces here: {why}")
    return shop


def in_box(shop: Workshop, *command: str) -> subprocess.Popen[str]:
    words = [*box.enter(shop.folder, trial.MEMORY), *command]
    return subprocess.Popen(words, cwd=shop.tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def test_a_mutant_can_change_nothing_outside(workshop: Workshop, tmp_path: Path) -> None:
    places = [tmp_path / "there", Path(__file__).parent / "there", Path("/tmp/there-of-a-mutant")]
    said, _nothing = in_box(workshop, "touch", "here", *map(str, places)).communicate(timeout=60)
    assert said.count("Read-only file system") == 3
    assert (workshop.tree / "here").exists() and not any(place.exists() for place in places)


def test_a_mutant_sees_no_process_and_no_network_but_its_own(workshop: Workshop) -> None:
    program = (
        "import os, socket\n"
        "print(*filter(str.isdigit, os.listdir('/proc')))\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), 60).close()\n"
        "socket.create_connection(('192.0.2.1', 80), 60)\n"
    )
    said, _nothing = in_box(workshop, sys.executable, "-c", program).communicate(timeout=60)
    assert said.startswith("1 2\n")
    assert said.endswith("OSError: [Errno 101] Network is unreachable\n")


def test_the_end_of_the_box_is_the_end_of_all_that_is_in_it(workshop: Workshop) -> None:
    process = in_box(workshop, "sh", "-c", "setsid sleep 86399 & echo started; wait")
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    workshop.end(process)
    # The pipe is at its end when nobody can write to it any more.
    assert process.communicate(timeout=60) == ("", None)


def test_orphans_are_seen_to_go(workshop: Workshop) -> None:
    program = "pid=$(sh -c 'sleep 86398 >/dev/null & echo $!'); kill $pid; while [ -e /proc/$pid ]; do :; done; exit 7"
    assert in_box(workshop, "sh", "-c", program).wait(60) == 7


def test_a_trial(workshop: Workshop) -> None:
    (workshop.tree / "test_code.py").write_text(
        "import pathlib, time\n"
        "def test_it():\n"
        "    text = pathlib.Path('plugins/code.py').read_text()\n"
        "    time.sleep(86397 if text == 'x = 3\\n' else 0)\n"
        "    assert text in ('x = 1\\n', 'x = 4\\n')\n"
    )
    found = {}
    for number, seconds in ((2, 100.0), (3, 0.2), (4, 100.0)):
        known = Clean({"test_code.py": seconds}, 0.0, {"plugins/code.py": {1: ["test_code.py"]}}, {}, frozenset())
        one = dataclasses.replace(mutant("plugins/code.py", line=1), text=f"x = {number}\n")
        verdict = workshop.trial(one, known)
        found[number] = (verdict.outcome, verdict.test)
    assert found == {2: (KILLED, "test_code.py::test_it"), 3: (TIMED_OUT, ""), 4: (SURVIVED, "")}
    assert (workshop.tree / "plugins/code.py").read_text() == "x = 1\n"
    assert sorted(path.name for path in workshop.folder.iterdir()) == ["tree"]


def test_the_clean_run_tells_who_sees_what(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "work")
    for name, text in {
        "plugins/code.py": "TABLE = 1\n\ndef f():\n    return TABLE\n",
        "roles/r/x.sh": "exit 0\n",
        "tests/unit/test_one.py": "from plugins import code\n\ndef test_it():\n    assert code.f() == 1\n",
        "tests/unit/test_two.py": "import subprocess\n\ndef test_it():\n    open('roles/r/x.sh').close()\n    subprocess.run(['true'])\n",
        "tests/unit/tools/test_not_run.py": "def test_it():\n    assert False\n",
        "conftest.py": "",
    }.items():
        (shop.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (shop.tree / name).write_text(text)
    if why := box.obstacle(shop.folder):
        pytest.skip(f"there can be no namespaces here: {why}")
    found = shop.clean_run()
    assert isinstance(found, Clean), found
    assert list(found.seconds) == ["tests/unit/test_one.py", "tests/unit/test_two.py"]
    assert found.ran["plugins/code.py"] == {1: [""], 3: [""], 4: ["tests/unit/test_one.py"]}
    assert found.opened == {"roles/r/x.sh": ["tests/unit/test_two.py"]}
    assert found.starting == {"tests/unit/test_two.py"}


# What is said


def verdict(outcome: str, path: str = CODE, **values: object) -> Verdict:
    return Verdict(dataclasses.replace(mutant(path), **values), outcome, 1.0, "by no test", "test_x" if outcome == KILLED else "")  # type: ignore[arg-type]


def test_the_report() -> None:
    verdicts = [verdict(KILLED)] * 17 + [verdict(TIMED_OUT), verdict(SURVIVED, what="string"), verdict(SURVIVED, removed=("y = 1",))]
    explained = {(CODE, ("y = 1",), ("x = 2",)): "the cache is as good"}
    text, good = mutate.report(verdicts, explained, "20 mutants")
    assert good is False
    assert text.splitlines() == [
        "",
        f"equivalent: {CODE}:3: the cache is as good",
        "    - y = 1",
        "    + x = 2",
        "",
        f"SURVIVED: {CODE}:3: string; read by no test",
        "    - x = 1",
        "    + x = 2",
        "",
        "| | mutants | survived |",
        "|---|---|---|",
        "| `plugins/module_utils/_media` | 20 | 1 |",
        "",
        "20 mutants: 17 killed, 1 timed out, 1 survived, 1 equivalent; 5.3% survive, at most 5% may",
    ]
    assert mutate.report([verdict(KILLED), *verdicts], explained, "21 mutants")[1] is True


def test_an_explained_mutant_that_is_noticed_is_an_error() -> None:
    text, good = mutate.report([verdict(KILLED)], {(CODE, ("x = 1",), ("x = 2",)): "no reason"}, "one")
    assert good is False
    assert "equivalent.yml explains it, but test_x notices it: remove the entry" in text


def test_long_changes_are_cut() -> None:
    lines = mutate.diff(dataclasses.replace(mutant(), removed=tuple("abcdefgh"), added=()))
    assert lines == ["- a", "- b", "- c", "- d", "- e", "... and 3 lines more"]


def test_the_explained_mutants_are_mutants_of_this_tree() -> None:
    assert equivalent.stale(ROOT, equivalent.load()) == []


def test_an_entry_holds_wherever_its_line_is(tree: Path, tmp_path: Path) -> None:
    entries = tmp_path / "equivalent.yml"
    entry = {"file": "plugins/a.py", "was": "x3 = f(3)", "becomes": "x3 = f(4)", "why": "as good"}
    entries.write_text(f"- {entry}\n")
    explained = equivalent.load(entries)
    assert equivalent.stale(tree, explained) == []
    (tree / "plugins/a.py").write_text("y = 1\n\ndef f():\n    x3 = f(3)\n")
    assert equivalent.stale(tree, explained) == []
    (tree / "plugins/a.py").write_text("x3 = f(5)\n")
    assert equivalent.stale(tree, explained) == ["plugins/a.py: 'x3 = f(3)' can't become 'x3 = f(4)'"]
    (tree / "plugins/a.py").unlink()
    assert len(equivalent.stale(tree, explained)) == 1
    entries.write_text("- {file: a, was: b}\n")
    with pytest.raises(SystemExit, match="an entry has file, was, becomes and why, not file, was"):
        equivalent.load(entries)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interpreters are the one that runs this process: by made-up files, and beside real environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.plugin_utils import _this_python as under_test

NO_FLAGS = {"ignore_environment": 0, "no_user_site": 0}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two base Pythons, and environments of the first: "ours" and "other" by links, "copied" with a binary of its own."""
    for name in ("opt/bin/python3.12", "opt/bin/python3.13", "venv/copied/bin/python"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "opt/bin/python3").symlink_to("python3.12")
    for name in ("ours", "other", "copied"):
        folder = tmp_path / "venv" / name
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "pyvenv.cfg").write_text(f"home = {tmp_path}/opt/bin\n")
        if name != "copied":
            (folder / "bin/python3.12").symlink_to(tmp_path / "opt/bin/python3.12")
            (folder / "bin/python").symlink_to("python3.12")
            (folder / "bin/python3").symlink_to("python3.12")
    (tmp_path / "venv/ours/bin/upgraded").symlink_to(tmp_path / "opt/bin/python3.13")
    (tmp_path / "current").symlink_to("venv/ours")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/pyvenv.cfg").touch()
    (tmp_path / "flat/python").symlink_to(tmp_path / "opt/bin/python3.12")
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python").symlink_to(tmp_path / "venv/ours/bin/python")
    (tmp_path / "usr/bin/wrapper").write_text("#!/bin/sh\nexec python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_by(monkeypatch: pytest.MonkeyPatch, executable: Path | str, prefix: Path, base: Path, **flags: int) -> None:
    """Has the code under test believe that this process is another Python."""
    all_flags = SimpleNamespace(**{**NO_FLAGS, **flags})
    ours = SimpleNamespace(executable=str(executable), prefix=str(prefix), base_prefix=str(base), flags=all_flags)
    monkeypatch.setattr(under_test, "sys", ours)


@pytest.mark.parametrize(
    ("python", "same"),
    [
        ("venv/ours/bin/python", True),
        ("venv/ours/bin/python3", True),
        ("venv/ours/bin/../bin/python3.12", True),
        ("current/bin/python", True),
        ("venv/other/bin/python", False),
        ("venv/copied/bin/python", False),
        ("venv/ours/bin/upgraded", False),
        ("venv/ours/bin/missing", False),
        ("opt/bin/python3.12", False),
        ("opt/bin/python3", False),
        ("usr/bin/python", False),
        ("usr/bin/wrapper", False),
    ],
)
def test_in_a_virtual_environment(machine: Path, monkeypatch: pytest.MonkeyPatch, python: str, same: bool) -> None:
    run_by(monkeypatch, machine / "venv/ours/bin/python", machine / "venv/ours", machine / "opt")
    assert under_test.is_this_python(f"{machine}/{python}") is same


@pytest.mark.parametrize(
    ("python", "same"),
    [
        ("opt/bin/python3.12", True),
        ("opt/bin/python3", True),
        ("opt/bin/python3.13", False),
        ("venv/ours/bin/python", False),
        ("flat/python", False),
        ("usr/bin/python", True),  # outside the environment that it links to, so it is not in it
    ],
)
def test_in_a_base_python(machine: Path, monkeypatch: pytest.MonkeyPatch, python: str, same: bool) -> None:
    run_by(monkeypatch, machine / "opt/bin/python3.12", machine / "opt", machine / "opt")
    assert under_test.is_this_python(f"{machine}/{python}") is same


@pytest.mark.parametrize(
    "python", ["", "python", "python3", "./venv/ours/bin/python", "venv/ours/bin/python", "~/venv/ours/bin/python", "/"]
)
def test_what_a_shell_would_look_up_is_not_known(machine: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    run_by(monkeypatch, machine / "venv/ours/bin/python", machine / "venv/ours", machine / "opt")
    assert not under_test.is_this_python(python)


@pytest.mark.parametrize("arguments", [" -I", " -m site"])
def test_arguments_of_the_interpreter_make_another_one(machine: Path, monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    run_by(monkeypatch, machine / "venv/ours/bin/python", machine / "venv/ours", machine / "opt")
    assert not under_test.is_this_python(f"{machine}/venv/ours/bin/python{arguments}")


def test_a_process_that_does_not_know_its_own_python_is_none(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch, "", machine / "opt", machine / "opt")
    assert not under_test.is_this_python(f"{machine}/opt/bin/python3.12")


def test_the_prefix_counts_and_not_the_name_alone(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch, machine / "venv/ours/bin/python", machine / "elsewhere", machine / "opt")
    assert not under_test.is_this_python(f"{machine}/venv/ours/bin/python")
    run_by(monkeypatch, machine / "venv/ours/bin/python", machine / "opt", machine / "opt")
    assert not under_test.is_this_python(f"{machine}/venv/ours/bin/python")


@pytest.mark.parametrize(
    ("flags", "environ", "user_site", "in_venv", "same"),
    [
        ({"no_user_site": 1}, {}, True, False, False),
        ({"no_user_site": 1}, {}, False, False, True),
        ({"no_user_site": 1}, {"PYTHONNOUSERSITE": "1"}, True, False, True),
        ({"no_user_site": 1}, {}, True, True, True),
        ({"ignore_environment": 1}, {"PYTHONPATH": "/srv"}, False, False, False),
        ({"ignore_environment": 1}, {}, False, False, True),
        ({}, {"PYTHONPATH": "/srv"}, True, False, True),
    ],
)
def test_options_of_this_process_that_hide_packages(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: dict[str, int],
    environ: dict[str, str],
    user_site: bool,
    in_venv: bool,
    same: bool,
) -> None:
    for name in os.environ:
        if name.startswith("PYTHON"):
            monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(under_test.site, "getusersitepackages", lambda: str(machine if user_site else machine / "missing"))
    place = machine / ("venv/ours" if in_venv else "opt")
    run_by(monkeypatch, place / "bin/python3.12", place, machine / "opt", **flags)
    assert under_test.is_this_python(f"{place}/bin/python3.12") is same


def test_real_interpreters_say_the_same(tmp_path: Path) -> None:
    """Every name that leads to this Python's binary is started, and says which prefix it has."""
    venv.create(tmp_path / "other", symlinks=True, with_pip=False)
    linked = tmp_path / "linked"
    linked.symlink_to(tmp_path / "other/bin/python")
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    found: dict[str, Any] = {}
    for python in (sys.executable, tmp_path / "other/bin/python", tmp_path / "other/bin/python3", linked, base):
        code = "import json, sys; print(json.dumps([sys.prefix, sys.prefix != sys.base_prefix]))"
        prefix, virtual = json.loads(subprocess.run([python, "-c", code], check=True, stdout=subprocess.PIPE).stdout)
        assert under_test.virtual_environment(str(python)) == (os.path.realpath(prefix) if virtual else None)
        found[str(python)] = os.path.realpath(prefix) == os.path.realpath(sys.prefix)
    assert {python: under_test.is_this_python(python) for python in found} == found
    assert list(found.values()).count(True) == (1 if sys.prefix != sys.base_prefix else 3)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions come from go.mod alone, and a program is built once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from localcluster import programs
from localcluster.base import ClusterError

GO_MOD = """\
module example

go 1.25.0

require (
\tk8s.io/kubernetes v1.35.4 // indirect
\tgo.etcd.io/etcd/server/v3 v3.6.5 // indirect
\tgo.etcd.io/etcd v0.1.0 // indirect
)

require k8s.io/api v0.35.4

tool k8s.io/kubernetes/cmd/kubectl
"""


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("k8s.io/kubernetes/cmd/kubectl", "1.35.4"),
        ("go.etcd.io/etcd/server/v3", "3.6.5"),
        ("go.etcd.io/etcd/client", "0.1.0"),
        ("k8s.io/api/core", "0.35.4"),
    ],
)
def test_version_is_that_of_the_module_which_holds_the_package(package: str, version: str) -> None:
    assert programs.pinned_version(GO_MOD, package) == version


def test_a_package_of_no_module_is_refused() -> None:
    with pytest.raises(ClusterError, match=r"k8s\.io/kubernetesque/cmd/x"):
        programs.pinned_version(GO_MOD, "k8s.io/kubernetesque/cmd/x")


@pytest.mark.parametrize("program", programs.PROGRAMS.values(), ids=lambda program: program.name)
def test_every_program_has_a_pinned_version_and_is_a_tool_of_its_module(program: programs.Program) -> None:
    assert programs.version(program)
    if program.package != ".":
        assert program.package in (programs.MODULES / program.module / "go.mod").read_text().partition("tool")[2]


def test_kubernetes_programs_report_the_pinned_version() -> None:
    flags = programs.linker_flags(programs.PROGRAMS["kubectl"], "1.35.4")
    assert "version.gitVersion=v1.35.4" in flags
    assert "version.gitMajor=1" in flags
    assert "version.gitMinor=35" in flags
    assert programs.linker_flags(programs.PROGRAMS["etcd"], "3.6.5") == "-s -w"


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that notes each call, and makes the file it is asked for, or fails if told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    calls = tmp_path / "calls"
    script = folder / "go"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n[ -n "$FAIL" ] && {{ echo "no required module"; exit 1; }}\n'
        'while [ "$1" != -o ]; do shift; done\necho built > "$2"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return calls


def test_what_is_missing_is_built_once(cache: Path, fake_go: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = programs.ensure(["etcd", "kwok"])
    assert built["etcd"].read_text() == "built\n"
    assert built["etcd"].is_relative_to(cache / "programs")
    told = capsys.readouterr().err
    assert "building 2 programs, once: etcd, kwok" in told
    assert "[2/2] kwok" in told

    programs.ensure(["etcd", "kwok"])
    assert len(fake_go.read_text().splitlines()) == 2
    assert capsys.readouterr().err == ""


def test_two_at_once_build_once(cache: Path, fake_go: Path) -> None:
    threads = [threading.Thread(target=programs.ensure, args=(["etcd"],)) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake_go.read_text().splitlines()) == 1


def test_a_failed_build_shows_what_go_said_and_leaves_nothing(cache: Path, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(ClusterError, match=r"(?s)building etcd failed.*no required module"):
        programs.ensure(["etcd"])
    assert not programs.path("etcd").exists()
    assert [path.name for path in programs.path("etcd").parent.iterdir()] == ["etcd.lock"]


def test_without_go_the_way_out_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=r"no `go` on PATH: install Go.*KUBECONFIG"):
        programs.ensure(["etcd"])


def test_kubebuilder_assets_are_used_for_what_they_hold(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "etcd").touch()
    (assets / "kwok").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert programs.path("etcd") == assets / "etcd"
    assert programs.path("kubectl").is_relative_to(cache)
    assert programs.path("kwok").is_relative_to(cache)

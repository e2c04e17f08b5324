# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our verdict on a srs.conf against that of a real server's ``srs -t``.

    SRS_BIN=/path/to/srs pytest tests/differential            # one server, or several with : between them
    SRS_BIN=... SRS_CASES=20000 SRS_SEED=7 pytest tests/differential -s

Whatever the server refuses must be refused here. What is refused here alone must be of a class that is listed below.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, parse_release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text, compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.convert import convert
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import params_of, role_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR, Finding
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.pod_checks import pod_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.tests.support.srs_conf_cases import Breaker, Generator

SERVERS = [Path(path) for path in os.environ.get("SRS_BIN", "").split(":") if path]
CASES = int(os.environ.get("SRS_CASES", "3000"))
SEED = int(os.environ.get("SRS_SEED", "1"))
NOFILE = 1024
WORKERS = 2

OTHERS = [Release(3), Release(4), Release(5, 213), Release(6, 157), Release(6, 191), Release(7, 18), Release(7, 157), Release(8, 48)]

# What is refused here although the server takes it, and why that is right.
STRICTER = {
    "a value that the server reads as 0, as a prefix or as the default": r"but must be",
    "a directive without a value, which counts as absent": r"has no value and would be ignored",
    "a block without its name": r"has no name",
    "values beyond those that are read; mostly a missing ;": r"of which the server takes",
    "a directive that is given twice, of which one counts": r"is given twice",
    "a block written as a single directive, or the reverse, whose content is ignored": r"is a block, |is one directive, ",
    "an unknown name in a block that the server does not look into": r"the server would ignore it|begins with a byte order mark",
    "an old form of stream_caster that crashes the server or not, as its memory happens to be": r"crashes the server when",
    "a port that two listeners share": r"a port that .* has already",
    "HTTPS without its HTTP, which SRS 4 starts and never serves": r"but http_(api|server) is not, and needs to be",
    "HLS and a mount of .ts, in the order that the check of the server misses": r"but .ts files belong to hls",
    "an edge without an origin, or one that is an origin cluster, too": r"edge without an origin|but mode remote makes",
    "an HTTPS port of the API, which SRS from 7.0.67 on ignores where both share the plain one": r"but http_api and http_server share",
    "RTMPS without a port, which the server opens nothing for": r"^rtmps\.listen is missing",
    "a password or a user's name with a colon": r"holds a colon",
}

TWICE = next(name for name in STRICTER if "twice" in name)

Verdict = tuple[int, str]


@cache
def release(server: Path) -> Release:
    """The exact release, as the server tells it."""
    output = subprocess.run([server, "-v"], capture_output=True, text=True, check=False)
    found = parse_release((output.stdout + output.stderr).strip())
    assert found and found.is_exact, f"{server} -v does not tell its release"
    return found


def generated(seed: int, server: Path) -> str:
    return Generator(seed, release(server)).valid()


def ask(server: Path, text: str, file: Path) -> Verdict:
    """The exit code and the last words of ``srs -t``."""
    file.write_text(text, encoding="utf-8", newline="")
    result = subprocess.run(
        ["/bin/sh", "-c", f'ulimit -n {NOFILE}; ulimit -c 0; exec "$0" -t -c "$1"', server, file],
        capture_output=True,
        cwd=file.parent,
        env={"PATH": "/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    return result.returncode, (result.stdout + result.stderr).decode(errors="replace")[-600:]


def verdict(text: str, version: Release) -> list[Finding]:
    """Our errors, with the one that depends on the limit of open files."""
    findings = check_text(text, version)
    if not any(finding.severity == ERROR for finding in findings):
        findings += [
            finding
            for finding in pod_checks(parse(text, version.major), version, "edge", {"nofile": NOFILE}, [])
            if finding.path == "max_connections"
        ]
    return [finding for finding in findings if finding.severity == ERROR]


def stricter(finding: Finding) -> str | None:
    """The listed class of an error that the server does not have."""
    text = str(finding)
    return next((name for name, pattern in STRICTER.items() if re.search(pattern, text)), None)


@pytest.fixture(autouse=True)
def works(server: Path, tmp_path: Path) -> None:
    """A server that refuses everything (SRS 3 crashes on some network interfaces) tells nothing."""
    code, words = ask(server, "listen 1935;\nmax_connections 10;\n", tmp_path / "least.conf")
    if code:
        pytest.skip(f"{server} refuses the least configuration on this machine with exit code {code}: {words[-200:]}")


@pytest.mark.skipif(not SERVERS, reason="SRS_BIN names no SRS server to compare with")
@pytest.mark.parametrize("server", SERVERS, ids=str)
class TestAgainstServer:
    def test_valid_is_accepted(self, server: Path, tmp_path: Path) -> None:
        version = release(server)
        texts = [generated(SEED * 1_000_003 + number, server) for number in range(CASES)]
        refused = [(text, words) for text, (code, words) in zip(texts, _ask_all(server, texts, tmp_path), strict=True) if code]
        print(f"\nSRS {version}: {len(texts)} generated valid configurations, {len(refused)} refused by the server")
        assert not refused, f"{refused[0][1]}\n{refused[0][0]}"

    def test_rendered_is_accepted(self, server: Path, tmp_path: Path) -> None:
        """What the modules make of parameters, of their defaults and of whatever a text can be turned into."""
        version = release(server)
        texts = [compile_config("edge", {"origin": ["o"], "max_connections": 500, "srs_version": str(version)}, where="edge").text]
        texts.append(compile_config("origin", {"max_connections": 500, "srs_version": str(version)}, where="origin").text)
        for number in range(CASES // 3):
            tree = parse(generated(SEED * 4_000_037 + number, server), version.major)
            try:
                params = params_of(render(tree), version=version)
                texts.append(compile_config(role_of(tree), params, where="generated").text)
            except SrsError as error:
                assert "secret" in error.message
        assert len(texts) > CASES // 5
        refused = [(text, words) for text, (code, words) in zip(texts, _ask_all(server, texts, tmp_path), strict=True) if code]
        print(f"\nSRS {version}: {len(texts)} configurations rendered from parameters, {len(refused)} refused by the server")
        assert not refused, f"{refused[0][1]}\n{refused[0][0]}"

    def test_converted_is_accepted(self, server: Path, tmp_path: Path) -> None:
        """What is for other releases, written for this one."""
        version = release(server)
        texts = []
        for number in range(CASES // 3):
            other = OTHERS[number % len(OTHERS)]
            texts.append(convert(Generator(SEED * 5_000_011 + number, other).valid(), other, version)[0])
        ours = [(text, wrong) for text in texts if (wrong := verdict(text, version))]
        refused = [(text, words) for text, (code, words) in zip(texts, _ask_all(server, texts, tmp_path), strict=True) if code]
        print(f"\nSRS {version}: {len(texts)} configurations converted from other releases, {len(refused)} refused by the server")
        assert not ours, f"{ours[0][1]}\n{ours[0][0]}"
        assert not refused, f"{refused[0][1]}\n{refused[0][0]}"

    def test_broken_is_refused_here_too(self, server: Path, tmp_path: Path) -> None:
        version = release(server)
        cases = []
        for number in range(CASES):
            valid = generated(SEED * 2_000_003 + number, server)
            cases.append(Breaker(SEED * 3_000_017 + number, version).broken(valid))
        missed, unlisted, only_here, ways = [], [], Counter[str](), Counter[str]()
        both = neither = 0
        for (way, text), (code, words) in zip(cases, _ask_all(server, [text for _way, text in cases], tmp_path), strict=True):
            ours = verdict(text, version)
            ways[f"{way}: {'refused' if code else 'accepted'} by the server"] += 1
            if code and not ours:
                missed.append((way, code, words, text))
            elif ours and not code:
                classes = [stricter(finding) for finding in ours]
                only_here[next((name for name in classes if name), "unlisted")] += 1
                # Of two blocks of a kind the server looks at one alone, whatever is in the other.
                if None in classes and TWICE not in classes:
                    unlisted.append((way, [str(finding) for finding in ours], text))
            both += bool(code and ours)
            neither += not code and not ours
        print(
            f"\nSRS {version}: {len(cases)} broken configurations: {both} refused by both, {neither} still valid for both, "
            f"{sum(only_here.values())} refused here alone, {len(missed)} refused by the server alone"
        )
        for name, count in only_here.most_common():
            print(f"  {count:5} {name}")
        assert not missed, f"{len(missed)} missed, one of them ({missed[0][0]}, exit code {missed[0][1]}):\n{missed[0][2]}\n{missed[0][3]}"
        assert not unlisted, f"{len(unlisted)} of no listed class, one of them ({unlisted[0][0]}): {unlisted[0][1]}\n{unlisted[0][2]}"


def _ask_all(server: Path, texts: list[str], folder: Path) -> list[Verdict]:
    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(lambda item: ask(server, item[1], folder / f"{item[0]}.conf"), enumerate(texts)))

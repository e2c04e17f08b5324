# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzes a reader of what others wrote, guided by coverage, by hand; it takes atheris (pip install atheris).

python3 tests/tools/fuzz.py TARGET [libFuzzer's options], such as: python3 tests/tools/fuzz.py rtmp -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".collections"))


def _escaped(word: bytes) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word[:64])


def main() -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["ansible_collections.livestream.srs.plugins"]):
        from ansible_collections.livestream.srs.tests.support import fuzzing
    name, options = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name not in fuzzing.TARGETS:
        sys.exit(f"usage: fuzz.py TARGET [libFuzzer's options]; TARGET is one of {', '.join(fuzzing.TARGETS)}")
    target = fuzzing.TARGETS[name]
    corpus = ROOT / "build" / "fuzz" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*target.seeds, *target.pieces]):
        (corpus / f"seed-{number}").write_bytes(data)
    words = corpus.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(piece)}"\n' for piece in target.pieces if piece))
    files = [*([f"-dict={words}"] if any(target.pieces) else []), f"-artifact_prefix={corpus.parent}/{name}-"]
    atheris.Setup([sys.argv[0], *files, *options, str(corpus)], lambda data: fuzzing.run(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

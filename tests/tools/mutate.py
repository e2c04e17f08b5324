# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small mistakes in plugins and roles, one at a time, and whether the unit tests notice: `make mutants`.

A mistake that no test notices shows what the tests don't say. The checkout is left as it is: all is done in copies, in build/mutants/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from alone import alone
from mutants import box, equivalent, sample
from mutants.equivalent import Key
from mutants.sample import Mutant
from mutants.trial import KILLED, SURVIVED, TIMED_OUT, Clean, Verdict, Workshop
from places import BUILD, ROOT
from report import Console

FOLDER = BUILD / "mutants"
AT_MOST = 0.05
"""So many may survive."""
LINES = 6
"""Of a change, so many lines are shown."""


def key(mutant: Mutant) -> Key:
    return mutant.path, mutant.removed, mutant.added


def diff(mutant: Mutant) -> list[str]:
    lines = [*(f"- {line}" for line in mutant.removed), *(f"+ {line}" for line in mutant.added)]
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"... and {len(lines) - LINES + 1} lines more"]


def report(verdicts: Sequence[Verdict], explained: Mapping[Key, str], title: str) -> tuple[str, bool]:
    """What is printed at the end, and whether few enough have survived."""
    survived = [verdict for verdict in verdicts if verdict.outcome == SURVIVED]
    equal = [verdict for verdict in survived if key(verdict.mutant) in explained]
    missed = [verdict for verdict in survived if verdict not in equal]
    no_longer = [verdict for verdict in verdicts if verdict.outcome != SURVIVED and key(verdict.mutant) in explained]
    lines = []
    for of, said in ((equal, _equivalent), (missed, _survived), (no_longer, _stale)):
        for verdict in of:
            lines += ["", said(verdict, explained), *(f"    {line}" for line in diff(verdict.mutant))]
    lines += ["", "| | mutants | survived |", "|---|---|---|"]
    for name in sorted({room(verdict.mutant.path) for verdict in verdicts}):
        tried, left = (sum(room(verdict.mutant.path) == name for verdict in of) for of in (verdicts, missed))
        lines.append(f"| `{name}` | {tried} | {left} |")
    share = len(missed) / max(1, len(verdicts) - len(equal))
    timed_out = sum(verdict.outcome == TIMED_OUT for verdict in verdicts)
    killed = sum(verdict.outcome == KILLED for verdict in verdicts)
    figures = f"{killed} killed, {timed_out} timed out, {len(missed)} survived, {len(equal)} equivalent"
    lines += ["", f"{title}: {figures}; {share:.1%} survive, at most {AT_MOST:.0%} may"]
    return "\n".join(lines), share <= AT_MOST and not no_longer


def _equivalent(verdict: Verdict, explained: Mapping[Key, str]) -> str:
    return f"equivalent: {place(verdict.mutant)}: {explained[key(verdict.mutant)]}"


def _survived(verdict: Verdict, _explained: Mapping[Key, str]) -> str:
    return f"SURVIVED: {place(verdict.mutant)}: {verdict.mutant.what}; read {verdict.seen}"


def _stale(verdict: Verdict, _explained: Mapping[Key, str]) -> str:
    return f"STALE: {place(verdict.mutant)}: equivalent.yml explains it, but {verdict.test or 'a test'} notices it: remove the entry"


def place(mutant: Mutant) -> str:
    return f"{mutant.path}:{mutant.line}"


def room(path: str) -> str:
    parts = Path(path).parts
    return "/".join(parts[: 3 if parts[0] == "roles" or parts[1] == "module_utils" else 2]).removesuffix(".py")


def as_data(verdict: Verdict, explained: Mapping[Key, str]) -> dict[str, object]:
    mutant = verdict.mutant
    return {
        "file": mutant.path,
        "line": mutant.line,
        "what": mutant.what,
        "was": mutant.removed,
        "becomes": mutant.added,
        "outcome": verdict.outcome,
        "equivalent": explained.get(key(mutant), ""),
        "test": verdict.test,
        "seen": verdict.seen,
        "seconds": round(verdict.seconds, 1),
    }


def try_all(workshop: Workshop, mutants: Sequence[Mutant], clean: Clean, explained: Mapping[Key, str], console: Console) -> list[Verdict]:
    """The verdict on each mutant, with progress as they come in."""
    verdicts: list[Verdict] = []
    # In any order, so that what is done tells how long the rest will take.
    order = random.Random(0).sample(list(mutants), len(mutants))
    started = time.monotonic()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        pending = [workers.submit(workshop.trial, mutant, clean) for mutant in order]
        try:
            for future in as_completed(pending):
                verdict = future.result()
                verdicts.append(verdict)
                if verdict.outcome == SURVIVED and key(verdict.mutant) not in explained:
                    console.say(f"SURVIVED {place(verdict.mutant)}: {verdict.mutant.what}")
                left = (time.monotonic() - started) / len(verdicts) * (len(mutants) - len(verdicts))
                survived = sum(verdict.outcome == SURVIVED for verdict in verdicts)
                if len(verdicts) % 5 == 0 or len(verdicts) == len(mutants):
                    console.say(
                        f"{len(verdicts)}/{len(mutants)}: {len(verdicts) - survived} killed, {survived} survived, {left / 60:.0f} min left"
                    )
        finally:
            for future in pending:
                future.cancel()
            workshop.stop()
    return sorted(verdicts, key=lambda verdict: (verdict.mutant.path, verdict.mutant.line))


def run(number: int, seed: int, only: str) -> int:
    console = Console()
    explained = equivalent.load()
    workshop = Workshop(FOLDER / "work")
    workshop.take_snapshot(ROOT)
    if why := box.obstacle(workshop.folder):
        sys.exit(f"Mutants need namespaces, as root or as a user who may make them, so that what they break is not yours: {why}")
    if wrong := equivalent.stale(workshop.tree, explained):
        sys.exit("equivalent.yml has entries that are no mutants; remove or correct them:\n" + "\n".join(wrong))
    console.say("looking for places to make mistakes in")
    mutants, lines = sample.choose(workshop.tree, number, seed, only)
    if not mutants:
        sys.exit(f"ONLY={only} matches nothing that can be mutated: it is a pattern of paths, as in ONLY='plugins/module_utils/_media/*'")
    console.say("the unit tests without a mutant")
    clean = workshop.clean_run()
    if isinstance(clean, str):
        sys.exit(f"{clean}\nThe unit tests fail without any mutant.")
    title = f"{len(mutants)} mutants, seed {seed}, of {lines} lines"
    console.say(title)
    verdicts = try_all(workshop, mutants, clean, explained, console)
    text, good = report(verdicts, explained, title)
    (FOLDER / "report.txt").write_text(text.lstrip("\n") + "\n")
    (FOLDER / "mutants.json").write_text(json.dumps([as_data(verdict, explained) for verdict in verdicts], indent=1))
    sys.stdout.write(f"{text}\n")
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=200, metavar="N", help="so many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another sample (default: %(default)s)")
    parser.add_argument("--only", default="*", metavar="GLOBS", help="paths, separated by commas, as in 'roles/*,plugins/action/*'")
    options = parser.parse_args()
    if options.mutants < 1:
        parser.error("--mutants is a number from 1 up")
    FOLDER.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with alone(FOLDER / "lock", "mutants are being tried in this checkout already: wait for their end, or try these in a clone"):
        try:
            return run(options.mutants, options.seed, options.only)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())

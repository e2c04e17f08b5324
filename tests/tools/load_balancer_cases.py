# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the Services that a provider's controller is to be run on, and what it must make of them, as JSON: `make load-balancer-cases`.

Every option of the tables with its lowest and highest value and each word, with both prefixes; random combinations; changes and removals;
sequences of Services. It fails with the name of an option that there are no values for. docs/testing.md says how the cases are used.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.platforms import PLATFORMS, PROVIDERS
from ansible_collections.livestream.srs.tests.support.load_balancer_cases import change_cases, combinations, combined_changes, option_cases
from ansible_collections.livestream.srs.tests.support.load_balancer_options import missing
from ansible_collections.livestream.srs.tests.support.load_balancer_sequences import sequences

FOLDER = ROOT / "build" / "load-balancer-cases"


def cases(provider: str, seed: int, count: int, at_once: int = 40) -> list[dict[str, Any]]:
    """All cases of one provider's tables, with ``count`` random combinations, as many changes of them, and ``at_once`` random sequences."""
    platforms = [platform for platform in PLATFORMS if platform.provider == provider]
    found: list[dict[str, Any]] = []
    for platform in platforms:
        found += option_cases(platform)
        found += combinations(platform, seed, count)
        found += change_cases(platform)
        found += combined_changes(platform, seed, count)
        found += sequences(platform, seed, at_once)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--provider", choices=PROVIDERS, help="this one alone, not all")
    parser.add_argument("--seed", type=int, default=1, help="of what is random")
    parser.add_argument("--combinations", type=int, default=300, help="how many of them, and of changes of them, for each table")
    parser.add_argument("file", nargs="?", type=Path, help="where to; with --provider alone")
    given = parser.parse_args()
    if given.file and not given.provider:
        parser.error("a file is for one provider: name it with --provider")
    if lacking := missing():
        print("\n".join(lacking), file=sys.stderr)
        return 1
    for provider in [given.provider] if given.provider else PROVIDERS:
        found = cases(provider, given.seed, given.combinations)
        file = given.file or FOLDER / f"{provider}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"provider": provider, "seed": given.seed, "cases": found}, indent=1), encoding="utf-8")
        expecting = sum(len(step.get("expect", {}).get("requests", ())) for case in found for step in case["steps"])
        print(f"{file}: {len(found)} cases, {sum(len(case['steps']) for case in found)} steps, {expecting} requests expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())

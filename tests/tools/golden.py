# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the objects that the roles deploy, a file for each form of a topology, and the inventories of docs/take-over: `make golden`.

The unit tests compare what is built with these files, so a change of what is deployed shows as a change of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.livestream.srs.tests.support import adoption
from ansible_collections.livestream.srs.tests.support.golden import FOLDER, file_of, forms, golden


def main() -> None:
    wanted = forms()
    for old in FOLDER.glob("*.yml"):
        if old.stem not in {*wanted, "forms"}:
            old.unlink()
    for form in wanted:
        file_of(form).write_text(golden(form), encoding="utf-8")
        print(f"tests/unit/golden/{form}.yml")
    for chapter in adoption.chapters():
        adoption.inventory_file(chapter).write_text(adoption.inventory(chapter), encoding="utf-8")
        print(f"docs/take-over/{chapter}.yml")


if __name__ == "__main__":
    main()

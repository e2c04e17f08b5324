# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module loads before it begins: each costs every run, and nobody notices until there are many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
# What takes tens of milliseconds or more to import, and has no place at the start of a module.
SLOW = {"kubernetes", "requests", "asyncio", "jinja2", "cryptography", "jsonschema", "google"}
# Every run of these asks or plays something.
NEED_ASYNCIO = {"srs_client_info", "srs_client_kick", "srs_reload", "srs_stream_info"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_nothing_slow(module: str) -> None:
    # A process of its own, since this one has all of it loaded already.
    program = f"import json, sys, ansible_collections.livestream.srs.plugins.modules.{module}; print(json.dumps(sorted(sys.modules)))"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    done = subprocess.run([sys.executable, "-c", program], env=environ, check=True, stdout=subprocess.PIPE, text=True)
    loaded = json.loads(done.stdout)
    assert {name.partition(".")[0] for name in loaded} & SLOW == ({"asyncio"} if module in NEED_ASYNCIO else set())

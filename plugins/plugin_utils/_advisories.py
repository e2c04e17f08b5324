# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release advisories, read from the collection's file or from the user's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases import advisories as table
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advisory

OURS = Path(__file__).resolve().parents[2] / "roles/srs_common/files/advisories.yml"


class Read(NamedTuple):
    """Advisories, and the entries that they were read from."""

    table: list[Advisory]
    entries: list[Mapping[str, Any]]


def advisories(file: str, own: Any, where: str) -> Read:
    """Those of a file, or of the collection's where ``file`` is empty, with the user's ``own`` over them.

    :param where: The variable or option that has ``own``; that of the file is called so, with ``_file``.
    :raises SrsError: for a file that can't be read, and for the first mistake in it or in ``own``.
    """
    path = Path(file).expanduser() if file else OURS
    entries = _entries(path, f"{where}_file")
    base = table.advisories(entries, str(path))
    more = table.advisories(own, where)
    merged = {entry["id"]: entry for entry in (*entries, *own)}
    return Read(table.combined(base, more), list(merged.values()))


@cache
def _entries(path: Path, where: str) -> Any:
    try:
        return yaml_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SrsError(f"{where} is {path}, which can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SrsError(f"{where} is {path}, which is not YAML: {' '.join(str(error).split())}.") from None

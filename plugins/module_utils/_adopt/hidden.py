# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables without their secrets: what must not be written is named instead, as a variable that is yet to be given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.hidden_values import SECRET_NAME, SECRET_WORD
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import DEFAULT_VERSION
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import holds_secret, literal_secrets

# These name a Secret and hold none.
REFERENCES = (
    "secretKeyRef",
    "secret",
    "imagePullSecrets",
    "srs_image_pull_secrets",
    "automountServiceAccountToken",
    "secretName",
    "serviceAccountToken",
)

Path = tuple[str, ...]


class Reference(str):
    """A template that stands in an inventory for a value that isn't there."""


def hidden(variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The variables with a reference in place of each secret, and a sentence for each of these."""
    notes: list[str] = []
    given: dict[str, str] = {}  # name of the reference by the value: one secret may stand in several places

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(item, (*path, _title(value, str(key)))) for key, item in value.items()}
        if isinstance(value, list):
            return [
                walk(item, (*path, str(item.get("name", index)) if isinstance(item, Mapping) else str(index)))
                for index, item in enumerate(value)
            ]
        if not isinstance(value, str) or not _is_secret(path, value):
            return value
        name = given.get(value)
        if name is None:
            name = given[value] = _unused("vault_" + re.sub(r"\W+", "_", "_".join(path)).strip("_").lower(), given.values())
            notes.append(
                f"{'.'.join(path)} holds a secret, which is not written: give it as the variable {name}, for example in a file that "
                "ansible-vault encrypts."
            )
        return Reference(f"{{{{ {name} }}}}")

    return {key: walk(value, (key,)) for key, value in variables.items()}, notes


def _title(mapping: Mapping[str, Any], key: str) -> str:
    """What tells a value of a list of pairs is its name."""
    return str(mapping["name"]) if key == "value" and "name" in mapping else key


def _is_secret(path: Path, value: str) -> bool:
    if any(key in REFERENCES for key in path[:-1]) or path[-1] in REFERENCES:
        return False
    if holds_secret(value) or any(holds_secret(word) for word in value.split()) or SECRET_WORD.search(value):
        return True
    if path[-1].endswith(".conf") or path[-1] in ("conf", "extra"):
        return any(_secrets_of_text(value))
    return bool(value) and bool(SECRET_NAME.search(path[-1]))


def _secrets_of_text(text: str) -> Iterator[bool]:
    """Something for each secret of a srs.conf, and for one that can't be read: there is no telling what it holds."""
    try:
        yield from (True for _finding in literal_secrets(parse(text, DEFAULT_VERSION.major), DEFAULT_VERSION))
    except SrsError:
        yield True


def _unused(name: str, used: Any) -> str:
    while name in used:
        name += "_"
    return name

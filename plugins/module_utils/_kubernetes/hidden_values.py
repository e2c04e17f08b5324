# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that stand in objects which are no Secrets: in environment variables, annotations, command lines and URLs, by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"

# Of an environment variable, a header or a key; and of what stands on a command line.
SECRET_NAME = re.compile(r"passw|pwd|secret|token|credential|private|auth|api[-_]?key|access[-_]?key", re.IGNORECASE)
SECRET_WORD = re.compile(r"((?:passw\w*|pwd|secret|token)\s*[=:]\s*)([^\s$][^\s&]*)", re.IGNORECASE)
# Annotations have longer names, which say more than what their values are: "azure-load-balancer-private-ip".
_ANNOTATION = re.compile(r"(passw\w*|passphrase|pwd|secret|token|credentials?|api[-_]?key|access[-_]?key)$", re.IGNORECASE)
_OPTION = re.compile(r"--?[\w.-]*(passw\w*|pwd|secret|token|api-?key|access-?key)", re.IGNORECASE)
_PASSWORD_OF_URL = re.compile(r"(://[^\s/:@?]*:)([^\s/@$]+)(?=@)")
_PARAMETER_OF_URL = re.compile(
    r"([?&](?:[^\s=&]*[_-])?(?:pass|key|auth|sign|sig|signature|credentials?)=)([^\s&$\[(][^\s&]*)", re.IGNORECASE
)


class Hider:
    """Hides the secrets of one object after the other, and marks those that are others than they were in the object before."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}
        self._before: dict[str, set[str]] = {}

    def hidden(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An object without them. The texts of a ConfigMap are left to whoever knows what they are."""
        self._before, self._known = self._known, {}
        texts = ("data", "binaryData", "stringData") if item["kind"] in ("ConfigMap", "Secret") else ()
        return {key: value if key in texts else self._part(value) for key, value in item.items()}

    def _part(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._word(before, word) for before, word in zip([None, *value], value, strict=False)]
        if not isinstance(value, Mapping):
            return value
        name = value.get("name")
        named = isinstance(name, str) and SECRET_NAME.search(name)
        return {
            key: self._mask(str(name), item)
            if key == "value" and named and isinstance(item, str)
            else self._annotations(item)
            if key == "annotations" and isinstance(item, Mapping)
            else self._part(item)
            for key, item in value.items()
        }

    def _annotations(self, annotations: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._mask(key, item) if _ANNOTATION.search(key) else self._part(item) for key, item in annotations.items()}

    def _word(self, before: Any, word: Any) -> Any:
        """A part of a list, which may be the value of an option before it."""
        if isinstance(word, str) and isinstance(before, str) and _OPTION.fullmatch(before):
            return self._mask(before, word)
        return self._part(word)

    def _text(self, text: str) -> str:
        for pattern in (_PASSWORD_OF_URL, _PARAMETER_OF_URL, SECRET_WORD):
            text = pattern.sub(lambda found: found[1] + self._mask(found[1], found[2]), text)
        return text

    def _mask(self, name: str, value: Any) -> str:
        if not value:
            return str(value or "")
        self._known.setdefault(name, set()).add(str(value))
        return f"{MASK} (changed)" if name in self._before and str(value) not in self._before[name] else MASK

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of values that a user writes as Kubernetes has them, to be put together to the schema of a part of an object.

A check is called with the name of the variable and its value, and yields what is wrong with it, as sentences with the way out. Keys that
are null count as missing. Of values of the wrong type only the type is told: they may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._dns import SUBDOMAIN_LENGTH, is_label, is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._errors import did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import exact

Check = Callable[[str, Any], Iterator[str]]

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
# Of all annotations of an object together.
_ANNOTATIONS_SIZE = 256 * 1024
ID = (0, 2**31 - 1)  # of users and groups
INT32, INT64 = 2**31 - 1, 2**63 - 1


def anything(_where: str, _value: Any) -> Iterator[str]:
    """No check: what is rare is left to the API server."""
    return iter(())


def flag(where: str, value: Any) -> Iterator[str]:
    """true or false."""
    if not isinstance(value, bool):
        yield f"{where} is {_shown(value)}: it must be true or false."


def text(fits: Callable[[str], Any] | None = None, what: str = "") -> Check:
    """Text for which ``fits`` holds, which is ``what`` in words."""

    def check(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            quotes = ", so put it in quotes" if isinstance(value, (int, float)) else ""
            yield f"{where} is {_type(value)}: it must be text{quotes}."
        elif fits and not fits(value):
            yield f"{where} is {value!r}: it must be {what}."

    return check


def word(*words: str) -> Check:
    """One of these words."""
    *others, last = filter(None, words)
    return text(lambda value: value in words, f"{', '.join(others)} or {last}" if others else last)


def whole(low: int, high: int = INT32) -> Check:
    """A whole number in a range."""

    def check(where: str, value: Any) -> Iterator[str]:
        # The API server takes 1.0 as well.
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            yield f"{where} is {_shown(value)}: it must be a whole number from {low} to {high}."

    return check


def quantity(where: str, value: Any) -> Iterator[str]:
    """A quantity that is not negative."""
    found = exact(value)
    if found is None or found < 0:
        yield f"{where} is {_shown(value)}: it must be a quantity of Kubernetes such as 500m, 2 or 1.5Gi."


def listing(item: Check, *unique: str, most: int | None = None, least: int = 0) -> Check:
    """A list whose elements pass ``item``; no two of them have the same values for all of the ``unique`` keys."""

    def check(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} is {_type(value)}: it must be a list."
            return
        if len(value) < least or (most is not None and len(value) > most):
            yield f"{where} has {len(value)} elements: it must have {f'{least} or more' if most is None else f'{least} to {most}'}."
        wrong = [problem for index, element in enumerate(value) for problem in item(f"{where}[{index}]", element)]
        yield from wrong or (_repeated(where, value, unique) if unique else ())

    return check


def _repeated(where: str, elements: list[dict[str, Any]], unique: Iterable[str]) -> Iterator[str]:
    seen: dict[tuple[Any, ...], int] = {}
    for index, element in enumerate(elements):
        key = tuple(element.get(name) for name in unique)
        if key in seen:
            said = " and ".join(f"{name} {element[name]!r}" for name in unique if element.get(name) is not None)
            yield f"{where}[{index}] has the {said} of {where}[{seen[key]}]: they must differ."
        seen.setdefault(key, index)


def mapping(fields: Mapping[str, Check], *rules: Check, needs: Iterable[str] = ()) -> Check:
    """A mapping with these keys, of which it ``needs`` some. The ``rules`` see the whole of it when all keys are right."""

    def check(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{where} is {_type(value)}: it must be a mapping."
            return
        given = {key: item for key, item in value.items() if item is not None}
        wrong = [
            f"{where} has no key {key}{did_you_mean(str(key), fields)}: known are {', '.join(fields)}."
            for key in given
            if key not in fields
        ]
        wrong += [f"{where}.{key} is missing: give it." for key in needs if given.get(key) in (None, "")]
        wrong += [problem for key, item in given.items() if key in fields for problem in fields[key](f"{where}.{key}", item)]
        yield from wrong or (problem for rule in rules for problem in rule(where, given))

    return check


def one_of(keys: Iterable[str], needed: bool = True) -> Check:
    """A rule of mappings: just one of these keys, or, where it is not ``needed``, none."""
    known = list(keys)

    def check(where: str, value: Any) -> Iterator[str]:
        given = [key for key in known if key in value]
        if len(given) > 1:
            yield f"{where} has {' and '.join(given)}: keep one of them."
        elif needed and not given:
            yield f"{where} says nothing: give it one of {', '.join(known)}."

    return check


def pairs(fits: Callable[[str], bool], what: str, value: Check) -> Check:
    """A mapping with any keys for which ``fits`` holds (``what`` in words), whose values pass ``value``."""

    def check(where: str, given: Any) -> Iterator[str]:
        if not isinstance(given, Mapping):
            yield f"{where} is {_type(given)}: it must be a mapping."
            return
        for key, item in given.items():
            if not isinstance(key, str) or not fits(key):
                yield f"{where} has the key {key!r}: it must be {what}."
            if item is not None:
                yield from value(f"{where}.{key}", item)

    return check


def is_qualified_name(value: str) -> bool:
    """Whether it can be the key of a label: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
    prefix, slash, name = value.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or is_subdomain(prefix))


def is_label_value(value: str) -> bool:
    """Whether it can be the value of a label."""
    return not value or bool(_NAME.fullmatch(value))


_KEY = "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends, after a prefix such as example.com/ or none"
dns_label = text(is_label, "a DNS label: at most 63 of a-z, 0-9 and '-', a letter or digit at both ends")
object_name = text(
    is_subdomain, f"the name of an object: at most {SUBDOMAIN_LENGTH} of a-z, 0-9, '-' and '.', a letter or digit at both ends"
)
label_key = text(is_qualified_name, _KEY)
label_value = text(is_label_value, "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends, or empty")
labels = pairs(is_qualified_name, _KEY, label_value)


def annotation_pairs(where: str, value: Any) -> Iterator[str]:
    """Annotations: their keys are as those of labels, with prefixes in any case."""
    wrong = list(pairs(lambda key: is_qualified_name(key.lower()), _KEY, text())(where, value))
    if not wrong and (size := sum(len(key.encode()) + len((item or "").encode()) for key, item in value.items())) > _ANNOTATIONS_SIZE:
        wrong = [f"{where} has {size} bytes: all annotations together must have at most {_ANNOTATIONS_SIZE}."]
    yield from wrong


def port(where: str, value: Any) -> Iterator[str]:
    """The number of a port, or the name that it has in the container."""
    if isinstance(value, str):
        yield from port_name(where, value)
    else:
        yield from whole(1, 65535)(where, value)


port_name = text(_PORT_NAME.fullmatch, "a number without quotes, or the name of a port: at most 15 of a-z, 0-9 and single '-'")


def _shown(value: Any) -> str:
    """A value of the wrong kind as YAML has it; a long one is only named."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, (str, int, float)) else _type(value)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else f"of the type {type(value).__name__}"

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release advisories: which releases of SRS are known for which fault, for whom it matters, and what to take instead.

They are data: ``roles/srs_common/files/advisories.yml``, which users replace or extend. Here they are checked and asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, did_you_mean
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import STAGES, Release, parse_release

FLOATING_TAG = "floating-tag"
"""What is accepted as an advisory is, and is none: that the tag of an image moves from release to release."""
ANY = "any"
ROLES = ("edge", "origin", "proxy", ANY)
"""Whose image it is about: ``any`` are edges and origins."""
SEVERITIES = ("critical", "high", "medium", "low")
REFUSE, WARN, QUIET = "refuse", "warn", "quiet"
PREFLIGHT = {
    REFUSE: "an image of such a release is refused",
    WARN: "it is told before anything is changed",
    QUIET: "it is known, and neither refused nor told",
}
FEATURES = {
    "drain": "players are waited for when a server ends (drain_seconds)",
    "dvr_mp4": "DVR writes MP4",
    "forward_backend": "forward asks a backend",
    "hls": "HLS is on",
    "hls_ctx": "HLS is on with hls_ctx",
    "hooks": "HTTP hooks are on",
    "http_flv": "HTTP-FLV is on",
    "redis": "the proxy keeps its table in redis",
    "reload": "a change of srs.conf is reloaded",
    "rtc": "WebRTC is on",
    "rtc_tcp": "WebRTC over TCP is on",
    "rtc_to_rtmp": "WebRTC streams are turned into RTMP",
    "rtmp_to_rtc": "RTMP streams are turned into WebRTC",
    "srt": "SRT is on",
}
"""What of a server an advisory may need to matter, as far as its variables or its srs.conf tell."""

_ISSUES = "https://github.com/ossrs/srs/issues/"
_REFS = {
    r"\d{1,6}": _ISSUES,
    r"GHSA(-[0-9a-z]{4}){3}": "https://github.com/ossrs/srs/security/advisories/",
    r"CVE-\d{4}-\d{4,7}": "https://nvd.nist.gov/vuln/detail/",
    r"https?://\S+": "",
}
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_KEYS = ("id", "roles", "effect", "severity", "refs", "bad", "remedy", "when", "preflight")
_OPTIONAL = {"refs": (), "remedy": "", "when": ()}
_RANGE_KEYS = ("from", "to", "good", "unsure_to", "unsure")


@dataclass(frozen=True, slots=True)
class Range:
    """Releases that have a fault."""

    first: Release
    last: Release
    """The last that is known to have it."""
    good: Release | None = None
    """The first that is known to be without it; None where none of its series is."""
    unsure_to: Release | None = None
    """The last of which nobody has looked whether it has it, behind ``last``; None where that is clear."""
    note: str = ""
    """What isn't certain, as a text."""

    def has(self, release: Release) -> bool | None:
        """Whether a release has the fault; None where that isn't known.

        One that isn't exact has it where each release of its series that has an image does.
        """
        if not release.is_exact:
            revisions = STAGES.get(release.major, {}).values()
            return bool(revisions) and all(self.has(Release(release.major, revision)) for revision in revisions)
        if _order(self.first) <= _order(release) <= _order(self.last):
            return True
        return None if self.unsure_to and _order(self.last) < _order(release) <= _order(self.unsure_to) else False


@dataclass(frozen=True, slots=True)
class Advisory:
    """A fault of some releases."""

    id: str
    roles: tuple[str, ...]
    effect: str
    severity: str
    refs: tuple[str, ...]
    bad: tuple[Range, ...]
    remedy: str
    when: tuple[str, ...]
    """It matters where one of these of ``FEATURES`` is there; always, where there are none."""
    preflight: str

    @property
    def url(self) -> str:
        """Where to read about it; empty if nowhere."""
        return url_of(self.refs[0]) if self.refs else ""

    @property
    def about(self) -> str:
        """How a sentence names it."""
        return ", ".join(filter(None, [self.id, self.url]))

    def matters(self, role: str, features: Collection[str]) -> bool:
        """Whether a server of this role (``edge``, ``origin``, ``proxy``) that has these features may show it."""
        of_role = role in self.roles or (ANY in self.roles and role != "proxy")
        return of_role and (not self.when or any(feature in features for feature in self.when))


class Match(NamedTuple):
    """An advisory that holds for a release."""

    advisory: Advisory
    is_sure: bool
    """Whether the release is known to have the fault; else nobody has looked."""
    good: Release | None
    """The first later release without it, of the same series or else of a later one; None if none is known."""


def matching(table: Iterable[Advisory], release: Release, role: str, features: Collection[str] = ()) -> list[Match]:
    """What holds for a server of a role (``edge``, ``origin``, ``proxy``) that has these of ``FEATURES``, the worst first."""
    found = []
    for advisory in table:
        known = [has for item in advisory.bad if (has := item.has(release)) is not False]
        if known and advisory.matters(role, features):
            found.append(Match(advisory, True in known, _first_good(advisory, release)))
    return sorted(found, key=lambda match: SEVERITIES.index(match.advisory.severity))


@dataclass(frozen=True, slots=True)
class Advice:
    """A table, and the ids in it that a user knows and accepts."""

    table: Sequence[Advisory] = ()
    accepted: Sequence[str] = ()

    def matching(self, release: Release, role: str, features: Collection[str] = ()) -> list[Match]:
        """As ``matching``, without what is accepted."""
        return [match for match in matching(self.table, release, role, features) if match.advisory.id not in self.accepted]


def left_and_entered(
    table: Iterable[Advisory], old: Release, new: Release, role: str, features: Collection[str] = ()
) -> tuple[list[Match], list[Match]]:
    """(what holds for the old release and no more for the new one, what holds for the new one alone)."""
    table = list(table)
    before, after = matching(table, old, role, features), matching(table, new, role, features)

    def without(matches: list[Match], others: list[Match]) -> list[Match]:
        return [match for match in matches if match.advisory.id not in {other.advisory.id for other in others}]

    return without(before, after), without(after, before)


def recommended(table: Iterable[Advisory], major: int, role: str, features: Collection[str] = ()) -> Release | None:
    """The newest release of a major version that has an image, unless it would be refused for such a server."""
    revisions = STAGES.get(major)
    if not revisions:
        return None
    newest = Release(major, max(revisions.values()))
    refused = any(match.is_sure and match.advisory.preflight == REFUSE for match in matching(table, newest, role, features))
    return None if refused else newest


def combined(base: Iterable[Advisory], own: Iterable[Advisory]) -> list[Advisory]:
    """``base`` with ``own`` over it: one of the same id replaces, the others come behind."""
    return list({advisory.id: advisory for advisory in (*base, *own)}.values())


def check_accepted(accepted: Iterable[str], table: Iterable[Advisory], where: str) -> list[str]:
    """What is wrong with a list of ids, as sentences."""
    known = [*(advisory.id for advisory in table), FLOATING_TAG]
    return [
        f"{where} has {name!r}, which is the id of no advisory{did_you_mean(name, known)}: docs/releases.md lists them."
        for name in accepted
        if name not in known
    ]


def url_of(ref: str) -> str:
    """The address of a reference: the number of an issue or pull request, an id of a vulnerability, an address."""
    return next((f"{start}{ref}" for pattern, start in _REFS.items() if re.fullmatch(pattern, ref, re.ASCII)), "")


def _first_good(advisory: Advisory, release: Release) -> Release | None:
    """Of the same series if there is one, else of the next that has one."""
    later = [item.good for item in advisory.bad if item.good and _order(item.good) > _order(release)]
    return min(later, key=_order, default=None)


def _order(release: Release) -> tuple[int, int]:
    return release.major, release.revision or 0


# Reading


def advisories(entries: Any, where: str) -> list[Advisory]:
    """The advisories of a list as YAML gives it.

    :param where: The variable or file that it comes from, for messages.
    :raises SrsError: for the first mistake, with the entry, the key and the value.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise SrsError(f"{where} is {_shown(entries)}, but must be a list of advisories: docs/releases.md shows one.")
    found: dict[str, Advisory] = {}
    for position, entry in enumerate(entries):
        advisory = _advisory(entry, f"{where}[{position}]")
        if advisory.id in found:
            raise SrsError(f"{where}[{position}].id is {advisory.id!r} as that of an entry before it: ids must differ.")
        found[advisory.id] = advisory
    return list(found.values())


def _advisory(entry: Any, where: str) -> Advisory:
    given = _fields(entry, _KEYS, where)
    name = given.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise SrsError(f"{where}.id is {_shown(name)}, but must be small letters and digits with '-' between them, such as edge-late-join.")
    where = f"{where} ({name})"
    if lacking := [key for key in _KEYS if key not in given and key not in _OPTIONAL]:
        raise SrsError(f"{where} has no {lacking[0]}: give it one.")
    given = {**_OPTIONAL, **given}
    refs = tuple(str(ref) for ref in _list(given["refs"], f"{where}.refs"))
    for ref in refs:
        if not url_of(ref):
            raise SrsError(f"{where}.refs has {ref!r}, but takes numbers of issues of SRS, ids of CVE or GHSA, and addresses.")
    ranges = tuple(_range(item, f"{where}.bad[{index}]") for index, item in enumerate(_list(given["bad"], f"{where}.bad")))
    if not ranges:
        raise SrsError(f"{where}.bad is empty: give it the releases that have the fault, such as {{from: 6.0.179, to: 6.0.185}}.")
    return Advisory(
        id=name,
        roles=_words(given["roles"], ROLES, f"{where}.roles", at_least_one=True),
        effect=_text(given["effect"], f"{where}.effect"),
        severity=_word(given["severity"], SEVERITIES, f"{where}.severity"),
        refs=refs,
        bad=ranges,
        remedy=_text(given["remedy"], f"{where}.remedy", may_be_empty=True),
        when=_words(given["when"], FEATURES, f"{where}.when"),
        preflight=_word(given["preflight"], PREFLIGHT, f"{where}.preflight"),
    )


def _range(entry: Any, where: str) -> Range:
    given = _fields(entry, _RANGE_KEYS, where)
    if lacking := [key for key in ("from", "to") if given.get(key) is None]:
        raise SrsError(f"{where} has no {lacking[0]}: give it a release such as 6.0.191.")
    first, last = (_release(given[key], f"{where}.{key}") for key in ("from", "to"))
    good, unsure_to = (None if given.get(key) is None else _release(given[key], f"{where}.{key}") for key in ("good", "unsure_to"))
    for low, low_name, high, high_name, may_be_same in (
        (first, "from", last, "to", True),
        (last, "to", unsure_to, "unsure_to", False),
        (unsure_to or last, "unsure_to" if unsure_to else "to", good, "good", False),
    ):
        if high and (_order(high) < _order(low) or (high == low and not may_be_same)):
            raise SrsError(f"{where}.{high_name} is {high}, but must be later than its {low_name}, {low}.")
    return Range(first, last, good, unsure_to, _text(given.get("unsure", ""), f"{where}.unsure", may_be_empty=True))


def _fields(entry: Any, keys: Collection[str], where: str) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise SrsError(f"{where} is {_shown(entry)}, but must be a mapping with the keys {', '.join(keys)}.")
    for key in entry:
        if key not in keys:
            raise SrsError(f"{where} has the key {str(key)!r}{did_you_mean(str(key), keys)}, but takes {', '.join(keys)}.")
    return entry


def _release(value: Any, where: str) -> Release:
    release = parse_release(str(value))
    if release is None or not release.is_exact:
        raise SrsError(f"{where} is {_shown(value)}, but must be an exact release such as 6.0.191.")
    return release


def _text(value: Any, where: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or may_be_empty):
        raise SrsError(f"{where} is {_shown(value)}, but must be a text.")
    return " ".join(value.split()).rstrip(".")


def _word(value: Any, known: Collection[str], where: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise SrsError(f"{where} is {_shown(value)}{did_you_mean(str(value), known)}, but must be one of {', '.join(known)}.")
    return value


def _words(value: Any, known: Collection[str], where: str, *, at_least_one: bool = False) -> tuple[str, ...]:
    words = tuple(_word(item, known, where) for item in _list(value, where))
    if at_least_one and not words:
        raise SrsError(f"{where} is empty: name one of {', '.join(known)}.")
    return words


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise SrsError(f"{where} is {_shown(value)}, but must be a list.")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What release advisories say of the images of a topology: what is refused, and what is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ansible_collections.livestream.srs.plugins.module_utils._desired.edges import Edge
from ansible_collections.livestream.srs.plugins.module_utils._desired.origin import Origin
from ansible_collections.livestream.srs.plugins.module_utils._releases import advisories
from ansible_collections.livestream.srs.plugins.module_utils._releases.advisories import Advice, Advisory, Match
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release, is_floating, name_of, release_of_image
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.features import features
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

ACCEPT = "srs_accept_advisories"
PAGE = "docs/releases.md"
# How many variables a sentence names.
NAMED = 3


@dataclass(frozen=True)
class Image:
    """An image that servers or proxies of one kind use."""

    where: str
    """The variable that says it."""
    name: str
    role: str
    """``edge``, ``origin`` or ``proxy``."""
    release: Release | None
    """None where nothing tells."""
    features: frozenset[str] = field(default=frozenset())

    def matches(self, advice: Advice) -> list[Match]:
        """What holds for it and isn't accepted."""
        return advice.matching(self.release, self.role, self.features) if self.release else []

    @property
    def title(self) -> str:
        """It and its release, as a sentence has them."""
        return self.name if not self.release or str(self.release) in self.name else f"{self.name} (SRS {self.release})"


def images(origin: Origin | None, edges: Iterable[Edge]) -> list[Image]:
    """Those of an origin, if there is one, of its proxy and of edge clusters."""
    found = []
    if origin:
        found.append(_of_server(origin))
        if origin.proxy:
            # There are no official images of it, by which one could tell what a major version alone may mean.
            told = release_of_image(origin.proxy.image)
            release = told if told and told.is_exact else None
            redis = frozenset({"redis"} if origin.proxy.redis else ())
            found.append(Image("srs_origin_proxy.image", origin.proxy.image, "proxy", release, redis))
    return [*found, *map(_of_server, edges)]


def _of_server(server: Origin | Edge) -> Image:
    return Image(server.variable("image"), server.image, server.role, server.version, features_of(server))


def features_of(server: Origin | Edge) -> frozenset[str]:
    """What of ``FEATURES`` a server has, by its srs.conf and its variables."""
    found = set(features(server.reading))
    if server.grace and server.grace.drain:
        found.add("drain")
    if isinstance(server, Edge) and server.config_strategy == "reload":
        found.add("reload")
    return frozenset(found)


def problems(found: Iterable[Image], advice: Advice) -> Iterator[str]:
    """What is refused, as sentences that name the variable, the image and the ways out."""
    yield from advisories.check_accepted(advice.accepted, advice.table, ACCEPT)
    refused: dict[tuple[str, str], list[tuple[Image, Match]]] = {}
    for image in found:
        for match in image.matches(advice):
            if match.is_sure and match.advisory.preflight == advisories.REFUSE:
                refused.setdefault((image.name, match.advisory.id), []).append((image, match))
    for pairs in refused.values():
        image, match = pairs[0]
        fault, better = match.advisory, _instead(image, match, advice)
        ways = f"take SRS {better}" if better else f"take another release ({PAGE})"
        ways += f", or set {ACCEPT}: [{fault.id}] if you accept it"
        yield f"{_are(each for each, _match in pairs)} {image.title}, with which {fault.effect} ({fault.about}): {ways}."


def warnings(found: Iterable[Image], advice: Advice) -> Iterator[str]:
    """What works for most, and should be known: a sentence for each release."""
    found = list(found)
    told: dict[tuple[Release, bool], tuple[dict[str, str], list[Image]]] = {}
    for image in found:
        for match in image.matches(advice):
            # What nobody has looked at is taken a step less seriously.
            if image.release and (match.advisory.preflight, match.is_sure) in ((advisories.WARN, True), (advisories.REFUSE, False)):
                items, users = told.setdefault((image.release, match.is_sure), ({}, []))
                items[match.advisory.id] = _item(image.release, match)
                users.append(image)
    for (release, is_sure), (items, users) in told.items():
        what = "has known faults" if is_sure else "may have faults that releases before it have"
        yield f"SRS {release} ({_joined(users)}) {what}: {', '.join(items.values())}; see {PAGE}. {ACCEPT} takes those that you accept."
    yield from _floating(found, advice)


def _item(release: Release, match: Match) -> str:
    fault = match.advisory
    near = match.good and match.good.major == release.major
    way = f"fixed in {match.good}" if near else fault.remedy or (f"fixed in {match.good}" if match.good else "no fix known")
    return f"{fault.id} ({fault.severity}; {way})"


def _floating(found: Iterable[Image], advice: Advice) -> Iterator[str]:
    """Tags that nodes may have cached from a bad release."""
    moving: dict[tuple[str, str], list[Image]] = {}
    for image in found:
        if image.release is None or not is_floating(image.name) or advisories.FLOATING_TAG in advice.accepted:
            continue
        major = image.release.major
        bad = [fault.id for fault in advice.table if _is_refused_in(fault, major, image) and fault.id not in advice.accepted]
        if bad and (newest := advisories.recommended(advice.table, major, image.role, image.features)):
            moving.setdefault((image.name, f"{name_of(image.name)}:{newest}"), []).append(image)
    for (name, exact), those in moving.items():
        yield (
            f"{_are(those)} {name}, which is whatever release of SRS {those[0].release} a node has pulled last, and some are bad "
            f"({PAGE}): name one, such as {exact}, or set {ACCEPT}: [{advisories.FLOATING_TAG}]."
        )


def _is_refused_in(fault: Advisory, major: int, image: Image) -> bool:
    of_major = any(item.first.major <= major <= item.last.major for item in fault.bad)
    return fault.preflight == advisories.REFUSE and of_major and fault.matters(image.role, image.features)


def _instead(image: Image, match: Match, advice: Advice) -> Release | None:
    """The release to name: the newest of those that are without the fault, if that is known to be a good one."""
    if not match.good:
        return None
    newest = advisories.recommended(advice.table, match.good.major, image.role, image.features)
    return newest if newest and newest.reaches(match.good) else match.good


def _are(found: Iterable[Image]) -> str:
    names = _joined(found)
    return f"{names} {'are' if ', ' in names or ' and ' in names else 'is'}"


def _joined(found: Iterable[Image]) -> str:
    return first_of(list(dict.fromkeys(image.where for image in found)), NAMED)

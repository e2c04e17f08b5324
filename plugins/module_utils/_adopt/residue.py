# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects have beyond the variables, as patches of the objects that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._adopt.difference import patch_between, paths
from ansible_collections.livestream.srs.plugins.module_utils._adopt.recognise import Found
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._manifests.existing import Existing
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compare import changes_of_text
from ansible_collections.livestream.srs.plugins.module_utils._text import first_of

TOLD = 4


def patches(found: Found, built: Iterable[Object], existing: Existing) -> Iterator[dict[str, Any]]:
    """Items of ``srs_patches`` by which the objects, which are ``built`` by our names, become those that are there."""
    for item, live in _pairs(found, built, existing):
        (called,) = existing.renamed([item])
        if patch := patch_between(called, live):
            yield {"kind": item["kind"], "name": item["metadata"]["name"], "patch": patch}


def notes(given: Iterable[dict[str, Any]], existing: Existing) -> Iterator[str]:
    """A sentence for each patch."""
    for item in given:
        yield (
            f"{item['kind']} {existing.name(item['kind'], item['name'])} is otherwise than variables can say: srs_patches keeps "
            f"{first_of(list(paths(item['patch'])), TOLD)}."
        )


def rewritten(found: Found, built: Iterable[Object], existing: Existing) -> Iterator[str]:
    """What the srs.conf of a ConfigMap says after the take-over that it didn't say before, a sentence for each."""
    for item, live in _pairs(found, built, existing):
        before, after = ((one.get("data") or {}).get("srs.conf", "") for one in (live, item))
        if item["kind"] == "ConfigMap" and before and (changes := changes_of_text(before, after)):
            yield (
                f"ConfigMap {live['metadata']['name']}: its srs.conf is written anew, and differs by {'; '.join(changes)}; servers that "
                "watch the file reload it."
            )


def _pairs(found: Found, built: Iterable[Object], existing: Existing) -> Iterator[tuple[Object, Object]]:
    for item in built:
        live = found.live(item["kind"], existing.name(item["kind"], item["metadata"]["name"]))
        if live is not None:
            yield item, live

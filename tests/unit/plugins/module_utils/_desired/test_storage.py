# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the origin's media lives on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._desired import storage
from ansible_collections.livestream.srs.plugins.module_utils._desired.storage import Media
from ansible_collections.livestream.srs.tests.support.wanted import problems, resolved


def media(given: dict[str, Any], volume: dict[str, Any] | None = None) -> Media:
    return resolved(srs_origin_storage=given, srs_origin_volume=volume or {}).origin.media


def found(given: dict[str, Any], volume: dict[str, Any] | None = None) -> list[str]:
    return problems(["srs_origin"], srs_origin_storage=given, srs_origin_volume=volume or {})


@pytest.mark.parametrize(
    ("given", "source", "claim", "shared", "persistent"),
    [
        ({}, {"emptyDir": {}}, None, False, False),
        ({"type": "emptydir"}, {"emptyDir": {}}, None, False, False),
        (
            {"type": "emptydir", "medium": "Memory", "size_limit": "2Gi"},
            {"emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
            None,
            False,
            False,
        ),
        (
            {"type": "pvc", "size": "10Gi"},
            {"persistentVolumeClaim": {"claimName": "srs-origin-media"}},
            {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
            False,
            True,
        ),
        (
            {"type": "pvc", "size": "1Ti", "access_mode": "ReadWriteMany", "storage_class": "nas"},
            {"persistentVolumeClaim": {"claimName": "srs-origin-media"}},
            {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}, "storageClassName": "nas"},
            True,
            True,
        ),
        ({"type": "pvc", "existing_claim": "pvc-nas"}, {"persistentVolumeClaim": {"claimName": "pvc-nas"}}, None, None, True),
        (
            {"type": "pvc", "existing_claim": "disk", "access_mode": "ReadWriteOnce"},
            {"persistentVolumeClaim": {"claimName": "disk"}},
            None,
            False,
            True,
        ),
    ],
)
def test_each_form(given: dict[str, Any], source: dict[str, Any], claim: Any, shared: bool | None, persistent: bool) -> None:
    made = media(given)
    assert made.source == source
    assert (made.claim or {}).get("spec") == claim
    assert (made.shared, made.persistent) == (shared, persistent)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"type": "emptydir", "medium": "Memory", "size_limit": "2Gi"},
        {"type": "pvc", "size": "1.5Ti", "access_mode": "ReadWriteOnce", "storage_class": "disk"},
        {"type": "pvc", "existing_claim": "pvc-nas"},
    ],
)
def test_what_is_right(given: dict[str, Any]) -> None:
    assert found(given) == []


@pytest.mark.parametrize(
    ("volume", "shared", "persistent"), [({"emptyDir": {}}, False, False), ({"nfs": {"server": "192.0.2.1", "path": "/"}}, None, True)]
)
def test_a_volume_of_the_users_own_wins(volume: dict[str, Any], shared: bool | None, persistent: bool) -> None:
    assert media({"type": "emptydir"}, volume) == Media(volume, None, access_mode="", shared=shared, persistent=persistent)
    assert found({"type": "emptydir"}, volume) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "emptydir", "size": "1Gi"}, "size is of type pvc, and the type is emptydir. The size of an emptydir is its size_limit."),
        ({"storage_class": "nas"}, "storage_class is of type pvc"),
        ({"type": "pvc", "size": "1Gi", "medium": "Memory"}, "medium is of type emptydir, and the type is pvc."),
        ({"type": "pvc"}, "size is missing"),
        ({"type": "pvc", "size": "big"}, "size is 'big': it must be a quantity"),
        ({"size_limit": "1 Gi"}, "size_limit is '1 Gi'"),
        ({"type": "pvc", "existing_claim": "a", "size": "1Gi"}, "size is of a new claim"),
        ({"type": "pvc", "existing_claim": "a", "storage_class": "b"}, "storage_class is of a new claim"),
    ],
)
def test_each_mistake_is_named(given: dict[str, Any], said: str) -> None:
    (problem,) = found(given)
    assert problem.startswith("srs_origin_storage.")
    assert said in problem


def test_two_ways_at_once() -> None:
    (problem,) = found({"type": "pvc", "size": "1Gi"}, {"emptyDir": {}})
    assert problem == "srs_origin_volume and srs_origin_storage are both given: keep one of them."


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("1", 1), ("16Mi", 16 * 2**20), ("1.5Gi", 1.5 * 2**30), ("2G", 2e9), ("1E", 1e18), ("1 Gi", None), ("Gi", None)],
)
def test_quantities(quantity: str, number: float | None) -> None:
    assert storage.number(quantity) == number

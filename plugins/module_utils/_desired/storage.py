# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the origin's media lives: the volume of its pods, the claim behind it, and whether it can be shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._dns import is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pod_schema import volume_source
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number

# The folder that SRS writes HLS and recordings to, and that nginx reads from.
MEDIA = "/usr/local/srs/objs/nginx/html"

CLEANED = "/media"  # the same folder in the pod that cleans up
CLAIM = "srs-origin-media"

KEYS = {"emptydir": ("medium", "size_limit"), "pvc": ("size", "storage_class", "access_mode", "existing_claim")}
# What a claim of ours is of, so that it is not asked for again.
OF_NEW_CLAIM = ("size", "storage_class")


@dataclass
class Media:
    """The volume of the origin's media."""

    source: dict[str, Any]  # the volume source, without a name
    claim: dict[str, Any] | None = None  # name and spec of the claim to keep; None where there is nothing to make
    access_mode: str = ""  # of the claim; "" where there is none or it isn't known
    shared: bool | None = False  # whether pods on several nodes may mount it; None where nothing here can tell
    persistent: bool = False  # whether it outlives its pod, and other pods can see it


def resolve(storage: Settings, volume: Mapping[str, Any]) -> Media:
    """From ``srs_origin_storage``, or ``srs_origin_volume``, a volume source of the user's own, which wins."""
    if volume:
        own = "emptyDir" in volume
        return Media(dict(volume), shared=False if own else None, persistent=not own)
    if storage["type"] != "pvc":
        empty = {"medium": storage.get("medium"), "sizeLimit": storage.get("size_limit")}
        return Media({"emptyDir": {key: value for key, value in empty.items() if value}})
    existing = storage.get("existing_claim")
    mode = storage.get("access_mode") or ("" if existing else "ReadWriteOnce")
    name = existing or CLAIM
    claim: dict[str, Any] = {"accessModes": [mode], "resources": {"requests": {"storage": storage.get("size")}}}
    if storage.get("storage_class"):
        claim["storageClassName"] = storage["storage_class"]
    return Media(
        {"persistentVolumeClaim": {"claimName": name}},
        None if existing else {"name": name, "spec": claim},
        mode,
        shared=None if not mode else mode == "ReadWriteMany",
        persistent=True,
    )


def check(storage: Settings, volume: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with ``srs_origin_storage`` itself."""
    if volume:
        if storage not in ({}, {"type": "emptydir"}):
            yield "srs_origin_volume and srs_origin_storage are both given: keep one of them."
        yield from volume_source("srs_origin_volume", volume)
        return
    kind = storage["type"]
    for key in sorted(set(storage) - {"type", *KEYS[kind]}):
        (other,) = set(KEYS) - {kind}
        way = " The size of an emptydir is its size_limit." if key == "size" else ""
        yield f"srs_origin_storage.{key} is of type {other}, and the type is {kind}.{way}"
    for key, least in (("size", 1), ("size_limit", 0)):
        if key in KEYS[kind] and storage.get(key) and (number(storage[key]) or -1) < least:
            yield f"srs_origin_storage.{key} is {storage[key]!r}: it must be a quantity of Kubernetes, for example 20Gi."
    for key in ("storage_class", "existing_claim"):
        if key in KEYS[kind] and storage.get(key) and not is_subdomain(storage[key]):
            yield f"srs_origin_storage.{key} is {storage[key]!r}: it must be the name of an object."
    if kind == "pvc" and storage.get("existing_claim"):
        for key in OF_NEW_CLAIM:
            if storage.get(key):
                yield f"srs_origin_storage.{key} is of a new claim, and existing_claim names one that is there already: keep one of them."
    elif kind == "pvc" and not storage.get("size"):
        yield "srs_origin_storage.size is missing: say how large the claim is, for example 100Gi, or name an existing_claim."

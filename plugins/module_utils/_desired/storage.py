# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the origin's media lives: the volume of its pods, the claim behind it, and whether it can be shared."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import number

# The folder that SRS writes HLS and recordings to, and that nginx reads from.
MEDIA = "/usr/local/srs/objs/nginx/html"
INSTALLED = "/usr/local/srs"  # the image's working directory, to which the paths in srs.conf are relative

CLEANED = "/media"  # the same folder in the pod that cleans up
CLAIM = "srs-origin-media"
KEYS = {"emptydir": ("medium", "size_limit"), "pvc": ("size", "storage_class", "access_mode", "existing_claim")}
# What a claim of ours is of, so that it is not asked for again.
OF_NEW_CLAIM = ("size", "storage_class")


def resolve(storage: Any, volume: Any) -> dict[str, Any]:
    """The volume source, the claim to keep (None where there is nothing to make), and how many pods may use it.

    ``volume`` is a volume source of the user's own, which wins. ``shared`` is None where nothing here can tell.
    """
    storage = storage if isinstance(storage, Mapping) else {}
    mode = storage.get("access_mode") or ("" if storage.get("existing_claim") else "ReadWriteOnce")
    if volume:
        own = "emptyDir" in volume
        return {"volume": volume, "claim": None, "shared": False if own else None, "access_mode": "", "persistent": not own}
    if storage.get("type", "emptydir") != "pvc":
        empty = {"medium": storage.get("medium"), "sizeLimit": storage.get("size_limit")}
        source = {"emptyDir": {key: value for key, value in empty.items() if value}}
        return {"volume": source, "claim": None, "shared": False, "access_mode": "", "persistent": False}
    name = storage.get("existing_claim") or CLAIM
    claim: dict[str, Any] = {"accessModes": [mode], "resources": {"requests": {"storage": storage.get("size")}}}
    if storage.get("storage_class"):
        claim["storageClassName"] = storage["storage_class"]
    return {
        "volume": {"persistentVolumeClaim": {"claimName": name}},
        "claim": None if storage.get("existing_claim") else {"name": name, "spec": claim},
        "shared": None if not mode else mode == "ReadWriteMany",
        "access_mode": mode,
        "persistent": True,
    }


def check(storage: Any, volume: Any) -> Iterator[str]:
    """What is wrong with ``srs_origin_storage`` itself."""
    if volume:
        if storage not in ({}, {"type": "emptydir"}):
            yield "srs_origin_volume and srs_origin_storage are both given: keep one of them."
        return
    kind = storage.get("type", "emptydir")
    for key in sorted(set(storage) - {"type", *KEYS[kind]}):
        if storage[key] is not None:
            (other,) = set(KEYS) - {kind}
            way = " The size of an emptydir is its size_limit." if key == "size" else ""
            yield f"srs_origin_storage.{key} is of type {other}, and the type is {kind}.{way}"
    for key in ("size", "size_limit"):
        if storage.get(key) and number(storage[key]) is None:
            yield f"srs_origin_storage.{key} is {storage[key]!r}: it has to be a quantity of Kubernetes, for example 20Gi."
    if kind == "pvc" and storage.get("existing_claim"):
        for key in OF_NEW_CLAIM:
            if storage.get(key):
                yield f"srs_origin_storage.{key} is of a new claim, and existing_claim names one that is there already: keep one of them."
    elif kind == "pvc" and not storage.get("size"):
        yield "srs_origin_storage.size is missing: say how large the claim is, for example 100Gi, or name an existing_claim."


def is_inside(path: str, work_dir: str = INSTALLED) -> bool:
    """Whether a path of srs.conf is in the media folder."""
    absolute = posixpath.normpath(posixpath.join(work_dir, path))
    return absolute == MEDIA or absolute.startswith(MEDIA + "/")

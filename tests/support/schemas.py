# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects against the schemas of Kubernetes, strictly, of every release that is supported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import kubernetes_validate
from kubernetes_validate import utils

OLDEST = 30
RELEASES = [f"1.{minor}" for minor in range(OLDEST, int(kubernetes_validate.latest_version().split(".")[1]) + 1)]
# Kinds that a CustomResourceDefinition brings.
FOREIGN = ("monitoring.coreos.com/v1", "cert-manager.io/v1")

# The library reads a megabyte of definitions for each object.
utils.schema_contents = cache(utils.schema_contents)


def validate(items: Iterable[Mapping[str, Any]]) -> None:
    """Raises ValidationError where a release does not take one of the objects."""
    for item in items:
        if item["apiVersion"] not in FOREIGN:
            for release in RELEASES:
                kubernetes_validate.validate(dict(item), release, strict=True)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what becomes a name, a label or the key of an annotation can be one.

The API server would refuse it half-way, and name no variable.
What has checks of its own has them there: namespace, topology, edge clusters, HTTPS of nginx.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._dns import SUBDOMAIN_LENGTH, is_subdomain
from ansible_collections.livestream.srs.plugins.module_utils._labels import is_key, is_label_value

A_NAME = f"it must be the name of an object, at most {SUBDOMAIN_LENGTH} of a-z, 0-9, '-' and '.', a letter or digit at both ends."
A_KEY = "it must be at most 63 of a-z, A-Z, 0-9, '-', '_' and '.', a letter or digit at both ends, as in example.com/name."
A_VALUE = "it must be a string of at most 63 of a-z, A-Z, 0-9, '-', '_' and '.', a letter or digit at both ends, or empty."

# Variables of roles, without their prefix.
NAMES = ("priority_class_name",)
LABELS = ("pod_labels", "node_selector")
ANNOTATIONS = ("pod_annotations",)


def check(values: Settings, roles: Collection[str]) -> Iterator[str]:
    """What can't be a name, a label or a key in the variables of these roles."""
    for index, secret in enumerate(values["srs_image_pull_secrets"]):
        yield from name(f"srs_image_pull_secrets[{index}].name", secret.get("name"))
    yield from labels("srs_monitoring.labels", values["srs_monitoring"].get("labels", {}))
    for role in sorted(roles):
        yield from _of_pods(f"{role}_", {key.removeprefix(f"{role}_"): value for key, value in values.items() if key.startswith(role)})
    if "srs_edge" in roles:
        for index, cluster in enumerate(values["srs_edge_clusters"]):
            yield from _of_pods(f"srs_edge_clusters[{index}].", cluster)
    if "srs_origin" in roles:
        for key in ("existing_claim", "storage_class"):
            yield from name(f"srs_origin_storage.{key}", values["srs_origin_storage"].get(key))
        secret = values["srs_origin_proxy"].get("redis", {}).get("password_secret", {})
        yield from name("srs_origin_proxy.redis.password_secret.name", secret.get("name"))


def _of_pods(prefix: str, given: Mapping[str, Any]) -> Iterator[str]:
    for key in NAMES:
        yield from name(f"{prefix}{key}", given.get(key))
    for key in LABELS:
        yield from labels(f"{prefix}{key}", given.get(key, {}))
    for key in ANNOTATIONS:
        yield from _keys(f"{prefix}{key}", given.get(key, {}))


def name(where: str, value: Any) -> Iterator[str]:
    """What is wrong with the name of an object; "" and None stand for none."""
    if value not in (None, "") and not is_subdomain(value):
        yield f"{where} is {value!r}: {A_NAME}"


def labels(where: str, given: Mapping[Any, Any]) -> Iterator[str]:
    """What is wrong with labels."""
    yield from _keys(where, given)
    yield from (f"{where}[{key}] is {value!r}: {A_VALUE}" for key, value in given.items() if not is_label_value(value))


def _keys(where: str, given: Mapping[Any, Any]) -> Iterator[str]:
    yield from (f"{where} has the key {key!r}: {A_KEY}" for key in given if not is_key(key))

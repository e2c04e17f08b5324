# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the names of objects that are the user's own can be names: a pod would wait for such an object for ever.

What has checks of its own has them there: namespace, topology, edge clusters, storage, pods, HTTPS of nginx.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._desired.common import Settings
from ansible_collections.livestream.srs.plugins.module_utils._dns import SUBDOMAIN_LENGTH, is_subdomain

A_NAME = f"it must be the name of an object, at most {SUBDOMAIN_LENGTH} of a-z, 0-9, '-' and '.', a letter or digit at both ends."


def check(values: Settings, roles: Collection[str]) -> Iterator[str]:
    """What can't be a name in the variables of these roles."""
    for index, secret in enumerate(values["srs_image_pull_secrets"]):
        yield from _name(f"srs_image_pull_secrets[{index}].name", secret.get("name"))
    if "srs_origin" in roles:
        secret = values["srs_origin_proxy"].get("redis", {}).get("password_secret", {})
        yield from _name("srs_origin_proxy.redis.password_secret.name", secret.get("name"))


def _name(where: str, value: Any) -> Iterator[str]:
    """What is wrong with the name of an object; "" and None stand for none."""
    if value not in (None, "") and not is_subdomain(value):
        yield f"{where} is {value!r}: {A_NAME}"

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All tables, and what they say together."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import (
    alibaba_clb,
    alibaba_nlb,
    aws,
    azure,
    digitalocean,
    generic,
    huawei,
    metallb,
    nodeport,
    tencent,
    volcengine,
)
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import OPTIONS, Platform

DEFAULT_PROVIDER = "generic"

PLATFORMS: tuple[Platform, ...] = (
    alibaba_clb.CLB,
    alibaba_nlb.NLB,
    aws.AWS_NLB,
    azure.AZURE,
    digitalocean.DIGITALOCEAN,
    generic.GENERIC,
    huawei.HUAWEI,
    metallb.METALLB,
    nodeport.NODEPORT,
    tencent.TENCENT,
    volcengine.VOLCENGINE,
)
PROVIDERS = tuple(dict.fromkeys(platform.provider for platform in PLATFORMS))


def having(name: str) -> list[str]:
    """The platforms that have an option, or any option of a group."""
    return [platform.label for platform in PLATFORMS if any(cell == name or cell.startswith(f"{name}.") for cell in platform.cells)]


def choices(name: str) -> list[str]:
    """All words that an option may have, with whatever provider."""
    if name == "provider":
        return list(PROVIDERS)
    if name == "type":
        return [platform.type for platform in PLATFORMS if platform.type]
    if name == "annotation_prefix":
        return ["new", "old"]
    return list(dict.fromkeys(str(word) for platform in PLATFORMS if name in platform.cells for word in platform.cells[name].words))


def description(name: str, text: str) -> str:
    """An option's description with its unit and the providers that have it."""
    unit = OPTIONS[name].unit if name in OPTIONS else ""
    platforms = having(name)
    return text + (f" In {unit}." if unit else "") + (f" Providers: {', '.join(platforms)}." if platforms else "")

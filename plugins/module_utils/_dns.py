# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Kubernetes takes from DNS (RFC 1123, https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)."""

from __future__ import annotations

import re
from typing import Any

_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"

# A DNS label: namespaces, Services, and whatever becomes a host name.
LABEL = re.compile(_PART)
LABEL_LENGTH = 63
# A DNS subdomain, labels with dots between them: most other objects. As in Kubernetes, its labels may be longer than one alone.
SUBDOMAIN = re.compile(rf"{_PART}(\.{_PART})*")
SUBDOMAIN_LENGTH = 253


def is_label(value: Any, longest: int = LABEL_LENGTH) -> bool:
    """Whether a value is a DNS label of at most ``longest`` characters."""
    return isinstance(value, str) and len(value) <= longest and bool(LABEL.fullmatch(value))


def is_subdomain(value: Any) -> bool:
    """Whether a value is a DNS subdomain."""
    return isinstance(value, str) and len(value) <= SUBDOMAIN_LENGTH and bool(SUBDOMAIN.fullmatch(value))

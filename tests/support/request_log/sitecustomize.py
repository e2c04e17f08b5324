# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With this folder on PYTHONPATH, every HTTP request of any Python process is noted in the file REQUEST_LOG, one a line."""

from __future__ import annotations

import http.client
import os
from typing import Any

_putrequest = http.client.HTTPConnection.putrequest


def _noted(self: http.client.HTTPConnection, method: str, url: str, *args: Any, **kwargs: Any) -> None:
    with open(os.environ["REQUEST_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{method} {url}\n")
    _putrequest(self, method, url, *args, **kwargs)


if "REQUEST_LOG" in os.environ:
    http.client.HTTPConnection.putrequest = _noted  # type: ignore[method-assign]

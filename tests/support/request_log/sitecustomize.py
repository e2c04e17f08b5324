# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With this folder on PYTHONPATH, every HTTP request of any Python process is noted in the file REQUEST_LOG, one a line, and so is every
template that Jinja2 compiles: ``TEMPLATE`` and how it begins.
"""

from __future__ import annotations

import http.client
import os
from typing import Any

_putrequest = http.client.HTTPConnection.putrequest


def _note(line: str) -> None:
    with open(os.environ["REQUEST_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{line}\n")


def _putrequest_noted(self: http.client.HTTPConnection, method: str, url: str, *args: Any, **kwargs: Any) -> None:
    _note(f"{method} {url}")
    _putrequest(self, method, url, *args, **kwargs)


if "REQUEST_LOG" in os.environ:
    import jinja2

    _compile = jinja2.Environment.compile

    def _compile_noted(self: jinja2.Environment, source: Any, *args: Any, **kwargs: Any) -> Any:
        _note(f"TEMPLATE {str(source)[:100]!r}")
        return _compile(self, source, *args, **kwargs)

    jinja2.Environment.compile = _compile_noted  # type: ignore[method-assign]
    http.client.HTTPConnection.putrequest = _putrequest_noted  # type: ignore[method-assign]

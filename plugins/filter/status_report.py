# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as an HTML page or as JSON."""

from __future__ import annotations

DOCUMENTATION = r"""
name: status_report
short_description: Render the status of a topology as an HTML page or as JSON
description:
  - Renders what M(livestream.srs.srs_cluster_status) returned for each host of the inventory, that is for each Kubernetes cluster.
  - The page needs no other file, and loads nothing but the streams that are played in it.
  - The JSON has a schema, C(docs/status-report.schema.json).
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
positional: path
options:
  _input:
    description: Results of M(livestream.srs.srs_cluster_status), by the name of the host.
    type: dict
    required: true
  path:
    description: Path of the file that the result is for. It must end with V(.html) or V(.json), which selects the format.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    dest: /tmp/status.html
    content: "{{ {inventory_hostname: status} | livestream.srs.status_report('status.html') }}"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The content of the file.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.livestream.srs.plugins.module_utils._observed import report

FORMS = {".html": report.page, ".json": report.data}


def status_report(statuses: Mapping[str, Any], path: str) -> str:
    """The content of a report. ``statuses`` are results of srs_cluster_status by host; the ending of ``path`` selects the format."""
    make = next((made for ending, made in FORMS.items() if path.endswith(ending)), None)
    if make is None:
        raise AnsibleFilterError(f"The report {path!r} is neither .html nor .json: use a path that ends with one of them.")
    # A host that could not be read has no status.
    read: list[tuple[str, Any]] = [
        (host, status) for host, status in statuses.items() if isinstance(status, Mapping) and "verdicts" in status
    ]
    if not read:
        raise AnsibleFilterError(
            "There is nothing to report: no host has a status; pass results of srs_cluster_status by the name of the host."
        )
    return make(read)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"status_report": status_report}

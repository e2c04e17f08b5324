# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as a page or as data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: status_report
short_description: The status of a topology as an HTML page, or as JSON with a schema
description:
  - Makes one page out of what M(livestream.srs.srs_cluster_status) returned for each host, that is for each Kubernetes cluster.
  - The page needs no other file and fetches nothing.
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
    description: The file that it is for; V(.html) or V(.json) at its end says what is made.
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
    make = next((made for ending, made in FORMS.items() if path.endswith(ending)), None)
    if make is None:
        raise AnsibleFilterError(f"The report {path!r} is neither .html nor .json: say by its ending which one it is to be.")
    # A host that could not be read has nothing to show.
    read = [(host, status) for host, status in statuses.items() if isinstance(status, Mapping) and "verdicts" in status]
    if not read:
        raise AnsibleFilterError("There is nothing to report: no host has a status.")
    return make(read)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"status_report": status_report}

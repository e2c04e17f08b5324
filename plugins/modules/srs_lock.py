#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes a topology."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_lock
short_description: Have one run at a time change a topology
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Takes the lock of a topology, waiting for another run that holds it, and lets go of it. The playbooks that change a topology do so
    unless the variable C(srs_lock) is V(false). Playbooks of your own that use the roles can do the same around them.
  - The lock is a Lease named C(<topology>-lock) in the namespace of the topology, which C(kubectl get lease) shows with its holder.
    Taking it fails for all but one run, whoever comes at the same time.
  - A lock whose holder is gone is taken over. On the machine where the holder ran that is as soon as its process has ended, elsewhere when
    it has not been heard of for O(duration). The tasks of this collection renew it while they run.
  - In check mode nothing is locked, and nobody is waited for.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.kubernetes_auth
attributes:
  check_mode:
    support: full
    details: Locks nothing, and waits for nobody.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: A run that holds the lock can take it again. Locking is no change, unless the namespace is created for it.
options:
  namespace:
    description: Namespace of the topology.
    type: str
    required: true
  topology:
    description: Name of the topology, as in the variable C(srs_topology).
    type: str
    default: srs
  state:
    description:
      - V(present) takes the lock.
      - V(absent) lets go of it. That fails where another run has taken it over meanwhile, since both may then have changed the topology.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: How long to wait for another run that holds the lock, in seconds. Then the task fails, and names that run.
    type: float
    default: 300
  create_namespace:
    description:
      - Whether the namespace is created for the lock if it doesn't exist. Otherwise nothing is locked in a namespace that doesn't exist.
      - With O(state=absent), whether the namespace was created for the lock. It is deleted again if nothing else has come into it.
    type: bool
    default: false
  holder:
    description: Who holds the lock, for people to read. By default the playbook, the user, the machine and the process.
    type: str
  process:
    description:
      - What tells this run from all others. By default the machine, the process of C(ansible-playbook) and the host of the inventory.
      - Two tasks that give the same value are the same run.
    type: str
  duration:
    description:
      - After how many seconds without a renewal the lock is free for runs on other machines.
      - By default 60, and 3600 where tasks don't run in the process of C(ansible-playbook) and so don't renew it.
    type: int
"""

EXAMPLES = r"""
- name: Change a topology, as the only one
  hosts: all
  gather_facts: false
  tasks:
    - name: All of it
      block:
        - name: Take the lock
          livestream.srs.srs_lock:
            namespace: srs
            create_namespace: true
          register: _srs_lock # by this name the other tasks find it, and renew it

        - name: Build the origin
          ansible.builtin.import_role:
            name: livestream.srs.srs_origin
      always:
        - name: Let go of the lock
          livestream.srs.srs_lock:
            namespace: srs
            state: absent
            create_namespace: "{{ _srs_lock.changed }}"
          when: _srs_lock.held | default(false)
"""

RETURN = r"""
held:
  description: Whether this run holds the lock now.
  returned: success
  type: bool
namespace:
  description: Namespace of the Lease.
  returned: success
  type: str
  sample: srs
lease:
  description: Name of the Lease.
  returned: success
  type: str
  sample: srs-lock
holder:
  description: Who this run is, for people.
  returned: success
  type: str
  sample: site.yml by alice on build-1, process 4242
process:
  description: Which run this is, for other runs.
  returned: success
  type: str
  sample: build-1 4026531836 4242 881203 production
duration:
  description: After how many seconds without a renewal the lock is free for runs on other machines.
  returned: success
  type: int
  sample: 60
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import lock

flow = lock.flow
this_process = lock.this_process


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            "namespace": {"type": "str", "required": True},
            "topology": {"type": "str", "default": "srs"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "timeout": {"type": "float", "default": 300},
            "create_namespace": {"type": "bool", "default": False},
            "holder": {"type": "str"},
            "process": {"type": "str"},
            "duration": {"type": "int"},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()

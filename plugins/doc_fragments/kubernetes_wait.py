# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say whether to wait for readiness (``module_utils/_argspec.py``)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until everything is ready. All objects are awaited together, after the last one was applied.
      - Ready means that a Deployment, StatefulSet or DaemonSet runs the wanted number of available pods of its newest template,
        a Service of type LoadBalancer has an address, a PersistentVolumeClaim is bound
        (or waits for its first consumer while no pod uses it) and a Job is complete.
      - Custom resources go by what their controllers report, C(status.observedGeneration) and the conditions C(Ready), C(Reconciling) and
        C(Stalled). Other objects are ready when they exist.
      - The wait ends early, with the reason, when an object has failed. That is a Deployment whose progress deadline is exceeded
        or whose pods are refused for good (PodSecurity, limit ranges), a failed Job or Pod, or an object with the condition C(Stalled).
      - Has no effect in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds.
    type: int
    default: 300
"""

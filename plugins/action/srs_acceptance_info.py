# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name in ansible-playbook itself where the host is the controller."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.modules import srs_acceptance_info
from ansible_collections.livestream.srs.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    """Action plugin: see the module's documentation."""

    module = srs_acceptance_info

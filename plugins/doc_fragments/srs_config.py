# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of srs_edge_config, srs_origin_config and their _info modules, made from the table that their argument specs are made from."""

from __future__ import annotations

import json

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.documentation import documentation
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE, ORIGIN


class ModuleDocFragment:
    # JSON is YAML.
    EDGE: str = json.dumps(documentation(EDGE))
    ORIGIN: str = json.dumps(documentation(ORIGIN))

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configs that the end-to-end tests make up are of all kinds: refused and accepted, in every form."""

from __future__ import annotations

from ansible_collections.livestream.srs.tests.support import made_configs
from ansible_collections.livestream.srs.tests.support.made_configs import Around, Made
from ansible_collections.livestream.srs.tests.support.wanted import checks

AROUND = Around("192.0.2.1", "192.0.2.2:8085")
NUMBER = 100


def accepted(made: Made) -> bool:
    return not checks(srs_version=made.version, **made.variables).problems()


def test_the_same_number_gives_the_same() -> None:
    assert made_configs.make(7, 6, AROUND) == made_configs.make(7, 6, AROUND) != made_configs.make(8, 6, AROUND)


def test_more_than_a_third_is_refused_and_more_than_a_third_accepted() -> None:
    made = [made_configs.make(number, 6 + number % 2, AROUND) for number in range(NUMBER)]
    taken = [one for one in made if accepted(one)]
    assert NUMBER / 3 < len(taken) < NUMBER * 2 / 3
    seen = {key for one in taken for key in one.variables}
    assert {f"srs_{role}_{key}" for role in ("origin", "edge") for key in ("config", "env", "extra_volume_mounts")} <= seen
    forms = {key for one in taken for name in ("srs_origin_config", "srs_edge_config") for key in one.variables.get(name, ())}
    assert {"conf", "extra", "vhosts", "hls", "dvr", "http_hooks", "http_server", "listen"} <= forms
    assert all(any(getattr(one, what) for one in taken) for what in ("flv", "files", "hls", "streams", "events", "forwards"))

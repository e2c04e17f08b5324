# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml with everything turned off that the tutorial hasn't: does that stream too?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from driver import checks
from driver.figures import Figures
from driver.topology import BARE, Topology
from players.crowd import Audience


@pytest.fixture(scope="module")
def built(topology: Callable[..., Topology], newest: Mapping[str, Any]) -> Topology:
    made = topology("bare", {**newest, **BARE})
    asyncio.run(made.site())
    return made


def test_everybody_sees_the_stream(built: Topology, figures: Figures) -> None:
    asyncio.run(checks.everybody_sees(built, figures, "the tutorial's", sound=False))


def test_a_second_run_changes_nothing_and_cuts_nobody(built: Topology) -> None:
    async def watch() -> None:
        before = {pod.uid for pod in built.kube.pods(built.namespace)}
        async with built.on_air() as encoder, Audience([built.url("rtmp"), built.url("flv")] * 4) as audience:
            assert not await audience.seated(20), audience.views
            assert (await built.site()).changed == 0
        checks.fine(audience.views, sound=False)
        assert not encoder.cuts
        assert {pod.uid for pod in built.kube.pods(built.namespace)} == before

    asyncio.run(watch())

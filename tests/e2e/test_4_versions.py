# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other versions of SRS, with the production defaults: they start, stay up and stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from driver import checks
from driver.figures import Figures
from driver.topology import Topology


@pytest.mark.parametrize("version", [3, 4, 5, 7])
def test_starts_and_streams(topology: Callable[..., Topology], srs_images: Mapping[int, str], figures: Figures, version: int) -> None:
    if version not in srs_images:
        pytest.skip(f"no image of SRS {version} is in SRS_IMAGE_ARCHIVE")
    made = topology(f"srs-{version}", {"srs_version": version, "srs_image": srs_images[version]})
    asyncio.run(made.site())
    asyncio.run(checks.everybody_sees(made, figures, f"production, SRS {version}"))
    unready = [pod.name for pod in made.kube.pods(made.namespace) if not pod.ready or pod.restarts]
    assert not unready
    found = checks.trouble(made)
    assert not found

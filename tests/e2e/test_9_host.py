# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After everything else: the machine is as it was."""

from __future__ import annotations

from driver.cluster import Cluster


def test_the_host_is_as_before(cluster: Cluster) -> None:
    assert cluster.down() == []

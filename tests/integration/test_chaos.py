# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that are killed, that meet faults of the API server, that run beside others: docs/testing.md#chaos.

The cases are the same in each run, unless more are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.tests.support.chaos import Bench, Chaos, cases, let_children_be_interrupted, try_all
from ansible_collections.livestream.srs.tests.support.chaos_sets import STEPS


@pytest.fixture(scope="module")
def chaos(kubeconfig: str) -> Iterator[Chaos]:
    let_children_be_interrupted()
    client = Client.from_params({"kubeconfig": kubeconfig, "concurrency": 24})
    yield Chaos(Bench(kubeconfig, client))
    client.close()


def test_what_is_killed_is_completed_by_the_next_run(chaos: Chaos) -> None:
    try_all("kills", cases("kills", 4), chaos.killed)


def test_faults_of_the_api_server_are_outlived_or_told(chaos: Chaos) -> None:
    try_all("faults", cases("faults", 4), chaos.faulty, workers=6)


def test_two_at_once_come_to_what_one_after_the_other_does(chaos: Chaos) -> None:
    try_all("pairs", cases("pairs", 2), chaos.paired)


def test_sets_change_among_bystanders(chaos: Chaos) -> None:
    try_all("sets", cases("sets", 75, each=STEPS), chaos.walked)

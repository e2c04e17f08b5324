# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An edge cluster as its canary."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._desired.canaries import canary
from ansible_collections.livestream.srs.tests.support.wanted import resolved


def test_a_canary_has_names_and_a_selector_of_its_own() -> None:
    (edge,) = resolved(srs_edge_clusters=[{"name": "a", "autoscale": {"min": 1, "max": 3}}]).edges
    made = canary(edge, 2)
    assert (made.config_name, made.deployment_name) == ("srs-edge-a-canary-config", "srs-edge-a-canary-deployment")
    track = {"livestream.srs/track": "canary"}
    assert made.selector == {"app": "srs-edge-a", **track}
    assert made.labels == {**edge.labels, **track}
    assert (made.replicas, made.autoscale, made.canary_of) == (2, {}, edge)
    assert (made.srs_conf["name"], made.srs_conf["labels"]) == ("srs-edge-a-canary-config", made.labels)


def test_all_else_is_as_the_inventory_says() -> None:
    (edge,) = resolved(srs_edge_config={"listen": [19350]}).edges
    made = canary(edge, 1)
    assert made.name == edge.name and made.service_name == edge.service_name
    assert made.ports == edge.ports and made.ports["rtmp"] == 19350
    assert (made.app, made.image, made.resources, made.grace) == (edge.app, edge.image, edge.resources, edge.grace)


def test_the_cluster_itself_stays_as_it_is() -> None:
    (edge,) = resolved().edges
    before = repr(edge)
    canary(edge, 1)
    assert repr(edge) == before

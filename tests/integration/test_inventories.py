# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight passes just those inventories whose objects the API server takes: made-up ones, many of them nearly right, go the whole way to
a server-side dry run. The cases are the same in each run, unless more are asked for: docs/testing.md#inventories.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from kubernetes import client

from ansible_collections.livestream.srs.plugins.module_utils._desired.monitoring import GROUP as PROMETHEUS
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.tests.support.dry_run import Judge, Verdict
from ansible_collections.livestream.srs.tests.support.inventories import Inventories, OpenApi, shown

CASES = int(os.environ.get("SRS_INVENTORIES", "2000"))
SEED = int(os.environ.get("SRS_SEED", "1"))

# What preflight may refuse although an API server takes it: rules of ours, by how their sentences begin.
OURS = {
    "what SRS, nginx and the volume can do for each other": (
        r"srs_origin_(replicas|mode|own_config|enabled|volume and srs_origin_storage|storage\.|cleanup|proxy|config has SRS listen)",
        r"hls_nginx_(mode|own_config|autoscale is given, but|https|cache|playlist_seconds)",
        r"srs_demo_publisher",
        r"srs_monitoring\.hls_probe",
        r"(srs_edge|hls_nginx)_autoscale goes by the share",
        r"srs_edge_(origin is empty|upstream|publish_from|config_strategy)|its upstream|upstreams form",
        r"srs_(edge|origin)_extra_volume_mounts has",
    ),
    "what is in a srs.conf; tests/differential is about that": (r"srs_(edge|origin)_(config|env: SRS_)",),
    "names that ours are made of, and those that the pod has": (
        r"srs_topology is",
        r"srs_(object_names|app_labels)",
        r"srs_edge_clusters(\[\d+\])?(\.name| has| is)",
        r".*by which the pods are found",
    ),
    "releases of SRS, and advisories": (
        r".*(whose tag says SRS|is the id of no advisory|must be a list of advisories|, or set srs_accept_advisories)",
        r"srs_(edge_|origin_)?version is|srs_edge_clusters\[\d+\]\.version is|srs_advisories",
    ),
    "what would do nothing": (r"srs_image_pull_secrets\[\d+\]\.name is", r".*(Gt|Lt) goes with one whole number"),
    "what providers of load balancers take, and bandwidth": (r"srs_edge_limit", r"\w+slb[. ]"),
    "numbers of more than 32 bits, of which the API server keeps 32": (r".* is \d{10,}: it must be a whole number from",),
    "numbers that nobody means": (r".*(_seconds|max_connections|replicas|autoscale\.\w+) is -?\w+: it must be a whole number from",),
}
PATTERNS = [re.compile(one) for several in OURS.values() for one in several]

# What depends on the Kubernetes cluster, so that preflight can't know.
OF_THE_CLUSTER = re.compile(r"no PriorityClass with name|not configured on this cluster|not configured for dual-stack|range of valid ports")


@pytest.fixture
def judge(kubeconfig: str, namespace: str, bring_kinds: Callable[..., None]) -> Iterator[Judge]:
    interval = {"type": "string", "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
    endpoint = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"interval": interval}}
    fields = {"interval": interval, "podMetricsEndpoints": {"type": "array", "items": endpoint}}
    bring_kinds(PROMETHEUS, {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules", "Probe": "probes"}, fields)
    bring_kinds("cert-manager.io", {"Certificate": "certificates"})
    made = Judge(Client.from_params({"kubeconfig": kubeconfig}), namespace)
    yield made
    made.close()


def test_preflight_passes_what_the_api_server_takes_and_nothing_else(judge: Judge, api: client.ApiClient) -> None:
    counted: Counter[str] = Counter()
    read = judge.client.transport.request

    @seed(SEED)
    @settings(
        max_examples=CASES, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
    )
    @given(Inventories(OpenApi(lambda path: read("GET", path, "read").json())).strategy())
    def check(inventory: dict[str, Any]) -> None:
        verdict = judge.verdict(inventory)
        counted[_class(verdict)] += 1
        assert not (wrong := _disagreement(verdict)), f"{wrong}\n{shown(inventory)}"

    started = time.monotonic()
    check()
    figures = {**counted, "seconds": round(time.monotonic() - started), "requests": judge.requests, "objects": judge.objects}
    print(json.dumps(figures), file=sys.stderr)
    # The cases are worth something only if there are enough of each kind.
    assert counted["both take"] > CASES * 0.25
    assert counted["both refuse"] > CASES * 0.25


def _disagreement(verdict: Verdict) -> str:
    """Where the two differ, and should not."""
    if not verdict.preflight and (refused := [said for said in verdict.server or () if not OF_THE_CLUSTER.search(said)]):
        return f"Preflight passes what the API server refuses: {refused[0]}"
    if verdict.server == [] and (wrong := [said for said in verdict.preflight if not any(one.match(_general(said)) for one in PATTERNS)]):
        return f"Preflight refuses what the API server takes, by no rule of ours: {wrong[0]}"
    return ""


def _general(said: str) -> str:
    """A sentence on some edge clusters, or on an item of srs_edge_clusters, as one on all of them."""
    return re.sub(r"srs_edge_clusters\[\d+\]\.(?!name\b)", "srs_edge_", re.sub(r"^(edge cluster '[^']*'(, )?)+: ", "", said))


def _class(verdict: Verdict) -> str:
    if not verdict.typed:
        return "not of the type"
    if verdict.server is None:
        return "no objects"
    if verdict.preflight:
        return "both refuse" if verdict.server else "refused by a rule of ours"
    return "of the cluster" if verdict.server else "both take"

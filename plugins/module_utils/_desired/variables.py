# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables' names: which there are, and what a misspelt one was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

ROLES = ("srs_origin", "hls_nginx", "srs_edge")

# Those that may be null: the number is left alone, for an autoscaler of the user's own.
NULLABLE = frozenset({"srs_edge_replicas", "hls_nginx_replicas"})

# Variables that the playbooks read and that belong to no role.
PLAYBOOK_VARIABLES = frozenset(
    {
        "srs_acceptance_clusters",
        "srs_acceptance_expect_streams",
        "srs_acceptance_harmless_errors",
        "srs_acceptance_required",
        "srs_acceptance_seconds",
        "srs_acceptance_streams",
        "srs_acceptance_track",
        "srs_adopt_dest",
        "srs_adopt_overwrite",
        "srs_api_password",
        "srs_api_timeout",
        "srs_api_url",
        "srs_api_username",
        "srs_api_via",
        "srs_canary",
        "srs_context",
        "srs_edge_cluster",
        "srs_in_process",
        "srs_kubeconfig",
        "srs_lock",
        "srs_lock_timeout",
        "srs_pin_dest",
        "srs_report",
        "srs_revision",
        "srs_stream",
        "srs_teardown_delete_volumes",
        "srs_teardown_drain",
        "srs_verify",
    }
)


def unknown_variables(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Variables that look like ours and aren't: a role's prefix, or nearly a known name."""
    all_known = set(known) | PLAYBOOK_VARIABLES
    problems = []
    for name in sorted(set(given) - all_known):
        if not name.startswith(("srs_", "hls_nginx_")):
            continue
        near = difflib.get_close_matches(name, all_known, n=1, cutoff=0.8)
        if near:
            problems.append(f"unknown variable {name}: did you mean {near[0]}?")
        elif name.startswith(tuple(f"{role}_" for role in ROLES)):
            role = next(role for role in ROLES if name.startswith(f"{role}_"))
            problems.append(f"unknown variable {name}: 'ansible-doc -t role livestream.srs.{role}' lists what there is.")
    return problems


def check_shape(clusters: Any, known: Iterable[str]) -> list[str]:
    """Whether srs_edge_clusters is a list of mappings whose keys are known."""
    if not isinstance(clusters, list):
        seen = "a mapping" if isinstance(clusters, Mapping) else repr(clusters)  # there may be secrets in it
        return [f"srs_edge_clusters is {seen}: it must be a list of edge clusters, for example [{{name: edge}}]."]
    problems = []
    for index, cluster in enumerate(clusters):
        where = f"srs_edge_clusters[{index}]"
        if not isinstance(cluster, Mapping):
            seen, name = ("a list", "edge") if isinstance(cluster, list) else (repr(cluster), cluster)
            problems.append(f"{where} is {seen}: it must be a mapping, for example {{name: {name}}}.")
            continue
        for key in sorted(set(map(str, cluster)) - set(known)):
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}."
            problems.append(f"{where} ({cluster.get('name', 'no name')}) has no key {key}: {hint}")
    return problems

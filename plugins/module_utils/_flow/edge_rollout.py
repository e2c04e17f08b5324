# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_rollout: read all clusters at once, decide for each, patch, wait for all together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import JSON_PATCH, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import failure_message
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_ready
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._observed.status import table
from ansible_collections.livestream.srs.plugins.module_utils._rollout import rollouts
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import Cluster, Patch
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted

POLICY = SrsPolicy("", False, redacted)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def flow(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    client = Client.from_module(module)
    try:
        return _Rollout(client, params, module.check_mode).run(with_diff=module._diff)
    finally:
        for warning in client.warnings:
            module.warn(warning)
        client.close()


class _Rollout:
    def __init__(self, client: Client, params: dict[str, Any], check_mode: bool) -> None:
        self.client = client
        self.params = params
        self.check_mode = check_mode
        self.labels = owned_by_topology(params["topology"], "edge")

    def run(self, with_diff: bool) -> dict[str, Any]:
        params = self.params
        found = self._read()
        chosen = rollouts.chosen(params["clusters"] or [], found, f"in namespace {params['namespace']}")
        # All are decided before the first is changed: a mistake about one of them changes none.
        patches = {name: self._decision()(found[name]) for name in chosen}
        before = {name: found[name] for name in chosen}
        if params["state"] == "rolled_back":
            left = [rollouts.left_behind(found[name], params["revision"]) for name in chosen if any(patches[name])]
            self.client.warnings += [warning for warning in left if warning]
        changes = [change for name in chosen for change in self._patch(before[name], patches[name])]
        changed = [(live, after) for live, after in changes if objects.content(live) != objects.content(after)]
        if params["wait"] and not self.check_mode:
            self._wait([found[name].deployment for name in chosen], bool(changed))
        if changed and not self.check_mode:
            found = self._read()
        result: dict[str, Any] = {
            "changed": bool(changed),
            "clusters": [self._report(found[name], any(patches[name])) for name in chosen],
            "summary": [line for name in chosen for line in _lines(found[name])],
        }
        return (
            {**result, "diff": [object_diff.entry(str(objects.ref(live)), live, after, POLICY) for live, after in changed]}
            if with_diff
            else result
        )

    def _read(self) -> dict[str, Cluster]:
        def listed(place: tuple[str, str, str]) -> list[objects.Object]:
            version, kind, labels = place
            return self.client.list(version, kind, self.params["namespace"], label_selector=labels or None).items

        # ReplicaSets have the labels of their pods, which of bare pods are the tutorial's.
        places = [("apps/v1", "Deployment", self.labels), ("apps/v1", "ReplicaSet", ""), ("v1", "ConfigMap", self.labels)]
        return rollouts.clusters(*self.client.each(listed, places))

    def _decision(self) -> Callable[[Cluster], tuple[Patch, Patch]]:
        params = self.params
        who = params["change_cause"] or ""
        decisions: dict[str, Callable[[Cluster], tuple[Patch, Patch]]] = {
            "listed": lambda _cluster: ([], []),
            "rolled_back": lambda cluster: rollouts.roll_back(cluster, params["revision"], who),
            "paused": lambda cluster: rollouts.pause(cluster, who),
            "canary": lambda cluster: rollouts.begin_canary(cluster, params["canary_share"], who),
            "canary_ended": lambda cluster: rollouts.release(cluster, ends_canary=True),
            "released": rollouts.release,
        }
        return decisions[params["state"]]

    def _patch(self, cluster: Cluster, patches: tuple[Patch, Patch]) -> list[tuple[objects.Object, objects.Object]]:
        """Before and after of what was patched. The config comes first: no pod is to start before it is there."""
        changed = []
        for live, patch in ((cluster.config_map, patches[1]), (cluster.deployment, patches[0])):
            if live and patch:
                ref = objects.ref(live)
                where = (ref.api_version, ref.kind, ref.name, ref.namespace)
                after = self.client.patch(*where, patch, content_type=JSON_PATCH, dry_run=self.check_mode)
                changed.append((live, after))
        return changed

    def _wait(self, deployments: list[objects.Object], changed: bool) -> None:
        refs = [objects.ref(item) for item in deployments]
        if left := wait_ready(self.client, refs, self.params["wait_timeout"], label_selector=self.labels):
            message = failure_message(left, len(refs), self.params["wait_timeout"])
            raise SrsError(message, changed=changed, not_ready=[item.as_dict() for item in left])

    def _report(self, cluster: Cluster, changed: bool) -> dict[str, Any]:
        servers, share = rollouts.servers(cluster.deployment), self.params["canary_share"]
        canary_servers = rollouts.servers(cluster.canary) if cluster.canary else None
        return {
            "name": cluster.name,
            "deployment": cluster.deployment["metadata"]["name"],
            "changed": changed,
            "servers": servers,
            "paused": cluster.is_paused,
            "hold": cluster.held,
            "canary": cluster.canary["metadata"]["name"] if cluster.canary else None,
            "canary_servers": canary_servers if share is None else rollouts.canary_servers(servers, share),
            "history": rollouts.history(cluster),
        }


def _lines(cluster: Cluster) -> list[str]:
    (title,), *rows = rollouts.summary(cluster)
    return [title, *table(rows)]

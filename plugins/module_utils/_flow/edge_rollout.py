# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of srs_edge_rollout: read all clusters at once, decide for each, patch, wait for all together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._flow.edge_rollout_info import choose, client_of, read, report, summary
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import object_diff
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import STRATEGIC_MERGE_PATCH, Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import failure_message
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.wait import wait_ready
from ansible_collections.livestream.srs.plugins.module_utils._labels import owned_by_topology
from ansible_collections.livestream.srs.plugins.module_utils._rollout import rollouts
from ansible_collections.livestream.srs.plugins.module_utils._rollout.rollouts import Cluster, Patch
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

POLICY = SrsPolicy("", release_holds=False, new_addresses=False, redacted=redacted)

# An object before and after a patch.
Change = tuple[Object, Object]


def flow(module: AnsibleModule) -> dict[str, Any]:
    """The module's result; raises SrsError where a cluster can't be changed as asked, before any is changed."""
    with client_of(module) as client:
        return _Rollout(client, module.params, module.check_mode).run(with_diff=module._diff)


class _Rollout:
    def __init__(self, client: Client, params: Mapping[str, Any], check_mode: bool) -> None:
        self.client = client
        self.params = params
        self.check_mode = check_mode

    def run(self, with_diff: bool) -> dict[str, Any]:
        params = self.params
        found = read(self.client, params)
        chosen = choose(found, params)
        # All are decided before the first is changed: a mistake about one of them changes none.
        patches = {name: self._decision()(found[name]) for name in chosen}
        if params["state"] == "rolled_back":
            left = [rollouts.left_behind(found[name], params["revision"]) for name in chosen if any(patches[name])]
            self.client.warnings += [warning for warning in left if warning]
        changed: list[Change] = []
        try:
            for name in chosen:
                for live, after in self._patched(found[name], patches[name]):
                    if objects.content(live) != objects.content(after):
                        changed.append((live, after))
            if params["wait"] and not self.check_mode:
                self._wait([found[name].deployment for name in chosen])
            if changed and not self.check_mode:
                found = read(self.client, params)
        except SrsError as error:
            done = [] if self.check_mode else [str(objects.ref(live)) for live, _after in changed]
            error.tell_changes(done, changed=bool(changed))
            raise
        result: dict[str, Any] = {
            "changed": bool(changed),
            "clusters": [self._report(found[name], any(patches[name])) for name in chosen],
            "summary": summary(found, chosen),
        }
        diff = [object_diff.entry(str(objects.ref(live)), live, after, POLICY) for live, after in changed] if with_diff else []
        return {**result, "diff": diff} if with_diff else result

    def _decision(self) -> Callable[[Cluster], tuple[Patch, Patch]]:
        """What makes of a cluster the patches of its Deployment and its ConfigMap."""
        params = self.params
        who = params["change_cause"] or ""
        decisions: dict[str, Callable[[Cluster], tuple[Patch, Patch]]] = {
            "rolled_back": lambda cluster: rollouts.roll_back(cluster, params["revision"], who),
            "paused": lambda cluster: rollouts.pause(cluster, who),
            "canary": lambda cluster: rollouts.begin_canary(cluster, params["canary_share"], who),
            "canary_ended": lambda cluster: rollouts.release(cluster, ends_canary=True),
            "released": rollouts.release,
        }
        return decisions[params["state"]]

    def _patched(self, cluster: Cluster, patches: tuple[Patch, Patch]) -> Iterator[Change]:
        """What was patched. The config comes first: no pod is to start before it is there."""
        for live, patch in ((cluster.config_map, patches[1]), (cluster.deployment, patches[0])):
            if live and patch:
                ref = objects.ref(live)
                where = (ref.api_version, ref.kind, ref.name, ref.namespace)
                yield live, self.client.patch(*where, patch, content_type=STRATEGIC_MERGE_PATCH, dry_run=self.check_mode)

    def _wait(self, deployments: list[Object]) -> None:
        refs = [objects.ref(item) for item in deployments]
        labels = owned_by_topology(self.params["topology"], "edge")
        if left := wait_ready(self.client, refs, self.params["wait_timeout"], label_selector=labels):
            message = failure_message(left, len(refs), self.params["wait_timeout"])
            raise SrsError(message, not_ready=[item.as_dict() for item in left])

    def _report(self, cluster: Cluster, changed: bool) -> dict[str, Any]:
        told, share = {**report(cluster), "changed": changed}, self.params["canary_share"]
        return told if share is None else {**told, "canary_servers": rollouts.canary_servers(told["servers"], share)}

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PersistentVolumeClaims that are not bound because no pod needs them yet."""

from __future__ import annotations

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import ObjectView
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.pods import mounts_claim
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.not_ready import events_of


class Claims:
    """Tells which claims may stay unbound: their storage class binds on first use, and no pod mounts them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # Whether a storage class binds on first use, by its name; None where it can't be read.
        self.late_binding: dict[str, bool | None] = {}

    def is_idle(self, claim: ObjectView) -> bool:
        """Whether a claim waits for nothing but a pod that mounts it."""
        if (claim.get("status") or {}).get("phase", "Pending") != "Pending":
            return False
        metadata = claim["metadata"]
        if not self._binds_late(claim):
            return False
        pods = self.client.list("v1", "Pod", metadata["namespace"]).items
        return not any(mounts_claim(pod, metadata["name"]) for pod in pods)

    def _binds_late(self, claim: ObjectView) -> bool:
        name = claim["spec"].get("storageClassName") or ""
        if name and name not in self.late_binding:
            try:
                found = self.client.get("storage.k8s.io/v1", "StorageClass", name) or {}
                self.late_binding[name] = found.get("volumeBindingMode") == "WaitForFirstConsumer"
            except ApiError:  # a namespace's own role may not read classes: the claim's events tell it too
                self.late_binding[name] = None
        known = self.late_binding.get(name)
        if known is not None:
            return known
        return any(event.get("reason") == "WaitForFirstConsumer" for event in events_of(self.client, claim))

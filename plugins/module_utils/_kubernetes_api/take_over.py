# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over the fields of an object that kubectl owns, so that the apply that follows removes those that it does not name."""

from __future__ import annotations

import time

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import field_ownership, objects
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.objects import Object
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.api_errors import ApiError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import FIELD_MANAGER, JSON_PATCH, Client

# Seconds before each try, for an object that others are changing at the same time: while a Deployment rolls out, its status changes
# many times a second.
PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, *[1.6] * 8)


def take_over(client: Client, live: Object | None, manifest: Object) -> None:
    """Make ours what ``field_ownership.reowned`` says of ``live`` (None: there is no object yet, and nothing to do).

    Raises SrsError where others keep changing the object.
    """
    ref = objects.ref(manifest)
    for pause in PAUSES:
        time.sleep(pause)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        moved = field_ownership.reowned(live, manifest, FIELD_MANAGER, now) if live else None
        if not live or moved is None:
            return
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": moved},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        try:
            client.patch(ref.api_version, ref.kind, ref.name, ref.namespace, patch, content_type=JSON_PATCH)
            return
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        live = client.get(ref.api_version, ref.kind, ref.name, ref.namespace)
    raise SrsError(f"Can't take over {ref}: others keep changing it; run again when they are done.")

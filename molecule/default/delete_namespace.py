# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete a namespace and wait until it is gone: `delete_namespace.py KUBECONFIG NAME`. No module of the collection ever does."""

from __future__ import annotations

import sys
import time

from kubernetes import client, config


def main(kubeconfig: str, name: str) -> str | None:
    with config.new_client_from_config(kubeconfig) as api:
        core = client.CoreV1Api(api)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                core.delete_namespace(name)
            except client.ApiException as error:
                if error.status == 404:
                    return None
                if error.status != 409:  # it is going already
                    raise
            time.sleep(0.5)
    return f"the namespace {name} is still there after a minute"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

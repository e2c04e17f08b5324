#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate and render the srs.conf of SRS origins."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_origin_config_info
short_description: Validate and render the srs.conf of SRS origins
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Turns typed parameters into C(srs.conf), validates it, and returns it together with the manifest of its ConfigMap,
    so that it can be applied together with the objects that use it. Nothing is changed, and no API server is needed.
  - What the server of the given version would refuse, crash on or silently ignore is an error.
  - Valid but probably unintended settings are reported as warnings.
  - Secrets are named, never given. They reach the server by environment variables or mounted files, which are returned as RV(configs[].env)
    and RV(configs[].secret_mounts) for the pod.
  - Without parameters, an origin listens at 1935, takes 1000 connections, logs to the console, stays in the foreground,
    serves the HTTP API at 1985 and HTTP-FLV at 8080, and has the one vhost C(__defaultVhost__),
    which writes HLS without player sessions in it, as nginx needs it.
extends_documentation_fragment:
  - livestream.srs.srs_config.origin
  - livestream.srs.attributes
attributes:
  check_mode:
    support: full
    details: Changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing.
seealso:
  - module: livestream.srs.srs_origin_config
  - module: livestream.srs.srs_edge_config_info
  - module: livestream.srs.apply_set
"""

EXAMPLES = r"""
- name: Render three origins that know each other
  livestream.srs.srs_origin_config_info:
    namespace: srs
    configs:
      - name: srs-origin-config
        srs_version: 7
        cluster:
          origin_cluster: true
          coworkers: ["srs-origin-0.socs:1985", "srs-origin-1.socs:1985", "srs-origin-2.socs:1985"]
  register: rendered
"""

RETURN = r"""
configs:
  description: The rendered configurations, in the order of O(configs).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the ConfigMap.
      type: str
    key:
      description: Key in the ConfigMap.
      type: str
    text:
      description: The text of srs.conf.
      type: str
    checksum:
      description: SHA-256 of the text, in hex. As an annotation of a pod template it replaces the pods when the configuration changes.
      type: str
    restart_checksum:
      description:
        - SHA-256 of what the server reads only when it starts. While it stays the same, a running server can reload the rest.
      type: str
    warnings:
      description: Valid but probably unintended settings.
      type: list
      elements: str
    env:
      description: Entries for the C(env) of the container, which take secret values from Secrets.
      type: list
      elements: dict
    secret_mounts:
      description: Secrets to mount into the container, each with C(name) for the volume, C(secret_name), C(mount_path) and C(read_only).
      type: list
      elements: dict
  sample:
    - name: srs-origin-config
      key: srs.conf
      text: "listen 1935;\n..."
      checksum: 5b1ddb7c1d3e5d6a8f6f6d2b0c3d1f1f4f7d8c9b2a1e0f9d8c7b6a5948372615
      warnings: []
      env: []
      secret_mounts: []
objects:
  description: The ConfigMaps as manifests, for M(livestream.srs.apply_set).
  returned: always
  type: list
  elements: dict
checksums:
  description: The checksum of each text by the name of its ConfigMap.
  returned: always
  type: dict
  sample:
    srs-origin-config: 5b1ddb7c1d3e5d6a8f6f6d2b0c3d1f1f4f7d8c9b2a1e0f9d8c7b6a5948372615
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow.config_info import flow as config_flow
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.documentation import argument_spec
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import ORIGIN

flow = config_flow(ORIGIN)


def specification() -> dict[str, Any]:
    return {"argument_spec": argument_spec(ORIGIN), "supports_check_mode": True}


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()

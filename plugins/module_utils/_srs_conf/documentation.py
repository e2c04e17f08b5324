# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed parameters as an argument spec and as documentation; both come from ``options``, so they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import OBJECT_OPTIONS, OPTIONS, Option


def config_options(role: str) -> dict[str, Option]:
    """What one item of ``configs`` may have."""
    return {**OBJECT_OPTIONS, **OPTIONS[role]}


def argument_spec(role: str) -> dict[str, Any]:
    """The spec of the options that all modules of a role's configs have."""
    return {
        "configs": {"type": "list", "elements": "dict", "required": True, "options": _argument_spec(config_options(role))},
        "namespace": {"type": "str", "required": True},
    }


def documentation(role: str) -> dict[str, Any]:
    """The same as a documentation fragment."""
    return {
        "options": {
            "configs": {
                "description": [
                    "The configurations, each of which becomes a ConfigMap of its own.",
                    "Parameters have the names of the directives of srs.conf.",
                    "What is not given is left to the server, except for the defaults that the description of the module lists.",
                ],
                "type": "list",
                "elements": "dict",
                "required": True,
                "suboptions": _documentation(config_options(role)),
            },
            "namespace": {"description": ["Namespace of the ConfigMaps."], "type": "str", "required": True},
        },
    }


def _argument_spec(options: Mapping[str, Option]) -> dict[str, Any]:
    specs: dict[str, Any] = {}
    for name, option in options.items():
        spec = _common(option)
        if option.options is not None:
            spec["options"] = _argument_spec(option.options)
        if name.endswith(
            ("_secret", "secret", "key", "pbkeylen", "key_file_path", "hls_fragments_per_key", "hls_key_file", "hls_key_url", "hls_keys")
        ):
            spec["no_log"] = False  # names of Secrets and files, never the secret itself
        specs[name] = spec
    return specs


def _documentation(options: Mapping[str, Option]) -> dict[str, Any]:
    docs: dict[str, Any] = {}
    for name, option in options.items():
        doc = {"description": [option.description], **_common(option)}
        if option.options is not None:
            doc["suboptions"] = _documentation(option.options)
        docs[name] = doc
    return docs


def _common(option: Option) -> dict[str, Any]:
    common: dict[str, Any] = {"type": option.type}
    if option.elements:
        common["elements"] = option.elements
    if option.choices:
        common["choices"] = list(option.choices)
    if option.required:
        common["required"] = True
    if option.default is not None:
        common["default"] = option.default
    return common

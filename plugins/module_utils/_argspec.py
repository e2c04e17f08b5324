# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that several modules share; each has a documentation fragment of the same content in ``doc_fragments/``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import env_fallback

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def _option(env: list[str], **spec: Any) -> dict[str, Any]:
    return {**spec, "fallback": (env_fallback, [f"K8S_AUTH_{name}" for name in env])}


def connection_spec() -> dict[str, dict[str, Any]]:
    """How to reach the API server, by kubernetes.core's names, meaning and environment.

    The documentation fragment is ``livestream.srs.kubernetes_auth``.
    """
    return {
        "kubeconfig": _option(["KUBECONFIG"], type="raw"),
        "context": _option(["CONTEXT"], type="str"),
        "host": _option(["HOST"], type="str"),
        "api_key": _option(["API_KEY"], type="str", no_log=True),
        "username": _option(["USERNAME"], type="str"),
        "password": _option(["PASSWORD"], type="str", no_log=True),
        "client_cert": _option(["CLIENT_CERT", "CERT_FILE"], type="path", aliases=["cert_file"]),
        "client_key": _option(["CLIENT_KEY", "KEY_FILE"], type="path", aliases=["key_file"], no_log=False),
        "ca_cert": _option(["CA_CERT", "SSL_CA_CERT"], type="path", aliases=["ssl_ca_cert"]),
        "validate_certs": _option(["VALIDATE_CERTS", "VERIFY_SSL"], type="bool", aliases=["verify_ssl"]),
        "proxy": _option(["PROXY"], type="str"),
        "no_proxy": _option(["NO_PROXY"], type="str"),
        "proxy_headers": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "proxy_basic_auth": _option(["PROXY_HEADERS_PROXY_BASIC_AUTH"], type="str", no_log=True),
                "basic_auth": _option(["PROXY_HEADERS_BASIC_AUTH"], type="str", no_log=True),
                "user_agent": _option(["PROXY_HEADERS_USER_AGENT"], type="str"),
            },
        },
        "persist_config": _option(["PERSIST_CONFIG"], type="bool"),
        "impersonate_user": _option(["IMPERSONATE_USER"], type="str"),
        "impersonate_groups": _option(["IMPERSONATE_GROUPS"], type="list", elements="str"),
    }


def wait_spec() -> dict[str, dict[str, Any]]:
    """Whether and how long to wait for readiness (documentation fragment ``livestream.srs.kubernetes_wait``)."""
    return {
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }


def config_state_spec() -> dict[str, dict[str, Any]]:
    """Whether ConfigMaps are to be there (documented by the modules themselves)."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "take_over": {"type": "bool", "default": False},
    }


def take_objects(module: AnsibleModule, *options: str) -> list[Any]:
    """Take options that hold manifests out of what a module logs and returns, where they would be large and may be Secrets.

    The options must be ``no_log``, which keeps them out of the system's log. That would also blank every name in the results, so it is
    undone here: the invocation that is returned has the objects' names only.
    """
    given = [module.params[option] or [] for option in options]
    spec = module.argument_spec
    secret = {text for name in spec if name not in options and spec[name].get("no_log") for text in _texts(module.params[name])}
    secret.update(_texts(module.params.get("proxy_headers")))
    module.no_log_values.intersection_update(secret)
    for option, items in zip(options, given, strict=True):
        module.params[option] = [] if callable(items) else [_title(item) for item in items]
    return given


def _title(item: Any) -> str:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return f"{item.get('kind')} {metadata.get('name')}" if isinstance(metadata, dict) else "..."


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def srs_api_spec() -> dict[str, dict[str, Any]]:
    """How to reach the HTTP API of each SRS server (documentation fragment ``livestream.srs.srs_api``)."""
    return {
        "api_via": {"type": "str", "choices": ["pod_proxy", "port_forward", "pod_ip", "url"], "default": "pod_proxy"},
        "api_url": {"type": "str"},
        "api_scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
        "api_port": {"type": "int"},
        "api_username": {"type": "str"},
        "api_password": {"type": "str", "no_log": True},
        "api_ca_cert": {"type": "path"},
        "api_validate_certs": {"type": "bool", "default": True},
        "api_timeout": {"type": "float", "default": 5.0},
    }


def servers_spec() -> dict[str, dict[str, Any]]:
    """Which SRS servers a module is about (documentation fragment ``livestream.srs.srs_servers``)."""
    return {
        "namespace": {"type": "str", "required": True},
        "topology": {"type": "str", "default": "srs"},
        "servers": {"type": "list", "elements": "str", "default": []},
        "clusters": {"type": "list", "elements": "str", "default": []},
    }


def edge_clusters_spec() -> dict[str, dict[str, Any]]:
    """Which edge clusters a module is about (documentation fragment ``livestream.srs.edge_clusters``)."""
    return {
        "namespace": {"type": "str", "required": True},
        "topology": {"type": "str", "default": "srs"},
        "clusters": {"type": "list", "elements": "str"},
    }


def clients_spec(roles: list[str]) -> dict[str, dict[str, Any]]:
    """Which clients of these servers (documentation fragment ``srs_servers.clients``); ``roles`` is the default of that option."""
    return {
        "ids": {"type": "list", "elements": "str", "default": []},
        "ips": {"type": "list", "elements": "str", "default": []},
        "url": {"type": "str"},
        "roles": {"type": "list", "elements": "str", "choices": ["player", "publisher", "pull", "forward"], "default": roles},
    }

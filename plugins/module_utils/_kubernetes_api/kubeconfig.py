# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's connection options to one API server and the credentials for it.

Credentials that are written in a kubeconfig, in the options or in the pod's service account are read here, which costs a module run
0.15 s and 18 MB less than importing the kubernetes library. Those that must be obtained first (``exec`` plugins, ``auth-provider``) are
left to the library.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError

DEFAULT_KUBECONFIG = "~/.kube/config"
# What must be of a type where it is there.
KINDS: dict[str, type] = {
    **dict.fromkeys(("certificate-authority", "client-certificate", "client-key", "tokenFile", "tls-server-name", "proxy-url", "as"), str),
    **dict.fromkeys(("exec", "auth-provider"), dict),
    "as-groups": list,
}
SECRET = ("token", "password", "client-key-data", "client-secret", "id-token", "refresh-token", "access-token")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass
class Connection:
    """One API server, and the user to be there. Of each ``*_file``/``*_data`` pair at most one is set; data is PEM."""

    host: str = ""
    source: str = ""  # for messages: where all this was read
    verify: bool = True
    ca_file: str | None = None
    ca_data: str | None = None
    cert_file: str | None = None
    cert_data: str | None = None
    key_file: str | None = None
    key_data: str | None = None
    server_name: str | None = None
    proxy: str | None = None
    no_proxy: str = ""
    proxy_headers: dict[str, str] = field(default_factory=dict)
    impersonate: list[tuple[str, str]] = field(default_factory=list)
    # Asked before each request, since tokens expire while a long wait goes on.
    authorization: Callable[[], str | None] = field(default=lambda: None)
    # Called when the API server takes the credentials no longer: obtains others, where they are neither fixed nor read for each request.
    renew: Callable[[], None] = field(default=lambda: None)

    def __str__(self) -> str:
        return f"{self.host} ({self.source})"


def load(params: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Connection:
    """The connection that the options (``_argspec.connection_spec``) ask for; raises SrsError where they don't lead to one."""
    environ = os.environ if environ is None else environ
    connection = _base(params, environ)
    _override(connection, params)
    if not connection.host:
        raise SrsError(
            f"There is no Kubernetes cluster to talk to: no kubeconfig was given, {DEFAULT_KUBECONFIG} does not exist, and this is not a "
            "pod; set kubeconfig (or K8S_AUTH_KUBECONFIG), or host with api_key."
        )
    _proxy_from_environment(connection, environ)
    return connection


def _base(params: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    credentials = (
        params.get("api_key"),
        params.get("username") and params.get("password"),
        params.get("client_cert") and params.get("client_key"),
    )
    if params.get("host") and any(credentials):
        return Connection(source="the options of the task")
    kubeconfig = params.get("kubeconfig")
    if not kubeconfig and not params.get("context"):
        if environ.get("KUBERNETES_SERVICE_HOST") and (SERVICE_ACCOUNT / "token").is_file():
            return _in_cluster(environ)
        paths = _paths(environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG)
        if not any(map(os.path.exists, paths)):
            if environ.get("KUBECONFIG"):
                raise SrsError(
                    f"There is no kubeconfig at {' or '.join(paths)}, which the environment variable KUBECONFIG names; "
                    "correct it or set kubeconfig."
                )
            return Connection(source="the options of the task")
    return _from_kubeconfig(
        kubeconfig or environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG, params.get("context"), bool(params.get("persist_config"))
    )


def _in_cluster(environ: Mapping[str, str]) -> Connection:
    host = environ["KUBERNETES_SERVICE_HOST"]
    return Connection(
        host=f"https://{f'[{host}]' if ':' in host else host}:{environ.get('KUBERNETES_SERVICE_PORT', '443')}",
        source="the service account of this pod",
        ca_file=str(SERVICE_ACCOUNT / "ca.crt"),
        authorization=_token_file(str(SERVICE_ACCOUNT / "token"), "the service account of this pod"),
    )


def _override(connection: Connection, params: Mapping[str, Any]) -> None:
    if params.get("host"):
        connection.host = str(params["host"])
    connection.host = connection.host.rstrip("/")
    if connection.host and "://" not in connection.host:
        raise SrsError(f"The address of the API server, {connection.host}, is not a URL; write it as https://HOST:PORT.")
    if params.get("validate_certs") is not None:
        connection.verify = params["validate_certs"]
    if params.get("ca_cert"):
        connection.ca_file, connection.ca_data = params["ca_cert"], None
    if params.get("client_cert"):
        connection.cert_file, connection.cert_data = params["client_cert"], None
    if params.get("client_key"):
        connection.key_file, connection.key_data = params["client_key"], None
    if params.get("username") and params.get("password"):
        basic = _basic(params["username"], params["password"])
        connection.authorization = lambda: basic
    if params.get("api_key"):
        token = f"Bearer {params['api_key']}"
        connection.authorization = lambda: token
    if params.get("api_key") or params.get("client_cert") or (params.get("username") and params.get("password")):
        connection.renew = lambda: None
    if params.get("proxy"):
        connection.proxy = params["proxy"]
    if params.get("no_proxy"):
        connection.no_proxy = params["no_proxy"]
    headers = {key: value for key, value in (params.get("proxy_headers") or {}).items() if value}
    if "proxy_basic_auth" in headers:
        connection.proxy_headers["proxy-authorization"] = _basic(*headers["proxy_basic_auth"].split(":", 1))
    if "basic_auth" in headers:
        connection.proxy_headers["authorization"] = _basic(*headers["basic_auth"].split(":", 1))
    if "user_agent" in headers:
        connection.proxy_headers["user-agent"] = headers["user_agent"]
    if params.get("impersonate_user") or params.get("impersonate_groups"):
        connection.impersonate = [("Impersonate-User", params["impersonate_user"])] if params.get("impersonate_user") else []
        connection.impersonate += [("Impersonate-Group", group) for group in params.get("impersonate_groups") or []]


def _basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _token_file(path: str, source: str) -> Callable[[], str]:
    def authorization() -> str:
        try:
            return f"Bearer {Path(path).read_text(encoding='utf-8').strip()}"
        except OSError as error:
            raise SrsError(f"The token file {path} of {source} can't be read: {error.strerror}.") from error

    return authorization


def _proxy_from_environment(connection: Connection, environ: Mapping[str, str]) -> None:
    scheme = connection.host.split("://", 1)[0].lower()
    # As kubectl does: NO_PROXY is about the proxies of the environment, not about one that is configured.
    if not connection.proxy:
        connection.no_proxy = connection.no_proxy or environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        connection.proxy = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme.upper()}_PROXY") or None


# Kubeconfig files


@dataclass
class _Kubeconfig:
    """One or several kubeconfig files, merged as by kubectl: of entries with the same name the first counts. Paths are absolute."""

    where: str
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    current: str | None = None

    def add(self, content: Any, where: str, folder: str) -> None:
        if not isinstance(content, Mapping):
            raise SrsError(f"The kubeconfig {where} is {'empty' if content is None else f'not a mapping: got {type(content).__name__}'}.")
        for section, into, paths in (
            ("clusters", self.clusters, ("certificate-authority",)),
            ("users", self.users, ("client-certificate", "client-key", "tokenFile")),
            ("contexts", self.contexts, ()),
        ):
            entries = content.get(section) or []
            if not isinstance(entries, list) or not all(isinstance(entry, Mapping) and "name" in entry for entry in entries):
                raise SrsError(f"{section} of the kubeconfig {where} is not a list of mappings with a name.")
            for entry in entries:
                body = entry.get(section[:-1]) or {}
                if not isinstance(body, Mapping) or (
                    wrong := [key for key, kind in KINDS.items() if not isinstance(body.get(key) or kind(), kind)]
                ):
                    what = f"has no mapping as its {section[:-1]}" if not isinstance(body, Mapping) else f"has a wrong type of {wrong[0]}"
                    raise SrsError(f'The entry "{entry["name"]}" of {section} in the kubeconfig {where} {what}.')
                body = dict(body)
                body.update({key: os.path.join(folder, os.path.expanduser(body[key])) for key in paths if body.get(key)})
                into.setdefault(str(entry["name"]), body)
        current = content.get("current-context")
        self.current = self.current or (str(current) if current else None)


def _paths(kubeconfig: str) -> list[str]:
    """The files that a path, or several as in KUBECONFIG, leads to: relative to the playbook, where Ansible starts modules."""
    return [os.path.abspath(os.path.expanduser(path)) for path in kubeconfig.split(os.pathsep) if path]


def _read(kubeconfig: Any) -> _Kubeconfig:
    if isinstance(kubeconfig, str) and "\n" not in kubeconfig:
        merged = _Kubeconfig(kubeconfig)
        paths = _paths(kubeconfig)
        existing = [path for path in paths if os.path.exists(path)]
        if not existing:
            raise SrsError(f"There is no kubeconfig at {' or '.join(paths)}; set kubeconfig (or K8S_AUTH_KUBECONFIG) to one that exists.")
        for path in existing:
            try:
                content = Path(path).read_bytes()
            except OSError as error:
                raise SrsError(f"The kubeconfig {path} can't be read: {error.strerror}.") from error
            merged.add(_loaded(content, path), path, os.path.dirname(os.path.abspath(path)))
        return merged
    merged = _Kubeconfig("given as content")
    if isinstance(kubeconfig, str):
        kubeconfig = _loaded(kubeconfig, "given as content")
    merged.add(kubeconfig, "given as content", os.getcwd())
    return merged


def _loaded(content: str | bytes, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(content.decode() if isinstance(content, bytes) else content)
    # What looks like a date or a number and is none, and what lies too deep, raises errors that aren't YAML's own.
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, RecursionError) as error:
        raise SrsError(f"The kubeconfig {where} is not valid YAML{_position(error)}.") from error


def _position(error: Exception) -> str:
    # The error's own text would quote lines of the file, and those may hold a secret.
    mark = getattr(error, "problem_mark", None)
    return f": {getattr(error, 'problem', None) or 'error'} in line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _from_kubeconfig(kubeconfig: Any, wanted: str | None, persist: bool) -> Connection:
    config = _read(kubeconfig)
    known = ", ".join(sorted(config.contexts)) or "none"
    name = wanted or config.current
    if not name:
        raise SrsError(f"The kubeconfig {config.where} names no current context; set context to one of its contexts: {known}.")
    if name not in config.contexts:
        raise SrsError(f'The kubeconfig {config.where} has no context "{name}"; its contexts are: {known}.')
    source = f'context "{name}" of the kubeconfig {config.where}'
    context = config.contexts[name]
    cluster = config.clusters.get(str(context.get("cluster")))
    if cluster is None or not cluster.get("server"):
        raise SrsError(
            f'The cluster "{context.get("cluster")}" that the {source} names {"is missing there" if cluster is None else "has no server"}.'
        )
    user_name = context.get("user")
    if user_name and str(user_name) not in config.users:
        raise SrsError(f'The user "{user_name}" that the {source} names is missing there.')
    user = config.users.get(str(user_name), {})

    connection = Connection(
        host=str(cluster["server"]),
        source=source,
        verify=not cluster.get("insecure-skip-tls-verify", False),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )
    connection.ca_data, connection.ca_file = _pem(cluster, "certificate-authority", source)
    connection.cert_data, connection.cert_file = _pem(user, "client-certificate", source)
    connection.key_data, connection.key_file = _pem(user, "client-key", source)
    if user.get("as"):
        connection.impersonate = [("Impersonate-User", user["as"])] + [
            ("Impersonate-Group", group) for group in user.get("as-groups") or []
        ]
    # tokenFile before token, and a token before what must be obtained: client-go's order.
    if user.get("tokenFile"):
        connection.authorization = _token_file(user["tokenFile"], source)
    elif user.get("token"):
        connection.authorization = lambda: f"Bearer {user['token']}"
    elif user.get("username") and user.get("password"):
        connection.authorization = lambda: _basic(user["username"], user["password"])
    elif "exec" in user or "auth-provider" in user:
        _obtain(connection, kubeconfig, config, name, user, persist)
    return connection


def _pem(entry: Mapping[str, Any], key: str, source: str) -> tuple[str | None, str | None]:
    """(data, file) of a certificate or key; data wins, as in kubectl."""
    if entry.get(f"{key}-data"):
        try:
            # kubectl, too, reads over line ends in it.
            return base64.b64decode("".join(str(entry[f"{key}-data"]).split()), validate=True).decode("ascii"), None
        except (binascii.Error, ValueError, TypeError) as error:
            raise SrsError(f"{key}-data of {source} is not base64-encoded PEM.") from error
    if entry.get(key) and not os.path.isfile(entry[key]):
        raise SrsError(f"The file {entry[key]}, {key} of {source}, does not exist.")
    return None, entry.get(key)


def _obtain(connection: Connection, kubeconfig: Any, config: _Kubeconfig, name: str, user: Mapping[str, Any], persist: bool) -> None:
    """Let the kubernetes library obtain (and later renew) credentials by running a plugin or asking an identity provider."""
    import logging

    from kubernetes import client
    from kubernetes import config as library

    log: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: log.append(record.getMessage())  # type: ignore[method-assign]
    # The library only logs that a plugin failed, and would go on without credentials.
    logging.getLogger().addHandler(handler)
    settings = client.Configuration()
    try:
        if isinstance(kubeconfig, str) and "\n" not in kubeconfig:
            library.load_kube_config(os.path.expanduser(kubeconfig), context=name, client_configuration=settings, persist_config=persist)
        else:
            content = {
                "current-context": name,
                **{
                    section: [{"name": key, section[:-1]: body} for key, body in getattr(config, section).items()]
                    for section in ("clusters", "users", "contexts")
                },
            }
            library.load_kube_config_from_dict(content, context=name, client_configuration=settings)
        token = _library_token(settings)
    except Exception as error:  # the library lets through whatever a plugin or a provider raises
        raise SrsError(f"{_how(user)} of {connection.source} failed: {error}") from error
    finally:
        logging.getLogger().removeHandler(handler)
    if token is None and settings.cert_file is None:
        raise SrsError(f"{_how(user)} of {connection.source} gave no credentials: {'; '.join(log) or 'it said nothing'}")
    connection.cert_data = connection.key_data = None
    connection.cert_file, connection.key_file = settings.cert_file, settings.key_file
    connection.authorization = lambda: _library_token(settings)
    # Plugins need not tell when their credentials expire.
    connection.renew = lambda: _obtain(connection, kubeconfig, config, name, user, persist)


def _library_token(settings: Any) -> str | None:
    bearer = settings.auth_settings().get("BearerToken")
    return bearer["value"] if bearer else None


def _how(user: Mapping[str, Any]) -> str:
    if "exec" in user:
        return f"The exec plugin {(user['exec'] or {}).get('command')}"
    return f"The auth provider {(user['auth-provider'] or {}).get('name')}"


def secrets(content: Any) -> set[str]:
    """The values of a kubeconfig given as content that must not be shown."""
    if isinstance(content, Mapping):
        own = {str(value) for key, value in content.items() if key in SECRET and value}
        return own.union(*(secrets(value) for value in content.values()))
    if isinstance(content, list):
        return set().union(*(secrets(item) for item in content))
    return set()

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a connection; what stands in a kubeconfig is read as the kubernetes library reads it."""

from __future__ import annotations

import base64
import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import kubeconfig as under_test
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.kubeconfig import load

PEM = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM.encode()).decode()


def content(user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, name: str = "one") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": f"{name}-cluster", "cluster": {"server": f"https://{name}.example:6443", **(cluster or {})}}],
        "users": [{"name": f"{name}-user", "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": f"{name}-cluster", "user": f"{name}-user"}}],
    }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBERNETES_SERVICE_HOST", "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(under_test, "SERVICE_ACCOUNT", tmp_path / "service-account")
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text(PEM)
    return tmp_path


def write(path: Path, given: Any) -> str:
    path.write_text(given if isinstance(given, str) else yaml.safe_dump(given))
    return str(path)


# As the library reads it

USERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "token": {"token": "t0ken"},
    "token file": {"tokenFile": "token"},
    "basic": {"username": "u", "password": "pä:ss"},
    "token before basic": {"token": "t0ken", "username": "u", "password": "p"},
    "certificate files": {"client-certificate": "cert.pem", "client-key": "key.pem"},
    "certificate data": {"client-certificate-data": DATA, "client-key-data": DATA},
    "data before files": {"client-certificate-data": DATA, "client-certificate": "none.pem", "client-key-data": DATA},
    "token before exec": {"token": "t0ken", "exec": {"command": "false", "apiVersion": "client.authentication.k8s.io/v1"}},
}
CLUSTERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "CA file": {"certificate-authority": "ca.pem"},
    "CA data": {"certificate-authority-data": DATA},
    "CA data in lines": {"certificate-authority-data": f" {DATA[:40]}\n{DATA[40:]}\r\n"},
    "insecure": {"insecure-skip-tls-verify": True},
    "server name": {"tls-server-name": "other.example"},
    "slash": {"server": "https://one.example:6443/"},
    "proxy": {"proxy-url": "http://proxy.example:3128"},
}


def text_of(file: str | None, data: str | None) -> str | None:
    return Path(file).read_text() if file else data


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
def test_what_stands_in_a_kubeconfig_is_read_as_the_library_reads_it(home: Path, user: dict[str, Any], cluster: dict[str, Any]) -> None:
    from kubernetes import client, config

    (home / "token").write_text("t0ken from file")
    path = write(home / "kubeconfig", content(user, cluster))
    library = client.Configuration()
    config.load_kube_config(path, client_configuration=library)
    ours = load({"kubeconfig": path})
    assert ours.host == library.host
    assert ours.verify == library.verify_ssl
    assert ours.server_name == library.tls_server_name
    assert ours.proxy == library.proxy
    assert text_of(ours.ca_file, ours.ca_data) == text_of(library.ssl_ca_cert, None)
    assert text_of(ours.cert_file, ours.cert_data) == text_of(library.cert_file, None)
    assert text_of(ours.key_file, ours.key_data) == text_of(library.key_file, None)
    bearer = library.auth_settings().get("BearerToken")
    if "username" in user and "token" not in user:  # where the library would not send UTF-8
        assert ours.authorization() == "Basic " + base64.b64encode("u:pä:ss".encode()).decode()
    else:
        assert ours.authorization() == (bearer and bearer["value"])


def test_reading_a_static_kubeconfig_does_not_import_the_library(home: Path) -> None:
    import subprocess

    path = write(home / "kubeconfig", content({"token": "t"}))
    module = "ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api"
    made = f"from {module}.client import Client; Client.from_params({{'kubeconfig': {path!r}}})"
    code = f"import sys; {made}; print('kubernetes' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_a_token_file_is_read_again_as_it_changes(home: Path) -> None:
    token = home / "token"
    token.write_text("one\n")
    connection = load({"kubeconfig": write(home / "kubeconfig", content({"tokenFile": "token"}))})
    assert connection.authorization() == "Bearer one"
    token.write_text("two")
    assert connection.authorization() == "Bearer two"
    token.unlink()
    with pytest.raises(SrsError, match=r"token file .*token of context .* can't be read: No such file"):
        connection.authorization()


def test_impersonation_of_a_kubeconfig(home: Path) -> None:
    path = write(home / "kubeconfig", content({"token": "t", "as": "u", "as-groups": ["a", "b"]}))
    assert load({"kubeconfig": path}).impersonate == [("Impersonate-User", "u"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")]
    assert load({"kubeconfig": path, "impersonate_user": "v"}).impersonate == [("Impersonate-User", "v")]


# Which one


def test_the_kubeconfig_in_the_home_folder_is_the_default(home: Path) -> None:
    (home / ".kube").mkdir()
    write(home / ".kube/config", content())
    assert load({}).host == "https://one.example:6443"
    assert load({}).source == 'context "one" of the kubeconfig ~/.kube/config'


def test_the_environment_comes_before_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".kube").mkdir()
    write(home / ".kube/config", content())
    monkeypatch.setenv("KUBECONFIG", write(home / "other", content(name="two")))
    assert load({}).host == "https://two.example:6443"
    assert load({"kubeconfig": str(home / ".kube/config")}).host == "https://one.example:6443"


def test_a_context_can_be_chosen(home: Path) -> None:
    one, two = content(), content(name="two")
    both = {key: one[key] + two[key] for key in ("clusters", "users", "contexts")}
    path = write(home / "kubeconfig", {"current-context": "one", **both})
    assert load({"kubeconfig": path, "context": "two"}).host == "https://two.example:6443"


def test_of_several_files_the_first_counts(home: Path) -> None:
    (home / "sub").mkdir()
    (home / "sub/ca.pem").write_text(PEM)
    one = write(home / "one", content())
    other = content(name="two", cluster={"certificate-authority": "ca.pem"})
    other["clusters"].append({"name": "one-cluster", "cluster": {"server": "https://ignored.example"}})
    two = write(home / "sub/two", other)
    paths = f"{home}/missing:{one}:{two}"
    assert load({"kubeconfig": paths}).host == "https://one.example:6443"
    assert load({"kubeconfig": paths, "context": "two"}).ca_file == str(home / "sub/ca.pem")


@pytest.mark.parametrize("form", [lambda given: given, yaml.safe_dump])
def test_a_kubeconfig_can_be_given_as_content(home: Path, form: Any) -> None:
    connection = load({"kubeconfig": form(content({"token": "t"}))})
    assert connection.host == "https://one.example:6443"
    assert connection.source == 'context "one" of the kubeconfig given as content'


def test_in_a_pod_its_service_account_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (home / "service-account").mkdir()
    (home / "service-account/token").write_text("t0ken")
    connection = load({})
    assert connection.host == "https://[fd00::1]:443"
    assert connection.authorization() == "Bearer t0ken"
    assert connection.ca_file == str(home / "service-account/ca.crt")
    assert load({"kubeconfig": write(home / "kubeconfig", content())}).host == "https://one.example:6443"


def test_options_are_enough_by_themselves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(home / "missing"))
    connection = load({"host": "https://api.example/", "api_key": "t0ken", "ca_cert": "ca", "validate_certs": False})
    assert (connection.host, connection.ca_file, connection.verify) == ("https://api.example", "ca", False)
    assert connection.authorization() == "Bearer t0ken"
    connection = load({"host": "https://api.example", "client_cert": "c", "client_key": "k"})
    assert (connection.cert_file, connection.key_file, connection.authorization()) == ("c", "k", None)
    connection = load({"host": "https://api.example", "username": "u", "password": "p"})
    assert connection.authorization() == "Basic dTpw"


def test_options_go_over_the_kubeconfig(home: Path) -> None:
    user = {"token": "t", "client-certificate-data": DATA, "client-key-data": DATA}
    path = write(home / "kubeconfig", content(user, {"certificate-authority-data": DATA, "insecure-skip-tls-verify": True}))
    given = {
        "host": "https://api.example",
        "api_key": "other",
        "ca_cert": "ca",
        "client_cert": "c",
        "client_key": "k",
        "validate_certs": True,
    }
    connection = load({"kubeconfig": path, "host": "https://api.example"})
    assert (connection.host, connection.authorization()) == ("https://api.example", "Bearer t")
    connection = load({"kubeconfig": path, **{key: given[key] for key in given if key != "host"}})
    assert connection.host == "https://one.example:6443" and connection.authorization() == "Bearer other" and connection.verify
    assert (connection.ca_file, connection.ca_data, connection.cert_file, connection.cert_data) == ("ca", None, "c", None)
    assert (connection.key_file, connection.key_data) == ("k", None)


def test_proxies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(home / "kubeconfig", content())
    assert load({"kubeconfig": path}).proxy is None
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example")
    monkeypatch.setenv("NO_PROXY", "a,b")
    connection = load({"kubeconfig": path})
    assert (connection.proxy, connection.no_proxy) == ("http://env.example", "a,b")
    monkeypatch.setenv("https_proxy", "http://lower.example")
    monkeypatch.setenv("no_proxy", "l")
    connection = load({"kubeconfig": path})
    assert (connection.proxy, connection.no_proxy) == ("http://lower.example", "l"), "which curl and Python prefer, too"
    headers = {"proxy_basic_auth": "u:p:q", "basic_auth": None, "user_agent": "me"}
    connection = load({"kubeconfig": path, "proxy": "http://option.example", "no_proxy": "c", "proxy_headers": headers})
    assert (connection.proxy, connection.no_proxy) == ("http://option.example", "c")
    assert connection.proxy_headers == {"proxy-authorization": "Basic " + base64.b64encode(b"u:p:q").decode(), "user-agent": "me"}


def test_a_proxy_that_is_configured_is_none_of_no_proxys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    path = write(home / "kubeconfig", content(cluster={"server": "https://10.96.0.1:443", "proxy-url": "http://127.0.0.1:1"}))
    connection = load({"kubeconfig": path})
    assert (connection.proxy, connection.no_proxy) == ("http://127.0.0.1:1", "")
    path = write(home / "kubeconfig", content())
    assert load({"kubeconfig": path, "proxy": "http://option.example"}).no_proxy == ""


# What is wrong, and where


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("- a\n", "is not a mapping: got list"),
        ("", "is empty"),
        ("a: [1\nb: s3cret", "is not valid YAML: "),
        ("a: 2001-99-99\n", "is not valid YAML."),
        ("a: 0b\nb: 1__\nc: 0o9\nd: !!float x\n", "is not valid YAML."),
        ("[" * 5000 + "\n", "is not valid YAML."),
        ("users: [{name: u, user: x}]\n", 'The entry "u" of users in the kubeconfig PATH has no mapping as its user.'),
        ("users: [{name: u, user: {client-key: 5}}]\n", "has a wrong type of client-key."),
        ("users: [{name: u, user: {exec: x}}]\n", "has a wrong type of exec."),
        ("clusters: [{name: c, cluster: {proxy-url: [x]}}]\n", "has a wrong type of proxy-url."),
        ({"clusters": {}}, "names no current context; set context to one of its contexts: none"),
        ({"clusters": [{"cluster": {}}]}, "clusters of the kubeconfig PATH is not a list of mappings with a name"),
        ({**content(), "current-context": None}, "names no current context; set context to one of its contexts: one"),
        ({**content(), "current-context": "gone"}, 'has no context "gone"; its contexts are: one'),
        ({**content(), "clusters": []}, 'The cluster "one-cluster" that the context "one" of the kubeconfig PATH names is missing there'),
        ({**content(), "users": []}, 'The user "one-user" that the context "one" of the kubeconfig PATH names is missing there'),
        (content(cluster={"server": ""}), "has no server"),
        (content(cluster={"server": "one.example:6443"}), "is not a URL; write it as https://HOST:PORT"),
        (content(cluster={"certificate-authority": "none.pem"}), "/none.pem, certificate-authority of context"),
        (content(cluster={"certificate-authority-data": "%%%"}), "certificate-authority-data of context"),
        (content({"client-key-data": "s3cret"}), "client-key-data of context"),
        (content({"client-certificate": "none.pem"}), "does not exist"),
    ],
)
def test_a_kubeconfig_that_can_not_be_used(home: Path, given: Any, said: str) -> None:
    path = write(home / "kubeconfig", given)
    with pytest.raises(SrsError) as caught:
        load({"kubeconfig": path})
    assert said.replace("PATH", path) in caught.value.message
    assert path in caught.value.message or "one.example:6443" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_context_that_is_missing_is_said_with_those_that_exist(home: Path) -> None:
    path = write(home / "kubeconfig", content())
    with pytest.raises(SrsError, match=f'The kubeconfig {path} has no context "prod"; its contexts are: one'):
        load({"kubeconfig": path, "context": "prod"})


def test_a_kubeconfig_that_does_not_exist(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SrsError, match="There is no kubeconfig at /none or /no/other;"):
        load({"kubeconfig": "/none:/no/other"})
    monkeypatch.setenv("KUBECONFIG", "/none")
    with pytest.raises(SrsError, match="There is no kubeconfig at /none, which the environment variable KUBECONFIG names"):
        load({})
    monkeypatch.chdir(home)
    with pytest.raises(SrsError, match=f"There is no kubeconfig at {home}/relative;"):
        load({"kubeconfig": "relative"})
    monkeypatch.setenv("KUBECONFIG", "relative")
    with pytest.raises(SrsError, match=f"There is no kubeconfig at {home}/relative, which"):
        load({})


def test_no_cluster_at_all(home: Path) -> None:
    with pytest.raises(SrsError, match="There is no Kubernetes cluster to talk to"):
        load({})


# What the library obtains


def plugin(home: Path, answer: str) -> dict[str, Any]:
    script = home / "plugin"
    script.write_text(f"#!{sys.executable}\n{answer}\n")
    script.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    return {
        "exec": {
            "apiVersion": version,
            "command": str(script),
            "interactiveMode": "Never",
            "args": ["a"],
            "env": [{"name": "X", "value": "y"}],
        }
    }


def credential(**status: str) -> str:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"print({json.dumps(answer)!r})"


@pytest.mark.parametrize("form", ["file", "content"])
def test_an_exec_plugin_gives_a_token(home: Path, form: str) -> None:
    given = content(plugin(home, credential(token="from plugin")))
    connection = load({"kubeconfig": write(home / "kubeconfig", given) if form == "file" else copy.deepcopy(given)})
    assert connection.authorization() == "Bearer from plugin"


@pytest.mark.parametrize("form", ["file", "content"])
def test_an_exec_plugin_is_run_again_for_other_credentials(home: Path, form: str) -> None:
    given = content(plugin(home, credential(token="one")))
    connection = load({"kubeconfig": write(home / "kubeconfig", given) if form == "file" else copy.deepcopy(given)})
    plugin(home, credential(token="two"))
    assert connection.authorization() == "Bearer one", "as long as they are taken"
    connection.renew()
    assert connection.authorization() == "Bearer two"


def test_a_token_of_the_options_stays(home: Path) -> None:
    connection = load({"kubeconfig": write(home / "kubeconfig", content(plugin(home, credential(token="one")))), "api_key": "mine"})
    connection.renew()
    assert connection.authorization() == "Bearer mine"


def test_a_token_file_is_read_for_each_request(home: Path) -> None:
    (home / "token").write_text("one")
    connection = load({"kubeconfig": write(home / "kubeconfig", content({"tokenFile": "token"}))})
    assert connection.authorization() == "Bearer one"
    (home / "token").write_text("two\n")
    assert connection.authorization() == "Bearer two"


def test_an_exec_plugin_gives_a_certificate(home: Path) -> None:
    user = plugin(home, credential(clientCertificateData=PEM, clientKeyData=PEM))
    connection = load({"kubeconfig": write(home / "kubeconfig", content(user))})
    assert text_of(connection.cert_file, connection.cert_data) == PEM and text_of(connection.key_file, connection.key_data) == PEM
    assert connection.authorization() is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('login has expired')", "gave no credentials: exec: process returned 1. login has expired"),
        ("print('nonsense')", "gave no credentials: exec: failed to decode"),
        (credential(), "gave no credentials"),
    ],
)
def test_an_exec_plugin_that_fails_is_said(home: Path, script: str, said: str) -> None:
    with pytest.raises(SrsError) as caught:
        load({"kubeconfig": write(home / "kubeconfig", content(plugin(home, script)))})
    assert f'The exec plugin {home}/plugin of context "one" of the kubeconfig' in caught.value.message
    assert said in caught.value.message


def test_an_exec_plugin_that_is_missing_is_said(home: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/none/such"}}
    with pytest.raises(SrsError, match=r"The exec plugin /none/such of .* gave no credentials: .*No such file"):
        load({"kubeconfig": write(home / "kubeconfig", content(user))})

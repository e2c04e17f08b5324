# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up inventories, most of them nearly right: strategies from the argument specs of the roles, and for what is written as in a pod from
the own OpenAPI of the API server, so that they know nothing of our checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ansible_collections.livestream.srs.plugins.module_utils._desired.variables import ROLES
from ansible_collections.livestream.srs.plugins.plugin_utils._role_variables import specification

Values = SearchStrategy[Any]

# What is asked of the API server alone, since hardly anybody writes it; see ``anything`` in the schema of pods.
# fmt: off
RARE = frozenset(
    {
        "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "downwardAPI", "ephemeral", "fc", "flexVolume",
        "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "image", "iscsi", "photonPersistentDisk", "portworxVolume", "projected",
        "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume", "envFrom", "resizePolicy", "restartPolicy", "restartPolicyRules",
        "volumeDevices", "procMount", "seLinuxOptions", "seccompProfile", "appArmorProfile", "windowsOptions", "stopSignal",
        "matchLabelKeys", "mismatchLabelKeys", "resourceFieldRef", "fileKeyRef", "recursiveReadOnly", "hostIP", "claims",
    }
)
# fmt: on
# Variables that say nothing about objects, or that a test of their own is about.
LEFT_OUT = {"srs_wait_timeout", "srs_patches", "srs_edge_origin_from"}

LONG = "a" * 64
NONSENSE = ["", " ", "A", "Ü", "a b", "-a", "a_b", LONG, "a" * 254, "a/b", "${a}", 0, 5, 1.5, -1, True, None, [], {}, ["a"], {"a": "b"}]


def mostly(right: Any, near: Any = ()) -> Values:
    """Mostly right, sometimes nearly right, seldom anything."""
    good = right if isinstance(right, SearchStrategy) else st.sampled_from(list(right))
    return _one(good, st.sampled_from(list(near or right)))


@st.composite
def _one(draw: Any, right: Values, near: Values) -> Any:
    dice = draw(st.integers(0, 99))
    return draw(right if dice < 93 else near if dice < 98 else st.sampled_from(NONSENSE))


QUANTITIES = mostly(
    ["1", "500m", "1Gi", 2, "0.5Gi", "1e3", "100M", "250Mi", 0.5, "2", "4Mi"],
    [
        "2 cores",
        "1Ki5",
        "-1",
        "1K",
        "1.5.5",
        "½",
        " 1",
        "1E",
        "0",
        "1e",
        "1m",
        "1.",
        ".5",
        "+1",
        "1e-3",
        "1kb",
        "0x1",
        "1e19",
        "3E",
        "1Gi ",
    ],
)
KEYS = mostly(["a", "app2", "example.com/a", "x.y", "a_b", "A"], ["", "a b", "a/b/c", "-a", "ü", LONG, "Example.com/a", "/a", "a/", "app"])
LABELS = mostly(["a", "", "b", "1.x_y", "A"], ["a b", "-", "ü", LONG, "a/b"])
NAMES = mostly(
    ["a", "b", "c", "a-1"], ["A", "a.b", "-a", "a_b", "ü", LONG, "", "srs", "nginx", "tmp", "config-volume", "cache-volume", "srs-cp-files"]
)
PORTS = mostly([80, 1935, 8080, 9000, "http", "a"], [0, -1, 65536, "80", "UPPER", "a--b", "a" * 16, 80.0, "8080tcp"])
COUNTS = mostly([1, 0, 2, 3, 10, 30, 100], [-1, 2**31, 2**40, "1", 1.0, 10_001])
TEXTS = mostly(["a", "b", "/x", "x y", "ü"], [5, True, "", "0755"])
FLAGS = mostly([True, False], ["yes", "true", 1])
PATHS = mostly(
    ["/data", "/x", "/y/z", "x", "/data/"],
    ["", "..", "/a/../b", "a/..", "../x", "/tmp", "/a:b", "/usr/local/srs/conf", "/usr/share/nginx/html", "ü", "/etc/nginx-srs"],
)
INSIDE = mostly(["a", "a/b"], ["/a", "..", "a/../b", "", "...", "../a"])
CIDRS = mostly(
    ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/24", "fd00::/8"], ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "x", "", "010.0.0.0/8", "10.0.0/8"]
)
IMAGES = mostly(["nginx", "docker.io/ossrs/srs:6", "a:b"], ["", " nginx", "nginx ", "UPPER:x", "a b", "ü"])

# By the last part of the field's path, or its last two.
LEAVES: dict[str, Values] = {
    "key": KEYS,
    "Toleration.key": KEYS,
    "Toleration.value": LABELS,
    "KeyToPath.key": mostly(["a", "a.b", "A_b"], ["a/b", "..", "", "ü", "a" * 254]),
    "ConfigMapKeySelector.key": mostly(["a", "a.b", "A_b"], ["a/b", "..", "", "ü"]),
    "SecretKeySelector.key": mostly(["a", "a.b", "A_b"], ["a/b", "..", "", "ü"]),
    "name": NAMES,
    "ContainerPort.name": mostly(["http", "a-b"], ["UPPER", "a" * 16, "80", "a--b", "-a"]),
    "EnvVar.name": mostly(["N", "A_B", "a.b", "a-b", "1a"], ["", "a=b", "a b", "ü", "SRS_LISTEN"]),
    "HTTPHeader.name": mostly(["X-A", "Host"], ["", "a b", "ü", "a:"]),
    "values": LABELS,
    "NodeSelectorRequirement.values": mostly(["a", "1", "-5", "b"], ["a b", "ü", LONG, "1.5", 1]),
    "topologyKey": mostly(["kubernetes.io/hostname", "zone"], ["", "a b", "a/b/c"]),
    "namespaces": mostly(["a", "b"], ["A", "a.b", ""]),
    "fieldPath": mostly(
        ["metadata.name", "status.podIP", "metadata.labels['a']", "spec.nodeName"],
        ["name", "metadata.labels", "metadata.labels['a b']", "status.phase", "metadata.annotations['A/b']", "spec.restartPolicy"],
    ),
    "apiVersion": mostly(["v1"], ["v2", "apps/v1", ""]),
    "mountPath": PATHS,
    "HostPathVolumeSource.path": PATHS,
    "NFSVolumeSource.path": PATHS,
    "KeyToPath.path": INSIDE,
    "subPath": INSIDE,
    "subPathExpr": INSIDE,
    "defaultMode": mostly([0o644, 0, 0o777], [0o1000, -1, "0644"]),
    "mode": mostly([0o644, 0, 0o777], [0o1000, -1, "0644"]),
    "cidr": CIDRS,
    "except": CIDRS,
    "image": IMAGES,
    "containerPort": PORTS,
    "hostPort": PORTS,
    "port": PORTS,
    "weight": mostly([1, 50, 100], [0, -1, 101, "1"]),
    "medium": mostly(["", "Memory"], ["memory", "Disk", "HugePages", "HugePages-2Mi", "HugePagesX"]),
    "HostPathVolumeSource.type": mostly(["", "Directory", "File"], ["dir", "Dir"]),
    "runAsUser": mostly([0, 1000], [-1, 2**31, "1000"]),
    "runAsGroup": mostly([0, 1000], [-1, 2**31, "1000"]),
    "tolerationSeconds": mostly([1, 0, 300], [-1, "1", 2**40]),
    "terminationGracePeriodSeconds": mostly([1, 30], [0, -1, "1"]),
    "add": mostly(["NET_ADMIN", "CHOWN"], ["CAP_SYS_ADMIN", "x"]),
    "NodeSelectorTerm.matchFields.key": mostly(["metadata.name"], ["metadata.uid", "a"]),
}
ENUMS_NEAR = ["", "equals", "Equals", "none", "in"]


class OpenApi:
    """Strategies for types of the API server. ``read`` is given the path of a part of its OpenAPI and returns it."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.schemas: dict[str, Any] = {}
        for part in ("apis/apps/v1", "apis/networking.k8s.io/v1"):
            self.schemas |= read(f"/openapi/v3/{part}")["components"]["schemas"]
        self._made: dict[str, Values] = {}

    def of(self, kind: str) -> Values:
        """Values of a type such as ``core.v1.Affinity``."""
        name = f"io.k8s.api.{kind}"
        return self._of({"$ref": f"#/components/schemas/{name}"}, "")

    def _of(self, schema: Mapping[str, Any], field: str) -> Values:
        """``field`` is ``Type.name`` of what holds it."""
        if reference := schema.get("$ref") or next((one.get("$ref") for one in schema.get("allOf", ())), None):
            name = reference.rpartition("/")[2]
            if name not in self._made:
                # Deferred, since some types hold themselves.
                self._made[name] = st.deferred(lambda: self._type(name, field))
            return self._type(name, field) if name.endswith("IntOrString") else self._made[name]
        for key in (field, field.rpartition(".")[2]):
            if key in LEAVES and schema.get("type") in ("string", "integer"):
                return LEAVES[key]
        if words := schema.get("enum"):
            return mostly(words, ENUMS_NEAR)
        match schema.get("type"):
            case "boolean":
                return FLAGS
            case "integer" | "number":
                return COUNTS
            case "array":
                items = self._of(schema["items"], field)
                return mostly(st.lists(items, min_size=1, max_size=2), [[]])
            case "object" if "additionalProperties" in schema:
                values = self._of(schema["additionalProperties"], field)
                return mapping_of(RESOURCES if field.startswith("ResourceRequirements") else KEYS, LABELS if values is TEXTS else values)
            case "object":
                return mostly([{}])
        return TEXTS

    def _type(self, name: str, field: str) -> Values:
        if name.endswith(".Quantity"):
            return QUANTITIES
        if name.endswith(".IntOrString"):
            return LEAVES.get(field.rpartition(".")[2], PORTS)
        schema = self.schemas[name]
        if "properties" not in schema:
            return self._of({**schema, "type": schema.get("type", "object")}, field)
        kind = name.rpartition(".")[2]
        fields = {key: self._of(one, f"{kind}.{key}") for key, one in schema["properties"].items() if key not in RARE}
        return sparse(fields, [key for key in schema.get("required", ()) if key in fields])


RESOURCES = mostly(
    ["cpu", "memory", "ephemeral-storage"],
    ["cpus", "CPU", "nvidia.com/gpu", "hugepages-2Mi", "hugepages-x", "storage", "a_b/c", "pods", "kubernetes.io/x"],
)


def mapping_of(keys: Values, values: Values) -> Values:
    """A mapping of any keys."""
    pairs = st.lists(st.tuples(keys.filter(lambda key: isinstance(key, (str, int))), values), max_size=2).map(dict)
    return mostly(pairs, [{}])


@st.composite
def sparse(draw: Any, fields: Mapping[str, Values], required: list[str]) -> Any:
    """A mapping with what is required and a few more keys; seldom without one of them, or with one that is not known."""
    odd = draw(st.integers(0, 199))
    if odd == 199:
        return draw(st.sampled_from(NONSENSE))
    optional = sorted(set(fields) - set(required))
    chosen = [*required, *(draw(st.lists(st.sampled_from(optional), max_size=3, unique=True)) if optional else [])]
    if odd == 198 and required:
        chosen = chosen[1:]
    made = {key: draw(fields[key]) for key in chosen}
    return {**made, "nonsense": 1} if odd == 197 else made


# Variables by what is left of their names without the prefix of the role, or by their whole names.
WORDS: dict[str, Values] = {
    "image": IMAGES,
    "srs_image": IMAGES,
    "srs_demo_publisher_image": IMAGES,
    "srs_namespace": mostly(["srs", "live-2"], ["Srs", "a.b", LONG, "-a"]),
    "srs_topology": mostly(["srs", "live-2"], ["Srs", "a.b", LONG, "直播"]),
    "priority_class_name": mostly(["", "high", "a.b"], ["High", "a b", LONG * 4]),
    "node_selector": mapping_of(KEYS, LABELS),
    "pod_labels": mapping_of(KEYS, LABELS),
    "pod_annotations": mapping_of(KEYS, TEXTS),
    "srs_monitoring.labels": mapping_of(KEYS, LABELS),
    "srs_monitoring.interval": mostly(["15s", "1m30s"], ["15", "", "15 s", "1h1", "-1s", "0"]),
    "srs_monitoring.hls_probe.prober": mostly(["blackbox:9115"], [""]),
    "upstream": mostly([""], ["edge", "a", "b", "none"]),
    "origin": mostly([[], ["origin.example.com:1935"], ["10.0.0.1"]], [["a b"], [""]]),
    "autoscale": mostly(
        [
            {},
            {"min": 1, "max": 3},
            {"min": 2, "max": 4, "cpu": 50},
            {"min": 1, "max": 2, "metric": {"name": "srs_clients", "average": 800}},
        ],
        [
            {"min": 0, "max": 2},
            {"min": 3, "max": 2},
            {"min": 1, "max": 20_000},
            {"min": 1, "max": 2, "cpu": 0},
            {"min": 1, "max": 2, "metric": {"name": "a b", "average": 1}},
            {"min": 1, "max": 2, "metric": {"name": "a/b", "average": 1}},
            {"min": 1, "max": 2, "metric": {"name": "", "average": 1}},
            {"min": 1, "max": 2, "metric": {"name": "x", "average": "many"}},
            {"min": 1, "max": 2, "metric": {"name": "x", "average": "500m"}},
            {"min": 1, "max": 2, "metric": {"name": "x", "average": 0}},
            {"min": 1, "max": 2, "metric": {"name": "x", "average": -1}},
            {"min": 1, "max": 2, "metric": {"name": 5, "average": 1}},
        ],
    ),
    "limit": mostly(
        [{}, {"bandwidth": "100M"}, {"connections": 500}], [{"bandwidth": "1e8"}, {"bandwidth": "100m"}, {"bandwidth": "x"}, {"x": 1}]
    ),
    "slb": mostly(
        [
            {},
            {"enabled": False},
            {"source_ranges": ["10.0.0.0/8"]},
            {"provider": "nodeport"},
            {"provider": "nodeport", "ports": {"rtmp": 30935}},
            {"external_traffic_policy": "Local"},
            {"class": "example.com/lb"},
            {"annotations": {"example.com/a": "b"}},
            {"provider": "metallb", "pool": "a"},
            {"provider": "alibaba", "address": "intranet"},
            {"node_ports": False},
        ],
        [
            {"annotations": {"a b": "c"}},
            {"annotations": {"Example.com/a": "c"}},
            {"annotations": {"a": 5}},
            {"class": "A b"},
            {"class": "a/b/c"},
            {"class": LONG},
            {"source_ranges": ["10.0.0.1/8"]},
            {"source_ranges": ["fd00::/8"]},
            {"source_ranges": [" 10.0.0.0/8"]},
            {"ip": "x"},
            {"ip": "10.0.0.1"},
            {"provider": "nodeport", "ports": {"rtmp": 0}},
            {"provider": "nodeport", "ports": {"rtmp": 30001, "http": 30001}},
            {"provider": "nodeport", "ports": {"http": 30001}},
            {"provider": "nodeport", "external_traffic_policy": "Local"},
        ],
    ),
    "config": mostly(
        [
            {},
            {"http_api": {"enabled": False}},
            {"http_server": {"enabled": False}},
            {"listen": 11935},
            {"http_server": {"listen": 8088}},
            {"http_api": {"listen": 8080}},
            {"http_hooks": {"enabled": True, "on_publish": ["http://hooks.example.com/p"]}},
            {"hls": {"enabled": True}},
            {"gop_cache": True},
        ],
        [
            {"http_hooks": {"enabled": True, "on_publish": ["hooks/p"]}},
            {"http_hooks": {"enabled": True, "on_publish": ["http://u:p@hooks.example.com/p"]}},
            {"listen": 0},
            {"listen": 70_000},
            {"listen": 80},
            {"http_server": {"listen": 1935}},
            {"http_api": {"listen": 1935}},
            {"exporter": {"listen": 8080}},
            {"conf": "listen 1935;"},
            {"conf": "x"},
            {"extra": "x y;"},
            {"nonsense": 1},
        ],
    ),
    "publish_from": mostly([["all"], [], ["10.0.0.0/8"], ["10.0.0.1"]], [["x"], ["fd00::/8"], [""]]),
    "command": mostly([["./objs/srs", "-c", "conf/srs.conf"], []], [["a", ""], "x"]),
    "volume": mostly(
        [{}, {"emptyDir": {}}, {"persistentVolumeClaim": {"claimName": "a"}}], [{"hostPath": {"path": "/x"}}, {"x": {}}, {"emptyDir": []}]
    ),
    "srs_origin_storage.size": QUANTITIES,
    "srs_origin_storage.size_limit": QUANTITIES,
    "srs_origin_storage.storage_class": mostly(["fast", "a.b"], ["Fast", "a b", ""]),
    "srs_origin_storage.existing_claim": mostly(["media", "a.b"], ["Media", "a b", ""]),
    "srs_origin_cleanup.schedule": mostly(
        ["15 1 * * *", "@daily", "*/5 * * * *", "0 0 1 jan mon-fri", "0 0 * * 0,6", "@every 1h"],
        [
            "60 * * * *",
            "* * *",
            "* * * * * *",
            "@often",
            "0 24 * * *",
            "0 0 0 * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "TZ=UTC * * * * *",
            "? ? ? ? ?",
            "0 0 * * 7",
            "1,2, * * * *",
            "@every 1x",
            "1-2/3 * * * *",
            "+1 * * * *",
        ],
    ),
    "srs_origin_cleanup.time_zone": mostly(
        ["Asia/Shanghai", "UTC", "Etc/GMT+5"],
        ["Shanghai", "asia/shanghai", "Local", "GMT+8", "", "CST8CDT", "posixrules", "Europe/Moscow "],
    ),
    "srs_origin_cleanup.path": mostly(["", "live"], ["..", "/", "/x", "ü"]),
    "srs_origin_proxy.redis.password_secret.key": mostly(["password"], ["a/b", "", "a b"]),
    "srs_origin_proxy.redis.password_secret.name": mostly(["redis"], ["Redis", ""]),
    "srs_origin_proxy.redis.host": mostly(["redis"], ["", "a b"]),
    "hls_nginx_cache.size": QUANTITIES,
    "hls_nginx_https.secret_name": mostly(["tls"], ["Tls", "a b", ""]),
    "hls_nginx_https.dns_names": mostly([["live.example.com"], ["*.example.com"]], [["a b"], ["Live.example.com"], [""]]),
    "hls_nginx_https.issuer.name": mostly(["ca"], ["Ca", ""]),
    "hls_nginx_https.issuer.kind": mostly(["Issuer", "ClusterIssuer"], ["x"]),
    "hls_nginx_https.issuer.group": mostly(["cert-manager.io"], ["x"]),
    "hls_nginx_https.flv_cluster": mostly(["edge"], ["a", "none"]),
    "srs_demo_publisher_target": mostly(["rtmp://srs-edge-service/live/livestream"], ["x", ""]),
    "srs_change_cause": TEXTS,
    # No more, since they are built even where preflight refuses them.
    "srs_origin_replicas": mostly([1, 2, 3], [0, -1, 31]),
}
WORDS |= dict.fromkeys(("srs_origin_proxy.slb", "api_slb"), WORDS["slb"])
KINDS = {
    "resources": "core.v1.ResourceRequirements",
    "srs_origin_proxy.resources": "core.v1.ResourceRequirements",
    "tolerations": "[]core.v1.Toleration",
    "affinity": "core.v1.Affinity",
    "env": "[]core.v1.EnvVar",
    "extra_volumes": "[]core.v1.Volume",
    "extra_volume_mounts": "[]core.v1.VolumeMount",
    "sidecars": "[]core.v1.Container",
    "startup_probe": "core.v1.Probe",
    "readiness_probe": "core.v1.Probe",
    "liveness_probe": "core.v1.Probe",
    "network_policy_from": "[]networking.v1.NetworkPolicyPeer",
    "srs_monitoring.from": "[]networking.v1.NetworkPolicyPeer",
    "srs_image_pull_secrets": "[]core.v1.LocalObjectReference",
}

# The forms of a topology, so that what each has is met often enough.
FORMS: list[dict[str, Any]] = [
    {},
    {"srs_production_defaults": False},
    {"srs_edge_clusters": [{"name": "edge"}, {"name": "a", "upstream": "edge"}]},
    {"srs_version": 5, "srs_origin_mode": "cluster", "hls_nginx_enabled": False},
    {"srs_version": 6, "srs_origin_mode": "cluster", "srs_origin_workload": "deployments", "hls_nginx_enabled": False},
    {"srs_version": 7, "srs_origin_mode": "proxy", "srs_origin_proxy": {"image": "proxy"}, "hls_nginx_mode": "cache"},
    {"srs_origin_storage": {"type": "pvc", "size": "10Gi", "access_mode": "ReadWriteMany"}, "hls_nginx_mode": "deployment"},
    {"srs_origin_storage": {"type": "pvc", "size": "10Gi"}, "srs_origin_cleanup": {"enabled": True}, "srs_demo_publisher": True},
    {"hls_nginx_mode": "cache", "hls_nginx_cache": {"upstream": "srs"}, "hls_nginx_https": {"secret_name": "tls"}},
    {"srs_edge_host_network": True, "srs_origin_host_network": True, "srs_origin_slb": {"source_ranges": ["10.0.0.0/8"]}},
]


class Inventories:
    """Strategies for whole inventories."""

    def __init__(self, openapi: OpenApi) -> None:
        self._openapi = openapi
        self._clusters: Values = st.nothing()
        specs = {name: (role, spec) for role in ROLES for name, spec in specification(role).items() if name not in LEFT_OUT}
        self._variables = {name: self._value(name, spec, role) for name, (role, spec) in specs.items()}

    def strategy(self) -> Values:
        """The variables of one host."""
        as_in_a_pod = [name for name in self._variables if name in KINDS or name.removeprefix(f"{_role(name)}_") in KINDS]
        names = st.lists(st.sampled_from(sorted([*self._variables, *as_in_a_pod * 4])), min_size=1, max_size=3, unique=True)
        given = names.flatmap(lambda chosen: st.fixed_dictionaries({name: self._variables[name] for name in chosen}))
        return st.builds(lambda form, more: {**form, **more}, st.sampled_from(FORMS), given)

    def _value(self, name: str, spec: Mapping[str, Any], role: str) -> Values:
        bare = name.removeprefix(f"{role}_")
        for key in (name, bare):
            if key in WORDS:
                return WORDS[key]
            if key in KINDS:
                kind = KINDS[key]
                one = self._openapi.of(kind.removeprefix("[]"))
                return st.lists(one, min_size=1, max_size=2) if kind.startswith("[]") else one
        if "options" in spec:
            required = [key for key, option in spec["options"].items() if option.get("required")]
            inner = sparse(
                {
                    key: self._value(f"{name}.{key}", option, role) if name != "srs_edge_clusters" else self._of_cluster(key, option)
                    for key, option in spec["options"].items()
                },
                required,
            )
            return st.lists(inner, max_size=2) if spec["type"] == "list" else inner
        if "choices" in spec:
            words = mostly(spec["choices"], ["x", "Single", 9])
            return st.lists(words, max_size=2) if spec["type"] == "list" else words
        match spec["type"]:
            case "bool":
                return FLAGS
            case "int":
                return mostly([1, 0, 2, 3, 10, 30], [-1, 10_001, 700_000, "1", 10**12])
            case "list":
                return st.lists(TEXTS, max_size=2)
            case "dict":
                return mapping_of(KEYS, TEXTS)
        return TEXTS

    def _of_cluster(self, key: str, option: Mapping[str, Any]) -> Values:
        if key == "name":
            return mostly(["edge", "a", "cdn-a"], ["A", "a.b", LONG, "", "a" * 36, "a" * 37, "x-canary", "edge", "service"])
        return self._value(f"srs_edge_{key}", option, "srs_edge")


def _role(name: str) -> str:
    return next((role for role in ROLES if name.startswith(f"{role}_")), "")


def shown(inventory: Mapping[str, Any]) -> str:
    """An inventory to read and to copy."""
    return json.dumps(inventory, ensure_ascii=False, indent=2, default=str)

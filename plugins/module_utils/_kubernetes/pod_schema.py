# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes takes of the parts of a pod, and of the peers of a NetworkPolicy, as far as that can be known without an API server.

The fields are those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/, the rules those of its validation,
https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/core/validation/validation.go. What is rare is left to the API server.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._kubernetes import value_checks as values
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.quantities import exact
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes.value_checks import (
    Check,
    anything,
    flag,
    label_key,
    label_value,
    listing,
    mapping,
    one_of,
    port,
    quantity,
    text,
    whole,
    word,
)

HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")
HUGE_PAGES = "hugepages-"

_FILE_KEY = re.compile(r"(?!\.\.?$)[-._a-zA-Z0-9]{1,253}", re.ASCII)
_FIELD_PATHS = [
    *(f"metadata.{field}" for field in ("name", "namespace", "uid")),
    *(f"spec.{field}" for field in ("nodeName", "serviceAccountName")),
    *(f"status.{field}" for field in ("hostIP", "hostIPs", "podIP", "podIPs")),
]
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")

anytext = text()
spaceless = text(lambda value: value == value.strip(), "without spaces around it")
image = text(lambda value: value and value == value.strip(), "an image, without spaces around it")
file_key = text(_FILE_KEY.fullmatch, "a key of a ConfigMap or Secret: letters, digits, '-', '_' and '.'")
inside = text(
    lambda value: not value.startswith("/") and ".." not in value.split("/"), "a path below another one: neither from / on nor with .."
)


# Selectors


def _values_fit(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    operator, given = value["operator"], value.get("values", [])
    if operator in ("In", "NotIn") and not given:
        yield f"{where}.values is missing: {operator} goes with at least one."
    if operator in ("Exists", "DoesNotExist") and given:
        yield f"{where}.values are given: {operator} goes without."
    if operator in ("Gt", "Lt") and not (len(given) == 1 and re.fullmatch(r"[+-]?[0-9]+", given[0])):
        yield f"{where}.values are {given!r}: {operator} goes with one whole number, in quotes."


def _requirement(*operators: str, key: Check = label_key, value: Check = anytext) -> Check:
    fields = {"key": key, "operator": word(*operators), "values": listing(value)}
    return mapping(fields, _values_fit, needs=("key", "operator"))


selector = mapping(
    {
        "matchLabels": values.labels,
        "matchExpressions": listing(_requirement("In", "NotIn", "Exists", "DoesNotExist", value=label_value)),
    }
)


def _one_name(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    if len(value.get("values", [])) != 1:
        yield f"{where}.values must be the name of one node."


_match_field = mapping(
    {"key": word("metadata.name"), "operator": word("In", "NotIn"), "values": listing(values.object_name)},
    _one_name,
    needs=("key", "operator"),
)
_node_term = mapping(
    {
        "matchExpressions": listing(_requirement("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")),
        "matchFields": listing(_match_field),
    }
)
_pod_term_fields: dict[str, Check] = {
    "labelSelector": selector,
    "topologyKey": label_key,
    "namespaces": listing(values.dns_label),
    "namespaceSelector": selector,
    "matchLabelKeys": anything,
    "mismatchLabelKeys": anything,
}
_pod_term = mapping(_pod_term_fields, needs=("topologyKey",))
REQUIRED, PREFERRED = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"


def _weighed(name: str, term: Check) -> Check:
    return listing(mapping({"weight": whole(1, 100), name: term}, needs=("weight", name)))


_pod_affinity = mapping({REQUIRED: listing(_pod_term), PREFERRED: _weighed("podAffinityTerm", _pod_term)})
affinity = mapping(
    {
        "nodeAffinity": mapping(
            {
                REQUIRED: mapping({"nodeSelectorTerms": listing(_node_term, least=1)}, needs=("nodeSelectorTerms",)),
                PREFERRED: _weighed("preference", _node_term),
            }
        ),
        "podAffinity": _pod_affinity,
        "podAntiAffinity": _pod_affinity,
    }
)


def _toleration_rules(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    operator = value.get("operator", "Equal")
    if not value.get("key") and operator != "Exists":
        yield f"{where} has no key: give it, or the operator Exists, which tolerates all taints."
    if operator == "Exists" and value.get("value"):
        yield f"{where}.value is given: the operator Exists goes without."
    if "tolerationSeconds" in value and value.get("effect") != "NoExecute":
        yield f"{where}.tolerationSeconds is given: it goes with the effect NoExecute alone."


tolerations = listing(
    mapping(
        {
            "key": text(lambda value: not value or values.is_qualified_name(value), "the key of a taint, such as example.com/dedicated"),
            "operator": word("", "Equal", "Exists"),
            "value": label_value,
            "effect": word("", "NoSchedule", "PreferNoSchedule", "NoExecute"),
            "tolerationSeconds": whole(-values.INT64, values.INT64),
        },
        _toleration_rules,
    )
)


# Resources


def _is_resource(name: str) -> bool:
    """Whether a container can ask for it: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"""
    return name in STANDARD_RESOURCES or name.startswith(HUGE_PAGES) or ("/" in name and values.is_qualified_name(name))


def _is_extended(name: str) -> bool:
    """Whether it is no resource of Kubernetes itself, and so comes in whole ones that nobody can share."""
    return "/" in name and "kubernetes.io/" not in name


def _resource_rules(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    given = {side: {name: number for name, one in (value.get(side) or {}).items() if (number := exact(one)) is not None} for side in _SIDES}
    limits, requests = given["limits"], given["requests"]
    for side in _SIDES:
        for name, number in given[side].items():
            if _is_extended(name) and number % 1:
                yield f"{where}.{side}.{name} is {value[side][name]!r}: it must be a whole number."
            if name.startswith(HUGE_PAGES) and ((size := exact(name.removeprefix(HUGE_PAGES))) is None or not size or number % size):
                yield f"{where}.{side}.{name} is {value[side][name]!r}: it must be a multiple of the size in its name."
    for name, number in requests.items():
        asked = f"{where}.requests.{name} is {value['requests'][name]!r}"
        if _is_extended(name) or name.startswith(HUGE_PAGES):
            if limits.get(name) != number:
                yield f"{asked}: the limit must be the same."
        elif number > limits.get(name, number):
            yield f"{asked}, which is more than the limit, {value['limits'][name]!r}: lower it, or raise the limit."
    everything = {**limits, **requests}
    if any(name.startswith(HUGE_PAGES) for name in everything) and not {"cpu", "memory"} & set(everything):
        yield f"{where} asks for huge pages alone: ask for cpu or memory as well."


_SIDES = ("limits", "requests")
_quantities = values.pairs(
    _is_resource, f"{', '.join(STANDARD_RESOURCES)}, {HUGE_PAGES}SIZE or a resource with a domain, such as nvidia.com/gpu", quantity
)
resources = mapping({"limits": _quantities, "requests": _quantities}, _resource_rules)


# Containers

_optional_key = {"name": anytext, "key": file_key, "optional": flag}
field_ref = mapping(
    {
        "apiVersion": word("v1"),
        "fieldPath": text(
            lambda value: value in _FIELD_PATHS or ((found := _SUBSCRIPT.fullmatch(value)) and values.is_qualified_name(found[2].lower())),
            f"{', '.join(_FIELD_PATHS)}, metadata.labels['KEY'] or metadata.annotations['KEY']",
        ),
    },
    needs=("fieldPath",),
)
_sources: dict[str, Check] = {
    "fieldRef": field_ref,
    "resourceFieldRef": anything,
    "configMapKeyRef": mapping(_optional_key, needs=("name", "key")),
    "secretKeyRef": mapping(_optional_key, needs=("name", "key")),
    "fileKeyRef": anything,
}


def _value_once(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    if value.get("value") and "valueFrom" in value:
        yield f"{where} has value and valueFrom: keep one of them."


env = listing(
    mapping(
        {
            "name": text(re.compile(r"[ -<>-~]+").fullmatch, "ASCII text without '='"),
            "value": anytext,
            "valueFrom": mapping(_sources, one_of(_sources)),
        },
        _value_once,
        needs=("name",),
    ),
    "name",
)

_http_get = mapping(
    {
        "path": anytext,
        "port": port,
        "host": anytext,
        "scheme": word("HTTP", "HTTPS"),
        "httpHeaders": listing(
            mapping({"name": text(re.compile(r"[-A-Za-z0-9]+").fullmatch, "the name of a header"), "value": anytext}, needs=("name",))
        ),
    },
    needs=("port",),
)
_handlers: dict[str, Check] = {
    "exec": mapping({"command": listing(anytext, least=1)}, needs=("command",)),
    "httpGet": _http_get,
    "tcpSocket": mapping({"port": port, "host": anytext}, needs=("port",)),
    "grpc": mapping({"port": whole(1, 65535), "service": anytext}, needs=("port",)),
}
_probe_fields: dict[str, Check] = {
    **_handlers,
    **dict.fromkeys(("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"), whole(0)),
}
_grace = {"terminationGracePeriodSeconds": whole(1, values.INT64)}


def _once(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    if value.get("successThreshold", 1) > 1:
        yield f"{where}.successThreshold is {value['successThreshold']}: it must be 1 for this probe."


def _probes(needed: bool) -> dict[str, Check]:
    handler = one_of(HANDLERS, needed)
    liveness = mapping({**_probe_fields, **_grace}, handler, _once)
    return {"startupProbe": liveness, "readinessProbe": mapping(_probe_fields, handler), "livenessProbe": liveness}


probes = _probes(needed=False)
"""By field: what is laid over a probe of ours, so that it needs no handler."""

_lifecycle_handlers: dict[str, Check] = {
    **{key: _handlers[key] for key in ("exec", "httpGet", "tcpSocket")},
    "sleep": mapping({"seconds": whole(0, values.INT64)}),
}
_lifecycle_handler = mapping(_lifecycle_handlers, one_of(_lifecycle_handlers))

volume_mounts = listing(
    mapping(
        {
            "name": anytext,
            "mountPath": anytext,
            "readOnly": flag,
            "recursiveReadOnly": anything,
            "subPath": inside,
            "subPathExpr": inside,
            "mountPropagation": word("None", "HostToContainer", "Bidirectional"),
        },
        one_of(("subPath", "subPathExpr"), needed=False),
        needs=("name", "mountPath"),
    ),
    "mountPath",
)

_capabilities = listing(anytext)


def _privileges(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    added = (value.get("capabilities") or {}).get("add") or []
    if value.get("allowPrivilegeEscalation") is False and (value.get("privileged") or "CAP_SYS_ADMIN" in added):
        yield f"{where}.allowPrivilegeEscalation is false, but privileged or CAP_SYS_ADMIN brings it: leave one of them out."


_security_context = mapping(
    {
        **dict.fromkeys(("allowPrivilegeEscalation", "privileged", "readOnlyRootFilesystem", "runAsNonRoot"), flag),
        **dict.fromkeys(("runAsUser", "runAsGroup"), whole(*values.ID)),
        **dict.fromkeys(("procMount", "seLinuxOptions", "seccompProfile", "appArmorProfile", "windowsOptions"), anything),
        "capabilities": mapping({"add": _capabilities, "drop": _capabilities}),
    },
    _privileges,
)


def _port_names(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    named = [one["name"] for one in value.get("ports", []) if one.get("name")]
    for name in dict.fromkeys(name for name in named if named.count(name) > 1):
        yield f"{where}.ports has the name {name!r} twice: names must differ."


def unprivileged(where: str, mounts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What the mounts of a container that is not privileged may not be."""
    for index, mount in enumerate(mounts):
        if mount.get("mountPropagation") == "Bidirectional":
            yield f"{where}[{index}].mountPropagation is 'Bidirectional', which is for privileged containers: take HostToContainer or None."


def _mounts_of_privileged(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    if not (value.get("securityContext") or {}).get("privileged"):
        yield from unprivileged(f"{where}.volumeMounts", value.get("volumeMounts") or [])


_whole_probes = _probes(needed=True)
container = mapping(
    {
        "name": values.dns_label,
        "image": image,
        "imagePullPolicy": word("Always", "IfNotPresent", "Never"),
        **dict.fromkeys(("command", "args"), listing(anytext)),
        **dict.fromkeys(("workingDir", "terminationMessagePath"), anytext),
        "terminationMessagePolicy": word("File", "FallbackToLogsOnError"),
        "env": env,
        "envFrom": anything,
        "ports": listing(
            mapping(
                {
                    "containerPort": whole(1, 65535),
                    "name": values.port_name,
                    "protocol": word("TCP", "UDP", "SCTP"),
                    "hostPort": whole(0, 65535),
                    "hostIP": anything,
                },
                needs=("containerPort",),
            )
        ),
        "resources": resources,
        "resizePolicy": anything,
        "restartPolicy": anything,
        "restartPolicyRules": anything,
        "volumeMounts": volume_mounts,
        "volumeDevices": anything,
        **_whole_probes,
        "lifecycle": mapping({"postStart": _lifecycle_handler, "preStop": _lifecycle_handler, "stopSignal": anything}),
        "securityContext": _security_context,
        **dict.fromkeys(("stdin", "stdinOnce", "tty"), flag),
    },
    _port_names,
    _mounts_of_privileged,
    needs=("name", "image"),
)
containers = listing(container, "name")


# Volumes

_mode = whole(0, 0o777)
_items = listing(mapping({"key": file_key, "path": inside, "mode": _mode}, needs=("key", "path")))
_files: dict[str, Check] = {"items": _items, "defaultMode": _mode, "optional": flag}
# fmt: off
_OTHER_SOURCES = (
    "projected", "downwardAPI", "csi", "ephemeral", "image", "iscsi", "fc", "cephfs", "rbd", "glusterfs", "flexVolume", "azureFile",
    "azureDisk", "awsElasticBlockStore", "gcePersistentDisk", "vsphereVolume", "portworxVolume", "scaleIO", "storageos",
    "photonPersistentDisk", "quobyte", "cinder", "flocker", "gitRepo",
)
# fmt: on
volume_sources: dict[str, Check] = {
    "emptyDir": mapping(
        {"medium": text(lambda value: value in ("", "Memory") or value.startswith("HugePages"), "Memory"), "sizeLimit": quantity}
    ),
    "hostPath": mapping(
        {
            "path": text(lambda value: ".." not in value.split("/"), "a path without .."),
            "type": word("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"),
        },
        needs=("path",),
    ),
    "configMap": mapping({"name": anytext, **_files}, needs=("name",)),
    "secret": mapping({"secretName": anytext, **_files}, needs=("secretName",)),
    "persistentVolumeClaim": mapping({"claimName": anytext, "readOnly": flag}, needs=("claimName",)),
    "nfs": mapping(
        {"server": anytext, "path": text(lambda value: value.startswith("/"), "an absolute path"), "readOnly": flag},
        needs=("server", "path"),
    ),
    **dict.fromkeys(_OTHER_SOURCES, anything),
}
volume_source = mapping(volume_sources, one_of(volume_sources))
volumes = listing(mapping({"name": values.dns_label, **volume_sources}, one_of(volume_sources, needed=False), needs=("name",)), "name")


# NetworkPolicy


def _cidr(value: str) -> bool:
    try:
        return bool("/" in value and ipaddress.ip_network(value, strict=False))
    except ValueError:
        return False


def _inside_of_block(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    whole_ = ipaddress.ip_network(value["cidr"], strict=False)
    for index, one in enumerate(value.get("except", [])):
        part = ipaddress.ip_network(one, strict=False)
        if part.version != whole_.version or part == whole_ or not part.subnet_of(whole_):  # type: ignore[arg-type]
            yield f"{where}.except[{index}] is {one!r}: it must be a part of {value['cidr']}."


def _block_alone(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    if not value:
        yield f"{where} says nothing: give it a podSelector, a namespaceSelector or an ipBlock."
    elif "ipBlock" in value and len(value) > 1:
        yield f"{where} has an ipBlock and a selector: make two elements of them."


_block = text(_cidr, "a network such as 10.0.0.0/8")
peers = listing(
    mapping(
        {
            "podSelector": selector,
            "namespaceSelector": selector,
            "ipBlock": mapping({"cidr": _block, "except": listing(_block)}, _inside_of_block, needs=("cidr",)),
        },
        _block_alone,
    )
)

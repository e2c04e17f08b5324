# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods by themselves, each of the template that the roles would deploy: so that many servers can be tried in the time of a few rollouts."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubernetes import client
from localcluster import images

from .kube import Kube, processes, wait_until

READY = 60.0
HOPELESS = (
    "CrashLoopBackOff",
    "CreateContainerError",
    "CreateContainerConfigError",
    "RunContainerError",
    "ErrImagePull",
    "ImagePullBackOff",
)
HOOKS_PORT = 8085
HOOKS = """\
user root;
worker_processes 1;
pid /tmp/nginx.pid;
events { worker_connections 1024; }
http {
    log_format path '$request_uri';
    access_log /dev/stdout path;
    client_body_temp_path /tmp/body;
    server { listen %d; location / { return 200 '0'; } }
}
"""
PROGRAM = "/usr/local/srs/objs/ffmpeg/bin"
LIBRARIES = "/opt/ffmpeg"

Objects = Mapping[str, dict[str, Any]]


class BarePods:
    """Pods of one namespace."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace
        self.with_ffmpeg = False
        """Whether the image lacks it, and gets Debian's."""
        self._called: tuple[float, list[str]] = (0.0, [])

    def start(self, name: str, template: Mapping[str, Any], config_maps: Objects) -> str:
        """A pod of a template, with ConfigMaps of its own; why it can't be made, "" if it is."""
        spec = {**template["spec"], "volumes": [dict(volume) for volume in template["spec"]["volumes"]]}
        for volume in spec["volumes"]:
            given = volume.get("configMap")
            if given and f"ConfigMap {given['name']}" in config_maps:
                own = f"{name}-{given['name']}"
                volume["configMap"] = {**given, "name": own}
                data = config_maps[f"ConfigMap {given['name']}"]["data"]
                self.kube.core.create_namespaced_config_map(self.namespace, {"metadata": {"name": own}, "data": data})
        if self.with_ffmpeg:
            _give_ffmpeg(spec)
        labels = {**template["metadata"]["labels"], "app": name}
        try:
            self.kube.core.create_namespaced_pod(self.namespace, {"metadata": {"name": name, "labels": labels}, "spec": spec})
        except client.ApiException as error:
            return f"the API server refuses the pod: {error.body}"
        return ""

    def why_not_ready(self, name: str) -> str:
        """Wait until a pod is ready; "" when it is."""
        deadline = time.monotonic() + READY
        while True:
            (pod,) = self.kube.pods(self.namespace, name)
            if pod.ready:
                return ""
            for status in [*(pod.body.status.init_container_statuses or []), *(pod.body.status.container_statuses or [])]:
                waits = status.state.waiting
                if status.restart_count or (waits and waits.reason in HOPELESS):
                    return f"{status.name} doesn't start: {waits.message if waits else 'it ended'}"
            if time.monotonic() > deadline:
                return f"it is not ready after {READY:g} s"
            time.sleep(0.5)

    def until_ready(self, name: str) -> None:
        if why := self.why_not_ready(name):
            raise RuntimeError(f"{name}: {why}: {self.log(name)}")

    def address(self, name: str) -> str:
        (pod,) = self.kube.pods(self.namespace, name)
        return pod.ip

    def restarts(self, name: str) -> int:
        (pod,) = self.kube.pods(self.namespace, name)
        return pod.restarts

    def log(self, name: str) -> list[str]:
        try:
            return self.kube.logs(self.namespace, name, "srs")
        except client.ApiException as error:  # a pod that never started has none
            return [str(error.body)]

    def root(self, name: str) -> Path:
        """The files of the server's container, as it sees them."""
        (pod,) = self.kube.pods(self.namespace, name)
        return Path(f"/proc/{processes(pod.containers['srs'])[0]}/root")

    def stop(self, name: str) -> None:
        self.kube.kill_pod(self.namespace, name)

    # What is beside them

    def make_hooks(self, image: str) -> str:
        """A server that lets everybody do everything, and notes what it was asked; its address."""
        self.kube.core.create_namespaced_config_map(
            self.namespace, {"metadata": {"name": "hooks"}, "data": {"nginx.conf": HOOKS % HOOKS_PORT}}
        )
        container = {
            "name": "srs",
            "image": image,
            "command": ["nginx", "-c", "/hooks/nginx.conf", "-g", "daemon off;"],
            "volumeMounts": [{"name": "hooks", "mountPath": "/hooks"}],
            "readinessProbe": {"tcpSocket": {"port": HOOKS_PORT}, "periodSeconds": 1},
        }
        spec = {"containers": [container], "volumes": [{"name": "hooks", "configMap": {"name": "hooks"}}]}
        self.kube.core.create_namespaced_pod(self.namespace, {"metadata": {"name": "hooks", "labels": {"app": "hooks"}}, "spec": spec})
        self.until_ready("hooks")
        return f"{self.address('hooks')}:{HOOKS_PORT}"

    def called(self, name: str) -> list[str]:
        """The hooks that were called by a server whose URLs begin with its name; asked once a second, whoever asks."""
        at, paths = self._called
        if time.monotonic() - at > 1:
            paths = self.kube.logs(self.namespace, "hooks", "srs")
            self._called = time.monotonic(), paths
        return [path.split("?")[0].rpartition("/")[2] for path in paths if path.startswith(f"/{name}/")]

    def make_clip(self, name: str, clip: Path) -> None:
        data = {clip.name: base64.b64encode(clip.read_bytes()).decode()}
        self.kube.core.create_namespaced_config_map(self.namespace, {"metadata": {"name": name}, "binaryData": data})

    def look_for_ffmpeg(self, image: str) -> None:
        """The images of SRS have it; those that were made without get it here."""
        container = {"name": "srs", "image": image, "command": ["test", "-x", f"{PROGRAM}/ffmpeg"]}
        spec = {"containers": [container], "restartPolicy": "Never"}
        self.kube.core.create_namespaced_pod(self.namespace, {"metadata": {"name": "look", "labels": {"app": "look"}}, "spec": spec})

        def phase() -> str:
            (pod,) = self.kube.pods(self.namespace, "look")
            return str(pod.body.status.phase)

        wait_until(lambda: phase() in ("Succeeded", "Failed"), READY, "somebody has looked for ffmpeg")
        self.with_ffmpeg = phase() == "Failed"
        if self.with_ffmpeg:
            folder = images.ffmpeg().parent
            found = {library.parent.relative_to(folder) for library in folder.glob("**/*.so*")}
            path = ":".join(f"{LIBRARIES}/{part}" for part in sorted(map(str, found), key=len))
            script = f'#!/bin/sh\nexport LD_LIBRARY_PATH={path}\nexec {LIBRARIES}/usr/bin/ffmpeg "$@"\n'
            self.kube.core.create_namespaced_config_map(self.namespace, {"metadata": {"name": "ffmpeg"}, "data": {"ffmpeg": script}})


def _give_ffmpeg(spec: dict[str, Any]) -> None:
    spec["containers"] = [dict(container) for container in spec["containers"]]
    (server,) = (container for container in spec["containers"] if container["name"] == "srs")
    server["volumeMounts"] = [
        *server["volumeMounts"],
        {"name": "ffmpeg-program", "mountPath": PROGRAM},
        {"name": "ffmpeg-libraries", "mountPath": LIBRARIES, "readOnly": True},
    ]
    spec["volumes"] += [
        {"name": "ffmpeg-program", "configMap": {"name": "ffmpeg", "defaultMode": 0o755}},
        {"name": "ffmpeg-libraries", "hostPath": {"path": str(images.ffmpeg().parent)}},
    ]

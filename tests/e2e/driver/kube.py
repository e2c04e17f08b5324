# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests read of the cluster by themselves, apart from the collection's own code."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kubernetes import client, config


@dataclass(frozen=True)
class Pod:
    name: str
    uid: str
    ip: str
    ready: bool
    terminating: bool
    restarts: int
    containers: Mapping[str, str]
    """Container ids by name, of those that run."""
    body: Any

    @classmethod
    def of(cls, body: Any) -> Self:
        statuses = body.status.container_statuses or []
        return cls(
            name=body.metadata.name,
            uid=body.metadata.uid,
            ip=body.status.pod_ip or "",
            ready=any(condition.type == "Ready" and condition.status == "True" for condition in body.status.conditions or []),
            terminating=body.metadata.deletion_timestamp is not None,
            restarts=sum(status.restart_count for status in statuses),
            containers={status.name: (status.container_id or "").rpartition("/")[2] for status in statuses if status.state.running},
            body=body,
        )


class Kube:
    def __init__(self, kubeconfig: Path) -> None:
        self.api = config.new_client_from_config(str(kubeconfig))
        self.core = client.CoreV1Api(self.api)
        self.apps = client.AppsV1Api(self.api)
        self.batch = client.BatchV1Api(self.api)

    def pods(self, namespace: str, app: str = "") -> list[Pod]:
        found = self.core.list_namespaced_pod(namespace, label_selector=f"app={app}" if app else "").items
        return sorted((Pod.of(body) for body in found), key=lambda pod: pod.name)

    def serving(self, namespace: str, app: str) -> list[Pod]:
        return [pod for pod in self.pods(namespace, app) if pod.ready and not pod.terminating]

    def service(self, namespace: str, name: str) -> Any:
        return self.core.read_namespaced_service(name, namespace)

    def address(self, namespace: str, name: str) -> str:
        """Where a Service is reached from outside, or from within where it has no such address."""
        service = self.service(namespace, name)
        outside = service.status.load_balancer.ingress or []
        return outside[0].ip if outside else service.spec.cluster_ip

    def logs(self, namespace: str, pod: str, container: str) -> list[str]:
        return self.core.read_namespaced_pod_log(pod, namespace, container=container).splitlines()

    def save_logs(self, namespace: str, folder: Path) -> None:
        """For whoever looks for the cause of a failure."""
        folder.mkdir(parents=True, exist_ok=True)
        for pod in self.pods(namespace):
            for container in pod.containers:
                (folder / f"{pod.name}.{container}.log").write_text("\n".join(self.logs(namespace, pod.name, container)))
        events = self.core.list_namespaced_event(namespace).items
        told = [f"{event.last_timestamp} {event.involved_object.name} {event.reason}: {event.message}" for event in events]
        (folder / "events.log").write_text("\n".join(sorted(told)))

    def srs(self, namespace: str, pod: str, path: str) -> Any:
        """A reply of a server's HTTP API, through the API server."""
        where = f"/api/v1/namespaces/{namespace}/pods/{pod}:1985/proxy/{path}"
        reply = self.api.rest_client.pool_manager.request("GET", self.api.configuration.host + where, headers=self.api.default_headers)
        if reply.status != 200:
            raise RuntimeError(f"{where}: HTTP status {reply.status}: {reply.data[:200]!r}")
        return json.loads(reply.data)

    def clients(self, namespace: str, pod: str) -> list[dict[str, Any]]:
        return list(self.srs(namespace, pod, "api/v1/clients/?count=10000")["clients"])

    def volume(self, namespace: str, claim: str) -> Path:
        """The folder of this machine that a claim is bound to."""
        name = self.core.read_namespaced_persistent_volume_claim(claim, namespace).spec.volume_name
        return Path(self.core.read_persistent_volume(name).spec.host_path.path)

    def run_now(self, namespace: str, cron_job: str) -> list[str]:
        """Run a CronJob once, as `kubectl create job --from` does; its log."""
        template = self.batch.read_namespaced_cron_job(cron_job, namespace).spec.job_template
        job = {"metadata": {"name": f"{cron_job}-now"}, "spec": self.api.sanitize_for_serialization(template.spec)}
        self.batch.create_namespaced_job(namespace, job)
        wait_until(lambda: self.batch.read_namespaced_job_status(f"{cron_job}-now", namespace).status.succeeded, 60, f"{cron_job} has run")
        (pod,) = self.core.list_namespaced_pod(namespace, label_selector=f"job-name={cron_job}-now").items
        return self.logs(namespace, pod.metadata.name, pod.spec.containers[0].name)

    def make_secret(self, namespace: str, name: str, kind: str, data: Mapping[str, str]) -> None:
        self.core.create_namespaced_secret(namespace, {"metadata": {"name": name}, "type": kind, "stringData": dict(data)})

    def make_namespace(self, name: str) -> None:
        self.core.create_namespace({"metadata": {"name": name}})

    def delete_namespace(self, name: str) -> None:
        """If it is there, and wait until it is gone."""

        def there() -> bool:
            return name in {one.metadata.name for one in self.core.list_namespace().items}

        if there():
            self.core.delete_namespace(name)
            # Nobody waits for the drain of servers that hold players.
            for pod in self.pods(name):
                self.kill_pod(name, pod.name)
            wait_until(lambda: not there(), 90, f"the namespace {name} is gone")

    def kill_pod(self, namespace: str, name: str) -> None:
        """If it is still there."""
        try:
            self.core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
        except client.ApiException as error:
            if error.status != 404:
                raise


def wait_until(holds: Callable[[], Any], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s it is not so that {what}")
        time.sleep(0.3)


# Containers as processes of this machine ---


def processes(container: str) -> list[int]:
    """The processes of a container, the first one first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if container in (entry / "cgroup").read_text():
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


def root_mount_options(pid: int) -> Sequence[str]:
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[4] == "/":
            return fields[5].split(",")
    return ()


def read(container: str, path: str) -> str:
    """A file as the container's first process sees it."""
    return Path(f"/proc/{processes(container)[0]}/root{path}").read_text()


def kill_container(container: str) -> None:
    """As a crash does: from outside, since nothing inside can kill the first process."""
    os.kill(processes(container)[0], signal.SIGKILL)

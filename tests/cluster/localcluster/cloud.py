# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cloud adds to a cluster: addresses for LoadBalancer Services and volumes for claims. A process beside the control plane."""

from __future__ import annotations

import ipaddress
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .api import Api, Object
from .base import TOOL, say
from .processes import Part

PROVISIONER = "livestream.srs/local-cluster"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"

STORAGE_CLASS: Object = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": PROVISIONER,
}


def address_of(service: Object) -> str | None:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return next((entry["ip"] for entry in ingress if "ip" in entry), None)


def wants_address(service: Object) -> bool:
    """As a cloud's controller sees it: a class means that another controller is asked, a deleted one wants nothing."""
    spec = service["spec"]
    deleted = "deletionTimestamp" in service["metadata"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not deleted and not address_of(service)


def next_address(network: str, services: Iterable[Object]) -> str | None:
    """The lowest address of the network that no Service has; if it has one address only, all share that."""
    hosts = [str(address) for address in ipaddress.ip_network(network).hosts()]
    taken = {address_of(service) for service in services} if len(hosts) > 1 else set()
    return next((address for address in hosts if address not in taken), None)


def wants_volume(claim: Object) -> bool:
    spec = claim["spec"]
    pending = claim.get("status", {}).get("phase") == "Pending"
    return pending and not spec.get("volumeName") and spec.get("storageClassName") == STORAGE_CLASS["metadata"]["name"]


def volume_for(claim: Object, folder: Path) -> Object:
    metadata, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{metadata['uid']}"
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **{key: metadata[key] for key in ("namespace", "name", "uid")}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": spec["resources"]["requests"],
            "accessModes": spec["accessModes"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": str(folder / name)},
            "claimRef": reference,
        },
    }


def part(name: str, addresses: str, api: Api) -> Part:
    """The process that is the cloud of the cluster `name`."""
    command = (sys.executable, str(TOOL), "cloud", "--name", name, "--addresses", addresses)
    storage_class = f"/apis/storage.k8s.io/v1/storageclasses/{STORAGE_CLASS['metadata']['name']}"
    return Part("cloud", command, ready=lambda: api.exists(storage_class), interpreted=True)


class Cloud:
    def __init__(self, api: Api, folder: Path, addresses: str) -> None:
        self.api = api
        self.addresses = addresses
        self.volumes = folder / "volumes"

    def give_addresses(self, services: list[Object]) -> None:
        for service in filter(wants_address, services):
            address = next_address(self.addresses, services)
            if not address:
                raise OSError(f"all addresses of {self.addresses} are in use")
            metadata = service["metadata"]
            status = {"loadBalancer": {"ingress": [{"ip": address}]}}
            self.api.patch(f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}/status", {"status": status})
            service["status"] = status
            say(f"{metadata['namespace']}/{metadata['name']} has the address {address}")

    def give_volumes(self, claims: list[Object]) -> None:
        for claim in filter(wants_volume, claims):
            volume = volume_for(claim, self.volumes)
            place = Path(volume["spec"]["hostPath"]["path"])
            place.mkdir(parents=True, exist_ok=True)
            # Nobody changes the owner of such a volume for the pod's user, so everybody may write.
            place.chmod(0o777)
            self.api.create("/api/v1/persistentvolumes", volume)

    def take_volumes(self, volumes: list[Object]) -> None:
        for volume in volumes:
            metadata = volume["metadata"]
            ours = metadata.get("annotations", {}).get(PROVISIONED_BY) == PROVISIONER
            if ours and volume.get("status", {}).get("phase") == "Released":
                shutil.rmtree(volume["spec"]["hostPath"]["path"], ignore_errors=True)
                self.api.delete(f"/api/v1/persistentvolumes/{metadata['name']}")

    def run(self) -> None:
        self.api.create("/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
        duties = {
            "/api/v1/services": self.give_addresses,
            "/api/v1/persistentvolumeclaims": self.give_volumes,
            "/api/v1/persistentvolumes": self.take_volumes,
        }
        threads = [threading.Thread(target=self._follow, args=duty) for duty in duties.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _follow(self, path: str, act: Callable[[list[Object]], None]) -> None:
        """Act on the whole list, again after each change. Lists are small here, and a whole list can't miss anything."""
        while True:
            try:
                answer = self.api.get(path)
                act(answer["items"])
                next(self.api.watch(path, answer["metadata"]["resourceVersion"]), None)
            except (OSError, ValueError) as error:
                say(f"{path}: {error}")
                time.sleep(1)

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets an address or a volume from the cloud, and which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcluster import cloud

NETWORK = "198.51.100.0/24"


def service(address: str | None = None, *, deleted: bool = False, **spec: Any) -> cloud.Object:
    status = {"loadBalancer": {"ingress": [{"ip": address}]} if address else {}}
    metadata = {"namespace": "live", "name": "edge", **({"deletionTimestamp": "now"} if deleted else {})}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer", **spec}, "status": status}


@pytest.mark.parametrize(
    ("candidate", "wants"),
    [
        (service(), True),
        (service("198.51.100.1"), False),
        (service(type="ClusterIP"), False),
        (service(loadBalancerClass="example.com/other"), False),
        (service(deleted=True), False),
    ],
)
def test_who_wants_an_address(candidate: cloud.Object, wants: bool) -> None:
    assert cloud.wants_address(candidate) is wants


def test_the_lowest_free_address_is_next() -> None:
    taken = [service("198.51.100.1"), service(), service("198.51.100.3"), service("203.0.113.9")]
    assert cloud.next_address(NETWORK, taken) == "198.51.100.2"
    assert cloud.next_address(NETWORK, [service(f"198.51.100.{number}") for number in range(1, 255)]) is None


def test_services_share_the_address_of_a_node_that_has_only_one() -> None:
    assert cloud.next_address("172.18.0.2/32", [service("172.18.0.2")]) == "172.18.0.2"


class Recorder:
    """Stands in for the API server: notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []

    def patch(self, path: str, body: cloud.Object) -> None:
        self.told.append(("PATCH", path, body))

    def create(self, path: str, body: cloud.Object) -> None:
        self.told.append(("POST", path, body))

    def delete(self, path: str) -> None:
        self.told.append(("DELETE", path, None))


def test_services_of_one_list_get_different_addresses(tmp_path: Path) -> None:
    api = Recorder()
    cloud.Cloud(api, tmp_path, NETWORK).give_addresses([service(), service("198.51.100.1"), service()])  # type: ignore[arg-type]
    given = [body["status"]["loadBalancer"]["ingress"][0]["ip"] for _method, _path, body in api.told]
    assert given == ["198.51.100.2", "198.51.100.3"]
    assert api.told[0][:2] == ("PATCH", "/api/v1/namespaces/live/services/edge/status")


def claim(phase: str = "Pending", storage_class: str = "standard", **spec: Any) -> cloud.Object:
    wanted = {"storageClassName": storage_class, "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"metadata": {"namespace": "live", "name": "hls", "uid": "u1"}, "spec": wanted, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("candidate", "wants"),
    [(claim(), True), (claim("Bound"), False), (claim(storage_class="nfs"), False), (claim(volumeName="pv-1"), False)],
)
def test_who_wants_a_volume(candidate: cloud.Object, wants: bool) -> None:
    assert cloud.wants_volume(candidate) is wants


def test_a_volume_lives_as_long_as_its_claim(tmp_path: Path) -> None:
    api = Recorder()
    ours = cloud.Cloud(api, tmp_path, NETWORK)  # type: ignore[arg-type]
    ours.give_volumes([claim()])
    ((_method, _path, volume),) = api.told
    folder = Path(volume["spec"]["hostPath"]["path"])
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o777
    assert volume["spec"]["claimRef"]["uid"] == "u1"

    volume["status"] = {"phase": "Bound"}
    ours.take_volumes([volume])
    assert folder.is_dir()
    volume["status"] = {"phase": "Released"}
    somebody_elses = {**volume, "metadata": {"name": "pv-2"}}
    ours.take_volumes([somebody_elses, volume])
    assert not folder.exists()
    assert [entry for entry in api.told if entry[0] == "DELETE"] == [("DELETE", "/api/v1/persistentvolumes/pvc-u1", None)]

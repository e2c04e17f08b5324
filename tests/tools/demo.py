# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology of the local inventory on a local Kubernetes: `make demo`. With a stream on it where programs can run."""

from __future__ import annotations

import json
import subprocess
import sys

import yaml
from places import ROOT

sys.path.insert(0, str(ROOT / "tests/cluster"))

from localcluster.choose import choose
from localcluster.cluster import Cluster
from localcluster.images import server_for
from localcluster.registry import Store

DEFAULT = yaml.safe_load((ROOT / "roles/srs_common/defaults/main.yml").read_text())["srs_image"]
CLUSTER_TOOL = ("python", "tests/cluster")
INVENTORY = ("-i", "inventories/local")
SITE = ("ansible-playbook", "playbooks/site.yml", *INVENTORY)
STATUS = ("ansible-playbook", "playbooks/status.yml", *INVENTORY)
OF_THE_TOPOLOGY = {"kubeconfig": "{{ srs_kubeconfig }}", "namespace": "{{ srs_namespace }}"}
IS_LIVE = {**OF_THE_TOPOLOGY, "wait_for": [{"stream": "/live/livestream"}], "wait_timeout": 60}
WAIT = ("ansible", "local", *INVENTORY, "-m", "livestream.srs.srs_cluster_status", "-a", json.dumps(IS_LIVE))

STREAMS = "demo-publisher"
"""A file in the cluster's folder. The local inventory has a stream published while this file is there; it goes away with the cluster."""

MORE = """
To change the topology: edit inventories/local/group_vars/all.yml, then
    . .venv/bin/activate
    ansible-playbook playbooks/site.yml -i inventories/local{image} --check --diff
    ansible-playbook playbooks/site.yml -i inventories/local{image}
To look with kubectl:  eval "$(python tests/cluster env)"
To remove it all:      make clean
"""
ON_AIR = """
A test picture is on the air. Open a playing URL from above in a player on this machine: `ffplay URL`, or VLC's "Open Network Stream".
The addresses belong to this machine; from another one, for HTTP-FLV: ssh -L 8080:ADDRESS:8080 THIS-MACHINE, then http://localhost:8080/live/livestream.flv
"""
NOTHING_RUNS = """
The nodes are simulated: the objects are real, and no program runs in the pods, so the URLs answer nothing.
What a real node needs is said at the top.
"""


def main() -> int:
    cluster = Cluster("default")
    run(*CLUSTER_TOOL, "up", "--nodes", "auto")
    made_here = choose(cluster.name).kind == "local"
    streams = made_here and cluster.settings().nodes == "real"
    if streams:
        run(*CLUSTER_TOOL, "encoder-image", quiet=True)
        (cluster.folder / STREAMS).touch()
    image = ("-e", f"srs_image={there}") if streams and (there := server_for(DEFAULT, Store().names())) != DEFAULT else ()
    run(*SITE, *image)
    if streams:
        say("Waiting for the test picture")
        run(*WAIT, quiet=True)
        run(*STATUS)
        say(ON_AIR)
    elif made_here:
        say(NOTHING_RUNS)
    say(MORE.format(image="".join(f" {word}" for word in image)))
    return 0


def run(*command: str, quiet: bool = False) -> None:
    """Run a command of this checkout; if it fails, that is the end, with what it said."""
    result = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE if quiet else None, text=True)
    if result.returncode:
        say(result.stdout or "")
        sys.exit(result.returncode)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

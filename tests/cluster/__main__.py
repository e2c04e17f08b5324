# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes on this machine, for the demo and the tests: `python3 tests/cluster VERB`. See README.md beside this file."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from localcluster import images, programs, registry
from localcluster.base import ClusterError, say
from localcluster.choose import choose
from localcluster.cluster import Cluster


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, *, of_a_cluster: bool = True) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        if of_a_cluster:
            added.add_argument("--name", default="default", help="which cluster (default: %(default)s)")
        return added

    up = verb("up", "make the cluster, or repair it, or leave it alone if all is well")
    up.add_argument("--nodes", choices=("simulated", "real"), help="simulated nodes run no programs (default: as it is, else simulated)")
    up.add_argument("--node-count", type=int, metavar="N", help="simulated nodes (default: as it is, else 3)")
    verb("down", "remove the cluster and all that belongs to it")
    verb("status", "tell what runs; exit status 1 unless all is well")
    verb("kubeconfig", "print the path of the kubeconfig")
    verb("env", "print shell commands that set KUBECONFIG and PATH")
    build = verb("programs", "build the programs that are missing", of_a_cluster=False)
    names = ",".join(programs.PROGRAMS)
    build.add_argument("--only", type=lambda only: only.split(","), default=programs.SIMULATED, metavar="NAMES", help=f"out of {names}")
    load = verb("load-image", "let real nodes pull the images of archives", of_a_cluster=False)
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="docker save, or OCI")
    verb("cloud", "give addresses and volumes; `up` starts this by itself")
    verb("registry", "serve the images; `up` starts this by itself", of_a_cluster=False)
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.verb == "programs":
        unknown = [name for name in given.only if name not in programs.PROGRAMS]
        if unknown:
            raise ClusterError(f"no such program: {', '.join(unknown)}; there are {', '.join(programs.PROGRAMS)}")
        for path in programs.ensure(given.only).values():
            sys.stdout.write(f"{path}\n")
        return 0

    if given.verb == "load-image":
        for name in images.load(given.archives):
            sys.stdout.write(f"{name}\n")
        return 0
    if given.verb == "registry":
        registry.serve("127.0.0.1").serve_forever()

    cluster = Cluster(given.name)
    choice = choose(given.name)
    if given.verb == "up":
        say(choice.why)
        if choice.kind == "local":
            cluster.up(given.nodes, given.node_count)
    elif given.verb == "down":
        cluster.down()
    elif given.verb == "status":
        say(choice.why)
        return 0 if choice.kind == "given" or cluster.status() else 1
    elif given.verb == "kubeconfig":
        sys.stdout.write(f"{choice.kubeconfig}\n")
    elif given.verb == "env":
        sys.stdout.write(f"export KUBECONFIG={shlex.quote(choice.kubeconfig)}\n")
        if choice.kind == "local":
            sys.stdout.write(f'export PATH={shlex.quote(str(programs.path("kubectl").parent))}:"$PATH"\n')
    elif given.verb == "cloud":
        cluster.give()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ClusterError as error:
        say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; run it again to go on, or `down` to remove what was started")
        sys.exit(130)

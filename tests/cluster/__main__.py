# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes on this machine, for the demo and the tests: `python3 tests/cluster VERB`. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from pathlib import Path

from localcluster import box, images, programs, registry
from localcluster.api import Api
from localcluster.base import ClusterError, cluster_folder, say
from localcluster.choose import choose
from localcluster.cloud import Cloud
from localcluster.cluster import Cluster
from localcluster.kind import Kind
from localcluster.remote import Remote


def cluster_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: use up to 32 lower-case letters, digits and dashes")
    return text


def node_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 100")
    return int(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, *, of_a_cluster: bool = False) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        if of_a_cluster:
            added.add_argument("--name", type=cluster_name, default="default", help="which cluster (default: %(default)s)")
        return added

    up = verb("up", "make the cluster, or repair it, or leave it alone if all is well", of_a_cluster=True)
    up.add_argument(
        "--nodes",
        choices=("simulated", "real", "auto"),
        help="simulated nodes run no programs; auto: a real node if root and an image of SRS are there (default: as it is, else simulated)",
    )
    up.add_argument("--node-count", type=node_count, metavar="N", help="simulated nodes (default: as it is, else 3)")
    verb("down", "remove the cluster and all that belongs to it", of_a_cluster=True)
    verb("status", "tell what runs; exit status 1 unless all is well", of_a_cluster=True)
    verb("kubeconfig", "print the path of the kubeconfig", of_a_cluster=True)
    verb("env", "print shell commands that set KUBECONFIG and PATH", of_a_cluster=True)
    verb("check", "tell whether a real node with SRS can be made; if not, exit status 1, and the reason and what helps on stdout")
    verb("images", "print the images that real nodes can pull")
    load = verb("load-image", "let real nodes pull the images of archives, and print their names")
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="what `docker save` writes, or OCI")
    pull = verb("pull-image", "let real nodes pull an image, fetched from its registry")
    pull.add_argument("names", nargs="+", type=registry.Name.parse, metavar="NAME")
    build = verb("programs", "build the programs that are missing, and print their paths")
    names = ",".join(programs.PROGRAMS)
    build.add_argument("--only", type=lambda only: only.split(","), default=programs.SIMULATED, metavar="NAMES", help=f"out of {names}")
    verb("ffmpeg", "print a folder with ffmpeg and ffprobe, fetched from Debian's packages")
    verb("encoder-image", "let real nodes pull an encoder, made from Debian's ffmpeg, and print its name")
    verb("redis-image", "let real nodes pull redis, made from Debian's package, and print its name")
    serve = verb("cloud", "give addresses and volumes; `up` starts this by itself", of_a_cluster=True)
    serve.add_argument("--addresses", required=True)
    verb("registry", "serve the images; `up` starts this by itself")
    return parser.parse_args()


def up(given: argparse.Namespace) -> None:
    choice = choose(given.name)
    say(choice.why)
    if choice.kind == "given" and not any(Path(path).is_file() for path in choice.kubeconfig.split(os.pathsep)):
        raise ClusterError(f"KUBECONFIG names {choice.kubeconfig}, and there is no such file: unset it to have a cluster made")
    if choice.kind == "kind":
        Kind(given.name).up()
    if choice.kind != "local":
        return
    nodes = given.nodes
    if nodes == "auto":
        os.environ.setdefault("SRS_IMAGE_ARCHIVE", "auto")
        reason = obstacle()
        nodes = "simulated" if reason else "real"
        say(f"the nodes are simulated, so nothing will stream: {reason}" if reason else "a real node, where SRS runs")
    Cluster(given.name).up(nodes, given.node_count)


def down(given: argparse.Namespace) -> None:
    """Whatever KUBECONFIG says: only what was made here is removed."""
    kind = Kind(given.name)
    if choose(given.name, ignore_given=True).kind == "kind" and kind.exists():
        kind.down()
    else:
        Cluster(given.name).down()


def status(given: argparse.Namespace) -> bool:
    choice = choose(given.name)
    say(choice.why)
    if choice.kind == "given":
        return True
    return Kind(given.name).status() if choice.kind == "kind" else Cluster(given.name).status()


def env(given: argparse.Namespace) -> None:
    choice = choose(given.name)
    put(f"export KUBECONFIG={shlex.quote(choice.kubeconfig)}")
    if choice.kind == "local":
        put(f'export PATH={shlex.quote(str(programs.path("kubectl").parent))}:"$PATH"')


def obstacle() -> str | None:
    return box.obstacle() or images.obstacle(os.environ)


def build(names: list[str]) -> None:
    unknown = [name for name in names if name not in programs.PROGRAMS]
    if unknown:
        raise ClusterError(f"no such program: {', '.join(unknown)}; there are {', '.join(programs.PROGRAMS)}")
    put(*programs.ensure(names).values())


def put(*lines: object) -> None:
    """To stdout, for other programs."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main() -> int:
    given = arguments()
    match given.verb:
        case "up":
            up(given)
        case "down":
            down(given)
        case "status":
            return 0 if status(given) else 1
        case "kubeconfig":
            put(choose(given.name).kubeconfig)
        case "env":
            env(given)
        case "check":
            if reason := obstacle():
                put(reason)
                return 1
        case "images":
            put(*registry.Store().names())
        case "load-image":
            put(*images.load(given.archives))
        case "pull-image":
            for name in given.names:
                Remote(name).pull(registry.Store(), images.architecture())
        case "programs":
            build(given.only)
        case "ffmpeg":
            put(images.ffmpeg())
        case "encoder-image":
            images.ensure_encoder()
            put(images.ENCODER)
        case "redis-image":
            images.ensure_redis()
            put(images.REDIS)
        case "cloud":
            folder = cluster_folder(given.name)
            Cloud(Api(folder / "kubeconfig"), folder, given.addresses).run()
        case "registry":
            registry.serve("127.0.0.1").serve_forever()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ClusterError, OSError) as error:
        say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; run it again to go on, or `down` to remove what was started")
        sys.exit(130)

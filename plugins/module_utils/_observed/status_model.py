# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a topology's status: each field with its type, its unit, and when it is null.

The status is JSON wherever it is used - a module's result, the input of a filter, what JMESPath searches - so its types are
TypedDicts: the checked form is the form that users see, and nothing is converted. ``make docs`` writes
``docs/status-report.schema.json``, the RETURN of ``srs_cluster_status`` and tables of ``docs/status.md`` from this file.
Null stands for what is not known, never for a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

SCHEMA_VERSION: Literal[1] = 1
"""Grows when a released field changes its meaning or goes away."""


@dataclass(frozen=True)
class Doc:
    """What a field means: one sentence, its unit, and the end of the sentence ``Null if ...`` where it may be null."""

    text: str
    unit: str = ""
    null: str = ""
    returned: str = "always"
    """When ``srs_cluster_status`` returns it."""
    sample: str = ""


@dataclass(frozen=True)
class Constraint:
    """What JSON Schema says about a value beside its type."""

    keyword: str
    value: str | int


Count = Annotated[int, Constraint("minimum", 0)]
Time = Annotated[str, Constraint("format", "date-time")]

# Words

PodState = Literal["starting", "ready", "not_ready", "draining"]
State = Literal["starting", "ready", "silent", "not_ready", "draining"]
STATES: dict[State, str] = {
    "starting": "Not ready yet, and nothing has failed: it waits for a node, an image, or its containers.",
    "ready": "Ready: it takes new clients.",
    "silent": "Ready, but its HTTP API gave no answer. Only servers can be silent; Kubernetes counts their pods as ready.",
    "not_ready": "Not ready, for the reason given.",
    "draining": "Being stopped: it takes no new clients, and serves those that it has until they leave or its grace period ends.",
}
"""What a pod or a server is, in one word, from the pods to the page."""

Component = Literal["origin", "edge"]
Action = Literal["publish", "play"]
UrlProtocol = Literal["rtmp", "flv", "hls"]
PortProtocol = Literal["rtmp", "flv", "hls", "api", "exporter"]
Severity = Literal["error", "warning"]
ErrorKind = Literal[
    "not_running", "api_disabled", "timeout", "dns_error", "unreachable", "connection_refused", "connection_reset", "connection_closed",
    "tls_error", "proxy_error", "rate_limited", "unauthorized", "not_found", "http_error", "srs_error", "invalid_response",
]  # fmt: skip

_NO_ANSWER = "the server did not answer"
_NOBODY_TELLS = "no server tells"
_SILENCE = "SRS does not tell"
_NO_PUBLISHER = "no publisher is known"
_NO_RATE = "SRS has none yet, as in the first 40 s"
_CHECKSUM_UNKNOWN = "its annotations do not tell"
_LIMIT_UNKNOWN = "neither its pod nor a readable srs.conf tells"


# What Kubernetes says


class Pod(TypedDict):
    """A pod of a Deployment or StatefulSet."""

    name: Annotated[str, Doc("Name of the pod.")]
    workload: Annotated[str, Doc("Name of the Deployment or StatefulSet that it belongs to.")]
    state: Annotated[PodState, Doc("Its state in one word.")]
    ready: Annotated[bool, Doc("Whether Kubernetes counts it as ready.")]
    draining: Annotated[bool, Doc("Whether it is being stopped; it may still serve the clients that it has.")]
    node: Annotated[str | None, Doc("Name of its node.", null="no node has been chosen yet")]
    ip: Annotated[str | None, Doc("Its address inside the Kubernetes cluster.", null="it has none yet")]
    phase: Annotated[str | None, Doc("Its phase, in Kubernetes' word.", null="Kubernetes has not set one yet")]
    image: Annotated[str | None, Doc("Image of its SRS container, or of its first one if SRS is not in it.", null="the pod names none")]
    digest: Annotated[
        str | None, Doc("Digest of the image that this container runs, C(sha256:) first.", null="its node tells none that a registry has")
    ]
    restarts: Annotated[Count, Doc("How often its containers were restarted.")]
    reason: Annotated[str | None, Doc("Why it is not ready, in Kubernetes' word.", null="it is ready or draining")]
    message: Annotated[str | None, Doc("Why it is not ready, as a sentence.", null="Kubernetes gives no more than the reason")]
    created: Annotated[Time | None, Doc("When it was created, in UTC (RFC 3339).", null="the pod does not tell")]
    config_checksum: Annotated[str | None, Doc("Checksum of the srs.conf that it was started with.", null=_CHECKSUM_UNKNOWN)]
    config_taken: Annotated[
        bool | None,
        Doc(
            "Whether its server is known to have taken what its srs.conf holds, as by a reload.",
            null="the file is not one of those that a ConfigMap keeps for each revision, or ConfigMaps were not read",
        ),
    ]


class Workload(TypedDict):
    """A Deployment or StatefulSet."""

    name: Annotated[str, Doc("Name of the workload.")]
    kind: Annotated[Literal["Deployment", "StatefulSet"], Doc("Its kind.")]
    desired: Annotated[Count, Doc("Replicas that it should have.")]
    ready: Annotated[Count, Doc("Replicas that are ready.")]
    updated: Annotated[Count, Doc("Replicas of the newest pod template.")]
    complete: Annotated[bool, Doc("Whether exactly the desired replicas run, all of the newest pod template, all ready.")]
    images: Annotated[dict[str, str], Doc("Images by name of the container.")]
    config_map: Annotated[str | None, Doc("Name of the ConfigMap that holds its srs.conf.", null="none is mounted")]
    config_file: Annotated[str | None, Doc("File name of its srs.conf.", null="it does not come from a ConfigMap")]
    api_port: Annotated[Count | None, Doc("Port of the HTTP API, from the container's ports.", null="they do not name it")]
    max_connections: Annotated[
        Count | None, Doc("Connections that a server may have, from the container's environment.", null="it is not set there")
    ]
    config_checksum: Annotated[str | None, Doc("Checksum of the srs.conf in its pod template.", null=_CHECKSUM_UNKNOWN)]
    refused: Annotated[
        str | None, Doc("Why no new pod can be made, in the API server's words, such as a quota.", null="nothing is known to refuse them")
    ]
    deleting: Annotated[str | None, Doc("That it was deleted and is still there, and what holds it.", null="it was not deleted")]
    events: Annotated[list[str], Doc("The last warnings about it and its pods while it is not complete, newest last.")]


class Cluster(TypedDict):
    """The workloads of one edge cluster, of the origins, or of HLS."""

    desired: Annotated[Count, Doc("Replicas that it should have; a workload that was deleted counts for nothing here.")]
    ready: Annotated[Count, Doc("Replicas that are ready.")]
    updated: Annotated[Count, Doc("Replicas of the newest pod template.")]
    complete: Annotated[bool, Doc("Whether all of its workloads are complete, but for those that were deleted.")]
    workloads: Annotated[list[Workload], Doc("Its Deployments and StatefulSets, a canary among them.")]
    pods: Annotated[list[Pod], Doc("The pods of its workloads.")]


class Port(TypedDict):
    """A port of a Service."""

    port: Annotated[Count, Doc("Its number.")]
    protocol: Annotated[
        PortProtocol | None,
        Doc("What it speaks: `flv` is HTTP-FLV, `exporter` metrics.", null="neither its name nor its number tells"),
    ]
    tls: Annotated[bool, Doc("Whether it speaks TLS, be it that of the load balancer or of nginx.")]
    node_port: Annotated[Count | None, Doc("The same port on each node.", null="there is none")]


class Service(TypedDict):
    """A Service of the topology."""

    name: Annotated[str, Doc("Name of the Service.")]
    component: Annotated[str, Doc("`origin`, `hls` or `edge`; empty if its labels do not tell.")]
    cluster: Annotated[str, Doc("Name of the cluster that it belongs to.")]
    type: Annotated[str, Doc("Its type, such as `ClusterIP` or `LoadBalancer`.")]
    cluster_ip: Annotated[str | None, Doc("Its address inside the Kubernetes cluster.", null="it has none")]
    host: Annotated[str, Doc("Its name inside the Kubernetes cluster.")]
    https_host: Annotated[str | None, Doc("Host name that its certificate is for.", null="it has no certificate")]
    flv: Annotated[bool, Doc("Whether its HTTPS port serves HTTP-FLV besides HLS.")]
    addresses: Annotated[list[str], Doc("IP addresses and host names of its load balancer, and its external IPs.")]
    ports: Annotated[list[Port], Doc("Its ports.")]
    ready_endpoints: Annotated[Count | None, Doc("Ready pods behind it.", null="EndpointSlices may not be read")]
    deleting: Annotated[str | None, Doc("That it was deleted and is still there, and what holds it.", null="it was not deleted")]


class Url(TypedDict):
    """Where to publish to, or to play from."""

    action: Annotated[Action, Doc("What it is for.")]
    cluster: Annotated[str, Doc("Name of the cluster that it leads to.")]
    component: Annotated[str, Doc("`origin`, `hls` or `edge`.")]
    protocol: Annotated[UrlProtocol, Doc("Its protocol; `flv` is HTTP-FLV.")]
    url: Annotated[str, Doc("The URL.", sample="rtmp://203.0.113.1/live/livestream")]
    public: Annotated[bool, Doc("Whether the address is a load balancer's; if not, only pods of the Kubernetes cluster reach it.")]


class Config(TypedDict):
    """What the srs.conf in a ConfigMap says."""

    checksum: Annotated[str, Doc("Checksum of its text.")]
    max_connections: Annotated[Count | None, Doc("Connections that a server may have.", null="it cannot be parsed")]
    api_enabled: Annotated[bool | None, Doc("Whether `http_api` is on.", null="it cannot be parsed")]
    api_port: Annotated[Count | None, Doc("Port of the HTTP API.", null="the API is off, or its port is not known")]
    features: Annotated[
        list[str] | None, Doc("What of it release advisories look at, in their words, such as `http_flv`.", null="it cannot be parsed")
    ]


class Objects(TypedDict):
    """What Kubernetes' objects say."""

    origins: Annotated[dict[str, Cluster], Doc("Origins, by name of their cluster; the proxies of SRS 7 are a cluster of their own.")]
    hls: Annotated[dict[str, Cluster], Doc("Workloads that serve HLS alone, by name of their cluster; empty if nginx runs beside SRS.")]
    edges: Annotated[dict[str, Cluster], Doc("Edge clusters, by name.")]
    services: Annotated[list[Service], Doc("Services: origin first, then HLS, then edge clusters.")]
    urls: Annotated[list[Url], Doc("Where to publish to and to play from; none of a Service that was deleted.")]


class KubernetesSide(Objects):
    """All that is known before a server is asked."""

    namespace: Annotated[str, Doc("Namespace of the topology.")]
    topology: Annotated[str, Doc("Name of the topology.")]
    time: Annotated[Time, Doc("When it was read, in UTC (RFC 3339).", sample="2026-01-31T12:00:00Z")]
    configs: Annotated[dict[str, Config], Doc("What the srs.conf of each ConfigMap says, by name; empty without `read_servers`.")]


# What the servers say


class Server(TypedDict):
    """An SRS server, that is a pod of an origin or an edge cluster."""

    name: Annotated[str, Doc("Name of its pod.")]
    component: Annotated[Component, Doc("What it is.")]
    cluster: Annotated[str, Doc("Name of its cluster.")]
    state: Annotated[State, Doc("Its state in one word.")]
    ip: Annotated[str | None, Doc("Address of its pod.", null="it has none yet")]
    ready: Annotated[bool, Doc("Whether Kubernetes counts its pod as ready.")]
    draining: Annotated[bool, Doc("Whether its pod is being stopped; it may still serve the clients that it has.")]
    answered: Annotated[bool, Doc("Whether it answered everything that it was asked.")]
    error_kind: Annotated[
        ErrorKind | None, Doc("Why it did not answer, as one word; see C(docs/status.md) for what each means.", null="it answered")
    ]
    error: Annotated[str | None, Doc("Why it did not answer, as a sentence.", null="it answered")]
    version: Annotated[str | None, Doc("Version of SRS.", null=_NO_ANSWER)]
    uptime_seconds: Annotated[int | None, Doc("How long it has been running.", "seconds", null=_NO_ANSWER)]
    cpu_percent: Annotated[float | None, Doc("Its use of CPU.", "percent of one core", null=_NO_ANSWER)]
    memory_kib: Annotated[int | None, Doc("The most memory that it has used.", "KiB", null=_NO_ANSWER)]
    connections: Annotated[
        int | None, Doc("Connections of players, publishers and other servers, and of those who ask the HTTP API.", null=_NO_ANSWER)
    ]
    max_connections: Annotated[
        int | None, Doc("Connections that it may have, from its pod's environment or its srs.conf.", null=_LIMIT_UNKNOWN)
    ]
    connections_percent: Annotated[
        float | None, Doc("Connections in use.", "percent of `max_connections`", null="one of the two is not known")
    ]
    clients: Annotated[Count | None, Doc("Players, publishers and other servers that are connected.", null=_NO_ANSWER)]
    kbps_in: Annotated[int | None, Doc("What clients send, over 30 seconds.", "kbit/s", null=f"{_NO_ANSWER}, or {_NO_RATE}")]
    kbps_out: Annotated[int | None, Doc("What clients are sent, over 30 seconds.", "kbit/s", null=f"{_NO_ANSWER}, or {_NO_RATE}")]


class Publisher(TypedDict):
    """Who publishes a stream, once, although each server on its way to the origin lists it."""

    server: Annotated[str | None, Doc("Server that it publishes to.", null="the servers do not tell")]
    origin: Annotated[str, Doc("Server where the stream arrives.")]
    forwarded: Annotated[bool, Doc("Whether these are two servers.")]
    id: Annotated[str | None, Doc("Id of the client at `server`.", null="`server` did not answer")]
    ip: Annotated[str | None, Doc("Address that it comes from.", null="`server` did not answer")]
    type: Annotated[str | None, Doc("Type of the client, as SRS names it.", null="`server` did not answer")]
    live_seconds: Annotated[float | None, Doc("How long it has been publishing.", "seconds", null=_SILENCE)]


class Pull(TypedDict):
    """A connection by which one server gets a stream from another."""

    server: Annotated[str, Doc("Server that is pulled from.")]
    edge: Annotated[str | None, Doc("Server that pulls.", null="its address does not tell, as behind a proxy of SRS 7")]
    cluster: Annotated[str | None, Doc("Cluster of the server that pulls.", null="that server is not known")]
    id: Annotated[str | None, Doc("Id of the client at `server`.", null=_SILENCE)]
    live_seconds: Annotated[float | None, Doc("How long it has been connected.", "seconds", null=_SILENCE)]
    send_bytes: Annotated[int | None, Doc("What it has been sent.", "bytes", null="the version of SRS does not tell")]


class StreamOnServer(TypedDict):
    """One stream as one server has it."""

    server: Annotated[str, Doc("Name of the server.")]
    cluster: Annotated[str, Doc("Its cluster.")]
    component: Annotated[Component, Doc("What the server is.")]
    active: Annotated[bool | None, Doc("Whether the server says that it is published.", null="it only lists clients of the stream")]
    has_media: Annotated[bool | None, Doc("Whether the server has seen video or audio.", null="it only lists clients of the stream")]
    players: Annotated[Count, Doc("Players on this server.")]
    longest_player_seconds: Annotated[float | None, Doc("How long the oldest of them has been there.", "seconds", null="there are none")]
    kbps_in: Annotated[int | None, Doc("What arrives, over 30 seconds.", "kbit/s", null=f"{_SILENCE}, or {_NO_RATE}")]
    kbps_out: Annotated[int | None, Doc("What is sent, over 30 seconds.", "kbit/s", null=f"{_SILENCE}, or {_NO_RATE}")]


class Stream(TypedDict):
    """A stream that is published, or that clients ask for, on all servers."""

    vhost: Annotated[str, Doc("Name of its vhost.")]
    app: Annotated[str, Doc("Name of its app.")]
    stream: Annotated[str, Doc("Name of the stream.")]
    url: Annotated[str, Doc("`/app/stream`, which together with the vhost identifies it.")]
    live: Annotated[bool | None, Doc("Whether it is published.", null="an origin did not answer")]
    publishers: Annotated[list[Publisher], Doc("Its publishers.")]
    live_seconds: Annotated[float | None, Doc("How long it has been published.", "seconds", null=_NO_PUBLISHER)]
    video: Annotated[dict[str, Any] | None, Doc("Codec, profile, level, width and height, as SRS names them.", null="it has no video")]
    audio: Annotated[dict[str, Any] | None, Doc("Codec, sample rate, channels and profile, as SRS names them.", null="it has no audio")]
    fps: Annotated[float | None, Doc("Frames of video.", "frames per second", null="the version of SRS does not tell")]
    frames: Annotated[int | None, Doc("Frames of video that have arrived at the origin.", null=_NO_PUBLISHER)]
    kbps_in: Annotated[
        int | None, Doc("What arrives from the publisher, over 30 seconds.", "kbit/s", null=f"{_NO_PUBLISHER}, or {_NO_RATE}")
    ]
    kbps_out: Annotated[
        int | None,
        Doc(
            "What players are sent, over 30 seconds.", "kbit/s", null=f"a server with players does not tell, or {_NO_RATE}, or nobody plays"
        ),
    ]
    players: Annotated[
        Count, Doc("Players on all servers; servers that pull are not players, and those who fetch HLS from nginx are not seen.")
    ]
    players_by_server: Annotated[dict[str, Count], Doc("The same by name of the server.")]
    players_by_protocol: Annotated[
        dict[str, Count], Doc("The same by protocol: `rtmp`, `flv`, `hls`, `rtc`, `srt`, or `unknown` (SRS 3 and 4 do not always tell).")
    ]
    pulls: Annotated[list[Pull], Doc("Connections by which servers get it from one another.")]
    pull_not_merged: Annotated[
        bool | None, Doc("Whether an edge pulls it more than once.", null="no edge pulls it, or too few servers answer")
    ]
    playable: Annotated[bool | None, Doc("Whether its media goes out to players.", null="it cannot be told")]
    servers: Annotated[list[StreamOnServer], Doc("What each server says of it, origins first.")]


class Unjudged(KubernetesSide):
    """All that is known, before it is judged."""

    servers: Annotated[list[Server], Doc("The SRS servers; empty without `read_servers`.")]
    streams: Annotated[list[Stream], Doc("Streams that are published or that clients ask for; empty without `read_servers`.")]


# What is wrong

Verdict = Literal[
    "not_ready",
    "not_deleted",
    "no_lb_address",
    "no_endpoints",
    "no_answer",
    "origin_unreachable",
    "published_not_playable",
    "pull_not_merged",
    "near_capacity",
    "stale_config",
    "mixed_versions",
    "bad_release",
]


class Verdicts(TypedDict):
    """A flag for each verdict: true if something is wrong, false if not, null if it is not known."""

    not_ready: Annotated[bool, Doc("A workload lacks replicas, or runs older ones beside the new.")]
    not_deleted: Annotated[bool, Doc("A workload or Service was deleted and is still there.")]
    no_lb_address: Annotated[bool, Doc("A Service of type LoadBalancer has no address.")]
    no_endpoints: Annotated[bool | None, Doc("No ready pod is behind a Service.", null="EndpointSlices may not be read")]
    no_answer: Annotated[bool | None, Doc("A server that is not draining gave no answer.", null="no server was asked")]
    origin_unreachable: Annotated[
        bool | None,
        Doc(
            "An edge has had players of a stream for more than 5 s and pulls it from no server, or what is published to an edge reaches no "
            "origin.",
            null=_NOBODY_TELLS,
        ),
    ]
    published_not_playable: Annotated[
        bool | None,
        Doc(
            "Media of a publisher arrives, and each player and edge at that server has been there for 10 s or more without getting more "
            "than a handshake (seen with SRS 6.0.157; kick the publisher).",
            null=_NOBODY_TELLS,
        ),
    ]
    pull_not_merged: Annotated[
        bool | None, Doc("An edge pulls a stream more than once, which it should not, however many players it has.", null="no edge pulls")
    ]
    near_capacity: Annotated[
        bool | None,
        Doc("A server uses 80 % (`near_capacity`) or more of its `max_connections`.", null="no server tells its connections and its limit"),
    ]
    stale_config: Annotated[
        bool | None,
        Doc(
            "A pod was started with another srs.conf than its ConfigMap holds now, by their checksums, or its server has not been seen to "
            "reload it.",
            null="no checksums are known",
        ),
    ]
    mixed_versions: Annotated[bool | None, Doc("The servers that answer run several versions of SRS.", null=_NOBODY_TELLS)]
    bad_release: Annotated[
        bool | None,
        Doc(
            "A server runs a release of SRS that is known for a fault which matters for it; see C(docs/releases.md).",
            null=_NOBODY_TELLS,
        ),
    ]


class Problem(TypedDict):
    """One thing that is wrong."""

    verdict: Annotated[Verdict, Doc("The verdict that it belongs to.")]
    severity: Annotated[Severity, Doc("How bad it is.")]
    object: Annotated[str, Doc("Cluster, workload, Service, server or stream that has it.")]
    message: Annotated[str, Doc("What is wrong, and what to do.")]


# Judgement and Status have the same two fields: a TypedDict with two bases does not pass ansible-test's pylint.
_VerdictsField = Annotated[Verdicts, Doc("A flag for each verdict: true if something is wrong, false if not, null if it is not known.")]
_ProblemsField = Annotated[list[Problem], Doc("What is wrong, errors first.")]


class Judgement(TypedDict):
    """What is wrong: as flags for scripts, as sentences for people."""

    verdicts: _VerdictsField
    problems: _ProblemsField


# The whole


class Status(Unjudged):
    """The status of a topology."""

    verdicts: _VerdictsField
    problems: _ProblemsField


class Returned(Status):
    """What srs_cluster_status returns."""

    summary: Annotated[list[str], Doc("The status as lines to print.")]
    query_result: Annotated[Any, Doc("What `query` found.", returned="when O(query) is given")]
    missing: Annotated[list[str], Doc("What is still missing, a line for each thing.", returned="when a wait times out")]


class HostStatus(Status):
    """The status of the topology on one host of the inventory."""

    host: Annotated[str, Doc("Name of the host in the inventory.")]


class Report(TypedDict):
    """What playbooks/status.yml writes with srs_report=FILE.json. Null stands for what is not known, never for a guess."""

    schema_version: Annotated[Literal[1], Doc("Version of this form; it grows when a field changes its meaning or goes away.")]
    hosts: Annotated[list[HostStatus], Doc("One for each host of the inventory, that is for each Kubernetes cluster.")]

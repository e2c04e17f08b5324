# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and other fixed names in the objects of a topology, and the name under which this collection owns fields of them."""

from __future__ import annotations

# The field manager, the value of the label managed-by, and the tool that an apply set's record names.
OWNER = "livestream.srs"

# https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"

# https://kubernetes.io/docs/reference/labels-annotations-taints/
CHANGE_CAUSE = "kubernetes.io/change-cause"
REVISION = "deployment.kubernetes.io/revision"
EARLIER_REVISIONS = "deployment.kubernetes.io/revision-history"
POD_TEMPLATE_HASH = "pod-template-hash"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# An object that is to be left alone for now; the value says why.
HOLD = "livestream.srs/hold"
# On the Lease that is a topology's lock: which process holds it.
PROCESS = "livestream.srs/process"
# On the objects of a canary, with the value CANARY.
TRACK, CANARY = "livestream.srs/track", "canary"
# The container that SRS runs in, which tells a server's pod from a proxy's.
SRS_CONTAINER = "srs"

# On a ConfigMap: the keys of its revisions, newest first.
CONFIG_KEYS = "livestream.srs/config-keys"
# How often the text under each key was changed, where it was: KEY=COUNT,...
CONFIG_CHANGES = "livestream.srs/config-changes"
# On pods: checksums of the configs that they were started with, and the reload that is awaited of them or that they have made.
CONFIG_CHECKSUM = "livestream.srs/config-checksum"
RESTART_CHECKSUM = "livestream.srs/restart-checksum"
NGINX_CONFIG_CHECKSUM = "livestream.srs/nginx-config-checksum"
RELOAD = "livestream.srs/reload"
# On the Service of HLS: the host name that its certificate is for, and that it passes on HTTP-FLV.
HOST = "livestream.srs/host"
FLV = "livestream.srs/flv"

# How the name of a Service's port ends whose TLS ends at the load balancer.
TLS_SUFFIX = "-tls"

# The name of a set of objects begins with the topology's, and must be a DNS label.
TOPOLOGY_LENGTH = 63 - len("-edge-canary")

# Not on objects: an environment variable, by which the tasks of one run of Ansible share a folder.
RUN_FOLDER = "LIVESTREAM_SRS_RUN_FOLDER"


def owned_by_topology(topology: str, component: str = "") -> str:
    """The label selector of a topology's objects, or of one component's: ``origin``, ``edge``, ``hls``."""
    of_component = f",{COMPONENT}={component}" if component else ""
    return f"{MANAGED_BY}={OWNER},{PART_OF}={topology}{of_component}"

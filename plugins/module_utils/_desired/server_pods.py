# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the pods of a server can start as they are described: their mounts, and the addresses at which they listen."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ansible_collections.livestream.srs.plugins.module_utils._desired.server import CONFIG_FOLDER, Server
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.effects import INSTALLED

PROGRAM = "./objs/srs"  # where the images of SRS have it


def check(server: Server) -> Iterator[str]:
    """What is wrong with them, as sentences that name the variable, the value and the way out."""
    ours = getattr(server, "own_config", True)
    yield from _mounts(server, ours)
    if ours:
        yield from _addresses(server)


def _mounts(server: Server, ours: bool) -> Iterator[str]:
    """Whether the server, and its config if it is ``ours``, are still there under the user's own mounts."""
    program = posixpath.normpath(posixpath.join(INSTALLED, server.command[0] if server.command else PROGRAM))
    own = [posixpath.normpath(str(mount.get("mountPath", ""))) for mount in server.extra_volume_mounts]
    for path in dict.fromkeys(own):
        said = f"{server.variable('extra_volume_mounts')} has {path}"
        if program.startswith(path.rstrip("/") + "/"):
            config = server.variable("config")
            yield f"{said}, which hides {program}, the server itself: mount it somewhere else, and name that folder in {config}."
        elif ours and path.startswith(f"{CONFIG_FOLDER}/"):
            yield f"{said}, but {CONFIG_FOLDER} is read-only and has no place for it: mount it somewhere else."


def _addresses(server: Server) -> Iterator[str]:
    """Whether a pod can listen where its config says, and is reached there."""
    for listener in server.listeners:
        if not (listener.is_local or listener.is_any or server.host_network):
            where = server.config_variable(listener.path)
            yield f"{where} is '{listener.endpoint}', but no pod has that address, and the server does not start: give the port alone."
    rtmp = [listener for listener in server.listeners if listener.directive == "listen"]
    if rtmp and all(listener.is_local for listener in rtmp):
        where = server.config_variable(rtmp[0].path)
        yield f"{where} is '{rtmp[0].endpoint}', where nobody outside of the pod can come: give the port alone."

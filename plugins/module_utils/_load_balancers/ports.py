# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of a Service, as far as load balancers care."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# The protocol of a port whose TLS ends at the load balancer; to Kubernetes it is TCP.
TLS = "TLS"


@dataclass(frozen=True)
class Port:
    """``protocol`` is TCP, UDP or ``TLS``."""

    number: int
    protocol: str = "TCP"
    name: str = ""


def ports_of(given: Iterable[int | Mapping[str, Any]]) -> tuple[Port, ...]:
    """Ports from those of a Service's spec; a number alone is a TCP port."""
    written: list[Mapping[str, Any]] = [port if isinstance(port, Mapping) else {"port": port} for port in given]
    return tuple(Port(int(port["port"]), port.get("protocol", "TCP"), port.get("name", "")) for port in written)


def facts(options: Mapping[str, Any], ports: Collection[Port]) -> dict[str, bool]:
    """What the tables' rules may ask besides options, see ``model.FACTS``; what doesn't hold is left out."""
    udp = {port.number for port in ports if port.protocol == "UDP"}
    others = {port.number for port in ports if port.protocol != "UDP"}
    found = {
        "udp": udp,
        "only_udp": udp and not others,
        "tcp_udp": udp & others,
        "ipv6_ranges": any(":" in network for network in options.get("source_ranges", ())),
    }
    return {name: True for name, holds in found.items() if holds}

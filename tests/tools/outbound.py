# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command where it can reach nobody but itself, and names every packet that would have left the machine: `outbound.py COMMAND...`

The command has a network of its own: loopback, and a default route that leads nowhere and is listened to. Exit status: that of the command,
or 3 where it ended well and packets would have left.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

OUTSIDE = 3
IPV4 = 0x0800
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP"}
NETWORK = """
ip link set lo up
ip link add out type veth peer name nowhere
echo 1 > /proc/sys/net/ipv6/conf/out/disable_ipv6
echo 1 > /proc/sys/net/ipv6/conf/nowhere/disable_ipv6
ip address add 192.0.2.1/32 dev out
ip link set out arp off up
ip link set nowhere up
ip route add default dev out
"""


def enter() -> list[str]:
    """What to put before the command for a network of its own."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--net", "--", sys.executable, str(Path(__file__).resolve()), "--inside"]


def obstacle() -> str | None:
    """Why there can't be such a network here."""
    try:
        done = subprocess.run([*enter(), "true"], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no program `unshare`"
    return (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else None


def described(packet: bytes) -> str:
    """Protocol, destination and port of an IPv4 packet; of a question to a name server the name."""
    size = (packet[0] & 15) * 4
    protocol, address = PROTOCOLS.get(packet[9], str(packet[9])), socket.inet_ntoa(packet[16:20])
    if protocol not in ("TCP", "UDP"):
        return f"{protocol} {address}"
    (port,) = struct.unpack("!H", packet[size + 2 : size + 4])
    asked = f", which was asked for {_name(packet[size + 20 :])}" if (protocol, port) == ("UDP", 53) else ""
    return f"{protocol} {address}:{port}{asked}"


def _name(question: bytes) -> str:
    words, rest = [], question
    while rest and rest[0]:
        words.append(rest[1 : rest[0] + 1].decode(errors="replace"))
        rest = rest[rest[0] + 1 :]
    return ".".join(words)


def watch(listener: socket.socket, found: Counter[str], ended: threading.Event) -> None:
    """Count what goes out until the end is told and nothing more comes."""
    while True:
        try:
            packet, about = listener.recvfrom(65535)
        except TimeoutError:
            if ended.is_set():
                return
            continue
        if about[2] == socket.PACKET_OUTGOING:
            found[described(packet) if about[1] == IPV4 else f"protocol {about[1]:#06x}"] += 1


def inside(command: list[str]) -> int:
    """Run the command, once the network is there."""
    subprocess.run(["sh", "-e", "-c", NETWORK], check=True)
    found: Counter[str] = Counter()
    ended = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as listener:
        listener.bind(("out", 0))
        listener.settimeout(0.2)
        listening = threading.Thread(target=watch, args=(listener, found, ended))
        listening.start()
        try:
            status = subprocess.run(command, check=False).returncode
        finally:
            ended.set()
            listening.join()
    for packet, count in found.most_common():
        print(f"outbound: {count} x {packet}", file=sys.stderr)
    print(f"outbound: {sum(found.values())} packets would have left the machine", file=sys.stderr)
    return status or (OUTSIDE if found else 0)


def main() -> int:
    given = sys.argv[1:]
    if given[:1] == ["--inside"]:
        return inside(given[1:])
    if not given:
        sys.exit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        return subprocess.run([*enter(), *given], check=False).returncode
    return 130


if __name__ == "__main__":
    sys.exit(main())

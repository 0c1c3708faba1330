"""No test reaches beyond this machine: what the test process itself sends elsewhere is refused and fails the test."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
RESOLVES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
OWN_NAMES = ("", "localhost", socket.gethostname())

refused: list[str] = []


class NetworkRefused(Exception):
    """A test tried to reach another machine."""


def only() -> None:
    """Refuse every connection, datagram and look-up of a name that leaves this machine (PEP 578 audit events)."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CONNECTS and isinstance(arguments[1], tuple):  # another socket than IPv4 or IPv6 has no tuple
        host = arguments[1][0]
    elif event in RESOLVES:
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        refused.append(f"{event} {host}")
        raise NetworkRefused(f"a test may not reach {host}; only this machine's loopback addresses")


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host or ""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in OWN_NAMES
    return address.is_loopback or address.is_unspecified

"""The sandbox's DNS with records of a test, and every resolver of this process asking it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import checkdmarc.utils  # type: ignore[import-untyped]  # ships no types
import dns.resolver
import pytest
from dns.nameserver import Do53Nameserver

from sandbox.dns import Names, Rr
from sandbox.dns_server import DnsServer


def records(text: str) -> list[Rr]:
    """Read lines of "name TYPE value"; empty ones and those that begin with "#" are left out."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [Rr(name, kind, 60, value) for name, kind, value in (line.split(" ", 2) for line in lines)]


@contextmanager
def serving(text: str) -> Iterator[int]:
    """Serve records and give the port."""
    names = Names([], lambda token: None)
    names.publish(records(text))
    server = DnsServer(names.ask)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def ask_only(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our look-ups, and those of any library that uses dnspython, go to one port of this machine alone."""

    def configure(resolver: dns.resolver.Resolver, _: object = None) -> None:
        resolver.nameservers = [Do53Nameserver("127.0.0.1", port)]

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", configure)
    monkeypatch.setattr(dns.resolver, "default_resolver", dns.resolver.Resolver())
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", f"127.0.0.1:{port}")
    checkdmarc.utils.DNS_CACHE.clear()

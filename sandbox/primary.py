"""A zone that a real name server on this machine holds: its records are transferred whenever DNS is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.dns import Rr


class Primary:
    """One zone at a name server that allows transfers from this machine."""

    def __init__(self, zone: str, servers: Sequence[str], port: int) -> None:
        """Take the zone's name servers as the delegation names them, and the port of the real one on 127.0.0.1."""
        self._zone, self._servers, self._port = zone, tuple(servers), port

    def zones(self) -> Mapping[str, Sequence[str]]:
        """Give the zone and its name servers."""
        return {self._zone: self._servers}

    def published(self, zone: str) -> Sequence[Rr]:
        """Transfer the zone (RFC 5936) and give its records, without its SOA and its own NS."""
        import dns.query
        import dns.rdatatype
        import dns.zone

        found = dns.zone.Zone(f"{zone}.", relativize=False)
        dns.query.inbound_xfr("127.0.0.1", found, port=self._port, timeout=2, lifetime=5)
        records = []
        for name, rdataset in found.iterate_rdatasets():
            kind, owner = dns.rdatatype.to_text(rdataset.rdtype), name.to_text(omit_final_dot=True).lower()
            if kind != "SOA" and not (kind == "NS" and owner == zone):
                records += [Rr(owner, kind, rdataset.ttl, _value(kind, item)) for item in rdataset]
        return records


def _value(kind: str, item: Any) -> str:
    if kind == "TXT":
        return b"".join(item.strings).decode()
    return str(item.to_text()).removesuffix(".").lower()

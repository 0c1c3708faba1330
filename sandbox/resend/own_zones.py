"""The zones of Resend's own that its customers' records point to, as a DNS host of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.dns import AMAZONSES_SPF, Rr
from sandbox.resend.records import INBOUND, NETWORK_HOSTS, OWN_NETWORK, TRACKING

NAME_SERVERS = ("ns1.resend.test", "ns2.resend.test")
# All mail of the sandbox comes from this machine, Resend's as SES's.
ADDRESS = "127.0.0.1"


class OwnZones:
    """Resend's zones (see sandbox.dns.Hosted): the sending network, where tracked links lead, and inbound mail."""

    def __init__(self) -> None:
        network = [f"send.{OWN_NETWORK}", *(f"{host}.{OWN_NETWORK}" for host in NETWORK_HOSTS.values())]
        self._published = {
            "rmta.net": [
                *(Rr(name, "TXT", 300, AMAZONSES_SPF) for name in network),
                *(Rr(name, "MX", 300, f"10 feedback-smtp.{OWN_NETWORK}") for name in network),
                *(Rr(name, "A", 300, ADDRESS) for name in (*network, f"feedback-smtp.{OWN_NETWORK}")),
            ],
            "resend-dns.com": [Rr(TRACKING, "A", 300, ADDRESS)],
            "resend.com": [Rr(INBOUND, "A", 300, ADDRESS)],
        }

    def zones(self) -> Mapping[str, Sequence[str]]:
        """Give the zones and their name servers."""
        return dict.fromkeys(self._published, NAME_SERVERS)

    def published(self, zone: str) -> Sequence[Rr]:
        """Give what the name servers answer for a zone."""
        return self._published.get(zone, [])

"""The DNS records that Resend asks for.

Names of sending records are relative to the registrable domain, so that mail.example.com gets `send.mail`
(resend.com/docs/knowledge-base/cloudflare); those for receiving and tracking are absolute, as in the vendor's samples.
TXT values carry quotes, the CNAME values of sending records a final dot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList  # type: ignore[import-untyped,unused-ignore]

REGIONS = ("us-east-1", "eu-west-1", "sa-east-1", "ap-northeast-1")
SELECTOR = "resend"
SPF = "v=spf1 include:amazonses.com ~all"
OWN_NETWORK = "forge.rmta.net"
# How the regions are called in Resend's own network (names in public zones, autumn of 2026).
NETWORK_HOSTS = {
    "us-east-1": "rsend", "eu-west-1": "rsend-euw1", "sa-east-1": "rsend-sae1", "ap-northeast-1": "rsend-apne1",
}  # fmt: skip
INBOUND, TRACKING = "inbound-mx.resend.com", "links1.resend-dns.com"
SENDING = ("SPF", "DKIM")


@dataclass
class Record:
    """A record that is asked for, and what is known of it; `host` is its absolute name, times are epoch seconds."""

    record: str
    type: str
    host: str
    name: str
    value: str
    priority: int | None = None
    status: str = "not_started"
    asked_at: float = 0.0
    seen_at: float = 0.0

    @property
    def plain(self) -> str:
        """Give the value as DNS has it, without the quotes and the final dot of the API."""
        return self.value.strip('"') if self.type == "TXT" else self.value.rstrip(".")

    @property
    def identity(self) -> tuple[str, str, str]:
        """Give what makes it this record and no other."""
        return self.type, self.host, self.value

    def shown(self) -> dict[str, Any]:
        """Write it as the API does."""
        names = ("record", "name", "type", "ttl", "status", "value", "priority")
        values = {**vars(self), "ttl": "Auto"}
        return {name: values[name] for name in names if values[name] is not None}


def registrable(domain: str) -> str | None:
    """Give the domain that can be registered; None for a public suffix. Private suffixes such as is-a.dev are none."""
    found = _suffixes().privatesuffix(domain)
    return str(found) if found else None


def sending(domain: str, region: str, generation: str, return_path: str, key: str) -> list[Record]:
    """List the records for sending; `key` is the text of the DKIM record."""
    path, apex = f"{return_path}.{domain}", registrable(domain) or domain

    def record(use: str, kind: str, host: str, value: str, priority: int | None = None) -> Record:
        return Record(use, kind, host, host.removesuffix(f".{apex}"), value, priority)

    dkim = record("DKIM", "TXT", f"{SELECTOR}._domainkey.{domain}", f'"{key}"')
    if generation == "A":
        feedback = f"feedback-smtp.{region}.amazonses.com"
        return [record("SPF", "MX", path, feedback, 10), record("SPF", "TXT", path, f'"{SPF}"'), dkim]
    # No source has the label of these CNAMEs, nor what `rsend` is called beside another return path.
    network_host = f"{NETWORK_HOSTS[region]}.{OWN_NETWORK}."
    return [
        dkim,
        record("SPF", "CNAME", path, f"send.{OWN_NETWORK}."),
        record("SPF", "CNAME", f"rsend.{domain}", network_host),
    ]


def receiving(domain: str) -> list[Record]:
    """List the records for receiving."""
    return [Record("Receiving", "MX", domain, domain, INBOUND, 10)]


def tracking(domain: str, subdomain: str) -> list[Record]:
    """List the records for the tracking of opens and clicks; one for CAA is not played."""
    host = f"{subdomain}.{domain}"
    return [Record("Tracking", "CNAME", host, host, TRACKING)]


def kept(new: Iterable[Record], old: Iterable[Record]) -> list[Record]:
    """Put in the place of new records the old ones that are the same, so that what is known of them stays."""
    known = {record.identity: record for record in old}
    return [known.get(record.identity, record) for record in new]


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True)

"""A zone whose records are made by hand: the kit lists them, and people publish them."""

from __future__ import annotations

from mailstack.dns.records import RecordSet
from mailstack.errors import VendorError
from mailstack.model import Model

from .base import Access, DnsHost, HostClient


class ManualKeys(Model):
    """A zone whose records are made by hand has no keys."""


def check(record: RecordSet) -> None:
    """Allow every record set: the host is not known."""


def client(access: Access) -> HostClient:
    """Raise VendorError: there is nothing to ask."""
    raise VendorError("the records of this zone are made by hand (host: manual), so that its host cannot be asked")


HOST = DnsHost(
    name="manual",
    title="records made by hand",
    keys=ManualKeys,
    secrets=None,
    keeps_marks=False,
    publishes=False,
    check=check,
    client=client,
)

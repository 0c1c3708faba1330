"""A DNS host in memory, and SES and IAM in memory: what the plugin's own tests ask and write to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mailstack.dns import conflicts
from mailstack.dns.changes import Change, ExistingRecord, content, edit
from mailstack.dns.records import RecordSet
from mailstack.errors import VendorError
from providers.aws import AwsAccount
from providers.dns.base import Access, DnsHost, HostedZone, WholeZone
from providers.dns.manual import ManualKeys
from providers.smtp.ses_client import Existing, Kind, Ses

ZONE = HostedZone("Z1", "example.com", ("ns1.host.example", "ns2.host.example"))


@dataclass
class FakeHost:
    """A DNS host; `meanwhile` is called at each step: "zones", "existing", "write" (before) and "written" (after)."""

    name: str = "route53"
    title: str = "Fake DNS"
    keeps_marks: bool = False
    publishes: bool = True
    lists_zones: bool = True
    hosted: list[HostedZone] = field(default_factory=lambda: [ZONE])
    records: list[ExistingRecord] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    meanwhile: Callable[[str], None] = lambda step: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def declaration(self) -> DnsHost:
        return DnsHost(
            name=self.name,
            title=self.title,
            keys=ManualKeys,
            secrets=None,
            keeps_marks=self.keeps_marks,
            publishes=self.publishes,
            check=self.check,
            client=self.client,
        )

    def check(self, record: RecordSet) -> None:
        """Allow every record set."""

    def client(self, access: Access) -> FakeHost:
        self.accesses.append(access)
        return self

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        self.asked.append(("zones", *sorted(names)))
        self.meanwhile("zones")
        return list(self.hosted)

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        self.asked.append(("existing", zone.id, *sorted(names)))
        self.meanwhile("existing")
        if self.lists_zones:
            return WholeZone(self.records)
        return [record for record in self.records if not names or record.name in names]

    def write(self, zone: HostedZone, change: Change) -> None:
        self.meanwhile("write")
        with self.lock:
            self._write(change)
        self.meanwhile("written")

    def _write(self, change: Change) -> None:
        there = [record for record in self.records if record.name == change.name]
        conflicts.check(there, change)
        wanted = edit(there, change)
        self.changes.append(change)

        def kept(record: ExistingRecord) -> bool:
            return (record.name, record.type) != (change.name, change.type) or record.content not in wanted.removed

        self.records = [record for record in self.records if kept(record)]
        self.records += [
            ExistingRecord(change.name, change.type, content(change.type, value), wanted.ttl) for value in wanted.added
        ]
        if wanted.has_new_ttl:
            self.records = [
                replace(record, ttl=wanted.ttl) if (record.name, record.type) == (change.name, change.type) else record
                for record in self.records
            ]

    def plant(self, name: str, record_type: str, *contents: str, ttl: int = 300, mark: str = "") -> None:
        """Add values as somebody else does."""
        self.records += [ExistingRecord(name, record_type, each, ttl, mark) for each in contents]

    def remove(self, name: str, *contents: str) -> None:
        """Remove values as somebody else does."""
        self.records = [record for record in self.records if record.name != name or record.content not in contents]

    def values(self, name: str, record_type: str = "TXT") -> dict[str, int]:
        """Return the TTLs of what exists, by content."""
        return {
            record.content: record.ttl for record in self.records if (record.name, record.type) == (name, record_type)
        }


class FakeSes(Ses):
    """AWS in memory: marks by kind and name; `refused` are errors by kind."""

    def __init__(self) -> None:
        super().__init__(AwsAccount(), "eu-west-1")
        self.things: dict[Kind, dict[str, str]] = {"identity": {}, "configurationSet": {}, "user": {}}
        self.refused: dict[Kind, VendorError] = {}
        self.asked: list[tuple[str, ...]] = []

    def names(self, kind: Kind, path: str = "/") -> list[str]:
        self.asked.append(("list", kind, path))
        if kind in self.refused:
            raise self.refused[kind]
        return list(self.things[kind])

    def existing(self, kind: Kind, name: str) -> Existing | None:
        self.asked.append(("get", kind, name))
        if kind in self.refused:
            raise self.refused[kind]
        mark = self.things[kind].get(name)
        return None if mark is None else Existing(f"arn:{name}", mark)


def table(*hosts: FakeHost) -> Mapping[str, DnsHost]:
    """Return the table of DNS hosts that the plugin is given."""
    return {host.name: host.declaration() for host in hosts}

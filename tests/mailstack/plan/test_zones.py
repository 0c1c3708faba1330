"""Each record goes to the longest zone that contains it, and what that zone or its host would refuse is told."""

from __future__ import annotations

from typing import Any

from mailstack.catalog import Catalog
from mailstack.dns.records import RecordSet
from mailstack.errors import RecordError
from mailstack.plan import plan, require
from providers import catalog

from .made import errors, planned, settings

CLOUDFLARE = {"host": "cloudflare"}


def test_records_go_to_the_longest_zone_that_contains_them() -> None:
    """Zones of one stack may be at different hosts, and one zone at several while it moves."""
    dns = {"example.com": CLOUDFLARE, "b.example.com": {"hosts": ["route53", "manual"]}, "unused.example": CLOUDFLARE}
    found = require(planned({"a.example.com": {}, "b.example.com": {}}, dns))
    assert {one.domain: (one.zone, one.hosts) for one in found.records} == {
        "a.example.com": ("example.com", ("cloudflare",)),
        "b.example.com": ("b.example.com", ("route53", "manual")),
    }
    assert found.zones == {"example.com": ("cloudflare",), "b.example.com": ("route53", "manual")}


def test_a_pending_record_goes_to_the_zone_of_its_known_end() -> None:
    """A zone of its own for the keys of a domain is found before the names of the keys are known."""
    written = settings({"a.example.com": {}})
    dns = {**written.dns, "_domainkey.a.example.com": written.dns["example.com"]}
    found = require(plan(written.model_copy(update={"dns": dns}), catalog()))
    zones = {one.type: one.zone for one in found.records}
    assert zones == {"TXT": "example.com", "CNAME": "_domainkey.a.example.com", "MX": "example.com"}


def test_a_record_outside_every_zone_is_told_with_its_key() -> None:
    """A provider may ask for a record at a name of its choice."""
    outside = Catalog({"ses": Elsewhere()}, catalog().hosts)  # type: ignore[dict-item]  # its slots are all that is asked
    assert errors(planned({"a.example.com": {}}, {"example.com": CLOUDFLARE}, outside)) == [
        'zone-missing: mailstack:domains["a.example.com"].routes.main: TXT key.example.net is in no zone of '
        "mailstack:dns (example.com); add the zone that contains it"
    ]


class Elsewhere:
    """A provider that asks for a record outside the domain."""

    spf = ""

    def slots(self, domain: Any, route: Any) -> Any:
        """Ask for it."""
        from mailstack.catalog import Slot

        return [Slot("key", "key.example.net", "TXT", ("k",), "key")]


def test_a_name_that_ends_in_its_zone_twice_is_told() -> None:
    """It is what panels make of a full name."""
    also = [{"name": "x.example.com.example.com", "type": "TXT", "values": ["a"]}]
    assert errors(planned({"example.com": {"records": {"also": also}}})) == [
        'zone-twice: mailstack:domains["example.com"].records.also[0]: x.example.com.example.com ends in the zone '
        "example.com twice: write x.example.com"
    ]


def test_what_a_host_refuses_is_told_with_its_key() -> None:
    """Cloudflare stores TXT of at most 2,048 characters in a record; the whole sentence is the host's."""
    also = [{"name": "@", "type": "TXT", "values": ["x" * 5000]}]
    domains = {"example.com": {"records": {"also": also}}}
    [error] = errors(planned(domains))
    assert error.startswith('host-refuses: mailstack:domains["example.com"].records.also[0]: TXT record example.com: ')
    assert error.endswith('; example.com is at Cloudflare (mailstack:dns["example.com"])')
    assert errors(planned(domains, {"example.com": {"host": "manual"}})) == []


def test_a_host_is_asked_about_pending_records_too() -> None:
    """TTL and the known part of name and value are final before the provider has spoken."""
    seen: list[RecordSet] = []

    def check(record: RecordSet) -> None:
        seen.append(record)
        if record.type == "CNAME":
            raise RecordError(f"{record.type} record {record.name}: not today")

    picky: Any = type("Picky", (), {"name": "cloudflare", "title": "Picky", "check": staticmethod(check)})
    found = planned(
        {"example.com": {"dmarc": "off", "ttl": 77}}, vendors=Catalog(catalog().providers, {"cloudflare": picky})
    )
    assert [error.partition(": ")[0] for error in errors(found)] == ["host-refuses"]
    assert {record.ttl for record in seen} == {77}
    assert {record.name for record in seen} == {"x._domainkey.example.com", "bounce.example.com"}


def test_a_name_that_dns_refuses_is_told() -> None:
    """A name has at most 253 octets (RFC 1035 section 2.3.4): the name of a key is longer than its domain's."""
    domain = f"{'.'.join(['a' * 57] * 4)}.example.com"
    [error] = errors(planned({domain: {"dmarc": "off", "sends": False}}))
    assert error.startswith(f'record-invalid: mailstack:domains["{domain}"].sends: a name has at most 253 octets')

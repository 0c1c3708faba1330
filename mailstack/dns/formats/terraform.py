"""Records as Terraform resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from mailstack.dns.formats.base import APEX, ZoneRecord, absolute
from mailstack.dns.records import Mx
from mailstack.dns.txt import escaped

_RESOURCES = {
    "A": "dns_a_record_set",
    "AAAA": "dns_aaaa_record_set",
    "CNAME": "dns_cname_record",
    "MX": "dns_mx_record_set",
    "TXT": "dns_txt_record_set",
}


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    """Write records as resources of hashicorp/dns (registry.terraform.io/providers/hashicorp/dns).

    Of the published providers it is the one that is no vendor's: one resource per record set, in the words of DNS, and
    it writes to any server that takes dynamic updates (RFC 2136). A zone at Cloudflare or Route 53 needs no file: there
    the stack publishes itself. A TTL that the host chooses is the provider's default, an hour.
    """
    lines = [
        f"# Mail records of {zone}, for the provider hashicorp/dns:",
        '# terraform { required_providers { dns = { source = "hashicorp/dns" } } }',
    ]
    used: set[str] = set()
    for record in records:
        lines += ["", *_resource(record, zone, _label(record, used))]
    return "\n".join(lines) + "\n"


def _resource(record: ZoneRecord, zone: str, label: str) -> Iterator[str]:
    if record.purpose:
        yield f"# {record.purpose}"
    yield f'resource "{_RESOURCES[record.type]}" "{label}" {{'
    arguments = _arguments(record, zone)
    width = max(map(len, arguments))
    for name, value in arguments.items():  # aligned as `terraform fmt` does it
        yield f"  {name:{width}} = {value}"
    for mx in record.values:
        if isinstance(mx, Mx):
            yield from ("", "  mx {", f"    preference = {mx.preference}")
            yield from (f"    exchange   = {_quoted(absolute(mx.host))}", "  }")
    yield "}"


def _arguments(record: ZoneRecord, zone: str) -> dict[str, str]:
    arguments = {"zone": _quoted(absolute(zone))}
    if record.relative != APEX:  # the provider names the zone itself by no name at all
        arguments["name"] = _quoted(record.relative)
    if record.ttl is not None:
        arguments["ttl"] = str(record.ttl)
    texts = [text for text in record.values if isinstance(text, str)]
    if record.type == "CNAME":
        arguments["cname"] = _quoted(absolute(texts[0]))
    elif record.type == "TXT":
        # The provider puts a value between the quotes of a zone file, and splits it where it is too long for one.
        arguments["txt"] = f"[{', '.join(_quoted(escaped(text)) for text in texts)}]"
    elif texts:
        arguments["addresses"] = f"[{', '.join(map(_quoted, texts))}]"
    return arguments


def _quoted(text: str) -> str:
    """Write a string of HCL: `${` and `%{` would start a template, and SPF has its macros in `%{`."""
    return re.sub(r"([$%])(?=\{)", r"\1\1", json.dumps(text))


def _label(record: ZoneRecord, used: set[str]) -> str:
    """Name a resource after its record; names that differ only in dots and underscores are numbered."""
    plain = "mail_" + re.sub(r"[^a-z0-9-]", "_", record.name.replace("*", "any")) + "_" + record.type.lower()
    number = 1
    label = plain
    while label in used:
        number += 1
        label = f"{plain}_{number}"
    used.add(label)
    return label

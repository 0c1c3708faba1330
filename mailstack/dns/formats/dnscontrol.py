"""Records as a piece of DNSControl's dnsconfig.js."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mailstack.dns.formats.base import ZoneRecord, absolute
from mailstack.dns.records import Mx


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    """Write records as D_EXTEND, which adds to the zone that the user's own D() defines.

    A long TXT value is one string: DNSControl splits it itself. A TTL that the host chooses is left to DefaultTTL.
    (docs.dnscontrol.org: D_EXTEND, TXT, MX; END ends the list where a comma would be no JavaScript for its engine.)
    """
    lines = [f"// Mail records of {zone}: put them behind D({json.dumps(zone)}, ...) in dnsconfig.js, or require()."]
    lines.append(f"D_EXTEND({json.dumps(zone)},")
    for record in records:
        if record.purpose:
            lines.append(f"  // {record.purpose}")
        lines += [f"  {_call(record, value)}," for value in record.values]
    return "\n".join([*lines, "END);"]) + "\n"


def _call(record: ZoneRecord, value: str | Mx) -> str:
    if isinstance(value, Mx):
        contents = [str(value.preference), json.dumps(absolute(value.host))]
    else:
        contents = [json.dumps(absolute(value) if record.type == "CNAME" else value)]
    ttl = [] if record.ttl is None else [f"TTL({record.ttl})"]
    return f"{record.type}({', '.join([json.dumps(record.relative), *contents, *ttl])})"

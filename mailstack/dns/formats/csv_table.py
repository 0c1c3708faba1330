"""Records as comma-separated values, for spreadsheets and for hosts that import them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from mailstack.dns.formats.base import ZoneRecord, split_mx

COLUMNS = ("name", "relative", "type", "ttl", "priority", "value", "purpose")


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    """Write one line for each value, below a header (RFC 4180: CRLF, quotes doubled).

    Names have no trailing dot, a TXT value is whole and without the quotes of zone files, a TTL that the host chooses
    is empty. The zone is part of the names, so that `zone` itself has no column.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for record in records:
        for value in record.values:
            priority, content = split_mx(value)
            writer.writerow([record.name, record.relative, record.type, record.ttl, priority, content, record.purpose])
    return text.getvalue()

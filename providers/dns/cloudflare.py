"""How Cloudflare keeps DNS records: one object per value, TXT in quoted chunks, names as FQDN without trailing dot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mailstack.records import Mx, RecordError, RecordSet

from .base import StandingRecord

# https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/: 100 characters (free plan).
COMMENT_LIMIT = 100
# https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/: octets of one TXT record.
TXT_LIMIT = 4096


class Cloudflare:
    """Cloudflare's way of writing record sets (API v4, `dns_records`)."""

    def check(self, record: RecordSet) -> None:
        """Refuse TTLs and TXT lengths that the API refuses; raises RecordError."""
        if record.ttl != 1 and not 60 <= record.ttl <= 86400:
            raise RecordError(
                f"{record.type} record {record.name}: Cloudflare takes a TTL of 1 (automatic) or 60 to 86400 seconds, "
                f"not {record.ttl}"
            )
        for value in record.values:
            if record.type == "TXT" and len(str(value)) > TXT_LIMIT:
                raise RecordError(
                    f"TXT record {record.name}: {len(str(value))} characters, Cloudflare takes at most {TXT_LIMIT}"
                )

    def properties(self, record: RecordSet) -> list[dict[str, Any]]:
        """Return one `dns_records` object per value, without zone and comment."""
        return [properties(record.name, record.type, record.ttl, value) for value in record.values]


def properties(name: Any, record_type: str, ttl: int, value: Any) -> dict[str, Any]:
    """Write one record as the API keeps it; `proxied` is off, since a proxied CNAME hides the DKIM key behind it."""
    if isinstance(value, Mx):
        return {
            "name": name, "type": record_type, "ttl": ttl, "content": value.host,
            "priority": value.preference, "proxied": False,
        }  # fmt: skip
    content = quote(value) if record_type == "TXT" else value
    return {"name": name, "type": record_type, "ttl": ttl, "content": content, "proxied": False}


def quote(text: str) -> str:
    r"""Quote a TXT value in strings of at most 255 octets (RFC 1035 section 3.3.14), `\` and `"` escaped."""
    chunks = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + chunk.replace("\\", "\\\\").replace('"', '\\"') + '"' for chunk in chunks)


def unquote(content: str) -> str:
    """Return the text of a TXT content, whether the API holds it quoted in chunks or bare."""
    chunks = re.findall(r'"((?:[^"\\]|\\.)*)"', content)
    if not content.startswith('"') or not chunks:
        return content
    return re.sub(r"\\(.)", r"\1", "".join(chunks))


def mark(owner: str) -> str:
    """Return the record comment that says whose a record is; `owner` is "<project>/<stack>"."""
    return f"mailstack {owner}"[:COMMENT_LIMIT]


def standing(results: Sequence[Mapping[str, Any]]) -> list[StandingRecord]:
    """Read the API's list of `dns_records`; an MX's content becomes "<priority> <host>"."""
    return [_standing(item) for item in results]


def _standing(item: Mapping[str, Any]) -> StandingRecord:
    content = str(item.get("content") or "")
    if item["type"] == "TXT":
        content = unquote(content)
    elif item["type"] == "MX":
        content = f"{int(item.get('priority') or 0)} {content.rstrip('.').lower()}"
    return StandingRecord(
        name=str(item["name"]).rstrip(".").lower(),
        type=str(item["type"]),
        content=content,
        mark=str(item.get("comment") or ""),
        id=str(item.get("id") or ""),
    )

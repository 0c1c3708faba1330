"""How Cloudflare keeps DNS records: one object per value, TXT in quoted chunks, names as FQDN without trailing dot."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from mailstack.dns.records import AUTOMATIC_TTL, Mx, RecordSet
from mailstack.dns.txt import quoted, unquoted
from mailstack.errors import RecordError, VendorError

from .base import HostedZone, StandingRecord

API = "https://api.cloudflare.com/client/v4"
# https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/: 100 characters (free plan).
COMMENT_LIMIT = 100
# https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/: octets of one record's data, and
# characters of all records of one name and type.
WIRE_LIMIT, COMBINED_LIMIT = 4096, 8192
# "List DNS Records" takes up to 5,000,000 records a page, "List Zones" 50 zones.
RECORDS_PAGE, ZONES_PAGE = 5000, 50
_TRIES, _LONGEST_WAIT = 4, 10.0  # seconds; the API allows 1,200 requests in five minutes
_PASSING = (429, 500, 502, 503, 504)


class Cloudflare:
    """One account's zones, seen through the API v4 with a token."""

    def __init__(self, token: str, base_url: str | None = None) -> None:
        """Take an API token (Zone Read, DNS Edit) and, for another server, the API's URL; raises VendorError."""
        if not re.fullmatch(r"[!-~]+", token):  # an HTTP library would show it in its own error
            raise VendorError(
                "the Cloudflare API token holds blanks, line ends or letters outside ASCII; copy it again"
            )
        self._token, self._base = token, (base_url or API).rstrip("/")

    @classmethod
    def from_environment(cls, token: str | None = None) -> Cloudflare:
        """Take what pulumi-cloudflare takes: CLOUDFLARE_API_TOKEN, CLOUDFLARE_BASE_URL; raises VendorError."""
        token = token or os.environ.get("CLOUDFLARE_API_TOKEN")
        if not token:
            raise VendorError("Cloudflare cannot be asked: set CLOUDFLARE_API_TOKEN as for `pulumi up`")
        return cls(token, os.environ.get("CLOUDFLARE_BASE_URL"))

    def check(self, record: RecordSet) -> None:
        """Refuse what the API refuses; raises RecordError."""
        check(record)

    def zone(self, name: str) -> HostedZone:
        """Find a zone by its name; raises VendorError."""
        found = [one for one in self._listed("/zones", {"name": name}, ZONES_PAGE) if one["name"] == name]
        if not found:
            raise VendorError(
                f"Cloudflare shows no zone {name} to this token; add the zone there, or give the token Zone Read on it"
            )
        return _zone(found[0])

    def zone_by_id(self, id: str) -> HostedZone:
        """Return the zone of an id; raises VendorError."""
        with self._client() as client:
            return _zone(self._get(client, f"/zones/{urllib.parse.quote(id, safe='')}", {})["result"])

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List the records of a zone; raises VendorError."""
        path = f"/zones/{urllib.parse.quote(zone.id, safe='')}/dns_records"
        return standing(self._listed(path, {}, RECORDS_PAGE))

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return "<zone id>/<record id>"."""
        return f"{zone.id}/{record.id}"

    def _client(self) -> Any:
        import httpx

        return httpx.Client(headers={"Authorization": f"Bearer {self._token}"}, timeout=30)

    def _listed(self, path: str, query: Mapping[str, str], size: int) -> list[dict[str, Any]]:
        """Gather the pages of a list."""
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        with self._client() as client:
            while page <= pages:
                answer = self._get(client, path, {**query, "page": page, "per_page": size})
                found += answer.get("result") or []
                pages, page = int((answer.get("result_info") or {}).get("total_pages") or 1), page + 1
        return found

    def _get(self, client: Any, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Ask once, or a few times where the API is busy; raises VendorError with Cloudflare's own words."""
        import httpx

        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = client.get(self._base + path, params=dict(query))
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise VendorError(f'"{self._base}" is no address of an API: {error}; set CLOUDFLARE_BASE_URL') from None
            except httpx.HTTPError as error:
                if last:
                    words = str(error) or type(error).__name__
                    raise VendorError(f"Cloudflare does not answer at {self._base}: {words}") from None
                time.sleep(_wait(None, attempt))
                continue
            if answer.status_code in _PASSING and not last:
                time.sleep(_wait(answer.headers.get("Retry-After"), attempt))
                continue
            body = _body(answer.text)
            if not body.get("success"):
                said = _said(body) or f"{answer.status_code} {answer.reason_phrase}"
                raise VendorError(f"Cloudflare refused GET {path}: {said}")
            return body
        raise AssertionError("the last attempt returns or raises")


def check(record: RecordSet) -> None:
    """Refuse TTLs, lengths and targets that the API refuses; raises RecordError."""
    head = f"{record.type} record {record.name}"
    if record.ttl != AUTOMATIC_TTL and not 60 <= record.ttl <= 86400:
        raise RecordError(f"{head}: Cloudflare takes a TTL of 1 (automatic) or 60 to 86400 seconds, not {record.ttl}")
    if record.type == "CNAME" and record.name in record.values:
        raise RecordError(f"{head}: it points to itself; name another target")
    if record.type != "TXT":
        return
    for text in map(str, record.values):
        octets = len(text) + -(-len(text) // 255)  # each string has its length before it
        if octets > WIRE_LIMIT:
            raise RecordError(
                f"{head}: {len(text)} characters make {octets} octets of data, Cloudflare takes at most {WIRE_LIMIT}; "
                "shorten it"
            )
    together = sum(len(quoted(str(value))) for value in record.values)
    if together > COMBINED_LIMIT:
        raise RecordError(
            f"{head}: its {len(record.values)} values have {together} characters together with their quotes, "
            f"Cloudflare takes at most {COMBINED_LIMIT} at one name; remove what is no longer needed"
        )


def properties(name: Any, record_type: str, ttl: Any, value: Any) -> dict[str, Any]:
    """Write one record as the API keeps it; `proxied` is off, since a proxied CNAME hides the DKIM key behind it."""
    if isinstance(value, Mx):
        return {
            "name": name, "type": record_type, "ttl": ttl, "content": value.host,
            "priority": value.preference, "proxied": False,
        }  # fmt: skip
    content = quoted(value) if record_type == "TXT" else value
    return {"name": name, "type": record_type, "ttl": ttl, "content": content, "proxied": False}


def unquote(content: str) -> str:
    """Return the text of a TXT content, whether the API holds it quoted in chunks or bare."""
    text = unquoted(content) if content.startswith('"') else None
    return content if text is None else text


def mark(owner: str) -> str:
    """Return the record comment that says whose a record is; `owner` is "<project>/<stack>"."""
    return f"mailstack {owner}"[:COMMENT_LIMIT]


def standing(results: Sequence[Mapping[str, Any]]) -> list[StandingRecord]:
    """Read a list of `dns_records`, the API's or the provider's; an MX's content becomes "<priority> <host>"."""
    return [_standing(item) for item in results]


def _standing(item: Mapping[str, Any]) -> StandingRecord:
    content = str(item.get("content") or "")
    if item["type"] == "TXT":
        content = unquote(content)
    elif item["type"] == "MX":
        content = f"{int(item.get('priority') or 0)} {content.rstrip('.').lower() or '.'}"
    else:
        content = content.rstrip(".").lower()
    return StandingRecord(
        name=str(item["name"]).rstrip(".").lower(),
        type=str(item["type"]),
        content=content,
        mark=str(item.get("comment") or ""),
        id=str(item.get("id") or ""),
        ttl=int(item["ttl"]) if isinstance(item.get("ttl"), int | float) else 0,
        locked=_locked(item),
    )


def _zone(item: Mapping[str, Any]) -> HostedZone:
    return HostedZone(str(item["id"]), str(item["name"]), tuple(item.get("name_servers") or ()))


def _locked(item: Mapping[str, Any]) -> str:
    """Say why Cloudflare would not let a record be changed, or would take it away again; "" where it is the user's.

    `meta` is an object in the API, JSON text at the provider. Records that Email Routing made stay linked to it even
    when they are unlocked, and go when it is turned off (email-routing/setup/email-routing-dns-records).
    """
    given = item.get("meta")
    meta = _body(given) if isinstance(given, str) else given if isinstance(given, Mapping) else {}
    if meta.get("email_routing"):
        return (
            "Email Routing owns it; leave this name to it, or turn Email Routing off for the zone "
            "(Email > Email Routing > Settings > Disable)"
        )
    if meta.get("read_only") or item.get("locked"):
        return "it is read-only, since another Cloudflare product made it; change it in that product"
    return ""


def _wait(retry_after: str | None, attempt: int) -> float:
    """Return how many seconds to wait: what the API says, else a little longer each time."""
    wanted = float(retry_after) if retry_after and retry_after.isdigit() else 2.0**attempt / 4
    return min(wanted, _LONGEST_WAIT)


def _body(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(body: Mapping[str, Any]) -> str:
    errors = body.get("errors") or []
    details = [detail for one in errors for detail in one.get("error_chain") or []]
    return "; ".join(f"{one.get('message')} ({one.get('code')})" for one in [*errors, *details])

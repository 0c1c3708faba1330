"""Cloudflare: one record per value, TXT in quoted chunks, names as FQDN without trailing dot.

Its records are written by pulumi-cloudflare; the client lists zones and records.
"""

from __future__ import annotations

import json
import os
import re
import time
import urllib.parse
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from mailstack.dns.changes import content
from mailstack.dns.records import AUTOMATIC_TTL, Mx, RecordSet, spelled
from mailstack.dns.txt import quoted, unquoted
from mailstack.errors import Busy, Missing, RecordError, Refused, VendorError
from mailstack.model import Model

from .. import http
from .base import Access, DnsHost, ExistingRecord, HostedZone, WholeZone, zone_id

if TYPE_CHECKING:
    import httpx

API = "https://api.cloudflare.com/client/v4"
# https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/: octets of one record's data, and
# characters of all records of one name and type.
WIRE_LIMIT, COMBINED_LIMIT = 4096, 8192
# "List DNS Records" takes up to 5,000,000 records a page, "List Zones" 50 zones.
RECORDS_PAGE, ZONES_PAGE = 5000, 50
_TRIES, _LONGEST_WAIT = 4, 10.0  # seconds; the API allows 1,200 requests in five minutes
_PASSING = (429, 500, 502, 503, 504)


ZoneId = Annotated[str, zone_id("Cloudflare", r"[0-9a-f]{32}", "copy the 32 hex digits from the zone's overview page")]


class CloudflareKeys(Model):
    """What may be written for a zone at Cloudflare."""

    zone_id: ZoneId | None = None
    """The id of the zone; looked up by name when it is left out."""


class Cloudflare:
    """One account's zones, seen through the API v4 with a token."""

    def __init__(self, access: Access) -> None:
        """Take what pulumi-cloudflare takes: token and URL of its options or of CLOUDFLARE_*; raises VendorError."""
        token = access.package.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN")
        if not token:
            raise Refused(
                "Cloudflare cannot be asked without an API token: set CLOUDFLARE_API_TOKEN as for `pulumi up`"
            )
        if not re.fullmatch(r"[!-~]+", token):  # an HTTP library would show it in its own error
            raise Refused("the Cloudflare API token holds blanks, line ends or letters outside ASCII; copy it again")
        self._token = str(token)
        base = access.package.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or API
        self._base = str(base).rstrip("/")
        self._zone_id = CloudflareKeys.model_validate(access.keys).zone_id

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Find the zones of these names in every account that the token sees; raises VendorError."""
        if self._zone_id:
            return [_zone(self._get(f"/zones/{self._zone_id}", {})["result"])]
        return [zone for name in names for zone in self._zones_of(name)]

    def _zones_of(self, name: str) -> list[HostedZone]:
        """Find the zones of one name, which the API spells in Unicode or in A-labels."""
        for spelling in dict.fromkeys((name, _unicode(name))):
            found = map(_zone, self._listed("/zones", {"name": spelling}, ZONES_PAGE))
            if same := [zone for zone in found if zone.name == name]:
                return same
        return []

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """List all records of a zone; raises VendorError."""
        path = f"/zones/{urllib.parse.quote(zone.id, safe='')}/dns_records"
        return WholeZone(read(self._listed(path, {}, RECORDS_PAGE), zone.name))

    @cached_property
    def _client(self) -> httpx.Client:
        return http.client({"Authorization": f"Bearer {self._token}"})

    def _listed(self, path: str, query: Mapping[str, str], size: int) -> list[dict[str, Any]]:
        """Gather the pages of a list."""
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            answer = self._get(path, {**query, "page": page, "per_page": size})
            found += answer.get("result") or []
            pages, page = int((answer.get("result_info") or {}).get("total_pages") or 1), page + 1
        return found

    def _get(self, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Ask once, or a few times where the API is busy; raises VendorError with Cloudflare's own words."""
        client = self._client
        import httpx  # after the client, which spares it what is not needed

        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = client.get(self._base + path, params=dict(query))
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise Refused(
                    f'"{self._base}" is not the address of an API: {error}; correct CLOUDFLARE_BASE_URL or '
                    "cloudflare:baseUrl"
                ) from None
            except httpx.HTTPError as error:
                if last:
                    words = str(error) or type(error).__name__
                    raise Busy(
                        f"Cloudflare cannot be reached at {self._base}: {words}. Check the network connection"
                    ) from None
                time.sleep(_wait(None, attempt))
                continue
            if answer.status_code in _PASSING and not last:
                time.sleep(_wait(answer.headers.get("Retry-After"), attempt))
                continue
            body = _body(answer.text)
            if not body.get("success"):
                said = _said(body) or f"{answer.status_code} {answer.reason_phrase}"
                raise _refusal(answer.status_code, f"Cloudflare refused GET {path}: {said}")
            return body
        raise AssertionError("the last attempt returns or raises")


def _refusal(status: int, words: str) -> VendorError:
    if status in _PASSING:
        return Busy(words)
    if status in (400, 401, 403):
        words = f"{words}. Check the API token: it needs the permissions Zone Read and DNS Edit on the zone"
    return (Missing if status == 404 else Refused)(words)


def check(record: RecordSet) -> None:
    """Refuse TTLs, lengths and targets that the API refuses; raises RecordError."""
    head = f"{record.type} record {record.name}"
    if record.ttl != AUTOMATIC_TTL and not 60 <= record.ttl <= 86400:
        raise RecordError(f"{head}: Cloudflare allows a TTL of 1 (automatic) or 60 to 86400 seconds, not {record.ttl}")
    if record.type == "CNAME" and record.name in record.values:
        raise RecordError(f"{head}: it points to itself; name another target")
    if record.type != "TXT":
        return
    for text in map(str, record.values):
        octets = len(text) + -(-len(text) // 255)  # each string has its length before it
        if octets > WIRE_LIMIT:
            raise RecordError(
                f"{head}: {len(text)} characters make {octets} octets of data, Cloudflare allows at most {WIRE_LIMIT}; "
                "shorten it"
            )
    together = sum(len(quoted(str(value))) for value in record.values)
    if together > COMBINED_LIMIT:
        raise RecordError(
            f"{head}: its {len(record.values)} values have {together} characters together with their quotes, "
            f"Cloudflare allows at most {COMBINED_LIMIT} at one name; remove what is no longer needed"
        )


def properties(name: Any, record_type: str, ttl: Any, value: Any) -> dict[str, Any]:
    """Write one record as the API keeps it; `proxied` is off, since a proxied CNAME hides the DKIM key behind it."""
    if isinstance(value, Mx):
        return {
            "name": name, "type": record_type, "ttl": ttl, "content": value.host,
            "priority": value.preference, "proxied": False,
        }  # fmt: skip
    text = quoted(value) if record_type == "TXT" else value
    return {"name": name, "type": record_type, "ttl": ttl, "content": text, "proxied": False}


def value_of(written: Mapping[str, Any]) -> str | Mx | None:
    """Return the value that `properties` wrote, None where a part of it is not known."""
    kind, text = written.get("type"), written.get("content")
    if not kind or not isinstance(text, str):
        return None
    if kind == "MX":
        return None if written.get("priority") is None else Mx(int(written["priority"]), text)
    return unquote(text) if kind == "TXT" else text


def unquote(text: str) -> str:
    """Return the text of a TXT content, whether the API holds it quoted in chunks or bare."""
    bare = unquoted(text) if text.startswith('"') else None
    return text if bare is None else bare


def read(results: Sequence[Mapping[str, Any]], zone: str) -> list[ExistingRecord]:
    """Read a list of the zone's `dns_records`."""
    return [_record(item, zone) for item in results]


def _record(item: Mapping[str, Any], zone: str) -> ExistingRecord:
    name, kind, text = str(item["name"]).rstrip(".").lower(), str(item["type"]), str(item.get("content") or "")
    if kind == "TXT":
        text = unquote(text)
    elif kind == "MX":
        text = f"{int(item.get('priority') or 0)} {text.rstrip('.').lower() or '.'}"
    else:
        text = content(kind, text.rstrip(".").lower())
    return ExistingRecord(
        name,
        kind,
        text,
        ttl=int(item["ttl"]) if isinstance(item.get("ttl"), int | float) else 0,
        mark=str(item.get("comment") or ""),
        id=str(item.get("id") or ""),
        locked=_locked(item),
        is_alias=kind == "CNAME" and not _is_flattened(item, name == zone),
    )


def _is_flattened(item: Mapping[str, Any], at_apex: bool) -> bool:
    """Tell whether a CNAME is answered with the addresses behind it: at the apex, proxied, or where it is asked for.

    https://developers.cloudflare.com/dns/cname-flattening/
    """
    return at_apex or bool(item.get("proxied")) or bool((item.get("settings") or {}).get("flatten_cname"))


def _zone(item: Mapping[str, Any]) -> HostedZone:
    servers = tuple(str(server) for server in item.get("name_servers") or ())
    return HostedZone(str(item["id"]), spelled(str(item["name"])), servers, str(item.get("status") or ""))


def _unicode(name: str) -> str:
    """Return a zone's name in Unicode, as it is where it has none."""
    import idna

    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def _locked(item: Mapping[str, Any]) -> str:
    """Say why Cloudflare would not let a record be changed, or would take it away again; "" where it is the user's.

    Records that Email Routing made stay linked to it even when they are unlocked, and go when it is turned off
    (email-routing/setup/email-routing-dns-records).
    """
    given = item.get("meta")
    meta = given if isinstance(given, Mapping) else {}
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


HOST = DnsHost(
    name="cloudflare",
    title="Cloudflare",
    keys=CloudflareKeys,
    secrets=None,
    keeps_marks=True,
    publishes=True,
    check=check,
    name_servers=r".*\.ns\.cloudflare\.com",
    client=Cloudflare,
)

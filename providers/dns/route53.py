"""Route 53: one record set per name and type, TXT quoted, names absolute with octal escapes."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

from mailstack.dns import conflicts
from mailstack.dns.changes import Change, Edit, content, edit
from mailstack.dns.records import AUTOMATIC_TTL, RecordSet, check_in_zone
from mailstack.dns.txt import escaped, strings
from mailstack.errors import Busy, Changed, Missing, RecordError, Refused, Unanswered, VendorError
from mailstack.model import Model
from providers.aws import AwsAccount

from .base import TRIES, Access, DnsHost, ExistingRecord, HostedZone, WholeZone, looked, zone_id
from .route53_batches import Batches, Changes, RefusedBatch

# "ResourceRecord" in the API reference: octets of one value as it is written, its quotes included.
VALUE_LIMIT = 4000
LONGEST_WAIT = 60.0  # seconds for a change to reach all name servers of Route 53, which takes most of them 60 s
_LOOK_EVERY = 2.0  # seconds
_BUSY = ("Throttling", "ThrottlingException", "PriorRequestNotComplete")
_MISSING = ("NoSuchHostedZone", "NoSuchChange")
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Names and TXT alike (DomainNameFormat.html): `\052` is the asterisk, `\` makes any other character a plain one.
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)")


_PLACE = ("RecordName", "RecordType", "RecordIdentifier")  # where a page ends
ZoneId = Annotated[
    str, zone_id("Route 53", r"[A-Z0-9]{1,32}", "copy the hosted zone's id, such as Z0123456789ABCDEFGHIJ")
]


class Route53Keys(Model):
    """What may be written for a zone at Route 53."""

    zone_id: ZoneId | None = None
    """The id of the zone; looked up by name when it is left out."""


class Route53:
    """One account's public hosted zones."""

    def __init__(self, access: Access) -> None:
        """Take the account, and the id of the zone where the settings name it; raises VendorError."""
        account = access.aws or AwsAccount()
        self._api = account.client("route53", account.home)  # any region of a partition has its one endpoint
        self._zone_id = Route53Keys.model_validate(access.keys).zone_id
        self._cancelled = access.cancelled
        self._batches: dict[str, Batches] = {}
        # Two slots of one set in one batch would each delete the set that the other has changed.
        self._turns: defaultdict[tuple[str, str, str], threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Find the public hosted zones of these names, or the one whose id the settings name; raises VendorError."""
        if self._zone_id:
            return [self._zone(self._zone_id)]
        with _told("the list of hosted zones"):
            pages = self._api.get_paginator("list_hosted_zones").paginate()
            listed = [one for page in pages for one in page["HostedZones"]]
        public = [one for one in listed if not one["Config"]["PrivateZone"]]
        return [self._zone(_bare(one["Id"])) for one in public if _name(one["Name"]) in names]

    def _zone(self, zone_id: str) -> HostedZone:
        """Return the hosted zone of an id; raises VendorError where it is private or does not exist."""
        with _told(f"the look-up of the hosted zone {zone_id}"):
            found = self._api.get_hosted_zone(Id=zone_id)
        zone, servers = found["HostedZone"], (found.get("DelegationSet") or {}).get("NameServers") or []
        if zone["Config"]["PrivateZone"]:
            raise Refused(
                f"the hosted zone {zone_id} ({_name(zone['Name'])}) is private: receivers of mail cannot see its "
                "records; name the public one"
            )
        return HostedZone(_bare(zone["Id"]), _name(zone["Name"]), tuple(map(_name, servers)))

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """List what exists at these names, or all of the zone where its list has one page; raises VendorError."""
        if len(names) == 1:
            return read(self._sets_at(zone, *names))
        with _told(f"the list of record sets in the hosted zone {zone.id}"):
            first = self._api.list_resource_record_sets(HostedZoneId=zone.id)
            if not first["IsTruncated"]:
                return WholeZone(read(first["ResourceRecordSets"]))
            if not names:
                pages = self._api.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id)
                return WholeZone(read([one for page in pages for one in page["ResourceRecordSets"]]))
        return [one for name in names for one in read(self._sets_at(zone, name))]

    def _sets_at(self, zone: HostedZone, name: str) -> list[Mapping[str, Any]]:
        """List the record sets at one name, as the API gives them."""
        found: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {"StartRecordName": name}
        with _told(f"the look-up of {name} in the hosted zone {zone.id}"):
            while True:
                page = self._api.list_resource_record_sets(HostedZoneId=zone.id, **start)
                found += [one for one in page["ResourceRecordSets"] if _name(one["Name"]) == name]
                if not page["IsTruncated"] or _name(page["NextRecordName"]) != name:
                    return found
                start = {f"Start{key}": page[f"Next{key}"] for key in _PLACE if page.get(f"Next{key}")}

    def write(self, zone: HostedZone, change: Change) -> None:
        """Change the values of one slot in one batch: the set as it was seen is deleted, the new one created.

        Route 53 refuses the whole batch where the set is not exactly what was seen.
        Raises RecordError, Conflict, VendorError.
        """
        check_in_zone(change.name, zone.name)
        with self._lock:
            turn = self._turns[zone.id, change.name, change.type]
            batches = self._batches.setdefault(zone.id, Batches(lambda changes: self._send(zone, changes)))
        with turn:
            _write(change, lambda: self._sets_at(zone, change.name), batches)

    def _send(self, zone: HostedZone, changes: Changes) -> None:
        """Send one batch and wait until it is served everywhere; a longer wait or a cancelled run takes nothing back.

        Raises RefusedBatch, Unanswered, VendorError.
        """
        from botocore.exceptions import ClientError

        what = f"a change in the hosted zone {zone.id}"
        try:
            with _told(what):
                batch: Any = {"Changes": list(changes)}
                sent = self._api.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)["ChangeInfo"]
        except VendorError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and _code(cause) == "InvalidChangeBatch":
                raise RefusedBatch(str(error)) from None
            # The SDK asks again by itself: that the last try did not arrive says nothing of the first.
            if isinstance(error, Busy) and not (isinstance(cause, ClientError) and _status(cause) < 500):
                raise Unanswered(str(error)) from None
            raise
        deadline = time.monotonic() + LONGEST_WAIT
        while sent["Status"] != "INSYNC" and time.monotonic() < deadline and not self._cancelled.wait(_LOOK_EVERY):
            try:
                with _told(what):
                    sent = self._api.get_change(Id=sent["Id"])["ChangeInfo"]
            except VendorError:
                return  # the change is made: Route 53 has accepted it


def _write(change: Change, look: Callable[[], Sequence[Mapping[str, Any]]], batches: Batches) -> None:
    """Look, compare, and send a batch that holds only for what was seen, up to three times."""
    seen: Mapping[str, Any] | None = None
    wanted: Mapping[str, Any] | None = None
    refused = ""
    lost: Unanswered | None = None
    for attempt in range(TRIES + 1):
        sets = looked(look, lost)
        there = next((one for one in sets if one["Type"] == change.type), None)
        if attempt and _same(there, wanted):
            return  # the answer was lost, and the SDK's own second try refused
        existing = read(sets)
        conflicts.check(existing, change)
        changes = edit(existing, change)
        if not changes:
            return
        if refused and _same(there, seen):
            raise Refused(refused)  # not for its condition, which holds
        if attempt == TRIES:
            break
        seen, wanted = there, _edited(there, change, changes)
        try:
            batches.run(_batch(seen, wanted))
            return
        except RefusedBatch as error:
            refused, lost = str(error), None
        except Unanswered as error:
            refused, lost = "", error
            change = replace(change, before=(*change.before, *change.after))
    raise lost or Changed(
        f"{change.type} {change.name}: the record set was changed by others in each of {TRIES} tries to write it; "
        f"nothing was written. Run `pulumi up` again. Route 53 said: {refused}"
    )


def _edited(there: Mapping[str, Any] | None, change: Change, changes: Edit) -> Mapping[str, Any] | None:
    """Return a record set after an edit, None where no value is left; kept values stay as they are written."""
    kept = [one["Value"] for one in (there or {}).get("ResourceRecords", ())]
    values = [value for value in kept if _content(change.type, value) not in changes.removed]
    values += [written(change.type, str(value)) for value in changes.added]
    if not values:
        return None
    records = [{"Value": value} for value in values]
    return {"Name": change.name, "Type": change.type, "TTL": changes.ttl, "ResourceRecords": records}


def _batch(seen: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> Changes:
    """Write the changes that put one record set in another's place, and hold for exactly that one."""
    steps = (("DELETE", seen), ("CREATE", wanted))
    return [{"Action": action, "ResourceRecordSet": one} for action, one in steps if one is not None]


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Tell whether two record sets are equal; their values have no order."""

    def plain(found: Mapping[str, Any] | None) -> object:
        return found and (found.get("TTL"), sorted(record["Value"] for record in found.get("ResourceRecords", ())))

    return plain(one) == plain(other)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn boto3's errors into a VendorError with AWS's words, whose cause is that error."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        words = str(error).rstrip(".")
        raise Busy(f"Route 53 cannot be reached for {what}: {words}. Check the network connection") from error
    except ClientError as error:
        code, words = _code(error), f"Route 53 refused {what}: {error}"
        if code in _BUSY or _status(error) >= 500:
            raise Busy(words) from error
        raise (Missing if code in _MISSING else Refused)(words) from error
    except BotoCoreError as error:
        raise Refused(f"Route 53 cannot be asked for {what}: {error}") from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def check(record: RecordSet) -> None:
    """Refuse TTLs and TXT lengths that the API refuses; raises RecordError."""
    head = f"{record.type} record {record.name}"
    if record.ttl == AUTOMATIC_TTL:
        raise RecordError(
            f"{head}: a TTL of {AUTOMATIC_TTL} leaves it to the host, and Route 53 does not choose one; write "
            "seconds, such as 300"
        )
    if record.type != "TXT":
        return
    for text in map(str, record.values):
        octets = len(written("TXT", text))
        if octets > VALUE_LIMIT:
            raise RecordError(
                f"{head}: {len(text)} characters make a value of {octets} with quotes and escapes, Route 53 allows at "
                f"most {VALUE_LIMIT}; shorten it"
            )


def written(record_type: str, value: str) -> str:
    r"""Write one value as the API takes it: a TXT in strings of at most 255 octets, `\` and `"` in them escaped."""
    if record_type != "TXT":
        return value
    return "".join(f'"{escaped(string)}"' for string in strings(value))


def read(results: Sequence[Mapping[str, Any]]) -> list[ExistingRecord]:
    """Read a list of record sets, one entry per value."""
    return [entry for one in results for entry in _entries(one)]


def _entries(one: Mapping[str, Any]) -> Iterator[ExistingRecord]:
    name, kind, locked = _name(one["Name"]), str(one["Type"]), _locked(one)
    values = [_content(kind, str(record["Value"])) for record in one.get("ResourceRecords") or ()]
    for value in [_target(one)] if _target(one) else values:
        yield ExistingRecord(
            name,
            kind,
            value,
            ttl=int(one.get("TTL") or 0),
            id=str(one.get("SetIdentifier") or ""),
            locked=locked,
            locks_set=bool(locked),
        )


def _locked(one: Mapping[str, Any]) -> str:
    """Say why a record set cannot be written as plain values; "" where it can."""
    if target := _target(one):
        return f"it is an alias to {target}, an AWS resource, and holds no values of its own"
    if policy := one.get("TrafficPolicyInstanceId"):
        return f"the traffic policy instance {policy} made it; change it there"
    routed = one.get("SetIdentifier")
    return f'it is one of several with a routing policy (set identifier "{routed}")' if routed else ""


def _target(one: Mapping[str, Any]) -> str:
    return _name((one.get("AliasTarget") or {}).get("DNSName") or "")


def _content(record_type: str, text: str) -> str:
    if record_type == "TXT":
        return _unescaped("".join(_STRING.findall(text)))
    if record_type == "MX":
        preference, host = text.split(maxsplit=1)
        return f"{int(preference)} {_name(host) or '.'}"
    return content(record_type, text.lower().removesuffix("."))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else found[1], text)


def _name(text: str) -> str:
    return _unescaped(text).lower().removesuffix(".")


def _bare(zone_id: str) -> str:
    return zone_id.removeprefix("/hostedzone/")


HOST = DnsHost(
    name="route53",
    title="Route 53",
    keys=Route53Keys,
    secrets=None,
    keeps_marks=False,
    publishes=True,
    check=check,
    name_servers=r"ns-\d+\.awsdns-\d+\..*",
    client=Route53,
)

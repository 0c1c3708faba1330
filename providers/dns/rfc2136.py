"""Dynamic updates (RFC 2136) signed with TSIG (RFC 8945): record sets at a name server that somebody runs."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, cast

from pydantic import BaseModel, SecretStr, field_validator

from mailstack.catalog import Problem
from mailstack.dns import conflicts
from mailstack.dns.changes import Change, ExistingRecord, edit
from mailstack.dns.records import RecordSet, check_in_zone
from mailstack.errors import Busy, Changed, Conflict, Missing, RecordError, Refused, Unanswered
from mailstack.model import Model
from mailstack.paths import key_path
from mailstack.settings.fields import Secret, TcpPort, shown

from . import rfc2136_wire as wire
from .base import TRIES, Access, DnsHost, HostedZone, looked
from .rdata import content
from .rfc2136_server import Server

if TYPE_CHECKING:
    from dns.message import Message
    from dns.rdataset import Rdataset
    from dns.rrset import RRset

TYPES = ("CNAME", "A", "AAAA", "MX", "TXT")  # a CNAME is alone at its name: it is asked for first
# A message holds at most 65,535 octets (RFC 1035 section 4.2.2), and one that changes a record set holds it twice.
SET_LIMIT = 30_000
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?")


class Rfc2136Keys(Model):
    """What may be written for a zone at a name server that accepts dynamic updates."""

    server: str
    """The primary name server that accepts dynamic updates (RFC 2136): its name or address."""
    port: TcpPort = 53
    """The port of that name server."""
    key: str | None = None
    """The name of the TSIG key that signs the updates; its secret is tsigSecret under the secrets of the zone."""
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5"] = (
        "hmac-sha256"
    )
    """The algorithm of the TSIG key."""

    @field_validator("server")
    @classmethod
    def _is_a_server(cls, text: str) -> str:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            if not _HOST_NAME.fullmatch(text):
                raise ValueError(
                    f"{shown(text)} is not the name or address of a server: write such as ns1.example.com or "
                    "192.0.2.53; a port goes under port"
                ) from None
        return text


class Rfc2136Secrets(Model):
    """What a name server's updates are signed with."""

    tsig_secret: Secret
    """The secret of the TSIG key (base64)."""

    @field_validator("tsig_secret")
    @classmethod
    def _is_base64(cls, secret: SecretStr) -> SecretStr:
        try:
            base64.b64decode(secret.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("must be base64, as tsig-keygen writes it") from None
        return secret


class Rfc2136:
    """One name server that accepts updates."""

    def __init__(self, access: Access) -> None:
        """Take the server and, where it asks for one, the TSIG key; raises pydantic's ValidationError."""
        keys = Rfc2136Keys.model_validate(access.keys)
        secret = str(access.secrets.get("tsigSecret") or "")
        self._server = Server(keys.server, keys.port, keys.key, keys.algorithm, secret)

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Ask for the SOA and name servers of each zone; raises Missing where the server does not hold one."""
        return [self._zone(name) for name in names]

    def _zone(self, name: str) -> HostedZone:
        import dns.flags

        try:
            soa = self._server.ask(name, "SOA")
        except Refused as error:
            raise Missing(str(error)) from None
        if not soa.flags & dns.flags.AA or not any(one.name == wire.absolute(name) for one in soa.answer):
            raise Missing(
                f"the name server {self._server.named} is not authoritative for {name}; name the zone's primary as "
                "server, or set the zone up there"
            )
        servers = sorted(content(item) for one in self._server.ask(name, "NS").answer for item in one)
        return HostedZone(name, name, tuple(servers))

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """Ask for each name or, without one, transfer the zone; raises VendorError. No update message is sent."""
        if not names:
            found = self._server.transfer(zone.name).iterate_rdatasets()
            return [entry for name, one in found for entry in wire.entries(name, one)]
        return [entry for name in names for one in self._own(zone, name) for entry in wire.entries(one.name, one)]

    def _own(self, zone: HostedZone, name: str) -> list[RRset]:
        """Return what a name holds, without what a wildcard answers for it: that exists elsewhere (RFC 4592).

        A set that is equal to the wildcard's is taken for it.
        """
        return [one for one in self._answers(zone, name) if not self._is_from_wildcard(zone, name, one)]

    def _is_from_wildcard(self, zone: HostedZone, name: str, found: RRset) -> bool:
        import dns.rdatatype

        kind = dns.rdatatype.to_text(found.rdtype)
        for wildcard in _wildcards(name, zone.name):
            same = [one for one in self._server.ask(wildcard, kind).answer if one.rdtype == found.rdtype]
            if any(wire.contents(one) == wire.contents(found) for one in same):
                return True
        return False

    def _answers(self, zone: HostedZone, name: str) -> list[RRset]:
        """Return what the server answers for a name; raises VendorError."""
        import dns.rcode
        import dns.rdatatype

        found: list[RRset] = []
        for kind in TYPES:
            answer = self._server.ask(name, kind)
            self._check_authority(answer, zone, name)
            wanted = (wire.absolute(name), dns.rdatatype.from_text(kind))
            found += [one for one in answer.answer if (one.name, one.rdtype) == wanted]
            if answer.rcode() == dns.rcode.NXDOMAIN or (kind == "CNAME" and found):
                break
        return found

    def _check_authority(self, answer: Message, zone: HostedZone, name: str) -> None:
        """Raise Refused where a name lies below a zone cut: nobody would see it there."""
        import dns.flags
        import dns.rdatatype

        if answer.flags & dns.flags.AA:
            return
        cuts = [one.name.to_text(True) for one in answer.authority if one.rdtype == dns.rdatatype.NS]
        if cuts:
            raise Refused(
                f"{name} lies in {cuts[0]}, which the zone {zone.name} delegates to other name servers; name "
                f"{cuts[0]} as a zone of its own under mailstack:dns, with the host that serves it"
            )
        raise Refused(
            f"the name server {self._server.named} is not authoritative for {name}; name the primary of {zone.name} "
            "as server"
        )

    def write(self, zone: HostedZone, change: Change) -> None:
        """Change the values of one slot by an update that holds only while the set is exactly what was seen.

        The condition (RFC 2136 section 2.4) is compared octet by octet: a TXT value that somebody cut into other
        strings is the same text, but not to the server. A try whose condition failed or whose answer was lost is
        followed by another look, never by a blind second try. Raises RecordError, Conflict, VendorError.
        """
        check_in_zone(change.name, zone.name)
        if change.after:
            check(RecordSet(change.name, change.type, change.ttl, change.after))
        what = f"to {'write' if change.after else 'delete'} {change.type} {change.name}"
        lost: Unanswered | None = None
        for attempt in range(TRIES + 1):
            found = looked(partial(self._itself, zone, change.name), lost)
            existing = [entry for one in found for entry in wire.entries(one.name, one)]
            conflicts.check(existing, change)
            changes = edit(existing, change)
            if not changes:
                return
            if attempt == TRIES:
                break
            there = next((one for one in found if wire.is_of(one, change.type)), None)
            wanted = wire.edited(there, change.type, changes)
            _check_size(change, there, wanted)
            try:
                if self._server.send(wire.replacement(zone.name, change, there, wanted), what):
                    return
                lost = None
            except Unanswered as error:
                lost, change = error, replace(change, before=(*change.before, *change.after))
        raise lost or _unmet(change, existing)

    def _itself(self, zone: HostedZone, name: str) -> list[RRset]:
        """Return what a name holds itself, not by a wildcard; raises VendorError."""
        found = self._answers(zone, name)
        return found if found and self._holds(zone, name) else []

    def _holds(self, zone: HostedZone, name: str) -> bool:
        """Tell whether a name holds records itself, by an update that changes nothing (RFC 2136 section 2.4.4).

        A server that refuses it will refuse the change, too, so that nothing depends on the answer.
        """
        try:
            return self._server.send(wire.in_use(zone.name, name), f"to look at {name}")
        except Refused:
            return True
        except Unanswered as error:
            raise Busy(str(error)) from None


def _wildcards(name: str, zone: str) -> Iterator[str]:
    """Yield the wildcards that may answer for a name, the closest first; a name is no wildcard for itself."""
    while name != zone:
        name, own = name.partition(".")[2], name
        if own != f"*.{name}":
            yield f"*.{name}"


def _unmet(change: Change, existing: Sequence[ExistingRecord]) -> Conflict:
    head = f"{change.type} {change.name}"
    if change.type == "CNAME" and not existing:
        return Conflict(
            f"{head}: a record of another type exists there, and a CNAME allows no other record at its name (RFC 1034 "
            "section 3.6.2); nothing was changed. Delete it there, or choose another name"
        )
    return Changed(
        f"{head}: the record set was changed by others in each of {TRIES} tries to write it; nothing was written. "
        "Run `pulumi up` again"
    )


def check(record: RecordSet) -> None:
    """Refuse a record set that no update message could change again; raises RecordError."""
    size = sum(len(str(value)) for value in record.values)
    if size > SET_LIMIT:
        raise RecordError(
            f"{record.type} record {record.name}: {size} characters; at most {SET_LIMIT} fit into the message that "
            "would change them, which holds the old values beside the new ones"
        )


def _check_size(change: Change, there: RRset | None, wanted: Rdataset | None) -> None:
    """Refuse what would not fit into one message together with what others have in the set; raises RecordError."""
    size = sum(len(text) for one in (there, wanted) for text in wire.contents(one))
    if size > 2 * SET_LIMIT:
        raise RecordError(
            f"{change.type} record {change.name}: the values that exist there and the new ones have {size} characters "
            f"together; at most {2 * SET_LIMIT} fit into the message that would change them. Remove values there"
        )


def problems(zone: str, keys: BaseModel, secrets: BaseModel | None) -> Iterable[Problem]:
    """Find a TSIG key without its secret, and a secret without the name of its key."""
    key = cast(Rfc2136Keys, keys).key
    if key and secrets is None:
        path = key_path("secrets", "dns", zone, "tsigSecret")
        yield Problem(
            ("key",),
            f"is {key}, but mailstack:secrets has no secret for it; set it with pulumi config set --secret --path "
            f"'{path}'",
        )
    elif secrets is not None and not key:
        yield Problem((), "has a TSIG secret but no key; write the key's name: key: mailstack")


HOST = DnsHost(
    name="rfc2136",
    title="name server (RFC 2136)",
    keys=Rfc2136Keys,
    secrets=Rfc2136Secrets,
    keeps_marks=False,
    publishes=True,
    check=check,
    problems=problems,
    client=Rfc2136,
)

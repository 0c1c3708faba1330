"""Dynamic updates (RFC 2136) signed with TSIG (RFC 8945): record sets at a name server that somebody runs."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mailstack.dns.records import RecordSet, check_in_zone
from mailstack.errors import Conflict, RecordError, Unanswered, VendorError

from . import rfc2136_wire as wire
from .base import HostedZone, StandingRecord, not_ours
from .rdata import content

if TYPE_CHECKING:
    from dns.message import Message
    from dns.rdataset import Rdataset
    from dns.rrset import RRset
    from dns.tsig import Key

TIMEOUT = 10.0  # seconds for one exchange
TYPES = ("CNAME", "A", "AAAA", "MX", "TXT")  # an alias stands alone: it is asked for first
ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5")
# A message holds at most 65,535 octets (RFC 1035 section 4.2.2), and one that changes a record set holds it twice.
SET_LIMIT = 30_000
_TRIES, _PAUSE = 3, 0.5  # seconds; a name server that restarts is back by then
_UNMET = ("YXDOMAIN", "YXRRSET", "NXDOMAIN", "NXRRSET")  # RFC 2136 section 3.2: a prerequisite does not hold
_REMEDIES = {
    "NOTAUTH": "it does not hold this zone as a primary, or the TSIG key was refused",
    "NOTZONE": "the record lies outside the zone that it holds",
    "REFUSED": "allow this key to update the zone (BIND: update-policy or allow-update, Knot: acl with action: update)",
    "BADKEY": "it knows no TSIG key of this name and algorithm, or does not let it do this; compare its configuration",
    "BADSIG": "the secret of the TSIG key is another one there; set the right one as tsigSecret",
    "BADTIME": "its clock and this machine's differ by more than TSIG allows; set the clocks",
    "SERVFAIL": "see its log; its journal or zone file may not be writable",
    "NOTIMP": "it takes no dynamic updates; name the zone's primary as server",
}
_ASKED = {
    **_REMEDIES,
    "REFUSED": "it does not serve the zone, or not to this machine; name the zone's primary as server",
}
_TRANSFERRED = {
    **_REMEDIES,
    "REFUSED": "allow the transfer to this key (BIND: allow-transfer, Knot: acl with action: transfer)",
}


class Rfc2136:
    """One name server that takes updates."""

    def __init__(
        self, server: str, port: int = 53, key: str | None = None, algorithm: str = "hmac-sha256", secret: str = ""
    ) -> None:
        """Take the server's name or address, and the TSIG key (`secret` is base64) where the server asks for one."""
        self._server, self._port = server, port
        self._key, self._algorithm, self._secret = key, algorithm, secret

    def check(self, record: RecordSet) -> None:
        """Refuse what no message holds; raises RecordError."""
        check(record)

    def zone(self, name: str) -> HostedZone:
        """Ask for a zone's SOA and name servers; raises VendorError where the server does not hold the zone."""
        import dns.flags

        soa = self._ask(name, "SOA")
        if not soa.flags & dns.flags.AA or not any(one.name == wire.absolute(name) for one in soa.answer):
            raise VendorError(
                f"the name server {self._named} is not authoritative for {name}; name the zone's primary as server, or "
                "set the zone up there"
            )
        servers = sorted(content(item) for one in self._ask(name, "NS").answer for item in one)
        return HostedZone(name, name, tuple(servers))

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List a zone by a transfer (AXFR, RFC 5936); raises VendorError where the server does not allow one."""
        import dns.exception
        import dns.query
        import dns.xfr
        import dns.zone

        origin = wire.absolute(zone.name)
        query, _ = dns.xfr.make_query(dns.zone.Zone(origin))
        self._sign(query)
        found = dns.zone.Zone(origin, relativize=False)
        try:
            dns.query.inbound_xfr(self._address(), found, query, port=self._port, timeout=TIMEOUT)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            what = f"the transfer of {zone.name}"
            if code := _code(error):
                raise self._refused(what, code, _TRANSFERRED) from None
            raise VendorError(f"the name server {self._named} broke off {what}: {_words(error)}") from None
        return [entry for name, one in found.iterate_rdatasets() for entry in wire.entries(name, one)]

    def standing_at(self, zone: HostedZone, name: str) -> list[StandingRecord]:
        """List what stands at one name; raises VendorError."""
        return [entry for one in self._there(zone, name, TYPES) for entry in wire.entries(one.name, one)]

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return the plugin's id of a record set."""
        return f"rfc2136/{zone.name}/{record.name}/{record.type}"

    def look_up(self, zone: HostedZone, name: str, record_type: str) -> RecordSet | None:
        """Return the record set that stands at a name; raises VendorError."""
        there = self._there(zone, name, [record_type])
        return wire.record_set(name, there[0]) if there else None

    def put(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> None:
        """Write a record set where `before` stands; the same one already there is no mistake.

        Raises RecordError for what no message holds, Conflict where something else stands, VendorError.
        """
        check(record)
        self._change(zone, record, wire.rdataset(before) if before else None, wire.rdataset(record))

    def delete(self, zone: HostedZone, record: RecordSet) -> None:
        """Delete a record set; one that is gone is no mistake. Raises Conflict where another stands, VendorError."""
        self._change(zone, record, wire.rdataset(record), None)

    def _change(self, zone: HostedZone, record: RecordSet, before: Rdataset | None, wanted: Rdataset | None) -> None:
        """Put `wanted` where `before` stands: look, compare as text, and change on condition that it is still there.

        The condition (RFC 2136 section 2.4) is what was seen, octet by octet: a TXT value that somebody cut into other
        strings is the same text, but not to the server. A try whose condition failed or whose answer was lost is
        followed by another look, never by a blind second try.
        """
        check_in_zone(record.name, zone.name)
        what = f"to {'write' if wanted else 'delete'} {record.type} {record.name}"
        there: Rdataset | None = None
        for attempt in range(_TRIES):
            found = self._there(zone, record.name, [record.type])
            there = found[0] if found else None
            if wire.same(there, wanted):
                return
            if wire.contents(there) not in (wire.contents(before), wire.contents(wanted)):
                break
            try:
                if self._send(wire.change(zone.name, record.name, record.type, there, wanted), what):
                    return
            except Unanswered:
                if attempt == _TRIES - 1:
                    raise
        raise Conflict(self._conflict(zone, record, there))

    def _there(self, zone: HostedZone, name: str, types: Sequence[str]) -> list[RRset]:
        """Return what a name holds itself; raises VendorError."""
        import dns.rcode
        import dns.rdatatype

        found: list[RRset] = []
        for kind in types:
            answer = self._ask(name, kind)
            self._check_authority(answer, zone, name)
            wanted = (wire.absolute(name), dns.rdatatype.from_text(kind))
            found += [one for one in answer.answer if (one.name, one.rdtype) == wanted]
            if answer.rcode() == dns.rcode.NXDOMAIN or (kind == "CNAME" and found):
                break
        return found if found and self._holds(zone, name) else []

    def _holds(self, zone: HostedZone, name: str) -> bool:
        """Tell whether a name holds records itself: what a wildcard answers for it stands elsewhere (RFC 4592).

        A server that refuses this question will refuse the change, too, so that nothing depends on the answer.
        """
        try:
            return self._send(wire.in_use(zone.name, name), f"to look at {name}")
        except Unanswered:
            raise
        except VendorError:
            return True

    def _check_authority(self, answer: Message, zone: HostedZone, name: str) -> None:
        """Raise VendorError where a name lies below a zone cut: nobody would see it there."""
        import dns.flags
        import dns.rdatatype

        if answer.flags & dns.flags.AA:
            return
        cuts = [one.name.to_text(True) for one in answer.authority if one.rdtype == dns.rdatatype.NS]
        if cuts:
            raise VendorError(
                f"{name} lies in {cuts[0]}, which the zone {zone.name} delegates to other name servers; name "
                f"{cuts[0]} as a zone of its own under mailstack:dns, with the host that serves it"
            )
        raise VendorError(
            f"the name server {self._named} is not authoritative for {name}; name the primary of {zone.name} as server"
        )

    def _conflict(self, zone: HostedZone, record: RecordSet, there: Rdataset | None) -> str:
        others = self.standing_at(zone, record.name) if there is None else []
        found = [f"{record.type} {text}" for text in sorted(wire.contents(there))]
        found += [f"{one.type} {one.content}" for one in others]
        if not found and record.type != "CNAME":
            return (
                f"{record.type} {record.name}: nothing stands there any more, though this stack wrote it; run "
                "`pulumi refresh`, so that it is written anew"
            )
        shown = " and ".join(map(repr, found)) or "a record of another type"
        return not_ours(record, shown)

    @property
    def _named(self) -> str:
        return self._server if self._port == 53 else f"{self._server} (port {self._port})"

    def _address(self) -> str:
        try:
            return str(ipaddress.ip_address(self._server))
        except ValueError:
            pass
        try:
            return str(socket.getaddrinfo(self._server, self._port, type=socket.SOCK_STREAM)[0][4][0])
        except OSError as error:
            raise VendorError(f"the name server {self._server} has no address: {error.strerror or error}") from None

    def _ask(self, name: str, record_type: str) -> Message:
        import dns.message

        question = dns.message.make_query(wire.absolute(name), record_type, flags=0)
        return self._exchange(question, f"the question for {record_type} {name}", ("NOERROR", "NXDOMAIN"), _ASKED)

    def _send(self, update: Message, what: str) -> bool:
        """Send an update; False where its prerequisites do not hold, raises VendorError where it is refused."""
        import dns.rcode

        answer = self._exchange(update, f"the update {what}", ("NOERROR", *_UNMET), _REMEDIES)
        return answer.rcode() == dns.rcode.NOERROR

    def _exchange(self, message: Message, what: str, fine: Sequence[str], remedies: Mapping[str, str]) -> Message:
        """Sign and send a message and return the answer, whose code is among `fine`; raises VendorError, Unanswered."""
        import dns.exception
        import dns.message
        import dns.rcode

        self._sign(message)
        octets = self._carry(message.to_wire(), what)
        answer, code = None, ""
        try:
            answer = dns.message.from_wire(octets, keyring=message.keyring or False, request_mac=message.mac)
            code = dns.rcode.to_text(answer.rcode())
        except dns.exception.DNSException as error:
            code = _code(error) or _unsigned_code(octets)
        if code in fine and answer is not None and message.is_response(answer):
            return answer
        if code not in ("", "NOERROR", *fine):  # believed without a signature: it can do no more than stop this
            raise self._refused(what, code, remedies)
        raise VendorError(
            f"the name server {self._named} answered {what} with a message that is damaged or not signed with the key, "
            "and not trusted; see whether something between here and there changes messages"
        )

    def _carry(self, message: bytes, what: str) -> bytes:
        """Carry one message over TCP (RFC 1035 section 4.2.2) and return the answer; raises VendorError, Unanswered."""
        connection = self._connection(what)
        try:
            with connection, connection.makefile("rwb") as stream:
                stream.write(len(message).to_bytes(2, "big") + message)
                stream.flush()
                length = int.from_bytes(stream.read(2), "big")
                answer = stream.read(length)
        except OSError as error:
            within = f" within {TIMEOUT:.0f} s" if isinstance(error, TimeoutError) else f": {_words(error)}"
            raise Unanswered(f"the name server {self._named} gave no answer{within} ({what})") from None
        if not answer or len(answer) < length:
            raise Unanswered(f"the name server {self._named} closed the connection without an answer ({what})")
        return answer

    def _connection(self, what: str) -> socket.socket:
        address = self._address()
        for attempt in range(_TRIES):
            try:
                return socket.create_connection((address, self._port), TIMEOUT)
            except OSError as error:
                if attempt == _TRIES - 1 or isinstance(error, TimeoutError):
                    raise VendorError(
                        f"the name server {self._named} cannot be asked over TCP ({what}): {_words(error)}"
                    ) from None
                time.sleep(_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _sign(self, message: Message) -> None:
        if self._key is not None:
            message.use_tsig(self._tsig_key(self._key))

    def _tsig_key(self, name: str) -> Key:
        import base64

        import dns.exception
        import dns.name
        import dns.tsig

        if self._algorithm not in ALGORITHMS:
            raise VendorError(
                f'the TSIG key {name} has the algorithm "{self._algorithm}"; give one of {", ".join(ALGORITHMS)}'
            )
        try:
            secret = base64.b64decode(self._secret, validate=True)
        except ValueError:
            raise VendorError(
                f"the secret of the TSIG key {name} is not base64; copy it as tsig-keygen writes it"
            ) from None
        if not secret:
            raise VendorError(f"the TSIG key {name} has no secret; set tsigSecret under the zone's secrets")
        try:
            owner = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise VendorError(f'"{name}" is not the name of a TSIG key: {_words(error)}') from None
        algorithm = getattr(dns.tsig, self._algorithm.upper().replace("-", "_"))
        return dns.tsig.Key(owner, secret, algorithm)

    def _refused(self, what: str, code: str, remedies: Mapping[str, str]) -> VendorError:
        key = f" with the TSIG key {self._key} ({self._algorithm})" if self._key else " without a TSIG key"
        remedy = remedies.get(code, "see its log")
        return VendorError(f"the name server {self._named} refused {what}{key}: {code}; {remedy}")


def check(record: RecordSet) -> None:
    """Refuse a record set that no update message could change again; raises RecordError."""
    size = sum(len(str(value)) for value in record.values)
    if size > SET_LIMIT:
        raise RecordError(
            f"{record.type} record {record.name}: {size} characters; at most {SET_LIMIT} fit into the message that "
            "would change them, which holds the old values beside the new ones"
        )


def _code(error: BaseException) -> str:
    """Return the code by which a server refused a signature or a transfer, "" for other errors."""
    import dns.rcode
    import dns.tsig
    import dns.xfr

    if isinstance(error, dns.tsig.PeerError):
        return type(error).__name__.removeprefix("Peer").upper().replace("SIGNATURE", "SIG")
    return dns.rcode.to_text(error.rcode) if isinstance(error, dns.xfr.TransferError) else ""


def _unsigned_code(octets: bytes) -> str:
    """Return the code of an answer whose signature is missing or wrong, "" where it is no DNS message."""
    import dns.exception
    import dns.message
    import dns.rcode

    try:
        return dns.rcode.to_text(dns.message.from_wire(octets, keyring=False, continue_on_error=True).rcode())
    except dns.exception.DNSException:
        return ""


def _words(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return " ".join(str(error).split()) or type(error).__name__

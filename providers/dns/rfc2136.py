"""Dynamic updates (RFC 2136) signed with TSIG (RFC 8945): record sets at a name server that somebody runs."""

from __future__ import annotations

import binascii
import ipaddress
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mailstack.records import Mx, RecordError, RecordSet, mx

from .base import Conflict, HostedZone, HostError, StandingRecord

if TYPE_CHECKING:
    from dns.message import Message
    from dns.rrset import RRset
    from dns.update import UpdateMessage

TIMEOUT = 10.0  # seconds for one exchange
TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
DEFAULT_TTL = 300  # for a TTL of 1, the host's own choice: a name server has none for single records
_REMEDIES = {
    "NOTAUTH": "it does not hold this zone as a primary, or the TSIG key was refused",
    "NOTZONE": "the record lies outside the zone that it holds",
    "REFUSED": "allow this key to update the zone (BIND: update-policy or allow-update, Knot: acl with action: update)",
    "BADKEY": "it knows no TSIG key of this name and algorithm, or does not let it do this; compare its configuration",
    "BADSIG": "the secret of the TSIG key is another one there; set the right one as tsigSecret",
    "BADTIME": "its clock and this machine's differ by more than TSIG allows; set the clocks",
    "SERVFAIL": "see its log; its journal or zone file may not be writable",
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
        """Refuse a TXT value that no DNS message holds (RFC 1035 section 3.2.1); raises RecordError."""
        check(record)

    def zone(self, name: str) -> HostedZone:
        """Ask for a zone's SOA and name servers; raises HostError where the server does not hold the zone."""
        soa = self._ask(name, "SOA")
        if not soa.flags & _aa() or not any(one.name == _absolute(name) for one in soa.answer):
            raise HostError(
                f"the name server {self._named} is not authoritative for {name}; name the zone's primary as server, or "
                "set the zone up there"
            )
        servers = sorted(str(item.target)[:-1].lower() for one in self._ask(name, "NS").answer for item in one)
        return HostedZone(name, name, tuple(servers))

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List a zone by a transfer (AXFR); raises HostError where the server does not allow one."""
        import dns.exception
        import dns.query
        import dns.xfr
        import dns.zone

        query, _ = dns.xfr.make_query(dns.zone.Zone(_absolute(zone.name)))
        self._sign(query)
        found = dns.zone.Zone(_absolute(zone.name), relativize=False)
        try:
            dns.query.inbound_xfr(self._address(), found, query, port=self._port, timeout=TIMEOUT, lifetime=TIMEOUT)
        except (dns.exception.DNSException, OSError) as error:
            raise HostError(
                f"the name server {self._named} gave no transfer of {zone.name}: {_words(error)}; allow it to this key "
                "(BIND: allow-transfer, Knot: acl action: transfer)"
            ) from None
        return [entry for name, rdataset in found.iterate_rdatasets() for entry in _entries(name, rdataset)]

    def standing_at(self, zone: HostedZone, name: str) -> list[StandingRecord]:
        """List what stands at one name; raises HostError."""
        found: list[StandingRecord] = []
        for kind in TYPES:
            for one in self._ask(name, kind).answer:
                if one.name == _absolute(name):
                    found += [entry for entry in _entries(one.name, one) if entry not in found]
        return found

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return the plugin's id of a record set."""
        return f"rfc2136/{zone.name}/{record.name}/{record.type}"

    def look_up(self, zone: HostedZone, name: str, record_type: str) -> RecordSet | None:
        """Return the record set that stands at a name; raises HostError."""
        there = [one for one in self._ask(name, record_type).answer if one.name == _absolute(name)]
        values = [entry for one in there for entry in _entries(one.name, one) if entry.type == record_type]
        if not values:
            return None
        texts = tuple(mx(one.content) if record_type == "MX" else one.content for one in values)
        return RecordSet(name, record_type, max(values[0].ttl, 30), texts)

    def put(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> None:
        """Write a record set where `before` stands, in one message that changes nothing if it does not.

        Raises Conflict where something else stands, HostError.
        """
        update = self._update(zone)
        _expect(update, record, before)
        update.replace(_absolute(record.name), _rdataset(record))
        if self._send(update, f"to write {record.type} {record.name}"):
            return
        there = self.look_up(zone, record.name, record.type)
        if there is None or not _same(there, record):
            raise Conflict(_standing(record, there, self.standing_at(zone, record.name)))
        if there.ttl != _ttl(record):  # the values are there already, from a try whose answer was lost
            update = self._update(zone)
            _expect(update, record, there)
            update.replace(_absolute(record.name), _rdataset(record))
            self._send(update, f"to write {record.type} {record.name}")

    def delete(self, zone: HostedZone, record: RecordSet) -> None:
        """Delete a record set; raises Conflict where another stands, HostError."""
        update = self._update(zone)
        update.present(*_prerequisite(record))
        update.delete(_absolute(record.name), record.type)
        if self._send(update, f"to delete {record.type} {record.name}"):
            return
        there = self.look_up(zone, record.name, record.type)
        if there is not None:
            raise Conflict(_standing(record, there, []))

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
            raise HostError(f"the name server {self._server} has no address: {error.strerror or error}") from None

    def _update(self, zone: HostedZone) -> UpdateMessage:
        import dns.update

        return dns.update.UpdateMessage(_absolute(zone.name))

    def _ask(self, name: str, record_type: str) -> Message:
        import dns.flags
        import dns.message

        query = dns.message.make_query(_absolute(name), record_type, flags=0)
        self._sign(query)
        answer = self._exchange(query, f"{record_type} {name}")
        rcode = _rcode(answer)
        if rcode not in ("NOERROR", "NXDOMAIN"):
            raise self._refused(f"the question for {record_type} {name}", rcode)
        return answer

    def _send(self, update: UpdateMessage, what: str) -> bool:
        """Send an update; False where its prerequisites do not hold, raises HostError where it is refused."""
        self._sign(update)
        rcode = _rcode(self._exchange(update, what))
        if rcode in ("YXRRSET", "NXRRSET", "YXDOMAIN", "NXDOMAIN"):
            return False
        if rcode != "NOERROR":
            raise self._refused(f"the update {what}", rcode)
        return True

    def _exchange(self, message: Message, what: str) -> Message:
        import dns.exception
        import dns.query
        import dns.tsig

        try:
            return dns.query.tcp(message, self._address(), timeout=TIMEOUT, port=self._port)
        except dns.tsig.PeerError as error:
            code = type(error).__name__.removeprefix("Peer").upper().replace("SIGNATURE", "SIG")
            raise self._refused(what, code) from None
        except dns.exception.Timeout:
            raise HostError(f"the name server {self._named} gave no answer within {TIMEOUT:.0f} s ({what})") from None
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise HostError(f"the name server {self._named} cannot be asked ({what}): {_words(error)}") from None

    def _sign(self, message: Message) -> None:
        if self._key is None:
            return
        import base64

        import dns.name
        import dns.tsig

        try:
            secret = base64.b64decode(self._secret, validate=True)
            key = dns.tsig.Key(dns.name.from_text(self._key), secret, f"{self._algorithm}.")
        except (binascii.Error, ValueError):
            raise HostError(
                f"the secret of the TSIG key {self._key} is not base64; copy it as tsig-keygen writes it"
            ) from None
        message.use_tsig(key)

    def _refused(self, what: str, rcode: str) -> HostError:
        remedy = _REMEDIES.get(rcode, "see its log")
        key = f" with the TSIG key {self._key} ({self._algorithm})" if self._key else " without a TSIG key"
        return HostError(f"the name server {self._named} refused {what}{key}: {rcode}; {remedy}")


def check(record: RecordSet) -> None:
    """Refuse a TXT value that no DNS message holds: 65535 octets with a length for each 255; raises RecordError."""
    for value in record.values if record.type == "TXT" else ():
        if len(str(value)) + -(-len(str(value)) // 255) > 65535:
            raise RecordError(f"TXT record {record.name}: {len(str(value))} characters, a record holds at most 65279")


def _expect(update: UpdateMessage, record: RecordSet, before: RecordSet | None) -> None:
    """State what must stand (RFC 2136 section 2.4), so that nobody's update in between is lost."""
    name = _absolute(record.name)
    if before is not None:
        update.present(*_prerequisite(before))
    elif record.type == "CNAME":
        update.absent(name)
    else:
        update.absent(name, record.type)
        update.absent(name, "CNAME")


def _prerequisite(record: RecordSet) -> tuple[Any, ...]:
    return (_absolute(record.name), *_rdataset(record))


def _rdataset(record: RecordSet) -> Any:
    import dns.rdataset
    import dns.rdatatype

    kind = dns.rdatatype.from_text(record.type)
    return dns.rdataset.from_rdata_list(_ttl(record), [_rdata(kind, value) for value in record.values])


def _rdata(kind: Any, value: str | Mx) -> Any:
    import dns.rdata
    import dns.rdataclass

    return dns.rdata.from_text(dns.rdataclass.IN, kind, _wire_text(value) if _is_text(kind) else _target(value))


def _is_text(kind: Any) -> bool:
    return str(kind.name) == "TXT"


def _wire_text(value: str | Mx) -> str:
    """Quote a TXT value in strings of at most 255 octets (RFC 1035 section 3.3.14)."""
    text = str(value)
    chunks = [text[start : start + 255] for start in range(0, len(text), 255)]
    return " ".join('"' + chunk.replace("\\", "\\\\").replace('"', '\\"') + '"' for chunk in chunks)


def _target(value: str | Mx) -> str:
    text = str(value)
    return text if text.endswith(".") or text.replace(".", "").isdigit() or ":" in text else f"{text}."


def _ttl(record: RecordSet) -> int:
    return DEFAULT_TTL if record.ttl == 1 else record.ttl


def _same(one: RecordSet, other: RecordSet) -> bool:
    return set(map(str, one.values)) == set(map(str, other.values))


def _standing(record: RecordSet, there: RecordSet | None, others: Iterable[StandingRecord]) -> str:
    found = [f"{there.type} {value}" for value in there.values] if there else []
    found += [f"{one.type} {one.content}" for one in others if one.type != record.type]
    shown = " and ".join(map(repr, found)) or "something else"
    return (
        f"{record.type} {record.name}: {shown} stands there, which is not what this stack wrote; it is left as it is. "
        "Name its values under records.also of the domain to keep them beside the stack's own, or delete them there"
    )


def _entries(name: Any, rdataset: RRset | Any) -> list[StandingRecord]:
    import dns.rdatatype

    kind = dns.rdatatype.to_text(rdataset.rdtype)
    if kind not in TYPES:
        return []
    owner = str(name.to_text(omit_final_dot=True)).lower().replace("\\042", "*")
    return [StandingRecord(owner, kind, _content(kind, item), ttl=int(rdataset.ttl)) for item in rdataset]


def _content(kind: str, item: Any) -> str:
    if kind == "TXT":
        return b"".join(item.strings).decode("utf-8", "backslashreplace")
    if kind == "MX":
        return f"{item.preference} {str(item.exchange).lower().removesuffix('.') or '.'}"
    return str(item.to_text()).lower().removesuffix(".")


def _absolute(name: str) -> Any:
    import dns.name

    return dns.name.from_text(f"{name}.")


def _aa() -> int:
    import dns.flags

    return int(dns.flags.AA)


def _rcode(message: Message) -> str:
    import dns.rcode

    return dns.rcode.to_text(message.rcode())


def _words(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return " ".join(str(error).split()) or type(error).__name__

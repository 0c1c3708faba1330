"""One name server over TCP: questions, updates and transfers, signed with TSIG (RFC 8945); its refusals explained."""

from __future__ import annotations

import base64
import ipaddress
import socket
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mailstack.errors import Busy, Refused, Unanswered, VendorError

from . import rfc2136_wire as wire
from .base import TRIES

if TYPE_CHECKING:
    from dns.message import Message
    from dns.tsig import Key
    from dns.zone import Zone

TIMEOUT = 10.0  # seconds for one exchange
_PAUSE = 0.5  # seconds; a name server that restarts is back by then
_UNMET = ("YXDOMAIN", "YXRRSET", "NXDOMAIN", "NXRRSET")  # RFC 2136 section 3.2: a prerequisite does not hold
_REMEDIES = {
    "NOTAUTH": "it does not hold this zone as a primary, or the TSIG key was refused",
    "NOTZONE": "the record lies outside the zone that it holds",
    "REFUSED": "allow this key to update the zone (BIND: update-policy or allow-update, Knot: acl with action: update)",
    "BADKEY": "it knows no TSIG key of this name and algorithm, or does not let it do this; compare its configuration",
    "BADSIG": "the secret of the TSIG key is another one there; set the right one as tsigSecret",
    "BADTIME": "its clock and this machine's differ by more than TSIG allows; set the clocks",
    "SERVFAIL": "see its log; its journal or zone file may not be writable",
    "NOTIMP": "it does not accept dynamic updates; name the zone's primary as server",
}
_ASKED = {
    **_REMEDIES,
    "REFUSED": "it does not serve the zone, or not to this machine; name the zone's primary as server",
}
_TRANSFERRED = {
    **_REMEDIES,
    "REFUSED": "allow the transfer to this key (BIND: allow-transfer, Knot: acl with action: transfer)",
}


class Server:
    """One name server. Each method raises VendorError."""

    def __init__(self, server: str, port: int, key: str | None, algorithm: str, secret: str) -> None:
        """Take the server's name or address, and the TSIG key (`secret` is base64) where the server asks for one."""
        self._server, self._port = server, port
        self._key, self._algorithm, self._secret = key, algorithm, secret

    @property
    def named(self) -> str:
        """Return the server as sentences name it."""
        return self._server if self._port == 53 else f"{self._server} (port {self._port})"

    def ask(self, name: str, record_type: str) -> Message:
        """Ask a question; an answer that is lost, and a SERVFAIL, are asked for again."""
        import dns.message

        what = f"the question for {record_type} {name}"
        for attempt in range(TRIES):
            question = dns.message.make_query(wire.absolute(name), record_type, flags=0)
            try:
                return self._exchange(question, what, ("NOERROR", "NXDOMAIN"), _ASKED)
            except (Unanswered, Busy) as error:
                if attempt == TRIES - 1:
                    raise Busy(str(error)) from None  # a question changes nothing, answered or not
                time.sleep(_PAUSE * attempt)
        raise AssertionError("the last attempt returns or raises")

    def send(self, update: Message, what: str) -> bool:
        """Send an update; False where its prerequisites do not hold, Unanswered where its answer is lost."""
        import dns.rcode

        answer = self._exchange(update, f"the update {what}", ("NOERROR", *_UNMET), _REMEDIES)
        return answer.rcode() == dns.rcode.NOERROR

    def transfer(self, zone: str) -> Zone:
        """Transfer a zone (AXFR, RFC 5936)."""
        import dns.exception
        import dns.query
        import dns.xfr
        import dns.zone

        what = f"the transfer of {zone}"
        connection, address = self._connection(what)
        connection.close()  # dnspython makes its own
        origin = wire.absolute(zone)
        query, _ = dns.xfr.make_query(dns.zone.Zone(origin))
        self._sign(query)
        found = dns.zone.Zone(origin, relativize=False)
        try:
            dns.query.inbound_xfr(address, found, query, port=self._port, timeout=TIMEOUT)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            if code := _code(error):
                raise self._refused(what, code, _TRANSFERRED) from None
            raise Busy(f"the name server {self.named} broke off {what}: {_words(error)}") from None
        return found

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
        raise Unanswered(
            f"the name server {self.named} answered {what} with a message that is damaged or not signed with the key, "
            "so it was not trusted; check whether a firewall or proxy on the way changes DNS messages"
        )

    def _carry(self, message: bytes, what: str) -> bytes:
        """Carry one message over TCP (RFC 1035 section 4.2.2) and return the answer; raises VendorError, Unanswered."""
        connection, _ = self._connection(what)
        try:
            with connection, connection.makefile("rwb") as stream:
                stream.write(len(message).to_bytes(2, "big") + message)
                stream.flush()
                length = int.from_bytes(stream.read(2), "big")
                answer = stream.read(length)
        except OSError as error:
            within = f" within {TIMEOUT:.0f} s" if isinstance(error, TimeoutError) else f": {_words(error)}"
            raise Unanswered(f"the name server {self.named} gave no answer{within} ({what})") from None
        if not answer or len(answer) < length:
            raise Unanswered(f"the name server {self.named} closed the connection without an answer ({what})")
        return answer

    def _connection(self, what: str) -> tuple[socket.socket, str]:
        """Connect to the first address of the server that can be reached, and return it, too."""
        for attempt in range(TRIES):
            errors: list[OSError] = []
            for address in self._addresses():
                try:
                    return socket.create_connection((address, self._port), TIMEOUT), address
                except OSError as error:
                    errors.append(error)
            if attempt == TRIES - 1 or all(isinstance(error, TimeoutError) for error in errors):
                break
            time.sleep(_PAUSE)
        words = " and ".join(dict.fromkeys(map(_words, errors)))
        raise Busy(f"the name server {self.named} cannot be reached over TCP ({what}): {words}")

    def _addresses(self) -> Sequence[str]:
        try:
            return [str(ipaddress.ip_address(self._server))]
        except ValueError:
            pass
        try:
            found = socket.getaddrinfo(self._server, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Busy(f"the name server {self._server} has no address: {error.strerror or error}") from None
        return list(dict.fromkeys(str(one[4][0]) for one in found))

    def _sign(self, message: Message) -> None:
        if self._key is not None:
            message.use_tsig(self._tsig_key(self._key))

    def _tsig_key(self, name: str) -> Key:
        import dns.exception
        import dns.name
        import dns.tsig

        try:
            secret = base64.b64decode(self._secret, validate=True)
        except ValueError:
            raise Refused(
                f"the secret of the TSIG key {name} is not base64; copy it as tsig-keygen writes it"
            ) from None
        if not secret:
            raise Refused(f"the TSIG key {name} has no secret; set tsigSecret under the zone's secrets")
        try:
            owner = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise Refused(f'"{name}" is not the name of a TSIG key: {_words(error)}') from None
        algorithm = getattr(dns.tsig, self._algorithm.upper().replace("-", "_"))
        return dns.tsig.Key(owner, secret, algorithm)

    def _refused(self, what: str, code: str, remedies: Mapping[str, str]) -> VendorError:
        key = f" with the TSIG key {self._key} ({self._algorithm})" if self._key else " without a TSIG key"
        words = f"the name server {self.named} refused {what}{key}: {code}; {remedies.get(code, 'see its log')}"
        return Busy(words) if code == "SERVFAIL" else Refused(words)


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

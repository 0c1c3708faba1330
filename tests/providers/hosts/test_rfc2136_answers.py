"""Dynamic updates over a bad line: answers that are lost, late or not the name server's, before a real BIND 9."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from mailstack.dns.records import RecordSet
from mailstack.errors import VendorError
from providers.dns import rfc2136
from providers.dns.rfc2136 import Rfc2136

from .name_servers import ALGORITHM, KEY, ZONE, NameServer, bind
from .test_rfc2136 import HOSTED, signed

# Given a request and what asks the name server, return the answer; None closes the connection without one.
Line = Callable[[bytes, Callable[[bytes], bytes]], bytes | None]


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with bind(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@contextmanager
def over(server: NameServer, line: Line) -> Iterator[Rfc2136]:
    """Give the adapter whose messages pass through a line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def ask(request: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", server.port), 5) as upstream:
                return carry(upstream, request)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rwb") as stream:
                    request = stream.read(int.from_bytes(stream.read(2), "big"))
                    if (answer := line(request, ask)) is not None:
                        stream.write(len(answer).to_bytes(2, "big") + answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Rfc2136("127.0.0.1", listener.getsockname()[1], KEY, ALGORITHM, server.secret)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def carry(connection: socket.socket, message: bytes) -> bytes:
    with connection.makefile("rwb") as stream:
        stream.write(len(message).to_bytes(2, "big") + message)
        stream.flush()
        return stream.read(int.from_bytes(stream.read(2), "big"))


def is_update(request: bytes) -> bool:
    """Tell whether a message is an update that changes something."""
    message = dns.message.from_wire(request, keyring=False)
    return message.opcode() == dns.opcode.UPDATE and bool(message.sections[2])


def losing(times: int, *, arrives: bool) -> Line:
    """Return a line that loses the first updates: the answer where they arrive, else the update itself."""
    left = [times]

    def line(request: bytes, ask: Callable[[bytes], bytes]) -> bytes | None:
        if is_update(request) and left[0]:
            left[0] -= 1
            if arrives:
                ask(request)
            return None
        return ask(request)

    return line


@pytest.mark.parametrize("arrives", [True, False], ids=["the answer is lost", "the update is lost"])
def test_a_lost_message_is_followed_by_a_look_and_the_record_stands_once(server: NameServer, arrives: bool) -> None:
    """Whether the update arrived is seen in the zone; then it is quiet, or tried again."""
    record = RecordSet(f"lost-{arrives}.{ZONE}".lower(), "TXT", 300, ("one=1",))
    changed = RecordSet(record.name, "TXT", 600, ("two=2",))
    for put in ((record, None), (changed, record)):
        with over(server, losing(1, arrives=arrives)) as host:
            host.put(HOSTED, *put)
    assert signed(server).look_up(HOSTED, record.name, "TXT") == changed
    with over(server, losing(1, arrives=arrives)) as host:
        host.delete(HOSTED, changed)
    assert signed(server).look_up(HOSTED, record.name, "TXT") is None


def test_a_line_that_loses_every_update_is_one_sentence(server: NameServer) -> None:
    """The tries end, and the sentence says what was not answered."""
    with (
        over(server, losing(99, arrives=False)) as host,
        pytest.raises(
            VendorError, match=rf"closed the connection without an answer \(the update to write TXT never\.{ZONE}"
        ),
    ):
        host.put(HOSTED, RecordSet(f"never.{ZONE}", "TXT", 300, ("one=1",)), None)


def test_a_server_that_keeps_silent_is_one_sentence(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stands without an answer ends after the time limit."""
    monkeypatch.setattr(rfc2136, "TIMEOUT", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(VendorError, match=rf"gave no answer within 0 s \(the question for SOA {ZONE}\)"),
    ):
        Rfc2136("127.0.0.1", silent.getsockname()[1], KEY, ALGORITHM, server.secret).zone(ZONE)


def test_an_answer_without_signature_is_not_believed(server: NameServer) -> None:
    """RFC 8945 section 5.3: an answer to a signed message is signed; one that says "done" without it says nothing."""

    def forged(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        message = dns.message.from_wire(request, keyring=False)
        answer = dns.message.make_response(message)
        answer.flags |= dns.flags.AA
        return answer.to_wire()

    with over(server, forged) as host, pytest.raises(VendorError, match="damaged or not signed with the key"):
        host.look_up(HOSTED, f"forged.{ZONE}", "TXT")


def test_a_signed_answer_that_was_changed_is_not_believed(server: NameServer) -> None:
    """One octet is enough."""

    def changing(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        answer = bytearray(ask(request))
        answer[12 + 1] ^= 0x20  # the case of the question's first letter
        return bytes(answer)

    with over(server, changing) as host, pytest.raises(VendorError, match="damaged or not signed with the key"):
        host.zone(ZONE)


def test_an_answer_that_is_no_message_is_one_sentence(server: NameServer) -> None:
    """Something else listens there."""
    with over(server, lambda request, ask: b"HTTP/1.1 400") as host, pytest.raises(VendorError, match="damaged or not"):
        host.zone(ZONE)


def test_an_unsigned_refusal_is_told_as_one(server: NameServer) -> None:
    """A server that does not know updates refuses them without a signature: its code and a remedy are told."""

    def refusing(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        if not is_update(request):
            return ask(request)
        answer = dns.message.Message(id=int.from_bytes(request[:2], "big"))
        answer.flags |= dns.flags.QR
        answer.set_rcode(dns.rcode.NOTIMP)
        return answer.to_wire()

    with over(server, refusing) as host, pytest.raises(VendorError, match="NOTIMP; it takes no dynamic updates"):
        host.put(HOSTED, RecordSet(f"refused.{ZONE}", "TXT", 300, ("one=1",)), None)


def test_a_server_that_comes_back_is_waited_for(server: NameServer) -> None:
    """A name server that restarts refuses connections for a moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    listening = threading.Event()

    def come_back() -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            listening.set()
            for _ in range(2):  # SOA and NS
                connection, _ = listener.accept()
                with connection, connection.makefile("rwb") as stream:
                    request = stream.read(int.from_bytes(stream.read(2), "big"))
                    with socket.create_connection(("127.0.0.1", server.port), 5) as upstream:
                        answer = carry(upstream, request)
                    stream.write(len(answer).to_bytes(2, "big") + answer)

    timer = threading.Timer(0.3, come_back)
    timer.daemon = True
    timer.start()
    assert Rfc2136("127.0.0.1", port, KEY, ALGORITHM, server.secret).zone(ZONE).name_servers == (f"ns1.{ZONE}",)
    assert listening.is_set()

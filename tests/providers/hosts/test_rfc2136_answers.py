"""Dynamic updates over a bad line: answers that are lost, late or not the name server's, before a real BIND 9."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import pytest

from mailstack.errors import Busy, Unanswered, VendorError
from providers.dns import rfc2136_server
from providers.dns.rfc2136 import Rfc2136

from .lines import Carry, carrying, exchange, is_update
from .name_servers import ZONE, NameServer, bind
from .suite import texts
from .test_rfc2136 import HOSTED, signed


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with bind(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@contextmanager
def over(server: NameServer, carry: Carry) -> Iterator[Rfc2136]:
    """Give the client whose messages pass through a line."""
    with carrying(server.port, carry) as port:
        yield signed(NameServer(port, server.secret))


def losing(times: int, *, arrives: bool) -> Carry:
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
def test_a_lost_message_is_followed_by_a_look_and_the_record_exists_once(server: NameServer, arrives: bool) -> None:
    """Whether the update arrived is seen in the zone; then it is quiet, or tried again."""
    name = f"lost-{arrives}.{ZONE}".lower()
    for change, left in (
        (texts(name, [], ["one=1"]), {("one=1", 300)}),
        (texts(name, ["one=1"], ["two=2"], 600), {("two=2", 600)}),
        (texts(name, ["two=2"], []), set()),
    ):
        with over(server, losing(1, arrives=arrives)) as host:
            host.write(HOSTED, change)
        assert {(one.content, one.ttl) for one in signed(server).existing(HOSTED, [name])} == left


def test_a_line_that_loses_every_update_is_one_sentence(server: NameServer) -> None:
    """The tries end, and the sentence says what was not answered."""
    with (
        over(server, losing(99, arrives=False)) as host,
        pytest.raises(
            Unanswered, match=rf"closed the connection without an answer \(the update to write TXT never\.{ZONE}"
        ),
    ):
        host.write(HOSTED, texts(f"never.{ZONE}", [], ["one=1"]))


@pytest.mark.parametrize("times", [1, 2])
def test_a_question_whose_answer_is_lost_is_asked_again(server: NameServer, times: int) -> None:
    """A look is tried three times, as a write is."""
    left = [times]

    def carry(request: bytes, ask: Callable[[bytes], bytes]) -> bytes | None:
        left[0] -= 1
        return None if left[0] >= 0 else ask(request)

    with over(server, carry) as host:
        assert host.zones([ZONE])[0].name == ZONE
    left[0] = 99
    with over(server, carry) as host, pytest.raises(Busy, match=r"without an answer \(the question for SOA"):
        host.zones([ZONE])


def test_one_servfail_is_asked_again(server: NameServer) -> None:
    """A server that reloads its zone says SERVFAIL for a moment; one that goes on saying so is told with a remedy."""
    left = [1]

    def carry(request: bytes, ask: Callable[[bytes], bytes]) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            return ask(request)
        answer = dns.message.make_response(dns.message.from_wire(request, keyring=False))
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer.to_wire()

    with over(server, carry) as host:
        assert host.zones([ZONE])[0].name == ZONE
    left[0] = 99
    with over(server, carry) as host, pytest.raises(Busy, match="SERVFAIL; see its log"):
        host.zones([ZONE])


def test_a_write_that_no_look_can_follow_says_that_it_may_be_made(server: NameServer) -> None:
    """The update arrived, and the line is dead from then on."""
    dead: list[bool] = []

    def carry(request: bytes, ask: Callable[[bytes], bytes]) -> bytes | None:
        if dead:
            return None
        if is_update(request):
            ask(request)
            dead.append(True)
            return None
        return ask(request)

    name = f"dead.{ZONE}"
    with over(server, carry) as host, pytest.raises(Unanswered, match="not known whether the change was made"):
        host.write(HOSTED, texts(name, [], ["one=1"]))
    assert [one.content for one in signed(server).existing(HOSTED, [name])] == ["one=1"]


def test_a_server_that_keeps_silent_is_one_sentence(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays without an answer ends after the time limit."""
    monkeypatch.setattr(rfc2136_server, "TIMEOUT", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(VendorError, match=rf"gave no answer within 0 s \(the question for SOA {ZONE}\)"),
    ):
        signed(NameServer(silent.getsockname()[1], server.secret)).zones([ZONE])


def test_an_answer_without_signature_is_not_believed(server: NameServer) -> None:
    """RFC 8945 section 5.3: an answer to a signed message is signed; one that says "done" without it says nothing."""

    def forged(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        message = dns.message.from_wire(request, keyring=False)
        answer = dns.message.make_response(message)
        answer.flags |= dns.flags.AA
        return answer.to_wire()

    with over(server, forged) as host, pytest.raises(VendorError, match="damaged or not signed with the key"):
        host.existing(HOSTED, [f"forged.{ZONE}"])


def test_a_signed_answer_that_was_changed_is_not_believed(server: NameServer) -> None:
    """One octet is enough."""

    def changing(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        answer = bytearray(ask(request))
        answer[12 + 1] ^= 0x20  # the case of the question's first letter
        return bytes(answer)

    with over(server, changing) as host, pytest.raises(VendorError, match="damaged or not signed with the key"):
        host.zones([ZONE])


def test_an_answer_that_is_no_message_is_one_sentence(server: NameServer) -> None:
    """Something else listens there."""
    with over(server, lambda request, ask: b"HTTP/1.1 400") as host, pytest.raises(VendorError, match="damaged or not"):
        host.zones([ZONE])


def test_an_unsigned_refusal_is_told_as_one(server: NameServer) -> None:
    """A server that does not know updates refuses them without a signature: its code and a remedy are told."""

    def refusing(request: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        if not is_update(request):
            return ask(request)
        answer = dns.message.Message(id=int.from_bytes(request[:2], "big"))
        answer.flags |= dns.flags.QR
        answer.set_rcode(dns.rcode.NOTIMP)
        return answer.to_wire()

    with over(server, refusing) as host, pytest.raises(VendorError, match="NOTIMP; it does not accept dynamic updates"):
        host.write(HOSTED, texts(f"refused.{ZONE}", [], ["one=1"]))


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
                        answer = exchange(upstream, request)
                    stream.write(len(answer).to_bytes(2, "big") + answer)

    timer = threading.Timer(0.3, come_back)
    timer.daemon = True
    timer.start()
    assert signed(NameServer(port, server.secret)).zones([ZONE])[0].name_servers == (f"ns1.{ZONE}",)
    assert listening.is_set()

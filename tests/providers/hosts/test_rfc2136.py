"""Dynamic updates against real name servers: BIND 9 and Knot."""

from __future__ import annotations

import base64
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import dns.message
import dns.opcode
import dns.query
import dns.tsigkeyring
import dns.update
import pytest

from mailstack.dns.changes import Change
from mailstack.dns.records import RecordSet
from mailstack.errors import Missing, VendorError
from providers.dns import rfc2136
from providers.dns.base import Access, HostedZone, RecordWriter
from providers.dns.rfc2136 import Rfc2136

from .lines import message_line
from .name_servers import ALGORITHM, KEY, ZONE, NameServer, bind, knot
from .suite import HostBehaviours, Line, Subject, asker, texts, writer
from .writer_suite import GuardedBehaviours, WriterBehaviours

HOSTED = HostedZone(ZONE, ZONE)


@pytest.fixture(scope="module", name="server", params=[bind, knot], ids=["BIND", "Knot"])
def _server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with request.param(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@pytest.fixture(scope="module", name="subject")
def _subject(server: NameServer) -> Subject:
    client = signed(server)

    @contextmanager
    def over(line: Line) -> Iterator[RecordWriter]:
        with message_line(server.port, line) as port:
            yield signed(NameServer(port, server.secret))

    return Subject(
        client=client,
        zone=client.zones([ZONE])[0],
        check=rfc2136.check,
        write=writer(client, HOSTED),
        plant=planter(server),
        ask=asker(server.port),
        refused=(RecordSet(f"long.{ZONE}", "TXT", 300, ("a" * 66_000,)),),
        over=over,
    )


def signed(server: NameServer, **more: str) -> Rfc2136:
    """Return the client with the key that may do all, or with something else in its place."""
    given = {"key": KEY, "algorithm": ALGORITHM, "secret": server.secret, **more}
    keys = {"server": "127.0.0.1", "port": server.port, "key": given["key"], "algorithm": given["algorithm"]}
    return Rfc2136(Access(keys=keys, secrets={"tsigSecret": given["secret"]}))


def planter(server: NameServer) -> Callable[[str, str, str], None]:
    """Return what writes a value as somebody else would: an unconditional update."""
    keyring = dns.tsigkeyring.from_text({KEY: (ALGORITHM, server.secret)})

    def plant(name: str, record_type: str, value: str) -> None:
        update = dns.update.UpdateMessage(f"{ZONE}.", keyring=keyring, keyalgorithm=ALGORITHM)
        text = f'"{value}"' if record_type == "TXT" else f"{value}."
        update.add(f"{name}.", 300, record_type, text)
        answer = dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=5)
        assert answer.rcode() == 0, answer

    return plant


class TestRfc2136(HostBehaviours, WriterBehaviours, GuardedBehaviours):
    """The suite, at each name server."""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"secret": base64.b64encode(secrets.token_bytes(32)).decode()}, "BADSIG; the secret of the TSIG key"),
        ({"key": "nobody"}, "BADKEY; it knows no TSIG key of this name and algorithm, or"),
        ({"algorithm": "hmac-sha512"}, "BADKEY; it knows no TSIG key of this name and algorithm, or"),
        ({"secret": "no base64!"}, "the secret of the TSIG key mailstack is not base64"),
    ],
    ids=["another secret", "another key", "another algorithm", "no base64"],
)
def test_a_key_that_is_refused_is_explained(server: NameServer, more: dict[str, str], said: str) -> None:
    """The sentence says what is wrong with the key and what to do, never its secret."""
    with pytest.raises(VendorError) as refused:
        signed(server, **more).write(HOSTED, texts(f"a.{ZONE}", [], ["a"]))
    assert said in str(refused.value)
    assert "no base64!" not in str(refused.value)
    assert server.secret not in str(refused.value)


def test_an_update_that_the_server_does_not_allow_is_explained(server: NameServer) -> None:
    """A key that the server knows and does not let update: BIND says REFUSED, Knot BADKEY."""
    with pytest.raises(
        VendorError, match=r"refused .* (TXT|CNAME) .* key reader .*(REFUSED; allow this key|does not let it do this)"
    ):
        signed(server, key="reader").write(HOSTED, texts(f"b.{ZONE}", [], ["b"]))


def test_a_server_that_is_down_is_one_sentence(server: NameServer) -> None:
    """Nothing listens: the sentence names the server, its port and what could not be asked."""
    down = signed(NameServer(1, server.secret))
    with pytest.raises(VendorError, match=r"127\.0\.0\.1 \(port 1\) cannot be reached .*refused"):
        down.zones([ZONE])


def test_every_address_of_a_server_is_tried(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with several addresses, the first of which nobody listens at, is a server all the same."""
    addresses = [(2, 1, 6, "", (address, server.port)) for address in ("127.0.0.9", "127.0.0.1")]
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: addresses if host == "ns1.example.net" else look_up(host, *rest, **more),
    )
    keys = {"server": "ns1.example.net", "port": server.port, "key": KEY, "algorithm": ALGORITHM}
    client = Rfc2136(Access(keys=keys, secrets={"tsigSecret": server.secret}))
    assert client.zones([ZONE])[0].name_servers == (f"ns1.{ZONE}",)
    assert {one.name for one in client.existing(HOSTED, [])} >= {ZONE, f"ns1.{ZONE}"}


def test_a_preview_sends_no_update_message(server: NameServer) -> None:
    """Looking at names asks questions only, where a wildcard answers as well."""
    planter(server)(f"*.looked.{ZONE}", "TXT", "wild=1")
    seen: list[dns.opcode.Opcode] = []
    with message_line(server.port, Line(), lambda message: seen.append(message.opcode())) as port:
        client = signed(NameServer(port, server.secret))
        names = [f"x.looked.{ZONE}", f"*.looked.{ZONE}", f"ns1.{ZONE}"]
        assert [one.name for one in client.existing(HOSTED, names)] == names[1:]
    assert set(seen) == {dns.opcode.QUERY}


def test_all_questions_are_signed(server: NameServer) -> None:
    """A server may answer nobody but the holder of the key (BIND: allow-query)."""
    unsigned: list[dns.message.Message] = []
    with message_line(server.port, Line(), lambda one: None if one.had_tsig else unsigned.append(one)) as port:
        client = signed(NameServer(port, server.secret))
        client.zones([ZONE])
        client.existing(HOSTED, [f"ns1.{ZONE}"])
        client.write(HOSTED, texts(f"signed.{ZONE}", [], ["a=1"]))
    assert unsigned == []


def test_of_two_zones_the_missing_one_is_named(server: NameServer) -> None:
    """The server's own words say why it does not serve it."""
    with pytest.raises(Missing, match=r"example\.org"):
        signed(server).zones([ZONE, "example.org"])


def test_of_two_writers_both_win(server: NameServer) -> None:
    """Two slots of one set are written from two processes at once: each keeps its value, nothing is lost."""
    name = f"race.{ZONE}"

    def write(text: str) -> None:
        signed(server).write(HOSTED, Change(name, "TXT", (), (text,), None, 300, ("one", "two")))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("one", "two")))
    assert {one.content for one in signed(server).existing(HOSTED, [name])} == {"one", "two"}

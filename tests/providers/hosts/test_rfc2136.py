"""Dynamic updates against real name servers: BIND 9 and Knot."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import dns.query
import dns.tsigkeyring
import dns.update
import pytest

from mailstack.dns.records import RecordSet
from mailstack.errors import Conflict, RecordError, VendorError
from providers.dns.base import HostedZone
from providers.dns.rfc2136 import Rfc2136

from .name_servers import ALGORITHM, KEY, ZONE, NameServer, bind, knot
from .suite import HostBehaviours, StoreBehaviours, Subject, asker

HOSTED = HostedZone(ZONE, ZONE)


@pytest.fixture(scope="module", name="server", params=[bind, knot], ids=["BIND", "Knot"])
def _server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with request.param(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@pytest.fixture(scope="module", name="subject")
def _subject(server: NameServer) -> Subject:
    host = signed(server)
    return Subject(
        host=host,
        zone=host.zone(ZONE),
        write=lambda record: host.put(HOSTED, record, None),
        plant=planter(server),
        ask=asker(server.port),
        refused=(RecordSet(f"long.{ZONE}", "TXT", 300, ("a" * 66_000,)),),
    )


def signed(server: NameServer, **more: str) -> Rfc2136:
    """Return the adapter with the key that may do all, or with something else in its place."""
    given = {"key": KEY, "algorithm": ALGORITHM, "secret": server.secret, **more}
    return Rfc2136("127.0.0.1", server.port, given["key"], given["algorithm"], given["secret"])


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


class TestRfc2136(HostBehaviours, StoreBehaviours):
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
        signed(server, **more).put(HOSTED, RecordSet(f"a.{ZONE}", "TXT", 300, ("a",)), None)
    assert said in str(refused.value)
    assert "no base64!" not in str(refused.value)
    assert server.secret not in str(refused.value)


def test_an_update_that_the_server_does_not_allow_is_explained(server: NameServer) -> None:
    """A key that the server knows and does not let update: BIND says REFUSED, Knot BADKEY."""
    with pytest.raises(
        VendorError, match=r"refused .* TXT .* key reader .*(REFUSED; allow this key|does not let it do this)"
    ):
        signed(server, key="reader").put(HOSTED, RecordSet(f"b.{ZONE}", "TXT", 300, ("b",)), None)


def test_a_record_outside_the_zone_is_explained(server: NameServer) -> None:
    """The name is compared with the zone before anything is asked (RFC 2136 section 2.2 would answer NOTZONE)."""
    with pytest.raises(RecordError, match=r"b\.example\.net is not in the zone example\.com"):
        signed(server).put(HOSTED, RecordSet("b.example.net", "TXT", 300, ("b",)), None)


def test_a_server_that_is_down_is_one_sentence(server: NameServer) -> None:
    """Nothing listens: the sentence names the server, its port and what could not be asked."""
    down = Rfc2136("127.0.0.1", 1, KEY, ALGORITHM, server.secret)
    with pytest.raises(VendorError, match=r"127\.0\.0\.1 \(port 1\) cannot be asked .*refused"):
        down.zone(ZONE)


def test_of_two_writers_exactly_one_wins(server: NameServer) -> None:
    """Two updates that expect the same state: one is written, the other is a Conflict, nothing is mixed."""
    before = RecordSet(f"race.{ZONE}", "TXT", 300, ("before",))
    signed(server).put(HOSTED, before, None)

    def write(text: str) -> str:
        try:
            signed(server).put(HOSTED, RecordSet(before.name, "TXT", 300, (text,)), before)
        except Conflict:
            return "conflict"
        return text

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(write, ("one", "two")))
    assert sorted(result == "conflict" for result in results) == [False, True]
    [winner] = [result for result in results if result != "conflict"]
    found = signed(server).look_up(HOSTED, before.name, "TXT")
    assert found is not None
    assert found.values == (winner,)

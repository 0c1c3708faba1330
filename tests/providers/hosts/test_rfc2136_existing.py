"""Dynamic updates where something exists that nobody of ours wrote, at BIND 9 and Knot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from mailstack.dns.changes import Change
from mailstack.errors import Conflict, Missing, VendorError
from providers.dns.base import Access
from providers.dns.rfc2136 import Rfc2136

from .name_servers import ALGORITHM, KEY, ZONE, NameServer, bind, knot
from .suite import texts
from .test_rfc2136 import HOSTED, signed

Plant = Callable[[str, str, str], None]


@pytest.fixture(scope="module", name="server", params=[bind, knot], ids=["BIND", "Knot"])
def _server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with request.param(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@pytest.fixture(name="host")
def _host(server: NameServer) -> Rfc2136:
    return signed(server)


@pytest.fixture(name="plant")
def _plant(server: NameServer) -> Plant:
    """Give what adds one value, written as in a zone file, without any condition."""
    key = dns.tsig.Key(dns.name.from_text(KEY), server.secret, f"{ALGORITHM}.")

    def plant(name: str, record_type: str, value: str) -> None:
        update = dns.update.UpdateMessage(f"{ZONE}.", keyring=key)
        update.add(f"{name}.{ZONE}.", 300, record_type, value)
        answer = dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=5)
        assert answer.rcode() == dns.rcode.NOERROR

    return plant


def text(name: str, before: str, after: str, **more: int) -> Change:
    """Return the change of a slot of one text; "" is none."""
    return texts(f"{name}.{ZONE}", [before] if before else [], [after] if after else [], **more)


def found(host: Rfc2136, name: str) -> list[tuple[str, str, int]]:
    """Return what exists at a name: types, contents and TTLs."""
    return [(one.type, one.content, one.ttl) for one in host.existing(HOSTED, [f"{name}.{ZONE}"])]


def test_what_a_wildcard_answers_does_not_exist_at_the_name(host: Rfc2136, plant: Plant) -> None:
    """RFC 4592: a wildcard's answers look like records of the name, but nothing is there to contradict a new one."""
    plant("*.alias", "CNAME", "shop.example.net.")
    assert found(host, "bounce.alias") == []
    host.write(HOSTED, text("bounce.alias", "", "v=spf1 -all"))
    assert found(host, "bounce.alias") == [("TXT", "v=spf1 -all", 300)]


def test_a_record_that_is_gone_below_a_wildcard_is_gone(host: Rfc2136, plant: Plant) -> None:
    """The wildcard's text is not taken for the record set's, so that a refresh and a destroy see it as gone."""
    plant("*.texts", "TXT", '"wild=1"')
    plant("*.texts", "TXT", '"ours=1"')
    assert found(host, "gone.texts") == []
    host.write(HOSTED, text("gone.texts", "ours=1", ""))
    assert {one[1] for one in found(host, "*.texts")} == {"wild=1", "ours=1"}


def test_a_set_that_equals_its_wildcard_is_seen_by_a_write(host: Rfc2136, plant: Plant) -> None:
    """By questions the two cannot be told apart; a write asks the server, and adds nothing equal."""
    plant("*.equal", "TXT", '"v=spf1 -all"')
    plant("own.equal", "TXT", '"v=spf1 -all"')
    with pytest.raises(Conflict, match=rf"own\.equal\.{ZONE}"):
        host.write(HOSTED, text("own.equal", "", "v=spf1 ~all"))


def test_the_wildcard_itself_is_found(host: Rfc2136) -> None:
    """A record set at a wildcard's own name exists there."""
    host.write(HOSTED, text("*.own", "", "wild=1"))
    assert found(host, "*.own") == [("TXT", "wild=1", 300)]


def test_a_text_cut_into_other_strings_is_the_same_text(host: Rfc2136, plant: Plant) -> None:
    """RFC 7208 section 3.3 joins a TXT's strings: one that was written in two is kept, changed and deleted as ours."""
    for name in ("kept", "changed", "deleted"):
        plant(name, "TXT", '"v=spf1 " "-all"')
    host.write(HOSTED, text("kept", "v=spf1 -all", "v=spf1 -all"))
    host.write(HOSTED, text("changed", "v=spf1 -all", "v=spf1 ~all"))
    host.write(HOSTED, text("deleted", "v=spf1 -all", ""))
    assert found(host, "kept") == [("TXT", "v=spf1 -all", 300)]
    assert found(host, "changed") == [("TXT", "v=spf1 ~all", 300)]
    assert found(host, "deleted") == []


def test_an_address_has_one_meaning_however_it_is_written(host: Rfc2136) -> None:
    """RFC 5952: 2001:DB8::0001 and 2001:db8::1 are one address; written again it is no conflict."""
    name, address = f"six.{ZONE}", ("2001:DB8::0001",)
    host.write(HOSTED, Change(name, "AAAA", (), address, None, 300))
    host.write(HOSTED, Change(name, "AAAA", address, address, 300, 300))
    assert found(host, "six") == [("AAAA", "2001:db8::1", 300)]
    host.write(HOSTED, Change(name, "AAAA", address, (), 300, 300))
    assert found(host, "six") == []


def test_an_equal_set_with_another_ttl_gets_the_ttl(host: Rfc2136) -> None:
    """The values are ours already: nothing is lost where only the TTL changes."""
    host.write(HOSTED, text("ttl", "", "one=1"))
    host.write(HOSTED, text("ttl", "one=1", "one=1", ttl=3600))
    assert found(host, "ttl") == [("TXT", "one=1", 3600)]


def test_a_name_that_is_delegated_away_is_refused(host: Rfc2136, plant: Plant) -> None:
    """A record below a zone cut would be written and never be seen (RFC 1034 section 4.2.1)."""
    plant("child", "NS", "ns1.example.net.")
    said = rf"x\.child\.{ZONE} lies in child\.{ZONE}, which the zone {ZONE} delegates to other name servers"
    with pytest.raises(VendorError, match=said):
        host.write(HOSTED, text("x.child", "", "v=spf1 -all"))
    with pytest.raises(VendorError, match=said):
        host.existing(HOSTED, [f"x.child.{ZONE}"])
    assert f"x.child.{ZONE}" not in {one.name for one in host.existing(HOSTED, [])}


def test_an_alias_over_a_type_that_the_kit_does_not_write_is_a_conflict(host: Rfc2136, plant: Plant) -> None:
    """An SRV is not asked for by type, and the update's condition finds it all the same (RFC 2136 section 2.4.5)."""
    plant("service", "SRV", "0 0 1 x.example.net.")
    with pytest.raises(Conflict, match=rf"service\.{ZONE}: a record of another type exists there"):
        host.write(HOSTED, Change(f"service.{ZONE}", "CNAME", (), ("target.example.net",), None, 300))
    assert [one.type for one in host.existing(HOSTED, []) if one.name == f"service.{ZONE}"] == ["SRV"]


def test_a_set_that_somebody_deleted_is_written_anew(host: Rfc2136) -> None:
    """The state holds a value that is gone: a change writes what is wanted now."""
    host.write(HOSTED, text("lost", "old=1", "new=1"))
    assert found(host, "lost") == [("TXT", "new=1", 300)]


def test_a_foreign_text_outside_ascii_is_listed_and_kept(host: Rfc2136, plant: Plant) -> None:
    """What exists is octets, whatever they mean: ours is written beside them and removed again."""
    plant("umlaut", "TXT", '"gr\\195\\188n"')
    host.write(HOSTED, text("umlaut", "", "ours=1"))
    assert {one[1] for one in found(host, "umlaut")} == {"grün", "ours=1"}
    host.write(HOSTED, text("umlaut", "ours=1", ""))
    assert found(host, "umlaut") == [("TXT", "grün", 300)]


def test_a_text_cut_into_other_strings_is_kept_as_it_is(host: Rfc2136, plant: Plant) -> None:
    """The strings of a foreign value are its owner's."""
    plant("strings", "TXT", '"one " "two"')
    host.write(HOSTED, text("strings", "", "ours=1"))
    zone = host._server.transfer(ZONE)
    values = {item.to_text() for item in zone.find_rdataset(f"strings.{ZONE}.", "TXT")}
    assert values == {'"one " "two"', '"ours=1"'}


def test_what_dnssec_and_the_zone_need_for_themselves_is_not_listed(host: Rfc2136) -> None:
    """SOA and signatures are nobody's records; name servers and services are listed as they are."""
    types = {one.type for one in host.existing(HOSTED, [])}
    assert "NS" in types
    assert not types & {"SOA", "RRSIG", "NSEC", "DNSKEY"}


def test_another_zone_is_explained(server: NameServer, host: Rfc2136) -> None:
    """Both servers refuse a question about a zone that they do not hold; Knot does so without a signature."""
    with pytest.raises(Missing, match=r"question for SOA example\.org .*REFUSED; it does not serve the zone"):
        host.zones(["example.org"])


@pytest.mark.parametrize(
    ("key", "algorithm", "secret", "said"),
    [
        (KEY, "hmac-md5", "c2VjcmV0", "BADKEY; it knows no TSIG key of this name and algorithm"),
        (KEY, ALGORITHM, "", "has no secret; set tsigSecret"),
        (f"{'k' * 64}.key", ALGORITHM, "c2VjcmV0", "is not the name of a TSIG key"),
    ],
    ids=["MD5", "no secret", "no name"],
)
def test_a_key_that_cannot_be_used_is_one_sentence(
    server: NameServer, key: str, algorithm: str, secret: str, said: str
) -> None:
    """The sentence names the key and what is wrong with it."""
    keys = {"server": "127.0.0.1", "port": server.port, "key": key, "algorithm": algorithm}
    with pytest.raises(VendorError) as refused:
        Rfc2136(Access(keys=keys, secrets={"tsigSecret": secret})).zones([ZONE])
    assert said in str(refused.value)
    assert "c2VjcmV0" not in str(refused.value)

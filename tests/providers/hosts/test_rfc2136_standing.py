"""Dynamic updates where something stands already that nobody of ours wrote, at BIND 9 and Knot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from mailstack.dns.records import RecordSet
from mailstack.errors import Conflict, VendorError
from providers.dns.rfc2136 import Rfc2136

from .name_servers import ALGORITHM, KEY, ZONE, NameServer, bind, knot
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


def text(name: str, *values: str) -> RecordSet:
    return RecordSet(f"{name}.{ZONE}", "TXT", 300, values)


def test_what_a_wildcard_answers_does_not_stand_at_the_name(host: Rfc2136, plant: Plant) -> None:
    """RFC 4592: a wildcard's answers look like records of the name, but nothing is there that could be in the way."""
    plant("*.alias", "CNAME", "shop.example.net.")
    record = text("bounce.alias", "v=spf1 -all")
    assert host.standing_at(HOSTED, record.name) == []
    host.put(HOSTED, record, None)
    assert host.look_up(HOSTED, record.name, "TXT") == record


def test_a_record_that_is_gone_below_a_wildcard_is_gone(host: Rfc2136, plant: Plant) -> None:
    """The wildcard's text is not taken for the record set's, so that a refresh and a destroy see it as gone."""
    plant("*.texts", "TXT", '"wild=1"')
    record = text("gone.texts", "ours=1")
    assert host.look_up(HOSTED, record.name, "TXT") is None
    host.delete(HOSTED, record)


def test_the_wildcard_itself_is_found(host: Rfc2136) -> None:
    """A record set at a wildcard's own name stands there."""
    record = RecordSet(f"*.own.{ZONE}", "TXT", 300, ("wild=1",))
    host.put(HOSTED, record, None)
    assert host.look_up(HOSTED, record.name, "TXT") == record


def test_a_text_cut_into_other_strings_is_the_same_text(host: Rfc2136, plant: Plant) -> None:
    """RFC 7208 section 3.3 joins a TXT's strings: one that was written in two is kept, changed and deleted as ours."""
    for name in ("kept", "changed", "deleted"):
        plant(name, "TXT", '"v=spf1 " "-all"')
    host.put(HOSTED, text("kept", "v=spf1 -all"), None)
    assert host.look_up(HOSTED, f"kept.{ZONE}", "TXT") == text("kept", "v=spf1 -all")
    host.put(HOSTED, text("changed", "v=spf1 ~all"), text("changed", "v=spf1 -all"))
    assert host.look_up(HOSTED, f"changed.{ZONE}", "TXT") == text("changed", "v=spf1 ~all")
    host.delete(HOSTED, text("deleted", "v=spf1 -all"))
    assert host.look_up(HOSTED, f"deleted.{ZONE}", "TXT") is None


def test_an_address_has_one_meaning_however_it_is_written(host: Rfc2136) -> None:
    """RFC 5952: 2001:DB8::0001 and 2001:db8::1 are one address; written again it is no conflict."""
    record = RecordSet(f"six.{ZONE}", "AAAA", 300, ("2001:DB8::0001",))
    host.put(HOSTED, record, None)
    host.put(HOSTED, record, None)
    host.delete(HOSTED, record)
    assert host.look_up(HOSTED, record.name, "AAAA") is None


def test_an_equal_set_with_another_ttl_gets_the_ttl(host: Rfc2136) -> None:
    """The values are ours already: nothing is lost where only the TTL changes."""
    host.put(HOSTED, text("ttl", "one=1"), None)
    longer = RecordSet(f"ttl.{ZONE}", "TXT", 3600, ("one=1",))
    host.put(HOSTED, longer, None)
    assert host.look_up(HOSTED, longer.name, "TXT") == longer


def test_a_name_that_is_delegated_away_is_refused(host: Rfc2136, plant: Plant) -> None:
    """A record below a zone cut would be written and never be seen (RFC 1034 section 4.2.1)."""
    plant("child", "NS", "ns1.example.net.")
    record = text("x.child", "v=spf1 -all")
    said = rf"x\.child\.{ZONE} lies in child\.{ZONE}, which the zone {ZONE} delegates to other name servers"
    with pytest.raises(VendorError, match=said):
        host.put(HOSTED, record, None)
    with pytest.raises(VendorError, match=said):
        host.standing_at(HOSTED, record.name)
    assert record.name not in {one.name for one in host.standing(HOSTED)}


def test_an_alias_over_a_type_that_the_kit_does_not_write_is_a_conflict(host: Rfc2136, plant: Plant) -> None:
    """An SRV is not asked for by type, and the update's condition finds it all the same (RFC 2136 section 2.4.5)."""
    plant("service", "SRV", "0 0 1 x.example.net.")
    with pytest.raises(Conflict, match=rf"service\.{ZONE}: a record of another type stands there"):
        host.put(HOSTED, RecordSet(f"service.{ZONE}", "CNAME", 300, ("target.example.net",)), None)
    assert [one.type for one in host.standing(HOSTED) if one.name == f"service.{ZONE}"] == ["SRV"]


def test_a_set_that_somebody_deleted_is_not_changed_in_passing(host: Rfc2136) -> None:
    """A deletion is a change of somebody's, too: the sentence says that nothing stands there, and what to do."""
    with pytest.raises(Conflict, match=r"nothing stands there any more.* run `pulumi refresh`"):
        host.put(HOSTED, text("lost", "new=1"), text("lost", "old=1"))


def test_a_text_that_the_model_has_no_words_for_is_said(host: Rfc2136, plant: Plant) -> None:
    """What stands is octets: a letter outside ASCII is an error at its name, and in nobody's way elsewhere."""
    plant("umlaut", "TXT", '"gr\\195\\188n"')
    with pytest.raises(VendorError, match=rf"cannot be managed: TXT record umlaut\.{ZONE}: character 'ü'"):
        host.look_up(HOSTED, f"umlaut.{ZONE}", "TXT")
    assert [one.content for one in host.standing_at(HOSTED, f"umlaut.{ZONE}")] == ["grün"]


def test_what_dnssec_and_the_zone_need_for_themselves_is_not_listed(host: Rfc2136) -> None:
    """SOA and signatures are nobody's records; name servers and services are listed as they stand."""
    types = {one.type for one in host.standing(HOSTED)}
    assert "NS" in types
    assert not types & {"SOA", "RRSIG", "NSEC", "DNSKEY"}


def test_another_zone_is_explained(server: NameServer, host: Rfc2136) -> None:
    """Both servers refuse a question about a zone that they do not hold; Knot does so without a signature."""
    with pytest.raises(VendorError, match=r"question for SOA example\.org .*REFUSED; it does not serve the zone"):
        host.zone("example.org")


@pytest.mark.parametrize(
    ("key", "algorithm", "secret", "said"),
    [
        (KEY, "hmac-md5", "c2VjcmV0", "BADKEY; it knows no TSIG key of this name and algorithm"),
        (KEY, "hmac-sha3", "c2VjcmV0", 'has the algorithm "hmac-sha3"; give one of hmac-sha256,'),
        (KEY, ALGORITHM, "", "has no secret; set tsigSecret"),
        (f"{'k' * 64}.key", ALGORITHM, "c2VjcmV0", "is not the name of a TSIG key"),
    ],
    ids=["MD5", "unknown algorithm", "no secret", "no name"],
)
def test_a_key_that_cannot_be_used_is_one_sentence(
    server: NameServer, key: str, algorithm: str, secret: str, said: str
) -> None:
    """The sentence names the key and what is wrong with it."""
    with pytest.raises(VendorError) as refused:
        Rfc2136("127.0.0.1", server.port, key, algorithm, secret).zone(ZONE)
    assert said in str(refused.value)
    assert "c2VjcmV0" not in str(refused.value)

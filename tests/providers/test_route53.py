"""What Route 53 keeps is read and written as AWS documents it; hosts/test_route53.py has the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.dns.records import RecordSet
from mailstack.errors import Busy, Missing, RecordError, Refused, VendorError
from providers.aws import AwsAccount
from providers.dns import route53
from providers.dns.base import Access, ExistingRecord, HostedZone
from tests.sandbox.route53_world import Route53World, alias, change, route53_world

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=1200)


@pytest.fixture(name="world")
def _world() -> Iterator[Route53World]:
    with route53_world() as world:
        yield world


@pytest.fixture(name="host")
def _host(world: Route53World) -> route53.Route53:
    key = world.aws.world.bootstrap
    return _asks(world, key.access_key_id, key.secret_access_key)


def _asks(world: Route53World, access_key: str, secret_key: str) -> route53.Route53:
    account = AwsAccount(access_key=access_key, secret_key=secret_key, endpoints={"route53": world.url})
    return route53.Route53(Access(aws=account))


def by_id(world: Route53World, zone_id: str) -> list[HostedZone]:
    """Ask with a zone's id among the settings."""
    key = world.aws.world.bootstrap
    account = AwsAccount(
        access_key=key.access_key_id, secret_key=key.secret_access_key, endpoints={"route53": world.url}
    )
    return route53.Route53(Access(keys={"zoneId": zone_id}, aws=account)).zones(["example.org"])


def text(value: str, ttl: int = 300) -> RecordSet:
    """Return a TXT record set of one value."""
    return RecordSet("a.example.org", "TXT", ttl, (value,))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("v=spf1 -all", '"v=spf1 -all"'),
        ("a" * 255, f'"{"a" * 255}"'),
        ("a" * 256, f'"{"a" * 255}""a"'),
        ("b" * 600, f'"{"b" * 255}""{"b" * 255}""{"b" * 90}"'),
        ('say "hi"', r'"say \"hi\""'),
        ("\\052", '"\\\\052"'),
        ("c" * 254 + '"d', f'"{"c" * 254}\\"""d"'),  # an escape is never torn apart
    ],
)
def test_text_is_written_in_strings(value: str, written: str) -> None:
    """Each string has quotes and at most 255 octets, and what would end it is escaped (TXT record type)."""
    assert route53.written("TXT", value) == written


def test_other_types_are_written_as_they_are() -> None:
    """Names and addresses have no quotes; an MX is preference and host in one text."""
    assert route53.written("MX", "10 mail.example.com") == "10 mail.example.com"
    assert route53.written("CNAME", "a.example.com") == "a.example.com"


@given(PRINTABLE)
def test_any_text_survives_the_way_there_and_back(value: str) -> None:
    """What is written means what was meant, and every string in it has at most 255 octets (RFC 1035 section 3.3.14)."""
    written = route53.written("TXT", value)
    listed = {"Name": "a.example.org.", "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": written}]}
    assert [one.content for one in route53.read([listed])] == [value]
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', written)
    assert "".join(f'"{one}"' for one in strings) == written
    assert all(len(re.sub(r"\\.", "x", one)) <= 255 for one in strings)


def test_the_apis_list_is_read() -> None:
    """Names lose dot, case and octal escapes, texts quotes and escapes; each value is an entry of its own."""
    listed = [
        {
            "Name": "\\052.Example.org.",
            "Type": "TXT",
            "TTL": 60,
            "ResourceRecords": [{"Value": '"one \\"1\\"" "and \\052 more"'}, {"Value": '"Two"'}],
        },
        {"Name": "m.example.org.", "Type": "MX", "TTL": 300, "ResourceRecords": [{"Value": "010  Mail.Example.net."}]},
        {"Name": "n.example.org.", "Type": "MX", "TTL": 300, "ResourceRecords": [{"Value": "0 ."}]},
        {"Name": "c.example.org.", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "Target.example.net."}]},
    ]
    assert route53.read(listed) == [
        ExistingRecord("*.example.org", "TXT", 'one "1"and * more', ttl=60),
        ExistingRecord("*.example.org", "TXT", "Two", ttl=60),
        ExistingRecord("m.example.org", "MX", "10 mail.example.net", ttl=300),
        ExistingRecord("n.example.org", "MX", "0 .", ttl=300),
        ExistingRecord("c.example.org", "CNAME", "target.example.net", ttl=300),
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"SetIdentifier": "blue"}, 'it is one of several with a routing policy (set identifier "blue")'),
        ({"TrafficPolicyInstanceId": "i-1"}, "the traffic policy instance i-1 made it; change it there"),
        ({}, ""),
    ],
)
def test_what_a_routing_policy_made_is_locked(more: dict[str, Any], reason: str) -> None:
    """It is not a plain set of values, and no value can be added to it."""
    records = [{"Value": '"one"'}]
    listed = [{"Name": "a.example.org.", "Type": "TXT", "TTL": 300, "ResourceRecords": records, **more}]
    assert [(one.content, one.ttl, one.locked, one.locks_set) for one in route53.read(listed)] == [
        ("one", 300, reason, bool(reason))
    ]


def test_aliases_and_routed_sets_are_listed_as_locked(world: Route53World, host: route53.Route53) -> None:
    """Neither an alias nor a weighted set goes unseen."""
    [zone] = by_id(world, world.zone("example.org"))
    weighted = change("CREATE", "w.example.org", "TXT", '"one"', SetIdentifier="blue", Weight=1)
    world.change(zone.id, alias("example.org", "D1.cloudfront.net."), weighted)
    apex, other = [one for one in host.existing(zone, []) if one.type in ("A", "TXT")]
    assert (apex.name, apex.content) == ("example.org", "d1.cloudfront.net")
    assert apex.locked == "it is an alias to d1.cloudfront.net, an AWS resource, and holds no values of its own"
    assert 'set identifier "blue"' in other.locked


def test_the_public_zone_of_a_name_is_found(world: Route53World, host: route53.Route53) -> None:
    """A private zone of the same name is passed over; a zone has the name servers of its delegation set."""
    world.zone("example.org", private=True)
    public = world.zone("example.org")
    world.zone("sub.example.org")
    [found] = host.zones(["example.org"])
    assert (found.id, found.name) == (public, "example.org")
    assert list(found.name_servers) == world.api.get_hosted_zone(Id=public)["DelegationSet"]["NameServers"]
    assert by_id(world, public) == [found]


def test_all_public_zones_of_a_name_are_given(world: Route53World, host: route53.Route53) -> None:
    """One account may hold several of one name: the caller has to choose."""
    ids = {world.zone("example.org") for _ in range(2)}
    other = world.zone("example.net")
    assert {one.id for one in host.zones(["example.org"])} == ids
    assert {one.id for one in host.zones(["example.org", "example.net"])} == {*ids, other}


def test_a_zone_that_is_private_or_not_there_is_said(world: Route53World, host: route53.Route53) -> None:
    """By name only a public zone is found; by id AWS's words for a wrong one are passed on."""
    private = world.zone("example.org", private=True)
    assert host.zones(["example.org"]) == []
    with pytest.raises(Refused, match=rf"the hosted zone {private} \(example\.org\) is private"):
        by_id(world, private)
    with pytest.raises(Missing, match=r"the hosted zone Z0NONE: .*NoSuchHostedZone"):
        by_id(world, "Z0NONE")


def test_all_pages_are_listed(world: Route53World, host: route53.Route53) -> None:
    """A page holds 300 record sets (ListResourceRecordSets); a larger zone is seen whole."""
    [zone] = by_id(world, world.zone("example.org"))
    world.change(zone.id, *(change("CREATE", f"n{number}.example.org", "TXT", '"one"') for number in range(305)))
    assert len({one.name for one in host.existing(zone, []) if one.type == "TXT"}) == 305
    names = ["n7.example.org", "n304.example.org", "none.example.org"]
    assert {one.name for one in host.existing(zone, names)} == set(names[:2])


def test_aws_words_are_passed_on_and_no_secret(world: Route53World) -> None:
    """A key that may not list zones is refused with AWS's sentence; so is one whose signature is wrong."""
    key = world.aws.user("nobody")
    access, secret = key["aws_access_key_id"], key["aws_secret_access_key"]
    with pytest.raises(VendorError) as refused:
        _asks(world, access, secret).zones(["example.org"])
    assert "Route 53 refused the list of hosted zones: " in str(refused.value)
    assert "user/nobody is not authorized to perform: route53:ListHostedZones" in str(refused.value)
    with pytest.raises(VendorError, match="SignatureDoesNotMatch") as refused:
        _asks(world, access, "wrong-secret").zones(["example.org"])
    assert "wrong-secret" not in str(refused.value)
    assert secret not in str(refused.value)


def test_a_server_that_does_not_answer_is_said() -> None:
    """An endpoint where nobody listens is told with its address, as a matter of the network and not of keys."""
    account = AwsAccount(access_key="k", secret_key="s", endpoints={"route53": "http://127.0.0.1:1"})
    with pytest.raises(Busy, match=r"cannot be reached .*http://127\.0\.0\.1:1.*Check the network connection"):
        route53.Route53(Access(aws=account)).zones(["example.org"])


@pytest.mark.parametrize("ttl", [30, 60, 2**31 - 1])
def test_any_ttl_in_seconds_is_taken_by_check_and_api(world: Route53World, host: route53.Route53, ttl: int) -> None:
    """Route 53 takes 0 to 2147483647 seconds (API reference, ResourceRecordSet)."""
    route53.check(text("one", ttl))
    world.zone("example.org")
    [zone] = host.zones(["example.org"])
    world.change(zone.id, change("CREATE", "a.example.org", "TXT", '"one"', ttl=ttl))
    assert [one.ttl for one in host.existing(zone, ()) if one.type == "TXT"] == [ttl]


def test_an_automatic_ttl_is_refused() -> None:
    """Route 53 does not choose a TTL; the sentence says what to write."""
    with pytest.raises(RecordError, match=r"TXT record a\.example\.org: a TTL of 1 .* write seconds, such as 300"):
        route53.check(text("one", 1))


@pytest.mark.parametrize(("value", "octets"), [("a" * 3969, 4001), ('"' * 1993, 4002)])
def test_a_value_over_4000_octets_is_refused(value: str, octets: int) -> None:
    """A value has 4000 octets as written (API reference, ResourceRecord): quotes and escapes count."""
    with pytest.raises(RecordError, match=rf"TXT record a\.example\.org: .* value of {octets} .* at most 4000"):
        route53.check(text(value))


def test_the_largest_value_is_taken_by_check_and_api(world: Route53World, host: route53.Route53) -> None:
    """3968 plain octets in 16 strings are the 4000 of one value."""
    route53.check(text("a" * 3968))
    [zone] = by_id(world, world.zone("example.org"))
    world.change(zone.id, change("CREATE", "a.example.org", "TXT", route53.written("TXT", "a" * 3968)))
    assert [one.content for one in host.existing(zone, []) if one.type == "TXT"] == ["a" * 3968]

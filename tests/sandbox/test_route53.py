"""The sandbox's Route 53 takes, lists and refuses as AWS does, and its public zones are what DNS answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.dns import Names, Rr

from .route53_world import Route53World, alias, change, route53_world

LONG = "x" * 256


@pytest.fixture(name="world")
def _world() -> Iterator[Route53World]:
    with route53_world() as world:
        yield world


@pytest.fixture(name="zone")
def _zone(world: Route53World) -> str:
    return world.zone("example.org")


def _refusal(world: Route53World, zone: str, *changes: dict[str, Any]) -> str:
    before = world.sets(zone)
    with pytest.raises(ClientError) as refused:
        world.change(zone, *changes)
    assert world.sets(zone) == before
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_names_are_listed_in_lower_case_with_octal_escapes(world: Route53World, zone: str) -> None:
    r"""`*` comes back as `\052`, upper case as lower, however it was given (DomainNameFormat.html)."""
    world.change(zone, change("CREATE", "*.Example.org", "TXT", '"any"'))
    assert [one["Name"] for one in world.sets(zone)] == ["\\052.example.org."]
    assert world.names.resolve("some.example.org", "TXT") == ["any"]
    assert "already exists" in _refusal(world, zone, change("CREATE", "\\052.example.org.", "TXT", '"any"'))


def test_what_stands_is_created_once(world: Route53World, zone: str) -> None:
    """CREATE of a set that exists is refused (AnalogJ/lexicon#179); UPSERT overwrites it."""
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"one"'))
    assert _refusal(world, zone, change("CREATE", "a.example.org", "TXT", '"two"')) == (
        "InvalidChangeBatch: [Tried to create resource record set [name='a.example.org.', type='TXT'] but it already "
        "exists]"
    )
    world.change(zone, change("UPSERT", "a.example.org", "TXT", '"two"'))
    assert world.names.resolve("a.example.org", "TXT") == ["two"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (change("DELETE", "no.example.org", "TXT", '"one"'), "but it was not found"),
        (change("DELETE", "a.example.org", "TXT", '"two"'), "but the values provided do not match the current values"),
        (change("DELETE", "a.example.org", "TXT", '"one"', ttl=60), "but the values provided do not match"),
    ],
)
def test_only_what_stands_is_deleted(world: Route53World, zone: str, given: dict[str, Any], words: str) -> None:
    """A DELETE names the values and the TTL that exist (API reference; hashicorp/terraform#18509)."""
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"one"'))
    assert words in _refusal(world, zone, given)
    world.change(zone, change("DELETE", "a.example.org", "TXT", '"one"'))
    assert world.sets(zone) == []


def test_an_alias_name_stands_alone(world: Route53World, zone: str) -> None:
    """A CNAME beside other records is refused, whichever comes second (GSA-TTS/dns#443)."""
    world.change(zone, change("CREATE", "t.example.org", "TXT", '"one"'))
    world.change(zone, change("CREATE", "c.example.org", "CNAME", "elsewhere.example.net"))
    assert _refusal(world, zone, change("UPSERT", "t.example.org", "CNAME", "a.example.net")).endswith(
        "[RRSet of type CNAME with DNS name t.example.org. is not permitted as it conflicts with other records with "
        "the same DNS name in zone example.org.]"
    )
    assert _refusal(world, zone, change("CREATE", "c.example.org", "TXT", '"one"')).endswith(
        "because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.org.]"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("bare", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        (f'"{LONG}"', "CharacterStringTooLong (Value is too long)"),
        (f'"{"y" * 255}""{LONG}"', "CharacterStringTooLong (Value is too long)"),
        ('""'.join(['"' + "z" * 250] + ["z" * 250] * 15 + ["z" * 250 + '"']), "maxLength '4000' for type 'RData'"),
    ],
)
def test_text_that_is_too_long_or_bare_is_refused(world: Route53World, zone: str, value: str, words: str) -> None:
    """Strings have 255 octets at most and are in quotes, a value has 4000 (API reference, TXTFormat)."""
    assert words in _refusal(world, zone, change("CREATE", "a.example.org", "TXT", value))


def test_a_name_elsewhere_is_refused(world: Route53World, zone: str) -> None:
    """A name must lie in the zone, label by label (terraform-aws-asg-dns-handler#38)."""
    words = "RRSet with DNS name notexample.org. is not permitted in zone example.org."
    assert words in _refusal(world, zone, change("CREATE", "notexample.org", "TXT", '"one"'))


def test_a_batch_is_seen_in_order_and_refused_as_a_whole(world: Route53World, zone: str) -> None:
    """A type is changed by DELETE and CREATE in one batch; one bad change leaves everything as it was."""
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"one"'))
    delete, create = (
        change("DELETE", "a.example.org", "TXT", '"one"'),
        change("CREATE", "a.example.org", "CNAME", "b.c"),
    )
    assert "already exists" in _refusal(world, zone, delete, create, create)
    assert "as it conflicts" in _refusal(world, zone, create, delete)
    world.change(zone, delete, create)
    assert [one["Type"] for one in world.sets(zone)] == ["CNAME"]


def test_routing_policies_stand_beside_each_other(world: Route53World, zone: str) -> None:
    """Sets with a set identifier are one each; deleting one leaves the other and those of other names."""
    first = change("CREATE", "w.example.org", "TXT", '"one"', SetIdentifier="blue", Weight=1)
    second = change("CREATE", "w.example.org", "TXT", '"two"', SetIdentifier="green", Weight=1)
    other = change("CREATE", "v.example.org", "TXT", '"three"', SetIdentifier="blue", Weight=1)
    world.change(zone, first, second, other)
    world.change(zone, {**first, "Action": "DELETE"})
    assert [(one["Name"], one["SetIdentifier"]) for one in world.sets(zone)] == [
        ("v.example.org.", "blue"),
        ("w.example.org.", "green"),
    ]


def test_dns_answers_joined_text_and_plain_names(world: Route53World, zone: str) -> None:
    """DNS joins the strings of a TXT and knows neither quotes nor escapes; an alias has no values to serve."""
    world.change(
        zone,
        change("CREATE", "a.example.org", "TXT", '"say \\"hi\\" \\052""and more"', ttl=60),
        change("CREATE", "m.example.org", "MX", "10 Mail.Example.net."),
        change("CREATE", "n.example.org", "MX", "0 ."),
        alias("www.example.org", "d111111abcdef8.cloudfront.net"),
    )
    assert world.names.resolve("a.example.org", "TXT") == ['say "hi" *and more']
    assert world.names.ask("a.example.org", "TXT").records[0].ttl == 60
    assert world.names.resolve("m.example.org", "MX") == ["10 mail.example.net"]
    assert world.names.resolve("n.example.org", "MX") == ["0 ."]
    assert world.names.resolve("www.example.org", "A") == []


def test_private_zones_are_not_served(world: Route53World, zone: str) -> None:
    """A private zone of the same name, or of another, answers nobody on the internet."""
    private, only = world.zone("example.org", private=True), world.zone("corp.example", private=True)
    world.change(private, change("CREATE", "a.example.org", "TXT", '"private"'))
    world.change(only, change("CREATE", "a.corp.example", "TXT", '"private"'))
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"public"'))
    assert world.names.resolve("a.example.org", "TXT") == ["public"]
    assert world.names.ask("a.corp.example", "TXT").rcode == "NXDOMAIN"


def test_the_zone_has_the_name_servers_of_its_delegation_set(world: Route53World, zone: str) -> None:
    """The NS records are those that GetHostedZone names."""
    servers = world.api.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    assert sorted(world.names.resolve("example.org", "NS")) == sorted(servers)


def test_zones_of_another_account_are_served_too(world: Route53World) -> None:
    """DNS does not ask whose account a zone is in."""
    other = world.aws.client("route53", **world.aws.assumed())
    made = other.create_hosted_zone(Name="other.example", CallerReference="1")["HostedZone"]["Id"]
    batch = {"Changes": [change("CREATE", "a.other.example", "TXT", '"theirs"')]}
    other.change_resource_record_sets(HostedZoneId=made, ChangeBatch=batch)
    assert world.names.resolve("a.other.example", "TXT") == ["theirs"]


class Elsewhere:
    """Another host that holds example.net."""

    def zones(self) -> Mapping[str, Sequence[str]]:
        return {"example.net": ("ns1.elsewhere.test",)}

    def published(self, zone: str) -> Sequence[Rr]:
        return [Rr("a.example.net", "TXT", 300, "old")]


def test_a_zone_of_two_hosts_is_served_by_whom_it_is_delegated_to(world: Route53World) -> None:
    """The first host serves it until the delegation names Route 53's servers; strangers' servers know nothing of it."""
    zone = world.zone("example.net")
    world.change(zone, change("CREATE", "a.example.net", "TXT", '"new"'))
    names = Names([Elsewhere(), *world.hosts], lambda token: None)
    assert names.resolve("a.example.net", "TXT") == ["old"]
    servers = world.api.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    names.delegate("example.net", [f"{servers[0].upper()}."])
    assert names.resolve("a.example.net", "TXT") == ["new"]
    assert names.delegated_elsewhere("example.net")
    names.delegate("example.net", ["ns1.stranger.test"])
    assert names.ask("a.example.net", "TXT").rcode == "NXDOMAIN"
    names.undelegate("example.net")
    assert names.resolve("a.example.net", "TXT") == ["old"]

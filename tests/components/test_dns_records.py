"""Records go to the hosts of their zones, one set for each name and type, under names that stay."""

from __future__ import annotations

from typing import Any

import pytest

from components.mail_stack import MailStack
from mailstack.errors import MailstackError

from .mocks import Recorder

CLOUDFLARE, ROUTE53 = "cloudflare:index/dnsRecord:DnsRecord", "aws:route53/record:Record"
OWN, READINESS = "mailstack:index:RecordSet", "mailstack:index:Readiness"
VERIFICATION = "site-verification=abc"
FIVE, KEY = "5 feedback-smtp.eu-west-1.amazonses.com", "aaaa.dkim.amazonses.com"


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    recorder = Recorder.install()
    recorder.handlers["aws:route53/getZone:getZone"] = lambda args: {
        "zoneId": f"Z-{args['name']}", "nameServers": ["ns-1.awsdns-01.org"],
    }  # fmt: skip
    return recorder


def declared(recorder: Recorder, dns: dict[str, Any], **more: Any) -> None:
    """Run a stack of one sender at notify.<zone> for each zone."""
    senders = {zone.split(".")[0]: {"domain": f"notify.{zone}"} for zone in dns}
    recorder.run(lambda: MailStack("mail", {"dns": dns, "senders": senders, **more}).records)


def test_zones_of_one_stack_are_at_different_hosts(recorder: Recorder) -> None:
    """Each record goes to the host of its zone, and each zone is looked up once."""
    declared(recorder, {"one.example": {"host": "cloudflare"}, "two.example": {"host": "route53"}})
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"zone-1"}
    assert {one.inputs["zoneId"] for one in recorder.of(ROUTE53)} == {"Z-two.example"}
    assert len(recorder.of(CLOUDFLARE)) == len(recorder.of(ROUTE53)) == 6
    assert sorted(recorder.asked()) == ["aws:route53/getZone:getZone", "cloudflare:index/getZones:getZones"]


def test_a_zone_that_moves_is_published_at_each_of_its_hosts(recorder: Recorder) -> None:
    """The same records stand at both, under names that do not change when one of them goes."""
    declared(recorder, {"one.example": {"hosts": ["cloudflare", {"host": "route53"}]}})
    both = {one.name for one in recorder.of(ROUTE53)}
    [wait] = recorder.of(READINESS)
    assert wait.inputs["hosts"] == {"one.example": ["cloudflare", "route53"]}
    assert wait.inputs["nameServers"] == {"one.example": ["a.ns.example", "b.ns.example", "ns-1.awsdns-01.org"]}
    declared(recorder, {"one.example": {"host": "route53"}})
    assert {one.name for one in recorder.of(ROUTE53)} == both
    assert recorder.of(CLOUDFLARE) == []


def test_route53_gets_text_in_strings_and_everything_else_as_it_is(recorder: Recorder) -> None:
    """pulumi-aws puts the quotes around TXT itself; longer text is parted by "" (its documentation, `records`)."""
    also = {"also": [{"name": "@", "type": "TXT", "values": ["k" * 300]}]}
    domains = {"notify.one.example": {"records": also}}
    declared(recorder, {"one.example": {"host": "route53"}}, domains=domains)
    sets = {(one.inputs["name"], one.inputs["type"]): one.inputs["records"] for one in recorder.of(ROUTE53)}
    assert sets["notify.one.example", "TXT"] == ["k" * 255 + '""' + "k" * 45]
    assert sets["bounce.notify.one.example", "MX"] == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    assert sets["_dmarc.notify.one.example", "TXT"] == ["v=DMARC1; p=none"]


def test_people_publish_the_records_of_a_manual_zone(recorder: Recorder) -> None:
    """No record is declared, the wait is a question, and the output lists what to make."""
    declared(recorder, {"one.example": {"host": "manual"}})
    assert recorder.of(CLOUDFLARE) + recorder.of(ROUTE53) + recorder.of(OWN) == []
    [wait] = recorder.of(READINESS)
    assert wait.inputs["manual"] is True
    assert len(wait.inputs["records"]) == 5


def test_values_of_others_stand_beside_ours_under_names_of_their_own(recorder: Recorder) -> None:
    """At a host that keeps values apart each has a resource; ours keeps its name whatever stands beside it."""
    also = {"also": [{"name": "@", "type": "TXT", "values": [VERIFICATION]}]}
    domains = {"notify.one.example": {"spf": {"also": []}, "records": also}}
    declared(recorder, {"one.example": {"host": "cloudflare"}}, domains=domains)
    at_apex = {
        one.name: one.inputs["content"] for one in recorder.of(CLOUDFLARE) if "-notify.one.example-txt" in one.name
    }
    assert at_apex.pop("mail-dns-notify.one.example-txt") == '"v=spf1 include:amazonses.com ~all"'
    assert list(at_apex.values()) == [f'"{VERIFICATION}"']


def test_a_record_that_is_kept_as_found_replaces_the_kits_own(recorder: Recorder) -> None:
    """Text, preference and TTL are those that were found; a DKIM record keeps its TTL by its name."""
    kept = [
        {"name": "_dmarc.notify.one.example", "type": "TXT", "ttl": 3600, "values": ["v=DMARC1;p=none"]},
        {"name": "bounce.notify.one.example", "type": "MX", "ttl": 1, "values": [FIVE]},
        {"name": "aaaa._domainkey.notify.one.example", "type": "CNAME", "ttl": 900, "values": [KEY]},
    ]  # fmt: skip
    domains = {"notify.one.example": {"records": {"asFound": kept}}}
    declared(recorder, {"one.example": {"host": "cloudflare"}}, domains=domains)
    found = {(one.inputs["name"], one.inputs["type"]): one.inputs for one in recorder.of(CLOUDFLARE)}
    dmarc = found["_dmarc.notify.one.example", "TXT"]
    assert (dmarc["content"], dmarc["ttl"]) == ('"v=DMARC1;p=none"', 3600)
    mx = found["bounce.notify.one.example", "MX"]
    assert (mx["priority"], mx["ttl"]) == (5, 1)
    assert [found[f"{token}._domainkey.notify.one.example", "CNAME"]["ttl"] for token in ("aaaa", "bbbb")] == [900, 300]


def test_a_zone_that_no_host_shows_is_one_sentence(recorder: Recorder) -> None:
    """Route 53's own words stand behind what to do."""
    from .mocks import Refused

    def none(args: dict[str, Any]) -> dict[str, Any]:
        raise Refused("no matching Route 53 Hosted Zone found")

    recorder.handlers["aws:route53/getZone:getZone"] = none
    with pytest.raises(MailstackError, match=r"mailstack:dns\.one\.example: Route 53 shows no one public hosted zone"):
        declared(recorder, {"one.example": {"host": "route53"}})
    assert [one for one in recorder.resources if one.custom] == []

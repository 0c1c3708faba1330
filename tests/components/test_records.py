"""Records go to the hosts of their zones, one resource for each slot and host, under names that stay."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi
import pytest

from components.mail_stack import MailStack
from mailstack.errors import MailstackError

from .mocks import MARK, ZONES, Recorder, Refused

CLOUDFLARE = "cloudflare:index/dnsRecord:DnsRecord"
OWN, READINESS = "mailstack:index:RecordSet", "mailstack:index:Readiness"
VERIFICATION = "site-verification=abc"
FIVE, KEY = "5 feedback-smtp.eu-west-1.amazonses.com", "aaaa.dkim.amazonses.com"
EXISTS, POLICY = "mail: DNS records that exist", "mail: DMARC policy"


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    recorder = Recorder.install()

    def zones(arguments: dict[str, Any]) -> dict[str, Any]:
        servers = {"cloudflare": ["a.ns.example", "b.ns.example"], "route53": ["ns-1.awsdns-01.org"], "rfc2136": []}
        found = {
            zone: {host: {"id": f"{host}-{zone}", "nameServers": servers[host]} for host in hosts}
            for zone, hosts in arguments["zones"].items()
        }
        return {"zones": found, "awsAccount": "123456789012"}

    recorder.handlers[ZONES] = zones
    return recorder


def declared(recorder: Recorder, dns: dict[str, Any], *, preview: bool = False, **more: Any) -> None:
    """Run a stack of one sender at notify.<zone> for each zone."""
    senders = {zone.split(".")[0]: {"domain": f"notify.{zone}"} for zone in dns}
    settings = {"dns": dns, "senders": senders, **more}
    recorder.run(lambda: MailStack("mail", settings).records, preview=preview)


def options(recorder: Recorder, type_token: str) -> dict[str, Any]:
    """Return the requests of the records of one type by name."""
    return {name: one for name, one in recorder.requests.items() if one.type == type_token}


def test_zones_of_one_stack_are_at_different_hosts(recorder: Recorder) -> None:
    """Each record goes to the host of its zone, and all zones are looked up at once."""
    declared(recorder, {"one.example": {"host": "cloudflare"}, "two.example": {"host": "route53"}})
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"cloudflare-one.example"}
    assert {(one.inputs["zone"], one.inputs["zoneId"]) for one in recorder.of(OWN)} == {
        ("two.example", "route53-two.example")
    }
    assert len(recorder.of(CLOUDFLARE)) == len(recorder.of(OWN)) == 6
    [zones] = [arguments for token, arguments in recorder.calls if token == ZONES]
    assert zones["zones"] == {"one.example": ["cloudflare"], "two.example": ["route53"]}


def test_a_zone_that_moves_is_published_at_each_of_its_hosts(recorder: Recorder) -> None:
    """The same records are at both, under names that do not change when one of them goes."""
    declared(recorder, {"one.example": {"hosts": ["cloudflare", {"host": "route53"}]}})
    both = {one.name for one in recorder.of(OWN)}
    assert both == {f"{one.name}-route53" for one in recorder.of(CLOUDFLARE)}
    [wait] = recorder.of(READINESS)
    assert wait.inputs["hosts"] == {"one.example": ["cloudflare", "route53"]}
    assert wait.inputs["nameServers"] == {"one.example": ["a.ns.example", "b.ns.example", "ns-1.awsdns-01.org"]}
    declared(recorder, {"one.example": {"host": "route53"}})
    assert {one.name for one in recorder.of(OWN)} == both
    assert recorder.of(CLOUDFLARE) == []


@pytest.mark.parametrize("host", [{"host": "route53"}, {"host": "rfc2136", "server": "192.0.2.1"}])
def test_the_plugin_gets_values_as_they_are_meant(recorder: Recorder, host: dict[str, Any]) -> None:
    """Whole and unquoted, an exchanger with its preference: quotes and chunks are the matter of the host's client."""
    also = {"also": [{"name": "@", "type": "TXT", "values": ["k" * 300]}]}
    domains = {"notify.one.example": {"records": also}}
    declared(recorder, {"one.example": host}, domains=domains)
    sets = {(one.inputs["name"], one.inputs["type"]): one.inputs for one in recorder.of(OWN)}
    assert sets["notify.one.example", "TXT"]["values"] == ["k" * 300]
    assert sets["_dmarc.notify.one.example", "TXT"]["values"] == ["v=DMARC1; p=none"]
    assert sets["aaaa._domainkey.notify.one.example", "CNAME"]["values"] == [KEY]
    assert sets["bounce.notify.one.example", "MX"] == {
        "host": host["host"],
        "zone": "one.example",
        "zoneId": f"{host['host']}-one.example",
        "name": "bounce.notify.one.example",
        "type": "MX",
        "ttl": 300,
        "values": ["10 feedback-smtp.eu-west-1.amazonses.com"],
        "beside": [],
    }


def test_slots_of_one_record_set_name_each_other(recorder: Recorder) -> None:
    """What is beside is this stack's own, and no reason to refuse."""
    also = [{"name": "@", "type": "TXT", "values": [VERIFICATION, "MS=ms1"]}]
    domains = {"notify.one.example": {"spf": {"also": []}, "records": {"also": also}}}
    declared(recorder, {"one.example": {"host": "route53"}}, domains=domains)
    at_apex = [one.inputs for one in recorder.of(OWN) if one.inputs["name"] == "notify.one.example"]
    ours, others = ["v=spf1 include:amazonses.com ~all"], [VERIFICATION, "MS=ms1"]
    assert sorted((one["values"], one["beside"]) for one in at_apex) == sorted([(ours, others), (others, ours)])


@pytest.mark.parametrize("is_secret", [True, False])
def test_zones_at_every_host_may_be_given_by_an_output(recorder: Recorder, is_secret: bool) -> None:
    """A zone that another resource makes is not looked up at that host; its id goes to the records as it is."""

    def given() -> Any:
        ids: list[Any] = [pulumi.Output.from_input(id_) for id_ in ("zone-8", "zone-9")]
        one, two = [pulumi.Output.secret(id_) if is_secret else id_ for id_ in ids]
        hosts = [{"host": "cloudflare", "zoneId": one}, {"host": "route53", "zoneId": two}]
        dns = {"one.example": {"hosts": hosts}, "two.example": {"host": "route53"}}
        senders = {"notify": {"domain": "notify.one.example"}, "other": {"domain": "notify.two.example"}}
        return MailStack("mail", {"dns": dns, "senders": senders}).smtp

    recorder.run(given)
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"zone-8"}
    assert {(one.inputs["zone"], one.inputs["zoneId"]) for one in recorder.of(OWN)} == {
        ("one.example", "zone-9"), ("two.example", "route53-two.example"),
    }  # fmt: skip
    assert recorder.one("mailstack:index:Owner")["zones"] == {"one.example": {"cloudflare": "zone-8"}}
    [zones] = [arguments for token, arguments in recorder.calls if token == ZONES]
    assert zones["zones"] == {"two.example": ["route53"]}


def test_people_publish_the_records_of_a_manual_zone(recorder: Recorder) -> None:
    """No record is declared, the wait is a question, and the output lists what to make."""
    declared(recorder, {"one.example": {"host": "manual"}})
    assert recorder.of(CLOUDFLARE) + recorder.of(OWN) == []
    [wait] = recorder.of(READINESS)
    assert wait.inputs["manual"] is True
    assert len(wait.inputs["records"]) == 5


def test_values_of_others_are_beside_ours_under_names_of_their_own(recorder: Recorder) -> None:
    """Each has a resource; ours keeps its name whatever is beside it."""
    also = {"also": [{"name": "@", "type": "TXT", "values": [VERIFICATION]}]}
    domains = {"notify.one.example": {"spf": {"also": []}, "records": also}}
    declared(recorder, {"one.example": {"host": "cloudflare"}}, domains=domains)
    at_apex = {
        one.name: one.inputs["content"] for one in recorder.of(CLOUDFLARE) if "-notify.one.example-txt" in one.name
    }
    assert at_apex.pop("mail-dns-notify.one.example-txt-spf") == '"v=spf1 include:amazonses.com ~all"'
    assert at_apex == {"mail-dns-notify.one.example-txt-also": f'"{VERIFICATION}"'}


def test_several_values_at_cloudflare_are_named_by_what_they_are(recorder: Recorder) -> None:
    """None is protected, since another value takes its place; the first may have been alone before."""
    also = {"also": [{"name": "@", "type": "TXT", "values": ["a=1", "b=1"]}]}
    domains = {"notify.one.example": {"dmarc": "off", "records": also}}
    declared(recorder, {"one.example": {"host": "cloudflare"}}, domains=domains)
    base = "mail-dns-notify.one.example-txt-also"
    named = {content: f"{base}-{hashlib.sha256(content.encode()).hexdigest()[:8]}" for content in ("a=1", "b=1")}
    for content, name in named.items():
        [one] = [one for one in recorder.of(CLOUDFLARE) if one.inputs["content"] == f'"{content}"']
        assert one.name == name
        assert recorder.requests[name].protect is False
    assert [alias.spec.name for alias in recorder.requests[named["a=1"]].aliases] == [base]
    assert not recorder.requests[named["b=1"]].aliases
    # The record that was alone may have held b=1: it gets its new value before b=1 is made anew.
    assert named["a=1"] in recorder.depends_on(named["b=1"])


def test_a_record_that_becomes_an_alias_takes_the_place_of_what_was_there(recorder: Recorder) -> None:
    """An alias allows nothing beside it (RFC 1034 section 3.6.2): the engine replaces one resource by the other."""
    alias = {"also": [{"name": "_dmarc", "type": "CNAME", "values": ["policy.example.net"]}]}
    domains = {"notify.one.example": {"dmarc": "off", "records": alias}}
    declared(recorder, {"one.example": {"hosts": ["cloudflare", "route53"]}}, domains=domains)
    base = "mail-dns-_dmarc.notify.one.example"
    for suffix in ("", "-route53"):
        aliases = [alias.spec.name for alias in recorder.requests[f"{base}-cname-also{suffix}"].aliases]
        assert f"{base}-txt{suffix}" in aliases


def test_a_record_that_is_kept_as_found_replaces_the_kits_own(recorder: Recorder) -> None:
    """Text, preference and TTL are those that were found; the DKIM records, whose names are not known, share a TTL."""
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
    assert [found[f"{token}._domainkey.notify.one.example", "CNAME"]["ttl"] for token in ("aaaa", "bbbb")] == [900, 900]


def test_a_zone_that_no_host_shows_is_one_sentence(recorder: Recorder) -> None:
    """The plugin's own words are the sentence."""

    def none(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("mailstack:dns.one.example: Route 53 shows no zone one.example to these credentials")

    recorder.handlers[ZONES] = none
    with pytest.raises(MailstackError, match=r"^mailstack:dns\.one\.example: Route 53 shows no zone one\.example"):
        declared(recorder, {"one.example": {"host": "route53"}})
    assert recorder.declared() == []


@pytest.mark.parametrize(("host", "type_token"), [("cloudflare", CLOUDFLARE), ("route53", OWN)])
def test_a_name_that_ses_chooses_is_never_changed_in_place(recorder: Recorder, host: str, type_token: str) -> None:
    """Another name is another record: Cloudflare would move ours onto whatever exists there, without the hook."""
    declared(recorder, {"one.example": {"host": host}})
    replaced = {name: list(one.replaceOnChanges) for name, one in options(recorder, type_token).items()}
    assert {name: keys for name, keys in replaced.items() if "dkim" in name} == {
        name: ["name"] for name in replaced if "dkim" in name
    }
    assert {tuple(keys) for name, keys in replaced.items() if "dkim" not in name} == {()}
    assert len([name for name in replaced if "dkim" in name]) == 3


@pytest.mark.parametrize("is_protected", [True, False])
def test_records_at_every_host_are_replaced_after_they_are_deleted(recorder: Recorder, is_protected: bool) -> None:
    """Two cannot be at one name; what the settings protect is protected at each host."""
    hosts = {"one.example": {"hosts": ["cloudflare", "route53"]}}
    declared(recorder, hosts, defaults={"protect": is_protected})
    records = [*options(recorder, CLOUDFLARE).values(), *options(recorder, OWN).values()]
    assert len(records) == 12
    assert all(one.deleteBeforeReplace for one in records)
    assert {one.protect for one in records} == {is_protected}


def test_hooks_are_at_what_the_published_providers_make(recorder: Recorder) -> None:
    """Each runs in previews too. The plugin's own types look for themselves; a DMARC policy is compared everywhere."""
    declared(recorder, {"one.example": {"hosts": ["cloudflare", "route53"]}})
    bound = {
        (one.type.split(":")[-1], "_dmarc" in name): (list(one.hooks.before_create), list(one.hooks.before_update))
        for name, one in recorder.requests.items()
        if one.custom
    }
    assert {key: hooks for key, hooks in bound.items() if hooks != ([], [])} == {
        ("DnsRecord", False): ([EXISTS], [EXISTS]),
        ("DnsRecord", True): ([EXISTS, POLICY], [EXISTS, POLICY]),
        ("RecordSet", True): ([POLICY], [POLICY]),
        ("EmailIdentity", False): (["mail: SES identities that exist"], []),
        ("ConfigurationSet", False): (["mail: SES configuration sets that exist"], []),
        ("Owner", False): (["mail: records of another stack"], []),
        ("User", False): (["mail: IAM users that exist"], ["mail: domain of a sender"]),
    }
    assert all(recorder.hooks.values())
    assert len(recorder.hooks) == 7


def test_a_record_at_cloudflare_carries_the_mark_and_is_not_proxied(recorder: Recorder) -> None:
    """Its name, type and id of the zone are known; what SES chooses is not, in the first preview."""
    declared(recorder, {"one.example": {"host": "cloudflare"}})
    assert {(one.inputs["comment"], one.inputs["proxied"]) for one in recorder.of(CLOUDFLARE)} == {(MARK, False)}
    names = {one.name for one in recorder.of(CLOUDFLARE)}
    declared(recorder, {"one.example": {"host": "cloudflare"}}, preview=True)
    assert {one.name for one in recorder.of(CLOUDFLARE)} == names

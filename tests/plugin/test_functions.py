"""zones and existing: what the program looks up through the plugin, asked once for each list."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from mailstack.errors import Busy, Refused, VendorError
from plugin.resources.owner import Owner
from plugin.shared import Shared
from providers.aws import AwsAccount
from providers.dns.base import HostedZone

from .fakes import ZONE, FakeHost, FakeSes, table
from .harness import Served, refusal, serving

MARK = "mailstack abcdefghijklmnop acme/shop/prod"


@pytest.fixture(name="host")
def _host() -> FakeHost:
    return FakeHost()


@pytest.fixture(name="other")
def _other() -> FakeHost:
    return FakeHost(name="cloudflare", title="Fake Cloudflare", keeps_marks=True)


@pytest.fixture(name="ses")
def _ses() -> FakeSes:
    return FakeSes()


@pytest.fixture(name="plugin")
def _plugin(host: FakeHost, other: FakeHost, ses: FakeSes) -> Iterator[Served]:
    with serving(Owner(), table(host, other), ses=ses) as plugin:
        yield plugin


def test_zones_are_found_with_one_request_for_each_host(plugin: Served, host: FakeHost, other: FakeHost) -> None:
    """Two zones at one host are one list, and a second call asks nobody."""
    host.hosted = [HostedZone("Z1", "example.com", ("ns1.example",)), HostedZone("Z2", "example.net")]
    other.hosted = [HostedZone("c1", "example.com", ("a.ns.example",))]
    wanted = {"example.com": ["route53", "cloudflare"], "example.net": ["route53"]}
    found = plugin.invoke("zones", zones=wanted, account=False)
    assert found == {
        "zones": {
            "example.com": {
                "route53": {"id": "Z1", "nameServers": ["ns1.example"]},
                "cloudflare": {"id": "c1", "nameServers": ["a.ns.example"]},
            },
            "example.net": {"route53": {"id": "Z2", "nameServers": []}},
        }
    }
    assert plugin.invoke("zones", zones=wanted, account=False) == found
    assert host.asked == [("zones", "example.com", "example.net")]
    assert other.asked == [("zones", "example.com")]


def test_zones_with_credentials_of_their_own_are_asked_for_apart(plugin: Served, host: FakeHost) -> None:
    """One list for each account; the zone's id is no account."""
    host.hosted = [HostedZone("Z1", "example.com"), HostedZone("Z2", "example.net")]
    host.hosted += [HostedZone("Z3", "example.org")]
    secret = {"route53": {"secrets": {"options": {"token": "t"}}}}
    plugin.configure({"dns": {"example.net": secret}})
    wanted = {zone: ["route53"] for zone in ("example.com", "example.net", "example.org")}
    plugin.invoke("zones", zones=wanted, account=False)
    assert sorted(host.asked) == [("zones", "example.com", "example.org"), ("zones", "example.net")]
    assert {} in (dict(access.secrets) for access in host.accesses)
    assert secret["route53"]["secrets"] in (dict(access.secrets) for access in host.accesses)


def test_an_id_that_the_settings_name_must_be_the_zones(plugin: Served, host: FakeHost) -> None:
    """Records of one domain would be written to another's zone."""
    plugin.configure({"dns": {"example.com": {"route53": {"keys": {"zoneId": "Z9"}}}}})
    host.hosted = [HostedZone("Z9", "example.com", ("ns1.example",))]
    found = plugin.invoke("zones", zones={"example.com": ["route53"]}, account=False)["zones"]
    assert found == {"example.com": {"route53": {"id": "Z9", "nameServers": ["ns1.example"]}}}
    assert dict(host.accesses[0].keys) == {"zoneId": "Z9"}
    plugin.configure({"dns": {"example.com": {"route53": {"keys": {"zoneId": "Z9"}}}}})
    host.hosted = [HostedZone("Z9", "example.net")]
    _, words, _ = refusal(lambda: plugin.invoke("zones", zones={"example.com": ["route53"]}, account=False))
    assert words == (
        'mailstack:dns["example.com"].zoneId: Fake DNS has under Z9 the zone example.net, not example.com; correct the '
        "id"
    )


def test_cloudflare_is_reached_with_its_own_keys(plugin: Served, host: FakeHost, other: FakeHost) -> None:
    """The token and the URL of the API reach no other host."""
    plugin.configure({"cloudflare": {"apiToken": "token", "baseUrl": "http://127.0.0.1:1"}})
    plugin.invoke("zones", zones={"example.com": ["cloudflare", "route53"]}, account=False)
    assert dict(other.accesses[0].package) == {"apiToken": "token", "baseUrl": "http://127.0.0.1:1"}
    assert dict(host.accesses[0].package) == {}


@pytest.mark.parametrize("spelled", ["bücher.example", "Xn--Bcher-Kva.example."])
def test_a_zone_with_letters_outside_ascii_is_found_however_the_host_spells_it(
    plugin: Served, host: FakeHost, spelled: str
) -> None:
    """The settings have the A-label (RFC 5890 section 2.3.2.1)."""
    host.hosted = [HostedZone("Z1", spelled)]
    found = plugin.invoke("zones", zones={"xn--bcher-kva.example": ["route53"]}, account=False)
    assert found["zones"]["xn--bcher-kva.example"]["route53"]["id"] == "Z1"


def test_a_zone_that_is_not_there_is_refused(plugin: Served) -> None:
    """The sentence names the key, the host and the way on."""
    code, words, _ = refusal(lambda: plugin.invoke("zones", zones={"example.net": ["route53"]}, account=False))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert words == (
        'mailstack:dns["example.net"]: Fake DNS shows no zone example.net to these credentials; create the zone there, '
        "or use credentials that may read it"
    )


def test_two_zones_of_one_name_are_refused_with_their_ids(plugin: Served, host: FakeHost) -> None:
    """Which one the domain is delegated to only a person knows."""
    host.hosted = [ZONE, HostedZone("Z2", "example.com", status="moved")]
    _, words, _ = refusal(lambda: plugin.invoke("zones", zones={"example.com": ["route53"]}, account=False))
    assert words == (
        'mailstack:dns["example.com"]: Fake DNS has 2 zones named example.com: Z1 (name servers ns1.host.example, '
        'ns2.host.example) and Z2 (moved); set mailstack:dns["example.com"].zoneId to the id of the one that the '
        "domain is delegated to"
    )


def test_a_dead_network_is_told_as_such(plugin: Served, host: FakeHost) -> None:
    """Nobody is sent to check a token, and the next call asks again."""

    def dead(step: str) -> None:
        raise Busy("Fake DNS does not answer at http://127.0.0.1:1: Connection refused")

    host.meanwhile = dead
    wanted = {"example.com": ["route53"]}
    _, words, _ = refusal(lambda: plugin.invoke("zones", zones=wanted, account=False))
    assert words == ('mailstack:dns["example.com"]: Fake DNS does not answer at http://127.0.0.1:1: Connection refused')
    host.meanwhile = lambda step: None
    assert plugin.invoke("zones", zones=wanted, account=False)["zones"]


def test_a_host_that_is_none_is_explained(plugin: Served) -> None:
    """The sentence names those that there are."""
    _, words, _ = refusal(lambda: plugin.invoke("zones", zones={"example.com": ["bind"]}, account=False))
    assert words == (
        'mailstack:dns["example.com"]: "bind" is not a DNS host that mailstack knows; use route53, cloudflare'
    )


def test_the_account_is_told_where_it_is_asked_for(plugin: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program compares it with the one of the AWS provider."""
    asked: list[str] = []

    def account_id(account: AwsAccount, region: str = "") -> str:
        asked.append(region)
        return "123456789012"

    monkeypatch.setattr(AwsAccount, "account_id", account_id)
    assert plugin.invoke("zones", zones={}, account=False) == {"zones": {}}
    assert plugin.invoke("zones", zones={}, account=True) == {"zones": {}, "awsAccount": "123456789012"}
    plugin.invoke("zones", zones={}, account=True)
    assert len(asked) == 1


def _at(*names: str, **more: Any) -> dict[str, Any]:
    return {"of": "route53", "zone": "example.com", "zoneId": "Z1", "names": list(names), **more}


def test_what_exists_at_names_is_listed_from_one_list_of_the_zone(plugin: Served, host: FakeHost) -> None:
    """Each value with all that the host tells of it; other names of the zone are asked for without asking the host."""
    host.plant("a.example.com", "TXT", "one=1", mark=MARK)
    host.plant("b.example.com", "MX", "10 mail.example.net", ttl=60)
    assert plugin.invoke("existing", **_at("a.example.com")) == {
        "records": [
            {
                "name": "a.example.com", "type": "TXT", "content": "one=1", "ttl": 300, "mark": MARK, "id": "",
                "locked": "", "isAlias": True,
            }
        ]
    }  # fmt: skip
    assert plugin.invoke("existing", **_at("b.example.com"))["records"][0]["content"] == "10 mail.example.net"
    assert plugin.invoke("existing", **_at("c.example.com", "d.example.com")) == {"records": []}
    assert host.asked == [("existing", "Z1", "a.example.com", "example.com")]


def test_an_empty_zone_is_listed_once(plugin: Served, host: FakeHost) -> None:
    """That nothing exists in a new zone is an answer for each of its names."""
    for name in ("a.example.com", "b.example.com", "c.example.com"):
        assert plugin.invoke("existing", **_at(name)) == {"records": []}
    assert len(host.asked) == 1


def test_a_host_that_lists_no_zones_is_asked_for_each_name_once(plugin: Served, host: FakeHost) -> None:
    """A name server answers for the names that it is asked for."""
    host.lists_zones = False
    host.plant("a.example.com", "TXT", "one=1")
    host.plant("b.example.com", "TXT", "two=2")
    for _ in range(2):
        assert plugin.invoke("existing", **_at("a.example.com"))["records"][0]["content"] == "one=1"
        assert len(plugin.invoke("existing", **_at("a.example.com", "b.example.com"))["records"]) == 2
    assert host.asked == [("existing", "Z1", "a.example.com", "example.com"), ("existing", "Z1", "b.example.com")]


def test_fresh_asks_again_for_the_names_it_is_given(plugin: Served, host: FakeHost) -> None:
    """In an update the program wants to know what exists now."""
    host.plant("b.example.com", "TXT", "two=2")
    assert plugin.invoke("existing", **_at("a.example.com")) == {"records": []}
    host.plant("a.example.com", "TXT", "one=1")
    assert plugin.invoke("existing", **_at("a.example.com")) == {"records": []}
    assert plugin.invoke("existing", **_at("a.example.com", fresh=True))["records"][0]["content"] == "one=1"


def test_other_credentials_are_asked_anew(plugin: Served, host: FakeHost) -> None:
    """What one configuration was answered is not told to the next."""
    plugin.invoke("existing", **_at("a.example.com"))
    plugin.configure({"dns": {"example.com": {"route53": {"secrets": {"token": "t"}}}}})
    plugin.invoke("existing", **_at("a.example.com"))
    assert len(host.asked) == 2


def test_callers_at_the_same_time_share_one_request(plugin: Served, host: FakeHost) -> None:
    """The hooks of all records ask at once."""
    go = threading.Event()
    host.plant("x.example.com", "TXT", "x")
    host.meanwhile = lambda step: go.wait(5)  # type: ignore[assignment]
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(plugin.invoke, "existing", **_at(f"{number}.example.com")) for number in range(8)]
        go.set()
        assert [one.result(10) for one in asked] == [{"records": []}] * 8
    assert len(host.asked) == 1


def test_a_failure_is_not_kept() -> None:
    """The next caller asks again, and what it is answered stays."""
    shared: Shared[int] = Shared()

    def fails() -> int:
        raise VendorError("no")

    with pytest.raises(VendorError, match="no"):
        shared.get("key", fails)
    assert shared.get("key", lambda: 3) == 3
    assert shared.get("key", fails) == 3


def _ses_arguments(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"of": "ses", "region": "eu-west-1", "kind": kind, "name": name, **more}


@pytest.mark.parametrize("kind", ["identity", "configurationSet", "user"])
def test_what_does_not_exist_at_ses_costs_one_list(plugin: Served, ses: FakeSes, kind: str) -> None:
    """A hundred new domains are one request; what exists is asked for by its name."""
    ses.things[kind]["mine"] = MARK  # type: ignore[index]
    for name in ("a", "b", "c"):
        assert plugin.invoke("existing", **_ses_arguments(kind, name)) == {}
    assert plugin.invoke("existing", **_ses_arguments(kind, "mine")) == {
        "existing": {"arn": "arn:mine", "mark": MARK, "configurationSet": ""}
    }
    assert ses.asked == [("list", kind, "/mailstack/"), ("get", kind, "mine")]


def test_fresh_asks_ses_for_the_very_name(plugin: Served, ses: FakeSes) -> None:
    """A list would be out of date."""
    assert plugin.invoke("existing", **_ses_arguments("identity", "a", fresh=True)) == {}
    assert ses.asked == [("get", "identity", "a")]


@pytest.mark.parametrize("kind", ["configurationSet", "user"])
@pytest.mark.parametrize("fresh", [True, False])
def test_what_may_not_be_seen_counts_as_not_there(plugin: Served, ses: FakeSes, kind: str, fresh: bool) -> None:
    """AWS accepts no second one of the name anyway."""
    ses.refused[kind] = Refused("IAM could not be asked: AccessDenied: no")  # type: ignore[index]
    assert plugin.invoke("existing", **_ses_arguments(kind, "a", fresh=fresh)) == {}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("identity", Refused("SES in eu-west-1 could not be asked: AccessDenied: no")),
        ("identity", Busy("SES in eu-west-1 could not be asked: Connection refused")),
        ("configurationSet", Busy("SES in eu-west-1 could not be asked: Connection refused")),
        ("user", VendorError("IAM could not be asked: ExpiredToken: no; check the AWS credentials in use")),
    ],
)
def test_what_else_aws_refuses_is_told_in_its_words(
    plugin: Served, ses: FakeSes, kind: str, error: VendorError
) -> None:
    """An identity that may not be seen could be somebody's who sends with it."""
    ses.refused[kind] = error  # type: ignore[index]
    _, words, _ = refusal(lambda: plugin.invoke("existing", **_ses_arguments(kind, "a")))
    assert words == str(error)


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("existing", {}, "existing: of: missing; give it"),
        ("existing", {"of": "ses"}, "existing: region and name: missing; give it"),
        ("existing", {"of": "route53"}, "existing: zone: missing; give it"),
        ("zones", {"zones": {}}, "zones: account: missing; give it"),
        ("zones", {"zones": {}, "account": "no"}, "zones: account: 'no' was given; give true or false"),
        (
            "zones",
            {"zones": {}, "account": True, "region": "x"},
            "zones: region: not an input of zones; it takes zones, account",
        ),
    ],
)
def test_wrong_arguments_are_explained(plugin: Served, function: str, arguments: dict[str, Any], sentence: str) -> None:
    """No mistake of the caller is a mistake of the plugin."""
    code, words, _ = refusal(lambda: plugin.invoke(function, **arguments))
    assert (code, words) == (grpc.StatusCode.INVALID_ARGUMENT, sentence)


def test_no_credential_gets_into_a_refusal(plugin: Served, host: FakeHost) -> None:
    """A vendor that echoes what it was sent is quoted without it."""
    secrets = [
        "token-canary-1",
        "key-canary-2",
        "session-canary-3",
        "external-canary-4",
        "tsig-canary-5",
        "url-canary-6",
    ]
    token, key, session, external, tsig, url = secrets
    credentials = {
        "aws": {
            "accessKey": "AKIACANARY",
            "secretKey": key,
            "token": session,
            "assumeRoles": [{"roleArn": "arn:aws:iam::1:role/r", "externalId": external}],
            "endpoints": {"sts": f"http://user:{url}@127.0.0.1:1"},
        },
        "cloudflare": {"apiToken": token},
        "dns": {"example.com": {"route53": {"keys": {"server": "ns1.example"}, "secrets": {"tsigSecret": tsig}}}},
    }
    plugin.configure(credentials)

    def echo(step: str) -> None:
        raise VendorError(f"refused: {json.dumps(credentials)}; {host.accesses[-1]!r}")

    host.meanwhile = echo
    _, words, _ = refusal(lambda: plugin.invoke("existing", **_at("a.example.com")))
    assert "refused: " in words
    assert "ns1.example" in words
    assert "arn:aws:iam::1:role/r" in words
    assert [secret for secret in [*secrets, "AKIACANARY"] if secret in words] == []

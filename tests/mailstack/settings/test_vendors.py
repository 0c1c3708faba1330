"""What the settings say of providers and hosts: read as their declarations allow, or one sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from mailstack.catalog import Catalog
from mailstack.dns.records import Mx
from mailstack.model import Model
from mailstack.settings.fields import Secret
from mailstack.settings.load import load
from mailstack.settings.model import Route, Settings
from providers import catalog
from providers.dns.rfc2136 import Rfc2136Keys
from providers.smtp import ses
from tests.mailstack.settings.refusals import ZONE, domain, refusal, sender

AT = 'mailstack:domains["example.com"].routes'
DNS = 'mailstack:dns["example.com"]'


class OtherOptions(Model):
    """What only the second provider has."""

    stream: str = "outbound"


class OtherSecrets(Model):
    """What its API takes."""

    token: Secret


class Other:
    """A provider without regions that makes its own DKIM keys, as most hosted ones are."""

    name, title, has_regions, spf, traces = "other", "Other Mail", False, "v=spf1 include:other.example ~all", None
    options: type[BaseModel] = OtherOptions
    secrets: type[BaseModel] | None = OtherSecrets
    ports = {2525: "starttls", 465: "tls"}  # noqa: RUF012
    dkim_algorithms: tuple[str, ...] = ()

    def problems(self, *_: Any) -> list[Any]:
        return []

    sender_problems = slots = problems

    def endpoint(self, route: Route) -> Any:
        raise NotImplementedError

    def inbound(self, route: Route) -> Mx:
        return Mx(10, "mx.other.example")


TWO: Any = Catalog({"ses": ses.PROVIDER, "other": Other()}, catalog().hosts)  # type: ignore[dict-item]  # a fake


def loaded(text: str, vendors: Catalog | None = None) -> Settings:
    return load(yaml.safe_load(text), vendors or catalog(), aws_region="eu-west-1")


def refused(text: str) -> str:
    return str(refusal(text, vendors=TWO))


def test_a_route_has_its_providers_options_and_port() -> None:
    """The region of the stack is for providers that have some; the port is the provider's usual one."""
    routes = "{main: {}, more: {provider: other, returnPath: more, other: {stream: news}}}"
    found = loaded(domain(f"{{routes: {routes}}}"), TWO).domains["example.com"].routes
    assert (found["main"].provider, found["main"].region, found["main"].port) == ("ses", "eu-west-1", 587)
    assert ses.options(found["main"]) == ses.SesOptions()
    assert (found["more"].provider, found["more"].region, found["more"].port) == ("other", "", 2525)
    assert found["more"].options == OtherOptions(stream="news")


def test_a_zone_has_its_hosts_keys() -> None:
    """Each host reads its own keys; one that is only a name has none."""
    found = loaded(
        "dns: {example.com: {hosts: [cloudflare, {host: rfc2136, server: ns1.example.com}]}}\n"
        "domains: {example.com: {}}"
    ).dns["example.com"]
    assert [host.host for host in found.hosts] == ["cloudflare", "rfc2136"]
    assert found.hosts[1].keys == Rfc2136Keys(server="ns1.example.com")
    assert found.hosts[0].zone_id is None


MISTAKES = {
    "a provider that there is not": (
        domain("{routes: {main: {provider: sess}}}"),
        f'{AT}.main.provider: must be ses or other, not "sess"; did you mean ses?',
    ),
    "a provider that is no word": (
        domain("{routes: {main: {provider: [ses]}}}"),
        f"{AT}.main.provider: must be ses or other, not a list",
    ),
    "an option of another provider": (
        domain("{routes: {main: {other: {stream: news}}}}"),
        f"{AT}.main.other: is for routes of Other Mail, and this route's provider is ses; remove it, or write "
        "provider: other",
    ),
    "an unknown key of a route": (
        domain("{routes: {main: {regoin: eu-west-1}}}"),
        f"{AT}.main.regoin: unknown key; did you mean region? (allowed: provider, region, returnPath, port, ses)",
    ),
    "an unknown option of another provider": (
        domain("{routes: {main: {provider: other, other: {straem: news}}}}"),
        f"{AT}.main.other.straem: unknown key; did you mean stream? (allowed: stream)",
    ),
    "a region of a provider that has none": (
        domain("{routes: {main: {provider: other, region: eu-west-1}}}"),
        f"{AT}.main.region: is of no use, since Other Mail has no regions; remove it",
    ),
    "a port of another provider": (
        domain("{routes: {main: {provider: other, port: 587}}}"),
        f"{AT}.main.port: Other Mail does not listen on port 587; use 2525 for STARTTLS, 465 for TLS",
    ),
    "a port that SES does not have": (
        domain("{routes: {main: {port: 2525}}}"),
        f"{AT}.main.port: Amazon SES does not listen on port 2525; use 587, 2587 or 25 for STARTTLS, 465 or 2465 "
        "for TLS",
    ),
    "two routes through a provider without regions": (
        domain("{routes: {main: {provider: other}, more: {provider: other, returnPath: more}}}"),
        f"{AT}.more.provider: routes main and more of example.com are both other; give one of them another provider "
        "or remove it",
    ),
    "an own key that the provider does not sign with": (
        domain("{routes: {main: {provider: other}}, dkim: {kind: own}}"),
        'mailstack:domains["example.com"].dkim.algorithm: is rsa, but route main goes through other, and Other Mail '
        "signs with keys of its own only; remove kind: own",
    ),
    "a route that is a word": (
        domain("{routes: {main: ses}}"),
        f'{AT}.main: must be a mapping with a key such as provider, not "ses"',
    ),
    "a route off that no default has": (
        domain("{routes: {main: {}, eu: off}}"),
        f"{AT}.eu: is off, but mailstack:defaults has no such route; remove it",
    ),
    "a host that there is not": (
        "dns: {example.com: {host: cloudfare}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.host: must be cloudflare, route53, rfc2136, lexicon or manual, not \"cloudfare\"; did you mean "
        "cloudflare?",
    ),
    "a host in a list that there is not": (
        "dns: {example.com: {hosts: [cloudflare, route35]}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.hosts[1].host: must be cloudflare, route53, rfc2136, lexicon or manual, not \"route35\"; did you mean "
        "route53?",
    ),
    "a key of another host": (
        "dns: {example.com: {host: rfc2136, server: ns1.example.com, zoneId: Z1}}\n"
        "domains: {example.com: {manage: false}}",
        f"{DNS}.zoneId: is a key of cloudflare and route53, not of rfc2136; remove it",
    ),
    "an unknown key of a host": (
        "dns: {example.com: {host: route53, zoneid: Z1}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.zoneid: unknown key; did you mean zoneId? (allowed: host, zoneId)",
    ),
    "a host without what it needs": (
        "dns: {example.com: {host: rfc2136}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.server: is missing: write the primary name server that accepts dynamic updates (RFC 2136): its name "
        "or address",
    ),
    "one host twice": (
        "dns: {example.com: {hosts: [manual, {host: manual}]}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}: names the same host twice; keep one",
    ),
    "a host and hosts": (
        "dns: {example.com: {host: manual, hosts: [cloudflare]}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}: write host and its keys, or hosts alone with the keys of each in its own mapping",
    ),
    "hosts that are no list": (
        "dns: {example.com: {hosts: {cloudflare: {}}}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.hosts: must be a list of hosts, not a mapping",
    ),
    "a host of dns-lexicon that there is not": (
        "dns: {example.com: {host: lexicon, provider: powrdns}}\ndomains: {example.com: {manage: false}}",
        f'{DNS}.provider: dns-lexicon knows no DNS host "powrdns"; did you mean powerdns, ',
    ),
    "a TSIG key without its secret": (
        "dns: {example.com: {host: rfc2136, server: ns1.example.com, key: k}}\ndomains: {example.com: {manage: false}}",
        f"{DNS}.key: is k, but mailstack:secrets has no secret for it; set it with pulumi config set --secret --path "
        "'mailstack:secrets.dns[\"example.com\"].tsigSecret'",
    ),
    "a TSIG secret without its key": (
        "dns: {example.com: {host: rfc2136, server: ns1.example.com}}\ndomains: {example.com: {manage: false}}\n"
        "secrets: {dns: {example.com: {tsigSecret: c2VjcmV0}}}",
        f"{DNS}: has a TSIG secret but no key; write the key's name: key: mailstack",
    ),
    "a secret of a host that takes none": (
        ZONE + "domains: {example.com: {}}\nsecrets: {dns: {example.com: {tsigSecret: c2VjcmV0}}}",
        'mailstack:secrets.dns["example.com"]: is for a zone at rfc2136 or lexicon, but its host, cloudflare, takes '
        "none; rename or remove the secret",
    ),
    "a secret of a zone that is not there": (
        ZONE + "domains: {example.com: {}}\nsecrets: {dns: {example.org: {tsigSecret: c2VjcmV0}}}",
        'mailstack:secrets.dns["example.org"]: is for a zone at rfc2136 or lexicon, but mailstack:dns has no such '
        "zone; rename or remove the secret",
    ),
    "a secret of a provider that takes none": (
        ZONE + "domains: {example.com: {}}\nsecrets: {providers: {ses: {key: secret-1}}}",
        "mailstack:secrets.providers.ses: is of no use, since Amazon SES takes no secrets here; remove it",
    ),
    "a secret of a provider that no route uses": (
        ZONE + "domains: {example.com: {}}\nsecrets: {providers: {other: {token: secret-1}}}",
        "mailstack:secrets.providers.other: is of no use, since no route's provider is other; remove it",
    ),
    "a login at its former place": (
        sender("{domain: example.com, login: given}") + "\nsecrets: {notify: {username: u, password: p}}",
        "mailstack:secrets.notify: belongs under mailstack:secrets.senders.notify",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(mistake: str) -> None:
    """Where, what was given, what is allowed, what to do."""
    text, sentence = MISTAKES[mistake]
    assert refused(text).startswith(sentence)
    assert "\n" not in refused(text)


def test_secrets_are_read_as_the_vendor_reads_them() -> None:
    """A zone that moves from one host to another may have the secrets of both."""
    found = loaded(
        "dns: {example.com: {hosts: [{host: rfc2136, server: ns1.example.com, key: k},"
        " {host: lexicon, provider: powerdns}]}}\n"
        "domains: {example.com: {routes: {main: {provider: other}}}}\n"
        "secrets: {dns: {example.com: {tsigSecret: c2VjcmV0, options: {auth_token: t0ken}}},"
        " providers: {other: {token: t0ken}}}",
        TWO,
    ).secrets
    assert sorted(found.dns["example.com"]) == ["lexicon", "rfc2136"]
    assert isinstance(found.providers["other"], OtherSecrets)
    assert "t0ken" not in found.model_dump_json() + repr(found)


def test_a_route_of_the_defaults_can_be_taken_out() -> None:
    """`off` is the domain's word for what is not its own; what is left is read as before."""
    text = ZONE + "defaults: {routes: {main: {}, eu: {region: eu-central-1, returnPath: eu}}}\n"
    same = loaded(text + "domains: {example.com: {routes: {main: {port: 465}}}}").domains["example.com"]
    assert list(same.routes) == ["main", "eu"]
    found = loaded(text + "domains: {example.com: {routes: {eu: off}}, a.example.com: {}}").domains
    assert (list(found["example.com"].routes), list(found["a.example.com"].routes)) == (["main"], ["main", "eu"])


def test_a_route_with_another_provider_than_the_defaults_has_nothing_from_it() -> None:
    """A port, a region or options of one provider mean nothing to another."""
    text = ZONE + "defaults: {routes: {main: {port: 2587, region: us-east-1, ses: {tls: require}}}}\n"
    found = loaded(text + "domains: {example.com: {routes: {main: {provider: other}}}, a.example.com: {}}", TWO).domains
    assert (found["example.com"].routes["main"].port, found["example.com"].routes["main"].region) == (2525, "")
    assert found["a.example.com"].routes["main"].port == 2587

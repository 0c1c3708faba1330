"""What settings become once they are read."""

from __future__ import annotations

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from mailstack.catalog import Endpoint
from mailstack.settings.load import load
from mailstack.settings.model import DmarcSettings, Secrets, Settings, SpfSettings
from providers import catalog
from providers.smtp import ses


def settings(text: str, aws_region: str | None = "eu-west-1") -> Settings:
    return load(yaml.safe_load(text), catalog(), aws_region=aws_region)


ONE_DOMAIN = "dns: {example.com: {host: cloudflare}}\n"


def test_one_sender_and_one_zone_are_enough() -> None:
    """A sender's domain that is not listed is owned with the defaults, through one SES route in the stack's region."""
    found = settings(ONE_DOMAIN + "senders: {notify: {domain: notify.example.com}}")
    domain, sender = found.domains["notify.example.com"], found.senders["notify"]
    assert (domain.name, domain.manage, domain.protect, domain.wait, domain.wait_minutes, domain.ttl) == (
        "notify.example.com",
        True,
        True,
        "warn",
        10,
        300,
    )
    assert list(domain.routes) == ["main"]
    route = domain.routes["main"]
    assert (route.provider, route.region, route.port) == ("ses", "eu-west-1", 587)
    assert route.mail_from(domain.name) == "bounce.notify.example.com"
    assert ses.PROVIDER.endpoint(route) == Endpoint("email-smtp.eu-west-1.amazonaws.com", 587, "starttls")
    assert (ses.options(route).tls, ses.options(route).dkim_domain, ses.options(route).sandbox_account) == (
        "optional",
        "dkim.amazonses.com",
        False,
    )
    assert isinstance(domain.dmarc, DmarcSettings)
    assert str(domain.dmarc.to_record()) == "v=DMARC1; p=none"
    assert domain.spf is None
    assert domain.spf_record() is None
    assert (sender.key, sender.domain, sender.via, sender.login) == ("notify", "notify.example.com", "main", "create")
    assert sender.from_address == "notify@notify.example.com"
    assert sender.send_as == ()
    assert found.stage is None
    assert found.formerly is None
    assert found.secrets == Secrets()


def test_the_written_out_example_is_read_as_written() -> None:
    """Each key of the documented example lands in the attribute of its name."""
    found = settings("""
stage: prod
dns: {example.com: {host: cloudflare}}
domains:
  notify.example.com:
    manage: true
    routes:
      main: {provider: ses}
      eu: {provider: ses, region: eu-central-1, returnPath: bounce-eu, port: 465, ses: {tls: require}}
    dmarc: {policy: quarantine, rua: ["mailto:dmarc@example.com"]}
    spf: {also: ["include:_spf.google.com"]}
    protect: false
    wait: require
    waitMinutes: 2.5
    ttl: 60
senders:
  notify:
    domain: notify.example.com
    via: main
    from: {address: hello, name: Example}
    login: create
    sendAs: ["news-*", "*@notify.example.com"]
    recipients: ["*@Example.com"]
defaults: {}
secrets: {}
""")
    domain, sender = found.domains["notify.example.com"], found.senders["notify"]
    assert found.stage == "prod"
    assert [route.region for route in domain.routes.values()] == ["eu-west-1", "eu-central-1"]
    assert domain.routes["eu"].mail_from(domain.name) == "bounce-eu.notify.example.com"
    assert ses.PROVIDER.endpoint(domain.routes["eu"]).security == "tls"
    assert ses.options(domain.routes["eu"]).tls == "require"
    assert isinstance(domain.dmarc, DmarcSettings)
    assert str(domain.dmarc.to_record()) == "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"
    assert str(domain.spf_record(ses.PROVIDER.spf)) == "v=spf1 include:amazonses.com include:_spf.google.com ~all"
    assert (domain.protect, domain.wait, domain.wait_minutes, domain.ttl) == (False, "require", 2.5, 60)
    assert (sender.from_address, sender.from_.name) == ("hello@notify.example.com", "Example")
    assert sender.send_as == (
        "news-*@notify.example.com",
        "*@notify.example.com",
    )
    assert sender.recipients == ("*@example.com",)


@pytest.mark.parametrize("written", ["off", '"off"', "false"])
def test_an_unquoted_off_means_off_although_yaml_reads_a_boolean(written: str) -> None:
    """YAML 1.1 makes `off` a boolean; dmarc, spf and wait take both for the word."""
    found = settings(
        ONE_DOMAIN + f"domains: {{example.com: {{dmarc: {written}, spf: {written}, wait: {written}}}}}"
    ).domains["example.com"]
    assert (found.dmarc, found.spf, found.wait) == ("off", "off", "off")
    assert found.spf_record(ses.PROVIDER.spf) is None


def test_defaults_lie_under_every_domain_and_sender() -> None:
    """Mappings merge key by key; lists and scalars of a domain or sender replace those of the defaults."""
    found = settings("""
dns: {example.com: {host: cloudflare}, example.net: {host: cloudflare}}
defaults:
  dmarc: {policy: quarantine, rua: ["mailto:dmarc@example.com"]}
  wait: off
  protect: false
  routes: {main: {port: 465, ses: {sandboxAccount: true, tags: {team: mail}}}}
  from: {name: Example}
  recipients: ["*@example.com"]
domains:
  a.example.com: {dmarc: {policy: reject}, wait: warn, routes: {main: {ses: {tls: require, tags: {cost: a}}}}}
  b.example.com: {dmarc: off}
senders:
  one: {domain: a.example.com, from: {address: hello}}
  two: {domain: mail.example.net, recipients: [], from: {name: Two}}
""")
    a, b, c = (found.domains[name] for name in ("a.example.com", "b.example.com", "mail.example.net"))
    assert isinstance(a.dmarc, DmarcSettings)
    assert (a.dmarc.policy, a.dmarc.rua) == ("reject", ("mailto:dmarc@example.com",))
    assert (a.wait, a.protect) == ("warn", False)
    options = ses.options(a.routes["main"])
    assert (a.routes["main"].port, options.sandbox_account, options.tls) == (465, True, "require")
    assert options.tags == {"team": "mail", "cost": "a"}
    assert (b.dmarc, b.wait) == ("off", "off")
    assert isinstance(c.dmarc, DmarcSettings)
    assert (c.dmarc.policy, c.wait, c.routes["main"].port) == ("quarantine", "off", 465)
    one, two = found.senders["one"], found.senders["two"]
    assert (one.from_address, one.from_.name, one.recipients) == (
        "hello@a.example.com",
        "Example",
        ("*@example.com",),
    )
    assert (two.from_address, two.from_.name, two.recipients) == ("two@mail.example.net", "Two", ())


def test_a_key_without_a_value_means_its_default() -> None:
    """`a.example.com:` with nothing behind the colon is a domain with the defaults."""
    found = settings("""
dns: {example.com: {host: cloudflare}}
domains:
  a.example.com:
  b.example.com: {routes: {main: }, ttl: , dmarc: , spf: }
defaults: {ttl: 60}
secrets:
stage:
formerly:
""")
    assert found.domains["a.example.com"].ttl == 60
    assert found.domains["b.example.com"].ttl == 300
    assert found.domains["b.example.com"].routes["main"].region == "eu-west-1"
    assert isinstance(found.domains["b.example.com"].dmarc, DmarcSettings)


def test_names_have_one_spelling() -> None:
    """Case and a trailing dot make no other domain."""
    found = settings("""
dns: {Example.COM.: {host: cloudflare}}
domains: {Notify.Example.com: {routes: {main: {returnPath: Mail.notify.example.com.}}}}
senders: {notify: {domain: NOTIFY.example.com, from: {address: Hello@Notify.Example.com}}}
""")
    assert list(found.dns) == ["example.com"]
    assert list(found.domains) == ["notify.example.com"]
    assert found.domains["notify.example.com"].routes["main"].mail_from("notify.example.com") == (
        "mail.notify.example.com"
    )
    assert found.senders["notify"].from_address == "Hello@notify.example.com"


def test_an_unmanaged_domain_needs_no_zone() -> None:
    """manage: false only references a domain that another stack or team has set up."""
    found = settings("domains: {example.org: {manage: false}}\nsenders: {shop: {domain: example.org}}")
    assert found.domains["example.org"].manage is False


def test_a_sender_names_its_route_where_there_are_several() -> None:
    """The key via chooses one of the domain's routes."""
    found = settings("""
dns: {example.com: {host: cloudflare}}
domains: {example.com: {routes: {main: {}, us: {region: us-east-1, returnPath: bounce-us}}}}
senders: {notify: {domain: example.com, via: us}}
""")
    assert found.senders["notify"].via == "us"


def test_given_logins_stay_hidden() -> None:
    """A given login is kept for its sender and shows in no text of the settings."""
    found = load(
        {
            "dns": {"example.com": {"host": "cloudflare"}},
            "senders": {
                "a": {"domain": "example.com", "login": "given"},
                "b": {"domain": "example.com", "login": "given"},
            },
            "secrets": {
                "senders": {
                    "a": {
                        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
                        "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    },
                    "b": {"username": "apikey", "password": "canary-password"},
                },
            },
        },
        catalog(),
        aws_region="eu-west-1",
        secret_keys=("secrets",),
    )
    assert found.secrets.senders["a"].secret_access_key == SecretStr("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert found.secrets.senders["b"].password == SecretStr("canary-password")
    for text in (repr(found), str(found), found.model_dump_json()):
        assert "wJalr" not in text
        assert "canary" not in text


def test_settings_cannot_be_changed() -> None:
    """What was read once is the same for every component."""
    found = settings(ONE_DOMAIN + "senders: {notify: {domain: example.com}}")
    with pytest.raises(ValidationError):
        found.domains["example.com"].ttl = 60  # type: ignore[misc]  # the refusal is what is tested


def test_spf_of_the_domain_itself_is_one_record_with_what_ses_needs() -> None:
    """spf: {} publishes SES's own terms and a soft fail (RFC 7208 section 3.2: one record per name)."""
    found = settings(ONE_DOMAIN + "domains: {example.com: {spf: {}}}").domains["example.com"]
    assert found.spf == SpfSettings()
    assert str(found.spf_record(ses.PROVIDER.spf)) == "v=spf1 include:amazonses.com ~all"


def test_a_parent_policy_that_is_no_stricter_or_not_published_here_allows_a_domain_of_its_own() -> None:
    """DMARC of a subdomain is refused only below a stricter policy that this stack publishes."""
    for parent, child, published in (
        ("{dmarc: {policy: reject, subdomainPolicy: none}}", "{}", "v=DMARC1; p=none"),
        ("{dmarc: {policy: none}}", "{}", "v=DMARC1; p=none"),
        ("{dmarc: off}", "{}", "v=DMARC1; p=none"),
        ("{dmarc: {policy: reject}}", "{dmarc: off}", "off"),
        ("{dmarc: {policy: quarantine}}", "{dmarc: {policy: reject}}", "v=DMARC1; p=reject"),
    ):
        found = settings(ONE_DOMAIN + f"domains: {{example.com: {parent}, a.example.com: {child}}}")
        dmarc = found.domains["a.example.com"].dmarc
        assert (dmarc if dmarc == "off" else str(dmarc.to_record())) == published

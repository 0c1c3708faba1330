"""Input that nobody means: refused in a sentence, before it goes wrong at a vendor."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mailstack.errors import SettingsError
from mailstack.settings.load import load
from mailstack.settings.stack_file import plain_secrets
from providers import catalog
from tests.mailstack.settings.refusals import ZONE, domain, refusal, sender

AT = 'mailstack:domains["example.com"]'
LONG = ".".join(["a" * 49] * 4 + ["example.com"])  # 211 characters
MISTAKES = {
    "reports to a name that is no domain": (
        domain('{dmarc: {rua: ["mailto:a@b"]}}'),
        f'{AT}.dmarc.rua[0]: "mailto:a@b" is no report address: write mailto:dmarc@example.com',
    ),
    "TLS reports to a name that is no domain": (
        domain('{tlsRpt: {rua: ["mailto:a@b"]}}'),
        f'{AT}.tlsRpt.rua[0]: "mailto:a@b" is no report address: write mailto:tls@example.com or an https: URL',
    ),
    "TLS reports to a URL without a host": (
        domain('{tlsRpt: {rua: ["https://:443/x"]}}'),
        f'{AT}.tlsRpt.rua[0]: "https://:443/x" is no report address: write mailto:tls@example.com or an https: URL',
    ),
    "a logo without a host": (
        domain("{dmarc: {policy: reject}, bimi: {logo: 'https:///logo.svg'}}"),
        f'{AT}.bimi.logo: "https:///logo.svg" is no https: URL: write https://example.com/logo.svg, with , and ; as '
        "%2C %3B",
    ),
    "a policy host that points to itself": (
        domain("{inbound: main, mtaSts: {host: mta-sts.example.com}}"),
        f"{AT}.mtaSts.host: is mta-sts.example.com, the name that is to point to it; write the host behind it, or "
        "leave host out",
    ),
    "two SPF terms in one": (
        domain("{spf: {also: ['include:a.com,include:b.com']}}"),
        f'{AT}.spf.also[0]: "include:a.com,include:b.com" holds a comma: write each term as an item of the list',
    ),
    "an SPF term for everybody": (
        domain("{spf: {also: ['ip4:0.0.0.0/0']}}"),
        f'{AT}.spf.also[0]: "ip4:0.0.0.0/0" lets every address send mail from the domain: write the addresses that do',
    ),
    "an SPF term for everybody with IPv6": (
        domain("{spf: {also: ['IP6:::/0']}}"),
        f'{AT}.spf.also[0]: "IP6:::/0" lets every address send mail from the domain: write the addresses that do',
    ),
    "a grace of thousands of years": (
        domain("{dkim: {kind: own, graceDays: 3000000}}"),
        f"{AT}.dkim.graceDays: must be 0 to 365 days, not 3e+06",
    ),
    "a generation that makes no label": (
        domain(f"{{dkim: {{kind: own, generation: {10**60}}}}}"),
        f"{AT}.dkim.generation: must be 1 to 9999, not {10**60}; each generation is a new key",
    ),
    "a wait of weeks": (
        domain("{waitMinutes: 1e9}"),
        f'{AT}.waitMinutes: must be a number, not "1e9"',
    ),
    "a wait of more than a day": (
        domain("{waitMinutes: 1441}"),
        f"{AT}.waitMinutes: must be at most 1440, not the number 1441",
    ),
    "a domain with no room for its DKIM names": (
        f"dns: {{example.com: {{host: cloudflare}}}}\ndomains: {{{LONG}: {{}}}}",
        f'mailstack:domains["{LONG}"].routes.main: {LONG} has 211 characters, and SES puts 44 for DKIM before it, '
        "while a name in DNS has at most 253; use a domain of at most 209",
    ),
    "more addresses than an IAM policy holds": (
        sender(f"{{domain: example.com, sendAs: {[f'address-number-{n}' for n in range(60)]}}}"),
        "mailstack:senders.notify.sendAs: makes an IAM policy of ",
    ),
    "senders without a value": (
        ZONE + "domains: {example.com: {}}\nsenders:",
        "mailstack:senders: is written without a value, which would delete every login; write the senders, or {} for "
        "none",
    ),
    "keys of a domain that others manage": (
        domain("{manage: false, dmarc: {policy: reject}}"),
        f"{AT}.dmarc: is of no use, since manage: false leaves the domain to others; remove one of the two",
    ),
    "records of a domain that others manage": (
        domain("{manage: false, tlsRpt: {rua: ['mailto:a@example.com']}}"),
        f"{AT}.tlsRpt: is of no use, since manage: false leaves the domain to others; remove one of the two",
    ),
    "a former name that is none": (
        ZONE + "formerly: a/b\ndomains: {example.com: {}}",
        "mailstack:formerly: must be the name that this stack had before, such as prod or "
        '<organization>/<project>/prod, not "a/b"',
    ),
    "a domain twice, as it is read and as it is encoded": (
        "dns: {münchen.example: {host: manual}}\ndomains: {münchen.example: {}, xn--mnchen-3ya.example: {}}",
        'mailstack:domains["xn--mnchen-3ya.example"]: xn--mnchen-3ya.example is written here twice; keep one',
    ),
    "a zone twice, as it is read and as it is encoded": (
        "dns: {xn--mnchen-3ya.example: {host: manual}, MÜNCHEN.example: {host: manual}}",
        'mailstack:dns["MÜNCHEN.example"]: xn--mnchen-3ya.example is written here twice; keep one',
    ),
    "a name that two versions of IDNA write differently": (
        "dns: {straße.example: {host: manual}}\ndomains: {straße.example: {}}",
        'mailstack:dns["straße.example"]: "straße.example" has letters outside ASCII; write its A-label, which starts '
        "with xn-- and which the registrar shows",
    ),
    "a name that IDNA does not allow": (
        "dns: {☕.example: {host: manual}}\ndomains: {☕.example: {}}",
        'mailstack:dns["☕.example"]: "☕.example" has letters outside ASCII; write its A-label',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(mistake: str) -> None:
    """Where, what was given, what is allowed, what to do."""
    text, sentence = MISTAKES[mistake]
    assert str(refusal(text)).startswith(sentence)


def test_a_name_of_any_script_is_its_a_label() -> None:
    """Zone, domain and sender may each be written either way (RFC 5891, UTS 46: case and full-width forms too)."""
    found = load(
        yaml.safe_load(
            "dns: {MÜNCHEN.example: {host: manual}, 例え。example: {host: manual}}\n"
            "domains: {xn--mnchen-3ya.example: {}}\n"
            "senders: {a: {domain: post.münchen.example, from: {address: hello@post.münchen.example}}}"
        ),
        catalog(),
        aws_region="eu-west-1",
    )
    assert list(found.dns) == ["xn--mnchen-3ya.example", "xn--r8jz45g.example"]
    assert list(found.domains) == ["xn--mnchen-3ya.example", "post.xn--mnchen-3ya.example"]
    assert found.senders["a"].from_address == "hello@post.xn--mnchen-3ya.example"


def test_a_cname_has_one_spelling() -> None:
    """Capitals and a final dot of a target mean nothing, as with an MX."""
    text = domain("{records: {also: [{name: www, type: CNAME, values: [Target.Example.NET.]}]}}")
    found = load(yaml.safe_load(text), catalog(), aws_region="eu-west-1").domains["example.com"]
    assert found.records.also[0].record_set(300).values == ("target.example.net",)


@pytest.mark.parametrize("formerly", ["prod", "acme/mail/prod", "organization/mailstack/dev_2.1"])
def test_a_former_name_is_a_stack_or_a_whole_path(formerly: str) -> None:
    """As `pulumi stack ls` and `pulumi stack ls --all` show it."""
    text = ZONE + f"formerly: {formerly}\ndomains: {{example.com: {{}}}}"
    assert load(yaml.safe_load(text), catalog(), aws_region="eu-west-1").formerly == formerly


@pytest.mark.parametrize("key", ["<off>", "<mapping or off>", "[key]"])
@pytest.mark.parametrize(
    ("where", "at"),
    [
        ("{%s: 1}", "%s"),
        ("{dmarc: {%s: 1}}", "dmarc%s"),
        ("{routes: {main: {%s: 1}}}", "routes.main%s"),
        ("{routes: {main: {ses: {tags: {%s: 1}}}}}", "routes.main.ses.tags%s"),
        ("{routes: {%s: {}}}", "routes%s"),
    ],
)
def test_a_key_of_any_name_is_told_at_its_place(key: str, where: str, at: str) -> None:
    """Words that the checks use for branches are keys like any other."""
    error = refusal(domain(where.replace("%s", f'"{key}"')))
    assert error.path == f"{AT}{'' if at == '%s' else '.'}{at}".replace("%s", f'["{key}"]')


@pytest.mark.parametrize(
    "config",
    [
        {"stage": "\ud800"},
        {"\ud800": 1},
        {"dns": {"\ud800.example": {"host": "manual"}}},
        {"domains": {"example.com": {"spf": {"also": ["\udfff"]}}}},
        {"secrets": {"senders": {"a": {"username": "u", "password": "\ud800-canary"}}}},
    ],
)
def test_half_of_a_utf_16_pair_is_no_text(config: dict[str, Any]) -> None:
    """JSON can hold it, no file and no terminal can; the sentence can be printed."""
    with pytest.raises(SettingsError) as caught:
        load(config, catalog(), aws_region="eu-west-1")
    assert str(caught.value).encode()
    assert "canary" not in str(caught.value)


def test_a_secret_that_is_not_encrypted_is_refused() -> None:
    """The engine tells nothing of a plain value beside an encrypted one; the stack's file shows it."""
    config = yaml.safe_load(
        "mailstack:secrets:\n"
        "  senders: {notify: {username: {secure: v1:x}, password: canary}}\n"
        "  dns: {example.com: {options: {token: canary}}}"
    )
    paths = plain_secrets(config)
    assert paths == [".senders.notify.password", '.dns["example.com"].options.token']
    error = refusal(sender("{domain: example.com}"), plain_secrets=paths[:1])
    assert str(error) == (
        "mailstack:secrets.senders.notify.password: is not encrypted in the stack's file; replace it, since others may "
        "have read it, and set the new one with pulumi config set --secret --path "
        "'mailstack:secrets.senders.notify.password'"
    )
    assert plain_secrets({"mailstack:secrets": {"secure": "v1:x"}}) == []

"""Each mistake in the settings is one sentence: where, what was given, what is allowed, what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import SettingsError
from mailstack.settings.load import load
from providers import catalog
from tests.mailstack.settings.refusals import ZONE, domain, refusal, sender

AT = 'mailstack:domains["example.com"]'
WRONG_SHAPE = {
    "an unknown key of mailstack": (
        ZONE + "sender: {}\ndomains: {example.com: {}}",
        "mailstack:sender: unknown key; did you mean senders?"
        " (allowed: stage, formerly, dns, domains, senders, defaults, secrets)",
    ),
    "an unknown key of a sender": (
        sender("{domain: example.com, sendas: []}"),
        "mailstack:senders.notify.sendas: unknown key; did you mean sendAs?"
        " (allowed: domain, via, from, login, sendAs, recipients, was)",
    ),
    "an unknown key deep below a domain": (
        domain("{routes: {main: {ses: {sandbox_account: true}}}}"),
        f"{AT}.routes.main.ses.sandbox_account: unknown key; did you mean sandboxAccount?"
        " (allowed: tls, dkimDomain, sandboxAccount, fips, userPath, configurationSet, onMxFailure,"
        " permissionsBoundary, tags)",
    ),
    "an unknown key that resembles none": (
        domain("{spf: {xyz: 1}}"),
        f"{AT}.spf.xyz: unknown key (allowed: also)",
    ),
    "a key that only a program may know": (
        domain("{name: example.com}"),
        f"{AT}.name: unknown key; did you mean manage?"
        " (allowed: manage, sends, routes, dmarc, spf, dkim, bimi, inbound, mtaSts, tlsRpt, records, protect, wait,"
        " waitMinutes, ttl)",
    ),
    "a mapping that is a list": ("dns: [example.com]", "mailstack:dns: must be a mapping, not a list"),
    "text for a switch": (domain('{protect: "no"}'), f'{AT}.protect: must be true or false, not "no"'),
    "text for a number": (domain('{ttl: "300"}'), f'{AT}.ttl: must be a whole number, not "300"'),
    "a number for text": (sender("{domain: 5}"), "mailstack:senders.notify.domain: must be text, not the number 5"),
    "text for a list": (domain("{spf: {also: mx}}"), f'{AT}.spf.also: must be a list, not "mx"'),
    "text for a mapping": (
        sender("{domain: example.com, from: hello}"),
        'mailstack:senders.notify.from: must be a mapping with the keys address or name, not "hello"',
    ),
    "on for a mapping or off": (
        domain("{spf: on}"),
        f"{AT}.spf: must be off or a mapping with the key also, not true",
    ),
    "no time to wait": (domain("{waitMinutes: 0}"), f"{AT}.waitMinutes: must be more than 0, not the number 0"),
    "an unknown word": (
        domain("{wait: required}"),
        f'{AT}.wait: must be off, warn or require, not "required"; did you mean require?',
    ),
    "an unknown login": (
        sender("{domain: example.com, login: api}"),
        'mailstack:senders.notify.login: must be create, given or none, not "api"',
    ),
    "an unknown provider": (
        domain("{routes: {main: {provider: brevo}}}"),
        f'{AT}.routes.main.provider: must be ses, not "brevo"',
    ),
    "a zone that is only a word": (
        "dns: {example.com: cloudflare}",
        'mailstack:dns["example.com"]: must be a mapping such as {host: cloudflare}, not "cloudflare"',
    ),
    "a zone without a host": (
        "dns: {example.com: {zoneId: 0123456789abcdef0123456789abcdef}}",
        'mailstack:dns["example.com"]: is missing its host:'
        " write host: cloudflare, route53, rfc2136, lexicon or manual",
    ),
    "a zone id that is none": (
        "dns: {example.com: {host: cloudflare, zoneId: example.com}}",
        'mailstack:dns["example.com"].zoneId: "example.com" is not a zone id of Cloudflare:'
        " copy the 32 hex digits from the zone's overview page",
    ),
    "a sender without a domain": (
        sender("{}"),
        "mailstack:senders.notify.domain: is missing: write the domain that the mail is from",
    ),
    "a DMARC policy that there is not": (
        domain("{dmarc: {policy: rejct}}"),
        f'{AT}.dmarc.policy: must be none, quarantine or reject, not "rejct"; did you mean reject?',
    ),
    "a report address that is no URI": (
        domain("{dmarc: {rua: [dmarc@example.com]}}"),
        f'{AT}.dmarc.rua[0]: "dmarc@example.com" is no report address: write mailto:dmarc@example.com',
    ),
    "a report address that is no mail address": (
        domain('{dmarc: {ruf: ["mailto:dmarc@?x"]}}'),
        f'{AT}.dmarc.ruf[0]: "mailto:dmarc@?x" is no report address: write mailto:dmarc@example.com',
    ),
    "failure options that there are not": (
        domain('{dmarc: {fo: "1:2"}}'),
        f'{AT}.dmarc.fo: must be 0, 1, d or s, several joined by colons such as 1:d, not "1:2"',
    ),
    "failure options as a number": (domain("{dmarc: {fo: 1}}"), f"{AT}.dmarc.fo: must be text, not the number 1"),
    "a TTL that hosts refuse": (
        domain("{ttl: 5}"),
        f"{AT}.ttl: must be 30 to 86400 seconds, or 1 for the DNS host's own choice, not 5",
    ),
    "a sender key with capitals": (
        ZONE + "senders: {Notify: {domain: example.com}}",
        "mailstack:senders.Notify: the key of a sender is 1 to 32 lower-case letters, digits and inner hyphens,"
        " such as notify-eu",
    ),
    "a route name with a space": (
        domain("{routes: {my route: {}}}"),
        f'{AT}.routes["my route"]: "my route" is no name: use 1 to 32 lower-case letters, digits and inner hyphens,'
        " such as notify-eu",
    ),
    "a stage that is no label": (
        ZONE + "stage: Pre Production\ndomains: {example.com: {}}",
        "mailstack:stage: must be a short label of lower-case letters, digits and inner hyphens, such as prod,"
        ' not "Pre Production"',
    ),
    "a recipient pattern without a domain": (
        sender('{domain: example.com, recipients: ["example.com"]}'),
        'mailstack:senders.notify.recipients[0]: "example.com" is no pattern of recipients:'
        " write *@example.com or jane@example.com",
    ),
    "a recipient pattern for everybody": (
        sender('{domain: example.com, recipients: ["*@*"]}'),
        'mailstack:senders.notify.recipients[0]: "*@*" matches every domain: leave recipients out to allow everybody',
    ),
    "a From address with a wildcard": (
        sender("{domain: example.com, from: {address: 'news-*'}}"),
        'mailstack:senders.notify.from.address: "news-*" is no address:'
        " write the part before the @ (hello) or all of it",
    ),
    "a From name with a line break": (
        sender('{domain: example.com, from: {name: "A\\nBcc: x@example.org"}}'),
        "mailstack:senders.notify.from.name: must be printable text on one line",
    ),
    "a sendAs pattern with a space": (
        sender("{domain: example.com, sendAs: [a b]}"),
        'mailstack:senders.notify.sendAs[0]: "a b" is no address or pattern:'
        " write hello, news-* or *@ and the sender's domain",
    ),
    "an IAM path without slashes": (
        domain("{routes: {main: {ses: {userPath: mail}}}}"),
        f'{AT}.routes.main.ses.userPath: "mail" is no IAM path: it begins and ends with a slash, such as /mailstack/',
    ),
    "a boundary that is no ARN": (
        domain("{routes: {main: {ses: {permissionsBoundary: mail}}}}"),
        f'{AT}.routes.main.ses.permissionsBoundary: "mail" is no policy ARN:'
        " write arn:aws:iam::<account>:policy/<name>",
    ),
    "a default of the wrong type": (
        ZONE + "defaults: {ttl: x}\ndomains: {example.com: {}}",
        'mailstack:defaults.ttl: must be a whole number, not "x"',
    ),
    "a default that only one can have": (
        ZONE + "defaults: {was: x}",
        "mailstack:defaults.was: unknown key (allowed: manage, sends, routes, dmarc, spf, dkim, bimi, inbound, mtaSts,"
        " tlsRpt, records, protect, wait, waitMinutes, ttl, domain, via, from, login, sendAs, recipients)",
    ),
    "a domain that stands twice": (
        ZONE + "domains: {example.com: {}, Example.com: {}}",
        'mailstack:domains["Example.com"]: example.com is written here twice; keep one',
    ),
}
ROUTES = "{routes: {main: {}, eu: {region: eu-central-1, %s}}}"
CONTRADICTIONS = {
    "nothing at all": (
        "{}",
        "mailstack:senders: is empty and there are no domains either;"
        " write a sender such as {notify: {domain: notify.example.com}}",
    ),
    "no zone for a listed domain": (
        ZONE + "domains: {example.org: {}}",
        'mailstack:domains["example.org"]: no zone contains example.org (mailstack:dns has example.com);'
        " add its zone as {host: cloudflare} to mailstack:dns, or set manage: false",
    ),
    "no zone for a sender's domain": (
        "senders: {notify: {domain: example.org}}",
        "mailstack:senders.notify.domain: no zone contains example.org (mailstack:dns is empty);"
        " add its zone as {host: cloudflare} to mailstack:dns, or set manage: false",
    ),
    "no route": (domain("{routes: {}}"), f"{AT}.routes: is empty; write a route such as {{main: {{provider: ses}}}}"),
    "a return path equal to the domain": (
        domain("{routes: {main: {returnPath: example.com}}}"),
        f"{AT}.routes.main.returnPath: example.com is the domain example.com itself;"
        " write a name below it, such as bounce",
    ),
    "a return path outside the domain": (
        ZONE + "domains: {notify.example.com: {routes: {main: {returnPath: bounce.example.com}}}}",
        'mailstack:domains["notify.example.com"].routes.main.returnPath: bounce.example.com is not below the domain'
        " notify.example.com; write one label, such as bounce, or a full name that ends in .notify.example.com",
    ),
    "a return path whose name only ends alike": (
        domain("{routes: {main: {returnPath: bounce.myexample.com}}}"),
        f"{AT}.routes.main.returnPath: bounce.myexample.com is not below the domain example.com;"
        " write one label, such as bounce, or a full name that ends in .example.com",
    ),
    "two routes with one return path": (
        domain(ROUTES % "returnPath: bounce.example.com"),
        f"{AT}.routes.eu.returnPath: routes main and eu of example.com share the return path bounce.example.com;"
        " give one of them its own, such as returnPath: bounce-eu",
    ),
    "two routes in one region": (
        domain("{routes: {main: {}, again: {region: eu-west-1, returnPath: again}}}"),
        f"{AT}.routes.again.region: routes main and again of example.com are both ses in eu-west-1;"
        " give one of them another region or remove it",
    ),
    "a return path that mail is from": (
        ZONE + "domains: {example.com: {routes: {main: {returnPath: mail}}}, mail.example.com: {manage: false}}",
        f"{AT}.routes.main.returnPath: mail.example.com is also a domain that mail is from, and a return path"
        " is used for nothing else; choose another name, such as bounces",
    ),
    "an unknown route": (
        sender("{domain: example.com, via: eu}"),
        'mailstack:senders.notify.via: "eu" is no route of example.com; it has main',
    ),
    "no route chosen of two": (
        domain(ROUTES % "returnPath: bounce-eu") + "\nsenders: {notify: {domain: example.com}}",
        "mailstack:senders.notify.via: is missing and example.com has several routes; choose one of main, eu",
    ),
    "a From on another domain": (
        sender("{domain: example.com, from: {address: hello@example.org}}"),
        "mailstack:senders.notify.from.address: hello@example.org is not on the sender's domain example.com;"
        " write hello@example.com, hello, or another domain for this sender",
    ),
    "a sendAs on another domain": (
        sender("{domain: example.com, sendAs: [hello, '*@example.org']}"),
        "mailstack:senders.notify.sendAs[1]: *@example.org is not on the sender's domain example.com;"
        " write *@example.com, *, or another domain for this sender",
    ),
    "a given login that is not given": (
        sender("{domain: example.com, login: given}"),
        "mailstack:senders.notify.login: is given, but mailstack:secrets has no login for notify; set one with"
        " pulumi config set --secret --path 'mailstack:secrets.senders.notify.username' and .password,"
        " or write login: create",
    ),
    "a secret of no sender": (
        sender("{domain: example.com}") + "\nsecrets: {senders: {notfy: {username: u, password: p}}}",
        'mailstack:secrets.senders.notfy: there is no sender "notfy" (senders: notify); rename or remove the secret',
    ),
    "a secret that nobody uses": (
        sender("{domain: example.com}") + "\nsecrets: {senders: {notify: {username: u, password: p}}}",
        "mailstack:secrets.senders.notify: is not used, because login of sender notify is create;"
        " write login: given, or remove the secret",
    ),
    "half a login": (
        sender("{domain: example.com, login: given}")
        + "\nsecrets: {senders: {notify: {username: u, secretAccessKey: p}}}",
        "mailstack:secrets.senders.notify: must hold either accessKeyId and secretAccessKey, or username and password",
    ),
    "a username of digits": (
        sender("{domain: example.com, login: given}") + "\nsecrets: {senders: {notify: {username: 123, password: p}}}",
        "mailstack:secrets.senders.notify.username: must be text that is not empty; put quotes around a number",
    ),
    "DMARC weaker than the parent's": (
        ZONE + "domains: {example.com: {dmarc: {policy: reject}}, a.example.com: {dmarc: {policy: quarantine}}}",
        'mailstack:domains["a.example.com"].dmarc: policy quarantine is weaker than reject, which a.example.com has'
        " from example.com; set dmarc: off (it is covered already) or a policy at least as strict",
    ),
    "DMARC weaker than the parent's policy for subdomains": (
        ZONE + "domains: {example.com: {dmarc: {subdomainPolicy: quarantine}}}\nsenders: {a: {domain: a.example.com}}",
        'mailstack:domains["a.example.com"].dmarc: policy none is weaker than quarantine, which a.example.com has'
        " from example.com; set dmarc: off (it is covered already) or a policy at least as strict",
    ),
    "a former key that is still there": (
        ZONE + "senders: {a: {domain: example.com}, b: {domain: example.com, was: a}}",
        "mailstack:senders.b.was: a is still in use; `was` must name a key that is gone; remove one of the two",
    ),
    "a former key that two had": (
        ZONE + "senders: {a: {domain: example.com, was: old}, b: {domain: example.com, was: old}}",
        "mailstack:senders.b.was: old is already the former name of a",
    ),
}
ALL = WRONG_SHAPE | CONTRADICTIONS


@pytest.mark.parametrize("mistake", ALL)
def test_a_mistake_is_one_sentence(mistake: str) -> None:
    """The sentence says where, what was given, what is allowed and what to do; `path` is the place alone."""
    text, sentence = ALL[mistake]
    error = refusal(text)
    assert str(error) == sentence
    assert sentence.startswith(f"{error.path}: ")


@pytest.mark.parametrize(
    ("text", "path", "named"),
    [
        (ZONE + "domains: {exa_mple: {}}", "mailstack:domains.exa_mple", "exa_mple"),
        (sender("{domain: notify@example.com}"), "mailstack:senders.notify.domain", "notify@example.com"),
        (domain("{routes: {main: {returnPath: a b}}}"), f"{AT}.routes.main.returnPath", "a b.example.com"),
        (domain("{routes: {main: {region: eu-west-9}}}"), f"{AT}.routes.main.region", "eu-west-9"),
        (domain("{routes: {main: {ses: {fips: true}}}}"), f"{AT}.routes.main.ses.fips", "eu-west-1"),
        (domain("{routes: {main: {port: 26}}}"), f"{AT}.routes.main.port", "26"),
        (domain("{spf: {also: ['include:']}}"), f"{AT}.spf.also", "include:"),
        (
            domain(f"{{spf: {{also: {[f'include:{letter}.example.net' for letter in 'abcdefghij']}}}}}"),
            f"{AT}.spf.also",
            "11 DNS look-ups",
        ),
    ],
)
def test_what_the_model_refuses_is_told_at_its_key(text: str, path: str, named: str) -> None:
    """Names, regions, ports and SPF terms are judged by the model; its sentence stands behind the key's path."""
    error = refusal(text)
    assert error.path == path
    assert str(error).startswith(f"{path}: ")
    assert named in str(error)
    assert "\n" not in str(error)


def test_a_bad_region_of_the_stack_is_told_there() -> None:
    """Where no route names the region, the key to change is aws:region, and it is told once."""
    error = refusal(ZONE + "domains: {example.com: {}, a.example.com: {}}", aws_region="eu-west-9")
    assert error.path == "aws:region"
    assert "eu-west-9" in str(error)
    assert "\n" not in str(error)


def test_no_region_at_all_is_a_mistake() -> None:
    """A route has its own region or the stack's."""
    assert str(refusal(domain("{}"), aws_region=None)) == (
        f"{AT}.routes.main.region: is missing and the stack has no aws:region; set one of the two"
    )


def test_every_mistake_has_a_line() -> None:
    """One run tells all that is wrong."""
    error = refusal(
        "dns: {example.com: cloudflare}\n"
        "domains: {a.example.com: {ttl: x, protect: y}}\n"
        "senders: {b: {domain: b.example.com, login: x}}"
    )
    assert [line.split(": ")[0] for line in str(error).splitlines()] == [
        "mailstack:senders.b.login",
        'mailstack:dns["example.com"]',
        'mailstack:domains["a.example.com"].protect',
        'mailstack:domains["a.example.com"].ttl',
    ]


def test_a_senders_mistake_hides_none_of_its_domain() -> None:
    """What is wrong with the routes is told beside the choice among them."""
    error = refusal(domain(ROUTES % "returnPath: bounce.example.com") + "\nsenders: {notify: {domain: example.com}}")
    assert [line.split(": ")[0] for line in str(error).splitlines()] == [
        "mailstack:senders.notify.via",
        f"{AT}.routes.eu.returnPath",
    ]


WORDS = """
    stage dns domains senders defaults secrets example.com host zoneId cloudflare routes main region eu-west-1 dmarc
    policy none rua spf also wait off domain via from address name login given sendAs recipients was ses tags
    returnPath bounce username password hosts lexicon rfc2136 route53 server provider options key providers formerly
    [key] <off> <mapping
"""
words = st.sampled_from(WORDS.split())
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(
    config=st.fixed_dictionaries({}, optional=dict.fromkeys(("stage", "dns", "domains", "senders"), values))
    | st.dictionaries(words, values, max_size=6)
    | values.map(lambda value: {"dns": {"example.com": {"host": "cloudflare"}}, "domains": {"example.com": value}})
    | values.map(lambda value: {"dns": {"example.com": {"host": "cloudflare"}}, "senders": {"a": value}})
    | values.map(lambda value: {"defaults": value, "domains": {"example.com": {}}})
    | values.map(lambda value: {"secrets": {"senders": {"a": value}}, "senders": {"a": {"domain": "example.com"}}})
    | values.map(lambda value: {"secrets": value, "dns": {"example.com": {"host": "lexicon", "provider": "powerdns"}}})
    | values.map(lambda value: {"dns": {"example.com": value}, "domains": {"example.com": {}}})
)
def test_any_configuration_is_settings_or_a_sentence(config: dict[str, Any]) -> None:
    """No configuration, however odd, ends in a traceback."""
    try:
        load(config, catalog(), aws_region="eu-west-1")
    except SettingsError as error:
        assert error.path.startswith(("mailstack:", "aws:region"))

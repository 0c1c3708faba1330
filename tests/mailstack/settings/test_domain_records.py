"""What may be written about a domain's further records, and what is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mailstack.dns.records import Mx
from mailstack.settings.load import load
from mailstack.settings.model import Domain
from providers import catalog
from providers.smtp import ses_regions
from tests.mailstack.settings.refusals import ZONE, domain, refusal

AT = 'mailstack:domains["example.com"]'
LOGO = 'logo: "https://example.com/logo.svg"'
REJECT = "dmarc: {policy: reject}"


def loaded(text: str, **options: Any) -> Domain:
    """Load settings and return their domain example.com."""
    return load(yaml.safe_load(text), catalog(), **{"aws_region": "eu-west-1", **options}).domains["example.com"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other.example.org._report._dmarc.example.com", "v=DMARC1;"),  # lets reports about another domain come here
        ("google._domainkey", "v=DKIM1; k=rsa; p=MIIB"),
        ("@", "v=spf10 -all"),  # RFC 7208 section 4.5: no SPF record
    ],
)
def test_records_that_no_other_key_makes_may_be_further_ones(name: str, text: str) -> None:
    """A permission for reports and another sender's DKIM key are no second record of what this stack writes."""
    found = loaded(domain(f'{{records: {{also: [{{name: "{name}", type: TXT, values: ["{text}"]}}]}}}}'))
    assert [one.values for one in found.records.also] == [(text,)]


def test_left_out_nothing_is_published() -> None:
    """No existing stack gets a record that it did not ask for."""
    found = loaded(domain("{}"))
    assert found.sends
    assert (found.bimi, found.inbound, found.mta_sts, found.tls_rpt, found.records.also) == (None, None, None, None, ())
    assert found.inbound_host == ""


def test_a_domain_that_does_not_send_has_no_routes_and_a_strict_policy() -> None:
    """Defaults for domains that do send do it no harm; reports still go where they say."""
    found = loaded(
        domain("{sends: false}")
        + "\ndefaults: {routes: {main: {returnPath: b}}, spf: {also: [mx]}, bimi: {"
        + LOGO
        + "},"
        ' dkim: {kind: own}, dmarc: {policy: quarantine, testing: true, rua: ["mailto:d@example.com"]}}'
    )
    assert found.routes == {}
    assert found.bimi is None
    assert str(found.spf_record()) == "v=spf1 -all"
    assert found.dmarc != "off"
    assert str(found.dmarc.to_record()) == "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:d@example.com"


def test_a_domain_that_does_not_send_needs_no_region() -> None:
    """Nothing is made at a provider."""
    assert loaded(domain("{sends: false}"), aws_region=None).routes == {}


def test_what_others_publish_can_be_left_to_them() -> None:
    """Each of SPF, DMARC and MX may be off."""
    found = loaded(domain("{sends: false, spf: off, dmarc: off, inbound: off}"))
    assert (found.spf_record(), found.dmarc, found.inbound, found.inbound_host) == (None, "off", "off", "")


@pytest.mark.parametrize("sends", ["true", "false"])
def test_inbound_names_the_route_that_takes_mail(sends: str) -> None:
    """The host is the one of the route's region, whether the domain sends or not."""
    found = loaded(domain(f"{{sends: {sends}, inbound: eu, routes: {{eu: {{region: eu-central-1}}}}}}"))
    assert found.inbound_host == "inbound-smtp.eu-central-1.amazonaws.com"


@pytest.mark.parametrize("region", sorted(ses_regions.INBOUND_REGIONS))
def test_ses_takes_mail_at_one_host_a_region(region: str) -> None:
    """SES Developer Guide, "Publishing an MX record for Amazon SES email receiving"."""
    assert ses_regions.inbound_mx(region) == f"inbound-smtp.{region}.amazonaws.com"


def test_mta_sts_names_the_inbound_host_by_default() -> None:
    """Where the MX is ours, the hosts need not be written."""
    policy = loaded(domain("{inbound: main, mtaSts: {mode: enforce}}")).mta_sts_policy()
    assert policy is not None
    assert (policy.mx, policy.max_age) == (("inbound-smtp.eu-west-1.amazonaws.com",), 604800)


def test_mta_sts_takes_the_hosts_of_others() -> None:
    """Where the MX is not ours, mx names it; patterns get one spelling."""
    policy = loaded(domain('{mtaSts: {mx: ["*.Example.net"], maxAge: 86400}}')).mta_sts_policy()
    assert policy is not None
    assert (policy.mode, policy.mx, policy.max_age) == ("testing", ("*.example.net",), 86400)


@pytest.mark.parametrize("policy", ["none", "testing", "enforce"])
def test_a_policy_can_be_given_up_without_hosts(policy: str) -> None:
    """RFC 8461 section 8.3: a domain that no longer wants MTA-STS publishes mode none first."""
    keys = "{mtaSts: {mode: " + policy + (", mx: [mail.example.com]" if policy != "none" else "") + "}}"
    assert loaded(domain(keys)).mta_sts_policy() is not None


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("@", "notify.example.com"),
        ("_acme", "_acme.notify.example.com"),
        ("google._domainkey", "google._domainkey.notify.example.com"),
        ("shop", "shop.notify.example.com"),
        ("notify.example.com", "notify.example.com"),
        ("_x.notify.example.com", "_x.notify.example.com"),
        ("Example.com.", "example.com"),
        ("example.com", "example.com"),
        ("_x.example.org", "_x.example.org"),
    ],
)
def test_a_further_record_is_named_as_panels_name_it(written: str, whole: str) -> None:
    """@ is the domain, a label stands below it, and a name in a configured zone is whole."""
    also = f'{{records: {{also: [{{name: "{written}", type: TXT, values: [x]}}]}}}}'
    text = (
        "dns: {example.com: {host: cloudflare}, example.org: {host: manual}}\n"
        f"domains: {{notify.example.com: {also}, example.com: {{}}}}"
    )
    settings = load(yaml.safe_load(text), catalog(), aws_region="eu-west-1")
    assert [one.name for one in settings.domains["notify.example.com"].records.also] == [whole]


def test_a_default_may_name_the_domain_itself() -> None:
    """The same verification at every domain."""
    found = loaded(
        domain("{}") + '\ndefaults: {records: {also: [{name: "@", type: MX, values: ["10 Mail.Example.net."]}]}}'
    )
    assert [(one.name, one.record_set(300).values) for one in found.records.also] == [
        ("example.com", (Mx(10, "mail.example.net"),))
    ]


LOGOS = {
    "DMARC that asks for nothing": (
        domain(f"{{bimi: {{{LOGO}}}}}"),
        f"{AT}.bimi: needs DMARC to be enforced, and {AT}.dmarc has policy none; logos are shown only with "
        f"quarantine or "
        "reject, subdomains included, and without testing",
    ),
    "DMARC that lets subdomains go": (
        domain(f"{{bimi: {{{LOGO}}}, dmarc: {{policy: reject, subdomainPolicy: none}}}}"),
        f"{AT}.bimi: needs DMARC to be enforced, and {AT}.dmarc has subdomainPolicy none; logos are shown only with "
        "quarantine or reject, subdomains included, and without testing",
    ),
    "DMARC that is being tested": (
        domain(f"{{bimi: {{{LOGO}}}, dmarc: {{policy: reject, testing: true}}}}"),
        f"{AT}.bimi: needs DMARC to be enforced, and {AT}.dmarc has testing: true; logos are shown only with "
        f"quarantine or "
        "reject, subdomains included, and without testing",
    ),
    "DMARC of nobody here": (
        domain(f"{{bimi: {{{LOGO}}}, dmarc: off}}"),
        f"{AT}.bimi: needs a DMARC policy of quarantine or reject, and no domain of this stack states one for "
        f"example.com; "
        "write it under dmarc, or remove bimi",
    ),
    "DMARC of the parent that asks for nothing": (
        ZONE + f"domains: {{example.com: {{}}, a.example.com: {{{REJECT}, bimi: {{{LOGO}}}}}}}",
        f'mailstack:domains["a.example.com"].bimi: needs DMARC to be enforced, and {AT}.dmarc has policy none; logos '
        f"are "
        "shown only with quarantine or reject, subdomains included, and without testing",
    ),
    "a logo without TLS": (
        domain(f'{{{REJECT}, bimi: {{logo: "http://example.com/l.svg"}}}}'),
        f'{AT}.bimi.logo: "http://example.com/l.svg" is no https: URL: write https://example.com/logo.svg, with , '
        f"and ; as "
        "%2C %3B",
    ),
    "no logo": (
        domain(f"{{{REJECT}, bimi: {{}}}}"),
        f"{AT}.bimi.logo: is missing: write the https: URL of the logo, an SVG file",
    ),
    "an unknown key of BIMI": (
        domain(f"{{{REJECT}, bimi: {{{LOGO}, vmc: x}}}}"),
        f"{AT}.bimi.vmc: unknown key (allowed: logo, certificate, selector, file)",
    ),
}
RECEIVING = {
    "inbound through no route": (
        domain("{inbound: eu}"),
        f'{AT}.inbound: "eu" is no route of example.com; it has main',
    ),
    "inbound in a region that takes no mail": (
        domain("{inbound: main, routes: {main: {region: eu-west-3}}}"),
        f'{AT}.inbound: SES is not known to receive mail in region "eu-west-3"; use one of eu-central-1, eu-north-1, '
        "eu-west-1, eu-west-2; or write the MX of another server under records.also",
    ),
    "MTA-STS for nobody's hosts": (
        domain("{mtaSts: {}}"),
        f"{AT}.mtaSts.mx: is missing: write the hosts that take mail for example.com, as its MX records name them, "
        f"or set "
        "inbound",
    ),
    "MTA-STS that forgets our own host": (
        domain("{inbound: main, mtaSts: {mx: [mail.example.com]}}"),
        f"{AT}.mtaSts.mx: does not name inbound-smtp.eu-west-1.amazonaws.com, where inbound sends the domain's mail, "
        f"so that "
        "mail would be lost; add it, or leave mx out",
    ),
    "MTA-STS for a domain that takes no mail": (
        domain("{sends: false, mtaSts: {mx: [mail.example.com]}}"),
        f"{AT}.mtaSts: is about mail to example.com, which takes none: sends: false publishes a null MX; remove "
        f"mtaSts, or "
        "set inbound to a route or to off",
    ),
    "a wildcard inside a name": (
        domain("{mtaSts: {mx: [mail.*.example.com]}}"),
        f'{AT}.mtaSts.mx[0]: "mail.*.example.com" is not a domain name: "*" may only be the first label of a '
        f"record's name; "
        '"*" is allowed as the first label only, as in *.example.com',
    ),
    "a policy for longer than a year": (
        domain("{mtaSts: {maxAge: 31557601}}"),
        f"{AT}.mtaSts.maxAge: must be 0 to 31557600 seconds (a year), not 31557601",
    ),
    "an unknown mode": (
        domain("{mtaSts: {mode: enforced}}"),
        f'{AT}.mtaSts.mode: must be testing, enforce or none, not "enforced"; did you mean enforce?',
    ),
    "TLS reports to nobody": (
        domain("{tlsRpt: {rua: [tls@example.com]}}"),
        f'{AT}.tlsRpt.rua[0]: "tls@example.com" is no report address: write mailto:tls@example.com or an https: URL',
    ),
    "TLS reports to no address": (
        domain("{tlsRpt: {rua: []}}"),
        f"{AT}.tlsRpt.rua: is empty: write at least one address, such as mailto:tls@example.com",
    ),
}
NO_MAIL = {
    "a sender on a domain that does not send": (
        domain("{sends: false}") + "\nsenders: {notify: {domain: example.com, via: main}}",
        "mailstack:senders.notify.domain: example.com has sends: false; choose another domain, or remove sends: "
        "false there",
    ),
    "routes that nobody takes": (
        domain("{sends: false, routes: {main: {}}}"),
        f"{AT}.routes: is not for a domain that does not send: example.com has sends: false; remove one of the two",
    ),
    "a logo that nobody sees": (
        domain(f"{{sends: false, bimi: {{{LOGO}}}}}"),
        f"{AT}.bimi: is about mail from the domain, but example.com has sends: false; remove one of the two",
    ),
    "SPF for others": (
        domain("{sends: false, spf: {also: [mx]}}"),
        f"{AT}.spf.also: lets others send, but example.com has sends: false; remove one of the two",
    ),
    "a weaker policy": (
        domain("{sends: false, dmarc: {policy: quarantine}}"),
        f"{AT}.dmarc.policy: is quarantine, but example.com has sends: false, and its policy is reject; remove "
        f"policy, or "
        "set dmarc: off to leave the record to others",
    ),
    "a domain of others": (
        domain("{sends: false, manage: false}"),
        f"{AT}.sends: is false, but manage: false leaves the domain's records to others; remove one of the two",
    ),
    "text for a switch": (domain('{sends: "no"}'), f'{AT}.sends: must be true or false, not "no"'),
}
FURTHER = {
    "an SPF record among further ones": (
        domain('{records: {also: [{name: "@", type: TXT, values: ["v=spf1 mx -all"]}]}}'),
        f"{AT}.records.also[0]: 'v=spf1 mx -all' is an SPF record, and a name has one; write its terms under spf.also",
    ),
    "a DMARC record among further ones": (
        domain('{records: {also: [{name: _dmarc, type: TXT, values: ["v=DMARC1; p=none"]}]}}'),
        f"{AT}.records.also[0]: 'v=DMARC1; p=none' is a DMARC record, and a name has one; write it under dmarc",
    ),
    "a DMARC record with blanks among further ones": (
        domain('{records: {also: [{name: _dmarc, type: TXT, values: ["v = DMARC1 ; p = none"]}]}}'),
        f"{AT}.records.also[0]: 'v = DMARC1 ; p = none' is a DMARC record, and a name has one; write it under dmarc",
    ),
    "a BIMI record among further ones": (
        domain('{records: {also: [{name: default._bimi, type: TXT, values: ["v = BIMI1 ; l="]}]}}'),
        f"{AT}.records.also[0]: 'v = BIMI1 ; l=' is a BIMI record, and a name has one; write it under bimi",
    ),
    "an MTA-STS record among further ones": (
        domain('{records: {also: [{name: _mta-sts.example.com, type: TXT, values: ["v=STSv1 ;id=1"]}]}}'),
        f"{AT}.records.also[0]: 'v=STSv1 ;id=1' is an MTA-STS record, and a name has one; write its policy under "
        "mtaSts",
    ),
    "a TLS-RPT record among further ones": (
        domain('{records: {also: [{name: _smtp._tls, type: TXT, values: ["v=TLSRPTv1; rua=mailto:a@b.example"]}]}}'),
        f"{AT}.records.also[0]: 'v=TLSRPTv1; rua=mailto:a@b.example' is a TLS-RPT record, and a name has one; write it "
        "under tlsRpt",
    ),
    "a name in nobody's zone": (
        domain("{records: {also: [{name: mail.example.org, type: TXT, values: [x]}]}}"),
        f"{AT}.records.also[0].name: mail.example.org is in no zone of mailstack:dns (example.com); write @ for "
        f"example.com "
        "itself, one label for a name below it, or a whole name in one of these zones",
    ),
    "two aliases of one name": (
        domain("{records: {also: [{name: www, type: CNAME, values: [a.example.net, b.example.net]}]}}"),
        f"{AT}.records.also[0]: CNAME record www.example.com: a name has one CNAME (RFC 1034 section 3.6.2), not 2; "
        f"choose "
        "one",
    ),
    "a null MX beside another": (
        domain('{records: {also: [{name: "@", type: MX, values: ["0 .", "10 a.example.net"]}]}}'),
        f'{AT}.records.also[0]: MX record example.com: a null MX, "0 .", allows no other MX (RFC 7505 section 3); '
        "remove it or the others",
    ),
}
ALL = LOGOS | RECEIVING | NO_MAIL | FURTHER


@pytest.mark.parametrize("mistake", ALL)
def test_a_mistake_is_one_sentence(mistake: str) -> None:
    """The sentence says where, what was given, what is allowed and what to do; `path` is the place alone."""
    text, sentence = ALL[mistake]
    error = refusal(text)
    assert str(error) == sentence
    assert sentence.startswith(f"{error.path}: ")


@pytest.mark.parametrize("policy", ["quarantine", "reject"])
def test_a_logo_stands_on_a_policy_of_its_own_or_of_a_parent(policy: str) -> None:
    """Either covers the domain; dmarc: off leaves it to the parent."""
    assert loaded(domain(f"{{dmarc: {{policy: {policy}}}, bimi: {{{LOGO}}}}}")).bimi
    text = (
        ZONE
        + f"domains: {{example.com: {{dmarc: {{policy: {policy}}}}}, a.example.com: {{dmarc: off, bimi: {{{LOGO}}}}}}}"
    )
    assert load(yaml.safe_load(text), catalog(), aws_region="eu-west-1").domains["a.example.com"].bimi


def test_a_subdomain_of_one_that_does_not_send_may_send() -> None:
    """Only its policy has to be as strict as the one that covers it."""
    text = ZONE + f"domains: {{example.com: {{sends: false}}, a.example.com: {{{REJECT}}}}}"
    assert load(yaml.safe_load(text), catalog(), aws_region="eu-west-1").domains["a.example.com"].routes
    text = ZONE + "domains: {example.com: {sends: false}}\nsenders: {a: {domain: a.example.com}}"
    assert "policy none is weaker than reject" in str(refusal(text))

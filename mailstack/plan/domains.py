"""The records that belong to a domain rather than to one of its routes, as its settings ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from mailstack.catalog import Catalog
from mailstack.dns.records import Mx, longest_zone
from mailstack.mail import bimi, dkim, dmarc, mta_sts, parked, tls_rpt
from mailstack.paths import key_path
from mailstack.settings.model import Domain, Settings

from .drafts import Draft
from .names import slot_name
from .records import Pending, Value

INBOUND_PREFERENCE = 10  # SES Developer Guide, "Publishing an MX record for Amazon SES email receiving"
REPORTS_WELCOME = "v=DMARC1;"  # RFC 7489 appendix B.2.3, RFC 9990 section 4


def managed(settings: Settings) -> list[Domain]:
    """List the domains whose records this stack publishes."""
    return [domain for domain in settings.domains.values() if domain.manage]


def drafts(domain: Domain, settings: Settings, catalog: Catalog) -> Iterator[Draft]:
    """Draft the records of one managed domain."""
    yield from _authentication(domain, catalog)
    yield from _own_keys(domain)
    yield from _receiving(domain)
    yield from _logo(domain)
    yield from _extra(domain)
    for name in report_names(domain):
        if longest_zone(name, settings.dns):
            yield _draft(domain, "dmarc", name, "TXT", REPORTS_WELCOME, f"DMARC reports about {domain.name}")


def report_names(domain: Domain) -> list[str]:
    """List the names at which others must allow DMARC reports about a domain (RFC 9990 section 4)."""
    return [] if domain.dmarc == "off" else dmarc.report_authorisations(domain.name, domain.dmarc.to_record())


def foreign_reports(settings: Settings) -> list[tuple[str, str]]:
    """List (domain, name) where somebody else must publish v=DMARC1 before reports about the domain are sent.

    The name is in none of this stack's zones: only DNS shows whether the record exists.
    """
    return [
        (domain.name, name)
        for domain in managed(settings)
        for name in report_names(domain)
        if longest_zone(name, settings.dns) is None
    ]


def policies(settings: Settings) -> dict[str, str]:
    """Return the text of each domain's MTA-STS policy, to be served at https://mta-sts.<domain>/.well-known/."""
    found = {domain.name: domain.mta_sts_policy() for domain in managed(settings)}
    return {name: str(policy) for name, policy in found.items() if policy}


def _draft(domain: Domain, key: str, name: str, record_type: str, value: Value | Pending, purpose: str) -> Draft:
    return Draft(name, record_type, value, purpose, domain, key_path("domains", domain.name, key))


def _authentication(domain: Domain, catalog: Catalog) -> Iterator[Draft]:
    """Draft what tells receivers which mail from the domain is genuine: none where it does not send."""
    if domain.dmarc != "off":
        text = str(domain.dmarc.to_record())
        yield _draft(domain, "dmarc", f"_dmarc.{domain.name}", "TXT", text, "DMARC policy")
    asked = (catalog.providers[route.provider].spf for route in domain.routes.values())
    if (spf := domain.spf_record(*asked)) is not None:
        purpose = "SPF of the From domain" if domain.sends else "SPF: the domain sends no mail"
        yield _draft(domain, "spf", domain.name, "TXT", str(spf), purpose)
    if not domain.sends:
        name = parked.dkim_name(domain.name)
        yield _draft(domain, "sends", name, "TXT", parked.NO_KEY, "DKIM: no key is valid")


def _own_keys(domain: Domain) -> Iterator[Draft]:
    """Draft the keys of the domain's own: the one that signs and, from the second on, the one before it."""
    if domain.dkim.kind != "own" or not domain.sends:
        return
    now = domain.dkim.generation
    yield _own_key(domain, now, "DKIM key")
    if now > 1:
        yield _own_key(domain, now - 1, "the DKIM key before, for mail in transit")


def _own_key(domain: Domain, generation: int, purpose: str) -> Draft:
    selector = dkim.selector(generation)
    name = dkim.record_name(selector, domain.name)
    # The text of a key that was superseded changes when its grace is over, so that only "v=DKIM1" is known of it.
    prefix = dkim.record(domain.dkim.algorithm, "") if generation == domain.dkim.generation else "v=DKIM1; "
    value = Pending("", slot_name(name, "TXT"), "value", prefix, label=f"public key {selector}")
    return _draft(domain, "dkim", name, "TXT", value, purpose)


def _receiving(domain: Domain) -> Iterator[Draft]:
    """Draft what tells senders of mail to the domain where it goes and how."""
    if domain.inbound_host:
        host = Mx(INBOUND_PREFERENCE, domain.inbound_host)
        yield _draft(domain, "inbound", domain.name, "MX", host, "MX: mail to the domain")
    elif not domain.sends and domain.inbound is None:
        yield _draft(domain, "sends", domain.name, "MX", parked.NULL_MX, "MX: the domain accepts no mail")
    if domain.mta_sts and (policy := domain.mta_sts_policy()):
        name = mta_sts.record_name(domain.name)
        yield _draft(domain, "mtaSts", name, "TXT", policy.record, "MTA-STS: the policy's id")
        if domain.mta_sts.host:
            name = mta_sts.host_name(domain.name)
            yield _draft(domain, "mtaSts", name, "CNAME", domain.mta_sts.host, "MTA-STS: where the policy is served")
    if domain.tls_rpt:
        name, text = tls_rpt.record_name(domain.name), str(domain.tls_rpt.to_record())
        yield _draft(domain, "tlsRpt", name, "TXT", text, "TLS-RPT: reports on delivery")


def _logo(domain: Domain) -> Iterator[Draft]:
    if domain.bimi:
        name = bimi.record_name(domain.bimi.selector, domain.name)
        yield _draft(domain, "bimi", name, "TXT", str(domain.bimi.to_record()), "BIMI: the logo")


def _extra(domain: Domain) -> Iterator[Draft]:
    """Draft somebody else's values that the settings name, one draft for each."""
    for index, written in enumerate(domain.records.also):
        at = key_path("domains", domain.name, "records", "also", index)
        for value in written.record_set(domain.ttl).values:
            yield Draft(
                written.name, written.type, value, "named by records.also", domain, at, ttl=written.ttl, extra=True
            )

"""The records that belong to a domain rather than to one of its routes, as its settings ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailstack.dns.records import Mx, check_alone, longest_zone
from mailstack.errors import SettingsError
from mailstack.mail import bimi, dmarc, mta_sts, tls_rpt
from mailstack.mail import parked as no_mail
from mailstack.settings import Domain, Settings
from mailstack.settings.problems import key_path

from .planned import PlannedRecord

INBOUND_PREFERENCE = 10  # SES Developer Guide, "Publishing an MX record for Amazon SES email receiving"
REPORTS_WELCOME = "v=DMARC1;"  # RFC 7489 appendix B.2.3, RFC 9990 section 4


def plan(settings: Settings) -> list[PlannedRecord]:
    """Plan the records of every managed domain.

    Raises RecordError for a record that cannot stand, SettingsError for a logo that cannot be read or would not be
    shown.
    """
    planned: list[PlannedRecord] = []
    for domain in _managed(settings):
        _check_logo(domain)
        planned += [*_authentication(domain), *_receiving(domain), *_logo(domain), *_further(domain)]
        planned += _report_authorisations(domain, settings)
    check_alone((str(record.name), record.type) for record in planned)
    return planned


def policies(settings: Settings) -> dict[str, str]:
    """Return the text of each domain's MTA-STS policy, to be served at https://mta-sts.<domain>/.well-known/."""
    found = {domain.name: domain.mta_sts_policy() for domain in _managed(settings)}
    return {name: str(policy) for name, policy in found.items() if policy}


def foreign_reports(settings: Settings) -> list[tuple[str, str]]:
    """List (domain, name) where somebody else must publish v=DMARC1 before reports about the domain are sent.

    The name lies in a zone that is not configured here (RFC 9990 section 4): whether it stands shows only in DNS.
    """
    return [
        (domain.name, name)
        for domain in _managed(settings)
        for name in _report_names(domain)
        if longest_zone(name, settings.dns) is None
    ]


def _managed(settings: Settings) -> list[Domain]:
    return [domain for domain in settings.domains.values() if domain.manage]


def _authentication(domain: Domain) -> Iterator[PlannedRecord]:
    """Plan what tells receivers of mail from the domain which of it is genuine: none where it does not send."""
    if domain.dmarc != "off":
        text = str(domain.dmarc.to_record())
        yield PlannedRecord.fixed(f"_dmarc.{domain.name}", "TXT", domain, text, "DMARC policy")
    if (spf := domain.spf_record()) is not None:
        purpose = "SPF of the From domain" if domain.sends else "SPF: nobody sends"
        yield PlannedRecord.fixed(domain.name, "TXT", domain, str(spf), purpose)
    if not domain.sends:
        name = no_mail.dkim_name(domain.name)
        yield PlannedRecord.fixed(name, "TXT", domain, no_mail.NO_KEY, "DKIM: no key signs")


def _receiving(domain: Domain) -> Iterator[PlannedRecord]:
    """Plan what tells senders of mail to the domain where it goes and how."""
    if domain.inbound_host:
        host = Mx(INBOUND_PREFERENCE, domain.inbound_host)
        yield PlannedRecord.fixed(domain.name, "MX", domain, host, "MX: mail to the domain")
    elif not domain.sends and domain.inbound is None:
        yield PlannedRecord.fixed(domain.name, "MX", domain, no_mail.NULL_MX, "MX: no mail is taken")
    if domain.mta_sts and (policy := domain.mta_sts_policy()):
        name = mta_sts.record_name(domain.name)
        yield PlannedRecord.fixed(name, "TXT", domain, policy.record, "MTA-STS: the policy's id")
        if domain.mta_sts.host:
            name = mta_sts.host_name(domain.name)
            yield PlannedRecord.fixed(name, "CNAME", domain, domain.mta_sts.host, "MTA-STS: where the policy is served")
    if domain.tls_rpt:
        name = tls_rpt.record_name(domain.name)
        yield PlannedRecord.fixed(name, "TXT", domain, str(domain.tls_rpt.to_record()), "TLS-RPT: reports on delivery")


def _logo(domain: Domain) -> Iterator[PlannedRecord]:
    if domain.bimi:
        name = bimi.record_name(domain.bimi.selector, domain.name)
        yield PlannedRecord.fixed(name, "TXT", domain, str(domain.bimi.to_record()), "BIMI: the logo")


def _further(domain: Domain) -> Iterator[PlannedRecord]:
    for written in domain.records.also:
        one = written.record_set(domain.ttl)
        yield PlannedRecord.beside(one.name, one.type, domain, one.values, one.ttl, "named by records.also")


def _report_authorisations(domain: Domain, settings: Settings) -> Iterator[PlannedRecord]:
    """Plan what lets DMARC reports about the domain be sent to addresses in other zones of this stack."""
    for name in _report_names(domain):
        if longest_zone(name, settings.dns):
            yield PlannedRecord.fixed(name, "TXT", domain, REPORTS_WELCOME, f"DMARC reports about {domain.name}")


def _report_names(domain: Domain) -> list[str]:
    return [] if domain.dmarc == "off" else dmarc.report_authorisations(domain.name, domain.dmarc.to_record())


def _check_logo(domain: Domain) -> None:
    """Check the copy of a logo that the settings name; relative paths start at the folder of Pulumi.yaml."""
    if domain.bimi is None or domain.bimi.file is None:
        return
    at, file = key_path("domains", domain.name, "bimi", "file"), domain.bimi.file
    try:
        found = bimi.check_svg(Path(file).read_bytes())
    except OSError as error:
        raise SettingsError(
            f"{at}: {file} cannot be read: {error.strerror}; name a copy of the logo", path=at
        ) from None
    if found:
        raise SettingsError(
            f"{at}: {file} is no SVG Tiny PS, so that no mailbox would show it: {'; '.join(found)}", path=at
        )

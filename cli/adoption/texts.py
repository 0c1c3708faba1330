"""What the text of an existing record means: the settings that say the same, and why some cannot stay."""

from __future__ import annotations

from cli.adoption.findings import Findings
from mailstack.dns.changes import ExistingRecord
from mailstack.errors import DmarcError, SpfError
from mailstack.mail import dmarc, spf
from mailstack.mail.policy_records import kind
from mailstack.settings import from_records as reproduce
from mailstack.settings.model import Domain
from providers import catalog


def obstacle(one: ExistingRecord, wanted: str) -> str:
    """Say why a record cannot stay as it is: mail would not pass with it, or nobody can read it; else ""."""
    if one.type == "CNAME" and one.content != wanted:
        return f"{one.content!r} exists, and the provider needs {wanted!r}; fix it there first"
    if one.type == "MX" and one.content.split()[-1] != wanted.split()[-1]:
        return (
            f"{one.content!r} exists, and the provider needs {wanted!r} alone; choose another returnPath, or fix it "
            "there first"
        )
    found = kind(one.name, one.content) if one.type == "TXT" else None
    try:
        if found == "spf":
            spf.parse(one.content)
        if found == "dmarc":
            dmarc.parse(one.content)
    except (SpfError, DmarcError) as error:
        return f"{error}; fix it there first"
    return ""


def reproduced(one: ExistingRecord, wanted: str, domain: Domain, findings: Findings) -> bool:
    """Note the settings that say what a text means; True where they give the very same text."""
    if one.content == wanted:
        return True
    at = ("mailstack:domains", domain.name)
    found = kind(one.name, one.content) if one.type == "TXT" else None
    if found == "dmarc" and one.name == f"_dmarc.{domain.name}":
        settings = reproduce.dmarc_settings(one.content)
        findings.edit((*at, "dmarc"), settings, f"the existing policy is {one.content}")
        return str(dmarc.parse(one.content)) == one.content
    if found == "spf" and one.name == domain.name:
        providers = catalog().providers
        own = [providers[route.provider].spf for route in domain.routes.values()]
        also = reproduce.spf_also(one.content, *own)
        if also:
            findings.edit((*at, "spf", "also"), also, f"the existing SPF record is {one.content}")
        return str(spf.merge(*map(spf.parse, own), also=also)) == one.content
    return False

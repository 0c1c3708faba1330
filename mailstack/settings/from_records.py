"""From records that exist to the settings that would have made them."""

from __future__ import annotations

from typing import Any

from mailstack.mail import dmarc, spf


def dmarc_settings(text: str) -> dict[str, Any]:
    """Return the mapping under `dmarc:` that states an existing policy; raises DmarcError for one without effect."""
    record, usual = dmarc.parse(text), dmarc.Dmarc()
    stated: dict[str, Any] = {
        "policy": record.policy,
        "subdomainPolicy": record.subdomain_policy,
        "nonexistentPolicy": record.nonexistent_policy,
        "psd": record.psd,
        "testing": record.testing or None,
        "adkim": None if record.adkim == usual.adkim else record.adkim,
        "aspf": None if record.aspf == usual.aspf else record.aspf,
        "fo": record.fo,
        "rua": list(record.rua) or None,
        "ruf": list(record.ruf) or None,
    }
    return {key: value for key, value in stated.items() if value is not None}


def spf_also(text: str, *provider_records: str) -> list[str]:
    """Return the terms under `spf.also` that an existing record has beside the providers'; raises SpfError."""
    ours = {term.subject for record in provider_records for term in spf.parse(record).terms}
    return [
        term.text
        for term in spf.parse(text).live
        if not term.is_modifier and not term.is_all and term.subject not in ours
    ]

"""What a domain publishes that must not send mail (M3AAWG, "Protecting Parked Domains", 2015)."""

from __future__ import annotations

from dataclasses import replace

from mailstack.dns.records import Mx
from mailstack.mail.dmarc import Dmarc

SPF = "v=spf1 -all"  # nobody sends: RFC 7208 section 10.1.2
NULL_MX = Mx(0, ".")  # nobody takes mail: RFC 7505 section 3
NO_KEY = "v=DKIM1; p="  # every key is revoked: RFC 6376 section 3.6.1


def dkim_name(domain: str) -> str:
    """Return the name at which every selector of a domain that has no key of its own finds that there is none."""
    return f"*._domainkey.{domain}"


def strict(record: Dmarc) -> Dmarc:
    """Return a policy that rejects all mail from the domain; where reports go and subdomain policies stay as they are.

    Alignment is strict, so that what a subdomain signs does not pass for the domain itself (RFC 9989 section 4.7).
    Without `sp` the policy holds for subdomains too.
    """
    return replace(record, policy="reject", testing=False, adkim="s", aspf="s")

"""What Resend reads from DNS, and when.

A verification runs by itself after it was asked for; here a status is worked out when somebody looks at it, so that no
timer decides. The rules of time are the vendor's (resend.com/docs/dashboard/domains/introduction): what is not found
within 72 hours has failed, and what was verified and is missing has a temporary failure for 72 hours.
"""

from __future__ import annotations

from sandbox.resend.records import Record
from sandbox.resend.settings import Settings
from sandbox.resend.state import Account, Domain, Resolve


def start(account: Account, domain: Domain) -> None:
    """Ask for a verification: everything is looked for anew.

    The domain is pending meanwhile "regardless of its current status" (resend.com/docs/api-reference/domains/
    verify-domain), so a client that asks for what is verified takes the verification away for a moment.
    """
    for record in domain.records:
        record.status, record.asked_at = "pending", account.now()


def refresh(account: Account, domain: Domain) -> None:
    """Look for the records of a domain and set their statuses."""
    for record in domain.records:
        _refresh(record, account.resolve, account.settings, account.now())


def _refresh(record: Record, resolve: Resolve, settings: Settings, now: float) -> None:
    if record.status == "pending" and now - record.asked_at >= settings.verification_delay:
        if _is_published(record, resolve):
            record.status, record.seen_at = "verified", now
        elif now - record.asked_at >= settings.patience:
            record.status = "failed"
    elif record.status in ("verified", "temporary_failure"):
        if _is_published(record, resolve):
            record.status, record.seen_at = "verified", now
        else:
            lost_for_good = now - record.seen_at >= settings.patience
            record.status = "failed" if lost_for_good else "temporary_failure"


def _is_published(record: Record, resolve: Resolve) -> bool:
    values = resolve(record.host, record.type)
    if record.record == "DKIM":
        return [_public_key(value) for value in values] == [_public_key(record.plain)]
    if record.type == "TXT":
        spf = [terms for value in values if (terms := value.lower().split())[:1] == ["v=spf1"]]
        # What SES asks of a MAIL FROM domain: one SPF record, whatever else it allows.
        return len(spf) == 1 and "include:amazonses.com" in [term.lstrip("+") for term in spf[0]]
    wanted = f"{record.priority} {record.plain}" if record.type == "MX" else record.plain
    found = [" ".join(value.lower().rstrip(".").split()) for value in values]
    # A domain that receives elsewhere too keeps its other MX; the return path takes bounces in one place only.
    return wanted in found if record.record == "Receiving" else found == [wanted]


def _public_key(text: str) -> str:
    tags = dict(tag.split("=", 1) for tag in "".join(text.split()).split(";") if "=" in tag)
    return tags.get("p", "")

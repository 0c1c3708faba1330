"""What SES reads from DNS: asked whenever a status is looked at, so no timer decides and nothing is asked in vain.

The rules of time are those of the SES developer guide: records that are not found within 72 hours fail; a domain that
was verified and lost its records has a temporary failure for 72 hours, in which it may still send.
"""

from __future__ import annotations

import re

from sandbox.aws.ses.state import SUCCESS, Identity, Region, Resolve

HOSTED_ZONE = "dkim.amazonses.com"
PATIENCE = 72 * 3600.0


def refresh(region: Region, identity: Identity, resolve: Resolve, now: float) -> None:
    """Ask DNS for the records of an identity and set its statuses."""
    if identity.is_address:
        if identity.confirmed or verified_domain(region, identity.domain, resolve, now) is not None:
            identity.verification_status, identity.verified_at = SUCCESS, now
        else:
            identity.verification_status = "PENDING"
    else:
        _refresh_domain(identity, resolve, now)
    if identity.mail_from_domain is not None:
        identity.mail_from_status = _mail_from_status(region, identity, resolve, now)


def verified_domain(region: Region, domain: str, resolve: Resolve, now: float) -> Identity | None:
    """Find the verified domain identity nearest to a domain: itself, or one of its parents."""
    labels = domain.lower().split(".")
    for start in range(len(labels) - 1):
        identity = region.identities.get(".".join(labels[start:]))
        if identity is not None:
            refresh(region, identity, resolve, now)
            if identity.verified:
                return identity
    return None


def _refresh_domain(identity: Identity, resolve: Resolve, now: float) -> None:
    error = _dkim_error(identity, resolve)
    identity.checked_at, identity.error = now, error
    if error is None:
        identity.verified_at = identity.dkim_verified_at = now
    identity.dkim_status = _status(error, identity.dkim_started, identity.dkim_verified_at, now)
    identity.verification_status = _status(error, identity.created, identity.verified_at, now)


def _status(error: str | None, started: float, verified_at: float | None, now: float) -> str:
    if error is None:
        return SUCCESS
    if verified_at is None:
        return "PENDING" if now - started < PATIENCE else "FAILED"
    return "TEMPORARY_FAILURE" if now - verified_at < PATIENCE else "FAILED"


def _dkim_error(identity: Identity, resolve: Resolve) -> str | None:
    """Say what is wrong with the DKIM records in the words of VerificationInfo.ErrorType; None when they are right."""
    for name, kind, wanted in _dkim_records(identity):
        try:
            error = _record_error(name, kind, wanted, resolve)
        except Exception:  # the resolver is whatever DNS the world has: any failure of it is DNS's
            return "DNS_SERVER_ERROR"
        if error is not None:
            return error
    return None


def _dkim_records(identity: Identity) -> list[tuple[str, str, str]]:
    if identity.own_key is not None:
        wanted = _normal("TXT", identity.own_key.record)
        return [(f"{identity.own_selector}._domainkey.{identity.name}", "TXT", wanted)]
    names = {token: f"{token}._domainkey.{identity.name}" for token in identity.easy_tokens}
    return [(name, "CNAME", f"{token}.{HOSTED_ZONE}") for token, name in names.items()]


def _record_error(name: str, kind: str, wanted: str, resolve: Resolve) -> str | None:
    values = [_normal(kind, value) for value in resolve(name, kind)]
    if values == [wanted]:
        return None
    if values:
        return "INVALID_VALUE"
    # A CNAME behind a proxy answers with addresses, a record of the wrong kind with itself.
    others = [other for other in ("CNAME", "TXT", "A", "AAAA") if other != kind and resolve(name, other)]
    return "TYPE_NOT_FOUND" if others else "HOST_NOT_FOUND"


def _mail_from_status(region: Region, identity: Identity, resolve: Resolve, now: float) -> str:
    """Judge the MAIL FROM domain: exactly one MX, SES's own, and an SPF record that includes amazonses.com."""
    domain = identity.mail_from_domain or ""
    try:
        hosts = [_normal("MX", value) for value in resolve(domain, "MX")]
        texts = [_text(value) for value in resolve(domain, "TXT")]
    except Exception:  # as above
        return "TEMPORARY_FAILURE"
    spf = [text.lower().split() for text in texts if text.lower().split()[:1] == ["v=spf1"]]
    if hosts == [f"10 feedback-smtp.{region.name}.amazonses.com"] and len(spf) == 1 and _includes_ses(spf[0]):
        return SUCCESS
    open_yet = identity.mail_from_status in ("PENDING", "TEMPORARY_FAILURE")
    return "PENDING" if open_yet and now - identity.mail_from_started < PATIENCE else "FAILED"


def _includes_ses(terms: list[str]) -> bool:
    return any(term.lstrip("+") == "include:amazonses.com" for term in terms)


def _normal(kind: str, value: str) -> str:
    if kind == "TXT":
        tags = dict(tag.split("=", 1) for tag in re.sub(r"\s", "", _text(value)).split(";") if "=" in tag)
        return tags.get("p", "")
    return " ".join(value.split()).lower().rstrip(".")


def _text(value: str) -> str:
    """Join the quoted strings of a TXT value; an unquoted value stands for itself."""
    return "".join(re.findall(r'"([^"]*)"', value)) if value.startswith('"') else value

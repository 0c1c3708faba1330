"""Resend's domains (resend.com/docs/api-reference/domains)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aws.ses.dkim import new_key
from sandbox.resend import verification
from sandbox.resend.errors import ApiError, invalid
from sandbox.resend.fields import Read, flag, group, host_name, label, one_of, read
from sandbox.resend.paging import page
from sandbox.resend.records import REGIONS, registrable
from sandbox.resend.state import Account, Domain, new_id, stamp

Answer = tuple[int, dict[str, Any]]

DKIM_BITS = 1024  # as in the records of real domains: p=MIGf...
CAPABILITIES: Mapping[str, Read] = {one: one_of("enabled", "disabled") for one in ("sending", "receiving")}
CHANGE: Mapping[str, Read] = {
    "open_tracking": flag,
    "click_tracking": flag,
    "tls": one_of("opportunistic", "enforced"),
    "capabilities": group(CAPABILITIES),
    "tracking_subdomain": label,
}


def _invalid_region() -> ApiError:
    allowed = " | ".join(f'"{one}"' for one in REGIONS)
    return ApiError(422, "invalid_region", f"Region must be {allowed}")


CREATE: Mapping[str, Read] = {
    "name": host_name,
    "region": one_of(*REGIONS, refusal=_invalid_region),
    "custom_return_path": label,
    **CHANGE,
}


def create(account: Account, body: dict[str, Any]) -> Answer:
    """Make a domain, whose records nobody has looked for yet."""
    given = read(body, CREATE, required=["name"])
    name = given.pop("name")
    if registrable(name) is None:
        raise invalid("The `name` field must be a domain name.")
    _check_free(account, name)
    domain = Domain(
        new_id(),
        name,
        account.now(),
        region=given.pop("region", REGIONS[0]),
        generation=account.settings.generation,
        return_path=given.pop("custom_return_path", "send"),
        dkim=new_key(DKIM_BITS),
    )
    _take(domain, given)
    account.domains[domain.id] = domain
    return 201, _shown(domain)


def listing(account: Account, query: Mapping[str, str]) -> Answer:
    """List the domains, without their records."""
    for domain in account.domains.values():
        verification.refresh(account, domain)
    return 200, page(list(account.domains.values()), query, _summary)


def get(account: Account, id_: str) -> Answer:
    """Show a domain with its records."""
    domain = account.domain(id_)
    verification.refresh(account, domain)
    return 200, _shown(domain)


def change(account: Account, id_: str, body: dict[str, Any]) -> Answer:
    """Change a domain's options, and so the records that it needs."""
    domain = account.domain(id_)
    _take(domain, read(body, CHANGE))
    return 200, _named(domain)


def delete(account: Account, id_: str) -> Answer:
    """Delete a domain."""
    domain = account.domain(id_)
    del account.domains[domain.id]
    return 200, {**_named(domain), "deleted": True}


def verify(account: Account, id_: str) -> Answer:
    """Ask for a domain's records to be looked for; the answer does not wait."""
    domain = account.domain(id_)
    verification.start(account, domain)
    return 200, _named(domain)


def _check_free(account: Account, name: str) -> None:
    """Refuse a domain that some account has, and one more than the plan allows; verified or not, each counts."""
    if account.domain_named(name) or name in account.settings.held_elsewhere:
        raise ApiError(403, "validation_error", f"The `{name}` domain has been registered already.")
    limit = account.settings.domain_limit
    if limit is not None and len(account.domains) >= limit:
        domains = "1 domain" if limit == 1 else f"{limit} domains"
        raise ApiError(403, "validation_error", f"Your plan includes {domains}. Upgrade to add more.")


def _take(domain: Domain, given: dict[str, Any]) -> None:
    capabilities = {name: word == "enabled" for name, word in given.pop("capabilities", {}).items()}
    if not any({"sending": domain.sending, "receiving": domain.receiving, **capabilities}.values()):
        raise invalid("At least one capability must be enabled.")
    for name, value in {**capabilities, **given}.items():
        setattr(domain, name, value)
    domain.ask_for_records()


def _named(domain: Domain) -> dict[str, Any]:
    return {"object": "domain", "id": domain.id}


def _summary(domain: Domain) -> dict[str, Any]:
    return {
        "id": domain.id,
        "name": domain.name,
        "status": domain.status,
        "created_at": stamp(domain.created),
        "region": domain.region,
        "open_tracking": domain.open_tracking,
        "click_tracking": domain.click_tracking,
        "capabilities": {
            "sending": "enabled" if domain.sending else "disabled",
            "receiving": "enabled" if domain.receiving else "disabled",
        },
    }


def _shown(domain: Domain) -> dict[str, Any]:
    # The OpenAPI file has no null for the subdomain.
    tracking = {"tracking_subdomain": domain.tracking_subdomain} if domain.tracking_subdomain else {}
    listed = [record.shown() for record in domain.records]
    return {"object": "domain", **_summary(domain), **tracking, "records": listed}

"""SES identities that stand already: the settings under which the kit would have made them so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.adoption.findings import Findings
from cli.adoption.preview import Step
from cli.existing import Standing
from mailstack import names
from mailstack.settings import Domain, SesRoute, Settings

IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"


def compare(settings: Settings, steps: Sequence[Step], standing: Standing, owner: str, findings: Findings) -> None:
    """Compare the identities that would be made with those that stand at SES."""
    for step, domain, key, route in _to_be_made(settings, steps):
        found = standing.identity(domain.name, route.region)
        if found is None:
            continue
        tags = _tags(found)
        other = tags.get("mailstack")
        if other not in (None, owner):
            findings.obstacles.append(
                f"the SES identity {domain.name} in {route.region} is marked as {other}'s; to send through that "
                f"stack's domain, set manage: false on the domain here"
            )
            continue
        _reproduce(found, domain, key, route, tags, standing, findings)
        findings.imports.append((step, standing.with_region(domain.name, route.region)))


def import_others(steps: Sequence[Step], standing: Standing, findings: Findings) -> None:
    """Find the ids of MAIL FROM attributes and configuration sets that stand as planned."""
    for step in steps:
        if step.op != "create" or step.type not in (MAIL_FROM, CONFIGURATION_SET):
            continue
        region = str(step.inputs["region"])
        if step.type == CONFIGURATION_SET:
            name = str(step.inputs["configurationSetName"])
            if standing.configuration_set(name, region) is not None:
                findings.imports.append((step, standing.with_region(name, region)))
            continue
        found = standing.identity(str(step.inputs["emailIdentity"]), region) or {}
        if (found.get("MailFromAttributes") or {}).get("MailFromDomain") == step.inputs["mailFromDomain"]:
            findings.imports.append((step, standing.with_region(str(step.inputs["emailIdentity"]), region)))


def dkim_tokens(settings: Settings, standing: Standing) -> dict[str, str]:
    """Return the Easy DKIM tokens of standing identities by the end of the logical name of their record."""
    return {
        f"-{domain.name}-{route.region}-dkim-{index}": token
        for domain in settings.domains.values()
        for route in domain.routes.values()
        for index, token in enumerate(_dkim(standing.identity(domain.name, route.region)).get("Tokens") or [])
    }


def _to_be_made(settings: Settings, steps: Sequence[Step]) -> Iterator[tuple[Step, Domain, str, SesRoute]]:
    made = {
        (step.inputs["emailIdentity"], step.inputs["region"]): step
        for step in steps
        if step.op == "create" and step.type == IDENTITY
    }
    for domain in settings.domains.values():
        for key, route in domain.routes.items():
            if domain.manage and (step := made.get((domain.name, route.region))):
                yield step, domain, key, route


def _reproduce(
    found: Mapping[str, Any],
    domain: Domain,
    key: str,
    route: SesRoute,
    tags: Mapping[str, str],
    standing: Standing,
    findings: Findings,
) -> None:
    at = ("mailstack:domains", domain.name, "routes", key)
    mail_from = found.get("MailFromAttributes") or {}
    path = mail_from.get("MailFromDomain")
    if path and path != route.mail_from(domain.name):
        if not path.endswith(f".{domain.name}"):
            findings.obstacles.append(
                f"the SES identity {domain.name} has the MAIL FROM domain {path}, which is not below it"
            )
        else:
            label = path.removesuffix(f".{domain.name}")
            findings.edit((*at, "returnPath"), path if "." in label else label, f"its MAIL FROM domain is {path}")
    if path and mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE" and route.ses.on_mx_failure != "reject":
        findings.edit((*at, "ses", "onMxFailure"), "reject", "SES rejects mail while the MX of MAIL FROM is missing")
    _reproduce_set(found, domain, at, route, standing, findings)
    _reproduce_dkim(found, domain, findings)
    foreign = {name: value for name, value in tags.items() if name not in ("mailstack", "stage")}
    if missing := {name: value for name, value in foreign.items() if route.ses.tags.get(name) != value}:
        findings.edit((*at, "ses", "tags"), {**route.ses.tags, **missing}, "it carries these tags")


def _reproduce_set(
    found: Mapping[str, Any],
    domain: Domain,
    at: tuple[str, ...],
    route: SesRoute,
    standing: Standing,
    findings: Findings,
) -> None:
    """Keep the identity's configuration set: as our own where it is like the one that the kit makes, else by name."""
    used, own = found.get("ConfigurationSetName"), names.configuration_set(domain.name)
    one = standing.configuration_set(own, route.region) if used == own else None
    if one is None or not _like_our_own(one):
        if route.ses.configuration_set != (used or "off"):
            why = f"its configuration set is {used or 'none'}"
            findings.edit((*at, "ses", "configurationSet"), used or "off", why)
        return
    tls = "require" if (one.get("DeliveryOptions") or {}).get("TlsPolicy") == "REQUIRE" else "optional"
    if route.ses.tls != tls:
        findings.edit((*at, "ses", "tls"), tls, f"its configuration set {own} says so")


def _like_our_own(one: Mapping[str, Any]) -> bool:
    """Tell whether a configuration set has the options that the kit gives its own, but for TLS, which is a setting."""
    return (
        (one.get("ReputationOptions") or {}).get("ReputationMetricsEnabled") is True
        and (one.get("SendingOptions") or {}).get("SendingEnabled", True) is True
        and set((one.get("SuppressionOptions") or {}).get("SuppressedReasons") or []) == {"BOUNCE", "COMPLAINT"}
        and not (one.get("TrackingOptions") or {}).get("CustomRedirectDomain")
    )


def _reproduce_dkim(found: Mapping[str, Any], domain: Domain, findings: Findings) -> None:
    signing = _dkim(found)
    at = ("mailstack:domains", domain.name, "dkim")
    if signing.get("SigningAttributesOrigin") == "EXTERNAL":
        if domain.dkim.kind == "easy":
            findings.edit((*at, "kind"), "kept", "it signs with a key of its own, whose private half SES does not show")
        return
    length = str(signing.get("CurrentSigningKeyLength") or signing.get("NextSigningKeyLength") or "")
    bits = {"RSA_1024_BIT": 1024, "RSA_2048_BIT": 2048}.get(length)
    if bits and domain.dkim.kind == "easy" and domain.dkim.bits != bits:
        findings.edit((*at, "bits"), bits, f"its DKIM keys have {bits} bits")


def _dkim(found: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (found or {}).get("DkimAttributes") or {}


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags") or []}

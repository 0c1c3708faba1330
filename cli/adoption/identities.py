"""SES identities that exist already: the settings under which the kit would have made them so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cli.adoption.findings import Findings
from cli.existing import Existing
from cli.leftovers import CONFIGURATION_SET, IDENTITY, MAIL_FROM
from cli.preview import Step
from mailstack import marks
from mailstack.paths import key_path
from mailstack.plan import Plan, Route
from mailstack.settings.model import Domain
from providers.smtp import ses, ses_names
from providers.smtp.ses_client import mark


def compare(plan: Plan, steps: Sequence[Step], existing: Existing, owners: Collection[str], findings: Findings) -> None:
    """Compare the identities that would be made with those that exist at SES; `owners` are the stack's own ids."""
    for step, route in _to_be_made(plan, steps):
        found = existing.described("identity", route.domain, route.region)
        if not found:
            continue
        owner = marks.owner_id(mark(found))
        if owner is not None and owner not in owners:
            findings.obstacles.append(
                f"the SES identity {route.domain} in {route.region} carries the mark of another stack ({mark(found)}); "
                f"to send through that stack's domain, set {key_path('domains', route.domain, 'manage')} to false"
            )
            continue
        _reproduce(found, plan.settings.domains[route.domain], route, existing, findings)
        findings.imports.append((step, existing.with_region(route.domain, route.region)))


def import_others(steps: Sequence[Step], existing: Existing, findings: Findings) -> None:
    """Find the ids of MAIL FROM attributes and configuration sets that exist as planned."""
    for step in steps:
        if step.op != "create" or step.type not in (MAIL_FROM, CONFIGURATION_SET):
            continue
        region = str(step.inputs["region"])
        if step.type == CONFIGURATION_SET:
            name = str(step.inputs["configurationSetName"])
            if existing.described("configurationSet", name, region):
                findings.imports.append((step, existing.with_region(name, region)))
            continue
        name = str(step.inputs["emailIdentity"])
        found = existing.described("identity", name, region).get("MailFromAttributes") or {}
        if found.get("MailFromDomain") == step.inputs["mailFromDomain"]:
            findings.imports.append((step, existing.with_region(name, region)))


def dkim_tokens(plan: Plan, existing: Existing) -> dict[tuple[str, str, str], str]:
    """Return the Easy DKIM tokens of identities that exist, as PlannedRecord.resolved takes them."""
    known: dict[tuple[str, str, str], str] = {}
    for route in filter(lambda route: route.manage, plan.routes.values()):
        tokens = _dkim(existing.described("identity", route.domain, route.region)).get("Tokens") or []
        for number, token in zip(ses.DKIM_KEYS, tokens, strict=False):
            known[route.key, f"dkim-{number}", "name"] = known[route.key, f"dkim-{number}", "value"] = token
    return known


def _to_be_made(plan: Plan, steps: Sequence[Step]) -> Iterator[tuple[Step, Route]]:
    made = {
        (step.inputs["emailIdentity"], step.inputs["region"]): step
        for step in steps
        if step.op == "create" and step.type == IDENTITY
    }
    for route in plan.routes.values():
        if route.manage and (step := made.get((route.domain, route.region))):
            yield step, route


def _reproduce(found: Mapping[str, Any], domain: Domain, route: Route, existing: Existing, findings: Findings) -> None:
    """Note the settings that keep an identity as it is."""
    at, options = ("mailstack:domains", domain.name, "routes", route.name), ses.options(route.settings)
    mail_from = found.get("MailFromAttributes") or {}
    path = mail_from.get("MailFromDomain")
    if path and path != route.settings.mail_from(domain.name):
        if not path.endswith(f".{domain.name}"):
            findings.obstacles.append(
                f"the SES identity {domain.name} has the MAIL FROM domain {path}, which is not below it"
            )
        else:
            label = path.removesuffix(f".{domain.name}")
            findings.edit((*at, "returnPath"), path if "." in label else label, f"its MAIL FROM domain is {path}")
    if path and mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE" and options.on_mx_failure != "reject":
        findings.edit((*at, "ses", "onMxFailure"), "reject", "SES rejects mail while the MX of MAIL FROM is missing")
    _reproduce_set(found, at, route, existing, findings)
    _reproduce_dkim(found, domain, findings)
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags") or []}
    foreign = {name: value for name, value in tags.items() if name not in ("mailstack", "stage")}
    if missing := {name: value for name, value in foreign.items() if options.tags.get(name) != value}:
        findings.edit((*at, "ses", "tags"), {**options.tags, **missing}, "it carries these tags")


def _reproduce_set(
    found: Mapping[str, Any], at: tuple[str, ...], route: Route, existing: Existing, findings: Findings
) -> None:
    """Keep the identity's configuration set: as our own where it is like the one that the kit makes, else by name."""
    used, own = found.get("ConfigurationSetName"), ses_names.configuration_set(route.domain)
    options = ses.options(route.settings)
    one = existing.described("configurationSet", own, route.region) if used == own else {}
    if not one or not _like_our_own(one):
        if options.configuration_set != (used or "off"):
            why = f"its configuration set is {used or 'none'}"
            findings.edit((*at, "ses", "configurationSet"), used or "off", why)
        return
    tls = "require" if (one.get("DeliveryOptions") or {}).get("TlsPolicy") == "REQUIRE" else "optional"
    if options.tls != tls:
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


def _dkim(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found.get("DkimAttributes") or {}

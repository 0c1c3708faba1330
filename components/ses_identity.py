"""A domain that SES accepts mail for: configuration set, identity with Easy DKIM, and the records these ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack import names, ses
from mailstack.errors import SettingsError
from mailstack.records import Mx
from mailstack.settings import Domain, SesRoute
from mailstack.settings.problems import key_path

from .dns_records import PlannedRecord
from .lookups import LookupFailed, look_up
from .ownership import SES_LOOKUP, Guard, Owner, says_not_found

# Easy DKIM always gives three tokens (https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html):
# their records are declared by index, so that the first preview shows them.
DKIM_TOKENS = 3


@dataclass(frozen=True)
class Identity:
    """What a sender needs to know of an identity, ours or referenced."""

    arn: pulumi.Input[str]
    configuration_set_arn: pulumi.Input[str | None]


class SesIdentity(pulumi.ComponentResource):
    """An SES domain identity in one region, with its configuration set.

    `records` are those that its DNS must hold; `mail_from` is attached after them with `attach_mail_from`.
    """

    arn: pulumi.Output[str]
    configuration_set_arn: pulumi.Output[str]
    records: list[PlannedRecord]
    mail_from: pulumi.Resource

    def __init__(
        self,
        name: str,
        domain: Domain,
        route: SesRoute,
        tags: dict[str, Any],
        owner: Owner,
        guard: Guard,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the configuration set and the identity of `domain` in the route's region."""
        super().__init__("mailstack:ses:SesIdentity", name, None, opts)
        from pulumi_aws import sesv2

        self._domain, self._route, self._name = domain, route, name
        # Both are unique by name in their account and region: a replacement cannot stand beside what it replaces.
        kept = pulumi.ResourceOptions(parent=self, protect=domain.protect, delete_before_replace=True)
        self._configuration_set = sesv2.ConfigurationSet(
            f"{name}-configuration-set",
            configuration_set_name=names.configuration_set(domain.name),
            region=route.region,
            delivery_options={"tls_policy": "REQUIRE" if route.ses.tls == "require" else "OPTIONAL"},
            reputation_options={"reputation_metrics_enabled": True},
            sending_options={"sending_enabled": True},
            suppression_options={"suppressed_reasons": ["BOUNCE", "COMPLAINT"]},
            tags=owner.tags(tags),
            opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(hooks=guard.configuration_set())),
        )
        self._identity = sesv2.EmailIdentity(
            f"{name}-identity",
            email_identity=domain.name,
            region=route.region,
            configuration_set_name=self._configuration_set.configuration_set_name,
            dkim_signing_attributes={"next_signing_key_length": "RSA_2048_BIT"},
            tags=owner.tags(tags),
            opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(hooks=guard.identity())),
        )
        self.arn = self._identity.arn
        self.configuration_set_arn = self._configuration_set.arn
        self.records = [*self._dkim_records(), *mail_from_records(domain, route)]
        self.register_outputs({"arn": self.arn, "configurationSetArn": self.configuration_set_arn})

    def attach_mail_from(self, records: list[pulumi.Resource]) -> None:
        """Set the MAIL FROM domain once its MX and SPF stand: SES checks them at once and else keeps it pending."""
        from pulumi_aws import sesv2

        self.mail_from = sesv2.EmailIdentityMailFromAttributes(
            f"{self._name}-mail-from",
            email_identity=self._identity.email_identity,
            region=self._route.region,
            mail_from_domain=self._route.mail_from(self._domain.name),
            behavior_on_mx_failure="USE_DEFAULT_VALUE",
            opts=pulumi.ResourceOptions(parent=self, protect=self._domain.protect, depends_on=records),
        )

    def _dkim_records(self) -> list[PlannedRecord]:
        tokens = self._identity.dkim_signing_attributes.apply(lambda signing: signing.tokens)
        return [self._dkim_record(index, tokens[index]) for index in range(DKIM_TOKENS)]

    def _dkim_record(self, index: int, token: pulumi.Output[str]) -> PlannedRecord:
        return PlannedRecord(
            slot=f"{self._domain.name}-{self._route.region}-dkim-{index}",
            name=token.apply(lambda text: f"{text}._domainkey.{self._domain.name}"),
            type="CNAME",
            ttl=self._domain.ttl,
            value=token.apply(lambda text: f"{text}.{self._route.ses.dkim_domain}"),
            purpose=f"DKIM key {index + 1} of {DKIM_TOKENS}",
            domain=self._domain,
        )


def mail_from_records(domain: Domain, route: SesRoute) -> list[PlannedRecord]:
    """Plan the MX and SPF of a route's MAIL FROM domain; raises RecordError where the model refuses them."""
    name = route.mail_from(domain.name)
    mx = Mx(10, ses.feedback_mx(route.region))
    return [
        PlannedRecord.fixed(name, "MX", domain, mx, "return path: bounces go to SES"),
        PlannedRecord.fixed(name, "TXT", domain, ses.MAIL_FROM_SPF, "return path: SPF"),
    ]


def referenced_identity(domain: Domain, region: str, owner: Owner, parent: pulumi.Resource) -> Identity:
    """Look up the identity that a domain with `manage: false` refers to.

    Raises SettingsError where there is none, where SES refuses the look-up, and where the identity is this very
    stack's: the update would delete it.
    """
    path = key_path("domains", domain.name, "manage")
    try:
        found = look_up(SES_LOOKUP, {"emailIdentity": domain.name, "region": region}, parent)
    except LookupFailed as error:
        raise SettingsError(f"{path}: is false, {_why_not_found(domain.name, region, str(error))}", path=path) from None
    if (found.get("tags") or {}).get("mailstack") == str(owner):
        raise SettingsError(
            f"{path}: is false, but the SES identity {domain.name} in {region} is this stack's own, and the update "
            "would delete it with its records; write manage: true, or hand it over first: give it the other stack's "
            "tag at SES and take it and its records out of this stack's state (pulumi state delete)",
            path=path,
        )
    arn, used = str(found["arn"]), found.get("configurationSetName")
    return Identity(arn, arn.replace(f"identity/{domain.name}", f"configuration-set/{used}") if used else None)


def _why_not_found(name: str, region: str, words: str) -> str:
    if says_not_found(words):
        return (
            f"but there is no identity {name} in {region} in this AWS account; name the region of its route, use the "
            "account that owns it, or write manage: true to own it here"
        )
    return f"and SES refused the look-up of the identity {name} in {region}: {words}; check the AWS credentials"

"""A domain that SES accepts mail for: configuration set, identity with its DKIM keys, and the records these ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from mailstack import names, ses
from mailstack.dns.records import Mx
from mailstack.errors import SettingsError, VendorError
from mailstack.settings import Domain, SesRoute
from mailstack.settings.problems import key_path

from .dkim_guard import before_switch
from .dkim_keys import DkimKeys
from .lookups import look_up
from .ownership import SES_LOOKUP, Guard, Owner, says_not_found
from .planned import PlannedRecord

if TYPE_CHECKING:
    from pulumi_aws import sesv2

# Easy DKIM always gives three tokens (https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html):
# their records are declared by index, so that the first preview shows them.
DKIM_TOKENS = 3
_ON_MX_FAILURE = {"default": "USE_DEFAULT_VALUE", "reject": "REJECT_MESSAGE"}


@dataclass(frozen=True)
class Identity:
    """What a sender needs to know of an identity, ours or referenced."""

    arn: pulumi.Input[str]
    configuration_set_arn: pulumi.Input[str | None]


class SesIdentity(pulumi.ComponentResource):
    """An SES domain identity in one region, with its configuration set.

    `records` are those that its DNS must hold, without the one of a key of the domain's own, which stands before;
    `mail_from` is attached after them with `attach_mail_from`. `switched` is what signs.
    """

    arn: pulumi.Output[str]
    configuration_set_arn: pulumi.Output[str] | pulumi.Output[str | None]
    records: list[PlannedRecord]
    mail_from: pulumi.Resource
    switched: pulumi.Resource

    def __init__(
        self,
        name: str,
        domain: Domain,
        route: SesRoute,
        tags: dict[str, Any],
        owner: Owner,
        guard: Guard,
        keys: DkimKeys | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the configuration set and the identity of `domain` in the route's region.

        `keys` are the domain's own, published already; without them SES makes its own (Easy DKIM).
        """
        super().__init__("mailstack:ses:SesIdentity", name, None, opts)
        from pulumi_aws import sesv2

        self._domain, self._route, self._name, self._keys = domain, route, name, keys
        # Both are unique by name in their account and region: a replacement cannot stand beside what it replaces.
        self._kept = pulumi.ResourceOptions(parent=self, protect=domain.protect, delete_before_replace=True)
        used = self._configuration_set(owner.tags(tags), guard)
        self._identity = sesv2.EmailIdentity(
            f"{name}-identity",
            email_identity=domain.name,
            region=route.region,
            configuration_set_name=used.configuration_set_name if isinstance(used, pulumi.Resource) else used,
            dkim_signing_attributes=self._signing(),
            tags=owner.tags(tags),
            opts=pulumi.ResourceOptions.merge(self._kept, self._in_order(guard)),
        )
        self.switched = self._identity
        self.arn = self._identity.arn
        self.configuration_set_arn = used.arn if isinstance(used, pulumi.Resource) else self._arn_of_set(used)
        easy = self._dkim_records() if domain.dkim.kind == "easy" else []
        self.records = [*easy, *mail_from_records(domain, route)]
        self.register_outputs({"arn": self.arn, "configurationSetArn": self.configuration_set_arn})

    def attach_mail_from(self, records: list[pulumi.Resource]) -> None:
        """Set the MAIL FROM domain once its MX and SPF stand: SES checks them at once and else keeps it pending."""
        from pulumi_aws import sesv2

        self.mail_from = sesv2.EmailIdentityMailFromAttributes(
            f"{self._name}-mail-from",
            email_identity=self._identity.email_identity,
            region=self._route.region,
            mail_from_domain=self._route.mail_from(self._domain.name),
            behavior_on_mx_failure=_ON_MX_FAILURE[self._route.ses.on_mx_failure],
            opts=pulumi.ResourceOptions(parent=self, protect=self._domain.protect, depends_on=records),
        )

    def _configuration_set(self, tags: dict[str, Any], guard: Guard) -> sesv2.ConfigurationSet | str | None:
        """Declare the domain's own configuration set, or return the name of the one that the settings give, or None."""
        from pulumi_aws import sesv2

        given = self._route.ses.configuration_set
        if given is not None:
            return None if given == "off" else given
        return sesv2.ConfigurationSet(
            f"{self._name}-configuration-set",
            configuration_set_name=names.configuration_set(self._domain.name),
            region=self._route.region,
            delivery_options={"tls_policy": "REQUIRE" if self._route.ses.tls == "require" else "OPTIONAL"},
            reputation_options={"reputation_metrics_enabled": True},
            sending_options={"sending_enabled": True},
            suppression_options={"suppressed_reasons": ["BOUNCE", "COMPLAINT"]},
            tags=tags,
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(hooks=guard.configuration_set())),
        )

    def _arn_of_set(self, name: str | None) -> pulumi.Output[str | None]:
        """Return the ARN of a configuration set in the identity's account and region."""
        ending = f":identity/{self._domain.name}"
        return self.arn.apply(lambda arn: f"{arn.removesuffix(ending)}:configuration-set/{name}" if name else None)

    def _signing(self) -> sesv2.EmailIdentityDkimSigningAttributesArgs | None:
        from pulumi_aws.sesv2 import EmailIdentityDkimSigningAttributesArgs as Signing

        if self._domain.dkim.kind == "kept":
            return None
        if self._keys is None:
            return Signing(next_signing_key_length=f"RSA_{self._domain.dkim.bits}_BIT")
        key = self._keys.signing
        return Signing(domain_signing_private_key=key.private_key, domain_signing_selector=key.selector)

    def _in_order(self, guard: Guard) -> pulumi.ResourceOptions:
        """Return the options that let SES sign with a key only after its record stands."""
        hooks = guard.identity()
        if self._keys is None:
            return pulumi.ResourceOptions(hooks=hooks)
        published = self._keys.signing.published
        switch = before_switch(f"{self._name}: DKIM key", self._domain, by_hand=not published)
        hooks.before_update = [*(hooks.before_update or []), switch]
        return pulumi.ResourceOptions(hooks=hooks, depends_on=published)

    def _dkim_records(self) -> list[PlannedRecord]:
        # The provider keeps a private key beside them, empty here, which makes the whole block a secret.
        tokens = pulumi.Output.unsecret(self._identity.dkim_signing_attributes.apply(lambda signing: signing.tokens))
        return [self._dkim_record(index, tokens[index]) for index in range(DKIM_TOKENS)]

    def _dkim_record(self, index: int, token: pulumi.Output[str]) -> PlannedRecord:
        return PlannedRecord(
            slot=f"{self._domain.name}-{self._route.region}-dkim-{index}",
            name=token.apply(lambda text: f"{text}._domainkey.{self._domain.name}"),
            type="CNAME",
            ttl=self._domain.ttl,
            values=(token.apply(lambda text: f"{text}.{self._route.ses.dkim_domain}"),),
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
    except VendorError as error:
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

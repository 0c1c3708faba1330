"""A route through Amazon SES: configuration set, identity with its DKIM keys, and MAIL FROM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from components.aws_resources import ConfigurationSet, EmailIdentity, EmailIdentityMailFromAttributes
from components.dkim_keys import DkimKeys
from components.dkim_switch import before_switch
from components.guards import Guards
from components.owner import Marks
from mailstack.plan import Route
from mailstack.settings.model import Domain
from providers.smtp import ses, ses_names

_ON_MX_FAILURE = {"default": "USE_DEFAULT_VALUE", "reject": "REJECT_MESSAGE"}


@dataclass(frozen=True)
class Identity:
    """What a sender needs to know of an identity, this stack's or a referenced one."""

    arn: pulumi.Input[str]
    configuration_set_arn: pulumi.Input[str | None]


class SesRoute(pulumi.ComponentResource):
    """An SES domain identity in one region, with its configuration set.

    `records` are the texts of its slots that only SES knows, by (slot, field). MAIL FROM is attached after the records
    of the return path with `attach_mail_from`.
    """

    arn: pulumi.Output[str]
    configuration_set_arn: pulumi.Output[str] | pulumi.Output[str | None]
    records: Mapping[tuple[str, str], pulumi.Output[str]]
    identity: pulumi.Resource
    mail_from: pulumi.Resource

    def __init__(
        self,
        name: str,
        domain: Domain,
        route: Route,
        *,
        tags: Mapping[str, Any],
        marks: Marks,
        guards: Guards,
        keys: DkimKeys | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the configuration set and the identity of `domain` in the route's region.

        `keys` are the domain's own DKIM keys, published already; without them SES makes its own (Easy DKIM).
        """
        super().__init__("mailstack:index:SesRoute", name, None, opts)
        self._name, self._domain, self._route, self._keys = name, domain, route, keys
        self._given = ses.options(route.settings)
        # Both are unique by name in their account and region: a replacement cannot exist beside what it replaces.
        self._options = pulumi.ResourceOptions(parent=self, protect=domain.protect, delete_before_replace=True)
        used = self._configuration_set(marks.tags(tags), guards)
        identity = EmailIdentity(
            f"{name}-identity",
            {
                "emailIdentity": domain.name,
                "region": route.region,
                "configurationSetName": used.configuration_set_name if isinstance(used, pulumi.Resource) else used,
                "dkimSigningAttributes": self._signing(),
                "tags": marks.tags(tags),
            },
            pulumi.ResourceOptions.merge(self._options, self._in_order(guards)),
        )
        self.identity, self._email_identity = identity, identity.email_identity
        self.arn = identity.arn
        self.configuration_set_arn = used.arn if isinstance(used, pulumi.Resource) else self._arn_of_set(used)
        self.records = _tokens(identity) if domain.dkim.kind == "easy" else {}
        self.register_outputs({"arn": self.arn, "configurationSetArn": self.configuration_set_arn})

    def attach_mail_from(self, return_path: Sequence[pulumi.Resource]) -> None:
        """Set the MAIL FROM domain once its MX and SPF exist: SES checks them at once and else keeps it pending."""
        self.mail_from = EmailIdentityMailFromAttributes(
            f"{self._name}-mail-from",
            {
                "emailIdentity": self._email_identity,
                "region": self._route.region,
                "mailFromDomain": self._route.settings.mail_from(self._domain.name),
                "behaviorOnMxFailure": _ON_MX_FAILURE[self._given.on_mx_failure],
            },
            pulumi.ResourceOptions(parent=self, protect=self._domain.protect, depends_on=list(return_path)),
        )

    def _configuration_set(self, tags: dict[str, Any], guards: Guards) -> ConfigurationSet | str | None:
        """Declare the domain's own configuration set, or return the name of the one that the settings give, or None."""
        given = self._given.configuration_set
        if given is not None:
            return None if given == "off" else str(given)
        return ConfigurationSet(
            f"{self._name}-configuration-set",
            {
                "configurationSetName": ses_names.configuration_set(self._domain.name),
                "region": self._route.region,
                "deliveryOptions": {"tlsPolicy": "REQUIRE" if self._given.tls == "require" else "OPTIONAL"},
                "reputationOptions": {"reputationMetricsEnabled": True},
                "sendingOptions": {"sendingEnabled": True},
                "suppressionOptions": {"suppressedReasons": ["BOUNCE", "COMPLAINT"]},
                "tags": tags,
            },
            pulumi.ResourceOptions.merge(self._options, pulumi.ResourceOptions(hooks=guards.configuration_set())),
        )

    def _arn_of_set(self, name: str | None) -> pulumi.Output[str | None]:
        """Return the ARN of a configuration set in the identity's account and region."""
        ending = f":identity/{self._domain.name}"
        return self.arn.apply(lambda arn: f"{arn.removesuffix(ending)}:configuration-set/{name}" if name else None)

    def _signing(self) -> dict[str, Any] | None:
        if self._domain.dkim.kind == "kept":
            return None
        if self._keys is None:
            return {"nextSigningKeyLength": f"RSA_{self._domain.dkim.bits}_BIT"}
        key = self._keys.signing
        return {"domainSigningPrivateKey": key.private_key, "domainSigningSelector": key.selector}

    def _in_order(self, guards: Guards) -> pulumi.ResourceOptions:
        """Return the options that let SES sign with a key only after its record exists."""
        hooks = guards.identity()
        if self._keys is None:
            return pulumi.ResourceOptions(hooks=hooks)
        published = self._keys.signing.published
        switch = before_switch(f"{self._name}: DKIM key", self._domain, by_hand=not published)
        with_switch = ResourceHookBinding(before_create=hooks.before_create, before_update=[switch])
        return pulumi.ResourceOptions(hooks=with_switch, depends_on=published)


def _tokens(identity: EmailIdentity) -> dict[tuple[str, str], pulumi.Output[str]]:
    """Return the Easy DKIM tokens by slot and field."""
    found: dict[tuple[str, str], pulumi.Output[str]] = {}
    for number in ses.DKIM_KEYS:
        token = identity.dkim_tokens[number - 1]
        found |= {(f"dkim-{number}", "name"): token, (f"dkim-{number}", "value"): token}
    return found

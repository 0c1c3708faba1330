"""A sender's SMTP login at SES: an IAM user that may send as this sender only, its key, and the derived password."""

from __future__ import annotations

import json
from typing import Any

import pulumi

from mailstack import names, ses
from mailstack.settings import Sender, SesRoute

from .ownership import Guard, Owner
from .ses_identity import Identity


class SmtpCredentials(pulumi.ComponentResource):
    """An IAM user with a least-privilege policy and one access key.

    `username` is the access key id; `password` is derived for the route's region, whatever the provider's region is
    (https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html).
    """

    username: pulumi.Output[str]
    password: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        sender: Sender,
        route: SesRoute,
        policy: pulumi.Input[str],
        *,
        tags: dict[str, Any],
        permissions_boundary: pulumi.Input[str] | None,
        protect: bool,
        owner: Owner,
        guard: Guard,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the login of `sender`; `policy` is its IAM policy document as JSON."""
        super().__init__("mailstack:ses:SmtpCredentials", name, None, opts)
        from pulumi_aws import iam

        user = iam.User(
            f"{name}-user",
            name=names.iam_user(sender.was or sender.key, sender.domain),
            path=route.ses.user_path,
            permissions_boundary=permissions_boundary,
            tags=owner.tags({**tags, "sender": sender.key, "domain": sender.domain}),
            opts=pulumi.ResourceOptions(parent=self, protect=protect, hooks=guard.sender()),
        )
        key = iam.AccessKey(f"{name}-key", user=user.name, opts=pulumi.ResourceOptions(parent=self))
        # The key itself is not protected, so that it can be rotated. What depends on it is: the engine deletes nothing
        # whose dependents must stay, so that lines taken out by accident do not cut off a login that is in use.
        sending = iam.UserPolicy(
            f"{name}-policy",
            name="send",
            user=user.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self, protect=protect, depends_on=[key]),
        )
        # What is handed out waits for the policy: a login that an application gets can send.
        self.username = pulumi.Output.all(key.id, sending.id).apply(lambda known: str(known[0]))
        secret = pulumi.Output.all(key.secret, sending.id).apply(lambda known: str(known[0]))
        self.password = pulumi.Output.secret(secret.apply(lambda text: ses.smtp_password(text, route.region)))
        self.register_outputs({"username": self.username, "password": self.password})


def sending_policy(identity: Identity, sender: Sender, route: SesRoute) -> pulumi.Output[str]:
    """Write the IAM policy document of a sender as JSON."""

    def document(arns: list[Any]) -> str:
        policy = ses.sending_policy(
            identity_arn=arns[0],
            configuration_set_arn=arns[1],
            from_addresses=[sender.from_address, *sender.send_as],
            recipients=sender.recipients,
            sandbox_account=route.ses.sandbox_account,
        )
        return json.dumps(policy)

    return pulumi.Output.all(identity.arn, identity.configuration_set_arn).apply(document)

"""The SMTP logins of a stack's senders: created, given or none, and the bundle that comes of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi

from mailstack.mail.smtp import SmtpSettings
from mailstack.plan import Plan, Route
from mailstack.settings.model import Sender
from providers.smtp import ses, ses_iam, ses_names

from . import outputs
from .aws_resources import AccessKey, User, UserPolicy
from .guards import Guards
from .owner import Marks
from .routes.ses import Identity


@dataclass
class Logins:
    """What the senders of a stack hand out, by sender: bundles, IAM policies for roles, key ids."""

    bundles: dict[str, pulumi.Output[SmtpSettings]] = field(default_factory=dict)
    policies: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    revisions: dict[str, dict[str, Any]] = field(default_factory=dict)


class SesLogin(pulumi.ComponentResource):
    """An IAM user that may send as one sender only, and its access key.

    `username` is the access key id; `password` is derived for the route's region, whatever the provider's region is
    (https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html).
    """

    username: pulumi.Output[str]
    password: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        sender: Sender,
        route: Route,
        policy: pulumi.Input[str],
        *,
        protect: bool,
        marks: Marks,
        guards: Guards,
        restore: Callable[[Any], Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the login of `sender`; `policy` is its IAM policy document as JSON."""
        super().__init__("mailstack:index:SesLogin", name, None, opts)
        given = ses.options(route.settings)
        user = User(
            f"{name}-user",
            {
                "name": ses_names.iam_user(sender.was or sender.key, sender.domain),
                "path": given.user_path,
                "permissionsBoundary": restore(given.permissions_boundary),
                "tags": marks.tags({**restore(given.tags), "sender": sender.key, "domain": sender.domain}),
            },
            pulumi.ResourceOptions(parent=self, protect=protect, delete_before_replace=True, hooks=guards.user()),
        )
        key = AccessKey(f"{name}-key", {"user": user.name}, pulumi.ResourceOptions(parent=self))
        # The key itself is not protected, so that it can be rotated. What depends on it is: the engine deletes nothing
        # whose dependents must stay, so that lines taken out by accident do not cut off a login that is in use.
        sending = UserPolicy(
            f"{name}-policy",
            {"name": "send", "user": user.name, "policy": policy},
            pulumi.ResourceOptions(parent=self, protect=protect, depends_on=[key]),
        )
        # What is handed out waits for the policy: a login that an application gets can send.
        self.username = pulumi.Output.all(key.id, sending.id).apply(lambda known: str(known[0]))
        secret = pulumi.Output.all(key.secret, sending.id).apply(lambda known: str(known[0]))
        self.password = pulumi.Output.secret(secret.apply(lambda text: ses_iam.smtp_password(text, route.region)))
        self.register_outputs({"username": self.username, "password": self.password})


def declare_logins(
    name: str,
    plan: Plan,
    identities: Callable[[str], Identity],
    *,
    restore: Callable[[Any], Any],
    marks: Marks,
    guards: Guards,
    parent: pulumi.Resource,
) -> Logins:
    """Declare the login of every sender; `identities` answers for a route's key, `restore` puts given outputs back."""
    logins = Logins()
    for key, sender in plan.settings.senders.items():
        route = plan.routes[plan.logins[key].route]
        if sender.login == "given":
            username, password = _given(plan, key, route, restore)
        else:
            policy = sending_policy(identities(route.key), sender, route)
            if sender.login == "none":
                logins.policies[key] = policy
                continue
            aliases = [pulumi.Alias(name=f"{name}-{sender.was}")] if sender.was else None
            login = SesLogin(
                f"{name}-{key}",
                sender,
                route,
                policy,
                protect=plan.settings.domains[sender.domain].protect,
                marks=marks,
                guards=guards,
                restore=restore,
                opts=pulumi.ResourceOptions(parent=parent, aliases=aliases),
            )
            username, password = login.username, login.password
        logins.bundles[key] = outputs.bundle(sender, route.settings, username, password)
        logins.revisions[key] = {"keyId": _key_id(plan, key, username)}
    return logins


def sending_policy(identity: Identity, sender: Sender, route: Route) -> pulumi.Output[str]:
    """Write the IAM policy document of a sender as JSON."""

    def document(arns: list[Any]) -> str:
        policy = ses_iam.sending_policy(
            identity_arn=arns[0],
            configuration_set_arn=arns[1],
            from_addresses=[sender.from_address, *sender.send_as],
            recipients=sender.recipients,
            sandbox_account=ses.options(route.settings).sandbox_account,
        )
        return json.dumps(policy)

    return pulumi.Output.all(identity.arn, identity.configuration_set_arn).apply(document)


def _key_id(plan: Plan, key: str, username: pulumi.Output[str]) -> pulumi.Output[str] | None:
    """Return the id of a sender's access key in plain; a given username may be a secret and is not shown."""
    login = plan.settings.secrets.senders.get(key)
    return None if login is not None and login.access_key_id is None else pulumi.Output.unsecret(username)


def _given(
    plan: Plan, key: str, route: Route, restore: Callable[[Any], Any]
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Take an SMTP login from the secrets, or derive it from a given access key for the route's region."""
    login = plan.settings.secrets.senders[key]
    if login.username is not None:
        return pulumi.Output.from_input(restore(login.username)), restore(login.password)
    secret: pulumi.Output[str] = restore(login.secret_access_key)
    password = secret.apply(lambda text: ses_iam.smtp_password(text, route.region))
    return pulumi.Output.from_input(restore(login.access_key_id)), password

"""The senders of a stack: a login for each, created, given or none, and the bundle that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi

from mailstack import ses
from mailstack.settings import Domain, Sender, SesRoute, Settings

from . import outputs
from .ownership import Guard, Owner
from .ses_identity import Identity
from .smtp_credentials import SmtpCredentials, sending_policy


@dataclass
class Senders:
    """What the senders of a stack hand out, by sender: bundles, IAM policies for roles, key ids."""

    bundles: dict[str, pulumi.Output[dict[str, Any]]] = field(default_factory=dict)
    policies: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    revisions: dict[str, dict[str, Any]] = field(default_factory=dict)


def declare_senders(
    name: str,
    settings: Settings,
    identity_of: Callable[[Domain, str], Identity],
    restore: Callable[[Any], Any],
    owner: Owner,
    guard: Guard,
    parent: pulumi.Resource,
) -> Senders:
    """Declare the login of every sender; `restore` puts outputs back that the settings were given."""
    senders = Senders()
    for key, sender in settings.senders.items():
        domain = settings.domains[sender.domain]
        route = domain.routes[sender.via]
        if sender.login == "given":
            username, password = _given(settings, sender, route, restore)
        else:
            policy = sending_policy(identity_of(domain, sender.via), sender, route)
            if sender.login == "none":
                senders.policies[key] = policy
                continue
            aliases = [pulumi.Alias(name=f"{name}-{sender.was}")] if sender.was else None
            login = SmtpCredentials(
                f"{name}-{key}",
                sender,
                route,
                policy,
                tags=restore(route.ses.tags),
                permissions_boundary=restore(route.ses.permissions_boundary),
                protect=domain.protect,
                owner=owner,
                guard=guard,
                opts=pulumi.ResourceOptions(parent=parent, aliases=aliases),
            )
            username, password = login.username, login.password
        senders.bundles[key] = outputs.bundle(sender, route, username, password)
        senders.revisions[key] = {"keyId": _key_id(settings, key, username)}
    return senders


def _key_id(settings: Settings, key: str, username: pulumi.Output[str]) -> pulumi.Output[str] | None:
    """Return the id of a sender's access key in plain; a given username may be a secret and is not shown."""
    login = settings.secrets.get(key)
    return None if login is not None and login.access_key_id is None else pulumi.Output.unsecret(username)


def _given(
    settings: Settings, sender: Sender, route: SesRoute, restore: Callable[[Any], Any]
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Take an SMTP login from the secrets, or derive it from a given access key for the route's region."""
    login = settings.secrets[sender.key]
    if login.username is not None:
        return _output(restore(login.username)), restore(login.password)
    secret: pulumi.Output[str] = restore(login.secret_access_key)
    password = secret.apply(lambda text: ses.smtp_password(text, route.region))
    return _output(restore(login.access_key_id)), password


def _output(value: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)

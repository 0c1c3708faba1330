"""Whose a thing is: the mark that the kit leaves on what it makes, and the check before anything is made.

The check runs as a `before_create` hook, in previews too. It also runs for the create half of our own replacements,
which nothing in its arguments tells from a new resource: hence the mark. DNS records have a guard of their own
(record_guard).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from mailstack.errors import Conflict, VendorError

from .hooks import hook
from .lookups import look_up_in_hook

SES_LOOKUP = "aws:sesv2/getEmailIdentity:getEmailIdentity"
SET_LOOKUP = "aws:sesv2/getConfigurationSet:getConfigurationSet"
USER_LOOKUP = "aws:iam/getUser:getUser"


@dataclass(frozen=True)
class Owner:
    """The stack that marks what it makes."""

    project: str
    stack: str
    stage: str | None = None

    def __str__(self) -> str:
        """Return "<project>/<stack>", the mark's text."""
        return f"{self.project}/{self.stack}"

    def tags(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags of an AWS resource: the mark, the stage where there is one, and the user's own."""
        stage = {"stage": self.stage} if self.stage else {}
        return {**more, **stage, "mailstack": str(self)}


class Guard:
    """The hooks that keep what is not ours at AWS from being overwritten or doubled."""

    def __init__(self, component: pulumi.Resource, name: str, owner: Owner) -> None:
        """Make the hooks of one component; look-ups go through the providers that the component was given."""
        self._component = component
        self._owner = owner
        self._identity = hook(f"{name}: identities that stand already", self._check_identity)
        self._set = hook(f"{name}: configuration sets that stand already", self._check_set)
        self._user = hook(f"{name}: users that stand already", self._check_user)
        self._sender = hook(f"{name}: domain of a sender", _check_sender)

    def identity(self) -> ResourceHookBinding:
        """Return the hooks of an SES identity."""
        return ResourceHookBinding(before_create=[self._identity])

    def configuration_set(self) -> ResourceHookBinding:
        """Return the hooks of an SES configuration set."""
        return ResourceHookBinding(before_create=[self._set])

    def sender(self) -> ResourceHookBinding:
        """Return the hooks of a sender's IAM user."""
        return ResourceHookBinding(before_create=[self._user], before_update=[self._sender])

    async def _check_identity(self, new: Mapping[str, Any], _old: Mapping[str, Any]) -> None:
        domain, region = new.get("emailIdentity"), new.get("region")
        try:
            found = await look_up_in_hook(SES_LOOKUP, {"emailIdentity": domain, "region": region}, self._component)
        except VendorError as error:
            if says_not_found(str(error)):
                return
            raise Conflict(f"SES refused the look-up of the identity {domain} in {region}: {error}") from None
        if whose := self._whose(found):
            raise Conflict(
                f"the SES identity {domain} stands already in {region} and is not this stack's ({whose}); "
                f"to send through it and leave it alone, set mailstack:domains.{domain}.manage to false"
            )

    async def _check_set(self, new: Mapping[str, Any], _old: Mapping[str, Any]) -> None:
        name, region = new.get("configurationSetName"), new.get("region")
        if whose := await self._foreign(SET_LOOKUP, {"configurationSetName": name, "region": region}):
            raise Conflict(
                f"the SES configuration set {name} stands already in {region} and is not this stack's ({whose}); "
                "where another stack owns the domain, set manage: false on it, else delete the configuration set there"
            )

    async def _check_user(self, new: Mapping[str, Any], _old: Mapping[str, Any]) -> None:
        name, tags = new.get("name"), new.get("tags") or {}
        if whose := await self._foreign(USER_LOOKUP, {"userName": name}):
            raise Conflict(
                f"the IAM user {name} stands already and is not this stack's ({whose}); give the sender another key "
                f"than mailstack:senders.{tags.get('sender')}, or delete the user there if nobody sends with it"
            )

    async def _foreign(self, token: str, arguments: Mapping[str, Any]) -> str:
        """Say whose a thing is, "" where it is ours, is not there or may not be seen: AWS takes no second one anyway.

        IAM refuses to look up a user that does not exist to a deployer who may see users of one path only.
        """
        try:
            return self._whose(await look_up_in_hook(token, arguments, self._component))
        except VendorError:
            return ""

    def _whose(self, found: Mapping[str, Any]) -> str:
        """Say whose a thing at AWS is, "" where it is ours."""
        mark = (found.get("tags") or {}).get("mailstack")
        if mark == str(self._owner):
            return ""
        return f"it is marked as {mark}'s" if mark else "it carries no mark of the kit"


async def _check_sender(new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
    tags = new.get("tags") or {}
    before, after = (old.get("tags") or {}).get("domain"), tags.get("domain")
    if before and after and before != after:
        key = tags.get("sender")
        raise Conflict(
            f"mailstack:senders.{key}.domain: changed from {before} to {after} in place, which would cut off "
            f"applications that still send from {before}; add a second sender for {after} beside it, move the "
            f"applications to that sender's bundle, then remove this one"
        )


def says_not_found(words: str) -> bool:
    """Tell whether a look-up failed because there is no such identity; trouble with credentials is another thing."""
    return any(sign in words for sign in ("NotFoundException", "couldn't find resource", "empty result"))

"""Whose a thing is: the mark that the kit leaves on what it makes, and the check before anything is made.

The check runs as a `before_create` hook, in previews too. It also runs for the create half of our own replacements,
which nothing in its arguments tells from a new resource: hence the mark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.output import Unknown
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceHookOptions

from mailstack import dmarc
from mailstack.errors import MailstackError
from providers.dns import base, cloudflare, live

from .lookups import LookupFailed, in_thread, look_up_in_hook

SES_LOOKUP = "aws:sesv2/getEmailIdentity:getEmailIdentity"
SET_LOOKUP = "aws:sesv2/getConfigurationSet:getConfigurationSet"
USER_LOOKUP = "aws:iam/getUser:getUser"
RECORDS_LOOKUP = "cloudflare:index/getDnsRecords:getDnsRecords"
# Larger than any zone's record quota; the provider's own default would stop at 1,000.
ALL_RECORDS = 1_000_000


class Conflict(MailstackError):
    """What is to be made stands already and is not ours."""


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
    """The hooks that keep what is not ours from being overwritten, doubled or weakened."""

    def __init__(self, component: pulumi.Resource, name: str, owner: Owner, policies: Mapping[str, str]) -> None:
        """Make the hooks of one component; look-ups go through the providers that the component was given.

        `policies` are the DMARC records that the component publishes itself, by name: the settings compared those
        among themselves, and live DNS still shows what they were.
        """
        self._component = component
        self._mark = cloudflare.mark(str(owner))
        self._owner = owner
        self._policies = policies
        self._zones: dict[str, asyncio.Future[list[base.StandingRecord]]] = {}
        self._record = _hook(f"{name}: records that stand already", self._check_record)
        self._dmarc = _hook(f"{name}: DMARC policy", self._check_dmarc)
        self._identity = _hook(f"{name}: identities that stand already", self._check_identity)
        self._set = _hook(f"{name}: configuration sets that stand already", self._check_set)
        self._user = _hook(f"{name}: users that stand already", self._check_user)
        self._sender = _hook(f"{name}: domain of a sender", _check_sender)

    def record(self, *, is_dmarc: bool) -> ResourceHookBinding:
        """Return the hooks of a DNS record."""
        if not is_dmarc:
            return ResourceHookBinding(before_create=[self._record])
        return ResourceHookBinding(before_create=[self._record, self._dmarc], before_update=[self._dmarc])

    def identity(self) -> ResourceHookBinding:
        """Return the hooks of an SES identity."""
        return ResourceHookBinding(before_create=[self._identity])

    def configuration_set(self) -> ResourceHookBinding:
        """Return the hooks of an SES configuration set."""
        return ResourceHookBinding(before_create=[self._set])

    def sender(self) -> ResourceHookBinding:
        """Return the hooks of a sender's IAM user."""
        return ResourceHookBinding(before_create=[self._user], before_update=[self._sender])

    async def _check_record(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        zone, name, kind, content = (new.get(key) for key in ("zoneId", "name", "type", "content"))
        if any(isinstance(value, Unknown) or value is None for value in (zone, name, kind, content)):
            return  # DKIM names come from SES with the first `up`; their hook runs again then
        wanted = base_content(str(kind), str(content), new.get("priority"))
        for other in base.in_the_way(await self._standing(str(zone)), str(name), str(kind), wanted):
            if other.mark != self._mark:
                raise Conflict(_standing_sentence(other, str(kind), wanted))

    async def _standing(self, zone_id: str) -> list[base.StandingRecord]:
        """List a zone's records, asked once per run however many records wait for the answer."""
        if zone_id not in self._zones:
            self._zones[zone_id] = asyncio.ensure_future(self._list_zone(zone_id))
        return await self._zones[zone_id]

    async def _list_zone(self, zone_id: str) -> list[base.StandingRecord]:
        arguments = {"zoneId": zone_id, "maxItems": ALL_RECORDS}
        try:
            answer = await look_up_in_hook(RECORDS_LOOKUP, arguments, self._component)
        except LookupFailed as error:
            raise Conflict(
                f"Cloudflare refused the look-up of what stands in zone {zone_id}: {error}; check its zoneId under "
                "mailstack:dns, if one is given, and CLOUDFLARE_API_TOKEN (scopes: Zone Read, DNS Edit on this zone)"
            ) from None
        return cloudflare.standing(answer.get("results") or [])

    async def _check_dmarc(self, args: ResourceHookArgs) -> None:
        new, old = args.new_inputs or {}, args.old_inputs or {}
        name, content = new.get("name"), new.get("content")
        if not isinstance(name, str) or not isinstance(content, str):
            return
        domain = name.removeprefix("_dmarc.")
        policy = _policy(content)
        before = _policy(str(old["content"])) if old.get("content") else await self._own_policy(new.get("zoneId"), name)
        if before is not None and not dmarc.weaker(policy, before):
            return  # what covers the name grew stricter over our record; this change weakens nothing
        try:
            covering = await in_thread(dmarc.covering, domain, self._published)
        except live.LookupFailed as error:
            raise Conflict(
                f"{name}: the DMARC policy that covers {domain} already cannot be looked up: {error}; name a resolver "
                f"by MAILSTACK_DNS_SERVER=ADDRESS:PORT, or set mailstack:domains.{domain}.dmarc to off"
            ) from None
        if covering and dmarc.weaker(policy, covering[2]):
            raise Conflict(
                f"{name}: p={policy} would weaken the DMARC policy that covers {domain} already "
                f"(p={covering[2]}, from _dmarc.{covering[0]}); set mailstack:domains.{domain}.dmarc to off, "
                f"or its policy to {covering[2]} or stricter"
            )

    async def _own_policy(self, zone_id: Any, name: str) -> str | None:
        """Return the policy of our own record at a name, as it still stands in the preview of its replacement."""
        if not isinstance(zone_id, str):
            return None
        standing = await self._standing(zone_id)
        ours = [one.content for one in standing if (one.name, one.type, one.mark) == (name, "TXT", self._mark)]
        try:
            return _policy(ours[0]) if ours else None
        except dmarc.DmarcError:
            return None  # edited by hand until receivers ignore it: anything is better

    def _published(self, name: str) -> list[str]:
        return [self._policies[name]] if name in self._policies else live.lookup(name, "TXT")

    async def _check_identity(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        domain, region = new.get("emailIdentity"), new.get("region")
        try:
            found = await look_up_in_hook(SES_LOOKUP, {"emailIdentity": domain, "region": region}, self._component)
        except LookupFailed as error:
            if says_not_found(str(error)):
                return
            raise Conflict(f"SES refused the look-up of the identity {domain} in {region}: {error}") from None
        if whose := self._whose(found):
            raise Conflict(
                f"the SES identity {domain} stands already in {region} and is not this stack's ({whose}); "
                f"to send through it and leave it alone, set mailstack:domains.{domain}.manage to false"
            )

    async def _check_set(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        name, region = new.get("configurationSetName"), new.get("region")
        if whose := await self._foreign(SET_LOOKUP, {"configurationSetName": name, "region": region}):
            raise Conflict(
                f"the SES configuration set {name} stands already in {region} and is not this stack's ({whose}); "
                "where another stack owns the domain, set manage: false on it, else delete the configuration set there"
            )

    async def _check_user(self, args: ResourceHookArgs) -> None:
        name, tags = (args.new_inputs or {}).get("name"), (args.new_inputs or {}).get("tags") or {}
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
        except LookupFailed:
            return ""

    def _whose(self, found: Mapping[str, Any]) -> str:
        """Say whose a thing at AWS is, "" where it is ours."""
        mark = (found.get("tags") or {}).get("mailstack")
        if mark == str(self._owner):
            return ""
        return f"it is marked as {mark}'s" if mark else "it carries no mark of the kit"


async def _check_sender(args: ResourceHookArgs) -> None:
    old, new = ((inputs or {}).get("tags") or {} for inputs in (args.old_inputs, args.new_inputs))
    before, after = old.get("domain"), new.get("domain")
    if isinstance(before, str) and isinstance(after, str) and before != after:
        key = new.get("sender")
        raise Conflict(
            f"mailstack:senders.{key}.domain: changed from {before} to {after} in place, which would cut off "
            f"applications that still send from {before}; add a second sender for {after} beside it, move the "
            f"applications to that sender's bundle, then remove this one"
        )


def base_content(kind: str, content: str, priority: Any) -> str:
    """Return a record's content in the form in which standing records are compared."""
    if kind == "TXT":
        return cloudflare.unquote(content)
    return f"{int(priority or 0)} {content}" if kind == "MX" else content


def _standing_sentence(other: base.StandingRecord, kind: str, wanted: str) -> str:
    whose = f" (comment: {other.mark})" if other.mark else ""
    return (
        f"{other.name}: a {other.type} record stands there already{whose}: {other.content!r}; "
        f"wanted: {kind} {wanted!r}. It is not this stack's, so it is left as it is. {_ways_on(other, wanted)}"
    )


def _ways_on(other: base.StandingRecord, wanted: str) -> str:
    name = other.name
    if other.mark.startswith(cloudflare.mark("")):
        return "To send through that stack's domain, set manage: false on the domain here"
    if wanted.lower().startswith("v=dmarc1"):
        return f"To keep it, set mailstack:domains.{name.removeprefix('_dmarc.')}.dmarc to off"
    if wanted.lower().startswith("v=spf1") and "amazonses.com ~all" not in wanted:
        return f"To keep it, set mailstack:domains.{name}.spf to off"
    return "To keep it, choose another returnPath (MX, SPF) or set manage: false; to give the name up, delete it there"


def says_not_found(words: str) -> bool:
    """Tell whether a look-up failed because there is no such identity; trouble with credentials is another thing."""
    return any(sign in words for sign in ("NotFoundException", "couldn't find resource", "empty result"))


def _policy(content: str) -> str:
    return dmarc.parse(cloudflare.unquote(content)).policy


def _hook(name: str, check: Callable[[ResourceHookArgs], Awaitable[None]]) -> ResourceHook:
    return ResourceHook(name, check, ResourceHookOptions(on_dry_run=True))

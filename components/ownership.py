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
from providers.dns import base, cloudflare

from .lookups import LookupFailed, in_thread, look_up_in_hook

SES_LOOKUP = "aws:sesv2/getEmailIdentity:getEmailIdentity"
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

    def __init__(self, component: pulumi.Resource, name: str, owner: Owner) -> None:
        """Make the hooks of one component; look-ups go through the providers that the component was given."""
        self._component = component
        self._mark = cloudflare.mark(str(owner))
        self._owner = owner
        self._zones: dict[str, asyncio.Future[list[base.StandingRecord]]] = {}
        self._record = _hook(f"{name}: records that stand already", self._check_record)
        self._dmarc = _hook(f"{name}: DMARC policy", self._check_dmarc)
        self._identity = _hook(f"{name}: identities that stand already", self._check_identity)
        self._sender = _hook(f"{name}: domain of a sender", _check_sender)

    def record(self, *, is_dmarc: bool) -> ResourceHookBinding:
        """Return the hooks of a DNS record."""
        if not is_dmarc:
            return ResourceHookBinding(before_create=[self._record])
        return ResourceHookBinding(before_create=[self._record, self._dmarc], before_update=[self._dmarc])

    def identity(self) -> ResourceHookBinding:
        """Return the hooks of an SES identity."""
        return ResourceHookBinding(before_create=[self._identity])

    def sender(self) -> ResourceHookBinding:
        """Return the hooks of a sender's IAM user."""
        return ResourceHookBinding(before_update=[self._sender])

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
        answer = await look_up_in_hook(RECORDS_LOOKUP, arguments, self._component)
        return cloudflare.standing(answer.get("results") or [])

    async def _check_dmarc(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        name, content = new.get("name"), new.get("content")
        if not isinstance(name, str) or not isinstance(content, str):
            return
        domain = name.removeprefix("_dmarc.")
        policy = dmarc.parse(cloudflare.unquote(content)).policy
        # Our own records of this very run may not be in DNS yet: the settings were compared among themselves before.
        covering = await in_thread(dmarc.covering, domain, _txt)
        if covering and dmarc.weaker(policy, covering[2]):
            raise Conflict(
                f"{name}: p={policy} would weaken the DMARC policy that covers {domain} already "
                f"(p={covering[2]}, from _dmarc.{covering[0]}); set mailstack:domains.{domain}.dmarc to off, "
                f"or its policy to {covering[2]} or stricter"
            )

    async def _check_identity(self, args: ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        domain, region = new.get("emailIdentity"), new.get("region")
        try:
            found = await look_up_in_hook(SES_LOOKUP, {"emailIdentity": domain, "region": region}, self._component)
        except LookupFailed as error:
            if _says_not_found(str(error)):
                return
            raise
        mark = (found.get("tags") or {}).get("mailstack")
        if mark == str(self._owner):
            return
        whose = f"it is marked as {mark}'s" if mark else "it carries no mark of the kit"
        raise Conflict(
            f"the SES identity {domain} stands already in {region} and is not this stack's ({whose}); "
            f"to send through it and leave it alone, set mailstack:domains.{domain}.manage to false"
        )


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
        f"wanted: {kind} {wanted!r}. It is not this stack's, so it is left as it is. {_ways_on(other.name, wanted)}"
    )


def _ways_on(name: str, wanted: str) -> str:
    if wanted.lower().startswith("v=dmarc1"):
        return f"To keep it, set mailstack:domains.{name.removeprefix('_dmarc.')}.dmarc to off"
    if wanted.lower().startswith("v=spf1") and "amazonses.com ~all" not in wanted:
        return f"To keep it, set mailstack:domains.{name}.spf to off"
    return "To keep it, choose another returnPath (MX, SPF) or set manage: false; to give the name up, delete it there"


def _says_not_found(words: str) -> bool:
    signs = ("NotFoundException", "couldn't find resource", "does not exist", "empty result")
    return any(sign in words for sign in signs)


def _hook(name: str, check: Callable[[ResourceHookArgs], Awaitable[None]]) -> ResourceHook:
    return ResourceHook(name, check, ResourceHookOptions(on_dry_run=True))


def _txt(name: str) -> list[str]:
    from providers.dns import live

    return live.lookup(name, "TXT")

"""The check before a DNS record is written: what stands there already, and which DMARC policy covers the name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from mailstack.errors import Conflict, DmarcError, DnsError, VendorError
from mailstack.mail import dmarc
from mailstack.mail.policy_records import Kind, kind
from providers.dns import base, cloudflare, live

from .hooks import hook
from .hosts.base import Intended, Publisher
from .lookups import in_thread

# Which key of a domain asks for a record of this kind.
_KEYS: Mapping[Kind, str] = {"bimi": "bimi", "mta-sts": "mtaSts", "tls-rpt": "tlsRpt"}


class RecordGuard:
    """The hooks at one kind of host: foreign records are not overwritten or doubled, policies not weakened."""

    def __init__(
        self, component: pulumi.Resource, name: str, publisher: Publisher, policies: Mapping[str, str]
    ) -> None:
        """Make the hooks of one component and host.

        `policies` are the DMARC records that the component publishes itself, by name: the settings compared those
        among themselves, and live DNS still shows what they were.
        """
        self._component, self._publisher, self._policies = component, publisher, policies
        self._answers: dict[str, asyncio.Future[Sequence[base.StandingRecord]]] = {}
        at = "" if publisher.kind == "cloudflare" else f" at {publisher.kind}"  # Cloudflare's are in states already
        self._create = hook(f"{name}: records that stand already{at}", self._check_create)
        self._update = hook(f"{name}: record sets that others changed{at}", self._check_update)
        self._dmarc = hook(f"{name}: DMARC policy{at}", self._check_dmarc)

    def hooks(self, *, is_dmarc: bool) -> ResourceHookBinding:
        """Return the hooks of a DNS record."""
        more = [self._dmarc] if is_dmarc else []
        update = [self._update] if self._publisher.keeps_sets else []
        return ResourceHookBinding(before_create=[self._create, *more], before_update=[*update, *more])

    async def _check_create(self, new: Mapping[str, Any], _old: Mapping[str, Any]) -> None:
        wanted = self._publisher.intended(new)
        if wanted is None:
            return
        for other in in_the_way(self._publisher, await self._standing(wanted), wanted):
            if self._publisher.mark is None or other.mark != self._publisher.mark:
                raise Conflict(_standing_sentence(self._publisher, other, wanted))

    async def _check_update(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """Refuse to write over values that somebody added to our record set since we wrote it."""
        before, after = self._publisher.intended(old), self._publisher.intended(new)
        if before is None or after is None:
            return
        known = {*before.contents, *after.contents}
        for other in await self._standing(after):
            if (other.name, other.type) == (after.name, after.type) and other.content not in known:
                raise Conflict(
                    f"{other.name}: the {other.type} record set of this stack holds a value that it did not write: "
                    f"{other.content!r}; the update would remove it. To keep it, name it under records.also of the "
                    "domain (`mailstack adopt` does that), or delete it there"
                )

    async def _standing(self, wanted: Intended) -> Sequence[base.StandingRecord]:
        """List what stands, asked once per zone and run where the host answers for whole zones."""
        key = wanted.zone if self._publisher.lists_zones else wanted.name
        if key not in self._answers:
            self._answers[key] = asyncio.ensure_future(self._ask(wanted))
        return await self._answers[key]

    async def _ask(self, wanted: Intended) -> Sequence[base.StandingRecord]:
        try:
            return await self._publisher.standing(wanted, self._component)
        except VendorError as error:
            raise Conflict(self._publisher.refused(wanted.zone, str(error))) from None

    async def _check_dmarc(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        wanted = self._publisher.intended(new)
        if wanted is None:
            return
        domain = wanted.name.removeprefix("_dmarc.")
        policy = _policy(wanted.name, wanted.contents)
        written = self._publisher.intended(old)
        before = _policy(written.name, written.contents) if written else await self._own_policy(wanted)
        if policy is None or (before is not None and not dmarc.weaker(policy, before)):
            return  # what covers the name grew stricter over our record; this change weakens nothing
        try:
            covering = await in_thread(dmarc.covering, domain, self._published)
        except DnsError as error:
            raise Conflict(
                f"{wanted.name}: the DMARC policy that covers {domain} already cannot be looked up: {error}; name a "
                f"resolver by MAILSTACK_DNS_SERVER=ADDRESS:PORT, or set mailstack:domains.{domain}.dmarc to off"
            ) from None
        if covering and dmarc.weaker(policy, covering[2]):
            raise Conflict(
                f"{wanted.name}: p={policy} would weaken the DMARC policy that covers {domain} already "
                f"(p={covering[2]}, from _dmarc.{covering[0]}); set mailstack:domains.{domain}.dmarc to off, "
                f"or its policy to {covering[2]} or stricter"
            )

    async def _own_policy(self, wanted: Intended) -> str | None:
        """Return the policy of our own record at a name, as it still stands in the preview of its replacement."""
        if self._publisher.mark is None:
            return None
        standing = await self._standing(wanted)
        ours = [one.content for one in standing if (one.name, one.mark) == (wanted.name, self._publisher.mark)]
        return _policy(wanted.name, ours)

    def _published(self, name: str) -> list[str]:
        return [self._policies[name]] if name in self._policies else live.lookup(name, "TXT")


def in_the_way(
    publisher: Publisher, standing: Sequence[base.StandingRecord], wanted: Intended
) -> list[base.StandingRecord]:
    """List what a record would contradict, double or overwrite at its host."""
    if publisher.keeps_sets:
        return base.in_the_way_of_set(standing, wanted.name, wanted.type, wanted.contents)
    return base.in_the_way(standing, wanted.name, wanted.type, wanted.contents[0])


def _standing_sentence(publisher: Publisher, other: base.StandingRecord, wanted: Intended) -> str:
    whose = f" (comment: {other.mark})" if other.mark else ""
    values = " and ".join(map(repr, wanted.contents))
    locked = f" {publisher.title} does not let it be changed: {other.locked}." if other.locked else ""
    return (
        f"{other.name}: a {other.type} record stands there already{whose}: {other.content!r}; "
        f"wanted: {wanted.type} {values}. It is not this stack's, so it is left as it is.{locked} "
        f"{_ways_on(publisher, other, wanted)}"
    )


def _ways_on(publisher: Publisher, other: base.StandingRecord, wanted: Intended) -> str:
    name, texts = other.name, " ".join(wanted.contents).lower()
    kinds = {kind(name, text) for text in wanted.contents if wanted.type == "TXT"}
    if other.mark.startswith(cloudflare.mark("")):
        return "To send through that stack's domain, set manage: false on the domain here"
    if publisher.keeps_sets and other.type == wanted.type == "TXT" and kind(name, other.content) is None:
        return (
            f"{publisher.title} keeps all TXT values of a name in one record set: to publish both, name this one "
            "under records.also of the domain; `mailstack adopt` does that and takes the record set over"
        )
    take_over = ", or take it over with `mailstack adopt`"
    if "dmarc" in kinds:
        return f"To keep it, set mailstack:domains.{name.removeprefix('_dmarc.')}.dmarc to off{take_over}"
    if "spf" in kinds and "amazonses.com ~all" not in texts:
        return f"To keep it, set mailstack:domains.{name}.spf to off{take_over}"
    if "dmarc-report" in kinds:
        return f"To keep it, take the address at {name.partition('._report._dmarc.')[2]} out of dmarc.rua{take_over}"
    for wanted_kind, key in _KEYS.items():
        if wanted_kind in kinds:
            return f"To keep it, take {key} out of the domain's settings{take_over}"
    if wanted.type == "MX" and not texts.split()[-1].startswith("feedback-smtp."):
        return f"To keep it, set mailstack:domains.{name}.inbound to off{take_over}"
    return (
        f"To keep it, choose another returnPath (MX, SPF) or set manage: false{take_over}; "
        "to give the name up, delete it there"
    )


def _policy(name: str, contents: Sequence[str]) -> str | None:
    """Return the policy among the texts at a name; None where there is none that receivers would heed."""
    for text in contents:
        if kind(name, text) == "dmarc":
            try:
                return dmarc.parse(text).policy
            except DmarcError:
                continue  # edited by hand until receivers ignore it: anything is better
    return None

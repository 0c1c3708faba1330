"""The hooks that look before pulumi-aws and pulumi-cloudflare make something: nothing foreign is doubled or lost.

The plugin's own types look for themselves; these are for the types of the published providers. A hook runs before every
create, in previews too, and cannot tell a new resource from the create half of a replacement. The owner's mark tells:

- what carries no mark or another owner's is foreign and refused, in a preview too;
- our own mark passes in a preview. In an `up` the name is asked for again: the old half of a replacement is deleted by
  then, so what still exists is outside this stack's state, and `mailstack repair` takes it back.

Hooks of resources that are made at the same time come too late for each other. So the first thing that a stack makes,
its owner, has one that looks at all records: where any carries another stack's mark, nothing is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from mailstack import marks
from mailstack.dns import conflicts
from mailstack.dns.changes import Change, ExistingRecord, Value
from mailstack.dns.records import longest_zone
from mailstack.errors import Conflict, DmarcError, DnsError
from mailstack.mail import dmarc, policy_records
from mailstack.paths import key_path
from mailstack.plan import Plan
from providers.aws import FIRST_REGION
from providers.dns import cloudflare, live

from .hooks import hook
from .lookups import Lookups, in_thread

Inputs = Mapping[str, Any]
_NOUNS = {"identity": "SES identity", "configurationSet": "SES configuration set", "user": "IAM user"}


class Guards:
    """The hooks of one MailStack."""

    def __init__(self, name: str, lookups: Lookups, plan: Plan) -> None:
        """Take the component's name, which begins the names of the hooks, what is asked, and what is wanted."""
        self._lookups = lookups
        self._known = [record for record in plan.records if record.is_known]
        self._wanted: dict[tuple[str, str], list[Value]] = {}
        for record in self._known:
            self._wanted.setdefault(record.key, []).extend(record.record_set().values)
        self._policies = {
            str(record.name): str(record.values[0])
            for record in self._known
            if policy_records.kind(str(record.name), str(record.values[0])) == "dmarc"
        }
        self._zones = tuple(plan.zones)
        # IAM has no regions, but each partition has its own: any region of the stack's names it.
        self._region = next((route.region for route in plan.routes.values() if route.region), FIRST_REGION)
        stack = hook(f"{name}: records of another stack", self._check_stack)
        self._owner = ResourceHookBinding(before_create=[stack])
        exists = hook(f"{name}: DNS records that exist", self._check_record)
        policy = hook(f"{name}: DMARC policy", self._check_policy)
        self._record = ResourceHookBinding(before_create=[exists], before_update=[exists])
        self._record_with_policy = ResourceHookBinding(before_create=[exists, policy], before_update=[exists, policy])
        self._policy = ResourceHookBinding(before_create=[policy], before_update=[policy])
        identity = hook(f"{name}: SES identities that exist", self._check_identity)
        self._identity = ResourceHookBinding(before_create=[identity])
        self._set = ResourceHookBinding(
            before_create=[hook(f"{name}: SES configuration sets that exist", self._check_set)]
        )
        self._user = ResourceHookBinding(
            before_create=[hook(f"{name}: IAM users that exist", self._check_user)],
            before_update=[hook(f"{name}: domain of a sender", _check_sender)],
        )

    def owner(self) -> ResourceHookBinding:
        """Return the hooks of the stack's owner."""
        return self._owner

    def record(self, *, is_policy: bool) -> ResourceHookBinding:
        """Return the hooks of a record that pulumi-cloudflare writes; `is_policy` where it is a DMARC policy."""
        return self._record_with_policy if is_policy else self._record

    def policy(self) -> ResourceHookBinding:
        """Return the hooks of a DMARC policy at any other host: what covers a name is asked of DNS, not of the host."""
        return self._policy

    def identity(self) -> ResourceHookBinding:
        """Return the hooks of an SES identity."""
        return self._identity

    def configuration_set(self) -> ResourceHookBinding:
        """Return the hooks of an SES configuration set."""
        return self._set

    def user(self) -> ResourceHookBinding:
        """Return the hooks of a sender's IAM user."""
        return self._user

    async def _check_stack(self, new: Inputs, old: Inputs) -> None:
        """Refuse a new stack where another one's mark is on what it would contradict: no id is this stack's yet."""
        for zone, ids in (new.get("zones") or {}).items():
            records = [record for record in self._known if record.zone == zone]
            if not (zone_id := (ids or {}).get("cloudflare")) or not records:
                continue
            names = sorted({str(record.name) for record in records})
            asked = {"of": "cloudflare", "zone": zone, "zoneId": zone_id, "names": names, "fresh": False}
            found = [_existing(one) for one in (await self._ask(asked)).get("records") or []]
            marked = [one for one in found if marks.owner_id(one.mark)]
            for record in records:
                wanted = record.record_set()
                conflicts.check(marked, Change(wanted.name, wanted.type, (), wanted.values, None, wanted.ttl))

    async def _check_record(self, new: Inputs, old: Inputs) -> None:
        """Refuse to double or to contradict what somebody else published at the name."""
        name, kind, zone, value = new.get("name"), new.get("type"), new.get("zoneId"), cloudflare.value_of(new)
        if not (name and kind and zone) or value is None:
            return  # a DKIM name comes from SES with the first `up`; the hook runs again then
        change = self._change(new, old)
        asked = {"of": "cloudflare", "zone": longest_zone(name, self._zones) or "", "zoneId": zone, "names": [name]}

        async def in_the_way(*, fresh: bool) -> list[ExistingRecord]:
            answer = await self._ask({**asked, "fresh": fresh})
            return conflicts.conflicting(map(_existing, answer.get("records") or []), change)

        mine = marks.owner_id(str(new.get("comment") or ""))
        found = await in_the_way(fresh=False)
        if foreign := [one for one in found if mine is None or marks.owner_id(one.mark) != mine]:
            raise Conflict(conflicts.refusal(foreign, change))
        if found and not old and not pulumi.runtime.is_dry_run() and await in_the_way(fresh=True):
            raise Conflict(_not_in_state(f"{kind} record {name}"))

    def _change(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> Change:
        """Return what a record's inputs change at its name; values of the plan's other slots there are not foreign."""
        value, before = cloudflare.value_of(new), cloudflare.value_of(old)
        beside = tuple(one for one in self._wanted.get((new["name"], new["type"]), ()) if one != value)
        return Change(
            name=new["name"],
            type=new["type"],
            before=() if before is None else (before,),
            after=() if value is None else (value,),
            ttl_before=int(old["ttl"]) if old.get("ttl") else None,
            ttl=int(new["ttl"]),
            beside=beside,
        )

    async def _check_policy(self, new: Inputs, old: Inputs) -> None:
        """Refuse a DMARC policy that would weaken the one that covers the name already."""
        name, policy = new.get("name"), _policy(new)
        if not name or policy is None:
            return
        domain = str(name).removeprefix("_dmarc.")
        setting = key_path("domains", domain, "dmarc")
        try:
            before = _policy(old) or await in_thread(_published_policy, name)
            if before is not None and not dmarc.weaker(policy, before):
                return  # what covers the name grew stricter over our record; this change weakens nothing
            covering = await in_thread(dmarc.covering, domain, self._texts)
        except DnsError as error:
            raise Conflict(
                f"{name}: the DMARC policy that covers {domain} cannot be looked up: {error}; name a resolver by "
                f"MAILSTACK_DNS_SERVER=ADDRESS:PORT, or set {setting} to off"
            ) from None
        if covering and dmarc.weaker(policy, covering[2]):
            raise Conflict(
                f"{name}: p={policy} would weaken the DMARC policy that covers {domain} (p={covering[2]}, from "
                f"_dmarc.{covering[0]}); set {setting} to off, or its policy to {covering[2]} or stricter"
            )

    def _texts(self, name: str) -> Sequence[str]:
        """Return the TXT values at a name as they will be: the settings compared the stack's own policies."""
        return [self._policies[name]] if name in self._policies else live.lookup(name, "TXT")

    async def _check_identity(self, new: Inputs, old: Inputs) -> None:
        domain = new.get("emailIdentity")
        await self._check_aws(
            "identity", domain, new,
            f"to send through it and leave it alone, set {key_path('domains', str(domain), 'manage')} to false",
        )  # fmt: skip

    async def _check_set(self, new: Inputs, old: Inputs) -> None:
        await self._check_aws(
            "configurationSet", new.get("configurationSetName"), new,
            "where another stack owns the domain, set manage: false on it, else delete the configuration set there",
        )  # fmt: skip

    async def _check_user(self, new: Inputs, old: Inputs) -> None:
        sender = (new.get("tags") or {}).get("sender")
        await self._check_aws(
            "user", new.get("name"), new,
            f"give the sender another key than {key_path('senders', str(sender))}, or delete the user there if nobody "
            "sends with it",
        )  # fmt: skip

    async def _check_aws(self, kind: str, name: Any, new: Mapping[str, Any], remedy: str) -> None:
        """Refuse an object at AWS that exists and does not carry this stack's mark."""
        if not name:
            return
        asked = {"of": "ses", "kind": kind, "name": name, "region": new.get("region") or self._region}
        if new.get("path"):
            asked["path"] = new["path"]
        found = (await self._ask({**asked, "fresh": False})).get("existing")
        if not found:
            return
        where = f" in {new['region']}" if new.get("region") else ""
        what, mark = f"the {_NOUNS[kind]} {name}{where}", str(found.get("mark") or "")
        mine = marks.owner_id(str((new.get("tags") or {}).get("mailstack") or ""))
        if mine is None or marks.owner_id(mark) != mine:
            whose = f"its mark is {mark!r}" if mark else "it carries no mark of mailstack"
            raise Conflict(f"{what} already exists and is not this stack's ({whose}); {remedy}")
        if not pulumi.runtime.is_dry_run() and (await self._ask({**asked, "fresh": True})).get("existing"):
            raise Conflict(_not_in_state(what))

    async def _ask(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await self._lookups.existing(**arguments)


async def _check_sender(new: Inputs, old: Inputs) -> None:
    """Refuse to move a sender to another domain in place."""
    was, now = old.get("tags") or {}, new.get("tags") or {}
    before, after, key = was.get("domain"), now.get("domain"), now.get("sender")
    if before and after and before != after:
        raise Conflict(
            f"{key_path('senders', str(key), 'domain')}: changed from {before} to {after} in place, which would cut "
            f"off applications that still send from {before}; add a second sender for {after} beside it, move the "
            "applications to that sender's bundle, then remove this one"
        )


def _not_in_state(what: str) -> str:
    return (
        f"{what} already exists with this stack's mark, but it is not in the stack's state (a run was killed, or an "
        "answer was lost); run `mailstack repair`, which takes it back, then `pulumi up` again"
    )


def _existing(one: Mapping[str, Any]) -> ExistingRecord:
    return ExistingRecord(
        name=one["name"], type=one["type"], content=one["content"], ttl=int(one.get("ttl") or 0),
        mark=one.get("mark") or "", id=one.get("id") or "", locked=one.get("locked") or "",
        is_alias=one.get("isAlias") is not False,
    )  # fmt: skip


def _policy(inputs: Mapping[str, Any]) -> str | None:
    """Return the DMARC policy that a record's inputs publish (Cloudflare's content, the plugin's values)."""
    content = cloudflare.value_of(inputs)
    texts = [content] if content is not None else [text for text in inputs.get("values") or () if text is not None]
    return next((found for text in texts if (found := _policy_of(str(text)))), None)


def _published_policy(name: str) -> str | None:
    """Return the policy that DNS shows at a name itself: our own record, while the preview replaces it."""
    return next((found for text in live.lookup(name, "TXT") if (found := _policy_of(text))), None)


def _policy_of(text: str) -> str | None:
    """Return the policy that a text states; None for one that receivers ignore: anything is better than that."""
    try:
        return dmarc.parse(text).policy
    except DmarcError:
        return None

"""The hooks as a resource meets them, in a world that a test decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs, ResourceHookBinding

from components.guards import Guards
from components.lookups import Lookups
from components.resources import MailstackProvider
from mailstack import marks
from mailstack.plan import Plan, plan
from mailstack.settings.load import load
from providers import catalog

from .mocks import EXISTING, MARK, Recorder, Refused

DOMAIN = "notify.example.com"
DMARC = f"_dmarc.{DOMAIN}"
SPF = "v=spf1 include:amazonses.com ~all"
STACK = "organization/mailstack/prod"
# Marks that look like this stack's: its name with another id, ids that begin alike, the stack's name alone.
FOREIGN = [
    "",
    marks.write("zzzzzzzzzzzzzzzz", STACK),
    marks.write("abcdefghij23456a", STACK),
    f"{MARK[: len('mailstack ') + 16]}a {STACK}",
    f"mailstack {STACK}",
    MARK.removeprefix("mailstack "),
]
Hooks = Callable[[Guards], ResourceHookBinding]


def planned(domain: Mapping[str, Any], **more: Any) -> Plan:
    """Plan one domain with its keys, and others by name."""
    dns = {"example.com": {"host": "cloudflare"}}
    settings = {"dns": dns, "domains": {DOMAIN: domain, **more.pop("domains", {})}, **more}
    return plan(load(settings, catalog(), aws_region="eu-west-1"), catalog())


@dataclass
class World:
    """What the plugin finds: `records` of the zone and one `thing` at AWS; nothing of it `when_fresh` is False."""

    records: list[dict[str, Any]] = field(default_factory=list)
    thing: dict[str, Any] | None = None
    when_fresh: bool = True
    refusal: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(arguments)
        if self.refusal:
            raise Refused(self.refusal)
        is_there = self.when_fresh or not arguments["fresh"]
        if arguments["of"] == "ses":
            return {"existing": self.thing} if self.thing and is_there else {}
        return {"records": self.records if is_there else []}

    def meet(
        self,
        hooks: Hooks,
        new: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
        *,
        preview: bool = False,
        wanted: Plan | None = None,
    ) -> None:
        """Run the hooks that a create, or with `old` an update, meets; raises what the first refusal raises."""

        async def run(guards: Guards) -> None:
            binding = hooks(guards)
            for hook in (binding.before_update if old else binding.before_create) or []:
                assert isinstance(hook, ResourceHook)
                answer = hook(ResourceHookArgs("urn", "", "name", "type", new_inputs=new, old_inputs=old))
                assert answer is not None
                await answer

        def program() -> Any:
            plugin = MailstackProvider("plugin", "{}", pulumi.ResourceOptions())
            return run(Guards("mail", Lookups(plugin), wanted or planned({})))

        recorder = Recorder.install()
        recorder.handlers[EXISTING] = self.answer
        recorder.run(program, preview=preview)


def policy(guards: Guards) -> ResourceHookBinding:
    return guards.record(is_policy=True)


def record(guards: Guards) -> ResourceHookBinding:
    return guards.record(is_policy=False)


def exists(content: str, mark: str = "", *, name: str = DOMAIN, kind: str = "TXT", **more: Any) -> dict[str, Any]:
    """Return a record as the plugin lists it."""
    return {"name": name, "type": kind, "content": content, "ttl": 300, "mark": mark, "id": "r1", **more}


def inputs(text: str, name: str = DOMAIN, **more: Any) -> dict[str, Any]:
    """Return the inputs of a TXT record at Cloudflare."""
    return {
        "zoneId": "z", "name": name, "type": "TXT", "content": f'"{text}"', "ttl": 300, "comment": MARK, **more,
    }  # fmt: skip


def dmarc(text: str, **more: Any) -> dict[str, Any]:
    """Return the inputs of the domain's DMARC record."""
    return inputs(text, DMARC, **more)


def sealed(new: dict[str, Any], key: str) -> Mapping[str, Any]:
    """Return inputs of which one is a secret, made when it is read: an output needs the loop that the hook runs in."""

    class Inputs(dict[str, Any]):
        def items(self) -> Any:
            return {**self, key: pulumi.Output.secret(self[key])}.items()

    return Inputs(new)

"""A recorder of what a program declares, without an engine: types, names, inputs, options, invokes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.stack import run_pulumi_func

TOKENS = ["aaaa", "bbbb", "cccc"]
Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """What a handler raises for a look-up that its provider refuses: the provider's words."""


def _no_such_function(_: dict[str, Any]) -> dict[str, Any]:
    raise Refused("function not found")


# What the program calls to have a provider started: no vendor is asked.
IDLE: dict[str, Handler] = {
    "cloudflare:index/getNothing:getNothing": _no_such_function,
    "aws:index/getPartition:getPartition": lambda _: {"partition": "aws"},
}


class Recorder(mocks.Mocks):
    """Answers like the providers do and remembers every resource and its options."""

    def __init__(self) -> None:
        """Start with nothing declared."""
        self.resources: list[mocks.MockResourceArgs] = []
        self.requests: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.handlers: dict[str, Handler] = {
            "cloudflare:index/getZones:getZones": lambda args: {
                "results": [{"id": "zone-1", "name": args["name"], "nameServers": ["a.ns.example", "b.ns.example"]}]
            },
            **IDLE,
        }
        self._preview = False

    @classmethod
    def install(cls) -> Recorder:
        """Return a recorder, ready to run programs."""
        return cls()

    def run(self, program: Callable[[], Any], *, preview: bool = False, stack: str = "prod") -> Any:
        """Run `program` as a Pulumi program and return what it returns, outputs resolved."""
        self.resources, self.requests, self.versions, self.calls = [], {}, {}, []
        self._preview = preview
        result: list[Any] = []

        async def whole() -> None:
            monitor = _Monitor(self)
            mocks.set_mocks(self, project="mailstack", stack=stack, preview=preview, monitor=monitor)
            pulumi.runtime.settings.SETTINGS.rpc_manager.clear()

            async def body() -> None:
                value = program()
                result.append(await pulumi.Output.from_input(value).future())

            await run_pulumi_func(body)

        asyncio.run(whole())
        return result[0]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Answer a registration with the outputs of the real providers; unknown in a preview."""
        self.resources.append(args)
        if not args.custom or self._preview:
            return f"{args.name}-id", {}
        return f"{args.name}-id", {**args.inputs, **_outputs(args)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer an invoke by the handler of its token."""
        self.calls.append((args.token, dict(args.args)))
        try:
            return self.handlers[args.token](dict(args.args)), []
        except Refused as refused:
            return {}, [("", str(refused))]

    def asked(self) -> list[str]:
        """List the functions that put a question to a vendor, in order."""
        return [token for token, _ in self.calls if token not in IDLE]

    def of(self, type_token: str) -> list[mocks.MockResourceArgs]:
        """List the resources of one type."""
        return [one for one in self.resources if one.typ == type_token]

    def one(self, type_token: str) -> dict[str, Any]:
        """Return the inputs of the only resource of one type."""
        [found] = self.of(type_token)
        return dict(found.inputs)


class _Monitor(mocks.MockMonitor):
    """A mock monitor that keeps the whole request, options included."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._recorder = recorder

    def RegisterResource(self, request: Any) -> Any:
        self._recorder.requests[request.name] = request
        self._recorder.versions[request.name] = request.version
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK's mocks have no types


def _outputs(args: mocks.MockResourceArgs) -> Mapping[str, Any]:
    inputs = args.inputs
    if args.typ == "aws:sesv2/emailIdentity:EmailIdentity":
        return {
            "arn": f"arn:aws:ses:{inputs['region']}:123456789012:identity/{inputs['emailIdentity']}",
            "dkimSigningAttributes": {"domainSigningPrivateKey": _secret(""), "tokens": TOKENS, "status": "PENDING"},
        }
    if args.typ == "aws:sesv2/configurationSet:ConfigurationSet":
        name = inputs["configurationSetName"]
        return {"arn": f"arn:aws:ses:{inputs['region']}:123456789012:configuration-set/{name}"}
    if args.typ == "aws:iam/accessKey:AccessKey":
        return {"secret": _secret("some+secret+key")}
    if args.typ == "mailstack:index:Readiness":
        return {"status": "verified", "dkim": "SUCCESS", "mailFromStatus": "SUCCESS", "missing": []}
    return {}


def _secret(value: Any) -> dict[str, Any]:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


__all__ = ["TOKENS", "Recorder", "Refused", "settings"]

"""A recorder of what a program declares, without an engine: types, names, inputs, options, invokes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.stack import run_pulumi_func

TOKENS = ["aaaa", "bbbb", "cccc"]
Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """What a handler raises for a look-up that its provider refuses: the provider's words."""


ZONES = "mailstack:index:zones"
EXISTING = "mailstack:index:existing"
CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
PARTITION = "aws:index/getPartition:getPartition"
ACCOUNT = "123456789012"
MARK = "mailstack abcdefghij234567 organization/mailstack/prod"


def _zones(arguments: dict[str, Any]) -> dict[str, Any]:
    zone = {"id": "zone-1", "nameServers": ["a.ns.example", "b.ns.example"]}
    found = {name: dict.fromkeys(hosts, zone) for name, hosts in arguments["zones"].items()}
    return {"zones": found, **({"awsAccount": ACCOUNT} if arguments["account"] else {})}


class Recorder(mocks.Mocks):
    """Answers like the providers do and remembers every resource and its options.

    resources: what was declared, secrets unwrapped. requests, versions: the whole requests and plugin versions by name.
    calls: what was looked up; invokes: those requests as they were sent. hooks: the registered hooks by name, each with
    whether it runs in previews. settled: what components registered as their outputs, by URN.
    """

    def __init__(self) -> None:
        """Start with nothing declared."""
        self.resources: list[mocks.MockResourceArgs] = []
        self.requests: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.invokes: list[Any] = []
        self.hooks: dict[str, bool] = {}
        self.settled: dict[str, Any] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.handlers: dict[str, Handler] = {
            ZONES: _zones,
            EXISTING: lambda _: {},
            CALLER: lambda _: {"accountId": ACCOUNT},
            PARTITION: lambda _: {"partition": "aws"},
        }
        self._preview = False

    @classmethod
    def install(cls) -> Recorder:
        """Return a recorder, ready to run programs."""
        return cls()

    def run(self, program: Callable[[], Any], *, preview: bool = False, stack: str = "prod") -> Any:
        """Run `program` as a Pulumi program and return what it returns, outputs resolved."""
        self.resources, self.requests, self.versions, self.calls = [], {}, {}, []
        self.invokes, self.hooks, self.settled = [], {}, {}
        self._preview = preview
        result: list[Any] = []

        async def whole() -> None:
            monitor = _Monitor(self)
            mocks.set_mocks(
                self, project="mailstack", stack=stack, preview=preview, monitor=monitor, organization="organization"
            )
            pulumi.runtime.settings.SETTINGS.rpc_manager.clear()

            async def body() -> None:
                value = program()
                result.append(await pulumi.Output.from_input(value).future())

            await run_pulumi_func(body)

        asyncio.run(whole())
        return result[0]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Answer a registration with the outputs of the real providers; unknown in a preview."""
        sent, args.inputs = args.inputs, _unwrapped(args.inputs)
        self.resources.append(args)
        if not args.custom or self._preview:
            return f"{args.name}-id", {}
        return f"{args.name}-id", {**sent, **_outputs(args)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer an invoke by the handler of its token."""
        self.calls.append((args.token, dict(args.args)))
        try:
            return self.handlers[args.token](dict(args.args)), []
        except Refused as refused:
            return {}, [("", str(refused))]

    def asked(self) -> list[str]:
        """List the functions that were called, in order."""
        return [token for token, _ in self.calls]

    def declared(self) -> list[str]:
        """List the types of what was declared beside components and providers."""
        return [one.typ for one in self.resources if one.custom and not one.typ.startswith("pulumi:providers:")]

    def depends_on(self, name: str) -> set[str]:
        """Return the names of the resources that a resource is registered after."""
        return {urn.rpartition("::")[2] for urn in self.requests[name].dependencies}

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

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._recorder.settled[request.urn] = request.outputs
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # as above

    def RegisterResourceHook(self, request: Any) -> Any:
        self._recorder.hooks[request.name] = request.on_dry_run
        return super().RegisterResourceHook(request)  # type: ignore[no-untyped-call]  # as above

    def Invoke(self, request: Any, timeout: float | None = None) -> Any:
        self._recorder.invokes.append(request)
        return super().Invoke(request)  # type: ignore[no-untyped-call]  # as above


def _outputs(args: mocks.MockResourceArgs) -> Mapping[str, Any]:
    inputs = args.inputs
    if args.typ == "aws:sesv2/emailIdentity:EmailIdentity":
        return {
            "arn": f"arn:aws:ses:{inputs['region']}:123456789012:identity/{inputs['emailIdentity']}",
            # Under Easy DKIM the provider has an empty private key beside the tokens, as a secret.
            "dkimSigningAttributes": {"tokens": TOKENS, "status": "PENDING", "domainSigningPrivateKey": _secret("")},
        }
    if args.typ == "aws:sesv2/configurationSet:ConfigurationSet":
        name = inputs["configurationSetName"]
        return {"arn": f"arn:aws:ses:{inputs['region']}:123456789012:configuration-set/{name}"}
    if args.typ == "aws:iam/accessKey:AccessKey":
        return {"secret": _secret("some+secret+key")}
    if args.typ == "mailstack:index:Owner":
        return {"ownerId": "abcdefghij234567", "mark": MARK, "madeFor": inputs["stack"]}
    if args.typ == "mailstack:index:DkimKey":
        return {"record": f"v=DKIM1; k=rsa; p={inputs['selector']}", "privateKey": _secret("private")}
    if args.typ == "mailstack:index:Readiness":
        return {"status": "verified", "dkim": "SUCCESS", "mailFromStatus": "SUCCESS", "missing": []}
    return {}


def _unwrapped(value: Any) -> Any:
    """Return inputs with the values of the secrets among them."""
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _unwrapped(value["value"])
        return {key: _unwrapped(item) for key, item in value.items()}
    return [_unwrapped(item) for item in value] if isinstance(value, list) else value


def _secret(value: Any) -> dict[str, Any]:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}

"""The plugin as an engine meets it: over gRPC, with a provider, a DNS and a clock that tests decide."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.rpc import status_pb2  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from plugin.engine import Engine
from plugin.lifecycle import Clock
from plugin.resources.readiness import Dns, Readiness
from plugin.server import serve
from plugin.servicer import Servicer
from providers.aws import AwsAccount
from providers.smtp.base import DomainStatus, SmtpProvider

URN = "urn:pulumi:dev::shop::mailstack:index:MailStack$mailstack:index:Readiness::mail-readiness"
PROVIDER_URN = "urn:pulumi:dev::shop::pulumi:providers:mailstack::mail-plugin"
MARK = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

VERIFIED = DomainStatus("SUCCESS", "SUCCESS", True, "")
PENDING = DomainStatus("PENDING", "PENDING", False, "")
DKIM = {
    "name": "tok1._domainkey.notify.example.com",
    "type": "CNAME",
    "values": ["tok1.dkim.amazonses.com"],
    "zone": "example.com",
    "purpose": "DKIM",
}
INPUTS: dict[str, Any] = {
    "provider": "ses",
    "domain": "notify.example.com",
    "region": "eu-west-1",
    "mailFrom": True,
    "wait": "warn",
    "waitSeconds": 600,
    "manual": False,
    "records": [DKIM],
    "nameServers": {"example.com": ["a.ns.example", "b.ns.example"]},
    "hosts": {"example.com": ["cloudflare"]},
}


class FakeClock(Clock):
    """Time that passes only where someone sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, cancelled: threading.Event) -> None:
        self.slept.append(seconds)
        self.time += seconds


class FakeProvider:
    """Answers with a list of statuses or errors, the last one again and again."""

    def __init__(self, *answers: DomainStatus | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bool]] = []

    def status(self, domain: str, expect_mail_from: bool) -> DomainStatus:
        self.asked.append((domain, expect_mail_from))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


class EngineLog(engine_pb2_grpc.EngineServicer):
    """Keeps what the plugin logs."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool]] = []

    def Log(self, request: Any, context: Any) -> Any:
        self.lines.append((request.message, request.ephemeral))
        return empty_pb2.Empty()

    @property
    def lasting(self) -> list[str]:
        return [message for message, ephemeral in self.lines if not ephemeral]

    @property
    def passing(self) -> list[str]:
        return [message for message, ephemeral in self.lines if ephemeral]


@dataclass
class Plugin:
    """A served plugin, what it is answered, and what it said."""

    stub: Any
    provider: FakeProvider
    clock: FakeClock
    log: EngineLog
    log_address: str
    dns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    accounts: list[AwsAccount] = field(default_factory=list)

    def configure(self, **args: Any) -> Any:
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=struct(args), acceptSecrets=True))

    def check(self, **news: Any) -> Any:
        return self.stub.Check(provider_pb2.CheckRequest(urn=URN, news=struct(news)))

    def create(self, preview: bool = False, timeout: float = 0, **inputs: Any) -> Any:
        properties = struct({**INPUTS, **inputs})
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=URN, properties=properties, preview=preview, timeout=timeout)
        )

    def diff(self, status: str, old: Mapping[str, Any] | None = None, **news: Any) -> Any:
        inputs = {**INPUTS, **(old or {})}
        request = provider_pb2.DiffRequest(
            id="ses/eu-west-1/notify.example.com",
            urn=URN,
            old_inputs=struct(inputs),
            olds=struct({**inputs, "status": status}),
            news=struct({**inputs, **news}),
        )
        return self.stub.Diff(request)

    def update(self, status: str, preview: bool = False, **news: Any) -> Any:
        request = provider_pb2.UpdateRequest(
            id="ses/eu-west-1/notify.example.com",
            urn=URN,
            old_inputs=struct(INPUTS),
            olds=struct({**INPUTS, "status": status}),
            news=struct({**INPUTS, **news}),
            preview=preview,
        )
        return self.stub.Update(request)

    def read(self, id_: str, inputs: Mapping[str, Any] | None = None, status: str = "") -> Any:
        state = {} if inputs is None else {**inputs, "status": status}
        request = provider_pb2.ReadRequest(id=id_, urn=URN, inputs=struct(inputs or {}), properties=struct(state))
        return self.stub.Read(request)


@contextmanager
def running(*answers: DomainStatus | Exception, clock: Clock | None = None) -> Iterator[Plugin]:
    """Serve the plugin with a provider that gives these answers, and an engine that keeps its log."""
    log = EngineLog()
    engine = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(log, engine)
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    provider, fake = FakeProvider(*answers), FakeClock()
    shown: dict[tuple[str, str], list[str]] = {}
    accounts: list[AwsAccount] = []

    def source(account: AwsAccount, region: str) -> SmtpProvider:
        accounts.append(account)
        return provider

    dns = Dns(
        lookup=lambda name, kind: shown.get((name, kind), []), name_servers=lambda zone: shown.get((zone, "NS"), [])
    )
    readiness = Readiness(source, dns)
    server, port = serve(Servicer({readiness.type: readiness}, Engine(address), clock or fake))
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        plugin = Plugin(stub, provider, fake, log, address, shown, accounts)
        plugin.configure()
        yield plugin
    finally:
        channel.close()
        server.stop(0)
        engine.stop(0)


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(dict(values))
    return made


def plain(message: struct_pb2.Struct) -> dict[str, Any]:
    """Return a struct as it is on the wire, marks and all."""

    def value(item: struct_pb2.Value) -> Any:
        match item.WhichOneof("kind"):
            case "struct_value":
                return plain(item.struct_value)
            case "list_value":
                return [value(one) for one in item.list_value.values]
            case "number_value":
                return item.number_value
            case "bool_value":
                return item.bool_value
            case "string_value":
                return item.string_value
        return None

    return {key: value(item) for key, item in message.fields.items()}


def secret(value: Any) -> dict[str, Any]:
    return {MARK: SECRET, "value": value}


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str, Any]:
    """Make a call that must fail; return code, message, and the engine's ErrorResourceInitFailed where there is one."""
    try:
        call()
    except grpc.RpcError as error:
        detail = None
        trailing: Any = error.trailing_metadata() or ()
        for key, value in trailing:
            if key == "grpc-status-details-bin":
                detail = provider_pb2.ErrorResourceInitFailed()
                assert status_pb2.Status.FromString(value).details[0].Unpack(detail)
        return error.code(), str(error.details()), detail
    raise AssertionError("the call succeeded")

"""The plugin as an engine meets it: over gRPC, with a provider, a DNS and a clock that tests decide."""

from __future__ import annotations

import json
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
from plugin.lifecycle import Clock, ResourceType
from plugin.resources.readiness import Dns, Readiness
from plugin.server import serve
from plugin.servicer import Servicer
from plugin.writes import Writes
from providers.aws import AwsAccount
from providers.dns.base import DnsHost
from providers.smtp.base import DomainStatus, SmtpProvider
from providers.smtp.ses_client import Ses

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

    def configure(self, credentials: Mapping[str, Any] | None = None) -> Any:
        return configure(self.stub, credentials or {})

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


def configure(stub: Any, credentials: Mapping[str, Any]) -> Any:
    """Configure a plugin as the program does: with one secret JSON text."""
    args = struct({"credentials": secret(json.dumps(credentials))})
    return stub.Configure(provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))


class Served:
    """A served plugin, called for one resource by its type and name."""

    def __init__(self, stub: Any, log: EngineLog, token: str) -> None:
        self.stub, self.log = stub, log
        self.urn = f"urn:pulumi:dev::shop::mailstack:index:MailStack${token}::mail-thing"

    def configure(self, credentials: Mapping[str, Any] | None = None) -> None:
        configure(self.stub, credentials or {})

    def check(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> dict[str, str]:
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=self.urn, olds=struct(olds or {}), news=struct(news)))
        return {one.property: one.reason for one in answer.failures}

    def create(self, news: Mapping[str, Any], preview: bool = False) -> Any:
        return self.stub.Create(provider_pb2.CreateRequest(urn=self.urn, properties=struct(news), preview=preview))

    def diff(self, state: Mapping[str, Any], news: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Any:
        request = provider_pb2.DiffRequest(
            id="id", urn=self.urn, old_inputs=struct(old or state), olds=struct(state), news=struct(news)
        )
        return self.stub.Diff(request)

    def update(self, state: Mapping[str, Any], news: Mapping[str, Any], preview: bool = False) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id="id", urn=self.urn, old_inputs=struct(state), olds=struct(state), news=struct(news), preview=preview
        )
        return plain(self.stub.Update(request).properties)

    def read(self, id_: str, inputs: Mapping[str, Any] | None = None, state: Mapping[str, Any] | None = None) -> Any:
        known = struct(state if state is not None else inputs or {})
        request = provider_pb2.ReadRequest(id=id_, urn=self.urn, inputs=struct(inputs or {}), properties=known)
        return self.stub.Read(request)

    def delete(self, state: Mapping[str, Any]) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id="id", urn=self.urn, properties=struct(state)))

    def invoke(self, function: str, **arguments: Any) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=f"mailstack:index:{function}", args=struct(arguments))
        return plain(getattr(self.stub.Invoke(request), "return"))

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())


@contextmanager
def serving(
    kind: ResourceType,
    hosts: Mapping[str, DnsHost],
    *,
    ses: Ses | None = None,
    writes: Writes | None = None,
    end: Callable[[], None] = lambda: None,
) -> Iterator[Served]:
    """Serve one resource type with these DNS hosts, this SES, and an engine that keeps its log."""
    log = EngineLog()
    engine = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(log, engine)
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    servicer = Servicer(
        {kind.type: kind},
        Engine(address),
        hosts=hosts,
        ses=None if ses is None else lambda *_: ses,
        writes=writes,
        end=end,
    )
    server, port = serve(servicer)
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        served = Served(provider_pb2_grpc.ResourceProviderStub(channel), log, kind.type)
        served.configure()
        yield served
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

"""What the stand-in plugins' tests share: an engine's side of the protocol, and vendors small enough to read."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.plugins.servicer import Provider, Servicer

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


def secret(value: Any) -> dict[str, Any]:
    """Write a value as the engine marks secrets."""
    return {SIGNATURE: SECRET, "value": value}


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def _dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    return dict(json_format.MessageToDict(struct))


@dataclass
class Made:
    """A resource as the engine keeps it."""

    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]


class Engine:
    """The engine's calls to one plugin, over real gRPC."""

    def __init__(self, channel: grpc.Channel, resource_type: str) -> None:
        self.stub, self.type = provider_pb2_grpc.ResourceProviderStub(channel), resource_type

    def of(self, resource_type: str) -> Engine:
        """Return the same engine for another type."""
        other = object.__new__(Engine)
        other.stub, other.type = self.stub, resource_type
        return other

    def urn(self, name: str = "it") -> str:
        """Return a resource's URN."""
        return f"urn:pulumi:stack::project::component$child${self.type}::{name}"

    def configure(self, *, secrets: bool = True, **config: Any) -> None:
        """Check the configuration, which must have no failures, and configure, as the engine does once."""
        checked = self.check_config(**config)
        assert not checked.failures
        self.stub.Configure(provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=secrets))

    def check_config(self, **config: Any) -> Any:
        """Return the whole answer to CheckConfig."""
        return self.stub.CheckConfig(provider_pb2.CheckRequest(urn=self.urn(), news=_struct(config)))

    def check(self, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
        """Return the whole answer to Check."""
        request = provider_pb2.CheckRequest(
            urn=self.urn(), news=_struct(inputs), olds=_struct(olds or {}), randomSeed=b"seed"
        )
        return self.stub.Check(request)

    def checked(self, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return checked inputs that must have no failures."""
        answer = self.check(inputs, olds)
        assert not answer.failures
        return _dict(answer.inputs)

    def preview(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return what a preview knows of a new resource."""
        request = provider_pb2.CreateRequest(urn=self.urn(), properties=_struct(self.checked(inputs)), preview=True)
        return _dict(self.stub.Create(request).properties)

    def create(self, inputs: dict[str, Any]) -> Made:
        """Make a resource."""
        checked = self.checked(inputs)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=self.urn(), properties=_struct(checked)))
        return Made(answer.id, checked, _dict(answer.properties))

    def diff(self, made: Made, inputs: dict[str, Any]) -> Any:
        """Compare a resource with new inputs."""
        request = provider_pb2.DiffRequest(
            id=made.id,
            urn=self.urn(),
            olds=_struct(made.state),
            old_inputs=_struct(made.inputs),
            news=_struct(self.checked(inputs, made.inputs)),
        )
        return self.stub.Diff(request)

    def changes(self, made: Made, inputs: dict[str, Any]) -> list[str]:
        """Return the paths that differ."""
        return sorted(self.diff(made, inputs).detailedDiff)

    def update(self, made: Made, inputs: dict[str, Any], *, preview: bool = False) -> Made:
        """Change a resource in place."""
        news = self.checked(inputs, made.inputs)
        request = provider_pb2.UpdateRequest(
            id=made.id, urn=self.urn(), olds=_struct(made.state), news=_struct(news), preview=preview
        )
        return Made(made.id, news, _dict(self.stub.Update(request).properties))

    def refresh(self, made: Made) -> Made | None:
        """Read a resource anew; None where it is gone."""
        request = provider_pb2.ReadRequest(
            id=made.id, urn=self.urn(), properties=_struct(made.state), inputs=_struct(made.inputs)
        )
        return self._read(request)

    def import_(self, id_: str) -> Made | None:
        """Read a resource of which only the id is known."""
        return self._read(provider_pb2.ReadRequest(id=id_, urn=self.urn()))

    def _read(self, request: Any) -> Made | None:
        answer = self.stub.Read(request)
        return Made(answer.id, _dict(answer.inputs), _dict(answer.properties)) if answer.id else None

    def delete(self, made: Made) -> None:
        """Remove a resource."""
        self.stub.Delete(provider_pb2.DeleteRequest(id=made.id, urn=self.urn(), properties=_struct(made.state)))

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        """Call a function."""
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=_struct(arguments)))
        return _dict(getattr(answer, "return"))

    def cancel(self) -> None:
        """Ask the plugin to stop."""
        self.stub.Cancel(empty_pb2.Empty())


def words(error: grpc.RpcError) -> str:
    """Return what the user would read of a failure."""
    return str(error.details())


class Log(engine_pb2_grpc.EngineServicer):
    """An engine's log: the lines of severity error, each with the URN that it was told for."""

    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Keep a line."""
        if request.severity == engine_pb2.LogSeverity.Value("ERROR"):
            self.errors.append((request.urn, request.message))
        return empty_pb2.Empty()


@contextmanager
def plugin(make: Callable[[str, threading.Event], Provider], log: Log | None = None) -> Iterator[Engine]:
    """Serve a provider, and the engine's log that it writes to, and give the engine's side of it."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    port = server.add_insecure_port("127.0.0.1:0")
    engine_pb2_grpc.add_EngineServicer_to_server(log or Log(), server)
    servicer = Servicer(make("1.2.3", threading.Event()), f"127.0.0.1:{port}")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Engine(channel, "")
    finally:
        server.stop(None)


@dataclass
class Request:
    """A request as a vendor saw it."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Vendor:
    """An HTTP API on loopback: `answer` says status and JSON body; `faults` are answered first, in order."""

    answer: Callable[[Request], tuple[int, Any]]
    requests: list[Request] = field(default_factory=list)
    faults: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def sent(self) -> list[str]:
        """List methods and paths so far and forget them."""
        seen = [f"{one.method} {one.path}" for one in self.requests]
        self.requests.clear()
        return seen


@contextmanager
def served(vendor: Vendor) -> Iterator[Vendor]:
    """Serve a vendor on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length).decode()
            body = json.loads(text) if text.startswith("{") else {k: v[0] for k, v in parse_qs(text).items()}
            query = {key: value[0] for key, value in parse_qs(parts.query).items()}
            request = Request(self.command, unquote(parts.path), query, body, dict(self.headers.items()))
            vendor.requests.append(request)
            status, answer, headers = vendor.faults.pop(0) if vendor.faults else (*vendor.answer(request), {})
            payload = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the standard library's names

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()


def cloudflare_api() -> Callable[[Request], tuple[int, Any]]:
    """Make a Cloudflare with one zone, `zone1` example.com; names and fields as in its API reference."""
    records: dict[str, dict[str, Any]] = {}
    zone = {"id": "zone1", "name": "example.com", "name_servers": ["ns1.example"], "account": {"id": "a", "name": "b"}}

    def ok(result: Any, **more: Any) -> tuple[int, Any]:
        return 200, {"success": True, "errors": [], "messages": [], "result": result, **more}

    def answer(request: Request) -> tuple[int, Any]:
        path = request.path.removeprefix("/client/v4")
        if path in ("/zones", "/zones/zone1"):
            name = request.query.get("name", "example.com")
            found = [zone] if name == "example.com" else []
            first = request.query.get("page", "1") == "1"
            return ok(zone) if path != "/zones" else ok(found if first else [], result_info={"total_pages": 1})
        match = re.fullmatch(r"/zones/zone1/dns_records(?:/(\w+))?", path)
        if not match or (match[1] and match[1] not in records):
            error = {"code": 81044, "message": "Record does not exist."}
            return 404, {"success": False, "errors": [error], "messages": [], "result": None}
        if match[1] is None and request.method == "GET":
            wanted = request.query.get("name.exact")
            found = [one for one in records.values() if wanted in (None, one["name"])]
            page, size = int(request.query.get("page", 1)), 2
            return ok(found[(page - 1) * size : page * size], result_info={"total_pages": -(-len(found) // size)})
        id_ = match[1] or f"record{len(records) + 1}"
        if request.method in ("POST", "PUT"):
            name = request.body["name"]
            full = name if name.endswith("example.com") else f"{name}.example.com".removeprefix("@.")
            stamps = {"created_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z", "proxiable": False}
            records[id_] = {"id": id_, **stamps, "meta": {}, **request.body, "name": full.lower()}
        found_one = records[id_]
        if request.method == "DELETE":
            del records[id_]
        return ok(found_one)

    return answer


def ses_api() -> Callable[[Request], tuple[int, Any]]:
    """Make an SES of API v2 with IAM's GetUser; names and fields as in AWS's API reference."""
    things: dict[str, dict[str, Any]] = {}
    tags: dict[str, dict[str, str]] = {}

    def missing(what: str) -> tuple[int, Any]:
        return 404, {"__type": "NotFoundException", "message": f"{what} does not exist."}

    def tagging(request: Request) -> tuple[int, Any]:
        arn = request.query.get("ResourceArn") or request.body["ResourceArn"]
        held = tags.setdefault(arn.rpartition(":")[2], {})
        if request.method == "POST":
            held.update({tag["Key"]: tag["Value"] for tag in request.body["Tags"]})
        if request.method == "DELETE":
            held.pop(request.query["TagKeys"])
        return 200, {"Tags": [{"Key": key, "Value": value} for key, value in held.items()]}

    def create(request: Request, kind: str, name: str) -> tuple[int, Any]:
        key = f"{kind}/{name}"
        if key in things:
            return 400, {"__type": "AlreadyExistsException", "message": f"{name} already exists."}
        tags[key] = {tag["Key"]: tag["Value"] for tag in request.body.get("Tags", [])}
        signing = {"Status": "PENDING", "SigningAttributesOrigin": "AWS_SES", "Tokens": ["t1", "t2", "t3"]}
        signing |= request.body.get("DkimSigningAttributes", {}) | {"LastKeyGenerationTimestamp": 1767225600.0}
        defaults = {"DeliveryOptions": {"TlsPolicy": "OPTIONAL"}, "SuppressionOptions": {}}
        verified = {"VerificationStatus": "PENDING", "VerifiedForSendingStatus": False, "IdentityType": "DOMAIN"}
        extra = {**verified, "DkimAttributes": signing} if kind == "identity" else defaults
        things[key] = {**extra, **request.body}
        return 200, {}

    def answer(request: Request) -> tuple[int, Any]:
        match = re.fullmatch(r"/v[12]/email/(identities|configuration-sets|tags)(?:/([^/]+))?(?:/(.+))?", request.path)
        assert match, request.path
        if match[1] == "tags":
            return tagging(request)
        kind = "identity" if match[1] == "identities" else "configuration-set"
        if match[2] is None:
            return create(request, kind, request.body.get("EmailIdentity") or request.body["ConfigurationSetName"])
        key = f"{kind}/{match[2]}"
        if key not in things:
            return missing(match[2])
        if request.method == "DELETE":
            return 200, things.pop(key) and {}
        if match[3] == "mail-from":
            attributes = {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE", **request.body, "MailFromDomainStatus": "PENDING"}
            things[key]["MailFromAttributes"] = attributes if request.body.get("MailFromDomain") else {}
        elif match[3] == "configuration-set":
            things[key]["ConfigurationSetName"] = request.body.get("ConfigurationSetName")
        elif match[3] == "dkim/signing":
            things[key]["DkimAttributes"] |= request.body["SigningAttributes"]
        elif match[3]:
            block = "".join(part.title() for part in match[3].split("-"))
            things[key][block if block.endswith("Options") else "SendingOptions"] = request.body
        return 200, things[key] if request.method == "GET" else {}

    return answer

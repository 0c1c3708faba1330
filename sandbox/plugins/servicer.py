"""The gRPC service that the engine calls: translates its requests to a provider's resources and functions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from . import resource
from .engine import log_error
from .http import StoppedError, UnreachableError
from .resource import DEFAULTS, Resource, State, VendorError
from .wire import decode, encode, has_unknown

Function = Callable[[State], State]
Result = TypeVar("Result")
_KINDS = {"add": "ADD", "delete": "DELETE", "update": "UPDATE"}


class Provider(Protocol):
    """One package: its types and functions, usable once configured."""

    name: str
    version: str
    cancelled: threading.Event
    # A provider of Terraform's plugin framework also logs what fails to the engine, whatever the program does with it.
    logs_failures: bool

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The resource types by token."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions by token."""

    def check_config(self, config: State) -> State:
        """Return the configuration with defaults; raises VendorError for what the plugin refuses itself."""

    def configure(self, config: State) -> None:
        """Take the configuration; raises VendorError when the vendor does not accept it."""

    def check(self, token: str, inputs: State) -> State:
        """Fill in what the provider's configuration decides."""

    def planned(self, token: str, inputs: State) -> State:
        """Return what a preview already knows of the outputs that the vendor fills in."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider to one engine."""

    def __init__(self, provider: Provider, engine: str = "") -> None:
        """Take the address of the engine's log; without one nothing is logged."""
        self._provider, self._engine = provider, engine
        self._keeps_secrets = False

    # The shape of the answers follows proto/pulumi/provider.proto. Secrets arrive plain, as with the real plugins
    # (the engine marks what it sent as secret again); secret outputs are marked here.
    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - gRPC's names, here and below
        """Say what the plugin understands: plain values only."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Accept an engine that was told where the plugin runs."""
        self._engine = request.address
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Report the installed SDK's version, which the engine compares."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Describe the types, which `pulumi import` asks for."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema(self._provider)))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Fill in the configuration's defaults, or say why the plugin does not take it."""
        try:
            return provider_pb2.CheckResponse(inputs=encode(self._provider.check_config(decode(request.news))))
        except (VendorError, UnreachableError) as error:
            failure = provider_pb2.CheckFailure(reason=str(error))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Compare configurations; a change never replaces the provider."""
        olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        news = decode(request.news)
        changed = [key for key in sorted({*olds, *news} - {"version"}) if olds.get(key) != news.get(key)]
        return _diff([resource.Change(key, "update", replaces=False) for key in changed])

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take the configuration and let the vendor accept it."""
        self._keeps_secrets = request.acceptSecrets
        config = decode(request.args)
        self._told(context, lambda: self._provider.configure(config), "{}")
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Validate inputs and fill in defaults."""
        token, name = _token(request), request.urn.rpartition("::")[2]
        properties = self._resource(token, context).properties
        news = self._provider.check(token, decode(request.news))
        inputs, reasons = resource.check(name, properties, news, decode(request.olds), bytes(request.randomSeed))
        failures = [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in reasons.items()]
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Compare the wanted inputs with the state, as the real plugins do."""
        properties = self._resource(_token(request), context).properties
        state, news = decode(request.olds), _without(decode(request.news), decode(request.olds), request.ignoreChanges)
        changes = resource.differences(properties, state, news)
        return _diff(changes, deletes_first=resource.deletes_first(properties, state, news))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Make the object, or say what a preview knows of it."""
        token, inputs = _token(request), decode(request.properties)
        one = self._resource(token, context)
        if request.preview:
            state = {**resource.planned(one.properties, inputs), **self._provider.planned(token, inputs)}
            return provider_pb2.CreateResponse(properties=self._encoded(one, state))
        id_, state = self._told(context, lambda: one.create(_plain(inputs)), urn=request.urn)
        return provider_pb2.CreateResponse(id=id_, properties=self._encoded(one, state))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say what the object is now; a blank id says that it is gone."""
        one = self._resource(_token(request), context)
        state = decode(request.properties)
        inputs = decode(request.inputs) if state else None  # an import knows nothing yet but the id
        found = self._told(context, lambda: one.read(request.id, state), urn=request.urn)
        if found is None:
            return provider_pb2.ReadResponse()
        id_, now = found
        return provider_pb2.ReadResponse(
            id=id_,
            properties=self._encoded(one, now),
            inputs=encode(resource.as_inputs(one.properties, now, inputs)),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Change the object in place, or say what a preview expects of that."""
        token, state = _token(request), decode(request.olds)
        one = self._resource(token, context)
        news = _without(decode(request.news), state, request.ignoreChanges)
        if request.preview:
            expected = {**resource.planned(one.properties, news, state), **self._provider.planned(token, news)}
            return provider_pb2.UpdateResponse(properties=self._encoded(one, expected))
        now = self._told(context, lambda: one.update(request.id, state, _plain(news)), urn=request.urn)
        return provider_pb2.UpdateResponse(properties=self._encoded(one, now))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Remove the object."""
        one = self._resource(_token(request), context)
        self._told(context, lambda: one.delete(request.id, decode(request.properties)), urn=request.urn)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer a function."""
        function = self._provider.functions.get(request.tok)
        if function is None:
            _abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the stand-in plugin has no function {request.tok}")
        arguments = decode(request.args)
        if has_unknown(arguments):
            return _returned({})
        result = self._told(context, lambda: function(arguments), f"invoking {request.tok}: {{}}")
        return _returned(result)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """End every wait."""
        self._provider.cancelled.set()
        return empty_pb2.Empty()

    def _resource(self, token: str, context: grpc.ServicerContext) -> Resource:
        one = self._provider.resources.get(token)
        if one is None:
            _abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the stand-in plugin has no resource type {token}")
        return one

    def _encoded(self, one: Resource, state: State) -> Any:
        return encode(resource.sealed(one.properties, state) if self._keeps_secrets else state)

    def _told(
        self,
        context: grpc.ServicerContext,
        call: Callable[[], Result],
        sentence: str = "1 error occurred:\n\t* {}\n\n",
        urn: str = "",
    ) -> Result:
        """Run a call and tell the engine its failure in the vendor's words."""
        try:
            return call()
        except StoppedError as error:
            _abort(context, grpc.StatusCode.CANCELLED, str(error))
        except (VendorError, UnreachableError) as error:
            if self._provider.logs_failures:
                log_error(self._engine, f"[ERROR] {error}", urn)
            _abort(context, grpc.StatusCode.UNKNOWN, sentence.format(error))


def schema(provider: Provider) -> dict[str, Any]:
    """Describe the provider's types in Pulumi's package schema (every property of any type)."""

    def described(properties: resource.Properties) -> dict[str, Any]:
        return {
            key: {"$ref": "pulumi.json#/Any", **({"secret": True} if one.secret else {})}
            for key, one in properties.items()
        }

    resources = {
        token: {
            "properties": described(one.properties),
            "inputProperties": described({key: of for key, of in one.properties.items() if not of.output}),
            "requiredInputs": [key for key, of in one.properties.items() if of.required],
        }
        for token, one in provider.resources.items()
    }
    functions: dict[str, Any] = {token: {} for token in provider.functions}
    return {"name": provider.name, "version": provider.version, "resources": resources, "functions": functions}


def _returned(result: State) -> Any:
    answer = provider_pb2.InvokeResponse()
    getattr(answer, "return").CopyFrom(encode(result))  # a keyword of Python
    return answer


def _token(request: Any) -> str:
    return str(request.urn).split("::")[2].rpartition("$")[2]


def _plain(inputs: State) -> State:
    return {key: value for key, value in inputs.items() if key != DEFAULTS}


def _without(news: State, state: State, ignored: Any) -> State:
    """Keep the state's value of each ignored top-level property."""
    for path in ignored:
        news.pop(path, None)
        if path in state:
            news[path] = state[path]
    return news


def _diff(changes: list[resource.Change], *, deletes_first: bool = False) -> Any:
    response = provider_pb2.DiffResponse
    replaces = [change.path for change in changes if change.replaces]
    kinds = {
        change.path: provider_pb2.PropertyDiff(
            kind=provider_pb2.PropertyDiff.Kind.Value(_KINDS[change.kind] + ("_REPLACE" if change.replaces else ""))
        )
        for change in changes
    }
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        replaces=replaces,
        diffs=[change.path.partition(".")[0] for change in changes],
        detailedDiff=kinds,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replaces) and deletes_first,
    )


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, message)
    raise AssertionError("abort raises")

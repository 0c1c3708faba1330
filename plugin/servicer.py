"""The gRPC service that the engine calls (proto/pulumi/provider.proto): from messages to the verbs of a type."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mailstack.errors import InvalidValue, MailstackError

from . import wire
from .engine import Engine
from .lifecycle import Cancelled, Clock, Context, Difference, InitFailed, ResourceType, Types
from .redact import Redactor
from .writes import Writes

if TYPE_CHECKING:
    from providers.aws import AwsAccount
    from providers.dns.base import DnsHost
    from providers.smtp.ses_client import Ses

    from .clients import Clients

Result = TypeVar("Result")
_Kind = provider_pb2.PropertyDiff


class Refused(Exception):
    """A request that is answered with a gRPC status and one sentence."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def _told(method: Callable[..., Result]) -> Callable[..., Result]:
    """Let every failure reach the engine as a status and one sentence, without secrets and without a traceback."""

    @functools.wraps(method)
    def answer(self: Servicer, request: Any, grpc_context: grpc.ServicerContext) -> Result:
        kept: grpc.Status | None = None
        code, words = grpc.StatusCode.UNKNOWN, ""
        try:
            return method(self, request, grpc_context)
        except _StateKept as error:
            kept = error.status
        except Refused as error:
            code, words = error.code, str(error)
        except InvalidValue as error:
            code, words = grpc.StatusCode.INVALID_ARGUMENT, str(error)
        except MailstackError as error:
            code, words = grpc.StatusCode.FAILED_PRECONDITION, str(error)
        except Cancelled:
            code, words = grpc.StatusCode.CANCELLED, "the run was cancelled"
        except Exception as error:  # a mistake of this plugin: the engine must get a sentence all the same
            code = grpc.StatusCode.INTERNAL
            words = (
                f"{method.__name__}: {type(error).__name__}: {error}; this is a mistake in mailstack, please report it"
            )
        if kept is not None:
            grpc_context.abort_with_status(kept)
        grpc_context.abort(code, self._redactor(request)(words))
        raise AssertionError("abort raises")

    return answer


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the resource types to one engine, or in turn to those that attach."""

    def __init__(
        self,
        types: Types,
        engine: Engine | None = None,
        clock: Clock | None = None,
        *,
        hosts: Mapping[str, DnsHost] | None = None,
        ses: Callable[[AwsAccount, str], Ses] | None = None,
        writes: Writes | None = None,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the types by token, and the engine that started the process, where one did.

        hosts, ses: whom to ask, those of providers/ where none are given. end: ends the process.
        """
        self._types, self._engine, self._clock = types, engine or Engine(), clock or Clock()
        self._hosts, self._ses, self._writes, self._end = hosts, ses, writes or Writes(), end
        self._clients: Clients | None = None
        self._redact = Redactor()
        self._waits: set[threading.Event] = set()
        self._cancelled = False

    # Names and messages below are those of the protocol; `Any` is in place of its messages, which are generated.
    @_told
    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names, here and below
        """Say that secrets are understood."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @_told
    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Serve the engine at this address from now on (PULUMI_DEBUG_PROVIDERS)."""
        self._engine = Engine(request.address)
        self._resume()
        return empty_pb2.Empty()

    @_told
    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Report the version."""
        return plugin_pb2.PluginInfo(version=_version())

    @_told
    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Describe the types and the configuration."""
        from .schema import package

        return provider_pb2.GetSchemaResponse(schema=json.dumps(package(self._types, _version())))

    @_told
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Keep what the plugin needs, refuse what it does not know."""
        from . import configuration

        config = wire.decode(request.news)
        kept = {key: value for key, value in request.news.fields.items() if key == configuration.CREDENTIALS}
        # A default provider is given the stack's whole mailstack: namespace, which holds the program's settings.
        if request.urn.rpartition("::")[2].startswith("default"):
            config = {key: value for key, value in config.items() if key in kept}
        config.pop("version", None)
        faults = configuration.faults(config)
        return provider_pb2.CheckResponse(inputs=struct_pb2.Struct(fields=kept), failures=_failures(faults))

    @_told
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Compare configurations; other credentials never replace what was made."""
        from .configuration import CREDENTIALS

        olds = wire.decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        news = wire.decode(request.news)
        changed = [CREDENTIALS] if olds.get(CREDENTIALS) != news.get(CREDENTIALS) else []
        return _differs(Difference(inputs=changed), olds, news)

    @_told
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Take the credentials; while some are unknown, in a preview, nothing can be asked."""
        from . import configuration
        from .clients import Clients

        config = wire.decode(request.args)
        self._clients = None
        if not wire.is_unknown(config):
            credentials = configuration.credentials(config)
            self._redact = Redactor(configuration.secrets(credentials))
            self._clients = Clients(credentials, self._hosts, self._ses)
        self._resume()
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_told
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Validate inputs and add defaults; what was given is passed on as it came, marks and all."""
        olds, news = wire.decode(request.olds) or None, wire.decode(request.news)
        defaults: wire.Values = {}
        faults: Mapping[str, str]
        try:
            defaults, faults = self._type(request).check(olds, news, self._context(request, context))
        except MailstackError as error:
            faults = {"": str(error)}
        redact = self._redactor(request)
        return provider_pb2.CheckResponse(
            inputs=wire.joined(wire.encode(defaults), request.news),
            failures=_failures({key: redact(reason) for key, reason in faults.items()}),
        )

    @_told
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Compare the stored state with new inputs."""
        inputs, news = wire.decode(request.old_inputs), wire.decode(request.news)
        olds, one = wire.decode(request.olds), self._type(request)
        difference = one.diff(request.id, inputs, olds, news, self._context(request, context))
        return _differs(difference, inputs, news)

    @_told
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make the object; a preview says what is known of it."""
        one, inputs = self._type(request), wire.decode(request.properties)
        if request.preview:
            outputs = one.expected(None, inputs, self._context(request, context))
            return provider_pb2.CreateResponse(properties=_state(request.properties, outputs))
        try:
            id_, outputs = one.create(inputs, self._context(request, context))
        except InitFailed as error:
            redact = self._redactor(request)
            raise _StateKept(_init_failed(one.id_of(inputs), request.properties, error, redact)) from None
        return provider_pb2.CreateResponse(id=id_, properties=_state(request.properties, outputs))

    @_told
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change the object; a preview says what is known of it."""
        one = self._type(request)
        inputs, olds, news = (wire.decode(part) for part in (request.old_inputs, request.olds, request.news))
        if request.preview:
            outputs = one.expected(olds, news, self._context(request, context))
            return provider_pb2.UpdateResponse(properties=_state(request.news, outputs))
        try:
            outputs = one.update(request.id, inputs, olds, news, self._context(request, context))
        except InitFailed as error:
            raise _StateKept(_init_failed(request.id, request.news, error, self._redactor(request))) from None
        return provider_pb2.UpdateResponse(properties=_state(request.news, outputs))

    @_told
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Look at the object: for a refresh, or with the id alone for an import. A blank id says that it is gone."""
        importing = not request.inputs.fields
        inputs = None if importing else wire.decode(request.inputs)
        one = self._type(request)
        found = one.read(request.id, inputs, wire.decode(request.properties), self._context(request, context))
        if found is None:
            return provider_pb2.ReadResponse()
        kept = request.inputs if found.inputs is None else wire.encode(found.inputs)
        return provider_pb2.ReadResponse(id=found.id or request.id, inputs=kept, properties=_state(kept, found.outputs))

    @_told
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Remove the object."""
        self._type(request).delete(request.id, wire.decode(request.properties), self._context(request, context))
        return empty_pb2.Empty()

    @_told
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer one of the functions."""
        from .functions import FUNCTIONS

        if request.tok not in FUNCTIONS:
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, f'the mailstack plugin has no function "{request.tok}"')
        function = FUNCTIONS[request.tok]
        arguments = function.check(wire.decode(request.args))
        asked = self._context(request, context)
        found = asked.run(lambda: function.answer(arguments, asked.clients))
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(wire.encode(found))  # the field's name is Python's keyword
        return answer

    @_told
    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """End every wait, and answer when no write is on its way any more."""
        self.cancel()
        return empty_pb2.Empty()

    def cancel(self) -> None:
        """End every wait; an engine that attaches or configures afterwards starts anew.

        A write that does not end in time would go on after the answer, so that it ends with the process.
        """
        self._cancelled = True
        for event in list(self._waits):
            event.set()
        if not self._writes.close():
            self._end()

    def _resume(self) -> None:
        self._cancelled = False
        self._writes.open()

    def _type(self, request: Any) -> ResourceType:
        token = str(request.urn).split("::")[2].rpartition("$")[2] if "::" in request.urn else ""
        if token not in self._types:
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, f'the mailstack plugin has no resource type "{token}"')
        return self._types[token]

    def _context(self, request: Any, grpc_context: grpc.ServicerContext) -> Context:
        if self._clients is None:
            raise Refused(
                grpc.StatusCode.FAILED_PRECONDITION,
                "the mailstack provider was not configured before it was used, or its credentials are not known yet",
            )
        timeout = getattr(request, "timeout", 0)
        return Context(
            urn=getattr(request, "urn", ""),  # a function has none
            clients=self._clients,
            engine=self._engine,
            redact=self._redactor(request),
            cancelled=self._cancellation(grpc_context),
            writes=self._writes,
            clock=self._clock,
            deadline=self._clock.now() + timeout if timeout else None,
        )

    def _cancellation(self, grpc_context: grpc.ServicerContext) -> threading.Event:
        """Return an event that is set when the run is cancelled or the request's caller is gone."""
        event = threading.Event()
        self._waits.add(event)

        def ended() -> None:
            self._waits.discard(event)
            event.set()

        if self._cancelled or not grpc_context.add_callback(ended):
            event.set()
        return event

    def _redactor(self, request: Any) -> Redactor:
        """Return what hides the configuration's secrets and those of the request."""
        structs = [value for _, value in request.ListFields() if isinstance(value, struct_pb2.Struct)]
        return self._redact.also(text for struct in structs for text in wire.secret_texts(struct))


class _StateKept(Exception):
    """A failure that travels with the state to keep."""

    def __init__(self, status: grpc.Status) -> None:
        super().__init__("the state is kept")
        self.status = status


def _init_failed(id_: str, inputs: struct_pb2.Struct, error: InitFailed, redact: Redactor) -> grpc.Status:
    """Write the status whose detail makes the engine keep id, properties and inputs."""
    from google.protobuf import any_pb2
    from google.rpc import code_pb2, status_pb2  # type: ignore[import-untyped]  # ships no types
    from grpc_status import rpc_status  # type: ignore[import-untyped]  # ships no types

    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=id_,
            properties=_state(inputs, error.outputs),
            reasons=[redact(reason) for reason in error.reasons],
            inputs=inputs,
        )
    )
    told = status_pb2.Status(code=code_pb2.UNKNOWN, message=redact(str(error)), details=[detail])
    status: grpc.Status = rpc_status.to_status(told)
    return status


def _state(inputs: struct_pb2.Struct, outputs: wire.Values) -> struct_pb2.Struct:
    """Return the properties to store: inputs as they came, outputs secret where an input that they rest on is."""
    derived = wire.encode(outputs)
    return wire.joined(inputs, wire.sealed(derived) if wire.has_secret(inputs) else derived)


def _differs(difference: Difference, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
    """Write a difference as the engine reads it."""
    detailed = {key: _Kind(kind=_kind(key, difference, olds, news), inputDiff=True) for key in difference.inputs}
    detailed |= {key: _Kind(kind=_Kind.UPDATE) for key in difference.outputs}
    answer = provider_pb2.DiffResponse
    return answer(
        changes=answer.DIFF_SOME if detailed else answer.DIFF_NONE,
        diffs=list(detailed),
        replaces=difference.replaces,
        deleteBeforeReplace=difference.deletes_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _kind(key: str, difference: Difference, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
    kind = "ADD" if key not in olds else "DELETE" if key not in news else "UPDATE"
    return _Kind.Kind.Value(f"{kind}_REPLACE" if key in difference.replaces else kind)


def _failures(faults: Mapping[str, str]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in faults.items()]


def _version() -> str:
    from importlib.metadata import version

    return version("mailstack")

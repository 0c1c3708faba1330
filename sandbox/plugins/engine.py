"""The engine's log, as a plugin reaches it."""

from __future__ import annotations

from contextlib import suppress

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_TIME_LIMIT = 2.0  # seconds; a line that the engine does not take must not hold up the answer


def log_error(address: str, message: str, urn: str = "") -> None:
    """Show an error in the run's diagnostics: at a resource, or at the stack where no URN is given."""
    if not address:
        return
    request = engine_pb2.LogRequest(severity=engine_pb2.LogSeverity.Value("ERROR"), message=message, urn=urn)
    with suppress(grpc.RpcError), grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        engine_pb2_grpc.EngineStub(channel).Log(request, timeout=_TIME_LIMIT)

"""The engine's side of the connection: its log, and whether it still lives."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

Severity = Literal["debug", "info", "warning", "error"]
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),  # what the engine itself allows
    ("grpc.enable_http_proxy", 0),  # the engine is on this machine, whatever HTTP_PROXY says
    # Never idle: by default a connection without a call for 30 minutes is given up, which would look like its end.
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
]
_LOG_TIMEOUT = 2.0  # seconds; a line that the engine does not take must not hold up the work
_LOOK_EVERY = 0.5  # seconds


class Engine:
    """An engine's log; without an address, lines go nowhere."""

    def __init__(self, address: str | None = None) -> None:
        """Connect to the engine's gRPC address, "host:port"."""
        self.channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS) if address else None
        self._stub = engine_pb2_grpc.EngineStub(self.channel) if self.channel else None

    def log(self, severity: Severity, message: str, urn: str, ephemeral: bool = False) -> None:
        """Show a line at a resource: in the status line while it works (ephemeral), or in Diagnostics."""
        if self._stub is None:
            return
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.Value(severity.upper()), message=message, urn=urn, ephemeral=ephemeral
        )
        with suppress(grpc.RpcError):  # the engine may be on its way out; its log is no reason to fail
            self._stub.Log(request, timeout=_LOG_TIMEOUT)

    def watch(self, gone: Callable[[], None]) -> None:
        """Call `gone` once when the process that started this one has ended, or the engine's connection breaks."""
        broken = threading.Event()
        if self.channel is not None:
            self.channel.subscribe(_Breaks(broken.set), try_to_connect=True)
        threading.Thread(target=_watch, args=(os.getppid(), broken, gone), daemon=True, name="engine-watch").start()


class _Breaks:
    """Notices a connection that broke after it was made."""

    def __init__(self, broken: Callable[[], None]) -> None:
        self._broken, self._stood = broken, False

    def __call__(self, state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            self._stood = True
        elif self._stood and state is not grpc.ChannelConnectivity.CONNECTING:
            self._broken()


def _watch(parent: int, broken: threading.Event, gone: Callable[[], None]) -> None:
    while os.getppid() == parent and not broken.is_set():
        time.sleep(_LOOK_EVERY)
    gone()

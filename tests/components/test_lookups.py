"""A look-up that nobody answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from pulumi.runtime import settings
from pulumi.runtime.proto import resource_pb2_grpc

from components import lookups
from mailstack.errors import VendorError


@pytest.fixture(name="silent_engine")
def _silent_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put an engine in place that takes look-ups and does not answer."""
    over = threading.Event()

    class Silent(resource_pb2_grpc.ResourceMonitorServicer):
        def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
            over.wait()

    server = grpc.server(ThreadPoolExecutor(1))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(Silent(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        monkeypatch.setattr(settings, "get_monitor", lambda: resource_pb2_grpc.ResourceMonitorStub(channel))
        yield
    over.set()
    server.stop(None).wait()


@pytest.mark.usefixtures("silent_engine")
def test_a_look_up_in_a_hook_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that waits for ever would hang the run; it ends with a sentence."""
    monkeypatch.setattr(lookups, "_PATIENCE", 0.2)
    component: Any = SimpleNamespace(get_provider=lambda _: None)
    with pytest.raises(VendorError, match="no answer in 0 s; run it again"):
        asyncio.run(lookups.look_up_in_hook("cloudflare:index/getDnsRecords:getDnsRecords", {}, component))

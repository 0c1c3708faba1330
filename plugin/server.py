"""The plugin's process: says where it listens, serves the engine, and ends with it.

Started by the engine with the engine's address as last argument; without one it waits for engines that attach
(PULUMI_DEBUG_PROVIDERS=mailstack:PORT).
"""

from __future__ import annotations

import gc
import importlib.util
import os
import queue
import signal
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

    from .lifecycle import ResourceType
    from .servicer import Servicer

# Each wait holds a thread for as long as it takes, and Cancel must still find one. Threads are made when needed.
_THREADS = 1000
_LAST_ANSWERS = 1.0  # seconds for requests in flight once the process is to end


def main(arguments: list[str]) -> None:
    """Serve until the engine ends the process or is gone."""
    gc.set_threshold(200_000, 50, 100)  # what is imported stays: looking for garbage in it took a tenth of the start
    protocol_only()
    from .engine import Engine
    from .resources.dkim_key import DkimKey
    from .resources.owner import Owner
    from .resources.readiness import Readiness
    from .resources.record_set import RecordSet
    from .servicer import Servicer

    # The engine passes its flags (--logtostderr, -v=9, --tracing URL) before its address.
    address = arguments[-1] if arguments and not arguments[-1].startswith("-") else None
    engine = Engine(address)
    types: tuple[ResourceType, ...] = (Readiness(), DkimKey(), RecordSet(), Owner())
    # No Event: its lock may be held by the very thread that a signal interrupts, which would then wait for itself.
    ending: queue.SimpleQueue[None] = queue.SimpleQueue()
    servicer = Servicer({one.type: one for one in types}, engine, end=lambda: ending.put(None))
    server, port = serve(servicer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.put(None))
    if address:
        engine.watch(lambda: ending.put(None))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    ending.get()
    servicer.cancel()
    server.stop(_LAST_ANSWERS).wait()
    os._exit(0)  # threads that still talk to a provider must not keep the process alive


def serve(servicer: Servicer, host: str = "127.0.0.1") -> tuple[grpc.Server, int]:
    """Start a server on a free port of this machine and return it with the port."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from .engine import CHANNEL_OPTIONS

    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    return server, port


def protocol_only() -> None:
    """Let the protocol's modules be imported without the SDK around them, which costs more than all the rest.

    For a process of its own only: `import pulumi` would find the bare packages afterwards.
    """
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise SystemExit("mailstack: the Pulumi SDK is not installed in the plugin's virtual environment; run: uv sync")
    folder = Path(spec.origin).parent
    for name, path in {"pulumi": folder, "pulumi.runtime": folder / "runtime"}.items():
        bare = types.ModuleType(name)
        bare.__path__ = [str(path)]
        sys.modules[name] = bare


if __name__ == "__main__":
    main(sys.argv[1:])

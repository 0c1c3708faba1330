"""How a stand-in plugin starts and ends: the engine reads its port from the first line that it prints."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .servicer import Provider

# The engine may create many resources at once; each call holds one thread while the vendor answers.
_THREADS = 32
_ENGINE_CHECK = 1.0  # seconds between looks whether the engine still lives
_LAST_CALLS = 10.0  # seconds that calls in flight may take once the engine is gone
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def sdk_version(package: str) -> str:
    """Return the plugin version that the installed SDK asks for, read from its file without importing it."""
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or spec.origin is None:
        return ""
    return str(json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())["version"])


def protocol_only() -> None:
    """Let `pulumi.runtime.proto` be imported without the whole SDK, which costs twice as much as the rest.

    For a process of its own only: `import pulumi` would find the bare packages afterwards.
    """
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the Pulumi SDK is not installed")
    folder = Path(spec.origin).parent
    for name, path in (
        ("pulumi", folder),
        ("pulumi.runtime", folder / "runtime"),
        ("pulumi.runtime.proto", folder / "runtime/proto"),
    ):
        bare = types.ModuleType(name)
        bare.__path__ = [str(path)]
        sys.modules[name] = bare


def serve(make: Callable[[str, threading.Event], Provider], package: str) -> None:
    """Serve a provider until the engine ends the process or is gone itself."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from .servicer import Servicer

    engine = os.getppid()  # before the port is printed: from then on the engine may be gone at any time
    cancelled = threading.Event()
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=_UNLIMITED)
    # The engine passes its flags (--logtostderr, -v=9, --tracing URL) before the address of its log.
    address = sys.argv[-1] if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else ""
    servicer = Servicer(make(sdk_version(package), cancelled), address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while server.wait_for_termination(timeout=_ENGINE_CHECK) and os.getppid() == engine:  # True: the time is up
        pass
    # A request in flight may still finish in the world, as with the real plugins, but is not tried again.
    cancelled.set()
    server.stop(_LAST_CALLS).wait()

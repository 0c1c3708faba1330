"""The plugin's process: starts with the project's Python, says its port, and ends with the engine."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

from plugin.engine import CHANNEL_OPTIONS

from .harness import EngineLog

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "plugin" / "pulumi-resource-mailstack"
# A stand-in for the engine's process: starts the plugin, hands its first line and its process id on, and stays.
PARENT = """
import subprocess, sys, time
plugin = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdout=subprocess.PIPE)
print(plugin.pid, plugin.stdout.readline().decode().strip(), flush=True)
time.sleep(60)
"""


@pytest.fixture(name="environment")
def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "PULUMI_RUNTIME_VIRTUALENV"}
    return {**kept, "PULUMI_RUNTIME_VIRTUALENV": sys.prefix}


@pytest.fixture(name="engine")
def _engine() -> Iterator[tuple[grpc.Server, str]]:
    server = grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(EngineLog(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield server, f"127.0.0.1:{port}"
    server.stop(0)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _ends(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and _alive(pid):
        time.sleep(0.05)
    return not _alive(pid)


def _first_line(process: subprocess.Popen[str], seconds: float) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    assert ready, "nothing was printed"
    return process.stdout.readline()


def test_the_first_line_is_the_port_that_is_served(
    environment: dict[str, str], engine: tuple[grpc.Server, str]
) -> None:
    """The engine dials what the first line says, and gets an answer; flags before the address are ignored."""
    arguments = [str(LAUNCHER), "--logtostderr", "-v=3", engine[1]]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as process:
        port = int(_first_line(process, 10))
        stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version
        process.terminate()
        assert process.wait(5) == 0


def test_the_process_ends_when_the_engines_connection_breaks(
    environment: dict[str, str], engine: tuple[grpc.Server, str]
) -> None:
    """An engine that is gone takes its plugin with it."""
    server, address = engine
    with subprocess.Popen([str(LAUNCHER), address], stdout=subprocess.PIPE, text=True, env=environment) as process:
        _first_line(process, 10)
        time.sleep(0.5)  # the connection exists by then
        assert process.poll() is None
        server.stop(0)
        assert process.wait(10) == 0


def test_the_process_ends_when_its_parent_is_killed(environment: dict[str, str]) -> None:
    """`kill -9` of the engine leaves no plugin behind, even where its address never answered."""
    arguments = [sys.executable, "-c", PARENT, str(LAUNCHER)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        pid = int(_first_line(parent, 10).split()[0])
        assert _alive(pid)
        parent.send_signal(signal.SIGKILL)
        assert _ends(pid, 5)


def test_a_quiet_connection_is_not_taken_for_a_broken_one() -> None:
    """By default gRPC lets a connection go idle after 30 minutes without a call, which would end the plugin.

    The largest value switches that off (grpc/impl/channel_arg_names.h, GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS).
    """
    assert ("grpc.client_idle_timeout_ms", 2**31 - 1) in CHANNEL_OPTIONS


def test_the_launcher_names_the_python_that_is_missing(tmp_path: Path, environment: dict[str, str]) -> None:
    """Without a virtual environment there is one line that says what to do."""
    copy = tmp_path / "plugin" / LAUNCHER.name
    copy.parent.mkdir()
    shutil.copy(LAUNCHER, copy)
    environment["PULUMI_RUNTIME_VIRTUALENV"] = "nowhere"
    done = subprocess.run(
        [copy, "127.0.0.1:1"], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert "nowhere/bin/python" in line
    assert "uv sync" in line


@pytest.mark.parametrize("place", ["project", "plugin"])
def test_a_relative_virtual_environment_is_found(tmp_path: Path, environment: dict[str, str], place: str) -> None:
    """It is looked for in the project first, then beside the plugin's folder."""
    copy = tmp_path / "kit" / "plugin" / LAUNCHER.name
    copy.parent.mkdir(parents=True)
    shutil.copy(LAUNCHER, copy)
    project = tmp_path / "project"
    project.mkdir()
    python = (project if place == "project" else tmp_path / "kit") / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ran $*"\n')
    python.chmod(0o755)
    environment["PULUMI_RUNTIME_VIRTUALENV"] = "env"
    done = subprocess.run([copy, "address"], capture_output=True, text=True, env=environment, cwd=project, check=True)
    assert done.stdout == "ran -P -m plugin.server address\n"


def test_starting_imports_neither_the_sdk_nor_a_client(environment: dict[str, str]) -> None:
    """What a start does not need is imported when it is asked for."""
    code = (
        "import sys; from plugin import server; server.protocol_only()\n"
        "import plugin.servicer, plugin.resources.readiness, plugin.resources.record_set, plugin.resources.owner\n"
        "heavy = ('boto3', 'botocore', 'dns', 'httpx', 'mailstack.settings', 'pulumi.output')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"

"""The mail cloud's process as its users see it: start, stop, status."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

START_SECONDS = 60.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 10.0
LOG_LINES = 5
# What belongs to one world: it is worth nothing once that world is gone. pulumi-home holds plugins and stays.
OF_ONE_WORLD = ("sandbox.json", "sandbox.json.new", "ca.pem", "server.pem", "server.key", "mail", "state")
# Settings of the caller's clouds are none of this world's business.
NOT_INHERITED = ("AWS_", "CLOUDFLARE_", "MOTO_", "PULUMI_", "RESEND_", "MAILSTACK_")


class SandboxError(Exception):
    """A mail cloud that does not run, cannot start or cannot be asked: one sentence for the user."""


def start(directory: Path) -> dict[str, Any]:
    """Start the mail cloud of a directory and wait until it answers; where it runs, only say so.

    Returns sandbox.json with `running` and `fresh`: true where an earlier world, now gone, was cleared away.
    Raises SandboxError with the end of the log where it does not come up.
    """
    directory = Path(directory).absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _lock(directory):
            found = status(directory)
            if found["running"]:
                return {**found, "fresh": False}
            fresh = clear(directory)
            _wait(directory, _spawn(directory))
            return {**status(directory), "fresh": fresh}
    except OSError as error:
        raise SandboxError(f"the directory {directory} cannot be used: {error}") from None


def stop(directory: Path) -> None:
    """End the mail cloud of a directory, if it runs, and wait until it is gone; SandboxError where it does not go."""
    import signal

    directory = Path(directory).absolute()
    found = status(directory)
    if not found["running"]:
        return
    pid = int(found["pid"])
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if _gone(pid):
                return
            time.sleep(0.02)
    raise SandboxError(f"the mail cloud in {directory} (process {pid}) does not end")


def status(directory: Path) -> dict[str, Any]:
    """Give sandbox.json with `running` true where its world answers, else only `running` false.

    A process of another program that got the same pid or port is not taken for it: the world's id must be the same.
    Raises SandboxError where the process lives and does not answer in time.
    """
    directory = Path(directory).absolute()
    try:
        info = json.loads((directory / "sandbox.json").read_text())
        world, pid, port = info["world"], int(info["pid"]), int(info["ports"]["control"])
    except (OSError, ValueError, KeyError, TypeError):
        return {"running": False}
    try:
        answer = _ask(port)
    except TimeoutError:
        if _gone(pid):
            return {"running": False}
        raise SandboxError(
            f"the mail cloud in {directory} (process {pid}) does not answer; look at sandbox.log there, or end it"
        ) from None
    if answer.get("world") != world or answer.get("pid") != pid:
        return {"running": False}
    return {**info, "running": True}


def _ask(port: int) -> dict[str, Any]:
    """Ask a control API for its status; {} where nothing or something else listens, TimeoutError without answer."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/status")
        answer = json.loads(connection.getresponse().read())
    except TimeoutError:
        raise
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}


def clear(directory: Path) -> bool:
    """Remove what an earlier world left; only where its log proves that a mail cloud was here."""
    import shutil

    if not (directory / "sandbox.log").exists():
        return False
    left = [directory / name for name in OF_ONE_WORLD if (directory / name).exists()]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bool(left)


def _spawn(directory: Path) -> Popen[bytes]:
    import subprocess
    import sys

    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    root = str(Path(__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
    with (directory / "sandbox.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox", "--dir", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,  # so that Ctrl-C for the caller is none for the mail cloud
        )


def _wait(directory: Path, process: Popen[bytes]) -> None:
    """Wait until the new process says in sandbox.json that all its ports are open; else it is ended."""
    deadline = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SandboxError(f"the mail cloud did not start: {_log_end(directory)}")
            if (directory / "sandbox.json").exists():
                # It lives on by itself: without this, Popen would warn of a child that nobody waits for.
                process.returncode = 0
                return
            time.sleep(0.05)
        raise SandboxError(f"the mail cloud did not start within {START_SECONDS:g} seconds: {_log_end(directory)}")
    except BaseException:  # Ctrl-C, too: a process that nobody knows of would run for ever
        process.kill()
        process.wait()
        raise


def _log_end(directory: Path) -> str:
    path = directory / "sandbox.log"
    lines = path.read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
    return " | ".join(line.strip() for line in lines) or f"{path} is empty"


def _gone(pid: int) -> bool:
    """Say whether a process has ended; one of our own children is taken off the system's list at that."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return True  # the pid is another user's now
    return False


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one caller at a time start the mail cloud of a directory."""
    import fcntl

    with (directory / "sandbox.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

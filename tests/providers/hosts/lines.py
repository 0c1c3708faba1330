"""Lines between a client and a server of this machine, which may lose the answers of writes: HTTP, and DNS over TCP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import ThreadingHTTPServer

import dns.message
import dns.opcode
import httpx

from tests.providers.serving import Quiet, running

from .suite import Line

_OF_THIS_CONNECTION = ("transfer-encoding", "content-encoding", "content-length", "connection", "date", "server")


def http_line(url: str, line: Line, is_write: Callable[[str, str, bytes], bool]) -> AbstractContextManager[str]:
    """Carry requests to `url` and give the line's own URL; `is_write` judges method, path and body."""

    class Carrier(Quiet):
        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):  # every method goes the same way
                return self._carry
            raise AttributeError(name)

        def _carry(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            writes = is_write(self.command, self.path, body)
            if writes:
                line.sends()
            headers = [(name, text) for name, text in self.headers.items() if name.lower() != "connection"]
            answer = httpx.request(self.command, url + self.path, headers=headers, content=body, timeout=30)
            if writes and line.loses():
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name, text in answer.headers.items():
                if name.lower() not in _OF_THIS_CONNECTION:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    return running(ThreadingHTTPServer(("127.0.0.1", 0), Carrier))


# Given a request and what asks the name server, return the answer; None closes the connection without one.
Carry = Callable[[bytes, Callable[[bytes], bytes]], bytes | None]


@contextmanager
def message_line(
    port: int, line: Line, watch: Callable[[dns.message.Message], object] = lambda message: None
) -> Iterator[int]:
    """Carry DNS messages to a port and give the line's own; `watch` sees each request."""

    def carry(request: bytes, ask: Callable[[bytes], bytes]) -> bytes | None:
        message = dns.message.from_wire(request, keyring=False)
        watch(message)
        if not is_update(request):
            return ask(request)
        line.sends()
        answer = ask(request)
        return None if line.loses() else answer

    with carrying(port, carry) as own:
        yield own


@contextmanager
def carrying(port: int, carry: Carry) -> Iterator[int]:
    """Listen for DNS messages over TCP, carry them to a port as `carry` does, and give the port that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def ask(request: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", port), 5) as upstream:
                return exchange(upstream, request)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rwb") as stream:
                    request = stream.read(int.from_bytes(stream.read(2), "big"))
                    if (answer := carry(request, ask)) is not None:
                        stream.write(len(answer).to_bytes(2, "big") + answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def exchange(connection: socket.socket, message: bytes) -> bytes:
    """Send one message and return the answer (RFC 1035 section 4.2.2)."""
    with connection.makefile("rwb") as stream:
        stream.write(len(message).to_bytes(2, "big") + message)
        stream.flush()
        return stream.read(int.from_bytes(stream.read(2), "big"))


def is_update(request: bytes) -> bool:
    """Tell whether a message is an update that changes something."""
    message = dns.message.from_wire(request, keyring=False)
    return message.opcode() == dns.opcode.UPDATE and bool(message.sections[2])

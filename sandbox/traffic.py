"""The traffic of the APIs: the log of requests, and the faults that answer some, delay some, or lose the answer."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_LOG = 100_000


@dataclass
class Fault:
    """An answer in place of a service's own, for the next requests that match; without a status only a delay.

    With `lost` the service does what it is asked, and the connection ends before its answer.
    """

    service: str
    match: re.Pattern[str]
    status: int | None = None
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    delay: float = 0.0
    lost: bool = False

    def response(self) -> Response | None:
        """Wait as told and give the answer, None where the service is to answer itself."""
        time.sleep(self.delay)
        if self.status is None:
            return None
        is_json = not isinstance(self.body, str)
        kind = "application/json" if is_json else "text/plain"
        response = Response(json.dumps(self.body) if is_json else self.body, self.status, content_type=kind)
        for name, value in self.headers.items():
            response.headers[name] = value
        return response


class Traffic:
    """The log of API requests, and the faults that answer some of them."""

    def __init__(self) -> None:
        self._requests: deque[dict[str, str]] = deque(maxlen=LONGEST_LOG)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._here = threading.local()

    def see(self, service: str, method: str, path: str, **more: str) -> Response | None:
        """Note a request (`more`: account, action, region where known) and give the fault that answers it, if any."""
        with self._lock:
            self._requests.append({"service": service, "method": method, "path": path, **more})
            fault = next((one for one in self._faults if _hits(one, service, method, path, more)), None)
            if fault is not None:
                fault.times -= 1
                self._faults = [one for one in self._faults if one.times > 0]
        if fault is None:
            return None
        self._here.lost = fault.lost
        return fault.response()

    def losing(self, app: WSGIApplication) -> WSGIApplication:
        """Wrap a service so that a fault can lose its answer: ConnectionError then, on which the server hangs up."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self._here.lost = False  # one thread serves one connection, so this is the request's own
            answer = app(environ, start_response)
            if not self._here.lost:
                return answer
            for _ in answer:
                pass
            raise ConnectionResetError("the answer is lost, as a fault says")

        return serve

    def requests(self) -> list[dict[str, str]]:
        """List the requests so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._requests.clear()

    def add(self, fault: Fault) -> None:
        """Let a fault answer the next requests that match."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()


def _hits(fault: Fault, service: str, method: str, path: str, more: Mapping[str, str]) -> bool:
    """Say whether a fault is for a request: its pattern fits "METHOD path" or AWS's name of the action."""
    texts = [f"{method} {path}", *filter(None, [more.get("action")])]
    return fault.service == service and any(fault.match.fullmatch(text) for text in texts)

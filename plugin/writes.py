"""The writes in progress: one at a time for each slot, and none that outlives the answer to Cancel."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import TypeVar

Result = TypeVar("Result")
# The engine gives a cancelled step ten seconds before it kills the plugin.
PATIENCE = 6.0  # seconds
_LOOK_EVERY = 0.1  # seconds between looks whether the run was cancelled


class Cancelled(Exception):
    """The run was cancelled before a call was made, or while its answer was awaited."""


class Unfinished(Exception):
    """The run was cancelled, and a write that had begun did not end in time."""


class Writes:
    """Makes writes on threads of their own, so that a cancelled run can be answered in time."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Take how many seconds a write may go on after a run is cancelled."""
        self._patience = patience
        self._slots: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)
        self._begun: set[Future[object]] = set()
        self._lock = threading.Lock()
        self._is_open = True

    def run(self, slot: Hashable, call: Callable[[], Result], cancelled: threading.Event) -> Result:
        """Make a write when no other one of its slot is on its way; raises Cancelled, Unfinished."""
        with self._lock:
            lock = self._slots[slot]
        while not lock.acquire(timeout=_LOOK_EVERY):
            if cancelled.is_set():
                raise Cancelled
        future: Future[Result] = Future()
        with self._lock:
            if cancelled.is_set() or not self._is_open:
                lock.release()
                raise Cancelled
            self._begun.add(future)  # type: ignore[arg-type]  # it is only waited for
        threading.Thread(target=self._make, args=(future, call, lock), daemon=True, name="write").start()
        while not wait([future], _LOOK_EVERY).done:
            if cancelled.is_set() and not wait([future], self._patience).done:
                raise Unfinished
        return future.result()

    def close(self) -> bool:
        """Begin no more writes and wait for those on their way; tells whether all have ended."""
        with self._lock:
            self._is_open = False
            begun = set(self._begun)
        return not wait(begun, self._patience).not_done

    def open(self) -> None:
        """Begin writes again."""
        with self._lock:
            self._is_open = True

    def _make(self, future: Future[Result], call: Callable[[], Result], lock: threading.Lock) -> None:
        try:
            result = call()
        except BaseException as error:  # it is raised again where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            lock.release()
            with self._lock:
                self._begun.discard(future)

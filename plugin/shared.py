"""Answers that are asked for once: callers that want the same at the same time share one request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """What was answered, by key. A failure is raised for all who waited for it and is not kept."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], Result]) -> Result:
        """Return the answer of a key, asked for by the first caller."""
        with self._lock:
            future = self._answers.get(key)
            first = future is None
            future = self._answers.setdefault(key, Future())
        if first:
            try:
                future.set_result(ask())
            except BaseException as error:
                self._forget(key, future)
                future.set_exception(error)
        return cast(Result, future.result())

    def forget(self, key: Hashable) -> None:
        """Have the next caller ask again."""
        with self._lock:
            self._answers.pop(key, None)

    def _forget(self, key: Hashable, future: Future[Any]) -> None:
        with self._lock:
            if self._answers.get(key) is future:
                del self._answers[key]

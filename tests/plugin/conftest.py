"""The plugin, serving RecordSet for hosts in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.resources.record_set import RecordSet
from plugin.writes import Writes

from .fakes import FakeHost, table
from .harness import Served, serving


@pytest.fixture(name="host")
def _host() -> FakeHost:
    return FakeHost()


@pytest.fixture(name="plugin")
def _plugin(host: FakeHost) -> Iterator[Served]:
    others = FakeHost(name="cloudflare", keeps_marks=True), FakeHost(name="manual", publishes=False)
    with serving(RecordSet(), table(host, *others), writes=Writes(patience=5)) as plugin:
        yield plugin

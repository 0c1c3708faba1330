"""The README's commands run in the same world as the engine tests."""

from __future__ import annotations

from tests.engine.conftest import _world  # noqa: F401 - pytest finds the fixture `world` by this name

"""Configuration as text that can be shown, encoded and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailstack.paths import Part, key_path
from mailstack.settings.problems import Problems


def readable(config: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return a configuration whose keys are all text; note what no text may hold: half of a UTF-16 pair."""
    return {
        _text(str(key), (_shown(str(key)),), problems): _readable(value, (_shown(str(key)),), problems)
        for key, value in config.items()
    }


def _readable(value: Any, at: tuple[Part, ...], problems: Problems) -> Any:
    if isinstance(value, str):
        return _text(value, at, problems)
    if isinstance(value, Mapping):
        return {
            _text(str(key), (*at, _shown(str(key))), problems): _readable(each, (*at, _shown(str(key))), problems)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_readable(each, (*at, index), problems) for index, each in enumerate(value)]
    return value


def _text(text: str, at: tuple[Part, ...], problems: Problems) -> str:
    shown = _shown(text)
    if shown != text:
        problems.add(key_path(*at), r"holds half of a UTF-16 pair (\ud800 to \udfff); write the whole character")
    return shown


def _shown(text: str) -> str:
    """Escape what UTF-8 cannot encode."""
    return text.encode(errors="backslashreplace").decode()

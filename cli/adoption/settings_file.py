"""A stack's settings file, changed in place: what is not touched keeps its comments, order and quotes."""

from __future__ import annotations

import difflib
import io
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from mailstack.errors import MailstackError


class SettingsFile:
    """The YAML of one stack, read once, changed in memory, written where the caller says."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises MailstackError where it is not there or is no YAML mapping."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        self.path = path
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096  # long values stay on their line
        try:
            self.before = path.read_text()
            self._content = self._yaml.load(self.before)
        except OSError as error:
            raise MailstackError(
                f"{path}: cannot be read: {error.strerror}; is this the stack's own project?"
            ) from None
        except YAMLError as error:
            raise MailstackError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
        if not isinstance(self._content, MutableMapping) or not isinstance(self._content.get("config"), MutableMapping):
            raise MailstackError(f"{path}: holds no settings; write a sender and its zone under config: first")

    def set(self, path: Sequence[str], value: Any) -> None:
        """Write a value under a key path such as ("mailstack:domains", "example.com", "dmarc"); lists grow by it."""
        at: MutableMapping[str, Any] = self._content["config"]
        for key in path[:-1]:
            at = self._mapping(at, key)
        written = at.get(path[-1])
        if isinstance(value, list) and isinstance(written, list):
            written.extend(one for one in value if one not in written)
        else:
            at[path[-1]] = value

    def text(self) -> str:
        """Return the whole file as it is now."""
        stream = io.StringIO()
        self._yaml.dump(self._content, stream)
        return stream.getvalue()

    def diff(self) -> str:
        """Return what changed as a unified diff, "" where nothing did."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True), self.text().splitlines(keepends=True), self.path.name, self.path.name
        )
        return "".join(lines) if self.before != self.text() else ""

    @staticmethod
    def _mapping(at: MutableMapping[str, Any], key: str) -> MutableMapping[str, Any]:
        """Return the mapping under a key, made where there is none; a domain's key may be in any spelling."""
        found = next((name for name in at if str(name).lower().removesuffix(".") == key.lower()), key)
        if not isinstance(at.get(found), MutableMapping):
            at[found] = {}
        inside: MutableMapping[str, Any] = at[found]
        return inside

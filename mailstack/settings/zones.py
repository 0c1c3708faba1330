"""Where the records of a zone are published: what is written under mailstack:dns."""

from __future__ import annotations

from pydantic import BaseModel, SerializeAsAny

from mailstack.model import Model


class Host(Model):
    """One DNS host that serves a zone."""

    host: str
    """Its name in the catalog."""
    keys: SerializeAsAny[BaseModel]
    """What is written for it, as its declaration reads it."""

    @property
    def zone_id(self) -> str | None:
        """Return the host's id of the zone, where the settings name it."""
        return getattr(self.keys, "zone_id", None)


class Zone(Model):
    """A zone and who serves it: one host or, while it moves, several, at each of which the records are published."""

    hosts: tuple[Host, ...]

"""What single settings ask for, before it is compared with everything else at the same name and type."""

from __future__ import annotations

from dataclasses import dataclass

from mailstack.mail.policy_records import Kind, kind
from mailstack.settings.model import Domain

from .records import Pending, Value


@dataclass(frozen=True, slots=True)
class Draft:
    """One value that one setting asks for.

    at: the key path of the setting.
    ttl: seconds where the setting writes them, None where the record takes those of its set.
    route: key of the route that needs it; None where the domain does.
    slot: names it in the state where its name is pending; "" where name and type do.
    extra: it is somebody else's, named by `records.also`.
    kept: the settings keep it as adoption found it.
    """

    name: str | Pending
    type: str
    value: Value | Pending
    purpose: str
    domain: Domain
    at: str
    ttl: int | None = None
    route: str | None = None
    slot: str = ""
    extra: bool = False
    kept: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return name and type as text: drafts with the same key share one record set."""
        return str(self.name), self.type

    @property
    def what(self) -> str:
        """Name the record set in a sentence."""
        return f"{self.type} {self.name}"

    @property
    def policy(self) -> Kind | None:
        """Return the kind of policy record that the value is, None for any other value."""
        return self.policy_of(self.value)

    def policy_of(self, value: Value | Pending) -> Kind | None:
        """Return the kind of policy record that a value would be in the draft's place."""
        return kind(str(self.name), str(value)) if self.type == "TXT" else None

"""The plan: everything that a stack wants, as plain values. Made from the settings, read by components and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mailstack.settings import model

from .records import PlannedRecord

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong or worth saying.

    id: names the check. where: a key path or a record. what, why, remedy: a sentence each; `why` may be "".
    """

    id: str
    level: Level
    where: str
    what: str
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {'; '.join(filter(None, (self.what, self.why, self.remedy)))}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way out for a domain's mail, with what the settings say of it.

    key: "<domain>/<route>". resource: how the names of its resources begin. manage: whether this stack owns the domain.
    """

    key: str
    domain: str
    name: str
    resource: str
    manage: bool
    settings: model.Route

    @property
    def region(self) -> str:
        """Return the provider's region, "" where it has none."""
        return self.settings.region


@dataclass(frozen=True, slots=True)
class Login:
    """One sender's SMTP login: `kind` is create, given or none."""

    sender: str
    route: str
    kind: Literal["create", "given", "none"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack wants. `zones` maps the zones that are written to to their hosts; `policies` are MTA-STS texts."""

    settings: model.Settings
    zones: Mapping[str, tuple[str, ...]]
    records: tuple[PlannedRecord, ...]
    routes: Mapping[str, Route]
    logins: Mapping[str, Login]
    policies: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

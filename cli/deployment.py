"""A stack's state, as `pulumi stack export` shows it, secrets sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.engine import Engine
from cli.preview import Step

OWNER = "mailstack:index:Owner"


@dataclass(frozen=True)
class Deployment:
    """The resources of a stack, and the operations that never ended."""

    resources: Sequence[Mapping[str, Any]]
    pending: Sequence[Step]

    @classmethod
    def read(cls, engine: Engine, choice: Sequence[str]) -> Deployment:
        """Export a stack's state; raises EngineError."""
        exported = json.loads(engine.read("stack", "export", *choice)).get("deployment") or {}
        operations = exported.get("pending_operations") or []
        pending = [Step.of_state(str(one["type"]), one["resource"]) for one in operations]
        return cls(exported.get("resources") or [], pending)

    @property
    def owners(self) -> frozenset[str]:
        """Return the ids by which the stack knows what it made; none before its first `pulumi up`."""
        return frozenset(
            str((one.get("outputs") or {}).get("ownerId")) for one in self.resources if one["type"] == OWNER
        )

    @property
    def urns(self) -> frozenset[str]:
        """Return the URNs of the resources."""
        return frozenset(str(one["urn"]) for one in self.resources)

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Return type and logical name of the resources."""
        return frozenset((str(one["type"]), str(one["urn"]).rsplit("::", 1)[1]) for one in self.resources)

    def ids(self, type_token: str) -> frozenset[str]:
        """Return the ids of the resources of one type."""
        return frozenset(str(one["id"]) for one in self.resources if one["type"] == type_token and one.get("id"))

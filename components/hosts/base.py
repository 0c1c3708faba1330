"""What the program asks of a kind of DNS host: which resources publish a record set, and what stands there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from components.planned import PlannedRecord
from mailstack.dns.records import RecordSet
from mailstack.settings import Host
from providers.dns.base import StandingRecord


@dataclass(frozen=True)
class HostZone:
    """A zone at its host; `name_servers` is empty where its id was given and nothing was asked."""

    id: pulumi.Input[str]
    name: str
    name_servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intended:
    """What the inputs of a record's resource say that it will write; `zone` is as the host's look-up names it."""

    zone: str
    name: str
    type: str
    contents: tuple[str, ...]


Options = Callable[[], pulumi.ResourceOptions]


class Publisher(Protocol):
    """One DNS host as the program uses it."""

    @property
    def kind(self) -> str:
        """The host's name in the settings; it is part of the name of its hooks."""

    @property
    def title(self) -> str:
        """The host's name in sentences."""

    @property
    def mark(self) -> str | None:
        """The mark that it leaves on what it makes, None where the host keeps no marks."""

    @property
    def keeps_sets(self) -> bool:
        """Tell whether all values of one name and type are one thing there."""

    @property
    def lists_zones(self) -> bool:
        """Tell whether one look-up answers for a whole zone, else it answers for one name."""

    def check(self, record: RecordSet) -> None:
        """Refuse a record set that the host would refuse; raises RecordError."""

    def find_zone(self, zone: str, host: Host, parent: pulumi.Resource) -> HostZone:
        """Find a zone; raises VendorError or VendorError where the host has no such zone or does not show it."""

    def declare(
        self, name: str, record: PlannedRecord, zone: HostZone, hooks: ResourceHookBinding | None, options: Options
    ) -> list[pulumi.Resource]:
        """Declare the resources that publish a record set."""

    def intended(self, inputs: Mapping[str, Any]) -> Intended | None:
        """Read a resource's inputs; None where one of them is not known yet."""

    async def standing(self, intended: Intended, component: pulumi.Resource) -> Sequence[StandingRecord]:
        """List what stands at the intended name, and maybe elsewhere in its zone; raises VendorError."""

    def refused(self, zone: str, words: str) -> str:
        """Say that the look-up of what stands in a zone was refused, and what to do."""


def known(*values: Any) -> bool:
    """Tell whether every value is given and known, as hooks are handed them."""
    return None not in values

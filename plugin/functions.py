"""The plugin's functions, through which the program looks things up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from mailstack.errors import InvalidValue
from providers.dns.base import HostedZone

from .clients import Clients
from .inputs import Inputs, problems, properties, required
from .wire import Values

Arguments = TypeVar("Arguments", bound=Inputs)
_TEXT: Mapping[str, Any] = {"type": "string"}
_ANY: Mapping[str, Any] = {"$ref": "pulumi.json#/Any"}


class ZonesArguments(Inputs):
    """Which zones are looked up."""

    zones: Mapping[str, list[str]]
    """The DNS hosts by zone."""
    account: bool
    """Whether to tell the AWS account, too."""


class ExistingArguments(Inputs):
    """What is looked up at a DNS host or at SES."""

    of: str
    """The DNS host, or ses."""
    zone: str = ""
    """At a DNS host: the zone."""
    zone_id: str = ""
    """At a DNS host: the host's id of the zone."""
    names: list[str] = Field(default=[])
    """At a DNS host: full names, without trailing dot."""
    region: str = ""
    """At SES: the region."""
    kind: Literal["identity", "configurationSet", "user"] = "identity"
    """At SES: what is looked up."""
    name: str = ""
    """At SES: its name."""
    path: str = Field(default="/mailstack/", pattern=r"^/([!-.0-~]+/)*$")
    """At SES: the path below which users are listed."""
    fresh: bool = False
    """Whether to ask again what was answered before."""

    @model_validator(mode="after")
    def _complete(self) -> ExistingArguments:
        needed = {"region": self.region, "name": self.name} if self.of == "ses" else {"zone": self.zone}
        if lacking := [key for key, value in needed.items() if not value]:
            raise PydanticCustomError("missing", "{keys}: missing; give it", {"keys": " and ".join(lacking)})
        return self


@dataclass(frozen=True)
class Function(Generic[Arguments]):
    """A function: its arguments, what it answers with, and how."""

    name: str
    description: str
    arguments: type[Arguments]
    outputs: Mapping[str, Any]
    required: tuple[str, ...]
    answer: Callable[[Arguments, Clients], Values]

    def check(self, given: Values) -> Arguments:
        """Return the arguments; raises InvalidValue."""
        if wrong := problems(self.arguments, given, title=self.name):
            raise InvalidValue(f"{self.name}: {'; '.join(wrong.values())}")
        return self.arguments.model_validate(given)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The function's part of the package schema."""
        return {
            "description": self.description,
            "inputs": {"properties": properties(self.arguments)[0], "required": required(self.arguments)},
            "outputs": {"properties": dict(self.outputs), "required": list(self.required)},
        }


def _zones(arguments: ZonesArguments, clients: Clients) -> Values:
    found = clients.zones(arguments.zones)
    shown = {zone: {host: _zone(at) for host, at in hosts.items()} for zone, hosts in found.items()}
    return {"zones": shown, **({"awsAccount": clients.account_id()} if arguments.account else {})}


def _zone(zone: HostedZone) -> Values:
    return {"id": zone.id, "nameServers": list(zone.name_servers)}


def _existing(arguments: ExistingArguments, clients: Clients) -> Values:
    if arguments.of == "ses":
        given = arguments.region, arguments.kind, arguments.name, arguments.path
        found = clients.existing_at_ses(*given, fresh=arguments.fresh)
        if found is None:
            return {}
        return {"existing": {"arn": found.arn, "mark": found.mark, "configurationSet": found.configuration_set}}
    zone = HostedZone(arguments.zone_id, arguments.zone)
    records = clients.existing(arguments.of, zone, arguments.names, fresh=arguments.fresh)
    return {
        "records": [
            {
                "name": record.name,
                "type": record.type,
                "content": record.content,
                "ttl": record.ttl,
                "mark": record.mark,
                "id": record.id,
                "locked": record.locked,
                "isAlias": record.is_alias,
            }
            for record in records
        ]
    }


ZONES: Function[ZonesArguments] = Function(
    name="zones",
    description="The zones at their DNS hosts, and the AWS account.",
    arguments=ZonesArguments,
    outputs={
        "zones": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": _ANY},
            "description": "Id and name servers by zone and host; no name servers where they are not known.",
        },
        "awsAccount": {**_TEXT, "description": "The account's 12 digits."},
    },
    required=("zones",),
    answer=_zones,
)
EXISTING: Function[ExistingArguments] = Function(
    name="existing",
    description="What exists at names of a zone, or one thing at SES.",
    arguments=ExistingArguments,
    outputs={
        "records": {
            "type": "array",
            "items": _ANY,
            "description": "Each value: name, type, content, ttl, mark, id, locked, isAlias.",
        },
        "existing": {"type": "object", "additionalProperties": _TEXT, "description": "ARN, mark, configurationSet."},
    },
    required=(),
    answer=_existing,
)
FUNCTIONS: Mapping[str, Function[Any]] = {f"mailstack:index:{one.name}": one for one in (ZONES, EXISTING)}

"""What a Readiness is asked to wait for, and which changes start a wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from plugin.inputs import Domain, Inputs
from plugin.wire import Values
from providers.dns import visible


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("text", 'give text, an MX as "10 mail.example.com"')
    return value


RecordText = Annotated[str, BeforeValidator(_text)]


class WantedRecord(Inputs):
    """A record set that DNS should show."""

    name: str
    """The full name, without trailing dot."""
    type: str
    """CNAME, MX or TXT."""
    values: list[RecordText]
    """Unquoted text; an MX as "10 mail.example.com"."""
    zone: str = ""
    """The zone that holds the record set."""
    purpose: str = ""
    """What it is for."""


class ReadinessInputs(Inputs):
    """Whose verification is waited for, how long, and what DNS should show meanwhile."""

    provider: Literal["ses"]
    """The SMTP provider: ses."""
    domain: Domain
    """The domain that is to be verified."""
    region: str = Field(min_length=1)
    """The provider's region."""
    mail_from: bool = False
    """Whether a MAIL FROM domain is expected to be verified, too."""
    wait: Literal["off", "warn", "require"] = "warn"
    """off asks once, warn waits when something changed and then warns, require fails the update."""
    wait_seconds: float = Field(default=600, ge=0, allow_inf_nan=False)
    """How long a wait may take."""
    manual: bool = False
    """The records are made by hand: ask once, never wait."""
    records: list[WantedRecord] = Field(default=[])
    """The records that DNS should show."""
    name_servers: Mapping[str, list[str]] = {}
    """The name servers that the records were written to, by zone."""
    hosts: Mapping[str, list[str]] = {}
    """The DNS hosts that publish the records, by zone: one is dropped when no delegation names it."""

    @property
    def required(self) -> bool:
        """Whether a domain that is not verified fails the `up`."""
        return self.wait == "require" and not self.manual

    @property
    def shown(self) -> list[visible.WantedRecord]:
        """The records as DNS is compared with them."""
        return [
            visible.WantedRecord(one.name, one.type, tuple(one.values), one.zone, one.purpose) for one in self.records
        ]

    @property
    def id(self) -> str:
        """The resource's id: the identity that is waited for."""
        return f"{self.provider}/{self.region}/{self.domain}"


def starts_wait(old: Values, new: Values) -> bool:
    """Tell whether a change of inputs is one that the provider has to look at: not how long or where to look."""

    def looked_at(inputs: Values) -> Any:
        given = ReadinessInputs.model_validate(inputs)
        return given.id, given.mail_from, given.manual, {(one.name, one.type, one.values) for one in given.shown}

    return bool(looked_at(old) != looked_at(new))

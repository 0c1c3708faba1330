"""What SES holds: identities and configuration sets, by account and region."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.errors import AwsError, not_found
from sandbox.aws.ses.dkim import DkimKey, DkimKeys

SUCCESS = "SUCCESS"
Resolve = Callable[[str, str], list[str]]


@dataclass
class Identity:
    """A domain or address that mail may come from, and what SES knows of its records. Times are epoch seconds."""

    name: str
    arn: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    configuration_set: str | None = None
    feedback_forwarding: bool = True
    verification_status: str = "PENDING"
    verified_at: float | None = None
    confirmed: bool = False  # an address whose owner followed the link in the verification mail
    checked_at: float | None = None
    error: str | None = None
    easy_tokens: tuple[str, ...] = ()
    own_selector: str | None = None
    own_key: DkimKey | None = field(default=None, repr=False)
    signing_enabled: bool = False
    dkim_status: str = "NOT_STARTED"
    dkim_started: float = 0.0
    dkim_verified_at: float | None = None
    current_key_length: str | None = None
    next_key_length: str = "RSA_1024_BIT"
    key_made_at: float | None = None
    key_length_changes: list[tuple[float, str]] = field(default_factory=list)
    mail_from_domain: str | None = None
    mail_from_status: str | None = None
    mail_from_started: float = 0.0
    behavior_on_mx_failure: str = "USE_DEFAULT_VALUE"

    @property
    def is_address(self) -> bool:
        """Say whether this is a single address rather than a domain."""
        return "@" in self.name

    @property
    def domain(self) -> str:
        """Give the domain, for an address the part after the @."""
        return self.name.rpartition("@")[2]

    @property
    def tokens(self) -> tuple[str, ...]:
        """Give the selectors to publish: three tokens with Easy DKIM, the owner's selector with a key of their own."""
        return self.easy_tokens if self.own_selector is None else (self.own_selector,)

    @property
    def verified(self) -> bool:
        """Say whether mail may be sent: also while a verified domain's records are missing for a time."""
        return self.verification_status in (SUCCESS, "TEMPORARY_FAILURE")


@dataclass
class ConfigurationSet:
    """A configuration set: its options as the API's own structures, and its event destinations by name."""

    name: str
    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    destinations: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Region:
    """What one account has in one region."""

    account: str
    name: str
    partition: str
    production: bool = True
    identities: dict[str, Identity] = field(default_factory=dict)
    configuration_sets: dict[str, ConfigurationSet] = field(default_factory=dict)
    suppressed: dict[str, dict[str, Any]] = field(default_factory=dict)
    suppressed_reasons: list[str] = field(default_factory=lambda: ["BOUNCE", "COMPLAINT"])
    sending_enabled: bool = True
    warm_up: bool = False
    vdm: dict[str, Any] = field(default_factory=lambda: {"VdmEnabled": "DISABLED"})
    details: dict[str, Any] | None = None
    sent: list[float] = field(default_factory=list)

    def arn(self, resource: str) -> str:
        """Make the ARN of a resource such as identity/example.com."""
        return f"arn:{self.partition}:ses:{self.name}:{self.account}:{resource}"

    def identity(self, name: str) -> Identity:
        """Look up an identity; raises SES's NotFoundException."""
        found = self.identities.get(identity_name(name))
        if found is None:
            raise not_found(f"Email identity {name} does not exist.")
        return found

    def configuration_set(self, name: str) -> ConfigurationSet:
        """Look up a configuration set; raises SES's NotFoundException."""
        if name not in self.configuration_sets:
            raise not_found(f"Configuration set <{name}> does not exist.")
        return self.configuration_sets[name]


@dataclass
class Call:
    """One request to SES: the operation's input, whose region it is for, and what the world lends to the handler."""

    region: Region
    params: dict[str, Any]
    keys: DkimKeys
    resolve: Resolve
    now: Callable[[], float] = time.time

    def identity(self) -> Identity:
        """Look up the identity that the request names."""
        return self.region.identity(self.params["EmailIdentity"])

    def configuration_set(self) -> ConfigurationSet:
        """Look up the configuration set that the request names."""
        return self.region.configuration_set(self.params["ConfigurationSetName"])


def identity_name(text: str) -> str:
    """Give an identity's name as SES keeps it: the domain in lower case, the part before an @ as it is."""
    local, at, domain = text.rpartition("@")
    return local + at + domain.lower()


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Write tags as the API does."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(params: dict[str, Any]) -> dict[str, str]:
    """Read the tags of a request."""
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    if len(tags) > 50:
        raise AwsError("LimitExceededException", "A resource can have at most 50 tags.")
    return tags

"""The configuration of the provider resource: all credentials, as one secret input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field

from mailstack.errors import MailstackError
from providers.aws import AwsAccount

from .inputs import Inputs, problems, properties
from .wire import Values, is_unknown

CREDENTIALS = "credentials"
_TITLE = "the mailstack provider"


class CloudflareAccess(Inputs):
    """How Cloudflare is reached; CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL fill in."""

    api_token: str | None = Field(default=None, repr=False)
    """API token."""
    base_url: str | None = None
    """URL of the API."""


class HostAccess(Inputs):
    """How one zone is reached at one DNS host."""

    keys: Mapping[str, Any] = {}
    """The host's keys under `mailstack:dns.<zone>`."""
    secrets: Mapping[str, Any] = Field(default={}, repr=False)
    """The host's keys under `mailstack:secrets.dns.<zone>`."""


class Credentials(Inputs):
    """All that the plugin logs in with; every part may be left out."""

    aws: AwsAccount = AwsAccount()
    """The AWS account, in the keys of pulumi-aws."""
    cloudflare: CloudflareAccess = CloudflareAccess()
    """The Cloudflare account, in the keys of pulumi-cloudflare."""
    dns: Mapping[str, Mapping[str, HostAccess]] = {}
    """The DNS hosts by zone and host."""


class Configuration(Inputs):
    """The inputs of the provider resource."""

    credentials: Credentials = Credentials()
    """All credentials, as JSON text."""


class ConfigurationError(MailstackError):
    """A key of the provider's configuration that cannot be used."""


def faults(config: Values) -> dict[str, str]:
    """Return what is wrong with a configuration, by key; unknown values are passed, and no given value is quoted."""
    try:
        return problems(Configuration, _opened(config), title=_TITLE, secret=True)
    except ConfigurationError as error:
        return {CREDENTIALS: str(error)}


def credentials(config: Values) -> Credentials:
    """Return the credentials of a configuration; raises ConfigurationError."""
    wrong = faults(config)
    if wrong:
        raise ConfigurationError("; ".join(wrong.values()))
    return Configuration.model_validate(_opened(config)).credentials


def secrets(given: Credentials) -> Iterator[str]:
    """Yield the texts that must never be shown: what the models keep out of their `repr`, and passwords in URLs.

    Names of servers, keys, profiles, roles and endpoints travel in the same secret input, but sentences need them.
    """
    yield from _hidden(given)
    for url in (*given.aws.endpoints.values(), given.cloudflare.base_url or ""):
        yield unquote(urlsplit(url).password or "")


def _hidden(value: Any, inside: bool = False) -> Iterator[str]:
    match value:
        case str() if inside:
            yield value
            if password := urlsplit(value).password if "://" in value else None:
                yield unquote(password)
        case Mapping():
            for item in value.values():
                yield from _hidden(item, inside)
        case list() | tuple():
            for item in value:
                yield from _hidden(item, inside)
        case BaseModel():
            for name, field in type(value).model_fields.items():
                yield from _hidden(getattr(value, name), inside or not field.repr)


def schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe the configuration for the package schema: properties and types, everything secret."""
    return properties(Configuration, secret=True)


def _opened(config: Values) -> Values:
    """Return a configuration with its JSON text read: that is how SDKs send a provider's inputs."""
    given = config.get(CREDENTIALS)
    if not isinstance(given, str) or is_unknown(given):
        return config
    try:
        return {**config, CREDENTIALS: json.loads(given) if given else {}}
    except ValueError:
        raise ConfigurationError(f"{CREDENTIALS}: the text is not JSON; give a JSON object") from None

"""The configuration of the provider resource: whose AWS account is asked, and how DNS hosts are reached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mailstack.errors import MailstackError
from providers.aws import AwsAccount

from .wire import Values, is_unknown

DNS_HOSTS = "dnsHosts"
KEYS = (DNS_HOSTS, "awsProfile", "awsAssumeRoles", "awsEndpoints", "awsAccessKey", "awsSecretKey", "awsToken")
SECRET_KEYS = ("awsSecretKey", "awsToken")
_DNS_SECRETS = ("secret", "options")  # of a DNS host; which of its options are secret only its vendor knows
SCHEMA: Mapping[str, Any] = {
    "awsProfile": {"type": "string", "description": "Profile of the AWS configuration files."},
    "awsAssumeRoles": {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "string"}},
        "description": "Roles to assume in turn: roleArn, sessionName, externalId.",
    },
    "awsEndpoints": {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "string"}},
        "description": "URLs by service (sesv2, sts).",
    },
    "awsAccessKey": {"type": "string", "description": "Access key id."},
    "awsSecretKey": {"type": "string", "secret": True, "description": "Secret access key."},
    "awsToken": {"type": "string", "secret": True, "description": "Session token."},
    "dnsHosts": {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
        "secret": True,
        "description": "How the DNS hosts are reached that the plugin writes to: options by host (rfc2136, lexicon), "
        "by zone.",
    },
}


class ConfigurationError(MailstackError):
    """A key of the provider's configuration that cannot be used."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key


def account(config: Values) -> AwsAccount:
    """Return the account that a configuration names; raises ConfigurationError.

    Values that are not strings may come as JSON text: that is how SDKs send a provider's inputs.
    """
    return AwsAccount(
        profile=_text(config, "awsProfile"),
        assume_roles=[dict(role) for role in _mappings(config, "awsAssumeRoles")],
        endpoints={key: value for entry in _mappings(config, "awsEndpoints") for key, value in entry.items() if value},
        access_key=_text(config, "awsAccessKey"),
        secret_key=_text(config, "awsSecretKey"),
        token=_text(config, "awsToken"),
    )


def dns_hosts(config: Values) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the options of the hosts that the plugin writes to, by zone and host; raises ConfigurationError."""
    value = config.get(DNS_HOSTS)
    if isinstance(value, str):
        value = _json(value) if value else {}
    zones = value or {}
    shaped = isinstance(zones, Mapping) and all(
        isinstance(hosts, Mapping) and all(isinstance(options, Mapping) for options in hosts.values())
        for hosts in zones.values()
    )
    if not shaped:
        raise ConfigurationError(DNS_HOSTS, "give options by host by zone, or the same as JSON text")
    return {zone: {host: dict(options) for host, options in hosts.items()} for zone, hosts in zones.items()}


def problems(config: Values) -> dict[str, str]:
    """Return what is wrong with a configuration, by key; unknown values are passed."""
    known = {key: value for key, value in config.items() if key in KEYS and not is_unknown(value)}
    try:
        found = account(known)
        dns_hosts(known)
    except ConfigurationError as error:
        return {error.key: str(error)}
    if any(not role.get("roleArn") for role in found.assume_roles):
        return {"awsAssumeRoles": "awsAssumeRoles: a role without roleArn; give the ARN of the role to assume"}
    return {}


def secrets(config: Values, marked: Iterator[str]) -> Iterator[str]:
    """Yield the texts of a configuration that must never be shown: those marked as secret, and what they hold.

    Of a DNS host these are its secret and its options. Server, key and algorithm are marked, too, as parts of one
    secret text, but errors name them; and a key that is called mailstack must not hide that word everywhere.
    """
    yield from (value for key in SECRET_KEYS if isinstance(value := config.get(key), str))
    hosts = [options for zone in dns_hosts(config).values() for options in zone.values()]
    hidden = {text for host in hosts for text in _leaves([host.get(key) for key in _DNS_SECRETS])}
    shown = {text for host in hosts for text in _leaves(host)} - hidden
    yield from hidden
    for text in marked:
        held = _leaves(_json(text)) if text[:1] in "[{" else ()
        yield from (one for one in (text, *held) if one not in shown)


def _text(config: Values, key: str) -> str | None:
    value = config.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(key, f"a {_kind(value)} was given; give text")
    return value or None


def _mappings(config: Values, key: str) -> list[Mapping[str, str]]:
    value = config.get(key)
    if isinstance(value, str):
        value = _json(value) if value else None
    if value is None:
        return []
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, Mapping) or not all(isinstance(item, str) for item in _shallow(entry)):
            raise ConfigurationError(key, "give a list of mappings of text, or the same as JSON text")
    return [{name: item for name, item in entry.items() if isinstance(item, str)} for entry in entries]


def _shallow(entry: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that are used: a role's session tags and policies are nested, and not this plugin's."""
    return (value for value in entry.values() if not isinstance(value, list | dict))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value


def _kind(value: Any) -> str:
    return {bool: "boolean", int: "number", float: "number", list: "list", dict: "mapping"}.get(type(value), "value")

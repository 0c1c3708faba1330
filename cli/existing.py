"""What exists at AWS and at the DNS hosts, asked with the credentials that a stack's providers use."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from cli import stack_file
from cli.engine import Engine
from mailstack.dns.changes import ExistingRecord
from mailstack.settings.load import load
from mailstack.settings.model import Settings
from plugin.clients import Clients
from plugin.configuration import CloudflareAccess, Credentials
from providers import catalog
from providers.aws import AwsAccount
from providers.dns.base import HostedZone
from providers.smtp.ses_client import Kind, Ses


@dataclass(frozen=True)
class Existing:
    """Look-ups for one stack.

    config_file: the file of its configuration. settings: what that says of mail, secrets opened. credentials: all of
    them, as the program hands them to the plugin.
    """

    config_file: Path
    settings: Settings
    credentials: Mapping[str, Any] = field(repr=False)
    clients: Clients
    _told: dict[tuple[Kind, str, str], Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of_stack(cls, engine: Engine, choice: Sequence[str], config_file: Path | None = None) -> Existing:
        """Read a stack's configuration, from another file than its own if one is given.

        Raises CommandError, EngineError, SettingsError.
        """
        file = config_file or stack_file.read(choice[-1] if choice else None).path
        listed = json.loads(engine.read("config", "--json", "--show-secrets", *choice, "--config-file", str(file)))
        config = {key: entry.get("objectValue", entry.get("value")) for key, entry in listed.items()}
        mail = {key.removeprefix("mailstack:"): config[key] for key in config if key.startswith("mailstack:")}
        account = AwsAccount.model_validate(_options(config, "aws", AwsAccount))
        settings = load(mail, catalog(), aws_region=account.home)
        credentials = _credentials(config, settings)
        return cls(file, settings, credentials, Clients(Credentials.model_validate(credentials)))

    def records(self, host: str, zone: str, zone_id: str, names: Collection[str]) -> list[ExistingRecord]:
        """List what exists at names of a zone, asked once; raises VendorError."""
        return self.clients.existing(host, HostedZone(zone_id, zone), names)

    def ses(self, region: str) -> Ses:
        """Return the client of SES in a region."""
        return self.clients.ses(region)

    def described(self, kind: Kind, name: str, region: str = "") -> Mapping[str, Any]:
        """Return what AWS tells of one thing, asked once, {} where there is none; raises VendorError."""
        place = (kind, name, region or self.home)
        if place not in self._told:
            self._told[place] = self.ses(place[2]).described(kind, name) or {}
        return self._told[place]

    @property
    def home(self) -> str:
        """Return the region of the stack's AWS provider."""
        return self.clients.aws.home

    def with_region(self, name: str, region: str) -> str:
        """Write an import id of pulumi-aws 7, which names the region where it is not the provider's own."""
        return name if region in ("", self.home) else f"{name}@{region}"


def _credentials(config: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return all credentials as the program hands them to the plugin, and the ids of zones that the settings name."""
    dns = {
        zone: {
            host.host: {
                "keys": _opened(host.keys),
                "secrets": _opened(settings.secrets.dns.get(zone, {}).get(host.host, {})),
            }
            for host in found.hosts
        }
        for zone, found in settings.dns.items()
    }
    models: dict[str, type[BaseModel]] = {"aws": AwsAccount, "cloudflare": CloudflareAccess}
    return {**{name: _options(config, name, model) for name, model in models.items()}, "dns": dns}


def _options(config: Mapping[str, Any], package: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return the options of a provider that the configuration holds, of those that the plugin takes."""
    keys = [str(field.alias) for field in model.model_fields.values()]
    return {key: config[f"{package}:{key}"] for key in keys if config.get(f"{package}:{key}")}


def _opened(value: Any) -> Any:
    """Return a model, or a part of one, as the settings write it, secrets as plain text."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, exclude_none=True)
    return {key: _opened(one) for key, one in value.items()} if isinstance(value, Mapping) else value

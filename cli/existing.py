"""What stands at SES and at the DNS hosts, asked with the account and the token that the stack uses."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from cli.engine import Engine
from plugin.configuration import account
from providers.aws import CONFIGURATION_KEYS, FIRST_REGION, AwsAccount, region_of_environment
from providers.dns.base import DnsHost, HostedZone, StandingRecord


class Standing:
    """Look-ups of what a stack's resources would meet, each thing asked once."""

    def __init__(self, account: AwsAccount, region: str, cloudflare_token: str | None) -> None:
        """Take what the stack's configuration says."""
        self.account, self.region, self._token = account, region, cloudflare_token
        self._identities: dict[tuple[str, str], dict[str, Any] | None] = {}
        self._records: dict[tuple[str, str], list[StandingRecord]] = {}

    @classmethod
    def of_stack(cls, engine: Engine, choice: Sequence[str]) -> Standing:
        """Read account, region and token from a stack's configuration and the environment, as its providers do."""
        config = json.loads(engine.read("config", "--json", "--show-secrets", *choice))
        values = {key: entry.get("objectValue", entry.get("value")) for key, entry in config.items()}
        region = values.get("aws:region") or region_of_environment()
        token = values.get("cloudflare:apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN")
        # Named as components/account.py names it for the plugin.
        known = {
            ours: values[f"aws:{theirs}"] for ours, theirs in CONFIGURATION_KEYS.items() if f"aws:{theirs}" in values
        }
        return cls(account(known), region or FIRST_REGION, token)

    def identity(self, domain: str, region: str) -> dict[str, Any] | None:
        """Return what SES knows of an identity (GetEmailIdentity), None where there is none."""
        key = (domain, region)
        if key not in self._identities:
            ses = self.account.client("sesv2", region)
            try:
                self._identities[key] = dict(ses.get_email_identity(EmailIdentity=domain))
            except ses.exceptions.NotFoundException:
                self._identities[key] = None
        return self._identities[key]

    def configuration_set(self, name: str, region: str) -> dict[str, Any] | None:
        """Return what SES knows of a configuration set (GetConfigurationSet), None where there is none."""
        ses = self.account.client("sesv2", region)
        try:
            return dict(ses.get_configuration_set(ConfigurationSetName=name))
        except ses.exceptions.NotFoundException:
            return None

    def records(self, host: str, zone_id: str) -> list[StandingRecord]:
        """List what stands in a zone at a host; raises VendorError."""
        key = (host, zone_id)
        if key not in self._records:
            self._records[key] = self._host(host).standing(HostedZone(zone_id, ""))
        return self._records[key]

    def import_id(self, host: str, zone_id: str, record: StandingRecord) -> str:
        """Return the id by which the engine imports the resource that a standing record belongs to."""
        return self._host(host).import_id(HostedZone(zone_id, ""), record)

    def _host(self, name: str) -> DnsHost:
        """Return the adapter of a host that has ids; raises VendorError where it cannot be asked."""
        return self._cloudflare if name == "cloudflare" else self._route53

    def with_region(self, id: str, region: str | None) -> str:
        """Write an import id; the region stands in it where it is not the provider's own (pulumi-aws 7)."""
        return id if region in (None, self.region) else f"{id}@{region}"

    @cached_property
    def _cloudflare(self) -> DnsHost:
        from providers.dns.cloudflare import Cloudflare

        return Cloudflare.from_environment(self._token)

    @cached_property
    def _route53(self) -> DnsHost:
        from providers.dns.route53 import Route53

        return Route53(self.account, self.region)

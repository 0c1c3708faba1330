"""Thin typed classes of resources that the kit declares without their SDK: the plugin's and Cloudflare's records.

Importing pulumi_cloudflare costs more than all the rest of a preview; a record declared here has the same type token,
inputs, default provider and URN as one declared with the SDK's class (tests/components/test_resources.py holds it to
that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, cast

import pulumi

from mailstack.settings import Domain, SesRoute


@cache
def sdk_version(package: str) -> str:
    """Return the installed SDK's version, which is the plugin version that the engine loads for it."""
    return version(package)


class CloudflareRecord(pulumi.CustomResource):
    """One DNS record at Cloudflare (`cloudflare:index/dnsRecord:DnsRecord`)."""

    def __init__(
        self,
        name: str,
        *,
        zone_id: pulumi.Input[str],
        properties: Mapping[str, Any],
        comment: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the record; `properties` are those of providers.dns.cloudflare.properties, values may be outputs."""
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=sdk_version("pulumi_cloudflare")), opts)
        inputs = {"zoneId": zone_id, "comment": comment, **properties}
        super().__init__("cloudflare:index/dnsRecord:DnsRecord", name, inputs, options)


class MailstackProvider(pulumi.ProviderResource):
    """The kit's own provider, told to ask the same AWS account as the AWS provider in use."""

    def __init__(self, name: str, account: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Declare it; `account` has the keys of the plugin's provider configuration (awsProfile, awsAssumeRoles)."""
        super().__init__("mailstack", name, dict(account), opts)


class Readiness(pulumi.CustomResource):
    """The wait until a provider reports a domain verified (`mailstack:index:Readiness`)."""

    status: pulumi.Output[str]
    dkim: pulumi.Output[str]
    missing: pulumi.Output[Sequence[str]]

    def __init__(
        self,
        name: str,
        *,
        domain: Domain,
        route: SesRoute,
        records: Sequence[Mapping[str, Any]],
        name_servers: Mapping[str, Sequence[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare it; `records` are what DNS should show, `name_servers` those that were written to, by zone."""
        inputs = {
            "provider": route.provider,
            "domain": domain.name,
            "region": route.region,
            "mailFrom": True,
            "wait": domain.wait,
            "waitSeconds": domain.wait_minutes * 60,
            "manual": False,
            "records": [
                {key: record[key] for key in ("name", "type", "values", "zone", "purpose")} for record in records
            ],
            "nameServers": name_servers,
        }
        outputs = {"status": None, "dkim": None, "mailFromStatus": None, "missing": None}
        super().__init__("mailstack:index:Readiness", name, {**inputs, **outputs}, opts)

    @property
    def mail_from_status(self) -> pulumi.Output[str]:
        """Return the provider's word on the MAIL FROM domain, "" where none is expected."""
        return cast("pulumi.Output[str]", self.__dict__["mailFromStatus"])

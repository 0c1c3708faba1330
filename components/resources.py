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

from mailstack.settings.model import Domain, Route


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
        comment: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the record; `properties` are those of providers.dns.cloudflare.properties, values may be outputs."""
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=sdk_version("pulumi_cloudflare")), opts)
        inputs = {"zoneId": zone_id, "comment": comment, **properties}
        super().__init__("cloudflare:index/dnsRecord:DnsRecord", name, inputs, options)


class RecordSet(pulumi.CustomResource):
    """The values of one slot in a record set that the kit's own plugin writes (`mailstack:index:RecordSet`)."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Declare it; `inputs` are host, zone, zoneId, name, type, ttl, values and beside, some of them outputs."""
        super().__init__("mailstack:index:RecordSet", name, dict(inputs), opts)


class Owner(pulumi.CustomResource):
    """The mark that only this stack's own state knows (`mailstack:index:Owner`)."""

    mark: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Declare it; `inputs` are stack, formerly, zones and regions."""
        given = {key: value for key, value in inputs.items() if value is not None}
        super().__init__("mailstack:index:Owner", name, {**given, "ownerId": None, "mark": None, "madeFor": None}, opts)


class DkimKey(pulumi.CustomResource):
    """A DKIM key pair that the kit's own plugin makes (`mailstack:index:DkimKey`)."""

    record: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Declare it; `inputs` are domain, selector, algorithm, bits, superseded and graceDays."""
        outputs = {"privateKey": None, "publicKey": None, "record": None, "supersededAt": None}
        # The plugin marks it, too; a preview, which does not know it yet, has only this.
        secret = pulumi.ResourceOptions(additional_secret_outputs=["privateKey"])
        options = pulumi.ResourceOptions.merge(opts, secret)
        super().__init__("mailstack:index:DkimKey", name, {**inputs, **outputs}, options)

    @property
    def private_key(self) -> pulumi.Output[str]:
        """Return the private half, base64 of its PKCS #8 DER."""
        return cast("pulumi.Output[str]", self.__dict__["privateKey"])


class MailstackProvider(pulumi.ProviderResource):
    """The kit's own provider; its one input is the secret JSON text of every credential that it may need."""

    def __init__(self, name: str, credentials: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        """Declare it; `credentials` are those of aws, cloudflare and, by zone and host, dns."""
        super().__init__("mailstack", name, {"credentials": credentials}, opts)


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
        route: Route,
        manual: bool,
        records: Sequence[Mapping[str, Any]],
        name_servers: Mapping[str, Sequence[str]],
        hosts: Mapping[str, Sequence[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare it: `records` are what DNS should show, `name_servers` and `hosts` where they were written, by zone.

        `manual` says that people make the records: then the wait is a question.
        """
        inputs = {
            "provider": route.provider,
            "domain": domain.name,
            "region": route.region,
            "mailFrom": True,
            "wait": domain.wait,
            "waitSeconds": domain.wait_minutes * 60,
            "manual": manual,
            "records": [
                {key: record[key] for key in ("name", "type", "values", "zone", "purpose")} for record in records
            ],
            "nameServers": name_servers,
            "hosts": hosts,
        }
        outputs = {"status": None, "dkim": None, "mailFromStatus": None, "missing": None}
        super().__init__("mailstack:index:Readiness", name, {**inputs, **outputs}, opts)

    @property
    def mail_from_status(self) -> pulumi.Output[str]:
        """Return the provider's word on the MAIL FROM domain, "" where none is expected."""
        return cast("pulumi.Output[str]", self.__dict__["mailFromStatus"])

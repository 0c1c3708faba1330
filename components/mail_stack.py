"""MailStack: from the settings of a stack to senders that may send, records that are published, one bundle each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pulumi

from mailstack import settings as model
from mailstack.settings import Domain, SesRoute

from . import dns_records, outputs
from .account import mailstack_provider
from .dns_records import DnsRecords, HostZone, PlannedRecord, find_zones
from .inputs import OutputsAside
from .ownership import Guard, Owner
from .resources import Readiness
from .senders import declare_senders
from .ses_identity import Identity, SesIdentity, mail_from_records, referenced_identity


class MailStack(pulumi.ComponentResource):
    """Everything that the senders of one stack need, from the settings that a stack's YAML file holds.

    `args` has the keys of the YAML: stage, dns, domains, senders, defaults, secrets. Zone ids, tags, ARNs and secrets
    among them may be outputs. Raises MailstackError for what cannot be built, before anything is declared.
    """

    smtp: pulumi.Output[dict[str, Any]]
    records: pulumi.Output[list[dict[str, Any]]]
    status: pulumi.Output[dict[str, Any]]
    revision: pulumi.Output[dict[str, Any]]
    readme: pulumi.Output[str]
    send_policy: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        """Validate `args`, look up, then declare identities, records, the wait, logins and outputs, in this order."""
        super().__init__("mailstack:index:MailStack", name, None, opts)
        aside = OutputsAside(args)
        self._settings = model.load(aside.plain, aws_region=_region())
        self._zones = {
            zone: found.model_copy(update={"zone_id": aside.restore(found.zone_id)})
            for zone, found in self._settings.dns.items()
        }
        self._name, self._restore = name, aside.restore
        self._owner = Owner(pulumi.get_project(), pulumi.get_stack(), self._settings.stage)
        planned = self._plan_domain_records()
        policies = {str(one.name): str(one.value) for one in planned if one.is_dmarc}
        self._guard = Guard(self, name, self._owner, policies)
        # Whatever may be refused is asked first, so that a mistake leaves nothing half made.
        hosted = self._find_zones(planned)
        self._references = self._look_up_references()
        plugin = mailstack_provider(self, f"{name}-plugin") if self._managed() else None

        self._identities = self._declare_identities()
        published = self._publish(planned, hosted)
        self._attach_mail_from(published)
        waits = self._wait(published, hosted, plugin)
        senders = declare_senders(
            name, self._settings, self._identity, self._restore, self._owner, self._guard, parent=self
        )

        self.smtp = pulumi.Output.secret(outputs.by_name(senders.bundles))
        self.send_policy = outputs.by_name(senders.policies)
        self.revision = outputs.by_name(senders.revisions)
        self.records = pulumi.Output.from_input(dns_records.as_output(published.planned, self._zones))
        self.status = outputs.status(self._settings, waits)
        self.readme = outputs.readme(self._owner, self._settings, self.records, self.status)
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[Any]]:
        """Return what the stack exports, by output name; `sendPolicy` only where a sender has no login."""
        exported: dict[str, pulumi.Output[Any]] = {
            "smtp": self.smtp,
            "records": self.records,
            "status": self.status,
            "revision": self.revision,
            "readme": self.readme,
        }
        if any(sender.login == "none" for sender in self._settings.senders.values()):
            exported["sendPolicy"] = self.send_policy
        return exported

    def _managed(self) -> list[tuple[Domain, str, SesRoute]]:
        """List the routes of the domains that this stack owns."""
        return [
            (domain, key, route)
            for domain in self._settings.domains.values()
            if domain.manage
            for key, route in domain.routes.items()
        ]

    def _plan_domain_records(self) -> list[PlannedRecord]:
        """Plan what belongs to a domain rather than to one of its routes: DMARC, and SPF where it is asked for."""
        planned = []
        for domain in (one for one in self._settings.domains.values() if one.manage):
            if domain.dmarc != "off":
                text = str(domain.dmarc.to_record())
                planned.append(PlannedRecord.fixed(f"_dmarc.{domain.name}", "TXT", domain, text, "DMARC policy"))
            if (spf := domain.spf_record()) is not None:
                planned.append(PlannedRecord.fixed(domain.name, "TXT", domain, str(spf), "SPF of the From domain"))
        return planned

    def _find_zones(self, planned: list[PlannedRecord]) -> dict[str, HostZone]:
        """Find the zones that will be written to; a record that cannot stand there is refused."""
        managed = self._managed()
        returned = [record for domain, _, route in managed for record in mail_from_records(domain, route)]
        return find_zones([*planned, *returned], [domain for domain, _, _ in managed], self._zones, self)

    def _look_up_references(self) -> dict[tuple[str, str], Identity]:
        """Look up the identities that senders use and this stack does not own; a given login needs none."""
        used = {(one.domain, one.via) for one in self._settings.senders.values() if one.login != "given"}
        return {
            (name, key): referenced_identity(domain, domain.routes[key].region, self._owner, self)
            for name, key in sorted(used)
            if not (domain := self._settings.domains[name]).manage
        }

    def _declare_identities(self) -> dict[tuple[str, str], SesIdentity]:
        return {
            (domain.name, key): SesIdentity(
                f"{self._name}-{domain.name}-{route.region}",
                domain,
                route,
                self._restore(route.ses.tags),
                self._owner,
                self._guard,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for domain, key, route in self._managed()
        }

    def _publish(self, planned: list[PlannedRecord], hosted: Mapping[str, HostZone]) -> DnsRecords:
        of_routes = [record for identity in self._identities.values() for record in identity.records]
        return DnsRecords(
            f"{self._name}-dns",
            [*planned, *of_routes],
            hosted,
            self._owner,
            self._guard,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _attach_mail_from(self, published: DnsRecords) -> None:
        for identity in self._identities.values():
            own = [record for record in identity.records if record.type != "CNAME"]
            identity.attach_mail_from([published.published(record) for record in own])

    def _wait(
        self, published: DnsRecords, hosted: Mapping[str, HostZone], plugin: pulumi.ProviderResource | None
    ) -> dict[tuple[str, str], Readiness]:
        """Wait for each route's verification, after its records and its MAIL FROM attribute stand."""
        return {
            (domain.name, key): Readiness(
                f"{self._name}-{domain.name}-{route.region}-readiness",
                domain=domain,
                route=route,
                records=[
                    {**entry, "zone": published.zone_of(record)}
                    for record in self._identities[domain.name, key].records
                    for entry in dns_records.as_output([record], self._zones)
                ],
                name_servers={zone: list(found.name_servers) for zone, found in hosted.items()},
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=plugin,
                    depends_on=[
                        self._identities[domain.name, key].mail_from,
                        *(published.published(record) for record in self._identities[domain.name, key].records),
                    ],
                ),
            )
            for domain, key, route in self._managed()
        }

    def _identity(self, domain: Domain, key: str) -> Identity:
        """Return the identity that a sender uses: our own, or the one that its domain refers to."""
        if not domain.manage:
            return self._references[domain.name, key]
        own = self._identities[domain.name, key]
        return Identity(own.arn, own.configuration_set_arn)


def _region() -> str | None:
    """Return the region of routes that name none: the AWS provider's."""
    return pulumi.Config("aws").get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")

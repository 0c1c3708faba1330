"""MailStack: from the settings of a stack to senders that may send, records that are published, one bundle each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi

from components import dns_records, domain_records, outputs
from components import preflight as live_checks
from components.plugin_provider import mailstack_provider
from mailstack import settings as model
from mailstack.settings import Domain, SesRoute, Zone
from providers.aws import region_of_environment

from .dkim_keys import DkimKeys
from .dns_records import DnsRecords, Places, find_zones, name_servers
from .hosts import publishers
from .inputs import OutputsAside
from .lookups import start_provider
from .ownership import Guard, Owner
from .planned import PlannedRecord
from .record_guard import RecordGuard
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
    policies: dict[str, str]

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        """Validate `args`, look up, then declare identities, records, the wait, logins and outputs, in this order."""
        super().__init__("mailstack:index:MailStack", name, None, opts)
        aside = OutputsAside(args)
        self._settings = model.load(aside.plain, aws_region=_region())
        self._zones = {zone: _restored(found, aside) for zone, found in self._settings.dns.items()}
        self._name, self._restore = name, aside.restore
        self._owner = Owner(pulumi.get_project(), pulumi.get_stack(), self._settings.stage)
        self._guard = Guard(self, name, self._owner)
        # The plugin's provider, declared where something first needs it.
        self._plugin = cache(lambda: mailstack_provider(self, f"{name}-plugin", self._settings, self._restore))
        self._publishers = publishers(self._zones, str(self._owner), self._plugin)
        planned = domain_records.plan(self._settings)
        policies = {str(one.name): str(one.values[0]) for one in planned if one.is_dmarc}
        guards = {kind: RecordGuard(self, name, one, policies) for kind, one in self._publishers.items()}
        # Whatever may be refused is asked first, so that a mistake leaves nothing half made.
        places = self._find_zones(planned)
        live_checks.check_spf(self, self._settings, planned)
        warnings = live_checks.Warnings(self._settings, places)
        self._references = self._look_up_references()
        if self._managed():
            self._plugin()  # declared here, since it is refused where its account cannot be known
            start_provider("aws", self)
        if "cloudflare" in self._publishers:
            start_provider("cloudflare", self)

        self._keys = self._make_dkim_keys(places, guards)
        self._identities = self._declare_identities()
        published = self._publish(planned, places, guards)
        self._attach_mail_from(published)
        self._retire_dkim_keys()
        waits = self._wait(published, places)
        senders = declare_senders(
            name, self._settings, self._identity, self._restore, self._owner, self._guard, parent=self
        )

        self.smtp = pulumi.Output.secret(outputs.by_name(senders.bundles))
        self.send_policy = outputs.by_name(senders.policies)
        self.revision = outputs.by_name(senders.revisions)
        own_keys = [record for keys in self._keys.values() for record in keys.records]
        listed = dns_records.as_output([*published.planned, *own_keys], self._zones)
        self.records = pulumi.Output.from_input(listed)
        self.policies = domain_records.policies(self._settings)
        self.status = outputs.status(self._settings, waits)
        self.readme = outputs.readme(self._owner, self._settings, self.records, self.status)
        warnings.show(self)
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, Any]:
        """Return what the stack exports, by output name; `sendPolicy` and `policies` only where there are some."""
        exported: dict[str, Any] = {
            "smtp": self.smtp,
            "records": self.records,
            "status": self.status,
            "revision": self.revision,
            "readme": self.readme,
        }
        if any(sender.login == "none" for sender in self._settings.senders.values()):
            exported["sendPolicy"] = self.send_policy
        if self.policies:
            exported["policies"] = self.policies
        return exported

    def _managed(self) -> list[tuple[Domain, str, SesRoute]]:
        """List the routes of the domains that this stack owns."""
        return [
            (domain, key, route)
            for domain in self._settings.domains.values()
            if domain.manage
            for key, route in domain.routes.items()
        ]

    def _find_zones(self, planned: list[PlannedRecord]) -> Places:
        """Find the zones that will be written to; a record that cannot stand there is refused."""
        managed = self._managed()
        returned = [record for domain, _, route in managed for record in mail_from_records(domain, route)]
        known = [*planned, *returned]
        return find_zones(known, [domain for domain, _, _ in managed], self._zones, self._publishers, self)

    def _look_up_references(self) -> dict[tuple[str, str], Identity]:
        """Look up the identities that senders use and this stack does not own; a given login needs none."""
        used = {(one.domain, one.via) for one in self._settings.senders.values() if one.login != "given"}
        return {
            (name, key): referenced_identity(domain, domain.routes[key].region, self._owner, self)
            for name, key in sorted(used)
            if not (domain := self._settings.domains[name]).manage
        }

    def _make_dkim_keys(self, places: Places, guards: Mapping[str, RecordGuard]) -> dict[str, DkimKeys]:
        """Make and publish the keys of the domains that sign with their own, before anything signs with them."""
        return {
            domain.name: DkimKeys(
                f"{self._name}-{domain.name}-dkim",
                domain,
                self._plugin(),
                lambda name, records, opts: DnsRecords(name, records, places, guards, opts),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for domain in {domain.name: domain for domain, _, _ in self._managed()}.values()
            if domain.dkim.kind == "own"
        }

    def _retire_dkim_keys(self) -> None:
        for name, keys in self._keys.items():
            keys.retire_previous([one.switched for (domain, _), one in self._identities.items() if domain == name])

    def _declare_identities(self) -> dict[tuple[str, str], SesIdentity]:
        return {
            (domain.name, key): SesIdentity(
                f"{self._name}-{domain.name}-{route.region}",
                domain,
                route,
                self._restore(route.ses.tags),
                self._owner,
                self._guard,
                self._keys.get(domain.name),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for domain, key, route in self._managed()
        }

    def _publish(self, planned: list[PlannedRecord], places: Places, guards: Mapping[str, RecordGuard]) -> DnsRecords:
        of_routes = [record for identity in self._identities.values() for record in identity.records]
        opts = pulumi.ResourceOptions(parent=self)
        return DnsRecords(f"{self._name}-dns", [*planned, *of_routes], places, guards, opts)

    def _attach_mail_from(self, published: DnsRecords) -> None:
        for identity in self._identities.values():
            own = [record for record in identity.records if record.type != "CNAME"]
            identity.attach_mail_from([resource for record in own for resource in published.published(record)])

    def _wait(self, published: DnsRecords, places: Places) -> dict[tuple[str, str], Readiness]:
        """Wait for each route's verification, after its records and its MAIL FROM attribute stand."""
        return {
            (domain.name, key): self._wait_for(domain, key, route, published, places)
            for domain, key, route in self._managed()
        }

    def _wait_for(self, domain: Domain, key: str, route: SesRoute, published: DnsRecords, places: Places) -> Readiness:
        identity, own_keys = self._identities[domain.name, key], self._keys.get(domain.name)
        records = [published.settled(record) for record in identity.records]
        zones = {published.zone_of(record): self._zones[published.zone_of(record)] for record in records}
        stand_first = [resource for record in identity.records for resource in published.published(record)]
        return Readiness(
            f"{self._name}-{domain.name}-{route.region}-readiness",
            domain=domain,
            route=route,
            # People may have made the records or not: nobody waits for them.
            manual=any(host.host == "manual" for zone in zones.values() for host in zone.served_by),
            records=dns_records.as_output([*(own_keys.records[:1] if own_keys else []), *records], self._zones),
            name_servers={zone: name_servers(places[zone]) for zone in zones},
            hosts={name: [host.host for host in zone.served_by] for name, zone in zones.items()},
            opts=pulumi.ResourceOptions(
                parent=self, provider=self._plugin(), depends_on=[identity.mail_from, *stand_first]
            ),
        )

    def _identity(self, domain: Domain, key: str) -> Identity:
        """Return the identity that a sender uses: our own, or the one that its domain refers to."""
        if not domain.manage:
            return self._references[domain.name, key]
        own = self._identities[domain.name, key]
        return Identity(own.arn, own.configuration_set_arn)


def _restored(zone: Zone, aside: OutputsAside) -> Zone:
    """Put outputs back that were given as zone ids."""
    hosts = tuple(host.model_copy(update={"zone_id": aside.restore(host.zone_id)}) for host in zone.hosts)
    return zone.model_copy(update={"zone_id": aside.restore(zone.zone_id), "hosts": hosts})


def _region() -> str | None:
    """Return the region of routes that name none: the AWS provider's."""
    return pulumi.Config("aws").get("region") or region_of_environment()

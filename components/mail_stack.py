"""MailStack: from the settings of a stack to senders that may send, records that are published, one bundle each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import pulumi

from mailstack import plan as planning
from mailstack.mail import dkim
from mailstack.plan import Pending, PlannedRecord, Route
from mailstack.settings.load import load
from mailstack.settings.model import Domain
from providers import catalog
from providers.aws import region_of_environment
from providers.smtp import ses

from . import outputs, preflight, references
from .arguments import Arguments
from .dkim_keys import DkimKeys
from .guards import Guards
from .logins import declare_logins
from .lookups import Lookups
from .names_in_use import claim
from .owner import Marks, stack_names
from .plugin_provider import plugin_provider
from .records import Records
from .resources import Readiness
from .routes.ses import Identity, SesRoute
from .zones import find_zones


class MailStack(pulumi.ComponentResource):
    """Everything that the senders of one stack need, from the settings that a stack's YAML file holds.

    `args` has the keys of the YAML: stage, formerly, dns, domains, senders, defaults, secrets. Zone ids, tags, ARNs and
    secrets among them may be outputs. Raises MailstackError for what cannot be built, before anything is declared.
    """

    smtp: pulumi.Output[dict[str, Any]]
    records: pulumi.Output[list[dict[str, Any]]]
    status: pulumi.Output[dict[str, Any]]
    revision: pulumi.Output[dict[str, Any]]
    readme: pulumi.Output[str]
    send_policy: pulumi.Output[dict[str, Any]]
    policies: Mapping[str, str]

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        """Plan, compare the plan with the world, then declare routes, records, the wait, logins and outputs."""
        given = Arguments(args)
        settings = load(given.plain, catalog(), aws_region=_region())
        plan = planning.require(planning.plan(settings, catalog()))
        outputs.check_endpoints(plan)
        claim(plan, name)
        super().__init__("mailstack:index:MailStack", name, None, opts)
        self._name, self._restore, self._plan = name, given.restore, plan

        # Whatever may be refused is asked first, so that a mistake leaves nothing half made.
        self._plugin = plugin_provider(self, f"{name}-plugin", settings, self._restore)
        lookups = Lookups(self._plugin)
        self._zones = find_zones(plan, lookups, self._restore, self)
        self._references = references.look_up(plan, lookups, stack_names(settings))
        preflight.check_spf(self, plan)

        self._guards = Guards(name, lookups, plan)
        self._marks = Marks(name, plan, self._zones, self._guards, self._plugin, self)
        self._records = Records(
            name, plan.records, self._zones, self._guards, self._marks.mark, self._plugin,
            pulumi.ResourceOptions(parent=self),
        )  # fmt: skip
        self._keys = self._publish_dkim_keys()
        self._routes = self._declare_routes()
        self._publish()
        self._attach_mail_from()
        self._retire_dkim_keys()
        waits = self._wait()
        logins = declare_logins(
            name, plan, self._identity,
            restore=self._restore, marks=self._marks, guards=self._guards, parent=self,
        )  # fmt: skip

        self.smtp = outputs.smtp(logins.bundles)
        self.send_policy = outputs.gathered(logins.policies)
        self.revision = outputs.gathered(logins.revisions)
        self.records = outputs.gathered(self._records.listed())
        self.policies = plan.policies
        self.status = outputs.status(settings, waits)
        self.readme = outputs.readme(stack_names(settings)[0], settings, self.records, self.status)
        preflight.warn(self, plan, self._zones)
        self._records.register_outputs({})
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
        if any(sender.login == "none" for sender in self._plan.settings.senders.values()):
            exported["sendPolicy"] = self.send_policy
        if self.policies:
            exported["policies"] = dict(self.policies)
        return exported

    def _managed(self) -> list[Route]:
        """List the routes of the domains that this stack owns."""
        return [route for route in self._plan.routes.values() if route.manage]

    def _domain(self, route: Route) -> Domain:
        return self._plan.settings.domains[route.domain]

    def _publish_dkim_keys(self) -> dict[str, DkimKeys]:
        """Make and publish the keys of the domains that sign with their own, before anything signs with them."""
        found: dict[str, DkimKeys] = {}
        for domain in self._plan.settings.domains.values():
            if domain.manage and domain.sends and domain.dkim.kind == "own":
                publish = partial(self._publish_key, domain.name)
                opts = pulumi.ResourceOptions(parent=self)
                found[domain.name] = DkimKeys(f"{self._name}-{domain.name}-dkim", domain, self._plugin, publish, opts)
        return found

    def _publish_key(
        self, domain: str, selector: str, text: pulumi.Output[str], protect: bool
    ) -> Sequence[pulumi.Resource]:
        """Publish the record of one selector's key."""
        name = dkim.record_name(selector, domain)
        [record] = [one for one in self._plan.records if one.name == name and not one.is_known]
        [pending] = [value for value in record.values if isinstance(value, Pending)]
        rest = text.apply(lambda whole: whole.removeprefix(pending.prefix))
        return self._records.publish(record, {(pending.route, pending.slot, pending.field): rest}, protect=protect)

    def _retire_dkim_keys(self) -> None:
        for name, keys in self._keys.items():
            keys.retire_previous(
                [one.identity for key, one in self._routes.items() if self._plan.routes[key].domain == name]
            )

    def _declare_routes(self) -> dict[str, SesRoute]:
        return {
            route.key: SesRoute(
                f"{self._name}-{route.resource}",
                self._domain(route),
                route,
                tags=self._restore(ses.options(route.settings).tags),
                marks=self._marks,
                guards=self._guards,
                keys=self._keys.get(route.domain),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for route in self._managed()
        }

    def _publish(self) -> None:
        """Publish every record but those of own DKIM keys, which exist already."""
        known = {
            (key, slot, field): text
            for key, route in self._routes.items()
            for (slot, field), text in route.records.items()
        }
        for record in self._plan.records:
            if not any(isinstance(value, Pending) and not value.route for value in record.values):
                self._records.publish(record, known, protect=self._plan.settings.domains[record.domain].protect)

    @cached_property
    def _by_route(self) -> Mapping[str | None, list[PlannedRecord]]:
        found = defaultdict[str | None, list[PlannedRecord]](list)
        for record in self._plan.records:
            found[record.route].append(record)
        return found

    def _attach_mail_from(self) -> None:
        for key, route in self._routes.items():
            return_path = [one for one in self._by_route[key] if one.type != "CNAME"]
            route.attach_mail_from([resource for one in return_path for resource in self._records.resources(one.slot)])

    def _wait(self) -> dict[str, Readiness]:
        """Wait for each route's verification, after its records and its MAIL FROM attribute exist."""
        return {route.key: self._wait_for(route) for route in self._managed()}

    def _wait_for(self, route: Route) -> Readiness:
        records = self._by_route[route.key]
        own_key = self._current_key(route.domain)
        zones = sorted({record.zone for record in records})
        exist_first = [resource for record in records for resource in self._records.resources(record.slot)]
        return Readiness(
            f"{self._name}-{route.resource}-readiness",
            domain=self._domain(route),
            route=route.settings,
            # People may have made the records or not: nobody waits for them.
            manual=any("manual" in record.hosts for record in records),
            records=[self._records.output(record.slot) for record in (*own_key, *records)],
            name_servers={zone: self._zones.servers(zone) for zone in zones},
            hosts={zone: list(self._plan.zones[zone]) for zone in zones},
            opts=pulumi.ResourceOptions(
                parent=self, provider=self._plugin, depends_on=[self._routes[route.key].mail_from, *exist_first]
            ),
        )

    def _current_key(self, domain: str) -> list[PlannedRecord]:
        """Return the record of the key of its own that a domain signs with, none where its provider makes the keys."""
        if domain not in self._keys:
            return []
        name = dkim.record_name(self._keys[domain].signing.selector, domain)
        return [record for record in self._plan.records if record.name == name]

    def _identity(self, key: str) -> Identity:
        """Return the identity that a sender uses: this stack's, or the one that its domain refers to."""
        if key in self._references:
            return self._references[key]
        own = self._routes[key]
        return Identity(own.arn, own.configuration_set_arn)


def _region() -> str | None:
    """Return the region of routes that name none: the AWS provider's."""
    return pulumi.Config("aws").get("region") or region_of_environment()

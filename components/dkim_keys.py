"""The DKIM keys of a domain that signs with its own: made, published, and the last one revoked after its grace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack.mail import dkim
from mailstack.settings import Domain

from .dns_records import DnsRecords
from .planned import PlannedRecord
from .resources import DkimKey

Publish = Callable[[str, Sequence[PlannedRecord], pulumi.ResourceOptions], DnsRecords]


@dataclass(frozen=True)
class SigningKey:
    """The key that providers sign with: its private half, and the resources that must stand before they do."""

    selector: str
    private_key: pulumi.Output[str]
    published: list[pulumi.Resource]


class DkimKeys(pulumi.ComponentResource):
    """The key of the current generation and, from the second on, the one before it.

    The order keeps mail signed: the new key is made and published, then the providers are switched to it, and only
    after them `retire_previous` lets the old one count its grace. Each record is published below a name of its own, so
    that it stays the same resource when its key is superseded. Only what signs is protected: a generation that is gone
    must be deletable.
    """

    records: list[PlannedRecord]
    signing: SigningKey

    def __init__(
        self,
        name: str,
        domain: Domain,
        plugin: pulumi.ProviderResource,
        publish: Publish,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make and publish the current key; `publish(name, records, options)` declares records at their hosts."""
        super().__init__("mailstack:dkim:DkimKeys", name, None, opts)
        self._name, self._domain, self._plugin, self._publish = name, domain, plugin, publish
        self.records = []
        selector = dkim.selector(domain.dkim.generation)
        key = self._key(selector, domain, {}, pulumi.ResourceOptions(protect=domain.protect))
        self.signing = SigningKey(selector, key.private_key, self._published(selector, domain, key, "DKIM key"))
        self.register_outputs({})

    def retire_previous(self, switched: Sequence[pulumi.Resource]) -> None:
        """Supersede the key of the generation before, once the resources that sign with it were switched."""
        if self._domain.dkim.generation == 1:
            return
        selector = dkim.selector(self._domain.dkim.generation - 1)
        domain = self._domain.model_copy(update={"protect": False})
        grace = {"superseded": True, "graceDays": domain.dkim.grace_days}
        # What kind of key it is was settled when it was made; the settings speak of the current one.
        options = pulumi.ResourceOptions(depends_on=list(switched), ignore_changes=["algorithm", "bits"])
        key = self._key(selector, domain, grace, options)
        self._published(selector, domain, key, "the DKIM key before, for mail on its way")

    def _key(self, selector: str, domain: Domain, more: Mapping[str, Any], options: pulumi.ResourceOptions) -> DkimKey:
        inputs = {
            "domain": domain.name,
            "selector": selector,
            "algorithm": domain.dkim.algorithm,
            "bits": domain.dkim.bits,
            **more,
        }
        own = pulumi.ResourceOptions(parent=self, provider=self._plugin)
        return DkimKey(f"{self._name}-{selector}-key", inputs, pulumi.ResourceOptions.merge(own, options))

    def _published(self, selector: str, domain: Domain, key: DkimKey, purpose: str) -> list[pulumi.Resource]:
        name = dkim.record_name(selector, domain.name)
        record = PlannedRecord(f"{name}-txt", name, "TXT", domain.ttl, (key.record,), purpose, domain)
        self.records.append(record)
        options = pulumi.ResourceOptions(parent=self)
        return self._publish(f"{self._name}-{selector}", [record], options).published(record)

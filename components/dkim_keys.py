"""The DKIM keys of a domain that signs with its own: made, published, and the last one revoked after its grace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack.mail import dkim
from mailstack.settings.model import Domain

from .resources import DkimKey

# Publishes the record of a selector, whose text is an output, and returns the resources that do; False: not protected.
Publish = Callable[[str, pulumi.Output[str], bool], Sequence[pulumi.Resource]]


@dataclass(frozen=True)
class SigningKey:
    """The key that providers sign with: its private half, and the resources that must exist before they do."""

    selector: str
    private_key: pulumi.Output[str]
    published: list[pulumi.Resource]


class DkimKeys(pulumi.ComponentResource):
    """The key of the current generation and, from the second on, the one before it.

    The order keeps mail signed: the new key is made and published, then the providers are switched to it, and only
    after them `retire_previous` lets the old one count its grace. Only what signs is protected: a generation that is
    gone must be deletable.
    """

    signing: SigningKey

    def __init__(
        self,
        name: str,
        domain: Domain,
        plugin: pulumi.ProviderResource,
        publish: Publish,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make and publish the current key."""
        super().__init__("mailstack:index:DkimKeys", name, None, opts)
        self._name, self._domain, self._plugin, self._publish = name, domain, plugin, publish
        selector = dkim.selector(domain.dkim.generation)
        key = self._key(selector, {}, pulumi.ResourceOptions(protect=domain.protect))
        published = list(publish(selector, key.record, domain.protect))
        self.signing = SigningKey(selector, key.private_key, published)
        self.register_outputs({"selector": selector})

    def retire_previous(self, switched: Sequence[pulumi.Resource]) -> None:
        """Supersede the key of the generation before, once the resources that sign with it were switched."""
        if self._domain.dkim.generation == 1:
            return
        selector = dkim.selector(self._domain.dkim.generation - 1)
        grace = {"superseded": True, "graceDays": self._domain.dkim.grace_days}
        # What kind of key it is was settled when it was made; the settings speak of the current one.
        options = pulumi.ResourceOptions(depends_on=list(switched), ignore_changes=["algorithm", "bits"])
        self._publish(selector, self._key(selector, grace, options).record, False)

    def _key(self, selector: str, more: Mapping[str, Any], options: pulumi.ResourceOptions) -> DkimKey:
        inputs = {
            "domain": self._domain.name,
            "selector": selector,
            "algorithm": self._domain.dkim.algorithm,
            "bits": self._domain.dkim.bits,
            **more,
        }
        own = pulumi.ResourceOptions(parent=self, provider=self._plugin)
        return DkimKey(f"{self._name}-{selector}-key", inputs, pulumi.ResourceOptions.merge(own, options))

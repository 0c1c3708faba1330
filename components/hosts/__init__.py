"""How the program publishes at each kind of DNS host; at `manual` it does not, people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pulumi

from mailstack.settings import Zone

from .base import Publisher


def publishers(
    zones: Mapping[str, Zone], owner: str, plugin: Callable[[], pulumi.ProviderResource]
) -> dict[str, Publisher]:
    """Return who publishes at the hosts of `zones`, by the hosts' names in the settings."""
    used = {host.host for zone in zones.values() for host in zone.served_by}
    found: dict[str, Publisher] = {}
    if "cloudflare" in used:
        from .cloudflare import CloudflarePublisher

        found["cloudflare"] = CloudflarePublisher(owner)
    if "route53" in used:
        from .route53 import Route53Publisher

        found["route53"] = Route53Publisher()
    for kind in sorted(used & {"rfc2136", "lexicon"}):
        from .plugin import PluginPublisher

        found[kind] = PluginPublisher(kind, plugin)
    return found

"""The DNS hosts of the kit, by their word under `mailstack:dns.<zone>.host`."""

from __future__ import annotations

from mailstack.catalog import Table

from .base import DnsHost

HOSTS: Table[DnsHost] = Table(
    {
        "cloudflare": "providers.dns.cloudflare:HOST",
        "route53": "providers.dns.route53:HOST",
        "rfc2136": "providers.dns.rfc2136:HOST",
        "lexicon": "providers.dns.lexicon:HOST",
        "manual": "providers.dns.manual:HOST",
    }
)

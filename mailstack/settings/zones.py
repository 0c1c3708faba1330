"""Where the records of a zone are published: what stands under mailstack:dns, and the secrets of its hosts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mailstack.settings.base import Model
from mailstack.settings.fields import Secret, TcpPort, shown

HostName = Literal["cloudflare", "route53", "rfc2136", "lexicon", "manual"]

_ZONE_IDS = {
    "cloudflare": (r"[0-9a-f]{32}", "copy the 32 hex digits from the zone's overview page"),
    "route53": (r"[A-Z0-9]{1,32}", "copy the hosted zone's id, such as Z0123456789ABCDEFGHIJ"),
}
# Which host understands which of the keys that not all do.
_OF_HOST = {
    "zone_id": ("cloudflare", "route53"),
    "server": ("rfc2136",),
    "port": ("rfc2136",),
    "key": ("rfc2136",),
    "algorithm": ("rfc2136",),
    "provider": ("lexicon",),
    "options": ("lexicon",),
}
_REQUIRED = {
    "rfc2136": ("server", "the primary name server that takes updates"),
    "lexicon": ("provider", "lexicon's name of the DNS host"),
}


class HostKeys(Model):
    """What else may be written for a host."""

    zone_id: str | None = None
    """The host's id of the zone; looked up by name when it is left out."""
    server: str | None = None
    """The name server that takes dynamic updates (RFC 2136): its name or address."""
    port: TcpPort = 53
    """The port of that name server."""
    key: str | None = None
    """The name of the TSIG key that signs the updates; its secret is mailstack:secrets.<zone>.tsigSecret."""
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5"] = (
        "hmac-sha256"
    )
    """The algorithm of the TSIG key."""
    provider: str | None = None
    """The DNS host as dns-lexicon names it, such as powerdns."""
    options: dict[str, str] = Field(default={})
    """What dns-lexicon needs to know of it and is no secret, by dns-lexicon's names."""


class Host(HostKeys):
    """One DNS host that serves a zone."""

    host: HostName
    """Who serves the zone."""

    @model_validator(mode="after")
    def _fits(self) -> Host:
        for name in self.model_fields_set - {"host"}:
            if self.host not in _OF_HOST[name]:
                key = type(self).model_fields[name].alias
                raise ValueError(f"{key} is a key of {' and '.join(_OF_HOST[name])}, not of {self.host}; remove it")
        if self.host in _REQUIRED and getattr(self, _REQUIRED[self.host][0]) is None:
            key, about = _REQUIRED[self.host]
            raise ValueError(f"{self.host} needs the key {key}: write {about}")
        if self.zone_id is not None:
            pattern, advice = _ZONE_IDS[self.host]
            if not re.fullmatch(pattern, self.zone_id):
                raise ValueError(f"zoneId {shown(self.zone_id)} is no zone id of {self.host}: {advice}")
        return self


def _named(value: Any) -> Any:
    return {"host": value} if isinstance(value, str) else value


class Zone(HostKeys):
    """A zone and who serves it."""

    host: HostName | None = None
    """Who serves the zone: cloudflare, route53, rfc2136, lexicon or manual (records are made by hand)."""
    hosts: tuple[Annotated[Host, BeforeValidator(_named)], ...] = ()
    """Several hosts while a zone moves from one to another: the records are published at each of them."""

    @model_validator(mode="after")
    def _one_form(self) -> Zone:
        if self.hosts and self.model_fields_set - {"hosts"}:
            raise ValueError("write host and its keys, or hosts alone with the keys of each in its own mapping")
        if not self.hosts and self.host is None:
            raise ValueError("is missing its host: write host: cloudflare, route53, rfc2136, lexicon or manual")
        names = [one.host for one in self.hosts]
        if len(set(names)) != len(names):
            raise ValueError("names the same host twice; keep one")
        if not self.hosts:
            Host.model_validate({name: getattr(self, name) for name in self.model_fields_set}, by_name=True)
        return self

    @property
    def served_by(self) -> tuple[Host, ...]:
        """Return the hosts at which the zone's records are published, one or, while it moves, several."""
        if self.hosts:
            return self.hosts
        return (Host.model_construct(**{name: getattr(self, name) for name in Host.model_fields}),)


class HostSecrets(Model):
    """What a zone's host must not show to others."""

    tsig_secret: Secret | None = None
    """The secret of the TSIG key (base64), for rfc2136."""
    options: dict[str, Secret] = Field(default={})
    """Secret options of dns-lexicon, such as auth_token, for lexicon."""

    @model_validator(mode="after")
    def _one(self) -> HostSecrets:
        if (self.tsig_secret is None) == (not self.options):
            raise ValueError("must hold either tsigSecret (rfc2136) or options (lexicon)")
        return self

"""From the records of a zone to the settings that reproduce those of them that mail rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailstack.catalog import Catalog, SmtpProvider
from mailstack.errors import DmarcError, SpfError
from mailstack.mail import bimi, dkim, dmarc, mta_sts, policy_records, spf, tag_list, tls_rpt
from mailstack.mail import parked as no_mail
from mailstack.mail.policy_records import Kind
from mailstack.settings import from_records as reproduce

Key = tuple[str, str]


@dataclass(frozen=True)
class ZoneSet:
    """A record set of the zone: its TTL, and its values as text (an MX is "10 mail.example.com")."""

    ttl: int
    values: tuple[str, ...]


@dataclass
class Proposal:
    """The settings under `config:`, and what could not be said by them, a sentence each."""

    config: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def propose(zone: str, records: Mapping[Key, ZoneSet], catalog: Catalog) -> Proposal:
    """Propose the settings that reproduce the mail records of a zone; `records` are by (name, type)."""
    reader = _Reader(zone, records, catalog)
    domains = {name: reader.domain(name) for name in reader.domains}
    config: dict[str, Any] = {
        "mailstack:dns": {zone: {"host": reader.host()}},
        "mailstack:domains": {name: found for name, found in domains.items() if found is not None},
    }
    regions = sorted(reader.regions)
    if regions:
        config = {"aws:region": regions[0], **config}
    return Proposal(config, reader.notes)


class _Reader:
    """What a zone's records say, name by name."""

    def __init__(self, zone: str, records: Mapping[Key, ZoneSet], catalog: Catalog) -> None:
        self._zone, self._records, self._catalog = zone, records, catalog
        self._providers = [provider for provider in catalog.providers.values() if provider.traces]
        self.domains = self._found_domains()
        self.regions: set[str] = set()
        self.notes: list[str] = []

    def host(self) -> str:
        """Name the DNS host by the zone's name servers; people, where they tell nothing."""
        servers = self._values(self._zone, "NS")
        for name, host in self._catalog.hosts.items():
            if servers and host.name_servers and all(re.fullmatch(host.name_servers, one) for one in servers):
                return name
        shown = ", ".join(servers) or "not among the records"
        self.notes.append(f"the name servers of {self._zone} ({shown}) are of no known host; write who serves the zone")
        return next(name for name, host in self._catalog.hosts.items() if not host.publishes)

    def _found_domains(self) -> list[str]:
        """List the domains that mail is from, or that say something about mail: parents first."""
        found = set()
        for name, kind in self._records:
            rest = name.partition("._domainkey.")[2]
            if rest and kind in ("CNAME", "TXT"):
                found.add(rest)
            if kind == "TXT" and name.startswith("_dmarc."):
                found.add(name.removeprefix("_dmarc."))
            if kind == "MX" and any(map(self._return_path, self._values(name, "MX"))):
                found.add(name.partition(".")[2])
        return sorted(found, key=lambda name: (name.count("."), name))

    def domain(self, name: str) -> dict[str, Any] | None:
        """Return the settings of one domain; None where no provider shows: a stack would set one up."""
        keys: dict[str, Any] = {}
        if self._takes_and_sends_nothing(name):
            keys["sends"] = False
        elif (route := self._route(name)) is not None:
            keys["routes"] = {"main": route}
        else:
            self.notes.append(
                f"{name} shows no sign of {self._titles()}, so it is not listed and its records are left alone"
            )
            return None
        keys |= self._dkim(name) if keys.get("sends", True) else {}
        keys |= {**self._dmarc(name), **self._spf(name, keys), **self._inbound(name), **self._policies(name)}
        if kept := self._as_found(name, keys):
            keys["records"] = {"asFound": kept}
        return keys

    def _takes_and_sends_nothing(self, name: str) -> bool:
        return self._values(name, "MX") == ("0 .",) and no_mail.SPF in self._values(name, "TXT")

    def _route(self, name: str) -> dict[str, Any] | None:
        """Read provider, region and return path from the MX that a provider asks for."""
        for path in sorted(at for at in self._names_below(name) if self._domain_of(at) == name):
            for value in self._values(path, "MX"):
                if found := self._return_path(value):
                    provider, region = found
                    self.regions |= {region} if region else set()
                    label = path.removesuffix(f".{name}")
                    keys = {"region": region, "returnPath": path if "." in label else label}
                    return self._named(provider) | {key: text for key, text in keys.items() if text}
        if signs := self._easy_keys(name):
            self.notes.append(
                f"{name} has the DKIM records of {signs.title} and no return path (MAIL FROM); `pulumi up` would "
                f"make one at bounce.{name}; write the region under its route"
            )
            return self._named(signs)
        return None

    def _return_path(self, mx: str) -> tuple[SmtpProvider, str] | None:
        """Return whose return path an MX is, and its region."""
        for provider in self._providers:
            if provider.traces and (found := re.fullmatch(provider.traces.return_path, mx.partition(" ")[2])):
                return provider, found.groupdict().get("region") or ""
        return None

    def _easy_keys(self, name: str) -> SmtpProvider | None:
        """Return the provider whose own DKIM keys a domain has."""
        targets = [value for _, kind, value in self._selectors(name) if kind == "CNAME"]
        for provider in self._providers:
            if provider.traces and any(re.fullmatch(provider.traces.dkim, target) for target in targets):
                return provider
        return None

    def _named(self, provider: SmtpProvider) -> dict[str, Any]:
        """Write a route's provider, where it is not the default."""
        return {} if provider.name == next(iter(self._catalog.providers)) else {"provider": provider.name}

    def _spf_of(self, keys: Mapping[str, Any]) -> str:
        """Return the SPF record that the provider of the domain's route asks for."""
        providers = self._catalog.providers
        return providers[keys.get("routes", {}).get("main", {}).get("provider", next(iter(providers)))].spf

    def _titles(self) -> str:
        return " or ".join(provider.title for provider in self._providers)

    def _dkim(self, name: str) -> dict[str, Any]:
        own = [
            selector
            for selector, kind, value in self._selectors(name)
            if kind == "TXT" and policy_records.kind(dkim.record_name(selector, name), value) == "dkim"
        ]
        if own and not self._easy_keys(name):
            self.notes.append(f"{name} signs with keys of its own ({', '.join(own)}); they and their records are kept")
            return {"dkim": {"kind": "kept"}}
        if own:
            self.notes.append(f"{name} also has the DKIM keys {', '.join(own)}, which stay as they are")
        return {}

    def _dmarc(self, name: str) -> dict[str, Any]:
        texts = self._of_kind("dmarc", f"_dmarc.{name}")
        if not texts:
            return {"dmarc": "off"}
        if len(texts) > 1:
            self.notes.append(f"_dmarc.{name} has {len(texts)} DMARC records, which receivers take for none; leave one")
            return {"dmarc": "off"}
        try:
            return {"dmarc": reproduce.dmarc_settings(texts[0])}
        except DmarcError as error:
            self.notes.append(f"_dmarc.{name}: {error}")
            return {"dmarc": "off"}

    def _spf(self, name: str, keys: Mapping[str, Any]) -> dict[str, Any]:
        texts = self._of_kind("spf", name)
        if not texts or keys.get("sends") is False:
            return {}
        if len(texts) > 1:
            self.notes.append(f"{name} has {len(texts)} SPF records, which receivers take for none; leave one")
            return {"spf": "off"}
        try:
            return {"spf": {"also": reproduce.spf_also(texts[0], self._spf_of(keys))}}
        except SpfError as error:
            self.notes.append(f"{name}: {error}")
            return {"spf": "off"}

    def _inbound(self, name: str) -> dict[str, Any]:
        hosts = [value.partition(" ")[2] for value in self._values(name, "MX")]
        patterns = [provider.traces.inbound for provider in self._providers if provider.traces]
        found = any(re.fullmatch(pattern, host) for pattern in patterns for host in hosts)
        return {"inbound": "main"} if found else {}

    def _policies(self, name: str) -> dict[str, Any]:
        """Read TLS-RPT and BIMI; of MTA-STS the record holds an id only, the policy is at its web address."""
        found: dict[str, Any] = {}
        for text in self._of_kind("tls-rpt", tls_rpt.record_name(name)):
            written = tag_list.read(text).get("rua", "")
            if addresses := [one.strip() for one in written.split(",") if one.strip()]:
                found["tlsRpt"] = {"rua": addresses}
        for text in self._of_kind("bimi", bimi.record_name("default", name)):
            tags = tag_list.read(text)
            if tags.get("l"):
                found["bimi"] = {"logo": tags["l"], **({"certificate": tags["a"]} if tags.get("a") else {})}
        if self._of_kind("mta-sts", mta_sts.record_name(name)):
            self.notes.append(
                f"{name} has an MTA-STS policy, which is at https://mta-sts.{name}/.well-known/mta-sts.txt: write "
                "its mode, mx and max_age under mtaSts, or leave its records out of this stack"
            )
        return found

    def _as_found(self, name: str, keys: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Keep the very texts and TTLs that the settings would not give."""
        kept = []
        for at, wanted in self._would_be(name, keys):
            found = self._records.get((at, "TXT"))
            if found is None:
                continue
            texts = [text for text in found.values if policy_records.same_kind(at, text, wanted)]
            if texts and (texts != [wanted] or found.ttl not in (1, 300)):
                kept.append({"name": at, "type": "TXT", "ttl": found.ttl, "values": texts})
        return kept

    def _would_be(self, name: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        dmarc_text = next(iter(self._of_kind("dmarc", f"_dmarc.{name}")), None)
        if isinstance(keys.get("dmarc"), dict) and dmarc_text:
            yield f"_dmarc.{name}", str(dmarc.parse(dmarc_text))
        if isinstance(keys.get("spf"), dict):
            yield name, str(spf.merge(spf.parse(self._spf_of(keys)), also=keys["spf"]["also"]))
        path = (keys.get("routes") or {}).get("main", {}).get("returnPath")
        if path:
            yield (path if "." in path else f"{path}.{name}"), self._spf_of(keys)

    def _selectors(self, name: str) -> Iterator[tuple[str, str, str]]:
        for (at, kind), found in self._records.items():
            if at.endswith(f"._domainkey.{name}") and not at.startswith("*"):
                yield at.removesuffix(f"._domainkey.{name}"), kind, found.values[0]

    def _domain_of(self, path: str) -> str:
        """Return the domain that a return path belongs to: the nearest above it."""
        above = [name for name in self.domains if path.endswith(f".{name}")]
        return max(above, key=len, default="")

    def _names_below(self, name: str) -> set[str]:
        return {at for at, _ in self._records if at.endswith(f".{name}")}

    def _values(self, name: str, kind: str) -> Sequence[str]:
        found = self._records.get((name, kind))
        return found.values if found else ()

    def _of_kind(self, kind: Kind, name: str) -> list[str]:
        return [text for text in self._values(name, "TXT") if policy_records.kind(name, text) == kind]

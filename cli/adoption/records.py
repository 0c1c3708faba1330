"""DNS records that stand already where the kit would write: how the settings keep them, and their import ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.adoption.findings import Findings
from cli.adoption.preview import UNKNOWN, Step
from cli.existing import Standing
from mailstack import ses
from mailstack.errors import DmarcError, SpfError
from mailstack.mail import dmarc, spf
from mailstack.mail.policy_records import TITLES, kind, same_kind
from mailstack.settings import Domain, Settings
from mailstack.settings import from_records as reproduce
from providers.dns import cloudflare, route53
from providers.dns.base import StandingRecord

CLOUDFLARE = "cloudflare:index/dnsRecord:DnsRecord"
ROUTE53 = "aws:route53/record:Record"
OWN = "mailstack:index:RecordSet"
_HOSTS = {CLOUDFLARE: "cloudflare", ROUTE53: "route53"}


@dataclass(frozen=True)
class Planned:
    """A record, or record set, that would be written."""

    step: Step
    host: str
    zone_id: str
    name: str
    type: str
    ttl: int
    contents: tuple[str, ...]

    @property
    def what(self) -> str:
        """Name it in a sentence."""
        return f"{self.type} {self.name}"


def compare(
    settings: Settings,
    steps: Sequence[Step],
    standing: Standing,
    tokens: Mapping[str, str],
    owner: str,
    findings: Findings,
) -> None:
    """Compare the records that would be written with what stands at their hosts; `tokens` name the DKIM records."""
    for step in steps:
        if step.op != "create" or step.type not in _HOSTS:
            continue
        planned = _planned(step, settings, tokens)
        if planned is not None:
            _compare_one(planned, settings, standing, owner, findings)
    if any(step.op == "create" and step.type == OWN for step in steps):
        findings.notes.append(
            "record sets at rfc2136 and lexicon hosts have no ids: the next `up` takes over those that stand as the "
            "settings say, without a change in DNS, and refuses the others with what stands there"
        )


def _planned(step: Step, settings: Settings, tokens: Mapping[str, str]) -> Planned | None:
    """Read a record's inputs; the name of a DKIM record follows from the standing identity's token."""
    inputs: dict[str, Any] = dict(step.inputs)
    if inputs.get("name") in (None, UNKNOWN):
        name = step.name.removesuffix("-route53")
        token = next((token for ending, token in tokens.items() if name.endswith(ending)), None)
        if token is None:
            return None
        domain, route = _signed(step, settings)
        inputs["name"] = f"{token}._domainkey.{domain.name}"
        value = f"{token}.{route.ses.dkim_domain}"
        inputs |= {"records": [value]} if step.type == ROUTE53 else {"content": value}
    if step.type == ROUTE53:
        contents = tuple(route53.content(inputs["type"], text) for text in inputs["records"])
    else:
        [one] = cloudflare.standing([{**inputs, "comment": ""}])
        contents = (one.content,)
    return Planned(
        step,
        _HOSTS[step.type],
        str(inputs["zoneId"]),
        str(inputs["name"]),
        str(inputs["type"]),
        _ttl(inputs, settings),
        contents,
    )


def _ttl(inputs: Mapping[str, Any], settings: Settings) -> int:
    """Return the TTL that would be written; that of a DKIM record with settings of its own follows from its name."""
    if isinstance(inputs["ttl"], int | float):
        return int(inputs["ttl"])
    kept = {
        (one.name, one.type): one.ttl or domain.ttl
        for domain in settings.domains.values()
        for one in domain.records.as_found
    }
    inside = [domain for domain in settings.domains.values() if inputs["name"].endswith(f"._domainkey.{domain.name}")]
    return kept.get((inputs["name"], inputs["type"])) or max(inside, key=lambda domain: len(domain.name)).ttl


def _signed(step: Step, settings: Settings) -> tuple[Domain, Any]:
    return next(
        (domain, route)
        for domain in settings.domains.values()
        for route in domain.routes.values()
        if f"-{domain.name}-{route.region}-dkim-" in step.name
    )


def _compare_one(planned: Planned, settings: Settings, standing: Standing, owner: str, findings: Findings) -> None:
    there = [one for one in standing.records(planned.host, planned.zone_id) if one.name == planned.name]
    if any((one.type == "CNAME") != (planned.type == "CNAME") for one in there):
        others = ", ".join(f"{one.type} {one.content!r}" for one in there)
        findings.obstacles.append(
            f"{planned.what}: {others} stands there, and a CNAME stands alone at its name; delete it, or choose "
            "another name (returnPath)"
        )
        return
    same = [one for one in there if one.type == planned.type and _is_about(planned, one)]
    if not same:
        return
    if planned.host == "cloudflare" and len(same) > 1:
        values = " and ".join(repr(one.content) for one in same)
        findings.obstacles.append(f"{planned.what}: {values} both stand there; leave the one that counts")
        return
    if why := _not_ours_to_take(planned, same[0], owner):
        findings.obstacles.append(why)
        return
    if not _reproduced(planned, same, settings, findings):
        return
    findings.imports.append((planned.step, standing.import_id(planned.host, planned.zone_id, same[0])))


def _is_about(planned: Planned, other: StandingRecord) -> bool:
    """Tell whether a standing record is the one that is planned, maybe with another text."""
    if planned.host == "route53" or planned.type != "TXT":
        return True
    return other.content == planned.contents[0] or same_kind(planned.name, other.content, planned.contents[0])


def _not_ours_to_take(planned: Planned, other: StandingRecord, owner: str) -> str | None:
    if other.locked:
        return f"{planned.what}: stands there and cannot be taken over: {other.locked}"
    if other.mark.startswith(cloudflare.mark("")) and other.mark != cloudflare.mark(owner):
        return (
            f"{planned.what}: is marked as another stack's ({other.mark}); to send through that stack's domain, set "
            "manage: false on the domain here"
        )
    return None


def _reproduced(planned: Planned, same: Sequence[StandingRecord], settings: Settings, findings: Findings) -> bool:
    """Note the settings that keep a record as it stands; False where it cannot be kept."""
    domain = _domain_of(planned, settings)
    contents = [one.content for one in same]
    if set(contents) == set(planned.contents) and same[0].ttl in (planned.ttl, 0):
        return True
    if why := _cannot_stay(planned, contents):
        findings.obstacles.append(why)
        return False
    at = ("mailstack:domains", domain.name)
    reproduced = _meaning(planned, contents, domain, findings)
    if not reproduced or same[0].ttl != planned.ttl or len(contents) != len(planned.contents):
        ttl = {"ttl": same[0].ttl} if same[0].ttl and same[0].ttl != domain.ttl else {}
        kept = {"name": planned.name, "type": planned.type, **ttl, "values": contents}
        findings.edit((*at, "records", "asFound"), [kept], f"{planned.what} stands so")
    return True


def _meaning(planned: Planned, contents: Sequence[str], domain: Domain, findings: Findings) -> bool:
    """Note the settings that say what the standing texts mean; True where they give the very same texts."""
    at = ("mailstack:domains", domain.name)
    whole = set(contents) == set(planned.contents)
    for text in contents:
        if text in planned.contents:
            continue
        found = kind(planned.name, text) if planned.type == "TXT" else None
        if found == "dmarc" and planned.name == f"_dmarc.{domain.name}":
            settings = reproduce.dmarc_settings(text)
            findings.edit((*at, "dmarc"), settings, f"the policy that stands is {text}")
            whole = len(contents) == 1 and str(dmarc.parse(text)) == text
        elif found == "spf" and planned.name == domain.name:
            also = reproduce.spf_also(text, ses.MAIL_FROM_SPF)
            if also:
                findings.edit((*at, "spf", "also"), also, f"the SPF record that stands is {text}")
            whole = len(contents) == 1 and str(spf.merge(spf.parse(ses.MAIL_FROM_SPF), also=also)) == text
        elif planned.type == "TXT" and found is None:
            also_there = {"name": planned.name, "type": "TXT", "values": [text]}
            findings.edit((*at, "records", "also"), [also_there], f"{planned.what} holds this beside ours")
            whole = set(planned.contents) <= set(contents)
    return whole


def _cannot_stay(planned: Planned, contents: Sequence[str]) -> str | None:
    """Say why a record cannot stay as it is: mail would not pass through the stack's provider with it."""
    values = " and ".join(map(repr, contents))
    wanted = " and ".join(map(repr, planned.contents))
    if planned.type == "CNAME" and list(contents) != list(planned.contents):
        return f"{planned.what}: {values} stands there, and the provider needs {wanted}; mend it there first"
    if planned.type == "MX" and {text.split()[-1] for text in contents} != {
        text.split()[-1] for text in planned.contents
    }:
        return (
            f"{planned.what}: {values} stands there, and the provider needs {wanted} alone; choose another returnPath, "
            "or mend it there first"
        )
    kinds = {text: kind(planned.name, text) for text in (*contents, *planned.contents) if planned.type == "TXT"}
    for one, count in Counter(kinds.get(text) for text in contents).items():
        if one and count > 1:
            return f"{planned.what}: {count} {TITLES[one]} records exist there, and receivers ignore all; leave one"
    if any(kinds.get(text) == "spf" for text in planned.contents):
        try:
            [spf.parse(text) for text in contents if kinds.get(text) == "spf"]
        except SpfError as error:
            return f"{planned.what}: {error}; mend it there first"
    if any(kinds.get(text) == "dmarc" for text in planned.contents):
        found = [text for text in contents if kinds.get(text) == "dmarc"]
        try:
            [dmarc.parse(text) for text in found]
        except DmarcError as error:
            return f"{planned.what}: {error}; mend it there first"
    return None


def _domain_of(planned: Planned, settings: Settings) -> Domain:
    """Return the domain whose settings say what stands at a name: the longest that contains it.

    The authorisation of DMARC reports (<domain>._report._dmarc.<elsewhere>) lies in another zone than its domain.
    """
    inside = [
        domain
        for domain in settings.domains.values()
        if f".{planned.name}".endswith(f".{domain.name}") or planned.name.startswith(f"{domain.name}._report._dmarc.")
    ]
    return max(inside, key=lambda domain: len(domain.name))

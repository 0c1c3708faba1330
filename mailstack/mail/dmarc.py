"""DMARC policy records (RFC 9989): written, read as receivers read them, and found by the tree walk."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from mailstack.errors import DmarcError
from mailstack.mail import tag_list

Policy = Literal["none", "quarantine", "reject"]
Alignment = Literal["r", "s"]
POLICIES: tuple[Policy, ...] = ("none", "quarantine", "reject")
QUERY_LIMIT = 8  # RFC 9989 section 4.10
_FO = re.compile(r"[01ds](:[01ds])*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s,;!]+")
_MAILTO = re.compile(r"mailto:[^\s,;!@]+@(?P<domain>[^\s,;!@?]+)(\?[^\s,;!]*)?", re.IGNORECASE)
_OLD_SIZE = re.compile(r"![0-9]+[kmgt]?$", re.IGNORECASE)  # RFC 7489's report size limit, no longer part of a URI


@dataclass(frozen=True)
class Dmarc:
    """A DMARC policy record; what is None or empty takes the default of RFC 9989 section 4.7 and is not written."""

    policy: Policy = "none"
    subdomain_policy: Policy | None = None
    nonexistent_policy: Policy | None = None
    psd: Literal["y", "n"] | None = None
    testing: bool = False
    adkim: Alignment = "r"
    aspf: Alignment = "r"
    fo: str | None = None
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for tag, policy in (("p", self.policy), ("sp", self.subdomain_policy), ("np", self.nonexistent_policy)):
            if policy not in POLICIES and (tag == "p" or policy is not None):
                raise DmarcError(f'DMARC {tag}: "{policy}" is not a policy; use none, quarantine or reject')
        for tag, alignment in (("adkim", self.adkim), ("aspf", self.aspf)):
            if alignment not in ("r", "s"):
                raise DmarcError(f'DMARC {tag}: "{alignment}" is not an alignment; use r (relaxed) or s (strict)')
        if self.psd not in (None, "y", "n"):
            raise DmarcError(f'DMARC psd: "{self.psd}" is not allowed; use y or n, or leave it out')
        if self.fo is not None and not _FO.fullmatch(self.fo):
            raise DmarcError(f'DMARC fo: "{self.fo}" is not allowed; use 0, 1, d, s or d:s')
        for tag, addresses in (("rua", self.rua), ("ruf", self.ruf)):
            for address in addresses:
                if not _is_report_uri(address):
                    raise DmarcError(f'DMARC {tag}: "{address}" is not a report URI; write mailto:dmarc@example.com')

    def __str__(self) -> str:
        tags = {
            "p": self.policy,
            "sp": self.subdomain_policy,
            "np": self.nonexistent_policy,
            "psd": self.psd,
            "t": "y" if self.testing else None,
            "adkim": "s" if self.adkim == "s" else None,
            "aspf": "s" if self.aspf == "s" else None,
            "fo": self.fo,
            "rua": ",".join(self.rua),
            "ruf": ",".join(self.ruf),
        }
        return "; ".join(["v=DMARC1", *(f"{tag}={value}" for tag, value in tags.items() if value)])


def parse(text: str) -> Dmarc:
    """Read a record as a receiver does (RFC 9989 sections 4.7 and 4.10.1).

    Unknown and removed tags are ignored, faulty values of optional tags take their default, a missing policy is none.
    Raises DmarcError for a text that receivers ignore: another version, or a faulty policy and no address for reports.
    """
    if not _has_version(text):
        raise DmarcError(f'"{text}" is not a DMARC record: it must begin with v=DMARC1;')
    tags = _tags(text)
    rua = _uris(tags.get("rua", ""))
    policies = {tag: tags[tag].lower() for tag in ("p", "sp", "np") if tag in tags}
    faulty = [f"{tag}={tags[tag]}" for tag, policy in policies.items() if policy not in POLICIES]
    if faulty and not rua:
        raise DmarcError(f'"{text}" has no effect: {", ".join(faulty)} is none of none, quarantine and reject')
    if faulty:
        policies = {}
    psd, fo = tags.get("psd", "").lower(), tags.get("fo", "").lower()
    return Dmarc(
        policy=cast(Policy, policies.get("p", "none")),
        subdomain_policy=cast("Policy | None", policies.get("sp")),
        nonexistent_policy=cast("Policy | None", policies.get("np")),
        psd=cast('Literal["y", "n"]', psd) if psd in ("y", "n") else None,
        testing=tags.get("t", "").lower() == "y",
        adkim="s" if tags.get("adkim", "").lower() == "s" else "r",
        aspf="s" if tags.get("aspf", "").lower() == "s" else "r",
        fo=fo if _FO.fullmatch(fo) else None,
        rua=rua,
        ruf=_uris(tags.get("ruf", "")),
    )


def tree_walk(domain: str) -> list[str]:
    """Return the names to ask for DMARC records of `domain`, in order and at most eight (RFC 9989 section 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    rest = labels[1:] if len(labels) < QUERY_LIMIT else labels[-(QUERY_LIMIT - 1) :]
    parents = [rest[start:] for start in range(len(rest))]
    return ["_dmarc." + ".".join(name) for name in [labels, *parents]]


def covering(domain: str, lookup: Callable[[str], Sequence[str]]) -> tuple[str, Dmarc, str] | None:
    """Find the policy that receivers apply to `domain` as long as it has no record of its own.

    `lookup` returns the TXT texts at a name. Returns the domain that has the record, the record, and the policy
    that it states for an existing subdomain (`sp`, else `p`), test mode left aside. RFC 9989 sections 4.10.1, 4.10.2.
    """
    found: dict[str, Dmarc] = {}
    for name in tree_walk(domain)[1:]:
        record = _single(lookup(name))
        if record is None:
            continue
        found[name.removeprefix("_dmarc.")] = record
        if record.psd is not None:
            break
    if not found:
        return None
    last = list(found)[-1]
    organizational = _one_below(last, domain) if found[last].psd == "y" else last
    place = organizational if organizational in found else last
    record = found[place]
    return place, record, record.subdomain_policy or record.policy


def weaker(policy: str, than: str) -> bool:
    """Tell whether `policy` asks receivers for less than `than`; raises DmarcError for what is no policy."""
    for given in (policy, than):
        if given not in POLICIES:
            raise DmarcError(f'"{given}" is not a DMARC policy; use none, quarantine or reject')
    ranks = {name: rank for rank, name in enumerate(POLICIES)}
    return ranks[cast(Policy, policy)] < ranks[cast(Policy, than)]


def report_authorisations(domain: str, record: Dmarc) -> list[str]:
    """Return the names at which others must publish `v=DMARC1` before they are sent reports about `domain`.

    RFC 9990: an address outside the organizational domain needs a record at `<domain>._report._dmarc.<its domain>`.
    Without DNS the organizational domain is unknown, so that only parents and subdomains count as one's own.
    """
    names = []
    for address in (*record.rua, *record.ruf):
        match = _MAILTO.fullmatch(address)
        target = match["domain"].lower() if match else None
        if target and target != domain and not target.endswith("." + domain) and not domain.endswith("." + target):
            names.append(f"{domain}._report._dmarc.{target}")
    return list(dict.fromkeys(names))


def _single(texts: Sequence[str]) -> Dmarc | None:
    """Read the one DMARC record among TXT texts; several are discarded altogether (RFC 9989 section 4.10)."""
    records = [text for text in texts if _has_version(text)]
    if len(records) != 1:
        return None
    try:
        return parse(records[0])
    except DmarcError:
        return None


def _one_below(parent: str, domain: str) -> str:
    """Return the name one label below `parent` on the way to `domain`."""
    labels = domain.lower().rstrip(".").split(".")
    return ".".join(labels[-(parent.count(".") + 2) :])


def _has_version(text: str) -> bool:
    """Tell whether a text begins with v=DMARC1 in this very case, as RFC 9989 sections 4.7 and 4.8 want it."""
    return text[:1] in ("v", "V") and tag_list.parts(text)[0] in (("v", "DMARC1"), ("V", "DMARC1"))


def _tags(text: str) -> dict[str, str]:
    """Read the tags of a record, names in lower case; the first of a name counts (RFC 9989 sections 4.7 and 4.8)."""
    return {name.lower(): value for name, value in reversed(tag_list.parts(text)) if value is not None}


def _uris(text: str) -> tuple[str, ...]:
    addresses = (_OLD_SIZE.sub("", address.strip()) for address in text.split(","))
    return tuple(address for address in addresses if _is_report_uri(address))


def _is_report_uri(address: str) -> bool:
    rule = _MAILTO if address.lower().startswith("mailto:") else _URI
    return rule.fullmatch(address) is not None

"""DMARC as a receiver evaluates it, RFC 9989.

The libraries at hand know RFC 7489 and a draft only: authheaders reads the domain of `a@my-shop.example` as `my`,
applies `sp` to the organizational domain itself, and stops the tree walk at five labels. A wrong verdict would be
worse than none, so the receiver has its own evaluation; the tests hold it against authheaders where both must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.smtp.lookup import Lookup, LookupFailed

POLICIES = ("none", "quarantine", "reject")
LONGEST_WALK = 7  # labels left after the first step of a walk that starts at a longer name (RFC 9989 section 4.10)


@dataclass(frozen=True)
class DmarcVerdict:
    """What DMARC says of one message: pass, fail, none, temperror or permerror, and the policy asked for."""

    result: str
    policy: str = ""
    domain: str = ""  # where the record that applies exists
    reason: str = ""


def evaluate(author: str, spf_domain: str | None, dkim_domains: Iterable[str], lookup: Lookup) -> DmarcVerdict:
    """Judge a message by its author domain and the domains that SPF and DKIM have already passed.

    spf_domain is None unless SPF passed; dkim_domains holds the d= of the signatures that passed.
    """
    author = author.lower()
    try:
        found = _policy_record(author, lookup)
        if found is None:
            return DmarcVerdict("none", reason="no DMARC record")
        domain, tags = found
        policy = _policy_for(author, domain, tags, lookup)
        by_spf = spf_domain is not None and _aligned(author, spf_domain, tags.get("aspf"), lookup)
        by_dkim = any(_aligned(author, signer, tags.get("adkim"), lookup) for signer in dkim_domains)
    except LookupFailed as error:
        return DmarcVerdict("temperror", reason=str(error))
    if by_spf or by_dkim:
        ways = [way for way, ok in (("SPF", by_spf), ("DKIM", by_dkim)) if ok]
        return DmarcVerdict("pass", policy, domain, f"aligned by {' and '.join(ways)}")
    return DmarcVerdict("fail", policy, domain, "neither SPF nor DKIM passed for an aligned domain")


def walk(domain: str) -> Iterator[str]:
    """Yield the domains whose `_dmarc` record is asked for, longest first, at most eight (RFC 9989 section 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    yield ".".join(labels)
    for start in range(max(1, len(labels) - LONGEST_WALK), len(labels)):
        yield ".".join(labels[start:])


def organizational_domain(domain: str, lookup: Lookup) -> str:
    """Return the organizational domain that the tree walk finds (RFC 9989 section 4.10.2)."""
    start = domain.lower().rstrip(".")
    shortest = start
    for name in walk(start):
        tags = _record(name, lookup)
        if tags is None:
            continue
        if tags.get("psd") == "n":
            return name
        if tags.get("psd") == "y" and name != start:
            return ".".join(start.split(".")[-(name.count(".") + 2) :])
        shortest = name
    return shortest


def _policy_record(author: str, lookup: Lookup) -> tuple[str, dict[str, str]] | None:
    """Return the record that applies: the author domain's own, else its organizational domain's, else the PSD's."""
    own = _record(author, lookup)
    if own is not None:
        return author, own
    organization = organizational_domain(author, lookup)
    for name in walk(organization):
        tags = _record(name, lookup)
        if tags is not None and (name == organization or tags.get("psd") == "y"):
            return name, tags
    return None


def _policy_for(author: str, domain: str, tags: dict[str, str], lookup: Lookup) -> str:
    """Return the policy for the author domain: p, below the record sp, for a name that is not in DNS np; t=y softens.

    A missing or misspelt policy counts as none (RFC 9989 section 4.7).
    """
    wanted = tags.get("p", "none")
    if author != domain:
        below = tags.get("sp", wanted)
        wanted = below if "np" not in tags or lookup.exists(author) else tags["np"]
    if wanted not in POLICIES:
        wanted = "none"
    if tags.get("t") == "y":
        wanted = POLICIES[max(0, POLICIES.index(wanted) - 1)]
    return wanted


def _aligned(author: str, other: str, mode: str | None, lookup: Lookup) -> bool:
    """Tell whether two domains are aligned: the same when strict, of one organizational domain when relaxed."""
    other = other.lower().rstrip(".")
    if other == author:
        return True
    return mode != "s" and organizational_domain(author, lookup) == organizational_domain(other, lookup)


def _record(domain: str, lookup: Lookup) -> dict[str, str] | None:
    """Return the tags of the one DMARC record at a domain; several records count as none (RFC 9989 section 4.10)."""
    found = [tags for text in lookup.texts(f"_dmarc.{domain}") if (tags := _tags(text.decode("ascii", "replace")))]
    return found[0] if len(found) == 1 else None


def _tags(text: str) -> dict[str, str] | None:
    """Read `v=DMARC1; p=none; ...`; None when it is not a DMARC record: v comes first and is case-sensitive."""
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if not pairs or pairs[0][0].strip().lower() != "v" or pairs[0][2].strip() != "DMARC1":
        return None
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}

"""SPF records (RFC 7208): read, written and merged term by term, never by searching their text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailstack.errors import SpfError

LOOKUP_LIMIT = 10  # RFC 7208 section 4.6.4
_LOOKUP_TERMS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_OPTIONAL_DOMAIN, _NEEDED_DOMAIN, _DOMAIN_MODIFIERS = {"a", "mx", "ptr"}, {"include", "exists"}, {"redirect", "exp"}

# RFC 7208 section 12. The letters c, r and t belong to explanation texts only (section 7.2), and a number of labels to
# keep is not zero (section 7.1). Digits are [0-9], since \d takes those of every script.
_MACRO = r"%\{[slodiphvSLODIPHV](?:0*[1-9][0-9]*)?[rR]?[.\-+,/_=]*\}|%%|%_|%-"
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|[!-$&-~])*")
_TOP_LABEL = r"(?![0-9]+\.?\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN_SPEC = re.compile(rf"(?:{_MACRO}|[!-$&-~])*?(?:\.{_TOP_LABEL}\.?|{_MACRO})")
_DUAL_CIDR = re.compile(r"(?P<domain>.*?)(?:/(?P<four>[0-9]+))?(?://(?P<six>[0-9]+))?", re.DOTALL)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>.*)", re.DOTALL)
_MECHANISM = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<value>(?:[:/].*)?)", re.DOTALL)


@dataclass(frozen=True)
class Term:
    """A mechanism (`qualifier` is one of + - ~ ?) or a modifier (`qualifier` is empty), with its text as written."""

    text: str
    qualifier: str
    name: str
    value: str

    @property
    def is_modifier(self) -> bool:
        """Tell whether this is a `name=value` term."""
        return not self.qualifier

    @property
    def is_all(self) -> bool:
        """Tell whether this is the mechanism `all`, and not an unknown modifier of that name."""
        return self.name == "all" and not self.is_modifier

    @property
    def asks_dns(self) -> bool:
        """Tell whether evaluating this term costs one of the ten look-ups (RFC 7208 section 4.6.4)."""
        return self.name in _LOOKUP_TERMS and (self.name == "redirect") == self.is_modifier

    @property
    def subject(self) -> tuple[str, str]:
        """Return what the term is about, without its qualifier: equal for terms that match the same senders."""
        # An upper-case macro letter means URL escaping (RFC 7208 section 7.3), so macros keep their case.
        return self.name, self.value if "%" in self.value else self.value.lower()


@dataclass(frozen=True)
class Spf:
    """An SPF record; terms are in the order in which they are evaluated."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " ".join(["v=spf1", *(term.text for term in self.terms)])

    @property
    def all_qualifier(self) -> str | None:
        """Return the qualifier of the first `all`, which alone counts; None where there is none."""
        return next((term.qualifier for term in self.terms if term.is_all), None)

    @property
    def live(self) -> tuple[Term, ...]:
        """Return the terms that evaluation reaches: mechanisms before `all`, and `redirect` where there is no `all`."""
        end = next((position for position, term in enumerate(self.terms) if term.is_all), None)
        return tuple(
            term
            for position, term in enumerate(self.terms)
            if end is None or (term.name != "redirect" if term.is_modifier else position <= end)
        )

    @property
    def lookups(self) -> int:
        """Count the DNS look-ups that this record's own terms cost (section 4.6.4); included records cost more."""
        return sum(term.asks_dns for term in self.live)

    @property
    def redirect(self) -> Term | None:
        """Return the `redirect` that counts, None where an `all` makes it void (section 6.1)."""
        return next((term for term in self.live if term.name == "redirect"), None)


def parse(text: str) -> Spf:
    """Read an SPF record; raises SpfError that quotes the term at fault (RFC 7208 sections 4.5, 4.6.1 and 12)."""
    version, *words = text.split(" ")
    if version.lower() != "v=spf1":
        raise SpfError(f'"{text}" is not an SPF record: it must begin with "v=spf1" and a space')
    terms = tuple(parse_term(word) for word in words if word)
    for name in sorted(_DOMAIN_MODIFIERS):
        if sum(term.name == name for term in terms) > 1:
            raise SpfError(f'"{text}": {name}= is there more than once; keep one')
    return Spf(terms)


def parse_term(text: str) -> Term:
    """Read one mechanism or modifier, such as "include:_spf.example.com"; raises SpfError."""
    if modifier := _MODIFIER.fullmatch(text):
        return _modifier(text, modifier["name"].lower(), modifier["value"])
    mechanism = _MECHANISM.fullmatch(text)
    if not mechanism:
        raise _malformed(text, "it is neither a mechanism such as include:example.com nor a modifier such as exp=...")
    term = Term(text, mechanism["qualifier"] or "+", mechanism["name"].lower(), mechanism["value"])
    if term.name in ("ip4", "ip6"):
        _check_network(term)
    elif term.name == "all":
        if term.value:
            raise _malformed(text, "all takes no value")
    elif term.name in _OPTIONAL_DOMAIN | _NEEDED_DOMAIN:
        _check_domain(term)
    else:
        raise _malformed(text, "known mechanisms are all, include, a, mx, ptr, ip4, ip6 and exists")
    return term


def merge(*records: Spf, also: Sequence[str] = ()) -> Spf:
    """Join records and further terms into one, since a name has exactly one SPF record (RFC 7208 section 3.2).

    The first record is the one that exists: its order and its `all` stay. Where no record has an `all` or a redirect,
    the result ends in `~all`. Equal terms are written once. Raises SpfError where records contradict each other, where
    a redirect would lose its effect, and above ten look-ups.
    """
    extra = [_addition(text) for text in also]
    redirect = _common_redirect(records)
    mechanisms = _without_repeats(
        [term for record in records for term in record.live if not (term.is_modifier or term.is_all)] + extra
    )
    ends = [term for record in records for term in record.live if term.is_all]
    end = ends[:1] or ([redirect] if redirect else [parse_term("~all")])
    void = [term for record in records[:1] for term in record.terms if term not in record.live and not term.is_modifier]
    modifiers = _first_of_each(
        term for record in records for term in record.terms if term.is_modifier and term.name != "redirect"
    )
    kept = [term for term in void if not term.is_all and term not in mechanisms]
    merged = Spf((*mechanisms, *end, *kept, *modifiers))
    if merged.lookups > LOOKUP_LIMIT:
        raise SpfError(
            f"the SPF record would cost {merged.lookups} DNS look-ups and receivers stop at {LOOKUP_LIMIT} "
            f"(RFC 7208 section 4.6.4): {merged}; take out terms that nobody sends through"
        )
    return merged


def _addition(text: str) -> Term:
    term = parse_term(text)
    if term.is_all or term.is_modifier:
        raise SpfError(f'"{text}" cannot be added to an SPF record: add mechanisms such as include:_spf.example.com')
    return term


def _common_redirect(records: Sequence[Spf]) -> Term | None:
    """Return the one redirect of the records; raises SpfError where it would be ignored or contradicted."""
    found = [record.redirect for record in records if record.redirect]
    if not found:
        return None
    for other in found[1:]:
        if other.subject != found[0].subject:
            raise SpfError(f'"{found[0].text}" and "{other.text}" contradict each other: keep one redirect')
    ending = next((record for record in records if record.all_qualifier), None)
    if ending:
        raise SpfError(
            f'"{found[0].text}" would lose its effect beside the `all` of "{ending}" (RFC 7208 section 6.1); '
            f"write include:{found[0].value} and the `all` of {found[0].value} in its place"
        )
    return found[0]


def _without_repeats(terms: Iterable[Term]) -> list[Term]:
    seen: dict[tuple[str, str], Term] = {}
    for term in terms:
        earlier = seen.setdefault(term.subject, term)
        if earlier.qualifier != term.qualifier:
            raise SpfError(f'"{earlier.text}" and "{term.text}" contradict each other; keep one of them')
    return list(seen.values())


def _first_of_each(modifiers: Iterable[Term]) -> list[Term]:
    seen: dict[str, Term] = {}
    for term in modifiers:
        seen.setdefault(term.name, term)
    return list(seen.values())


def _modifier(text: str, name: str, value: str) -> Term:
    rule = _DOMAIN_SPEC if name in _DOMAIN_MODIFIERS else _MACRO_STRING
    if not rule.fullmatch(value):
        wanted = "a full domain name" if name in _DOMAIN_MODIFIERS else "printable text with well-formed macros"
        raise _malformed(text, f"{name}= takes {wanted}")
    return Term(text, "", name, value)


def _check_domain(term: Term) -> None:
    """Check `:domain/cidr` of include, exists, a, mx and ptr."""
    value, lengths = term.value, ("", "")
    if term.name in ("a", "mx"):
        parts = _DUAL_CIDR.fullmatch(value)
        assert parts is not None, "every part of the pattern is optional"  # noqa: S101 - for the type checker
        value, lengths = parts["domain"], (parts["four"] or "", parts["six"] or "")
    if not value and term.name in _NEEDED_DOMAIN:
        raise _malformed(term.text, f"{term.name} needs a domain name, such as {term.name}:example.com")
    if value and not (value.startswith(":") and _DOMAIN_SPEC.fullmatch(value[1:])):
        raise _malformed(term.text, f'"{value.lstrip(":")}" is not a full domain name')
    for length, bits in zip(lengths, (32, 128), strict=True):
        _check_length(term, length, bits)


def _check_network(term: Term) -> None:
    """Check `:address/length` of ip4 and ip6."""
    bits, family = (32, ipaddress.IPv4Address) if term.name == "ip4" else (128, ipaddress.IPv6Address)
    address, slash, length = term.value.removeprefix(":").partition("/")
    try:
        family(address.replace("%", " "))  # a zone index such as %eth0 has no meaning in DNS
    except ValueError:
        raise _malformed(term.text, f'"{address}" is not an {"IPv4" if bits == 32 else "IPv6"} address') from None
    if slash and not length:
        raise _malformed(term.text, 'a prefix length is missing after "/"')
    _check_length(term, length, bits)


def _check_length(term: Term, length: str, bits: int) -> None:
    if length and not (re.fullmatch(r"0|[1-9][0-9]{0,2}", length) and int(length) <= bits):
        raise _malformed(term.text, f"a prefix length is 0 to {bits}, not {length}")


def _malformed(text: str, why: str) -> SpfError:
    return SpfError(f'SPF term "{text}" is malformed: {why}')

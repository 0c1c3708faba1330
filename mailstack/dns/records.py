"""DNS record sets as values: what is to be published at a name, whatever host serves the zone.

Values are whole and unquoted. How a host wants them written belongs to its DNS adapter (`txt` has the common form).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailstack.errors import RecordError

TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
AUTOMATIC_TTL = 1
MIN_TTL, MAX_TTL = 30, 2**31 - 1  # RFC 2181 section 8 sets the upper end; 30 s is the least that a host takes
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")  # RFC 1123 section 2.1
_RECORD_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")  # and "_", as in _dmarc (RFC 8552)
_IDNA_DEVIATIONS = frozenset("ßςẞ\u200c\u200d")  # IDNA 2003 and 2008 write these differently


@dataclass(frozen=True, slots=True, order=True)
class Mx:
    """A mail exchanger: the lowest preference is tried first (RFC 5321 section 5.1); "0 ." takes no mail (RFC 7505)."""

    preference: int
    host: str

    def __str__(self) -> str:
        return f"{self.preference} {self.host}"


@dataclass(frozen=True, slots=True)
class RecordSet:
    """All values of one (name, type): text without quotes for TXT, Mx for MX, a name for CNAME, an address for A/AAAA.

    `ttl` is in seconds; 1 means the host's automatic TTL. `purpose` says to a reader what the records are for.
    Raises RecordError where DNS would refuse or never find what is written here.
    """

    name: str
    type: str
    ttl: int
    values: tuple[str | Mx, ...]
    purpose: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise RecordError(f'record {self.name}: unknown type "{self.type}"; use one of {", ".join(TYPES)}')
        if record_name(self.name) != self.name:
            raise self._error(f"write the name in lower case without trailing dot: {record_name(self.name)}")
        if self.ttl != AUTOMATIC_TTL and not MIN_TTL <= self.ttl <= MAX_TTL:
            raise self._error(f"a TTL is 1 (automatic) or {MIN_TTL} to {MAX_TTL} seconds, not {self.ttl}")
        if not self.values:
            raise self._error("no value; give at least one")
        if len(set(self.values)) != len(self.values):
            raise self._error("the same value is there twice; write it once")
        if self.type == "MX" and len(self.values) > 1 and any(str(value).endswith(" .") for value in self.values):
            raise self._error('a null MX, "0 .", allows no other MX (RFC 7505 section 3); remove it or the others')
        if self.type == "CNAME" and len(self.values) > 1:
            raise self._error(f"a name has one CNAME (RFC 1034 section 3.6.2), not {len(self.values)}; choose one")
        for value in self.values:
            self._check(value)

    def _check(self, value: str | Mx) -> None:
        if isinstance(value, Mx) != (self.type == "MX"):
            raise self._error(f"value {value!r} is of another type: MX values are Mx(preference, host), others text")
        if isinstance(value, Mx):
            if not 0 <= value.preference <= 65535:
                raise self._error(f"a preference is 0 to 65535, not {value.preference}")
            if value.host != ".":
                self._check_host(value.host, domain_name)
            elif value.preference:
                raise self._error(f'a null MX is "0 ." (RFC 7505 section 3), not "{value}"')
        elif self.type == "CNAME":
            self._check_host(value, record_name)
        elif self.type == "TXT":
            self._check_text(value)
        else:
            self._check_address(value)

    def _check_host(self, host: str, rule: Callable[[str], str]) -> None:
        try:
            written = rule(host)
        except RecordError as error:
            raise self._error(f"it points to a name that cannot exist: {error}") from None
        if written != host:
            raise self._error(f'write its target in lower case without trailing dot: {written}, not "{host}"')
        if host.startswith("*"):
            raise self._error(f"it cannot point to a wildcard: {host}")

    def _check_text(self, text: str) -> None:
        if not text:
            raise self._error("an empty value; leave the record out instead")
        for position, character in enumerate(text):
            if not " " <= character <= "~":
                raise self._error(
                    f"character {character!r} at position {position + 1} is not printable ASCII; "
                    "take out line breaks and typographic quotes or dashes"
                )

    def _check_address(self, text: str) -> None:
        family = ipaddress.IPv4Address if self.type == "A" else ipaddress.IPv6Address
        try:
            family(text.replace("%", " "))  # a zone index such as %eth0 has no meaning in DNS
        except ValueError:
            raise self._error(f'"{text}" is not an {"IPv4" if self.type == "A" else "IPv6"} address') from None

    def _error(self, words: str) -> RecordError:
        return RecordError(f"{self.type} record {self.name}: {words}")


def joined(sets: Iterable[RecordSet]) -> list[RecordSet]:
    """Join the parts of each (name, type) into one record set, in the order of the first parts; raises RecordError."""
    parts: dict[tuple[str, str], list[RecordSet]] = {}
    for part in sets:
        parts.setdefault((part.name, part.type), []).append(part)
    return [
        RecordSet(
            name,
            record_type,
            found[0].ttl,
            tuple(value for part in found for value in part.values),
            "; ".join(dict.fromkeys(part.purpose for part in found)),
        )
        for (name, record_type), found in parts.items()
    ]


def value(record_type: str, text: str) -> str | Mx:
    """Return a value of a record of this type as the model has it; raises RecordError."""
    return mx(text) if record_type == "MX" else text


def mx(text: str) -> Mx:
    """Read an MX value such as "10 mail.example.com"; raises RecordError."""
    preference, _, host = text.strip().partition(" ")
    if not preference.isdigit() or not host.strip():
        raise RecordError(f'"{text}" is no MX value: write its preference and its host, such as 10 mail.example.com')
    return Mx(int(preference), host.strip().lower().removesuffix(".") or ".")


def domain_name(text: str) -> str:
    """Return a domain or host name in lower case without trailing dot; raises RecordError (RFC 1123 section 2.1)."""
    labels = _labels(text)
    for label in labels:
        if not _HOST_LABEL.fullmatch(label):
            raise RecordError(f'"{text}" is not a domain name: {_fault(label)}')
    if len(labels) < 2:
        raise RecordError(f'"{text}" is not a full domain name: write it with its parent, such as {text}.example.com')
    if labels[-1].isdigit():
        raise RecordError(f'"{text}" is not a domain name: the last label is a number; an address is not allowed here')
    return ".".join(labels)


def record_name(text: str) -> str:
    """Return the name of a record: as domain_name, but with "_" in labels and "*" as the first; raises RecordError."""
    labels = _labels(text)
    for label in labels[1:] if labels[0] == "*" else labels:
        if not _RECORD_LABEL.fullmatch(label):
            raise RecordError(f'"{text}" is not a record name: {_fault(label, underscore=True)}')
    if len(labels) < 2:
        raise RecordError(f'"{text}" is not a full record name: write it with its zone, such as {text}.example.com')
    return ".".join(labels)


def longest_zone(name: str, zones: Iterable[str]) -> str | None:
    """Return the longest of `zones` that equals or contains `name`, None where there is none."""
    inside = [zone for zone in zones if _contains(zone, name)]
    return max(inside, key=lambda zone: zone.count("."), default=None)


def check_in_zone(name: str, zone: str) -> None:
    """Raise RecordError where `name` does not lie in `zone`, or carries the zone's name twice."""
    if not _contains(zone, name):
        raise RecordError(f"{name} is not in the zone {zone}: a record's name is {zone} or ends in .{zone}")
    shorter = name[: -len(zone) - 1]
    if shorter and _contains(zone, shorter):
        raise RecordError(f"{name} ends in the zone {zone} twice: write {shorter}")


def _contains(zone: str, name: str) -> bool:
    zone, name = zone.lower(), name.lower()
    return name == zone or name.endswith("." + zone)


def _labels(text: str) -> list[str]:
    """Split a name and check what holds for every name: ASCII, lengths (RFC 1035 section 2.3.4), no empty label."""
    name = text.lower().removesuffix(".")
    if not name:
        raise RecordError("an empty name was given; write a domain such as example.com")
    if not name.isascii():
        raise RecordError(f'"{text}" has letters outside ASCII; write {_a_label_advice(name)}')
    if len(name) > 253:
        raise RecordError(f"a name has at most 253 octets, this one has {len(name)}: {text}")
    labels = name.split(".")
    for label in labels:
        if not label:
            raise RecordError(f'"{text}" has an empty label: two dots in a row, or one at the start')
        if len(label) > 63:
            raise RecordError(f'a label has at most 63 octets, "{label}" in {text} has {len(label)}')
    return labels


def a_labels(text: str) -> str:
    """Return a domain name with letters outside ASCII as A-labels (RFC 5891), any other as it is.

    The name is mapped as UTS 46 says (case, width, dots). Raises RecordError where IDNA 2008 does not allow it, or
    where IDNA 2003 and 2008 write it differently, so that registrars and clients may mean another domain.
    """
    if text.isascii():
        return text
    import idna  # its tables cost more time than most stacks have use for

    if not _IDNA_DEVIATIONS & set(text):
        try:
            return idna.encode(text, uts46=True).decode("ascii")
        except UnicodeError:  # idna.IDNAError is one
            pass
    raise RecordError(f'"{text}" has letters outside ASCII; write {_a_label_advice(text.lower().removesuffix("."))}')


def spelled(text: str) -> str:
    """Return a name as DNS has it, however a vendor or a person spells it; one that has no A-labels as it is."""
    plain = text.lower().removesuffix(".")
    if plain.isascii():
        return plain
    import idna

    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return plain


def _a_label_advice(name: str) -> str:
    general = "its A-label, which starts with xn-- and which the registrar shows"
    if _IDNA_DEVIATIONS & set(name):
        return general
    try:
        return f"its A-label: {name.encode('idna').decode('ascii')}"
    except UnicodeError:
        return general


def _fault(label: str, *, underscore: bool = False) -> str:
    allowed = r"[a-z0-9_-]" if underscore else r"[a-z0-9-]"
    wrong = next((character for character in label if not re.match(allowed, character)), None)
    if wrong == "*":
        return '"*" may only be the first label of a record\'s name'
    if wrong is not None:
        extra = ', "-" and "_"' if underscore else ' and "-"'
        return f'a label holds letters, digits{extra}, "{label}" holds {wrong!r}'
    return f'a label neither starts nor ends with "-": "{label}"'

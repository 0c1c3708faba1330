"""Record sets between the model and dnspython, and what an update message says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstack.dns.records import AUTOMATIC_TTL, MIN_TTL, Mx, RecordSet, mx
from mailstack.dns.txt import strings
from mailstack.errors import RecordError, VendorError

from . import rdata
from .base import StandingRecord

if TYPE_CHECKING:
    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.update import UpdateMessage

DEFAULT_TTL = 300  # for a TTL of 1, the host's own choice: a name server has none for single records
# What a zone holds for itself, as DNSSEC does: no record of it stands in the way of another.
_UPKEEP = ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", "TYPE65534")


def absolute(name: str) -> Name:
    """Return a name as dnspython has it."""
    import dns.name

    return dns.name.from_text(f"{name}.")


def rdataset(record: RecordSet) -> Rdataset:
    """Write a record set."""
    import dns.rdataset
    import dns.rdatatype

    kind = dns.rdatatype.from_text(record.type)
    return dns.rdataset.from_rdata_list(ttl(record), [_rdata(kind, value) for value in record.values])


def _rdata(kind: Any, value: str | Mx) -> Any:
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    from dns.rdtypes.ANY.TXT import TXT

    text = str(value)
    if kind == dns.rdatatype.TXT:
        return TXT(dns.rdataclass.IN, kind, strings(text))
    named = kind in (dns.rdatatype.CNAME, dns.rdatatype.MX) and not text.endswith(".")
    return dns.rdata.from_text(dns.rdataclass.IN, kind, f"{text}." if named else text)


def ttl(record: RecordSet) -> int:
    """Return the TTL to write, in seconds."""
    return DEFAULT_TTL if record.ttl == AUTOMATIC_TTL else record.ttl


def contents(found: Rdataset | None) -> frozenset[str]:
    """Return the values of a record set as text: how a TXT is cut into strings makes no difference."""
    return frozenset(rdata.content(item) for item in found or ())


def same(one: Rdataset | None, other: Rdataset | None) -> bool:
    """Tell whether two record sets hold the same values for the same time."""
    return contents(one) == contents(other) and (one.ttl if one else 0) == (other.ttl if other else 0)


def record_set(name: str, found: Rdataset) -> RecordSet:
    """Read a record set; raises VendorError where the model has no words for it."""
    import dns.rdatatype

    kind = dns.rdatatype.to_text(found.rdtype)
    try:
        values = tuple(mx(text) if kind == "MX" else text for text in map(rdata.content, found))
        return RecordSet(name, kind, max(found.ttl, MIN_TTL), values)
    except RecordError as error:
        raise VendorError(f"what stands there cannot be managed: {error}; correct or delete it at the host") from None


def entries(name: Name, found: Rdataset) -> list[StandingRecord]:
    """List the values of a record set, none of what a zone holds for itself."""
    import dns.rdatatype

    kind = dns.rdatatype.to_text(found.rdtype)
    if kind in _UPKEEP:
        return []
    owner = rdata.name(name)
    return [StandingRecord(owner, kind, rdata.content(item), ttl=int(found.ttl)) for item in found]


def change(zone: str, name: str, record_type: str, expected: Rdataset | None, wanted: Rdataset | None) -> UpdateMessage:
    """Write an update that puts `wanted` (None: nothing) where `expected` (None: nothing) stands, else does nothing.

    Its prerequisites (RFC 2136 section 2.4) are tried by the server together with the change.
    """
    import dns.update

    update = dns.update.UpdateMessage(absolute(zone))
    owner = absolute(name)
    if expected is not None:
        update.present(owner, *expected)
    elif record_type == "CNAME":  # it stands alone at its name (RFC 1034 section 3.6.2)
        update.absent(owner)
    else:
        update.absent(owner, record_type)
        update.absent(owner, "CNAME")
    update.delete(owner, record_type)
    if wanted is not None:
        update.add(owner, wanted)
    return update


def in_use(zone: str, name: str) -> UpdateMessage:
    """Write an update that changes nothing and succeeds where a name holds records itself (RFC 2136 section 2.4.4)."""
    import dns.update

    update = dns.update.UpdateMessage(absolute(zone))
    update.present(absolute(name))
    return update

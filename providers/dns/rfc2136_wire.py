"""Record sets between the model and dnspython, and what an update message says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstack.dns.changes import Change, Edit, ExistingRecord
from mailstack.dns.records import AUTOMATIC_TTL, Mx
from mailstack.dns.txt import strings

from . import rdata

if TYPE_CHECKING:
    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.update import UpdateMessage

DEFAULT_TTL = 300  # for a TTL of 1, the host's own choice: a name server has none for single records
# What a zone holds for itself, as DNSSEC does: it is nobody's record.
_UPKEEP = ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", "TYPE65534")


def absolute(name: str) -> Name:
    """Return a name as dnspython has it."""
    import dns.name

    return dns.name.from_text(f"{name}.")


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


def contents(found: Rdataset | None) -> frozenset[str]:
    """Return the values of a record set as text: how a TXT is cut into strings makes no difference."""
    return frozenset(rdata.content(item) for item in found or ())


def is_of(found: Rdataset, record_type: str) -> bool:
    """Tell whether a record set is of a type."""
    import dns.rdatatype

    return bool(found.rdtype == dns.rdatatype.from_text(record_type))


def edited(there: Rdataset | None, record_type: str, changes: Edit) -> Rdataset | None:
    """Return a record set after an edit, None where no value is left; values that stay are kept octet by octet."""
    import dns.rdataset
    import dns.rdatatype

    kind = dns.rdatatype.from_text(record_type)
    values = [item for item in there or () if rdata.content(item) not in changes.removed]
    values += [_rdata(kind, value) for value in changes.added]
    ttl = DEFAULT_TTL if changes.ttl == AUTOMATIC_TTL else changes.ttl
    return dns.rdataset.from_rdata_list(ttl, values) if values else None


def entries(name: Name, found: Rdataset) -> list[ExistingRecord]:
    """List the values of a record set, without what a zone holds for itself."""
    import dns.rdatatype

    kind = dns.rdatatype.to_text(found.rdtype)
    if kind in _UPKEEP:
        return []
    owner = rdata.name(name)
    return [ExistingRecord(owner, kind, rdata.content(item), ttl=int(found.ttl)) for item in found]


def replacement(zone: str, change: Change, expected: Rdataset | None, wanted: Rdataset | None) -> UpdateMessage:
    """Write an update that puts `wanted` (None: nothing) where `expected` (None: nothing) is, else does nothing.

    Its prerequisites (RFC 2136 section 2.4) are tried by the server together with the change.
    """
    import dns.update

    update = dns.update.UpdateMessage(absolute(zone))
    owner = absolute(change.name)
    if expected is not None:
        update.present(owner, *expected)
    elif change.type == "CNAME":  # it is alone at its name (RFC 1034 section 3.6.2)
        update.absent(owner)
    else:
        update.absent(owner, change.type)
        update.absent(owner, "CNAME")
    update.delete(owner, change.type)
    if wanted is not None:
        update.add(owner, wanted)
    return update


def in_use(zone: str, name: str) -> UpdateMessage:
    """Write an update that changes nothing and succeeds where a name holds records itself (RFC 2136 section 2.4.4)."""
    import dns.update

    update = dns.update.UpdateMessage(absolute(zone))
    update.present(absolute(name))
    return update

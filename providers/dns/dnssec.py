"""Why a resolver refuses a question: whether DNSSEC of the zone is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dns.message import Message
    from dns.resolver import NoNameservers, Resolver

_ONCE = 2.0  # seconds for one question to one server
_PAYLOAD = 1232  # octets that fit one packet (DNS flag day 2020)
# RFC 8914 section 4: from "DNSSEC Bogus" (6) to "NSEC Missing" (12), all of them faults of the signed zone.
_BOGUS = range(6, 13)


def fault(resolver: Resolver, name: str, record_type: str, failure: NoNameservers) -> str | None:
    """Say that DNSSEC is why a question was refused; None where nothing shows that.

    It is where the resolver says so (RFC 8914), or where the question is answered with checking disabled
    (RFC 4035 section 3.2.2) and still refused without.
    """
    import dns.rcode

    answers = [response for *_, response in failure.kwargs["errors"] if response is not None]
    if not any(one.rcode() == dns.rcode.SERVFAIL for one in answers):
        return None
    said = [found for one in answers for found in one.extended_errors() if found.code in _BOGUS]
    unchecked = _ask(resolver, name, "SOA", checking=False)
    if not said:
        if unchecked is None or unchecked.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        again = _ask(resolver, name, record_type, checking=True)
        if again is None or again.rcode() != dns.rcode.SERVFAIL:
            return None
    words = "; ".join(dict.fromkeys(filter(None, (found.text for found in said))))
    return (
        f"DNSSEC of zone {_zone_of(unchecked) or name} is broken{f' ({words})' if words else ''}: resolvers that "
        "validate answer nothing for its names, and mail for them fails. Mend the DS record at the domain's registrar: "
        "it must name a key with which the zone's host signs now; where the host does not sign, remove it"
    )


def _ask(resolver: Resolver, name: str, record_type: str, *, checking: bool) -> Message | None:
    """Ask the first server once; None where it does not answer."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.query

    question = dns.message.make_query(name, record_type, use_edns=0, payload=_PAYLOAD)
    if not checking:
        question.flags |= dns.flags.CD
    try:
        server = str(resolver.nameservers[0])
        return dns.query.udp_with_fallback(question, server, timeout=_ONCE, port=resolver.port)[0]
    except (dns.exception.DNSException, OSError, EOFError, ValueError):
        return None


def _zone_of(answer: Message | None) -> str | None:
    """Return the zone whose SOA is in an answer, which is the target's where the name is an alias."""
    import dns.rdatatype

    sets = [*answer.answer, *answer.authority] if answer else []
    zones = (one.name for one in sets if one.rdtype == dns.rdatatype.SOA)
    return next((zone.to_text(omit_final_dot=True).lower() for zone in zones), None)

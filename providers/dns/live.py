"""DNS as it is answered: what the resolver of this machine answers, or the one that MAILSTACK_DNS_SERVER names."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailstack.errors import BogusAnswer, DnsError

from .rdata import content

if TYPE_CHECKING:
    from dns.resolver import Resolver

_LIFETIME = 4.0  # seconds for one question, all tries together
_ONCE = 2.0  # seconds for one question to one server
_VARIABLE = "MAILSTACK_DNS_SERVER"
_PORT = 53
_PAYLOAD = 1232  # octets that fit one packet (DNS flag day 2020)
_PARENTS = 2  # servers of the parent zone to try


def lookup(name: str, record_type: str) -> list[str]:
    """Return the values at a name, [] where there are none; raises DnsError where DNS does not answer.

    Raises BogusAnswer, which is a DnsError, where the resolver says that the answer does not validate.
    TXT strings are joined and unquoted, MX is "10 mail.example.com", names are lower case without trailing dot.
    """
    import dns.exception
    import dns.resolver

    resolver = _resolver()
    try:
        answer = resolver.resolve(name, record_type, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except dns.resolver.NoNameservers as error:
        from . import dnssec

        if broken := dnssec.fault(resolver, name, record_type, error):
            raise BogusAnswer(broken) from None
        raise DnsError(f"DNS gave no answer for {record_type} {name}: {error}") from None
    except dns.exception.Timeout:
        raise DnsError(f"DNS gave no answer for {record_type} {name} in {_LIFETIME:.0f} s") from None
    except (dns.exception.DNSException, OSError) as error:
        raise DnsError(f"DNS gave no answer for {record_type} {name}: {error}") from None
    return sorted(content(item) for item in answer.rrset or ())


def name_servers(zone: str) -> list[str]:
    """Return the name servers that a zone names as its own, [] where it is none; raises DnsError."""
    return lookup(zone, "NS")


def delegation(zone: str) -> list[str]:
    """Return the name servers to which the parent delegates a zone, [] where it does not; raises DnsError.

    The parent's own servers are asked (the referral of RFC 1034 section 4.2), since the zone's NS records are whatever
    its host says of itself. Where they cannot be asked, and where MAILSTACK_DNS_SERVER names the one server to ask, the
    zone's NS records are taken for the delegation.
    """
    if not os.environ.get(_VARIABLE):
        for address in _parent_servers(zone):
            referred = _referral(zone, address)
            if referred is not None:
                return referred
    return name_servers(zone)


def _parent_servers(zone: str) -> Iterator[str]:
    """Give addresses of servers of the zone above, as far as DNS tells them."""
    parent = zone.partition(".")[2]
    try:
        while parent and not (servers := lookup(parent, "NS")):
            parent = parent.partition(".")[2]
        for server in servers[:_PARENTS] if parent else ():
            yield from (lookup(server, "A") or lookup(server, "AAAA"))[:1]
    except DnsError:
        return


def _referral(zone: str, address: str) -> list[str] | None:
    """Ask a server of the parent for its referral; None where it gives none that can be trusted."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype

    question = dns.message.make_query(zone, "NS", use_edns=0, payload=_PAYLOAD)
    question.flags &= ~dns.flags.RD
    try:
        answer, _ = dns.query.udp_with_fallback(question, address, timeout=_ONCE, port=_PORT)
    except (dns.exception.DNSException, OSError, EOFError):
        return None
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    sets = [one for one in [*answer.answer, *answer.authority] if one.rdtype == dns.rdatatype.NS]
    apex = dns.name.from_text(zone)
    if found := [one for one in sets if one.name == apex]:
        return sorted({content(item) for one in found for item in one})
    # Without the AA bit this server does not serve the parent; a referral to a zone between is none for this one.
    return [] if not sets and answer.flags & dns.flags.AA else None


def _resolver() -> Resolver:
    from dns.resolver import NoResolverConfiguration, Resolver

    chosen = os.environ.get(_VARIABLE, "")
    if chosen:
        resolver = Resolver(configure=False)
        address, resolver.port = _server(chosen)
        resolver.nameservers = [address]
    else:
        try:
            resolver = Resolver()
        except NoResolverConfiguration as error:
            raise DnsError(f"DNS cannot be asked: {error}; set {_VARIABLE}=ADDRESS:PORT") from None
    resolver.lifetime = _LIFETIME
    resolver.use_edns(0, 0, _PAYLOAD)  # so that a refusal can say why (RFC 8914)
    return resolver


def _server(chosen: str) -> tuple[str, int]:
    """Read ADDRESS:PORT, an IPv6 address in brackets; raises DnsError."""
    host, _, port = chosen.rpartition(":")
    try:
        address, number = str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise DnsError(f'{_VARIABLE}: "{chosen}" is not ADDRESS:PORT, such as 127.0.0.1:5353')
    return address, number

"""DNS as it stands: what the resolver of this machine answers, or the one that MAILSTACK_DNS_SERVER names."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any

from mailstack.errors import MailstackError

if TYPE_CHECKING:
    from dns.resolver import Resolver

_LIFETIME = 4.0  # seconds for one question, all tries together
_VARIABLE = "MAILSTACK_DNS_SERVER"


class LookupFailed(MailstackError):
    """No answer from DNS, which is not the same as the answer that there is no such record."""


def lookup(name: str, record_type: str) -> list[str]:
    """Return the values at a name, [] where there are none; raises LookupFailed where DNS does not answer.

    TXT strings are joined and unquoted, MX is "10 mail.example.com", names are lower case without trailing dot.
    """
    import dns.exception
    import dns.resolver

    try:
        answer = _resolver().resolve(name, record_type, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except dns.exception.Timeout:
        raise LookupFailed(f"DNS gave no answer for {record_type} {name} in {_LIFETIME:.0f} s") from None
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed(f"DNS gave no answer for {record_type} {name}: {error}") from None
    return sorted(_text(record_type, item) for item in answer.rrset or ())


def name_servers(zone: str) -> list[str]:
    """Return the name servers to which a zone is delegated, [] where it is not; raises LookupFailed."""
    return lookup(zone, "NS")


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
            raise LookupFailed(f"DNS cannot be asked: {error}; set {_VARIABLE}=ADDRESS:PORT") from None
    resolver.lifetime = _LIFETIME
    return resolver


def _server(chosen: str) -> tuple[str, int]:
    """Read ADDRESS:PORT, an IPv6 address in brackets; raises LookupFailed."""
    host, _, port = chosen.rpartition(":")
    try:
        address, number = str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise LookupFailed(f'{_VARIABLE}: "{chosen}" is not ADDRESS:PORT, such as 127.0.0.1:5353')
    return address, number


def _text(record_type: str, item: Any) -> str:
    if record_type == "TXT":
        return b"".join(item.strings).decode("utf-8", "backslashreplace")
    if record_type == "MX":
        return f"{item.preference} {_name(item.exchange)}"
    if record_type in ("CNAME", "NS"):
        return _name(item.target)
    return str(item.to_text())


def _name(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()

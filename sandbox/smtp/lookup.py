"""DNS as the receiver asks it."""

from __future__ import annotations

from typing import Any

LIFETIME = 5.0


class LookupFailed(Exception):
    """The DNS gave no usable answer in time: a temporary error for whoever judges."""


class Lookup:
    """Ask one DNS server on this machine, and no other.

    The judges of a message (SPF, DKIM, DMARC) all get their records here, so that neither the machine's resolver nor
    the internet has a say. Nothing is cached: a record that has just changed counts at once.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        import dns.resolver

        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [host]
        self._resolver.port = port

    def records(self, name: str, kind: str) -> list[Any]:
        """Return dnspython's records for a name and type, [] for none or no such name; LookupFailed without answer."""
        import dns.exception
        import dns.resolver

        try:
            return list(self._resolver.resolve(name.rstrip(".") + ".", kind, lifetime=LIFETIME))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.resolver.NoNameservers, dns.exception.Timeout) as error:
            raise LookupFailed(f"{name} {kind}: {error}") from error
        except dns.exception.DNSException:
            return []  # a name that DNS cannot hold (empty or over-long label) has no records

    def texts(self, name: str) -> list[bytes]:
        """Return the TXT values of a name, the strings of each joined without a gap (RFC 7208 section 3.3)."""
        return [b"".join(record.strings) for record in self.records(name, "TXT")]

    def exists(self, name: str) -> bool:
        """Tell whether DNS knows the name with or without data, that is, does not answer NXDOMAIN."""
        import dns.exception
        import dns.resolver

        try:
            self._resolver.resolve(name.rstrip(".") + ".", "A", lifetime=LIFETIME)
        except dns.resolver.NXDOMAIN:
            return False
        except dns.resolver.NoAnswer:
            return True
        except (dns.resolver.NoNameservers, dns.exception.Timeout) as error:
            raise LookupFailed(f"{name} A: {error}") from error
        except dns.exception.DNSException:
            return False
        return True

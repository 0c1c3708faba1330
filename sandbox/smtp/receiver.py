"""The receiving side: SPF, DKIM and DMARC judged by independent libraries, mail kept as files."""

from __future__ import annotations

import importlib.util
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cache
from importlib.abc import InspectLoader
from pathlib import Path
from typing import Any

from sandbox.smtp.dmarc import DmarcVerdict, evaluate, organizational_domain
from sandbox.smtp.lookup import Lookup, LookupFailed

AUTHSERV_ID = "mx.sandbox.test"  # who judged, as Authentication-Results names it (RFC 8601 section 2.5)
CLIENT_IP = "127.0.0.1"  # everything on this machine comes from here; the sandbox's amazonses.com allows it


@dataclass(frozen=True)
class Signature:
    """The verdict on one DKIM-Signature: pass, fail, permerror or temperror, with its d= and s=."""

    result: str
    domain: str
    selector: str
    reason: str = ""


class Receiver:
    """The mailbox provider at the other end: judges each message over DNS, keeps it as a file and in a list.

    SPF is pyspf's judgement, each DKIM signature is dkimpy's; none of it is shared with what signs the message.
    """

    def __init__(self, lookup: Lookup, mail_dir: Path) -> None:
        self._lookup = lookup
        self._mail_dir = mail_dir
        self._mail: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._spf = _own_pyspf(lookup)

    def mail(self) -> list[dict[str, Any]]:
        """Return what was delivered, oldest first.

        spf is the result for the envelope sender's domain. dkim is that of the best signature by the From domain's
        own side, "none" without one: amazonses.com signs everything and says nothing of the author. dkim_domains are
        the d= of every signature that passed. dmarc_policy is the policy that the domain's owner asks for.
        """
        with self._lock:
            return [dict(entry) for entry in self._mail]

    def deliver(
        self, content: bytes, message_id: str, envelope_from: str, recipients: list[str], helo: str
    ) -> dict[str, Any]:
        """Judge a message, write it with its Authentication-Results on top, and return its entry in the list."""
        message = message_from_bytes(content, policy=policy.default)
        author = _author_domain(message)
        spf, spf_reason = self._check_spf(envelope_from, helo)
        signatures = self._check_dkim(content)
        passed = [signature.domain for signature in signatures if signature.result == "pass"]
        envelope_domain = envelope_from.rpartition("@")[2]
        dmarc = (
            evaluate(author, envelope_domain if spf == "pass" else None, passed, self._lookup)
            if author
            else DmarcVerdict("permerror", reason="the message does not have exactly one From domain")
        )
        results = _results_header(envelope_from, (spf, spf_reason), signatures, author, dmarc)
        trace = results + b"Return-Path: <" + envelope_from.encode() + b">\r\n"
        entry: dict[str, Any] = {
            "message_id": message_id,
            "from": str(message.get("From", "")),
            "to": list(recipients),
            "subject": str(message.get("Subject", "")),
            "envelope_from": envelope_from,
            "spf": spf,
            "dkim": self._author_signature(author, signatures),
            "dmarc": dmarc.result,
            "dmarc_policy": dmarc.policy,
            "dkim_domains": passed,
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        with self._lock:
            path = self._mail_dir / f"{len(self._mail) + 1:04d}-{message_id}.eml"
            self._mail_dir.mkdir(parents=True, exist_ok=True)
            path.write_bytes(trace + content)
            entry["path"] = str(path)
            self._mail.append(entry)
        return dict(entry)

    def _check_spf(self, envelope_from: str, helo: str) -> tuple[str, str]:
        """Return pyspf's result (pass, fail, softfail, neutral, none, temperror, permerror) and its reason."""
        query = self._spf.query(i=CLIENT_IP, s=envelope_from, h=helo, querytime=20)
        result, _, reason = query.check()
        return str(result).lower(), str(reason)

    def _check_dkim(self, content: bytes) -> list[Signature]:
        import dkim  # type: ignore[import-untyped]  # dkimpy has no annotations

        verifier = dkim.DKIM(content)
        count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
        return [self._check_signature(dkim, content, index) for index in range(count)]

    def _check_signature(self, dkim: Any, content: bytes, index: int) -> Signature:
        """Verify one signature; a key that is not in DNS is a permerror (RFC 6376 section 6.1.2)."""
        missing: list[str] = []

        def key(name: bytes, timeout: float = 5) -> bytes | None:
            texts = self._lookup.texts(name.decode("ascii", "replace"))
            if not texts:
                missing.append(name.decode("ascii", "replace").rstrip("."))
            return texts[0] if texts else None

        verifier = dkim.DKIM(content)
        result, reason = "fail", "the signature does not match"
        try:
            if verifier.verify(idx=index, dnsfunc=key):
                result, reason = "pass", ""
        except LookupFailed as error:
            result, reason = "temperror", str(error)
        except dkim.ValidationError as error:
            reason = str(error)
        except dkim.DKIMException as error:
            result, reason = "permerror", str(error)
        except Exception as error:  # dkimpy raises parser errors of many kinds on a broken key: all of them mean "fail"
            reason = f"the key or signature cannot be read: {error}"
        if missing:
            result, reason = "permerror", f"no key at {missing[0]}"
        fields = getattr(verifier, "signature_fields", {})
        domain, selector = (fields.get(tag, b"").decode("ascii", "replace").lower() for tag in (b"d", b"s"))
        return Signature(result, domain, selector, reason)

    def _author_signature(self, author: str, signatures: list[Signature]) -> str:
        try:
            own = [s.result for s in signatures if author and self._speaks_for(s.domain, author)]
        except LookupFailed:
            return "temperror"
        return "pass" if "pass" in own else next(iter(own), "none")

    def _speaks_for(self, signer: str, author: str) -> bool:
        """Tell whether a d= is the author's domain, one above it, or one of the same organization."""
        if f".{author}".endswith(f".{signer}"):
            return True
        return organizational_domain(author, self._lookup) == organizational_domain(signer, self._lookup)


def _own_pyspf(lookup: Lookup) -> Any:
    """Load a private copy of pyspf that asks the given DNS.

    pyspf has one look-up function for the whole module; two sandboxes in one process (tests) need one each.
    """
    module: Any = types.ModuleType("spf")
    exec(_pyspf_code(), module.__dict__)  # noqa: S102  # the installed package's own code, run as an import runs it

    def look_up(name: str, kind: str, strict: bool = True, timeout: float = 30) -> list[tuple[tuple[str, str], Any]]:
        if kind == "SPF":
            return []  # the type is obsolete (RFC 7208 section 3.1)
        try:
            records = lookup.records(name, kind)
        except LookupFailed as error:
            raise module.TempError(f"DNS {error}") from error
        readers: dict[str, Callable[[Any], Any]] = {
            "TXT": lambda record: record.strings,
            "MX": lambda record: (record.preference, record.exchange.to_text(True)),
            "PTR": lambda record: record.target.to_text(True),
        }
        read = readers.get(kind, lambda record: record.address)
        return [((name, kind), read(record)) for record in records]

    module.DNSLookup = look_up
    return module


@cache
def _pyspf_code() -> types.CodeType:
    spec = importlib.util.find_spec("spf")
    code = spec.loader.get_code("spf") if spec and isinstance(spec.loader, InspectLoader) else None
    if code is None:
        raise ImportError("the sandbox's receiver needs the package pyspf")
    return code


def _author_domain(message: EmailMessage) -> str:
    """Return the one domain of the From field, "" when there is none or more than one (RFC 9989 section 5.3.1)."""
    fields = [str(value) for value in message.get_all("From", [])]
    domains = {address.rpartition("@")[2].lower() for _, address in getaddresses(fields) if "@" in address}
    return domains.pop() if len(domains) == 1 and len(fields) == 1 else ""


def _results_header(
    envelope_from: str, spf: tuple[str, str], signatures: list[Signature], author: str, dmarc: DmarcVerdict
) -> bytes:
    """Write the verdicts as one folded Authentication-Results field (RFC 8601)."""
    import authres  # type: ignore[import-untyped]  # authres has no annotations
    import authres.dmarc  # type: ignore[import-untyped]  # see above

    results = [authres.SPFAuthenticationResult(result=spf[0], reason=_plain(spf[1]), smtp_mailfrom=envelope_from)]
    results += [
        authres.DKIMAuthenticationResult(
            result=s.result, reason=_plain(s.reason), header_d=s.domain, header_s=s.selector
        )
        for s in signatures
    ] or [authres.DKIMAuthenticationResult(result="none")]
    results.append(
        authres.dmarc.DMARCAuthenticationResult(
            result=dmarc.result, reason=_plain(dmarc.reason), header_from=author, policy=dmarc.policy
        )
    )
    clauses = [f"Authentication-Results: {AUTHSERV_ID}", *(str(result) for result in results)]
    return (";\r\n ".join(clauses) + "\r\n").encode("ascii", "replace")


def _plain(text: str) -> str | None:
    """Make a reason fit for a quoted string on one line."""
    return " ".join(text.replace('"', "'").replace("\\", "/").split())[:200] or None

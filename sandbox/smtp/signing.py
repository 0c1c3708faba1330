"""A message as SES sends it on: header fields replaced, DKIM signatures added."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

# What SES takes out of a message, or writes anew, before it goes on (SES guide, "Amazon SES header fields").
REPLACED = {"message-id", "date", "bcc", "return-path", "dkim-signature"}
CONTROL_PREFIX = "x-ses-"
SIGNED = {
    *("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post"),
}


@dataclass(frozen=True)
class Signer:
    """A key that signs for a domain: d=, s= and the private key as PEM."""

    domain: str
    selector: str
    private_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Field:
    """One header field, kept as it stands in the message, folds included."""

    raw: bytes

    @property
    def name(self) -> str:
        """The field's name in lower case."""
        return self.raw.partition(b":")[0].decode("ascii", "replace").strip().lower()

    @property
    def value(self) -> str:
        """The field's value on one line."""
        return " ".join(self.raw.partition(b":")[2].decode("utf-8", "replace").split())


def split(content: bytes) -> tuple[list[Field], bytes]:
    """Split a message with CRLF line ends into header fields and body."""
    head, gap, body = content.partition(b"\r\n\r\n")
    if content.startswith(b"\r\n"):
        head, body = b"", content[2:]
    elif not gap:
        head = head.removesuffix(b"\r\n")
    return [Field(raw + b"\r\n") for raw in re.split(rb"\r\n(?![ \t])", head) if raw], body


def outgoing(content: bytes, message_id: str, region: str, signers: Iterable[Signer]) -> bytes:
    """Write the message as SES sends it on: its own Message-ID and Date, no control headers, and DKIM signatures.

    message_id is what `250 Ok` told the sender; us-east-1 writes it @email.amazonses.com.
    """
    fields, body = split(content)
    kept = [f for f in fields if f.name not in REPLACED and not f.name.startswith(CONTROL_PREFIX)]
    host = "email" if region == "us-east-1" else region
    kept.append(Field(f"Message-ID: <{message_id}@{host}.amazonses.com>\r\n".encode()))
    kept.append(Field(f"Date: {formatdate(time.time(), localtime=False)}\r\n".encode()))
    signatures = [signature(kept, body, signer) for signer in signers]
    return b"".join([*signatures, *(f.raw for f in kept)]) + b"\r\n" + body


def signature(fields: list[Field], body: bytes, signer: Signer) -> bytes:
    """Return a DKIM-Signature field: rsa-sha256, relaxed/simple as SES signs (RFC 6376)."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    # Of fields with the same name the lowest is taken first (RFC 6376 section 5.4.2), so h= lists them upwards.
    chosen = [f for f in reversed(fields) if f.name in SIGNED]
    body_hash = base64.b64encode(hashlib.sha256(_simple_body(body)).digest()).decode()
    names = ":".join(f.name for f in chosen)
    unsigned = (
        f"DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n s={signer.selector};"
        f" d={signer.domain};\r\n t={int(time.time())}; h={names};\r\n bh={body_hash};\r\n b="
    ).encode()
    signed = b"".join(_relaxed(f.raw) for f in chosen) + _relaxed(unsigned).removesuffix(b"\r\n")
    mark = base64.b64encode(_private_key(signer.private_key).sign(signed, PKCS1v15(), SHA256())).decode()
    folded = "\r\n ".join(mark[start : start + 72] for start in range(0, len(mark), 72))
    return unsigned + folded.encode() + b"\r\n"


def _relaxed(raw: bytes) -> bytes:
    """Canonicalize a field: name in lower case, folds undone, runs of white space as one (RFC 6376 section 3.4.2)."""
    name, _, value = raw.partition(b":")
    text = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + text + b"\r\n"


def _simple_body(body: bytes) -> bytes:
    """Canonicalize a body: one CRLF at the end, however many stood there (RFC 6376 section 3.4.3)."""
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n"


@lru_cache(maxsize=64)
def _private_key(pem: bytes) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("a DKIM signing key must be an RSA key")
    return key

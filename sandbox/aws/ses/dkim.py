"""DKIM tokens and the key pairs behind them."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BITS = {"RSA_1024_BIT": 1024, "RSA_2048_BIT": 2048}


@dataclass(frozen=True)
class DkimKey:
    """A key pair that signs: the private half as PEM, the public half as the text of its TXT record."""

    pem: bytes = field(repr=False)

    @cached_property
    def record(self) -> str:
        """Give the TXT text `p=<base64 of the public key>` (RFC 6376, 3.6.1: v, k and t have defaults)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

        public = load_pem_private_key(self.pem, password=None).public_key()
        return "p=" + base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


class DkimKeys(Mapping[str, DkimKey]):
    """The keys behind Easy DKIM tokens; a key is made when first asked for, because making one is slow."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._keys: dict[str, DkimKey] = {}
        self._lock = threading.Lock()

    def new_token(self, key_length: str) -> str:
        """Make a token as SES gives them, 32 characters of a-z and 0-9, for a key of this length."""
        token = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(32))
        self._bits[token] = BITS[key_length]
        return token

    def __getitem__(self, token: str) -> DkimKey:
        bits = self._bits[token]
        with self._lock:
            if token not in self._keys:
                self._keys[token] = new_key(bits)
            return self._keys[token]

    def __contains__(self, token: object) -> bool:
        return token in self._bits

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._bits))

    def __len__(self) -> int:
        return len(self._bits)


def own_key(text: str) -> DkimKey:
    """Read a domain owner's private key: base64 of its DER, PKCS #1 or #8, as inside a PEM but on one line.

    ValueError for anything else (API reference, DkimSigningAttributes; SES guide, "BYODKIM").
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(base64.b64decode(text, validate=True), password=None)
    if not isinstance(key, RSAPrivateKey) or not 1024 <= key.key_size <= 2048:
        raise ValueError("not an RSA key of 1024 to 2048 bits")
    return DkimKey(_pem(key))


def new_key(bits: int) -> DkimKey:
    """Make an RSA key pair."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return DkimKey(_pem(rsa.generate_private_key(public_exponent=65537, key_size=bits)))


def _pem(key: RSAPrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

"""A DNS, an AWS and a mail client for the tests of submission and receiver: small, and answering what they are told."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dnslib import QTYPE, RR, DNSRecord  # type: ignore[import-untyped]  # dnslib has no annotations
from dnslib.server import BaseResolver, DNSHandler, DNSServer  # type: ignore[import-untyped]  # as above

from sandbox.smtp import SmtpWorld
from sandbox.smtp.service import MailService
from sandbox.smtp.vendor import Vendor

EU, US = "email-smtp.eu-west-1.amazonaws.com", "email-smtp.us-east-1.amazonaws.com"
RESEND = "smtp.resend.com"
TOKEN, SERVICE_TOKEN = "abcdefghijklmnopqrstuvwxyz234567", "servicetokenservicetokenservice2"
DENIED = (
    "Access denied: User `arn:aws:iam::123456789012:user/notify' is not authorized to perform `ses:SendRawEmail' "
    "on resource `arn:aws:ses:eu-west-1:123456789012:identity/example.com'"
)


@dataclass(frozen=True)
class Key:
    """A key pair: private half, and the text of its DNS record (RFC 6376 section 3.6.1)."""

    pem: bytes
    record: str


def new_key() -> Key:
    """Make a key pair of 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}",
    )


@cache
def keys() -> dict[str, Key]:
    """Make the keys of all tests, once."""
    return {TOKEN: new_key(), SERVICE_TOKEN: new_key()}


class Dns(BaseResolver):  # type: ignore[misc]  # as above
    """Zone lines (`name ttl type value`) by name, served over UDP; aliases are followed as a resolver would."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.server = DNSServer(self, port=0, address="127.0.0.1", logger=_Quiet())
        self.port: int = self.server.server.socket.getsockname()[1]

    def put(self, name: str, kind: str, *values: str) -> None:
        self.zone[name, kind] = list(values)

    def txt(self, name: str, *texts: str) -> None:
        chunks = [" ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255)) for text in texts]
        self.put(name, "TXT", *chunks)

    def values(self, name: str, kind: str) -> list[str]:
        """Answer in the process, as values without quotes."""
        return [value.replace('" "', "").strip('"').rstrip(".") for value in self.zone.get((name, kind), [])]

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        reply = request.reply()
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        while alias := self.zone.get((name, "CNAME")):
            reply.add_answer(*RR.fromZone(f"{name}. 60 CNAME {alias[0]}."))
            name = alias[0]
        for value in self.zone.get((name, kind), []):
            reply.add_answer(*RR.fromZone(f"{name}. 60 {kind} {value}"))
        known = any(holder == name or holder.endswith("." + name) for holder, _ in self.zone)
        reply.header.rcode = 0 if known else 3
        return reply


class _Quiet:
    """dnslib's logger, silent."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@dataclass
class Login:
    """An IAM user's SMTP login."""

    account: str = "123456789012"


@dataclass
class Identity:
    """A verified domain."""

    name: str = "example.com"
    dkim: bool = True
    mail_from_domain: str | None = "bounce.example.com"
    mail_from_status: str | None = "SUCCESS"
    behavior_on_mx_failure: str = "USE_DEFAULT_VALUE"


@dataclass
class Verdict:
    """The answer to the question whether a message may go."""

    allowed: bool
    why: str = ""


@dataclass
class Aws:
    """One user with a password per region, identities in eu-west-1, and a policy of denied addresses."""

    identities: list[Identity] = field(default_factory=lambda: [Identity()])
    passwords: dict[str, str] = field(default_factory=lambda: {"eu-west-1": "eu+pass/word", "us-east-1": "us+pass"})
    denied: set[str] = field(default_factory=set)
    asked: list[tuple[str, list[str], str | None]] = field(default_factory=list)
    sent: int = 0
    amazonses_selector: str = SERVICE_TOKEN

    @property
    def identity(self) -> Identity:
        return self.identities[0]

    def smtp_login(self, username: str, password: str, region: str) -> Login | None:
        return Login() if username == "AKIAEXAMPLE" and self.passwords.get(region) == password else None

    def verified_identity(self, account: str, region: str, address: str) -> Identity | None:
        domain = address.rpartition("@")[2].lower()
        found = (i for i in self.identities if address == i.name or f".{domain}".endswith(f".{i.name}"))
        return next(found, None) if region == "eu-west-1" else None

    def signing_key(self, identity: Identity) -> tuple[str, Key] | None:
        return (TOKEN, keys()[TOKEN]) if identity.dkim else None

    def dkim_keys(self) -> dict[str, Key]:
        return keys()

    def may_send(
        self,
        login: Login,
        region: str,
        from_address: str,
        recipients: Sequence[str],
        identity: Identity,
        configuration_set: str | None,
    ) -> Verdict:
        self.asked.append((from_address, list(recipients), configuration_set))
        return Verdict(False, DENIED) if from_address in self.denied else Verdict(True)

    def count_sent(self, account: str, region: str, mails: int = 1) -> None:
        self.sent += mails


@dataclass
class Cloud:
    """The running world with its stand-ins."""

    world: SmtpWorld
    dns: Dns
    aws: Any
    trust: ssl.SSLContext

    def connect(self, server_name: str = EU) -> smtplib.SMTP:
        """Open a STARTTLS session with certificate check, as a client of that SES endpoint."""
        client = smtplib.SMTP("127.0.0.1", self.world.starttls_port, local_hostname="client.test", timeout=20)
        client._host = server_name  # type: ignore[attr-defined]  # the name smtplib checks and sends as SNI
        client.starttls(context=self.trust)
        return client

    def connect_tls(self, server_name: str = EU) -> smtplib.SMTP_SSL:
        """Open an implicit TLS session with certificate check."""

        class Client(smtplib.SMTP_SSL):
            def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:
                return self.context.wrap_socket(
                    socket.create_connection((host, port), timeout), server_hostname=server_name
                )

        return Client("127.0.0.1", self.world.tls_port, local_hostname="client.test", timeout=20, context=self.trust)

    def send(self, message: EmailMessage | bytes, to: Sequence[str] = ("you@example.net",), sender: str = "") -> str:
        """Sign in, send, and return SES's reply to DATA; a refusal is the reply as well."""
        content = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        with self.connect() as client:
            client.login("AKIAEXAMPLE", "eu+pass/word")
            client.mail(sender or "hello@example.com")
            for address in to:
                client.rcpt(address)
            code, text = client.data(content)
        return f"{code} {text.decode()}"

    def verdict(self, message: EmailMessage) -> dict[str, Any]:
        """Send a message that must be taken and return the receiver's entry."""
        reply = self.send(message)
        assert reply.startswith("250 Ok "), reply
        return self.world.mail()[-1]


def mail(sender: str = "Example <hello@example.com>", **headers: str) -> EmailMessage:
    """Write a small message; underscores in header names stand for hyphens."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "you@example.net", "Grüße aus dem Test"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Line one\n\n.a line with a dot\nlast line with trailing space \n\n\n")
    return message


@contextmanager
def cloud(
    directory: Path, dns: Dns | None = None, aws: MailService | None = None, others: Sequence[Vendor] = ()
) -> Iterator[Cloud]:
    """Run submission and receiver over a DNS that is set up as SES asks for example.com."""
    dns, aws = dns or Dns(), aws or Aws()
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost", EU, US, RESEND)
    certificate, key = directory / "server.pem", directory / "server.key"
    certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    world = SmtpWorld(aws, dns.port, directory / "mail", certificate, key, others=others)
    dns.txt("amazonses.com", "v=spf1 ip4:127.0.0.0/8 -all")
    dns.txt("eu-west-1.amazonses.com", "v=spf1 include:amazonses.com -all")
    dns.txt(f"{SERVICE_TOKEN}._domainkey.amazonses.com", keys()[SERVICE_TOKEN].record)
    dns.put(f"{TOKEN}._domainkey.example.com", "CNAME", f"{TOKEN}.dkim.amazonses.com")
    dns.txt(f"{TOKEN}.dkim.amazonses.com", keys()[TOKEN].record)
    dns.put("bounce.example.com", "MX", "10 feedback-smtp.eu-west-1.amazonses.com.")
    dns.txt("bounce.example.com", "v=spf1 include:amazonses.com ~all")
    dns.txt("_dmarc.example.com", "v=DMARC1; p=none")
    threading.Thread(target=dns.server.server.serve_forever, args=(0.02,), daemon=True).start()
    world.start()
    try:
        yield Cloud(world, dns, aws, trust)
    finally:
        world.stop()
        dns.server.server.shutdown()
        dns.server.server.server_close()

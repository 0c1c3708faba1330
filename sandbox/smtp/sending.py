"""What SES decides of a message that an application handed in, and how it sends it on."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

from sandbox.smtp.service import Identity, MailService
from sandbox.smtp.signing import Field, Signer, outgoing, split

# Fields that SES takes once only, of those an application may set (SES guide, "Amazon SES header fields").
ONCE = {
    *("from", "sender", "reply-to", "subject", "date", "message-id", "return-path", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding"),
}
# The first digits of a message id tell the region; others than these share one.
REGION_DIGITS = {"us-east-1": "0100", "us-west-2": "0101", "eu-west-1": "0102", "eu-central-1": "0107"}


class Refusal(Exception):
    """The vendor does not take the login or message; the text is its SMTP reply."""


@dataclass(frozen=True)
class Submitted:
    """A message as an application handed it in; the login is what the vendor gave for it."""

    login: Any
    region: str
    envelope_from: str
    recipients: list[str]
    content: bytes


@dataclass(frozen=True)
class Outgoing:
    """A message as it goes on to the receiver."""

    message_id: str
    envelope_from: str
    recipients: list[str]
    content: bytes
    helo: str


def send(aws: MailService, mail: Submitted) -> Outgoing:
    """Decide as SES does whether a message may go, and write it as it goes; Refusal carries the SMTP reply."""
    account, region = mail.login.account, mail.region
    fields, _ = split(mail.content)
    author = _author(fields)
    identity = _verified(aws, mail, fields, author)
    configuration_set = _value(fields, "x-ses-configuration-set") or None
    verdict = aws.may_send(mail.login, region, author, mail.recipients, identity, configuration_set)
    if not verdict.allowed:
        raise Refusal(f"554 {verdict.why}")
    message_id = new_message_id(region)
    envelope_from = f"{message_id}@{_mail_from_domain(identity, region)}"
    content = outgoing(mail.content, message_id, region, _signers(aws, mail, identity))
    aws.count_sent(account, region, len(mail.recipients))
    return Outgoing(message_id, envelope_from, mail.recipients, content, f"smtp-out.{service_domain(region)}")


def new_message_id(region: str) -> str:
    """Make a message id in the form of SES: region and time in hexadecimal digits, random part, -000000."""
    return f"{REGION_DIGITS.get(region, '010f')}{int(time.time() * 1000):012x}-{uuid.uuid4()}-000000"


def _author(fields: list[Field]) -> str:
    """Return the address of the one From field."""
    repeated = [name for name, count in Counter(field.name for field in fields).items() if count > 1 and name in ONCE]
    if repeated:
        raise Refusal(f"554 Transaction failed: Duplicate header '{repeated[0].title()}'.")
    addresses = [address for _, address in getaddresses([_value(fields, "from")]) if address]
    if not addresses or any("@" not in address.strip("@") for address in addresses):
        raise Refusal("554 Transaction failed: Missing final '@domain'")
    return addresses[0]


def _verified(aws: MailService, mail: Submitted, fields: list[Field], author: str) -> Identity:
    """Return the identity of the author's address; refuse when it, or another sender's address, is not verified."""
    named = [_value(fields, "from"), mail.envelope_from, _value(fields, "sender")]
    failed = [
        text
        for text in dict.fromkeys(filter(None, named))
        if not all(_identity(aws, mail, address) for _, address in getaddresses([text]))
    ]
    identity = _identity(aws, mail, author)
    if failed or identity is None:
        raise Refusal(
            "554 Message rejected: Email address is not verified. The following identities failed the check in region "
            f"{mail.region.upper()}: {', '.join(failed)}"
        )
    return identity


def _identity(aws: MailService, mail: Submitted, address: str) -> Identity | None:
    return aws.verified_identity(mail.login.account, mail.region, address)


def _mail_from_domain(identity: Identity, region: str) -> str:
    """Return the domain of the envelope sender: the MAIL FROM domain once it is verified, else the region's own."""
    if not identity.mail_from_domain or identity.mail_from_status == "SUCCESS":
        return identity.mail_from_domain or service_domain(region)
    if identity.behavior_on_mx_failure == "REJECT_MESSAGE":
        raise Refusal(f"554 Message rejected: MAIL FROM domain is not verified: {identity.mail_from_domain}")
    return service_domain(region)


def _signers(aws: MailService, mail: Submitted, identity: Identity) -> list[Signer]:
    """Return the identity's signer, where its DKIM stands, and the one of amazonses.com that every message gets."""
    service = aws.amazonses_selector
    signers = [Signer("amazonses.com", service, aws.dkim_keys()[service].pem)]
    own = aws.signing_key(identity)
    if own is not None:
        # A single address signs as its domain; an address without local part falls under the domain alone.
        owner = _identity(aws, mail, f"@{identity.name.rpartition('@')[2]}") or identity
        signers.insert(0, Signer(owner.name, own[0], own[1].pem))
    return signers


def service_domain(region: str) -> str:
    """Give the domain that SES sends from in a region."""
    return "amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def _value(fields: list[Field], name: str) -> str:
    return next((field.value for field in fields if field.name == name), "")

"""The SES stand-in with a domain owner's own DKIM key, as the guide's "BYODKIM" and the API reference describe it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sandbox.smtp.signing import Signer, signature, split

from .aws_world import DAY, Aws, served

DOMAIN = "example.com"
KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=1024) for _ in range(2)]
MESSAGE = b"From: a@example.com\r\nSubject: Hello\r\n\r\nHello.\r\n"


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def private(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return base64.b64encode(key.private_bytes(Encoding.DER, form, NoEncryption())).decode()


def record(key: rsa.RSAPrivateKey) -> str:
    """Return the TXT record of a key's public half (RFC 6376 section 3.6.1)."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def publish(aws: Aws, selector: str, key: rsa.RSAPrivateKey) -> None:
    aws.dns[f"{selector}._domainkey.{DOMAIN}", "TXT"] = [record(key)]


def create(aws: Aws, selector: str = "one", key: rsa.RSAPrivateKey = KEYS[0]) -> Any:
    signing = {"DomainSigningSelector": selector, "DomainSigningPrivateKey": private(key)}
    return aws.client("sesv2").create_email_identity(EmailIdentity=DOMAIN, DkimSigningAttributes=signing)


def switch(aws: Aws, selector: str, text: str) -> Any:
    return aws.client("sesv2").put_email_identity_dkim_signing_attributes(
        EmailIdentity=DOMAIN,
        SigningAttributesOrigin="EXTERNAL",
        SigningAttributes={"DomainSigningSelector": selector, "DomainSigningPrivateKey": text},
    )


def seen(aws: Aws) -> dict[str, Any]:
    return dict(aws.client("sesv2").get_email_identity(EmailIdentity=DOMAIN))


def test_an_own_key_is_pending_until_its_record_is_found(aws: Aws) -> None:
    """Without the record, and with another key's, the domain is not verified; with its own it is."""
    create(aws)
    assert (seen(aws)["DkimAttributes"]["Status"], seen(aws)["VerifiedForSendingStatus"]) == ("PENDING", False)
    publish(aws, "one", KEYS[1])
    assert seen(aws)["VerificationInfo"]["ErrorType"] == "INVALID_VALUE"
    publish(aws, "one", KEYS[0])
    found = seen(aws)
    assert (found["DkimAttributes"]["Status"], found["VerifiedForSendingStatus"]) == ("SUCCESS", True)
    assert found["DkimAttributes"]["SigningAttributesOrigin"] == "EXTERNAL"
    assert found["DkimAttributes"]["Tokens"] == ["one"]


def test_a_revoked_record_does_not_verify(aws: Aws) -> None:
    """An empty p= is no key (RFC 6376 section 3.6.1)."""
    create(aws)
    aws.dns[f"one._domainkey.{DOMAIN}", "TXT"] = ["v=DKIM1; p="]
    assert seen(aws)["DkimAttributes"]["Status"] == "PENDING"


def test_a_switch_to_a_key_that_stands_signs_with_it_at_once(aws: Aws) -> None:
    """With both records published there is no moment without a signature."""
    create(aws)
    publish(aws, "one", KEYS[0])
    assert aws.signing_key(f"a@{DOMAIN}")[0] == "one"
    publish(aws, "two", KEYS[1])
    assert switch(aws, "two", private(KEYS[1]))["DkimTokens"] == ["two"]
    assert aws.signing_key(f"a@{DOMAIN}")[0] == "two"


def test_a_switch_before_the_record_stands_leaves_mail_unsigned(aws: Aws) -> None:
    """The guide's warning: until SES finds the new record it does not sign with the old key; the domain may send on."""
    create(aws)
    publish(aws, "one", KEYS[0])
    assert seen(aws)["VerifiedForSendingStatus"] is True
    switch(aws, "two", private(KEYS[1]))
    assert aws.world.signing_key(aws.identity(f"a@{DOMAIN}")) is None
    found = seen(aws)
    assert (found["DkimAttributes"]["Status"], found["VerifiedForSendingStatus"]) == ("PENDING", True)
    publish(aws, "two", KEYS[1])
    assert aws.signing_key(f"a@{DOMAIN}")[0] == "two"


def test_a_domain_goes_from_easy_dkim_to_an_own_key_and_back(aws: Aws) -> None:
    """Its tokens are the selector, then three again."""
    ses = aws.client("sesv2")
    aws.verified(DOMAIN)
    publish(aws, "one", KEYS[0])
    switch(aws, "one", private(KEYS[0]))
    assert aws.signing_key(f"a@{DOMAIN}")[0] == "one"
    answer = ses.put_email_identity_dkim_signing_attributes(EmailIdentity=DOMAIN, SigningAttributesOrigin="AWS_SES")
    assert len(answer["DkimTokens"]) == 3
    assert seen(aws)["DkimAttributes"]["SigningAttributesOrigin"] == "AWS_SES"


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_both_forms_of_a_private_key_are_taken_and_its_signature_verifies(aws: Aws, form: PrivateFormat) -> None:
    """PKCS #8 and PKCS #1; dkimpy, which knows nothing of the sandbox, finds the signature good."""
    import dkim  # type: ignore[import-untyped]  # ships no types

    create(aws)
    publish(aws, "two", KEYS[1])
    switch(aws, "two", private(KEYS[1], form))
    selector, key = aws.signing_key(f"a@{DOMAIN}")
    fields, body = split(MESSAGE)
    signed = signature(fields, body, Signer(DOMAIN, selector, key.pem)) + MESSAGE
    answers = {f"two._domainkey.{DOMAIN}.".encode(): record(KEYS[1]).encode()}
    assert dkim.verify(signed, dnsfunc=lambda name, timeout=5: answers.get(name))


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ("two", private(ed25519.Ed25519PrivateKey.generate())),
        ("two", private(rsa.generate_private_key(public_exponent=65537, key_size=3072))),
        ("two", "bm8ga2V5"),
        ("two.eu", private(KEYS[1])),
        ("two-", private(KEYS[1])),
    ],
    ids=["Ed25519", "3072 bits", "no key", "a dot in the selector", "a hyphen at its end"],
)
def test_what_ses_does_not_take_is_refused_and_the_old_key_stays(aws: Aws, selector: str, text: str) -> None:
    """RSA of 1024 to 2048 bits only; a selector is one label (API reference, DkimSigningAttributes)."""
    create(aws)
    publish(aws, "one", KEYS[0])
    with pytest.raises(ClientError, match="BadRequestException"):
        switch(aws, selector, text)
    assert aws.signing_key(f"a@{DOMAIN}")[0] == "one"


def test_the_length_of_easy_dkim_keys_changes_once_a_day_and_once_more_down_to_1024(aws: Aws) -> None:
    """The guide, "DKIM signing key length": the exception is the first change to 1024 bits in the 24 hours."""
    ses = aws.client("sesv2")

    def change(length: str) -> None:
        ses.put_email_identity_dkim_signing_attributes(
            EmailIdentity=DOMAIN, SigningAttributesOrigin="AWS_SES", SigningAttributes={"NextSigningKeyLength": length}
        )

    ses.create_email_identity(EmailIdentity=DOMAIN, DkimSigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"})
    change("RSA_2048_BIT")
    change("RSA_1024_BIT")
    with pytest.raises(ClientError, match="BadRequestException"):
        change("RSA_2048_BIT")
    aws.time += DAY
    change("RSA_2048_BIT")
    assert seen(aws)["DkimAttributes"]["CurrentSigningKeyLength"] == "RSA_2048_BIT"

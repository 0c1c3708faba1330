"""SES identities and their verification by DNS, asked with boto3."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from tests.sandbox.aws_world import DAY, Aws, served


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def _refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_new_domain_has_three_easy_dkim_tokens(aws: Aws) -> None:
    """A new domain identity answers with three different tokens of 32 characters and is not verified."""
    made = aws.client("sesv2").create_email_identity(EmailIdentity="example.com")
    dkim = made["DkimAttributes"]
    assert made["IdentityType"] == "DOMAIN"
    assert made["VerifiedForSendingStatus"] is False
    assert dkim["Status"] == "NOT_STARTED"
    assert dkim["SigningAttributesOrigin"] == "AWS_SES"
    assert dkim["SigningHostedZone"] == "dkim.amazonses.com"
    assert dkim["CurrentSigningKeyLength"] == dkim["NextSigningKeyLength"] == "RSA_2048_BIT"
    assert dkim["LastKeyGenerationTimestamp"].timestamp() == aws.time
    assert len(set(dkim["Tokens"])) == 3
    assert all(re.fullmatch("[a-z0-9]{32}", token) for token in dkim["Tokens"])


def test_address_identity_reads_as_aws_writes_it(aws: Aws) -> None:
    """An address has no tokens and no DKIM in its answers, as AWS answered in getmoto/moto issue 9771."""
    ses = aws.client("sesv2")
    made = ses.create_email_identity(EmailIdentity="me@example.com")
    made.pop("ResponseMetadata")
    assert made == {"IdentityType": "EMAIL_ADDRESS", "VerifiedForSendingStatus": False}
    found = ses.get_email_identity(EmailIdentity="me@example.com")
    found.pop("ResponseMetadata")
    assert found == {
        "IdentityType": "EMAIL_ADDRESS",
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": False,
        "DkimAttributes": {
            "SigningEnabled": False,
            "Status": "NOT_STARTED",
            "SigningAttributesOrigin": "AWS_SES",
            "NextSigningKeyLength": "RSA_1024_BIT",
        },
        "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
        "Policies": {},
        "Tags": [],
        "VerificationStatus": "PENDING",
        "VerificationInfo": {},
    }


def test_address_is_verified_with_its_domain(aws: Aws) -> None:
    """An address of a verified domain is verified from the start, with the domain's DKIM, and loses both with it."""
    ses = aws.client("sesv2")
    tokens = aws.verified("example.com")
    assert ses.create_email_identity(EmailIdentity="me@example.com")["VerifiedForSendingStatus"] is True
    assert ses.get_email_identity(EmailIdentity="me@example.com")["DkimAttributes"]["Tokens"] == tokens
    ses.delete_email_identity(EmailIdentity="example.com")
    assert ses.get_email_identity(EmailIdentity="me@example.com")["VerifiedForSendingStatus"] is False


def test_domain_is_verified_when_dns_has_the_records(aws: Aws) -> None:
    """A domain turns from PENDING to SUCCESS when its three CNAMEs exist in DNS, without any time passing."""
    ses = aws.client("sesv2")
    tokens = ses.create_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"]
    aws.publish_dkim("example.com", tokens[:2])
    before = ses.get_email_identity(EmailIdentity="example.com")
    assert (before["VerificationStatus"], before["DkimAttributes"]["Status"]) == ("PENDING", "PENDING")
    assert before["VerificationInfo"]["ErrorType"] == "HOST_NOT_FOUND"
    aws.publish_dkim("example.com", tokens)
    after = ses.get_email_identity(EmailIdentity="example.com")
    assert (after["VerificationStatus"], after["DkimAttributes"]["Status"]) == ("SUCCESS", "SUCCESS")
    assert after["VerifiedForSendingStatus"] is True
    assert "ErrorType" not in after["VerificationInfo"]
    assert after["VerificationInfo"]["LastSuccessTimestamp"].timestamp() == aws.time


@pytest.mark.parametrize(
    ("kind", "values", "error"),
    [
        ("CNAME", ["elsewhere.example.net"], "INVALID_VALUE"),
        ("CNAME", ["{token}.dkim.amazonses.com.example.com"], "INVALID_VALUE"),
        ("A", ["192.0.2.1"], "TYPE_NOT_FOUND"),
        ("TXT", ["{token}.dkim.amazonses.com"], "TYPE_NOT_FOUND"),
    ],
)
def test_wrong_record_keeps_domain_pending_and_says_why(aws: Aws, kind: str, values: list[str], error: str) -> None:
    """A CNAME with another target, a proxied CNAME (addresses) and a record of another type do not verify."""
    ses = aws.client("sesv2")
    tokens = aws.verified("example.com")
    name = f"{tokens[0]}._domainkey.example.com"
    del aws.dns[name, "CNAME"]
    aws.dns[name, kind] = [value.format(token=tokens[0]) for value in values]
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["VerificationStatus"] == "PENDING"
    assert found["VerificationInfo"]["ErrorType"] == error


def test_case_and_trailing_dot_of_a_target_do_not_matter(aws: Aws) -> None:
    """DNS names compare without case, and a target may be written with its final dot."""
    tokens = aws.verified("Example.COM")
    aws.publish_dkim("example.com", tokens)
    aws.dns[f"{tokens[0]}._domainkey.example.com", "CNAME"] = [f"{tokens[0].upper()}.DKIM.amazonses.com."]
    assert aws.client("sesv2").get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "SUCCESS"


def test_records_missing_for_72_hours_fail(aws: Aws) -> None:
    """A domain whose records are not found within 72 hours of its creation is FAILED, and verifies when they come."""
    ses = aws.client("sesv2")
    tokens = ses.create_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"]
    aws.time += 3 * DAY - 1
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "PENDING"
    aws.time += 1
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "FAILED"
    aws.publish_dkim("example.com", tokens)
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "SUCCESS"


def test_verified_domain_that_loses_its_records_may_send_for_72_hours(aws: Aws) -> None:
    """Records that vanish are a TEMPORARY_FAILURE that still sends, and after 72 hours a failure that does not."""
    ses = aws.client("sesv2")
    aws.verified("example.com")
    ses.get_email_identity(EmailIdentity="example.com")
    aws.dns.clear()
    lost = ses.get_email_identity(EmailIdentity="example.com")
    assert (lost["VerificationStatus"], lost["VerifiedForSendingStatus"]) == ("TEMPORARY_FAILURE", True)
    assert lost["DkimAttributes"]["Status"] == "TEMPORARY_FAILURE"
    aws.time += 3 * DAY
    gone = ses.get_email_identity(EmailIdentity="example.com")
    assert (gone["VerificationStatus"], gone["VerifiedForSendingStatus"]) == ("FAILED", False)


def test_failing_dns_is_told_as_such(aws: Aws) -> None:
    """When DNS does not answer, the domain stays pending with DNS_SERVER_ERROR."""
    aws.verified("example.com")
    aws.broken = True
    found = aws.client("sesv2").get_email_identity(EmailIdentity="example.com")
    assert (found["VerificationStatus"], found["VerificationInfo"]["ErrorType"]) == ("PENDING", "DNS_SERVER_ERROR")


def test_second_identity_of_a_name_is_refused(aws: Aws) -> None:
    """Creating an identity twice is AlreadyExistsException in AWS's words (anomalyco/sst issue 4556)."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ClientError) as error:
        ses.create_email_identity(EmailIdentity="example.com")
    assert _refusal(error) == ("AlreadyExistsException", "Email identity example.com already exist.", 400)


def test_missing_identity_is_not_found(aws: Aws) -> None:
    """Reading and deleting an identity that is not there are both NotFoundException, status 404."""
    ses = aws.client("sesv2")
    for operation in (ses.get_email_identity, ses.delete_email_identity):
        with pytest.raises(ClientError) as error:
            operation(EmailIdentity="example.com")
        assert _refusal(error) == ("NotFoundException", "Email identity example.com does not exist.", 404)


def test_unknown_default_set_makes_no_identity(aws: Aws) -> None:
    """An identity with a default set that does not exist is refused and not made (floci-io/floci pull 1812)."""
    ses = aws.client("sesv2")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.create_email_identity(EmailIdentity="example.com", ConfigurationSetName="none")
    assert ses.list_email_identities()["EmailIdentities"] == []


def test_default_set_can_be_changed_and_taken_away(aws: Aws) -> None:
    """The default configuration set of an identity is read back, replaced, and absent once it is cleared."""
    ses = aws.client("sesv2")
    for name in ("one", "two"):
        ses.create_configuration_set(ConfigurationSetName=name)
    ses.create_email_identity(EmailIdentity="example.com", ConfigurationSetName="one")
    assert ses.get_email_identity(EmailIdentity="example.com")["ConfigurationSetName"] == "one"
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com", ConfigurationSetName="two")
    assert ses.get_email_identity(EmailIdentity="example.com")["ConfigurationSetName"] == "two"
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com")
    assert "ConfigurationSetName" not in ses.get_email_identity(EmailIdentity="example.com")


def test_feedback_and_signing_are_switched(aws: Aws) -> None:
    """Feedback forwarding and DKIM signing can be switched off; the state of the records stays."""
    ses = aws.client("sesv2")
    aws.verified("example.com")
    ses.put_email_identity_feedback_attributes(EmailIdentity="example.com", EmailForwardingEnabled=False)
    ses.put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=False)
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["FeedbackForwardingStatus"] is False
    assert found["DkimAttributes"]["SigningEnabled"] is False
    assert found["DkimAttributes"]["Status"] == "SUCCESS"


def test_signing_of_an_unknown_domain_is_refused(aws: Aws) -> None:
    """Switching signing of an unknown domain is a BadRequestException in AWS's words (floci-io/floci pull 723)."""
    with pytest.raises(ClientError) as error:
        aws.client("sesv2").put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=True)
    assert _refusal(error) == ("BadRequestException", "Domain example.com is not verified for DKIM signing.", 400)


def test_other_key_length_makes_other_tokens(aws: Aws) -> None:
    """Asking for another key length makes new tokens; the domain stays verified while their records are missing."""
    ses = aws.client("sesv2")
    tokens = aws.verified("example.com")
    ses.get_email_identity(EmailIdentity="example.com")
    answer = ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity="example.com",
        SigningAttributesOrigin="AWS_SES",
        SigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
    )
    assert not set(answer["DkimTokens"]) & set(tokens)
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["DkimAttributes"]["Status"] == "PENDING"
    assert found["VerifiedForSendingStatus"] is True


def test_own_key_is_verified_by_its_txt_record(aws: Aws) -> None:
    """A domain with its own key has its selector as token, and verifies when DNS has that key's public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ses = aws.client("sesv2")
    made = ses.create_email_identity(
        EmailIdentity="example.com",
        DkimSigningAttributes={
            "DomainSigningSelector": "mail",
            "DomainSigningPrivateKey": base64.b64encode(private).decode(),
        },
    )
    assert made["DkimAttributes"]["Tokens"] == ["mail"]
    assert made["DkimAttributes"]["SigningAttributesOrigin"] == "EXTERNAL"
    text = base64.b64encode(public).decode()
    aws.dns["mail._domainkey.example.com", "TXT"] = [f'"v=DKIM1; k=rsa; p={text[:100]}" "{text[100:]}"']
    assert ses.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "SUCCESS"
    assert aws.signing_key("a@example.com")[0] == "mail"


def test_dkim_record_holds_the_public_half_of_the_signing_key(aws: Aws) -> None:
    """What DNS is to answer for a token is the public key of what its mail is signed with; unknown tokens have none."""
    token = aws.verified("example.com")[0]
    selector, key = aws.signing_key("a@example.com")
    assert selector == token
    record = aws.world.dkim_record(token)
    assert record is not None
    assert record.startswith("p=")
    public = load_der_public_key(base64.b64decode(record.removeprefix("p=")))
    assert isinstance(public, rsa.RSAPublicKey)
    assert public == load_pem_private_key(key.pem, password=None).public_key()
    assert public.key_size == 2048
    assert aws.world.dkim_record("0" * 32) is None


def test_tags_of_an_identity_are_read_back_and_changed(aws: Aws) -> None:
    """Tags given at creation, added and removed are in GetEmailIdentity and in ListTagsForResource alike."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com", Tags=[{"Key": "a", "Value": "1"}])
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
    ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}])
    ses.untag_resource(ResourceArn=arn, TagKeys=["a", "c"])
    assert ses.get_email_identity(EmailIdentity="example.com")["Tags"] == [{"Key": "b", "Value": "2"}]
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.list_tags_for_resource(ResourceArn=arn + ".au")


def test_lists_come_in_pages(aws: Aws) -> None:
    """A list with PageSize comes in pages whose tokens lead to the end, each identity once."""
    ses = aws.client("sesv2")
    names = [f"d{number}.example.com" for number in range(5)]
    for name in names:
        ses.create_email_identity(EmailIdentity=name)
    found: list[str] = []
    token: dict[str, str] = {}
    for size in (2, 2, 1):
        page = ses.list_email_identities(PageSize=2, **token)
        assert len(page["EmailIdentities"]) == size
        found += [row["IdentityName"] for row in page["EmailIdentities"]]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert (found, token) == (names, {})


def test_identities_belong_to_one_region(aws: Aws) -> None:
    """An identity made in one region is unknown in another, and its tokens are its own."""
    first = aws.client("sesv2", "eu-west-1").create_email_identity(EmailIdentity="example.com")
    ses = aws.client("sesv2", "us-east-1")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_email_identity(EmailIdentity="example.com")
    second = ses.create_email_identity(EmailIdentity="example.com")
    assert not set(first["DkimAttributes"]["Tokens"]) & set(second["DkimAttributes"]["Tokens"])


def test_identity_policies_are_kept(aws: Aws) -> None:
    """Policies of an identity are made once, changed, read back and deleted."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    name = {"EmailIdentity": "example.com", "PolicyName": "partner"}
    ses.create_email_identity_policy(**name, Policy="{}")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_identity_policy(**name, Policy="{}")
    ses.update_email_identity_policy(**name, Policy='{"Version":"2012-10-17"}')
    wanted = {"partner": '{"Version":"2012-10-17"}'}
    assert ses.get_email_identity_policies(EmailIdentity="example.com")["Policies"] == wanted
    ses.delete_email_identity_policy(**name)
    assert ses.get_email_identity(EmailIdentity="example.com")["Policies"] == {}


@pytest.mark.parametrize("name", ["example", "-bad.example.com", "exa mple.com", "@example.com", "a@b"])
def test_impossible_identity_is_refused(aws: Aws, name: str) -> None:
    """What is neither a domain nor an address is a BadRequestException."""
    ses = aws.client("sesv2")
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_email_identity(EmailIdentity=name)

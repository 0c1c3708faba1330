"""AWS's door: keys, signatures, roles and policies, asked with boto3."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from werkzeug.wrappers import Response

from tests.sandbox.aws_world import ROLE, Aws, served

INVALID = "The security token included in the request is invalid."


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def _code(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def _signed(aws: Aws, method: str, path: str, body: bytes, service: str) -> bytes:
    url, key = f"http://127.0.0.1:{aws.server.port}{path}", aws.world.bootstrap
    request = AWSRequest(method, url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), service, "eu-west-1").add_auth(request)
    sent = urllib.request.Request(url, data=body or None, method=method, headers=dict(request.headers))
    with urllib.request.urlopen(sent) as answer:
        return bytes(answer.read())


def test_bootstrap_key_is_an_iam_user(aws: Aws) -> None:
    """The key the sandbox starts with belongs to a user whom IAM GetUser without a name and STS both tell."""
    user = aws.client("iam").get_user()["User"]
    identity = aws.client("sts").get_caller_identity()
    assert user["Arn"] == identity["Arn"] == "arn:aws:iam::123456789012:user/sandbox"
    assert identity["Account"] == "123456789012"


def test_unknown_access_key_is_refused(aws: Aws) -> None:
    """A key that no account has is refused with 403 in the words and the code of each service's protocol."""
    wrong = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    with pytest.raises(ClientError, match=INVALID):
        aws.client("sts", **wrong).get_caller_identity()
    assert _code(aws.client("sts", **wrong).get_caller_identity) == ("InvalidClientTokenId", 403)
    assert _code(aws.client("iam", **wrong).get_user) == ("InvalidClientTokenId", 403)
    assert _code(aws.client("sesv2", **wrong).get_account) == ("UnrecognizedClientException", 403)
    assert _code(aws.client("route53", **wrong).list_hosted_zones) == ("InvalidClientTokenId", 403)


def test_wrong_secret_is_refused(aws: Aws) -> None:
    """A known key with another secret is refused because the signature does not fit."""
    wrong = {"aws_secret_access_key": "wrong"}
    assert _code(aws.client("sts", **wrong).get_caller_identity) == ("SignatureDoesNotMatch", 403)
    assert _code(aws.client("sesv2", **wrong).get_account) == ("InvalidSignatureException", 403)


def test_unsigned_request_is_refused(aws: Aws) -> None:
    """A request without a signature is 403 MissingAuthenticationTokenException."""
    with pytest.raises(HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{aws.server.port}/v2/email/account")
    assert error.value.code == 403
    assert error.value.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    error.value.close()


def test_names_that_need_escapes_are_signed_right(aws: Aws) -> None:
    """Paths and queries with characters that are percent-encoded carry a signature that fits."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="o'hara+news@example.com", Tags=[{"Key": "a b/ü", "Value": "ö&="}])
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/o'hara+news@example.com"
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a b/ü", "Value": "ö&="}]
    ses.untag_resource(ResourceArn=arn, TagKeys=["a b/ü"])
    assert ses.get_email_identity(EmailIdentity="o'hara+news@example.com")["Tags"] == []


def test_role_of_the_other_account_is_another_place(aws: Aws) -> None:
    """The assumed role acts in the second account, which shares no identity with the first."""
    aws.client("sesv2").create_email_identity(EmailIdentity="example.com")
    session = aws.assumed()
    caller = aws.client("sts", **session).get_caller_identity()
    assert caller["Account"] == "222222222222"
    assert caller["Arn"] == "arn:aws:sts::222222222222:assumed-role/mailstack-deployer/test"
    ses = aws.client("sesv2", **session)
    assert ses.list_email_identities()["EmailIdentities"] == []
    ses.create_email_identity(EmailIdentity="example.com")
    arn = "arn:aws:ses:eu-west-1:222222222222:identity/example.com"
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == []


def test_session_needs_its_token(aws: Aws) -> None:
    """A session's key without its token, or with another, is refused."""
    session = aws.assumed()
    del session["aws_session_token"]
    assert _code(aws.client("sesv2", **session).get_account) == ("UnrecognizedClientException", 403)
    session["aws_session_token"] = "another"
    assert _code(aws.client("sts", **session).get_caller_identity) == ("InvalidClientTokenId", 403)


def test_session_is_no_user(aws: Aws) -> None:
    """IAM GetUser without a name is a ValidationError for a role's session, as it has no user."""
    assert _code(aws.client("iam", **aws.assumed()).get_user) == ("ValidationError", 400)


def test_role_that_does_not_exist_is_not_handed_out(aws: Aws) -> None:
    """Assuming an unknown role, in a known or unknown account, is AccessDenied that names caller and role."""
    for role in ("arn:aws:iam::222222222222:role/other", "arn:aws:iam::333333333333:role/mailstack-deployer"):
        with pytest.raises(ClientError, match=f"user/sandbox is not authorized to perform: sts:AssumeRole .* {role}"):
            aws.assumed(role)


def test_external_id_of_a_trust_policy_counts(aws: Aws) -> None:
    """A role whose trust asks for an external id is handed out with that id alone."""
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:user/sandbox"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "mail"}},
            }
        ]
    }
    aws.client("iam").create_role(RoleName="guarded", AssumeRolePolicyDocument=json.dumps(trust))
    role = "arn:aws:iam::123456789012:role/guarded"
    assert aws.assumed(role, ExternalId="mail")["aws_session_token"]
    assert _code(lambda: aws.assumed(role, ExternalId="post")) == ("AccessDenied", 403)
    assert _code(lambda: aws.assumed(role)) == ("AccessDenied", 403)


def test_user_may_do_what_the_policy_says(aws: Aws) -> None:
    """A user with one action on one identity may do that, and neither another action nor another identity."""
    ses = aws.client("sesv2")
    for name in ("example.com", "example.net"):
        ses.create_email_identity(EmailIdentity=name)
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
    reader = aws.client("sesv2", **aws.user("reader", {"Effect": "Allow", "Action": "ses:Get*", "Resource": arn}))
    assert reader.get_email_identity(EmailIdentity="example.com")["IdentityType"] == "DOMAIN"
    assert _code(lambda: reader.get_email_identity(EmailIdentity="example.net")) == ("AccessDeniedException", 403)
    assert _code(lambda: reader.delete_email_identity(EmailIdentity="example.com")) == ("AccessDeniedException", 403)


def test_user_without_policy_may_only_ask_who_it_is(aws: Aws) -> None:
    """A user without any policy is told who it is by STS and refused everything else."""
    keys = aws.user("nobody")
    assert aws.client("sts", **keys).get_caller_identity()["Arn"].endswith(":user/nobody")
    assert _code(aws.client("iam", **keys).list_users) == ("AccessDenied", 403)
    assert _code(lambda: aws.client("sts", **keys).assume_role(RoleArn=ROLE, RoleSessionName="me")) == (
        "AccessDenied",
        403,
    )


def test_inactive_and_deleted_keys_are_refused(aws: Aws) -> None:
    """A key that is switched off or deleted is refused like an unknown one."""
    keys = aws.user("leaver", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam, key = aws.client("iam"), {"UserName": "leaver", "AccessKeyId": keys["aws_access_key_id"]}
    account = aws.client("sesv2", **keys).get_account
    assert account()["EnforcementStatus"] == "HEALTHY"
    iam.update_access_key(**key, Status="Inactive")
    assert _code(account) == ("UnrecognizedClientException", 403)
    iam.update_access_key(**key, Status="Active")
    iam.delete_access_key(**key)
    assert _code(account) == ("UnrecognizedClientException", 403)


def test_user_has_path_tags_and_boundary(aws: Aws) -> None:
    """A user is read back with path, tags and permissions boundary, and the boundary limits what it may do."""
    iam = aws.client("iam")
    only_iam = {"Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(only_iam | {"Version": "2012-10-17"}))[
        "Policy"
    ]["Arn"]
    iam.create_user(UserName="notify", Path="/mailstack/", Tags=[{"Key": "a", "Value": "b"}], PermissionsBoundary=arn)
    user = iam.get_user(UserName="notify")["User"]
    assert user["Arn"] == "arn:aws:iam::123456789012:user/mailstack/notify"
    assert user["Tags"] == [{"Key": "a", "Value": "b"}]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="notify", PolicyName="all", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="notify")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert aws.client("iam", **keys).list_users()["Users"]
    assert _code(aws.client("sesv2", **keys).get_account) == ("AccessDeniedException", 403)
    iam.delete_user_permissions_boundary(UserName="notify")
    assert "PermissionsBoundary" not in iam.get_user(UserName="notify")["User"]
    assert aws.client("sesv2", **keys).get_account()["SendingEnabled"] is True


def test_user_has_two_keys_at_most(aws: Aws) -> None:
    """A third access key is LimitExceeded, status 409 (IAM quota: two access keys per user)."""
    aws.user("notify")
    iam = aws.client("iam")
    iam.create_access_key(UserName="notify")
    assert _code(lambda: iam.create_access_key(UserName="notify")) == ("LimitExceeded", 409)


def test_user_with_key_or_policy_is_not_deleted(aws: Aws) -> None:
    """Deleting a user is DeleteConflict while a key or an inline policy is left, and works after."""
    keys = aws.user("notify", {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"})
    iam = aws.client("iam")
    assert _code(lambda: iam.delete_user(UserName="notify")) == ("DeleteConflict", 409)
    iam.delete_access_key(UserName="notify", AccessKeyId=keys["aws_access_key_id"])
    assert _code(lambda: iam.delete_user(UserName="notify")) == ("DeleteConflict", 409)
    iam.delete_user_policy(UserName="notify", PolicyName="inline")
    iam.delete_user(UserName="notify")
    assert _code(lambda: iam.get_user(UserName="notify")) == ("NoSuchEntity", 404)


def test_requests_are_told_to_the_log(aws: Aws) -> None:
    """Each request is told with service, method, path, account, region and action; an unknown key has no account."""
    aws.client("sesv2", "us-east-1").list_email_identities()
    aws.client("sts").get_caller_identity()
    _code(aws.client("sesv2", aws_access_key_id="AKIAIOSFODNN7EXAMPLE").get_account)
    first, second, third = aws.seen
    assert (first.service, first.account, first.region) == ("ses", "123456789012", "us-east-1")
    assert first.action == "ListEmailIdentities"
    assert (second.service, second.method, second.path, second.action) == ("sts", "POST", "/", "GetCallerIdentity")
    assert (third.account, third.path) == ("", "/v2/email/account")


def test_fault_answers_in_place_of_aws(aws: Aws) -> None:
    """What the hook gives back is the answer, and nothing is done: the way throttling is acted out."""
    aws.fault = Response(
        '{"message": "Rate exceeded"}', 429, {"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "1"}
    )
    ses = aws.client("sesv2")
    with pytest.raises(ses.exceptions.TooManyRequestsException, match="Rate exceeded"):
        ses.create_email_identity(EmailIdentity="example.com")
    aws.fault = None
    assert ses.list_email_identities()["EmailIdentities"] == []


def test_older_sdks_list_with_get(aws: Aws) -> None:
    """The list operations also answer the GET requests of older SDKs, which the Go providers still send."""
    aws.client("sesv2").create_email_identity(EmailIdentity="example.com")
    for path, member in (("identities", "EmailIdentities"), ("configuration-sets", "ConfigurationSets")):
        assert member in json.loads(_signed(aws, "GET", f"/v2/email/{path}?PageSize=5", b"", "ses"))


def test_older_sdks_set_dkim_keys_under_v1(aws: Aws) -> None:
    """The DKIM keys of an identity can also be set under /v1, where the API's earlier models have the operation."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    body = b'{"SigningAttributesOrigin": "AWS_SES", "SigningAttributes": {"NextSigningKeyLength": "RSA_1024_BIT"}}'
    _signed(aws, "PUT", "/v1/email/identities/example.com/dkim/signing", body, "ses")
    assert aws.seen[-1].action == "PutEmailIdentityDkimSigningAttributes"
    assert (
        ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]["NextSigningKeyLength"] == "RSA_1024_BIT"
    )


def test_a_user_keeps_its_tags_where_it_goes(aws: Aws) -> None:
    """A new path or name changes a user's ARN, and nothing else of it."""
    iam = aws.client("iam")
    tags = [{"Key": "mailstack", "Value": "project/stack"}]
    iam.create_user(UserName="notify", Path="/mailstack/", Tags=tags)
    iam.update_user(UserName="notify", NewPath="/other/")
    iam.update_user(UserName="notify", NewUserName="billing")
    assert iam.list_user_tags(UserName="billing")["Tags"] == tags
    assert iam.get_user(UserName="billing")["User"]["Arn"].endswith(":user/other/billing")


def test_action_that_moto_lacks_is_named(aws: Aws) -> None:
    """An IAM action that is not implemented is refused by name instead of breaking the connection."""
    with pytest.raises(ClientError, match="set_security_token_service_preferences"):
        aws.client("iam").set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")


@pytest.mark.parametrize(
    ("service", "path", "body", "status", "code"),
    [
        ("ses", "/v2/email/identities", b"{not json", 400, "SerializationException"),
        ("ses", "/v2/email/identities", b"[]", 400, "SerializationException"),
        ("ses", "/v2/email/identities", b"{}", 400, "BadRequestException"),
        ("ses", "/v2/email/identities", b'{"EmailIdentity": 7}', 400, "BadRequestException"),
        ("ses", "/", b"Action=ListIdentities", 404, "UnknownOperationException"),
        ("ses", "/v2/email/identities?x=%ff%", b"{}", 403, "InvalidSignatureException"),
        ("no-such-service", "/", b"", 404, "UnknownOperationException"),
    ],
)
def test_malformed_request_is_an_answer(aws: Aws, service: str, path: str, body: bytes, status: int, code: str) -> None:
    """A request that no SDK sends is refused with a code, and the next one is served as before."""
    with pytest.raises(HTTPError) as error:
        _signed(aws, "POST", path, body, service)
    assert (error.value.code, error.value.headers["x-amzn-ErrorType"]) == (status, code)
    error.value.close()
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_new_world_knows_nothing_of_the_one_before(aws: Aws) -> None:
    """A world starts with the administrator and the role alone, whatever was made in this process before."""
    aws.user("left-over")
    aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    with served() as other:
        users = other.client("iam").list_users()["Users"]
        assert [user["UserName"] for user in users] == ["sandbox"]
        assert other.client("route53").list_hosted_zones()["HostedZones"] == []
        assert other.world.bootstrap != aws.world.bootstrap

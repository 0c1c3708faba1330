"""The stand-in for pulumi-aws keeps what was seen of the real plugin; IAM and STS are moto's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from moto.core.base_backend import BackendDict
from moto.server import ThreadedMotoServer

from sandbox.plugins.aws import AwsProvider
from sandbox.plugins.iam import ses_smtp_password

from .standin import SECRET, SIGNATURE, UNKNOWN, Engine, Vendor, plugin, secret, served, ses_api, words

ARN = "arn:aws:ses:eu-west-1:123456789012:"
IDENTITY = {"emailIdentity": "example.com", "dkimSigningAttributes": {"nextSigningKeyLength": "RSA_2048_BIT"}}
SET = {"configurationSetName": "example_com", "reputationOptions": {"reputationMetricsEnabled": True}}


@pytest.fixture(scope="module", name="moto")
def _moto() -> Iterator[str]:
    BackendDict.reset()  # it holds what earlier tests of this process left
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(name="ses")
def _ses() -> Iterator[Vendor]:
    with served(Vendor(ses_api())) as vendor:
        yield vendor


@pytest.fixture(name="config")
def _config(moto: str, ses: Vendor, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in ("ENDPOINT_URL", "PROFILE", "REGION", "DEFAULT_REGION", "ACCESS_KEY_ID"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    endpoints = json.dumps([{"sesv2": ses.url, "iam": moto, "sts": moto}])
    return {"region": "eu-west-1", "accessKey": "key", "secretKey": "secret", "endpoints": endpoints}


@pytest.fixture(name="engine")
def _engine(config: dict[str, Any]) -> Iterator[Engine]:
    with plugin(AwsProvider) as engine:
        engine.configure(**config)
        yield engine


@pytest.fixture(name="identities")
def _identities(engine: Engine) -> Engine:
    return engine.of("aws:sesv2/emailIdentity:EmailIdentity")


@pytest.fixture(name="sets")
def _sets(engine: Engine) -> Engine:
    return engine.of("aws:sesv2/configurationSet:ConfigurationSet")


@pytest.fixture(name="mail_from")
def _mail_from(engine: Engine) -> Engine:
    return engine.of("aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes")


@pytest.fixture(name="users")
def _users(engine: Engine) -> Engine:
    return engine.of("aws:iam/user:User")


def test_identity_is_created_as_the_real_plugin_does(identities: Engine, ses: Vendor) -> None:
    """A create is POST, GET and GET tags; DKIM tokens and statuses come back as outputs."""
    made = identities.create({**IDENTITY, "tags": {"stage": "test"}})
    assert ses.requests[0].body["DkimSigningAttributes"] == {"NextSigningKeyLength": "RSA_2048_BIT"}
    assert ses.sent() == ["POST /v2/email/identities", "GET /v2/email/identities/example.com", "GET /v2/email/tags"]
    signing = made.state["dkimSigningAttributes"]
    assert (made.id, made.state["arn"]) == ("example.com", f"{ARN}identity/example.com")
    assert (signing["tokens"], signing["status"]) == (["t1", "t2", "t3"], "PENDING")
    assert signing["lastKeyGenerationTimestamp"] == "2026-01-01T00:00:00Z"
    assert (made.state["verificationStatus"], made.state["verifiedForSendingStatus"]) == ("PENDING", False)
    assert made.state["tagsAll"] == {"stage": "test"}


def test_identity_preview_knows_inputs_only(identities: Engine, ses: Vendor) -> None:
    """In a preview the tokens are unknown and what the program gave is known; AWS is not asked."""
    seen = identities.preview({**IDENTITY, "configurationSetName": UNKNOWN})
    assert seen["dkimSigningAttributes"]["tokens"] == UNKNOWN
    assert seen["dkimSigningAttributes"]["nextSigningKeyLength"] == "RSA_2048_BIT"
    assert (seen["arn"], seen["configurationSetName"], seen["region"]) == (UNKNOWN, UNKNOWN, "eu-west-1")
    assert ses.sent() == []


def test_without_a_key_of_its_own_the_key_is_a_secret_empty_text(identities: Engine) -> None:
    """Under Easy DKIM the block holds an empty text marked as secret, in previews too, and it is no difference."""
    made = identities.create(IDENTITY)
    for signing in (identities.preview(IDENTITY)["dkimSigningAttributes"], made.state["dkimSigningAttributes"]):
        assert (signing["domainSigningPrivateKey"], signing["domainSigningSelector"]) == (secret(""), "")
    assert identities.changes(made, IDENTITY) == []
    imported = identities.import_("example.com")
    assert imported is not None
    assert "domainSigningPrivateKey" not in imported.inputs["dkimSigningAttributes"]


def test_identity_replaces_for_name_and_region_only(identities: Engine) -> None:
    """Name and region make a new identity; set, key length and tags change in place."""
    made = identities.create(IDENTITY)
    assert list(identities.diff(made, {**IDENTITY, "emailIdentity": "other.example"}).replaces) == ["emailIdentity"]
    assert list(identities.diff(made, {**IDENTITY, "region": "us-east-1"}).replaces) == ["region"]
    news = {**IDENTITY, "configurationSetName": "s", "dkimSigningAttributes": {"nextSigningKeyLength": "RSA_1024_BIT"}}
    diff = identities.diff(made, {**news, "tags": {"a": "b"}})
    assert sorted(diff.detailedDiff) == ["configurationSetName", "dkimSigningAttributes.nextSigningKeyLength", "tags"]
    assert list(diff.replaces) == []


def test_identity_updates_in_place(identities: Engine, ses: Vendor) -> None:
    """The default configuration set, the key length and the tags each have a call of their own."""
    made = identities.create({**IDENTITY, "tags": {"old": "1", "kept": "1"}})
    ses.requests.clear()
    signing = {"nextSigningKeyLength": "RSA_1024_BIT"}
    news = {
        **IDENTITY,
        "configurationSetName": "s",
        "dkimSigningAttributes": signing,
        "tags": {"kept": "1", "new": "1"},
    }
    made = identities.update(made, news)
    assert ses.sent()[:4] == [
        "PUT /v2/email/identities/example.com/configuration-set",
        "PUT /v2/email/identities/example.com/dkim/signing",
        "DELETE /v2/email/tags",
        "POST /v2/email/tags",
    ]
    assert (made.state["configurationSetName"], made.state["tags"]) == ("s", {"kept": "1", "new": "1"})
    assert identities.changes(made, news) == []


def test_identity_refresh_and_import(identities: Engine) -> None:
    """A refresh shows what someone else changed, an import gives the same inputs, a gone identity is dropped."""
    inputs = {**IDENTITY, "tags": {"stage": "test"}}
    made = identities.create(inputs)
    identities.update(made, {**inputs, "tags": {"stage": "other"}})
    refreshed = identities.refresh(made)
    assert refreshed is not None
    assert identities.changes(refreshed, inputs) == ["tags"]
    imported = identities.import_("example.com")
    assert imported is not None
    assert identities.changes(imported, {**inputs, "tags": {"stage": "other"}}) == []
    identities.delete(made)
    assert (identities.refresh(made), identities.import_("example.com")) == (None, None)
    identities.delete(made)  # deleting what is gone is fine at AWS


def test_an_identity_that_exists_is_refused_in_awss_words(identities: Engine, ses: Vendor) -> None:
    """AlreadyExistsException is one attempt and names operation, code and message."""
    identities.create(IDENTITY)
    ses.sent()
    with pytest.raises(grpc.RpcError) as caught:
        identities.create(IDENTITY)
    assert "creating SESv2 Email Identity (example.com): operation error SESv2: CreateEmailIdentity" in words(
        caught.value
    )
    assert "AlreadyExistsException: example.com already exists." in words(caught.value)
    assert len(ses.requests) == 1


def test_throttling_is_tried_again(identities: Engine, ses: Vendor) -> None:
    """TooManyRequestsException comes as a 400 too and is tried again."""
    ses.faults.append((400, {"__type": "TooManyRequestsException", "message": "slow down"}, {"Retry-After": "0.1"}))
    assert identities.create(IDENTITY).id == "example.com"


def test_a_given_dkim_key_stays_secret(identities: Engine, ses: Vendor) -> None:
    """A private key is sent to AWS, which never gives it back; the state keeps it, marked as secret."""
    signing = {"domainSigningPrivateKey": secret("cGVt"), "domainSigningSelector": "s1"}
    made = identities.create({"emailIdentity": "own.example", "dkimSigningAttributes": signing})
    assert ses.requests[0].body["DkimSigningAttributes"]["DomainSigningPrivateKey"] == "cGVt"
    assert made.state["dkimSigningAttributes"]["domainSigningPrivateKey"] == secret("cGVt")
    assert identities.changes(made, {"emailIdentity": "own.example", "dkimSigningAttributes": signing}) == []


def test_mail_from_is_put_and_cleared(identities: Engine, mail_from: Engine, ses: Vendor) -> None:
    """Create and delete are PUTs on the identity; the behaviour on a missing MX has AWS's default."""
    identities.create(IDENTITY)
    ses.requests.clear()
    made = mail_from.create({"emailIdentity": "example.com", "mailFromDomain": "bounce.example.com"})
    body = {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE", "MailFromDomain": "bounce.example.com"}
    assert (ses.requests[0].method, ses.requests[0].body) == ("PUT", body)
    assert ses.sent() == ["PUT /v2/email/identities/example.com/mail-from", "GET /v2/email/identities/example.com"]
    assert (made.id, made.state["mailFromDomain"]) == ("example.com", "bounce.example.com")
    other = {"emailIdentity": "example.com", "mailFromDomain": "return.example.com"}
    assert mail_from.changes(made, other) == ["mailFromDomain"]
    assert mail_from.update(made, other).state["mailFromDomain"] == "return.example.com"
    imported = mail_from.import_("example.com")
    assert imported is not None
    assert mail_from.changes(imported, other) == []
    ses.requests.clear()
    mail_from.delete(made)
    assert (ses.requests[0].method, ses.requests[0].body) == ("PUT", {})
    refreshed = mail_from.refresh(made)
    assert refreshed is not None
    assert mail_from.changes(refreshed, other) == ["behaviorOnMxFailure", "mailFromDomain"]


def test_configuration_set_lifecycle(sets: Engine, ses: Vendor) -> None:
    """A set is one POST with all its blocks, each block changes alone, and what AWS fills in is no difference."""
    made = sets.create({**SET, "sendingOptions": {"sendingEnabled": True}})
    body = ses.requests[0].body
    assert body["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert body["SendingOptions"] == {"SendingEnabled": True}
    assert made.state["deliveryOptions"] == {"tlsPolicy": "OPTIONAL"}
    assert (made.id, made.state["arn"]) == ("example_com", f"{ARN}configuration-set/example_com")
    assert sets.changes(made, SET) == []
    ses.requests.clear()
    news = {**SET, "deliveryOptions": {"tlsPolicy": "REQUIRE"}, "suppressionOptions": {"suppressedReasons": ["BOUNCE"]}}
    assert sets.changes(made, news) == ["deliveryOptions.tlsPolicy", "suppressionOptions"]
    made = sets.update(made, news)
    assert ses.sent()[:2] == [
        "PUT /v2/email/configuration-sets/example_com/delivery-options",
        "PUT /v2/email/configuration-sets/example_com/suppression-options",
    ]
    assert sets.changes(made, news) == []
    imported = sets.import_("example_com")
    assert imported is not None
    assert sets.changes(imported, news) == []
    sets.delete(made)
    assert sets.refresh(made) is None


def test_user_lifecycle(users: Engine) -> None:
    """A user has its name as id; path, boundary and tags change in place; forceDestroy and path have defaults."""
    inputs = {"name": "notify", "path": "/mailstack/", "tags": {"stage": "test"}}
    made = users.create(inputs)
    assert made.id == "notify"
    assert made.state["arn"] == "arn:aws:iam::123456789012:user/mailstack/notify"
    assert (made.inputs["__defaults"], made.state["forceDestroy"]) == (["forceDestroy"], False)
    news = {**inputs, "path": "/", "tags": {"stage": "other"}}
    assert users.changes(made, news) == ["path", "tags"]
    made = users.update(made, news)
    assert users.changes(made, news) == []
    imported = users.import_("notify")
    assert imported is not None
    assert users.changes(imported, news) == []
    users.delete(made)
    assert users.refresh(made) is None


def test_a_name_is_made_up_once(users: Engine) -> None:
    """Without a name the resource's own and seven hexadecimal digits serve, and stay with the resource."""
    first = users.checked({})
    assert re.fullmatch("it-[0-9a-f]{7}", first["name"])
    assert users.checked({}, first)["name"] == first["name"]


def test_user_policy_lifecycle(users: Engine, engine: Engine) -> None:
    """Its id is user:name; a policy that means the same is no difference; another user replaces, deleting first."""
    policies = engine.of("aws:iam/userPolicy:UserPolicy")
    users.create({"name": "p1"})
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}],
    }
    inputs = {"user": "p1", "name": "send", "policy": json.dumps(document)}
    made = policies.create(inputs)
    assert made.id == "p1:send"
    reordered = json.dumps({"Statement": document["Statement"][0], "Version": "2012-10-17"}, indent=1)
    assert policies.changes(made, {**inputs, "policy": reordered}) == []
    assert policies.changes(made, {**inputs, "policy": UNKNOWN}) == ["policy"]
    diff = policies.diff(made, {**inputs, "user": "p2"})
    assert (list(diff.replaces), diff.deleteBeforeReplace) == (["user"], True)
    imported = policies.import_("p1:send")
    assert imported is not None
    assert policies.changes(imported, inputs) == []
    policies.delete(made)
    assert policies.refresh(made) is None


def test_access_key_secrets_are_marked(users: Engine, engine: Engine) -> None:
    """Secret and SMTP password come marked as secret, the password is the provider's region's, and both are kept."""
    keys = engine.of("aws:iam/accessKey:AccessKey")
    users.create({"name": "k1"})
    made = keys.create({"user": "k1"})
    assert made.state["secret"][SIGNATURE] == SECRET
    value = made.state["secret"]["value"]
    assert made.state["sesSmtpPasswordV4"] == secret(ses_smtp_password(value, "eu-west-1"))
    assert keys.preview({"user": UNKNOWN})["secret"][SIGNATURE] == SECRET
    refreshed = keys.refresh(made)
    assert refreshed is not None
    assert refreshed.state["secret"] == made.state["secret"]
    updated = keys.update(made, {"user": "k1", "status": "Inactive"})
    assert (updated.state["status"], updated.state["secret"]) == ("Inactive", made.state["secret"])
    assert list(keys.diff(made, {"user": "k2"}).replaces) == ["user"]
    keys.delete(made)
    assert keys.refresh(made) is None


def test_secrets_stay_plain_for_an_engine_without_them(config: dict[str, Any]) -> None:
    """An engine that takes no secrets gets plain values."""
    with plugin(AwsProvider) as engine:
        engine.configure(secrets=False, **config)
        engine.of("aws:iam/user:User").create({"name": "plain"})
        made = engine.of("aws:iam/accessKey:AccessKey").create({"user": "plain"})
    assert isinstance(made.state["secret"], str)


def test_a_region_of_its_own(identities: Engine, ses: Vendor) -> None:
    """A resource's `region` decides where AWS is asked, what it is signed for, and its ARN."""
    made = identities.create({**IDENTITY, "region": "us-east-1"})
    assert "/us-east-1/ses/aws4_request" in ses.requests[0].headers["Authorization"]
    assert made.state["arn"] == "arn:aws:ses:us-east-1:123456789012:identity/example.com"


def test_default_tags_are_merged(config: dict[str, Any]) -> None:
    """The provider's default tags are under each resource's own, in `tags` as in `tagsAll`."""
    with plugin(AwsProvider) as engine:
        engine.configure(**config, defaultTags=json.dumps({"tags": {"team": "mail", "stage": "x"}}))
        made = engine.of("aws:iam/user:User").create({"name": "tagged", "tags": {"stage": "test"}})
    assert made.state["tagsAll"] == {"team": "mail", "stage": "test"}


def test_roles_are_assumed_in_turn(config: dict[str, Any]) -> None:
    """With assumeRoles the account is the last role's."""
    roles = [{"roleArn": "arn:aws:iam::222222222222:role/mailstack-deployer", "sessionName": "s", "externalId": "e"}]
    with plugin(AwsProvider) as engine:
        engine.configure(**config, assumeRoles=json.dumps(roles))
        identity = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity")
        made = engine.of("aws:sesv2/emailIdentity:EmailIdentity").create(IDENTITY)
    assert identity["accountId"] == "222222222222"
    assert ":222222222222:" in made.state["arn"]


def test_a_wrong_key_fails_the_configuration(config: dict[str, Any], ses: Vendor) -> None:
    """STS is asked whose the key is when it is validated, and what it does not know is told in pulumi-aws's words."""
    ses.faults.append((403, {"message": "The security token included in the request is invalid."}, {}))
    endpoints = json.dumps([{"iam": ses.url, "sts": ses.url}])
    with plugin(AwsProvider) as engine:
        [failure] = engine.check_config(**{**config, "endpoints": endpoints}).failures
    assert failure.reason.startswith("The configured AWS credentials are invalid or have expired.\n")
    assert [one.body["Action"] for one in ses.requests] == ["GetCallerIdentity"]


def test_another_refusal_of_the_key_is_told_in_awss_words(config: dict[str, Any], ses: Vendor) -> None:
    """For what pulumi-aws has no words of its own it passes on AWS's."""
    ses.faults.append((403, {"message": "The request signature we calculated does not match"}, {}))
    endpoints = json.dumps([{"iam": ses.url, "sts": ses.url}])
    with plugin(AwsProvider) as engine:
        [failure] = engine.check_config(**{**config, "endpoints": endpoints}).failures
    assert failure.reason.startswith("unable to validate AWS credentials.\nDetails: validating provider credentials: ")
    assert "operation error STS: GetCallerIdentity" in failure.reason
    assert "The request signature we calculated does not match" in failure.reason


def test_a_key_is_validated_and_asked_for_its_account(config: dict[str, Any], moto: str) -> None:
    """STS tells a command twice whose the key is; IAM is not asked."""
    sts = Vendor(lambda request: (200, {}))
    with served(sts), plugin(AwsProvider) as engine:
        engine.configure(**{**config, "endpoints": json.dumps([{"iam": sts.url, "sts": sts.url}])})
    assert [one.body["Action"] for one in sts.requests] == ["GetCallerIdentity"] * 2


def test_the_region_is_needed(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the configuration fails and says how to set one; AWS_REGION is one."""
    del config["region"]
    with plugin(AwsProvider) as engine:
        with pytest.raises(grpc.RpcError, match="pulumi config set aws:region"):
            engine.configure(**config)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        engine.configure(**config)
        assert engine.invoke("aws:index/getRegion:getRegion")["region"] == "eu-central-1"
        assert engine.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"


def test_lookups_of_identity_set_and_user(identities: Engine, sets: Engine, users: Engine) -> None:
    """Functions answer with the SDK's property names; blocks are lists; what is missing is said."""
    identities.create({**IDENTITY, "configurationSetName": "example_com"})
    sets.create(SET)
    users.create({"name": "looked-up"})
    identity = identities.invoke("aws:sesv2/getEmailIdentity:getEmailIdentity", emailIdentity="example.com")
    assert identity["dkimSigningAttributes"][0]["tokens"] == ["t1", "t2", "t3"]
    assert (identity["arn"], identity["configurationSetName"]) == (f"{ARN}identity/example.com", "example_com")
    found = identities.invoke("aws:sesv2/getConfigurationSet:getConfigurationSet", configurationSetName="example_com")
    assert found["reputationOptions"] == [{"reputationMetricsEnabled": True}]
    assert identities.invoke("aws:iam/getUser:getUser", userName="looked-up")["userName"] == "looked-up"
    with pytest.raises(grpc.RpcError, match="couldn't find resource"):
        identities.invoke("aws:sesv2/getEmailIdentity:getEmailIdentity", emailIdentity="nowhere.example")
    with pytest.raises(grpc.RpcError, match="NoSuchEntity"):
        identities.invoke("aws:iam/getUser:getUser", userName="nobody")

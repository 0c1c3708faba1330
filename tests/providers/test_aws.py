"""Which account, region and endpoint a client of AwsAccount asks."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ReadTimeoutError

from mailstack.errors import VendorError
from providers.aws import AwsAccount

from .serving import Quiet, serving


@dataclass
class FakeSts:
    """Gives out a key for each role that is assumed: AKIDROLE1, AKIDROLE2 ..."""

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(name="sts")
def _sts() -> Iterator[FakeSts]:
    fake = FakeSts()

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            signer = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            fake.asked.append({"signer": signer, **{key: values[0] for key, values in body.items()}})
            expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            number = len(fake.asked)
            data = (
                '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
                f"<AccessKeyId>AKIDROLE{number}</AccessKeyId><SecretAccessKey>s{number}</SecretAccessKey>"
                f"<SessionToken>t{number}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
                "</AssumeRoleResult></AssumeRoleResponse>"
            ).encode()
            self.answer(200, data)

    with serving(Handler) as fake.url:
        yield fake


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
    config = tmp_path / "config"
    config.write_text(
        "[profile prod]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = p\nregion = eu-north-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def _key(account: AwsAccount) -> str:
    client = account.client("sesv2", "eu-west-1")
    return str(client._request_signer._credentials.get_frozen_credentials().access_key)


@pytest.mark.parametrize(
    ("account", "key"),
    [
        (AwsAccount(), "AKIDENV"),
        (AwsAccount(profile="prod"), "AKIDPROFILE"),
        (AwsAccount(access_key="AKIDGIVEN", secret_key="x"), "AKIDGIVEN"),
        (AwsAccount(profile="prod", access_key="AKIDGIVEN", secret_key="x"), "AKIDGIVEN"),
    ],
)
def test_credentials_come_from_keys_then_profile_then_environment(account: AwsAccount, key: str) -> None:
    """What is said more exactly wins, as in Pulumi's AWS provider."""
    assert _key(account) == key


def test_the_region_is_the_one_asked_for_whatever_the_profile_says() -> None:
    """A route's region decides, not the profile's default."""
    client = AwsAccount(profile="prod").client("sesv2", "eu-west-1")
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.endpoint_url == "https://email.eu-west-1.amazonaws.com"


def test_an_endpoint_is_taken_by_service_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that is configured wins over AWS_ENDPOINT_URL."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert AwsAccount().client("sesv2", "eu-west-1").meta.endpoint_url == "http://127.0.0.1:1"
    own = AwsAccount(endpoints={"sesv2": "http://127.0.0.1:2"})
    assert own.client("sesv2", "eu-west-1").meta.endpoint_url == "http://127.0.0.1:2"


def test_roles_are_assumed_in_turn(sts: FakeSts) -> None:
    """The second role is assumed with the credentials of the first."""
    roles = [
        {"roleArn": "arn:aws:iam::111111111111:role/hub", "sessionName": "deploy", "externalId": "e-1"},
        {"roleArn": "arn:aws:iam::222222222222:role/spoke"},
    ]
    assert _key(AwsAccount(assume_roles=roles, endpoints={"sts": sts.url})) == "AKIDROLE2"
    first, second = sts.asked
    assert (first["signer"], first["RoleArn"]) == ("AKIDENV", roles[0]["roleArn"])
    assert (first["RoleSessionName"], first["ExternalId"]) == ("deploy", "e-1")
    assert (second["signer"], second["RoleArn"]) == ("AKIDROLE1", roles[1]["roleArn"])
    assert second["RoleSessionName"] == "mailstack"


def test_a_role_of_a_profile_is_assumed_with_its_keys(sts: FakeSts) -> None:
    """A profile and a role go together."""
    role = {"roleArn": "arn:aws:iam::222222222222:role/x"}
    _key(AwsAccount(profile="prod", assume_roles=[role], endpoints={"sts": sts.url}))
    assert sts.asked[0]["signer"] == "AKIDPROFILE"


def test_a_role_is_not_waited_for_without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An STS that takes the request and never answers ends the question like any other service does."""
    monkeypatch.setattr("providers.aws._ATTEMPTS", 1)
    monkeypatch.setattr("providers.aws._SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        role = {"roleArn": "arn:aws:iam::222222222222:role/x"}
        account = AwsAccount(assume_roles=[role], endpoints={"sts": endpoint})
        began = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            _key(account)
        assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (AwsAccount(profile="nowhere"), "nowhere"),
        (AwsAccount(endpoints={"sesv2": "not a url"}), "not a url"),
        (AwsAccount(access_key="AKID"), "accessKey without aws:secretKey"),
        (AwsAccount(secret_key="canary"), "secretKey without aws:accessKey"),
    ],
)
def test_what_cannot_be_used_is_said(account: AwsAccount, words: str) -> None:
    """A profile, role or endpoint that does not work out is one sentence."""
    with pytest.raises(VendorError, match=words):
        account.client("sesv2", "eu-west-1")


def test_secrets_are_not_shown() -> None:
    """The account can be in a message."""
    assert "canary" not in repr(AwsAccount(access_key="AKID", secret_key="canary-1", token="canary-2"))


def test_a_role_is_assumed_with_all_its_options(sts: FakeSts) -> None:
    """What pulumi-aws accepts in assumeRoles reaches STS (AssumeRole in the STS API reference)."""
    role = {
        "roleArn": "arn:aws:iam::222222222222:role/x",
        "duration": "1h30m",
        "policy": "{}",
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "pipeline",
        "tags": {"team": "mail"},
        "transitiveTagKeys": ["team"],
    }
    _key(AwsAccount.from_mapping({"assumeRoles": [role], "endpoints": [{"sts": sts.url, "sesv2": ""}]}))
    [asked] = sts.asked
    assert (asked["DurationSeconds"], asked["Policy"], asked["SourceIdentity"]) == ("5400", "{}", "pipeline")
    assert asked["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert (asked["Tags.member.1.Key"], asked["Tags.member.1.Value"]) == ("team", "mail")
    assert asked["TransitiveTagKeys.member.1"] == "team"


def test_an_oidc_token_assumes_a_role_and_that_one_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AssumeRoleWithWebIdentity is not signed; the roles of assumeRoles come after it."""
    asked: list[dict[str, str]] = []

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            signer = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
            asked.append({"signer": signer, **{key: values[0] for key, values in body.items()}})
            action = asked[-1]["Action"]
            expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.answer(
                200,
                f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
                f"<AccessKeyId>AKIDROLE{len(asked)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>"
                f"</{action}Result></{action}Response>".encode(),
            )

    token = tmp_path / "token"
    token.write_text("oidc-token\n")
    web = {"roleArn": "arn:aws:iam::111111111111:role/ci", "webIdentityTokenFile": str(token)}
    with serving(Handler) as url:
        account = AwsAccount.from_mapping(
            {
                "assumeRoleWithWebIdentity": web,
                "assumeRoles": [{"roleArn": "arn:aws:iam::222222222222:role/x"}],
                "endpoints": {"sts": url},
            }
        )
        assert _key(account) == "AKIDROLE2"
    first, second = asked
    assert (first["Action"], first["signer"], first["WebIdentityToken"]) == (
        "AssumeRoleWithWebIdentity", "", "oidc-token",
    )  # fmt: skip
    assert (second["Action"], second["signer"]) == ("AssumeRole", "AKIDROLE1")


def test_a_token_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """The sentence names the setting."""
    web = {"roleArn": "arn:aws:iam::111111111111:role/ci", "webIdentityTokenFile": str(tmp_path / "none")}
    account = AwsAccount.from_mapping({"assumeRoleWithWebIdentity": web})
    with pytest.raises(VendorError, match="set webIdentityTokenFile or webIdentityToken"):
        _key(account)


def test_shared_files_are_read_in_place_of_the_environments(tmp_path: Path) -> None:
    """SharedConfigFiles and sharedCredentialsFiles, as pulumi-aws has them."""
    own = tmp_path / "own"
    own.write_text("[ci]\naws_access_key_id = AKIDFILE\naws_secret_access_key = p\n")
    assert _key(AwsAccount.from_mapping({"profile": "ci", "sharedCredentialsFiles": [str(own)]})) == "AKIDFILE"
    config = tmp_path / "own-config"
    config.write_text("[profile ci]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = p\n")
    assert _key(AwsAccount.from_mapping({"profile": "ci", "sharedConfigFiles": [str(config)]})) == "AKIDCONFIG"


def test_fips_dual_stack_proxies_and_certificates_reach_the_client() -> None:
    """A client asks where and how pulumi-aws's asks; hosts of noProxy are asked directly."""
    given = {"useFipsEndpoint": True, "httpsProxy": "http://proxy.example:3128", "customCaBundle": "/ca.pem"}
    client = AwsAccount.from_mapping(given).client("sesv2", "us-east-1")
    assert client.meta.endpoint_url == "https://email-fips.us-east-1.amazonaws.com"
    assert client.meta.config.proxies == {"https": "http://proxy.example:3128"}
    assert client._endpoint.http_session._verify == "/ca.pem"
    direct = AwsAccount.from_mapping({**given, "noProxy": "example.com,.amazonaws.com"}).client("sesv2", "us-east-1")
    assert direct.meta.config.proxies is None
    dual = AwsAccount.from_mapping({"useDualstackEndpoint": True, "insecure": True}).client("route53", "us-east-1")
    assert dual._endpoint.http_session._verify is False


def test_the_account_id_is_asked_of_sts(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the region of STS that the settings name."""
    client = Mock(get_caller_identity=Mock(return_value={"Account": "123456789012"}))
    asked: list[tuple[str, str]] = []

    def made(account: AwsAccount, service: str, region: str) -> Mock:
        asked.append((service, region))
        return client

    monkeypatch.setattr(AwsAccount, "client", made)
    assert AwsAccount().account_id() == "123456789012"
    assert AwsAccount(sts_region="eu-west-1").account_id() == "123456789012"
    assert asked == [("sts", "us-east-1"), ("sts", "eu-west-1")]

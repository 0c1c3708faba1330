"""The AWS account that is asked: what Pulumi's AWS provider accepts as credentials, given to boto3."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed does not have it

from pydantic import ConfigDict, Field, field_validator

from mailstack.errors import VendorError
from mailstack.model import Model

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from botocore.config import Config

_SECONDS_TO_CONNECT, _SECONDS_TO_ANSWER = 5, 15
_ATTEMPTS = 3
FIRST_REGION = "us-east-1"  # where nothing names a region
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")  # as Go writes it: 1h30m


def region_of_environment() -> str | None:
    """Return the region that AWS_* variables name, as Pulumi's AWS provider reads them."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


class _Given(Model):
    """A mapping of pulumi-aws's configuration; what `repr` leaves out is secret."""

    model_config = ConfigDict(populate_by_name=True)


class AssumedRole(_Given):
    """A role to assume; without a session name it is "mailstack"."""

    role_arn: str
    """ARN of the role."""
    session_name: str | None = None
    """Name of the session."""
    duration: str | None = Field(default=None, pattern=r"^(\d+h)?(\d+m)?(\d+s)?$")
    """How long the credentials are valid, such as 1h30m."""
    policy: str | None = None
    """Policy document that limits the session, as JSON text."""
    policy_arns: tuple[str, ...] = ()
    """ARNs of policies that limit the session."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of AssumeRole and AssumeRoleWithWebIdentity, the role itself left out."""
        return _filled(
            RoleSessionName=self.session_name or "mailstack",
            DurationSeconds=_seconds(self.duration),
            Policy=self.policy,
            PolicyArns=[{"arn": arn} for arn in self.policy_arns],
        )


class AssumedRoleOfUser(AssumedRole):
    """A role that is assumed with AWS credentials (AssumeRole)."""

    external_id: str | None = Field(default=None, repr=False)
    """External id that the role's trust policy asks for."""
    source_identity: str | None = None
    """Source identity of the session."""
    tags: Mapping[str, str] = {}
    """Tags of the session."""
    transitive_tag_keys: tuple[str, ...] = ()
    """Keys of the tags that are passed on to later sessions."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of AssumeRole, the role itself left out."""
        return super().arguments() | _filled(
            ExternalId=self.external_id,
            SourceIdentity=self.source_identity,
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
            TransitiveTagKeys=list(self.transitive_tag_keys),
        )


class AssumedRoleOfToken(AssumedRole):
    """A role that is assumed with an OIDC token (AssumeRoleWithWebIdentity)."""

    web_identity_token: str | None = Field(default=None, repr=False)
    """The token."""
    web_identity_token_file: str | None = None
    """File that holds the token; it is read again when the credentials are renewed."""

    def load(self) -> str:
        """Return the token; raises VendorError where there is none."""
        if self.web_identity_token:
            return self.web_identity_token
        try:
            return Path(self.web_identity_token_file or "").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise VendorError(
                f"aws:assumeRoleWithWebIdentity: the token of {self.role_arn} cannot be read: {error}; set "
                "webIdentityTokenFile or webIdentityToken"
            ) from None


class AwsAccount(_Given):
    """One AWS account; what is not given comes from AWS_* variables and files, as with every AWS client.

    The fields are those of pulumi-aws's provider that say who asks and how AWS is reached.
    """

    region: str | None = None
    """Region where what is asked has none of its own: its partition decides which Route 53, IAM and STS are asked."""
    profile: str | None = None
    """Profile of the AWS configuration files."""
    shared_config_files: tuple[str, ...] = Field(default=(), max_length=1)
    """The configuration file."""
    shared_credentials_files: tuple[str, ...] = Field(default=(), max_length=1)
    """The credentials file."""
    access_key: str | None = Field(default=None, repr=False)
    """Access key id."""
    secret_key: str | None = Field(default=None, repr=False)
    """Secret access key."""
    token: str | None = Field(default=None, repr=False)
    """Session token."""
    assume_role_with_web_identity: AssumedRoleOfToken | None = None
    """Role that is assumed first, with an OIDC token."""
    assume_roles: tuple[AssumedRoleOfUser, ...] = ()
    """Roles that are assumed in turn."""
    endpoints: Mapping[str, str] = {}
    """URLs by service, such as sesv2 or sts."""
    sts_region: str | None = None
    """Region whose STS is asked for roles."""
    use_fips_endpoint: bool = False
    """Ask FIPS endpoints."""
    use_dualstack_endpoint: bool = False
    """Ask endpoints that are reached by IPv6, too."""
    http_proxy: str | None = Field(default=None, repr=False)
    """URL of the proxy for http:// endpoints."""
    https_proxy: str | None = Field(default=None, repr=False)
    """URL of the proxy for https:// endpoints."""
    no_proxy: str | None = None
    """Hosts that are asked without proxy, comma-separated."""
    custom_ca_bundle: str | None = None
    """File with the certificates that are trusted."""
    insecure: bool = False
    """Do not check certificates."""

    @field_validator("endpoints", mode="before")
    @classmethod
    def _merged(cls, given: Any) -> Any:
        """Take a list of mappings, which is how pulumi-aws has it."""
        if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
            return given
        return {service: url for each in given for service, url in each.items() if url}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> AwsAccount:
        """Read pulumi-aws's configuration keys; raises pydantic.ValidationError, which quotes no value."""
        return cls.model_validate(mapping)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client; raises VendorError where keys, profile or roles are no use."""
        from botocore.exceptions import BotoCoreError

        try:
            # The service is a variable, which boto3's typed overloads do not take.
            session: Any = self._session(region)
            return self._made(session.client, service, {})
        except (BotoCoreError, ValueError) as error:
            raise VendorError(f"AWS: no client for {service} in {region}: {error}") from None

    @property
    def home(self) -> str:
        """Return the region in which services without regions are asked."""
        return self.region or region_of_environment() or FIRST_REGION

    def account_id(self, region: str | None = None) -> str:
        """Return the account's 12 digits (STS GetCallerIdentity, which needs no permission); raises VendorError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(self.client("sts", self.sts_region or region or self.home).get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            words = str(error).rstrip(".")
            raise VendorError(f"AWS: the account is not known: {words}. Check the AWS credentials in use") from None

    def _made(self, make: Callable[..., Any], service: str, more: Mapping[str, Any]) -> Any:
        """Make a client with the limits, endpoint, proxies and certificates of the account."""
        verify = False if self.insecure else self.custom_ca_bundle
        keys = {"endpoint_url": self.endpoints.get(service), "verify": verify, **more}
        proxies = _filled(http=self.http_proxy, https=self.https_proxy)
        extra = keys.pop("config", None)

        def made(through: Mapping[str, str]) -> Any:
            config = self._config(through)
            return make(service, config=config.merge(extra) if extra else config, **keys)

        client = made(proxies)
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        direct = proxies and self.no_proxy and proxy_bypass_environment(host, {"no": self.no_proxy})
        return made({}) if direct else client

    def _config(self, proxies: Mapping[str, str]) -> Config:
        """Return how long a client waits, how often it tries and which endpoints it asks."""
        from botocore.config import Config

        return Config(
            connect_timeout=_SECONDS_TO_CONNECT,
            read_timeout=_SECONDS_TO_ANSWER,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            proxies=dict(proxies) or None,
            use_fips_endpoint=self.use_fips_endpoint or None,
            use_dualstack_endpoint=self.use_dualstack_endpoint or None,
        )

    def _session(self, region: str) -> boto3.Session:
        import boto3

        if bool(self.access_key) != bool(self.secret_key):
            # Falling back to the environment would ask whatever account that names.
            given, lacking = ("accessKey", "secretKey") if self.access_key else ("secretKey", "accessKey")
            raise VendorError(f"AWS: aws:{given} without aws:{lacking}; give both or neither")
        session = self._plain()
        if self.access_key and self.secret_key:
            session.set_credentials(self.access_key, self.secret_key, self.token)
        if self.assume_role_with_web_identity:
            session = self._of_token(self.assume_role_with_web_identity, region)
        for role in self.assume_roles:
            session = self._of_user(session, role, region)
        return boto3.Session(botocore_session=session, region_name=region)

    def _plain(self) -> botocore.session.Session:
        """Return a session of the profile and files."""
        import botocore.session

        session = botocore.session.Session(profile=self.profile)
        for variable, files in (
            ("config_file", self.shared_config_files),
            ("credentials_file", self.shared_credentials_files),
        ):
            if files:
                session.set_config_variable(variable, files[0])
        return session

    def _of_token(self, role: AssumedRoleOfToken, region: str) -> botocore.session.Session:
        from botocore.credentials import AssumeRoleWithWebIdentityCredentialFetcher

        fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
            self._sts(region), role.load, role.role_arn, extra_args=role.arguments()
        )
        return _renewing(fetcher.fetch_credentials, "assume-role-with-web-identity")

    def _of_user(
        self, source: botocore.session.Session, role: AssumedRoleOfUser, region: str
    ) -> botocore.session.Session:
        from botocore.credentials import AssumeRoleCredentialFetcher

        credentials = source.get_credentials()
        if credentials is None:
            raise VendorError(
                f"AWS: no credentials to assume {role.role_arn} with; set aws:profile, AWS_PROFILE or AWS_ACCESS_KEY_ID"
            )
        fetcher = AssumeRoleCredentialFetcher(
            self._sts(region), credentials, role.role_arn, extra_args=role.arguments()
        )
        return _renewing(fetcher.fetch_credentials, "assume-role")

    def _sts(self, region: str) -> Callable[..., Any]:
        """Return what makes the client that assumes a role; its keyword arguments are those of a session."""

        def client(service: str, **keys: Any) -> Any:
            session = self._plain()
            home = self.sts_region or session.get_config_variable("region") or region or FIRST_REGION
            return self._made(session.create_client, service, {"region_name": home, **keys})

        return client


def _renewing(fetch: Callable[[], Any], method: str) -> botocore.session.Session:
    """Return a session whose credentials are fetched when they are needed, and again before they expire."""
    import botocore.session
    from botocore.credentials import DeferredRefreshableCredentials

    session = botocore.session.Session()
    # botocore has no public way to give a session credentials that renew themselves.
    session._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]
        refresh_using=fetch, method=method
    )
    return session


def _seconds(duration: str | None) -> int | None:
    found = _DURATION.fullmatch(duration or "")
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds or None


def _filled(**arguments: str | int | Sequence[Any] | None) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if value}

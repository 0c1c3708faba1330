"""The AWS account that is asked: profile, keys, assumed roles and endpoints as Pulumi's AWS provider takes them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailstack.errors import VendorError

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from botocore.config import Config

_SECONDS_TO_CONNECT, _SECONDS_TO_ANSWER = 5, 15
_ATTEMPTS = 3
FIRST_REGION = "us-east-1"  # where nothing names a region

# What names the account: the key of our plugin's provider -> the key of pulumi-aws's configuration.
CONFIGURATION_KEYS = {
    "awsProfile": "profile",
    "awsAssumeRoles": "assumeRoles",
    "awsEndpoints": "endpoints",
    "awsAccessKey": "accessKey",
    "awsSecretKey": "secretKey",
    "awsToken": "token",
}


def region_of_environment() -> str | None:
    """Return the region that AWS_* variables name, as Pulumi's AWS provider reads them."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class AwsAccount:
    """One AWS account; what is not given comes from AWS_* variables and files, as with every AWS client.

    `assume_roles` are assumed in turn: mappings with roleArn, sessionName, externalId. `endpoints` maps a service
    ("sesv2", "sts") to its URL.
    """

    profile: str | None = None
    assume_roles: Sequence[Mapping[str, str]] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client; raises VendorError where keys, profile or roles are no use."""
        from botocore.exceptions import BotoCoreError

        try:
            # The service is a variable, which boto3's typed overloads do not take.
            session: Any = self._session(region)
            return session.client(service, config=_limits(), endpoint_url=self.endpoints.get(service))
        except (BotoCoreError, ValueError) as error:
            raise VendorError(f"AWS: no client for {service} in {region}: {error}") from None

    def _session(self, region: str) -> boto3.Session:
        import boto3
        import botocore.session

        if bool(self.access_key) != bool(self.secret_key):
            # Falling back to the environment would ask whatever account that names.
            given, lacking = ("accessKey", "secretKey") if self.access_key else ("secretKey", "accessKey")
            raise VendorError(f"AWS: aws:{given} without aws:{lacking}; give both or neither")
        session = botocore.session.Session(profile=self.profile)
        if self.access_key and self.secret_key:
            session.set_credentials(self.access_key, self.secret_key, self.token)
        for role in self.assume_roles:
            session = self._assume(session, role, region)
        return boto3.Session(botocore_session=session, region_name=region)

    def _assume(
        self, source: botocore.session.Session, role: Mapping[str, str], region: str
    ) -> botocore.session.Session:
        """Return a session of the assumed role, whose credentials are renewed before they expire."""
        import botocore.session
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

        if not role.get("roleArn"):
            raise VendorError("awsAssumeRoles: a role without roleArn; give the ARN of the role to assume")
        credentials = source.get_credentials()
        if credentials is None:
            raise VendorError(
                f"AWS: no credentials to assume {role['roleArn']} with; "
                "set aws:profile, AWS_PROFILE or AWS_ACCESS_KEY_ID"
            )

        def client(service: str, **keys: Any) -> Any:
            # Keyword arguments of a client are those of its session: the credentials to assume with.
            plain = botocore.session.Session(profile=self.profile)
            return plain.create_client(
                service,
                region_name=plain.get_config_variable("region") or region or FIRST_REGION,
                endpoint_url=self.endpoints.get(service),
                config=_limits(),
                **keys,
            )

        extra = {"RoleSessionName": role.get("sessionName") or "mailstack"}
        if role.get("externalId"):
            extra["ExternalId"] = role["externalId"]
        fetcher = AssumeRoleCredentialFetcher(client, credentials, role["roleArn"], extra_args=extra)
        session = botocore.session.Session()
        # botocore has no public way to give a session credentials that renew themselves.
        session._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return session


def _limits() -> Config:
    """Return how long a client waits and how often it tries."""
    from botocore.config import Config

    return Config(
        connect_timeout=_SECONDS_TO_CONNECT,
        read_timeout=_SECONDS_TO_ANSWER,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )

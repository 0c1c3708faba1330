"""The AWS account that a configured provider works in."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from .aws_api import (
    CREDENTIALS_HINT,
    NO_CREDENTIALS,
    Aws,
    Credentials,
    account_of,
    assume,
    client,
    find_credentials,
    partition,
)
from .resource import VendorError


class Account:
    """An AWS account, region and default tags; empty until `configure`."""

    def __init__(self, cancelled: threading.Event) -> None:
        self._client = client(cancelled)
        self.aws = Aws("", {}, Credentials("", ""), self._client)
        self.id = ""
        self.default_tags: dict[str, str] = {}

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the provider's configuration and ask AWS whose key it is; raises VendorError."""
        self.default_tags = dict((structured(config, "defaultTags") or {}).get("tags") or {})
        self.aws = self._signed_in(config)
        self.id = "" if structured(config, "skipRequestingAccountId") else account_of(self.aws)

    def validate(self, config: Mapping[str, Any]) -> None:
        """Ask AWS whether it takes the credentials; raises VendorError in pulumi-aws's own words."""
        try:
            account_of(self._signed_in(config))
        except VendorError as error:
            raise VendorError(_reason(str(error))) from None

    def _signed_in(self, config: Mapping[str, Any]) -> Aws:
        credentials = find_credentials(config, config.get("profile"))
        plain = Aws(str(config.get("region", "")), _endpoints(config), credentials, self._client)
        return assume(plain, structured(config, "assumeRoles") or [])

    def arn(self, service: str, resource: str, region: str = "") -> str:
        """Write the ARN of something in this account."""
        where = region or self.aws.region
        return f"arn:{partition(where)[0]}:{service}:{where}:{self.id}:{resource}"


def structured(config: Mapping[str, Any], key: str) -> Any:
    """Return a setting that is not a string: provider inputs of other types travel as JSON text."""
    value = config.get(key)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise VendorError(f"aws:{key}: {value!r} is not valid JSON") from None


def _reason(words: str) -> str:
    """Say what pulumi-aws says of a failed validation (credentialsFailureReason in its provider package)."""
    if any(f"The security token included in the request is {fault}" in words for fault in ("invalid", "expired")):
        return f"The configured AWS credentials are invalid or have expired.\n{CREDENTIALS_HINT}"
    if words.startswith(NO_CREDENTIALS):
        return words
    return f"unable to validate AWS credentials.\nDetails: {words}\n"


def _endpoints(config: Mapping[str, Any]) -> dict[str, str]:
    given = structured(config, "endpoints") or []
    found: dict[str, str] = {}
    for one in given if isinstance(given, list) else [given]:
        found.update({key: url for key, url in one.items() if url})
    return found

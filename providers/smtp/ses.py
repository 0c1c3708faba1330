"""Amazon SES: what it says of a domain (GetEmailIdentity, API v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailstack.errors import Busy, Missing, VendorError
from providers.aws import AwsAccount

from .base import DomainStatus

PERMISSION = "ses:GetEmailIdentity"
_DONE = "SUCCESS"
# botocore's own retries have been used up when one of these arrives.
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException"}
)
_NO_LOGIN = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException",
        "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip
_NO_PERMISSION = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized"})


class Ses:
    """SES in one account and region."""

    def __init__(self, account: AwsAccount, region: str) -> None:
        """Keep the account and region; the client is made with the first question."""
        self._account, self._region = account, region
        self._client: Any = None

    def status(self, domain: str, expect_mail_from: bool) -> DomainStatus:
        """Ask once for the domain's identity; verified means DKIM and, where expected, MAIL FROM are SUCCESS.

        Raises Missing where there is no such identity, Busy where asking again may help, VendorError
        where credentials or permissions are missing.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnection

        try:
            self._client = self._client or self._account.client("sesv2", self._region)
            identity = self._client.get_email_identity(EmailIdentity=domain)
        except ClientError as error:
            raise self._refusal(domain, error.response, error.operation_name) from None
        except (NoConnection, HTTPClientError) as error:
            raise Busy(f"{self._prefix(domain)}: {error}") from None
        except BotoCoreError as error:  # what the client cannot do by itself: no credentials, an SSO session that ended
            raise VendorError(f"{self._prefix(domain)}: {error}; {_login_advice()}") from None
        except VendorError as error:
            raise VendorError(f"{self._prefix(domain)}: {error}") from None
        return _status(identity, expect_mail_from)

    def _prefix(self, domain: str) -> str:
        return f"SES in {self._region} could not be asked about {domain}"

    def _refusal(self, domain: str, response: Mapping[str, Any], operation: str) -> VendorError:
        error = response.get("Error", {})
        code, words = str(error.get("Code", "")), str(error.get("Message", ""))
        said = f"{code}: {words}" if words else code
        if code == "NotFoundException":
            return Missing(f"SES in {self._region} has no identity {domain} ({said})")
        if code in _NO_PERMISSION:
            needed = PERMISSION if operation == "GetEmailIdentity" else f"sts:{operation}"
            return VendorError(f"{self._prefix(domain)}: {said}; the caller needs the permission {needed}")
        if code in _NO_LOGIN:
            return VendorError(f"{self._prefix(domain)}: {said}; {_login_advice()}")
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        busy = code in _THROTTLED or status == 429 or status >= 500
        return (Busy if busy else VendorError)(f"{self._prefix(domain)}: {said}")


def _login_advice() -> str:
    return f"check the AWS credentials in use (the wait needs {PERMISSION})"


def _status(identity: Mapping[str, Any], expect_mail_from: bool) -> DomainStatus:
    dkim = str(identity.get("DkimAttributes", {}).get("Status", ""))
    own = identity.get("MailFromAttributes", {})
    mail_from = str(own.get("MailFromDomainStatus", "")) if own.get("MailFromDomain") else ""
    verified = (
        dkim == _DONE
        and bool(identity.get("VerifiedForSendingStatus"))
        and (not expect_mail_from or mail_from == _DONE)
    )
    return DomainStatus(dkim, mail_from, verified, str(identity.get("VerificationInfo", {}).get("ErrorType", "")))

"""Programs with one MailStack, and the types that they declare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.mail_stack import MailStack

CLOUDFLARE = "cloudflare:index/dnsRecord:DnsRecord"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
USER = "aws:iam/user:User"
POLICY = "aws:iam/userPolicy:UserPolicy"
READINESS = "mailstack:index:Readiness"
KEY = "aws:iam/accessKey:AccessKey"
OWNER = "mailstack:index:Owner"

SETTINGS: dict[str, Any] = {
    "dns": {"example.com": {"host": "cloudflare"}},
    "senders": {"notify": {"domain": "notify.example.com"}},
}


def program(settings: dict[str, Any], output: str = "smtp") -> Callable[[], Any]:
    """Return a program that builds a MailStack and returns one of its outputs."""
    return lambda: getattr(MailStack("mail", settings), output)


def with_domain(**domain: Any) -> dict[str, Any]:
    """Return the settings with one domain's keys added."""
    return {**SETTINGS, "domains": {"notify.example.com": domain}}

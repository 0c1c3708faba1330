"""Amazon SES: what is known of it without asking. Its client is in ses_client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from mailstack.catalog import Endpoint, Problem, Slot, Traces
from mailstack.dns.records import Mx
from mailstack.errors import InvalidValue
from mailstack.model import Model
from mailstack.plan import Pending
from mailstack.settings.fields import DomainName, Flag, off, shown
from mailstack.settings.model import Domain, Route, Sender

from . import ses_iam, ses_regions

_DKIM_PREFIX = len("._domainkey.") + 32  # a token has 32 characters
_LONGEST_DOMAIN = 253 - _DKIM_PREFIX  # RFC 1035 section 2.3.4
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAIL_FROM_SPF = "v=spf1 include:amazonses.com ~all"
# Easy DKIM always gives three tokens (https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html).
DKIM_KEYS = (1, 2, 3)


def _policy_arn(text: str) -> str:
    if not re.fullmatch(r"arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+", text):
        raise ValueError(f"{shown(text)} is no policy ARN: write arn:aws:iam::<account>:policy/<name>")
    return text


def _iam_path(text: str) -> str:
    if not re.fullmatch(r"/([\x21-\x2e\x30-\x7e]+/)*", text) or len(text) > 512:
        raise ValueError(f"{shown(text)} is no IAM path: it begins and ends with a slash, such as /mailstack/")
    return text


def _configuration_set(text: str) -> str:
    if not _SET.fullmatch(text):
        raise ValueError(f"{shown(text)} is no configuration set: use up to 64 letters, digits, - and _, or write off")
    return text


ConfigurationSet = Annotated[
    str,
    BeforeValidator(off),
    AfterValidator(_configuration_set),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_SET.pattern}$"}, {"enum": [False]}]}),
]


class SesOptions(Model):
    """What only Amazon SES has."""

    tls: Literal["optional", "require"] = "optional"
    """require: SES does not deliver to servers without TLS."""
    dkim_domain: DomainName = "dkim.amazonses.com"
    """The domain that the three DKIM records point to; a few regions have one of their own."""
    sandbox_account: Flag = False
    """The account is in the SES sandbox: the sending policy covers the recipients' identities too."""
    fips: Flag = False
    """Use the region's FIPS endpoint."""
    user_path: Annotated[str, AfterValidator(_iam_path)] = "/mailstack/"
    """The path of the IAM users that are made for SMTP logins."""
    configuration_set: ConfigurationSet | None = None
    """A configuration set that exists already and is used as it is, or off: none. Left out: one of the domain's own."""
    on_mx_failure: Literal["default", "reject"] = "default"
    """What SES does with mail while the return path's MX is missing: send it from amazonses.com, or reject it."""
    permissions_boundary: Annotated[str, AfterValidator(_policy_arn)] | None = None
    """The ARN of the policy that bounds what those users may do."""
    tags: dict[str, str] = Field(default={})
    """Tags for all that is made at AWS."""


class SesProvider:
    """Amazon SES, as far as it is known without asking it."""

    name = "ses"
    title = "Amazon SES"
    options: type[BaseModel] = SesOptions
    secrets: type[BaseModel] | None = None  # it uses the stack's AWS account
    has_regions = True
    ports = ses_regions.PORTS
    # RSA of 1024 to 2048 bits:
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-bring-your-own.html
    dkim_algorithms: tuple[str, ...] = ("rsa",)
    spf = MAIL_FROM_SPF
    traces: Traces | None = Traces(
        return_path=r"feedback-smtp\.(?P<region>[a-z0-9-]+)\.amazonses\.com",
        inbound=r"inbound-smtp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com",
        dkim=r"[a-z0-9]{32}\.dkim\.((?P<region>[a-z0-9-]+)\.)?amazonses\.com",
    )

    def problems(self, domain: Domain, route: Route) -> Iterable[Problem]:
        """List what SES does not allow of a route's settings: a region without the endpoint, a domain too long."""
        if len(domain.name) > _LONGEST_DOMAIN:
            yield Problem(
                (),
                f"{domain.name} has {len(domain.name)} characters, and SES puts {_DKIM_PREFIX} for DKIM before "
                f"it, while a name in DNS has at most 253; use a domain of at most {_LONGEST_DOMAIN}",
            )
        try:
            ses_regions.smtp_host(route.region)
        except InvalidValue as error:
            yield Problem(("region",), str(error))
            return
        try:
            ses_regions.smtp_host(route.region, fips=options(route).fips)
        except InvalidValue as error:
            yield Problem(("ses", "fips"), str(error))

    def sender_problems(self, sender: Sender, domain: Domain, route: Route) -> Iterable[Problem]:
        """List what IAM does not allow of a sender: a policy of more than 2,048 characters."""
        if sender.login != "create":
            return
        size = ses_iam.policy_size(sender, domain, route.region, options(route).sandbox_account)
        if size > ses_iam.POLICY_LIMIT:
            yield Problem(
                ("sendAs",) if len(sender.send_as) >= len(sender.recipients) else ("recipients",),
                f"makes an IAM policy of {size} characters, and a user's policies have at most {ses_iam.POLICY_LIMIT}; "
                "write patterns such as *@ and the domain, or use several senders",
            )

    def slots(self, domain: Domain, route: Route) -> Sequence[Slot]:
        """List what SES asks for: its three DKIM keys unless the domain has its own, and MX and SPF of MAIL FROM.

        SES Developer Guide, "Easy DKIM" and "Using a custom MAIL FROM domain".
        """
        name = route.mail_from(domain.name)
        feedback = Mx(10, ses_regions.feedback_mx(route.region))
        return [
            *(_dkim_key(number, domain, route) for number in DKIM_KEYS if domain.dkim.kind == "easy"),
            Slot("return-path-mx", name, "MX", (feedback,), "return path: bounces go to SES"),
            Slot("return-path-spf", name, "TXT", (self.spf,), "return path: SPF"),
        ]

    def endpoint(self, route: Route) -> Endpoint:
        """Return where the route accepts mail; raises InvalidValue where `problems` names one."""
        host = ses_regions.smtp_host(route.region, fips=options(route).fips)
        return Endpoint(host, route.port, self.ports[route.port])

    def inbound(self, route: Route) -> Mx:
        """Return the MX of a domain whose mail SES receives; raises InvalidValue where it receives none.

        The preference is that of the SES Developer Guide, "Publishing an MX record".
        """
        return Mx(10, ses_regions.inbound_mx(route.region))


PROVIDER = SesProvider()


def _dkim_key(number: int, domain: Domain, route: Route) -> Slot:
    key, label = f"dkim-{number}", f"DKIM token {number} of {route.region}"
    return Slot(
        key,
        Pending("", key, "name", suffix=f"._domainkey.{domain.name}", label=label),
        "CNAME",
        (Pending("", key, "value", suffix=f".{options(route).dkim_domain}", label=label),),
        f"DKIM key {number} of {len(DKIM_KEYS)}",
    )


def options(route: Route) -> SesOptions:
    """Return what the settings say of SES on a route."""
    return cast(SesOptions, route.options)

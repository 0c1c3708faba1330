"""What may be written in a stack's settings, and the typed, frozen values that come of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from mailstack import ses
from mailstack.mail import dkim, dmarc, spf
from mailstack.mail import parked as no_mail
from mailstack.mail.mta_sts import Policy
from mailstack.mail.spf import Spf
from mailstack.settings import fields
from mailstack.settings.base import Model
from mailstack.settings.dkim import DkimSettings
from mailstack.settings.extra_records import RecordsSettings
from mailstack.settings.fields import (
    Address,
    ConfigurationSet,
    DomainName,
    FailureOptions,
    Flag,
    HeaderText,
    IamPath,
    Inbound,
    Label,
    Number,
    Off,
    PolicyArn,
    Port,
    RecipientPattern,
    ReportAddress,
    ReturnPath,
    Secret,
    SenderPattern,
    Ttl,
)
from mailstack.settings.policies import BimiSettings, MtaStsSettings, TlsRptSettings
from mailstack.settings.zones import HostSecrets, Zone

# Names of the two branches of a value that is a mapping or off; problems.py knows them.
MAPPING_OR_OFF = "<mapping or off>"
OFF = "<off>"


def _branch(value: Any) -> str:
    return OFF if value is False or value == "off" else MAPPING_OR_OFF


class SesOptions(Model):
    """What only AWS SES has."""

    tls: Literal["optional", "require"] = "optional"
    """require: SES does not deliver to servers without TLS."""
    dkim_domain: DomainName = "dkim.amazonses.com"
    """The domain that the three DKIM records point to; a few regions have one of their own."""
    sandbox_account: Flag = False
    """The account is in the SES sandbox: the sending policy covers the recipients' identities too."""
    fips: Flag = False
    """Use the region's FIPS endpoint."""
    user_path: IamPath = "/mailstack/"
    """The path of the IAM users that are made for SMTP logins."""
    configuration_set: ConfigurationSet | None = None
    """A configuration set that stands already and is used as it is, or off: none. Left out: one of the domain's own."""
    on_mx_failure: Literal["default", "reject"] = "default"
    """What SES does with mail while the return path's MX is missing: send it from amazonses.com, or reject it."""
    permissions_boundary: PolicyArn | None = None
    """The ARN of the policy that bounds what those users may do."""
    tags: dict[str, str] = Field(default={})
    """Tags for all that is made at AWS."""


class SesRoute(Model):
    """A way out for a domain's mail through AWS SES in one region."""

    provider: Literal["ses"] = "ses"
    """Who takes the mail."""
    region: str = ""
    """The AWS region; the stack's aws:region when it is left out."""
    return_path: ReturnPath = "bounce"
    """Where bounces go: one label under the domain (bounce) or a full name below it."""
    port: Port = 587
    """The SMTP port: 587, 25 or 2587 with STARTTLS, 465 or 2465 with TLS from the start."""
    ses: SesOptions = SesOptions()
    """What only AWS SES has."""

    def mail_from(self, domain: str) -> str:
        """Return the full name of the return path (MAIL FROM domain) of a domain's mail."""
        return self.return_path if "." in self.return_path else f"{self.return_path}.{domain}"

    @property
    def host(self) -> str:
        """Return the host name of the SMTP endpoint."""
        return ses.smtp_host(self.region, fips=self.ses.fips)

    @property
    def security(self) -> Literal["starttls", "tls"]:
        """Return how the connection is secured: starttls or tls."""
        return ses.smtp_security(self.port)


class DmarcSettings(Model):
    """The DMARC policy of a domain (RFC 9989)."""

    policy: Literal["none", "quarantine", "reject"] = "none"
    """What receivers should do with mail that fails."""
    subdomain_policy: Literal["none", "quarantine", "reject"] | None = None
    """The policy of subdomains without one of their own; policy when it is left out."""
    nonexistent_policy: Literal["none", "quarantine", "reject"] | None = None
    """The policy of subdomains that do not exist."""
    psd: Literal["y", "n"] | None = None
    """n: this domain is an organisation's own top; y: a public suffix, under which others register."""
    testing: Flag = False
    """Ask receivers to apply one level less than the policy."""
    adkim: Literal["r", "s"] = "r"
    """DKIM alignment: r relaxed, s strict."""
    aspf: Literal["r", "s"] = "r"
    """SPF alignment: r relaxed, s strict."""
    fo: FailureOptions | None = None
    """When to send failure reports: 0, 1, d, s, joined by colons."""
    rua: tuple[ReportAddress, ...] = ()
    """Where aggregate reports go, such as mailto:dmarc@example.com."""
    ruf: tuple[ReportAddress, ...] = ()
    """Where failure reports go."""

    def to_record(self) -> dmarc.Dmarc:
        """Return the record that states this policy."""
        return dmarc.Dmarc(**{name: getattr(self, name) for name in type(self).model_fields})


class SpfSettings(Model):
    """What is published as SPF at the domain itself (RFC 7208)."""

    also: tuple[str, ...] = ()
    """Further terms, such as include:_spf.google.com."""

    def merged(self, *provider_records: str) -> Spf:
        """Return one record of what the providers ask for and the further terms.

        Raise SpfError when a term is malformed or more than ten look-ups would be needed (RFC 7208 section 4.6.4).
        """
        return spf.merge(*(spf.parse(text) for text in provider_records), also=self.also)


class DomainKeys(Model):
    """What may be written for a domain."""

    manage: Flag = True
    """false: the domain stands already and is another stack's or team's; it is only referenced."""
    sends: Flag = True
    """false: no mail is from this domain; its records say so, and nothing is made at a provider."""
    routes: dict[Label, SesRoute] = Field(default={"main": SesRoute()})
    """The ways out for this domain's mail, by name."""
    dmarc: Annotated[
        Annotated[DmarcSettings, Tag(MAPPING_OR_OFF)] | Annotated[Off, Tag(OFF)], Discriminator(_branch)
    ] = DmarcSettings()
    """The DMARC record, or off: it is not this stack's."""
    spf: (
        Annotated[Annotated[SpfSettings, Tag(MAPPING_OR_OFF)] | Annotated[Off, Tag(OFF)], Discriminator(_branch)] | None
    ) = None
    """The SPF record at the domain itself, or off: it is not this stack's. Left out: only where a provider needs it."""
    dkim: DkimSettings = DkimSettings()
    """How this domain's mail is signed."""
    bimi: BimiSettings | None = None
    """The logo beside this domain's mail."""
    inbound: Inbound | None = None
    """The route whose provider takes mail for this domain (its MX), or off: the MX is not this stack's."""
    mta_sts: MtaStsSettings | None = None
    """How other servers deliver mail to this domain: over TLS only."""
    tls_rpt: TlsRptSettings | None = None
    """Where other servers report that they could not."""
    records: RecordsSettings = RecordsSettings()
    """Record sets beside those that follow from the other settings."""
    protect: Flag = True
    """Guard the identity and its records against deletion."""
    wait: Annotated[
        Literal["off", "warn", "require"],
        BeforeValidator(fields.off),
        WithJsonSchema({"enum": ["off", "warn", "require", False]}),
    ] = "warn"
    """Wait until the provider has verified the domain: require fails the update when it does not."""
    wait_minutes: Annotated[Number, Field(gt=0, allow_inf_nan=False)] = 10
    """How long to wait."""
    ttl: Ttl = 300
    """Time to live of the records in seconds; 1 is the DNS host's own choice."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        for name, route in self.routes.items() if self.dkim.kind == "own" else ():
            if refused := dkim.refusal(route.provider, self.dkim.algorithm):
                raise ValueError(
                    f"dkim.algorithm is {self.dkim.algorithm}, but route {name} goes through {route.provider}, and "
                    f"{refused}; write algorithm: rsa"
                )
        return self


class Domain(DomainKeys):
    """Where mail comes from, or, where it does not send, must not seem to come from; that one has no routes."""

    name: str
    inbound_host: str = ""
    """The host that takes its mail through the route that inbound names, "" where there is none."""

    def spf_record(self) -> Spf | None:
        """Return the SPF record to publish at the domain itself, if there is one."""
        if self.spf == "off":
            return None
        if not self.sends:
            return spf.parse(no_mail.SPF)
        return self.spf.merged(ses.MAIL_FROM_SPF) if isinstance(self.spf, SpfSettings) else None

    def mta_sts_policy(self) -> Policy | None:
        """Return the MTA-STS policy to serve, if there is one; raise MtaStsError where it names no host."""
        if self.mta_sts is None:
            return None
        hosts = self.mta_sts.mx or ((self.inbound_host,) if self.inbound_host else ())
        return Policy(self.mta_sts.mode, hosts, self.mta_sts.max_age)


class From(Model):
    """Who the mail is from."""

    address: Address = ""
    """The part before the @, or an address on the sender's domain; the sender's key when it is left out."""
    name: HeaderText | None = None
    """The name beside the address."""


class SenderKeys(Model):
    """What may be written for a sender."""

    domain: DomainName
    """The domain that the mail is from."""
    via: str = ""
    """The route of the domain to use; may be left out where there is one."""
    from_: From = Field(default=From(), alias="from")
    """Who the mail is from."""
    login: Literal["create", "given", "none"] = "create"
    """create an SMTP login, use the given one of mailstack:secrets, or none: roles send through the API."""
    send_as: tuple[SenderPattern, ...] = ()
    """Further From addresses or patterns that the login may use."""
    recipients: tuple[RecipientPattern, ...] = ()
    """Patterns of the only recipients that may be written to; none: everybody."""
    was: Label | None = None
    """The key that this sender had before."""


class Sender(SenderKeys):
    """One login and one From on a domain; every address in it is whole."""

    key: str

    @property
    def from_address(self) -> str:
        """Return the address that mail is from."""
        return self.from_.address

    @property
    def from_addresses(self) -> tuple[str, ...]:
        """Return every address and pattern that may stand in From."""
        return (self.from_address, *(each for each in self.send_as if each != self.from_address))


class Login(Model):
    """A login that stands already: an AWS access key, or an SMTP username and password."""

    access_key_id: Secret | None = None
    """The id of the access key of an IAM user that may send."""
    secret_access_key: Secret | None = None
    """The secret of that key; the SMTP password of each region is derived from it."""
    username: Secret | None = None
    """The SMTP username."""
    password: Secret | None = None
    """The SMTP password."""

    @model_validator(mode="after")
    def _one_pair(self) -> Login:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if given not in ({"access_key_id", "secret_access_key"}, {"username", "password"}):
            raise ValueError("must hold either accessKeyId and secretAccessKey, or username and password")
        return self


class Settings(Model):
    """All that a stack says about its mail: defaults merged, regions, routes and addresses written out."""

    stage: str | None
    dns: dict[str, Zone]
    domains: dict[str, Domain]
    senders: dict[str, Sender]
    secrets: dict[str, Login]
    keyring: dict[str, HostSecrets] = Field(default={})

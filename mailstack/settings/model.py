"""What may be written in a stack's settings, and the typed, frozen values that come of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    SerializeAsAny,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)

from mailstack.mail import dmarc, spf
from mailstack.mail import parked as no_mail
from mailstack.mail.mta_sts import Policy
from mailstack.mail.spf import Spf
from mailstack.model import Model
from mailstack.settings import fields
from mailstack.settings.dkim import DkimSettings
from mailstack.settings.extra_records import RecordsSettings
from mailstack.settings.fields import (
    Address,
    DomainName,
    FailureOptions,
    Flag,
    HeaderText,
    Inbound,
    Label,
    Number,
    Off,
    RecipientPattern,
    ReportAddress,
    ReturnPath,
    Secret,
    SenderPattern,
    SpfTerm,
    Ttl,
)
from mailstack.settings.policies import BimiSettings, MtaStsSettings, TlsRptSettings
from mailstack.settings.zones import Zone

# Names of the two branches of a value that is a mapping or off; problems.py knows them.
MAPPING_OR_OFF = "<mapping or off>"
OFF = "<off>"


def _branch(value: Any) -> str:
    return OFF if value is False or value == "off" else MAPPING_OR_OFF


class RouteKeys(Model):
    """What may be written for a route, beside the options of its provider, whose key is the provider's name."""

    provider: str
    """Which provider accepts the mail."""
    region: str = ""
    """The provider's region; the stack's aws:region when it is left out."""
    return_path: ReturnPath = "bounce"
    """Where bounces go: one label under the domain (bounce) or a full name below it."""
    port: Annotated[int, Strict()] | None = None
    """The SMTP port; the provider's usual one when it is left out."""


class Route(RouteKeys):
    """One way out for a domain's mail: a provider, in a region where it has some."""

    port: int
    options: SerializeAsAny[BaseModel]
    """The provider's own options, as its declaration reads them."""

    def mail_from(self, domain: str) -> str:
        """Return the full name of the return path (MAIL FROM domain) of a domain's mail."""
        return self.return_path if "." in self.return_path else f"{self.return_path}.{domain}"


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

    also: tuple[SpfTerm, ...] = ()
    """Further terms, such as include:_spf.google.com."""

    def merged(self, *provider_records: str) -> Spf:
        """Return one record of what the providers ask for and the further terms.

        Raise SpfError when a term is malformed or more than ten look-ups would be needed (RFC 7208 section 4.6.4).
        """
        return spf.merge(*(spf.parse(text) for text in provider_records), also=self.also)


class DomainKeys(Model):
    """What may be written for a domain."""

    manage: Flag = True
    """false: the domain exists already and is another stack's or team's; it is only referenced."""
    sends: Flag = True
    """false: no mail is from this domain; its records say so, and nothing is made at a provider."""
    routes: dict[Label, Route] = Field(default={})
    """The routes of this domain's mail, by name; left out: one, main. off takes out a route of the defaults."""
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
    """Record sets beside those that follow from the other keys."""
    protect: Flag = True
    """Guard the identity and its records against deletion."""
    wait: Annotated[
        Literal["off", "warn", "require"],
        BeforeValidator(fields.off),
        WithJsonSchema({"enum": ["off", "warn", "require", False]}),
    ] = "warn"
    """Wait until the provider has verified the domain: require fails the update when it does not."""
    wait_minutes: Annotated[Number, Field(gt=0, le=1440)] = 10
    """How long to wait, at most a day (1440)."""
    ttl: Ttl = 300
    """Time to live of the records in seconds; 1 is the DNS host's own choice."""


class Domain(DomainKeys):
    """Where mail comes from, or, where it does not send, must not seem to come from; that one has no routes."""

    name: str
    inbound_host: str = ""
    """The host that takes its mail through the route that inbound names, "" where there is none."""

    def spf_record(self, *provider_records: str) -> Spf | None:
        """Return the SPF record to publish at the domain itself, if there is one.

        provider_records: what the providers of its routes ask for. Raises SpfError as `SpfSettings.merged` does.
        """
        if self.spf == "off":
            return None
        if not self.sends:
            return spf.parse(no_mail.SPF)
        return self.spf.merged(*provider_records) if isinstance(self.spf, SpfSettings) else None

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
    """The address and the name that the mail is from."""
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


class Login(Model):
    """A login that exists already: an AWS access key, or an SMTP username and password."""

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


class Secrets(Model):
    """What the settings hold under mailstack:secrets, by what each secret is for."""

    senders: dict[str, Login] = Field(default={})
    dns: dict[str, dict[str, SerializeAsAny[BaseModel]]] = Field(default={})
    """The secrets of each zone's hosts, by zone and host."""
    providers: dict[str, SerializeAsAny[BaseModel]] = Field(default={})


class Settings(Model):
    """All that a stack says about its mail: defaults merged, regions, routes and addresses written out."""

    stage: str | None
    formerly: str | None
    """What the stack was called before, "<organization>/<project>/<stack>" or the stack alone."""
    dns: dict[str, Zone]
    domains: dict[str, Domain]
    senders: dict[str, Sender]
    secrets: Secrets

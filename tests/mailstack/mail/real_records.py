"""SPF and DMARC records as they are in the world and in the standards, with what is expected of each and its source.

Where a vendor's documentation is the source, the record is the one that it tells its users to publish; "owner/name #1"
is an issue at GitHub in which somebody met the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RFC, DMARC_RFC = "RFC 7208", "RFC 9989"


@dataclass(frozen=True)
class SpfCase:
    """An SPF record: its own look-ups and its `all`, or a part of the sentence that refuses it.

    `with_ses` is what the record becomes when the terms of SES are merged into it (design: order and `all` stay).
    """

    source: str
    text: str
    lookups: int = 0
    ends: str | None = None
    refused: str = ""
    with_ses: str = ""


@dataclass(frozen=True)
class DmarcCase:
    """A DMARC record: what a receiver reads in it, by our names, or a part of the sentence that ignores it."""

    source: str
    text: str
    read: dict[str, object] = field(default_factory=dict)
    refused: str = ""


SPF = [
    SpfCase(f"{RFC} section 3", "v=spf1 +mx a:colo.example.com/28 -all", 2, "-"),
    SpfCase(f"{RFC} section 3.5", "v=spf1 a:A.EXAMPLE.COM -all", 1, "-"),
    SpfCase(f"{RFC} section 4.7", "v=spf1 +mx -all", 1, "-"),
    SpfCase(f"{RFC} section 4.7", "v=spf1 +mx redirect=_spf.example.com", 2),
    SpfCase(f"{RFC} section 5.1", "v=spf1 a mx -all", 2, "-"),
    SpfCase(f"{RFC} section 5.2", "v=spf1 include:example.com include:example.org -all", 2, "-"),
    SpfCase(f"{RFC} section 4.6.2 (? is neutral)", "v=spf1 ip4:192.0.2.0/24 ?include:example.org -all", 1, "-"),
    SpfCase(f"{RFC} section 5.7", "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all", 1, "-"),
    SpfCase(f"{RFC} section 6.1", "v=spf1 redirect=_spf.example.com", 1),
    SpfCase(f"{RFC} section 6.1 (all makes redirect void)", "v=spf1 -all redirect=_spf.example.com", 0, "-"),
    SpfCase(f"{RFC} section 6.2", "v=spf1 mx -all exp=explain._spf.%{d}", 1, "-"),
    SpfCase(f"{RFC} section 10.1.1", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.129 -all", 0, "-"),
    SpfCase(f"{RFC} section 10.1.1", "v=spf1 a:authorized-spf.example.com -all", 1, "-"),
    SpfCase(f"{RFC} section 10.1.1", "v=spf1 ip4:192.0.2.0/24 mx -all", 1, "-"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 +all", 0, "+"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 a:example.org -all", 1, "-"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 mx mx:example.org -all", 2, "-"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 mx/30 mx:example.org/30 -all", 2, "-"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 ptr -all", 1, "-"),
    SpfCase(f"{RFC} appendix A.1", "v=spf1 ip4:192.0.2.128/28 -all", 0, "-"),
    SpfCase(f"{RFC} appendix A.2", "v=spf1 redirect=example.org", 1),
    SpfCase(
        f"{RFC} appendix A.3", "v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all", 3, "-"
    ),
    SpfCase(f"{RFC} appendix A.3", "v=spf1 exists:%{ir}.%{l1r+}.%{d}", 1),
    SpfCase(f"{RFC} appendix A.4", "v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all", 2, "+"),
    SpfCase(f"{RFC} appendix A.4", "v=spf1 -ptr +all", 1, "+"),
    SpfCase(f"{RFC} appendix C", "v=spf1 exists:_h.%{h}._l.%{l}._o.%{o}._i.%{i}._spf.%{d} ?all", 1, "?"),
    SpfCase(f"{RFC} appendix D.1", "v=spf1 mx redirect=%{l1r+}._at_.%{o}._spf.%{d}", 2),
    SpfCase(f"{RFC} section 6 (unknown modifiers are ignored)", "v=spf1 moo.cow-far_out=man:dog/cat -all", 0, "-"),
    SpfCase(f"{RFC} section 4.6.1 (names are not case-sensitive)", "V=SPF1 MX A:Mail.Example.COM -ALL", 2, "-"),
    SpfCase(f"{RFC} section 12 (more than one space, and at the end)", "v=spf1  mx   -all ", 1, "-"),
    SpfCase(f"{RFC} section 12 (a record may hold no term)", "v=spf1", 0),
    SpfCase(f"{RFC} section 5.6 (ip6)", "v=spf1 ip6:2001:db8:8:4::2/64 -all", 0, "-"),
    SpfCase(f"{RFC} section 5.6 (IPv4 in IPv6)", "v=spf1 ip6:::ffff:1.1.1.1/96 -all", 0, "-"),
    SpfCase(f"{RFC} section 5.3 (dual cidr)", "v=spf1 a:example.com/24//64 ~all", 1, "~"),
    SpfCase(f"{RFC} section 12 (a period at the end of a name)", "v=spf1 include:_spf.example.net. ~all", 1, "~"),
    SpfCase(f"{RFC} section 4.7 (no all: neutral)", "v=spf1 include:_spf.example.net", 1),
    SpfCase(f"{RFC} section 5.1 (what follows all is ignored)", "v=spf1 ~all include:_spf.example.net -all", 0, "~"),
    SpfCase("RFC 6652 section 3 (ra, rp, rr); stalwartlabs/stalwart #459", "v=spf1 mx ra=postmaster -all", 1, "-"),
    SpfCase("OpenSPF test suite, mech-at-limit", "v=spf1 a mx a mx a mx a mx a ptr ip4:1.2.3.4 -all", 10, "-"),
    SpfCase("OpenSPF test suite, mech-over-limit", "v=spf1 a mx a mx a mx a mx a ptr a ip4:1.2.3.4 -all", 11, "-"),
    SpfCase("domainaware/checkdmarc #173", "v=spf1 include:spf.splio.com a mx -all", 3, "-"),
    SpfCase(
        "domainaware/checkdmarc #73 (modifiers may be anywhere)",
        "v=spf1 redirect=__spf.campaign.adobe.com ip4:151.106.144.120",
        1,
    ),
    SpfCase(
        "domainaware/checkdmarc #134 (include= is a modifier that nobody knows)",
        "v=spf1 include=example.com -all",
        0,
        "-",
    ),
    SpfCase("smck83/expurgate-solo #4", "v=spf1 include:%{ir}.%{d}._spf.domain.cc -all", 1, "-"),
    SpfCase(f"{RFC} section 4.5 (another version)", "v=spf10 -all", refused="it must begin with"),
    SpfCase(f"{RFC} section 4.5 (no space)", "v=spf1-all", refused="it must begin with"),
    SpfCase(f"{RFC} section 4.5 (a space before it)", " v=spf1 -all", refused="it must begin with"),
    SpfCase("RFC 4406 (Sender ID is another record)", "spf2.0/mfrom,pra +all", refused="it must begin with"),
    SpfCase(
        "cloudflare/terraform-provider-cloudflare #5351 (quotes in the value)", '"v=spf1 -all"', refused="must begin"
    ),
    SpfCase(f"{RFC} section 4.6 (unknown mechanism)", "v=spf1 ipv4:192.0.2.1 -all", refused="known mechanisms are"),
    SpfCase("Codicy/pulumi-aws-ses (a bare host name)", "v=spf1 mail ~all", refused="known mechanisms are"),
    SpfCase(f"{RFC} section 5.6 (address out of range)", "v=spf1 ip4:300.0.0.1 -all", refused="is not an IPv4 address"),
    SpfCase(f"{RFC} section 5.6 (prefix out of range)", "v=spf1 ip4:192.0.2.0/33 -all", refused="0 to 32"),
    SpfCase(f"{RFC} section 5.6 (empty prefix)", "v=spf1 ip4:192.0.2.0/ -all", refused="prefix length is missing"),
    SpfCase(f"{RFC} section 5.2 (include needs a domain)", "v=spf1 include -all", refused="include needs a domain"),
    SpfCase(f"{RFC} section 5.1 (all takes nothing)", "v=spf1 -all:example.com", refused="all takes no value"),
    SpfCase(
        f"{RFC} section 6 (redirect twice)", "v=spf1 redirect=a.example redirect=b.example", refused="more than once"
    ),
    SpfCase(f"{RFC} section 12 (a modifier has no qualifier)", "v=spf1 -redirect=a.example", refused="neither a"),
    SpfCase(f"{RFC} section 12 (a full stop after all)", "v=spf1 mx -all.", refused="neither a mechanism"),
    SpfCase(f"{RFC} section 12 (a tab parts no terms)", "v=spf1 a\tmx -all", refused="neither a mechanism"),
    SpfCase(f"{RFC} section 7.1 (unfinished macro)", "v=spf1 exists:%{i._spf.example.com -all", refused="malformed"),
    SpfCase(f"{RFC} section 7.1 (no labels to keep)", "v=spf1 exists:%{d0}.example.com -all", refused="malformed"),
    SpfCase(f"{RFC} section 7.2 (letters of exp alone)", "v=spf1 exists:%{t}.example.com -all", refused="malformed"),
    SpfCase(f"{RFC} section 12 (a comma is no separator)", "v=spf1 a,mx -all", refused="neither a mechanism"),
    SpfCase("domainaware/checkdmarc #209", "v=spf1 ip4:45.154.45.81~all", refused="is not an IPv4 address"),
    SpfCase("ValiMail/coppertone #57", "v=spf1 include.spf.protection.outlook.com", refused="neither a mechanism"),
    SpfCase("phpList/phplist3 #1055", "v=spf1 ip4: 198.58.98.141 -all", refused="is not an IPv4 address"),
    SpfCase(
        "shevek/libspf2 #30 (ip6: forgotten)",
        "v=spf1 ip6:2001:470:1:9f1::/64 2602:fd3f:0000:ff06::/64 include:mailgun.org mx ptr ~all",
        refused='"2602:fd3f:0000:ff06::/64" is malformed',
    ),
    SpfCase(
        "Google Workspace, Set up SPF",
        "v=spf1 include:_spf.google.com ~all",
        1,
        "~",
        with_ses="v=spf1 include:_spf.google.com include:amazonses.com ~all",
    ),
    SpfCase(
        "Microsoft 365, Set up SPF",
        "v=spf1 include:spf.protection.outlook.com -all",
        1,
        "-",
        with_ses="v=spf1 include:spf.protection.outlook.com include:amazonses.com -all",
    ),
    SpfCase(
        "Amazon SES, Authenticating email with SPF",
        "v=spf1 include:amazonses.com ~all",
        1,
        "~",
        with_ses="v=spf1 include:amazonses.com ~all",
    ),
    SpfCase(
        "Amazon SES, Authenticating email with SPF (beside another sender)",
        "v=spf1 include:example.com include:amazonses.com ~all",
        2,
        "~",
        with_ses="v=spf1 include:example.com include:amazonses.com ~all",
    ),
    SpfCase(
        "Mailgun, Domain verification",
        "v=spf1 include:mailgun.org ~all",
        1,
        "~",
        with_ses="v=spf1 include:mailgun.org include:amazonses.com ~all",
    ),
    SpfCase(
        "Brevo, Authenticate your domain",
        "v=spf1 include:spf.brevo.com mx ~all",
        2,
        "~",
        with_ses="v=spf1 include:spf.brevo.com mx include:amazonses.com ~all",
    ),
    SpfCase(
        "Zoho Mail, SPF configuration",
        "v=spf1 include:zohomail.com ~all",
        1,
        "~",
        with_ses="v=spf1 include:zohomail.com include:amazonses.com ~all",
    ),
    SpfCase(
        "Fastmail, Manual DNS configuration",
        "v=spf1 include:spf.messagingengine.com ?all",
        1,
        "?",
        with_ses="v=spf1 include:spf.messagingengine.com include:amazonses.com ?all",
    ),
    SpfCase(
        "trussworks/terraform-aws-ses-domain: -all on the return path",
        "v=spf1 include:amazonses.com -all",
        1,
        "-",
        with_ses="v=spf1 include:amazonses.com -all",
    ),
    SpfCase("M3AAWG, Protecting parked domains", "v=spf1 -all", 0, "-", with_ses="v=spf1 include:amazonses.com -all"),
    SpfCase(
        "Postmark, an answer of its API",
        "v=spf1 a mx include:spf.mtasv.net ~all",
        3,
        "~",
        with_ses="v=spf1 a mx include:spf.mtasv.net include:amazonses.com ~all",
    ),
    SpfCase(
        "MailerSend, an answer of its API",
        "v=spf1 include:_spf.mailersend.net include:_spf.other.example ~all",
        2,
        "~",
        with_ses="v=spf1 include:_spf.mailersend.net include:_spf.other.example include:amazonses.com ~all",
    ),
    SpfCase(
        "mail-in-a-box/mailinabox, management/dns_update.py",
        "v=spf1 mx -all",
        1,
        "-",
        with_ses="v=spf1 mx include:amazonses.com -all",
    ),
    SpfCase(
        "domain-connect/spec #46 (the standing `all` stays)",
        "v=spf1 include:spf.example.net exp=why.example.com ?all",
        1,
        "?",
        with_ses="v=spf1 include:spf.example.net include:amazonses.com ?all exp=why.example.com",
    ),
]

DMARC = [
    DmarcCase(
        f"{DMARC_RFC} appendix B.2.1",
        "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com",
        {"policy": "none", "rua": ("mailto:dmarc-feedback@example.com",)},
    ),
    DmarcCase(
        f"{DMARC_RFC} appendix B.2.2",
        "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com",
        {"policy": "none", "ruf": ("mailto:auth-reports@example.com",)},
    ),
    DmarcCase(
        "RFC 7489 appendix B.2.4 (pct is no more)",
        "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,"
        "mailto:tld-test@thirdparty.example.net!10m; pct=25",
        {
            "policy": "quarantine",
            "rua": ("mailto:dmarc-feedback@example.com", "mailto:tld-test@thirdparty.example.net"),
        },
    ),
    DmarcCase(
        f"{DMARC_RFC} section 4.7 (np)",
        "v=DMARC1; p=reject; sp=quarantine; np=reject",
        {"policy": "reject", "subdomain_policy": "quarantine", "nonexistent_policy": "reject"},
    ),
    DmarcCase(f"{DMARC_RFC} section 4.7 (psd)", "v=DMARC1; p=reject; psd=y", {"policy": "reject", "psd": "y"}),
    DmarcCase(f"{DMARC_RFC} section 4.7 (psd=u is the default)", "v=DMARC1; p=reject; psd=u", {"psd": None}),
    DmarcCase(f"{DMARC_RFC} section 4.7 (t)", "v=DMARC1; p=reject; t=y", {"policy": "reject", "testing": True}),
    DmarcCase(
        f"{DMARC_RFC} section 4.7 (strict alignment)",
        "v=DMARC1; p=reject; adkim=s; aspf=s",
        {"adkim": "s", "aspf": "s"},
    ),
    DmarcCase(f"{DMARC_RFC} section 4.7 (relaxed is the default)", "v=DMARC1; p=none", {"adkim": "r", "aspf": "r"}),
    DmarcCase("RFC 7489 section 6.3 (fo)", "v=DMARC1; p=none; fo=1:d:s", {"fo": "1:d:s"}),
    DmarcCase(
        f"{DMARC_RFC} section 4.7 (unknown tags are ignored)",
        "v=DMARC1; p=none; xyz=1; rf=afrf; ri=3600",
        {"policy": "none"},
    ),
    DmarcCase(f"{DMARC_RFC} section 4.8 (blanks around = and ;)", "v = DMARC1 ; p = reject ;", {"policy": "reject"}),
    DmarcCase(
        f"{DMARC_RFC} section 4.8 (no blanks)",
        "v=DMARC1;p=quarantine;rua=mailto:a@example.com",
        {"policy": "quarantine", "rua": ("mailto:a@example.com",)},
    ),
    DmarcCase(
        f"{DMARC_RFC} section 4.7 (values are not case-sensitive)",
        "v=DMARC1; p=Reject; adkim=S",
        {"policy": "reject", "adkim": "s"},
    ),
    DmarcCase(
        f"{DMARC_RFC} section 4.10.1 (p missing, reports: as none)",
        "v=DMARC1; rua=mailto:a@example.com",
        {"policy": "none"},
    ),
    DmarcCase(
        f"{DMARC_RFC} section 4.10.1 (p faulty, reports: as none)",
        "v=DMARC1; p=monitor; rua=mailto:a@example.com",
        {"policy": "none"},
    ),
    DmarcCase(
        f"{DMARC_RFC} section 4.10.1 (p faulty, no reports: ignored)", "v=DMARC1; p=monitor", refused="no effect"
    ),
    DmarcCase(f"{DMARC_RFC} section 4.10 (v must be first)", "p=reject; v=DMARC1", refused="must begin with v=DMARC1"),
    DmarcCase(
        f"{DMARC_RFC} section 4.7 (v is case-sensitive)", "v=dmarc1; p=reject", refused="must begin with v=DMARC1"
    ),
    DmarcCase(f"{DMARC_RFC} section 4.7 (another version)", "v=DMARC2; p=reject", refused="must begin with v=DMARC1"),
    DmarcCase(
        "Google Workspace, Add your DMARC record",
        "v=DMARC1; p=reject; rua=mailto:postmaster@solarmora.com, mailto:dmarc@solarmora.com; pct=100; adkim=s; aspf=s",
        {"policy": "reject", "rua": ("mailto:postmaster@solarmora.com", "mailto:dmarc@solarmora.com")},
    ),
    DmarcCase(
        "Microsoft 365, Set up DMARC",
        "v=DMARC1; p=reject; pct=100; rua=mailto:d@rua.contoso.com; ruf=mailto:d@ruf.contoso.com",
        {"policy": "reject", "ruf": ("mailto:d@ruf.contoso.com",)},
    ),
    DmarcCase(
        "M3AAWG, Protecting parked domains", "v=DMARC1; p=reject; rua=mailto:rua@example.com", {"policy": "reject"}
    ),
    DmarcCase(
        "Amazon SES, Complying with DMARC",
        "v=DMARC1;p=quarantine;rua=mailto:my_dmarc_report@example.com",
        {"policy": "quarantine", "rua": ("mailto:my_dmarc_report@example.com",)},
    ),
    DmarcCase(
        f"{DMARC_RFC} appendix B.2 (subdomain, testing, two addresses)",
        "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=y",
        {
            "policy": "quarantine",
            "testing": True,
            "rua": ("mailto:dmarc-feedback@example.com", "mailto:tld-test@thirdparty.example.net"),
        },
    ),
    DmarcCase(f"{DMARC_RFC} section 4.8 (v of either case, = parted)", "V =DMARC1;p= none", {"policy": "none"}),
    DmarcCase(f"{DMARC_RFC} section 4.8 (fo)", "v=DMARC1; p=none; fo=s:d", {"fo": "s:d"}),
    DmarcCase(f"{DMARC_RFC} section 4.8 (no semicolon)", "v=DMARC1 p=reject", refused="must begin with v=DMARC1"),
    DmarcCase("domainaware/checkdmarc #182", " v=DMARC1; p=reject", refused="must begin with v=DMARC1"),
    DmarcCase("msimerson/mail-dmarc #39", "domain=cmnet.org;v=DMARC1;p=none;sp=none", refused="must begin"),
    DmarcCase(f"{DMARC_RFC} section 4.7 (no tag can be read)", "v=DMARC1; p:reject", {"policy": "none"}),
    DmarcCase("sst/sst, aws.Email (its default)", "v=DMARC1; p=none;", {"policy": "none", "rua": ()}),
    DmarcCase("modoboa/modoboa #2383", "v=DMARC1; p=quarantine; pct=100", {"policy": "quarantine"}),
    DmarcCase(
        "internetstandards/Internet.nl #1197",
        "v=DMARC1; p=reject; sp=reject; np=reject; ruf=mailto:admindesk@janwillemstegink.nl!10m; fo=1;",
        {
            "policy": "reject",
            "nonexistent_policy": "reject",
            "ruf": ("mailto:admindesk@janwillemstegink.nl",),
            "fo": "1",
        },
    ),
    DmarcCase(
        "internetstandards/Internet.nl #397 (no address is no address)",
        "v=DMARC1; p=reject; rua=; ruf=;",
        {"policy": "reject", "rua": (), "ruf": ()},
    ),
    DmarcCase(
        "cisagov/trustymail #69 (several strings joined)",
        "v=DMARC1;p=reject;sp=reject;fo=1;ri=3600;"
        "rua=mailto:fdic@rua.agari.com,mailto:reports@dmarc.cyber.dhs.gov;ruf=mailto:fdic@ruf.agari.com",
        {"subdomain_policy": "reject", "rua": ("mailto:fdic@rua.agari.com", "mailto:reports@dmarc.cyber.dhs.gov")},
    ),
    DmarcCase(
        "rspamd/rspamd #4906 (a blank behind the comma)",
        "v=DMARC1; p=reject; rua=mailto:a@example.com, mailto:b@example.com",
        {"rua": ("mailto:a@example.com", "mailto:b@example.com")},
    ),
    DmarcCase(
        "suped.com, Does a DMARC RUA URI require the mailto prefix?",
        "v=DMARC1; p=none; rua=reports@example.com",
        {"policy": "none", "rua": ()},
    ),
]

"""Everything that a domain may say about its mail, asked of the DNS."""

from __future__ import annotations

from .project import Project
from .world import World


def test_policies_reports_logo_and_inbound_mail_are_published(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """MTA-STS, TLS-RPT, BIMI, DMARC with the authorisation of its reports, and MX for mail to the domain."""
    domain, reports = f"notify.{zone}", f"reports-{zone}"
    world.add_zone(reports)
    project.configure(
        dns={zone: {"host": "cloudflare"}, reports: {"host": "cloudflare"}},
        defaults={"protect": False, "wait": "off"},
        domains={
            domain: {
                "dmarc": {"policy": "reject", "nonexistentPolicy": "reject", "rua": [f"mailto:dmarc@{reports}"]},
                "inbound": "main",
                "mtaSts": {"mode": "enforce", "host": f"policies.{zone}"},
                "tlsRpt": {"rua": ["mailto:tls@example.com"]},
                "bimi": {"logo": "https://example.com/logo.svg", "certificate": "https://example.com/vmc.pem"},
            }
        },
        senders={"notify": {"domain": domain}},
    )
    project.up()
    policy = project.outputs()["policies"][domain]
    assert policy.splitlines()[:3] == [
        "version: STSv1", "mode: enforce", "mx: inbound-smtp.eu-west-1.amazonaws.com",
    ]  # fmt: skip
    [mta_sts] = world.dns(f"_mta-sts.{domain}", "TXT")
    assert mta_sts.startswith("v=STSv1; id=")
    assert world.dns(f"mta-sts.{domain}", "CNAME") == [f"policies.{zone}"]
    assert world.dns(f"_smtp._tls.{domain}", "TXT") == ["v=TLSRPTv1; rua=mailto:tls@example.com"]
    assert world.dns(f"default._bimi.{domain}", "TXT") == [
        "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem"
    ]
    assert world.dns(domain, "MX") == ["10 inbound-smtp.eu-west-1.amazonaws.com"]
    assert world.dns(f"_dmarc.{domain}", "TXT") == [f"v=DMARC1; p=reject; np=reject; rua=mailto:dmarc@{reports}"]
    assert [text.rstrip(";") for text in world.dns(f"{domain}._report._dmarc.{reports}", "TXT")] == ["v=DMARC1"]
    project.assert_unchanged()
    project.destroy()
    assert world.records(zone_id) == []


def test_a_domain_that_must_not_send_is_locked(project: Project, world: World, zone: str) -> None:
    """sends: false publishes what tells receivers so, and makes nothing at SES."""
    project.configure(dns={zone: {"host": "cloudflare"}}, defaults={"protect": False}, domains={zone: {"sends": False}})
    project.up()
    assert world.dns(zone, "TXT") == ["v=spf1 -all"]
    assert [value.rstrip(".").rstrip() for value in world.dns(zone, "MX")] == ["0"]
    assert world.dns(f"_dmarc.{zone}", "TXT") == ["v=DMARC1; p=reject; adkim=s; aspf=s"]
    assert world.dns(f"any-selector._domainkey.{zone}", "TXT") == ["v=DKIM1; p="]
    assert project.outputs()["status"][zone]["status"] == "noMail"
    assert [one["type"] for one in project.resources() if one["type"].startswith("aws:")] == []
    project.assert_unchanged()

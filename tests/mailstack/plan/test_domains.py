"""The records that belong to a domain: which are planned, with which values, and what is left for others to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mailstack.dns.records import Mx
from mailstack.errors import SettingsError
from mailstack.plan import Plan, foreign_reports, plan, require
from mailstack.settings.load import load
from providers import catalog

from .made import errors, planned, settings

LOGO = "https://example.com/logo.svg"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 9 9">'
    '<title>Example</title><rect width="9" height="9"/></svg>'
)


def of_domains(found: Plan) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return the values of each record set that belongs to a domain and to no route."""
    sets: dict[tuple[str, str], tuple[Any, ...]] = {}
    for record in found.records:
        if record.route is None:
            sets[record.key] = (*sets.get(record.key, ()), *record.values)
    return sets


def published(**keys: Any) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Plan one domain, example.com, which must have no error, and return the values of its own record sets."""
    return of_domains(require(planned({"example.com": keys})))


def test_a_plain_domain_has_only_its_dmarc_policy() -> None:
    """SPF is at the return path; nothing else is asked for."""
    assert published() == {("_dmarc.example.com", "TXT"): ("v=DMARC1; p=none",)}


def test_spf_is_at_the_domain_where_it_is_asked_for() -> None:
    """With what the provider needs and the terms of others."""
    assert published(dmarc="off", spf={"also": ["include:_spf.google.com"]}) == {
        ("example.com", "TXT"): ("v=spf1 include:amazonses.com include:_spf.google.com ~all",)
    }


def test_a_domain_of_others_gets_no_record() -> None:
    """With manage: false nothing is planned, whatever else is written there."""
    also = [{"name": "@", "type": "TXT", "values": ["x"]}]
    others = settings({"example.com": {"manage": False}}, defaults={"records": {"also": also}})
    found = plan(others, catalog())
    assert (found.records, found.policies, found.zones) == ((), {}, {})
    assert [route.manage for route in found.routes.values()] == [False]


def test_a_domain_that_does_not_send_says_so_four_times() -> None:
    """M3AAWG, "Protecting Parked Domains": SPF, DMARC, a null MX and a wildcard of revoked keys."""
    assert published(sends=False) == {
        ("example.com", "TXT"): ("v=spf1 -all",),
        ("example.com", "MX"): (Mx(0, "."),),
        ("_dmarc.example.com", "TXT"): ("v=DMARC1; p=reject; adkim=s; aspf=s",),
        ("*._domainkey.example.com", "TXT"): ("v=DKIM1; p=",),
    }


def test_what_others_publish_is_left_to_them() -> None:
    """Each record can be taken out with off."""
    assert published(sends=False, spf="off", dmarc="off", inbound="off") == {
        ("*._domainkey.example.com", "TXT"): ("v=DKIM1; p=",)
    }


@pytest.mark.parametrize("sends", [True, False])
def test_inbound_is_one_mx_at_the_domain(sends: bool) -> None:
    """It takes the place of the null MX: a domain may receive and not send."""
    host = Mx(10, "inbound-smtp.eu-west-1.amazonaws.com")
    assert published(sends=sends, inbound="main")["example.com", "MX"] == (host,)


def test_bimi_names_the_logo_below_its_selector() -> None:
    """With its certificate, where there is one."""
    bimi = {"logo": LOGO, "certificate": "https://example.com/vmc.pem", "selector": "news"}
    found = published(dmarc={"policy": "reject"}, bimi=bimi)
    assert found["news._bimi.example.com", "TXT"] == (f"v=BIMI1; l={LOGO}; a=https://example.com/vmc.pem",)


def test_mta_sts_is_announced_and_its_policy_handed_out() -> None:
    """The id in DNS changes with the text that is to be served; the name of its server is published on request."""
    wanted = {"mode": "enforce", "mx": ["mail.example.com"]}
    first = published(mtaSts=wanted)
    second = published(mtaSts={**wanted, "maxAge": 86400, "host": "sts.example.net"})
    assert ("mta-sts.example.com", "CNAME") not in first
    assert second["mta-sts.example.com", "CNAME"] == ("sts.example.net",)
    ids = [found["_mta-sts.example.com", "TXT"] for found in (first, second)]
    assert ids[0] != ids[1]
    assert planned({"example.com": {"mtaSts": wanted}, "a.example.com": {}}).policies == {
        "example.com": "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n"
    }


def test_tls_reports_have_an_address() -> None:
    """RFC 8460 section 3: one TXT value with all of them."""
    found = published(tlsRpt={"rua": ["mailto:tls@example.com", "https://tls.example.com/"]})
    assert found["_smtp._tls.example.com", "TXT"] == (
        "v=TLSRPTv1; rua=mailto:tls@example.com,https://tls.example.com/",
    )


def test_values_of_others_are_beside_ours() -> None:
    """Each is a slot of its own; it has the TTL of the set where none is written, and its own where it is alone."""
    also = [
        {"name": "@", "type": "TXT", "values": ["site-verification=1", "MS=ms1"]},
        {"name": "_acme", "type": "TXT", "ttl": 60, "values": ["a"]},
        {"name": "example.org", "type": "MX", "values": ["10 mail.example.org"]},
    ]
    found = require(planned({"example.com": {"sends": False, "records": {"also": also}}}))
    assert of_domains(found)["example.com", "TXT"] == ("v=spf1 -all", "site-verification=1", "MS=ms1")
    assert of_domains(found)["_acme.example.com", "TXT"] == ("a",)
    assert of_domains(found)["example.org", "MX"] == (Mx(10, "mail.example.org"),)
    ttls = {record.slot: record.ttl for record in found.records if record.purpose == "named by records.also"}
    assert ttls == {
        "example.com-txt-also": 300, "_acme.example.com-txt-also": 60, "example.org-mx-also": 300,
    }  # fmt: skip


def test_an_alias_is_alone_at_its_name() -> None:
    """RFC 1034 section 3.6.2: where ours and a further record would meet at a name, one of them is an alias."""
    also = [{"name": "@", "type": "CNAME", "values": ["www.example.net"]}]
    assert errors(planned({"example.com": {"sends": False, "records": {"also": also}}})) == [
        'cname-not-alone: mailstack:domains["example.com"].records.also[0]: CNAME example.com would be beside MX and '
        "TXT of this stack; a CNAME is alone at its name (RFC 1034 section 3.6.2); remove one of them"
    ]
    assert published(records={"also": also})["example.com", "CNAME"] == ("www.example.net",)


def test_reports_to_another_zone_of_the_stack_are_allowed_there() -> None:
    """RFC 9990 section 4: <domain>._report._dmarc.<target>; also where people make the records by hand."""
    rua = {"rua": ["mailto:d@example.com", "mailto:d@mail.example.org", "mailto:d@example.org"], "ruf": []}
    assert published(dmarc=rua).keys() == {
        ("_dmarc.example.com", "TXT"),
        ("example.com._report._dmarc.mail.example.org", "TXT"),
        ("example.com._report._dmarc.example.org", "TXT"),
    }
    assert published(dmarc=rua)["example.com._report._dmarc.example.org", "TXT"] == ("v=DMARC1;",)


def test_reports_to_somebody_elses_domain_are_to_be_looked_up() -> None:
    """No record of ours can allow them; the names are handed out, and only those."""
    domains = {
        "example.com": {"dmarc": {"rua": ["mailto:x@reports.example.net"], "ruf": ["mailto:d@example.org"]}},
        "a.example.com": {"dmarc": "off"},
        "b.example.org": {"sends": False, "dmarc": {"rua": ["mailto:x@reports.example.net"]}},
        "c.example.org": {"manage": False},
    }
    assert foreign_reports(settings(domains)) == [
        ("example.com", "example.com._report._dmarc.reports.example.net"),
        ("b.example.org", "b.example.org._report._dmarc.reports.example.net"),
    ]
    found = planned(domains)
    assert not [record for record in found.records if str(record.name).endswith("example.net")]
    assert next(str(finding) for finding in found.findings if finding.level == "note") == (
        'mailstack:domains["example.com"].dmarc: receivers send reports about example.com to reports.example.net only '
        'where reports.example.net publishes TXT example.com._report._dmarc.reports.example.net "v=DMARC1;"; RFC 9990 '
        "section 4; ask whoever runs its DNS"
    )


def with_file(file: Path, root: Path | None = None) -> Plan:
    keys = {"dmarc": {"policy": "reject"}, "bimi": {"logo": LOGO, "file": str(file)}}
    return plan(settings({"example.com": keys}), catalog(), root)


def test_a_copy_of_the_logo_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fits passes, by its path from the folder of the program, wherever a command runs."""
    (tmp_path / "logo.svg").write_text(SVG)
    assert require(with_file(Path("logo.svg"), tmp_path)).records
    monkeypatch.chdir(tmp_path)
    assert require(with_file(Path("logo.svg"))).records


def test_a_logo_that_nobody_would_show_is_refused(tmp_path: Path) -> None:
    """The sentence names every rule that it breaks."""
    logo = tmp_path / "logo.svg"
    logo.write_text(SVG.replace("tiny-ps", "full").replace("<rect", "<script/><rect"))
    with pytest.raises(SettingsError) as caught:
        require(with_file(logo))
    assert caught.value.path == 'mailstack:domains["example.com"].bimi.file'
    assert str(caught.value) == (
        f"{caught.value.path}: {logo} is not an SVG Tiny PS file, so that no mailbox would show it: baseProfile of the "
        'svg element is "full"; it must be "tiny-ps"; <script> is not allowed: no scripts'
    )


def test_a_logo_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """The path as it was written, and what the system says."""
    with pytest.raises(SettingsError, match=r"none\.svg cannot be read: No such file or directory"):
        require(with_file(tmp_path / "none.svg"))


def test_yaml_reads_well() -> None:
    """A parked domain is one line, and everything about one that receives fits a few."""
    text = """
    dns: {example.com: {host: cloudflare}, example.org: {host: cloudflare}}
    domains:
      example.org: {sends: false}
      example.com:
        inbound: main
        mtaSts: {mode: enforce, host: sts.example.net}
        tlsRpt: {rua: ["mailto:tls@example.com"]}
        dmarc: {policy: reject}
        bimi: {logo: "https://example.com/logo.svg"}
    """
    found = require(plan(load(yaml.safe_load(text), catalog(), aws_region="eu-west-1"), catalog()))
    assert list(of_domains(found)) == [
        ("_dmarc.example.org", "TXT"),
        ("example.org", "TXT"),
        ("*._domainkey.example.org", "TXT"),
        ("example.org", "MX"),
        ("_dmarc.example.com", "TXT"),
        ("example.com", "MX"),
        ("_mta-sts.example.com", "TXT"),
        ("mta-sts.example.com", "CNAME"),
        ("_smtp._tls.example.com", "TXT"),
        ("default._bimi.example.com", "TXT"),
    ]

"""The records that belong to a domain: which are planned, with which values, and what is left for others to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components import domain_records
from components.planned import PlannedRecord, merge
from mailstack.dns.records import Mx
from mailstack.errors import RecordError, SettingsError
from mailstack.settings import Settings, load

DNS = {"example.com": {"host": "cloudflare"}, "example.org": {"host": "manual"}}
LOGO = "https://example.com/logo.svg"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 9 9">'
    '<title>Example</title><rect width="9" height="9"/></svg>'
)


def settings(**domains: Any) -> Settings:
    """Load settings of two zones; a keyword's double underscores are dots."""
    named = {name.replace("__", "."): keys for name, keys in domains.items()}
    return load({"dns": DNS, "domains": named}, aws_region="eu-west-1")


def published(**keys: Any) -> dict[tuple[Any, str], tuple[Any, ...]]:
    """Plan one domain, example.com, and return the values of each record set."""
    found = merge(domain_records.plan(settings(example__com=keys)))
    return {(one.name, one.type): one.all_values for one in found}


def test_a_plain_domain_has_only_its_dmarc_policy() -> None:
    """SPF stands at the return path; nothing else is asked for."""
    assert published() == {("_dmarc.example.com", "TXT"): ("v=DMARC1; p=none",)}


def test_spf_stands_at_the_domain_where_it_is_asked_for() -> None:
    """With what the provider needs and the terms of others."""
    assert published(dmarc="off", spf={"also": ["include:_spf.google.com"]}) == {
        ("example.com", "TXT"): ("v=spf1 include:amazonses.com include:_spf.google.com ~all",)
    }


def test_a_domain_of_others_gets_no_record() -> None:
    """With manage: false nothing is planned, whatever else stands there."""
    found = settings(
        example__com={"manage": False, "records": {"also": [{"name": "@", "type": "TXT", "values": ["x"]}]}}
    )
    assert domain_records.plan(found) == []
    assert domain_records.policies(found) == {}


def test_a_domain_that_does_not_send_says_so_four_times() -> None:
    """M3AAWG, "Protecting Parked Domains": SPF, DMARC, a null MX and a wildcard of revoked keys."""
    assert published(sends=False) == {
        ("example.com", "TXT"): ("v=spf1 -all",),
        ("example.com", "MX"): (Mx(0, "."),),
        ("_dmarc.example.com", "TXT"): ("v=DMARC1; p=reject; adkim=s; aspf=s",),
        ("*._domainkey.example.com", "TXT"): ("v=DKIM1; p=",),
    }


def test_what_stands_at_others_is_left_to_them() -> None:
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
    assert domain_records.policies(settings(example__com={"mtaSts": wanted}, a__example__com={})) == {
        "example.com": "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n"
    }


def test_tls_reports_have_an_address() -> None:
    """RFC 8460 section 3: one TXT value with all of them."""
    found = published(tlsRpt={"rua": ["mailto:tls@example.com", "https://tls.example.com/"]})
    assert found["_smtp._tls.example.com", "TXT"] == (
        "v=TLSRPTv1; rua=mailto:tls@example.com,https://tls.example.com/",
    )


def test_further_values_stand_beside_ours() -> None:
    """A host that keeps whole record sets is given the values of others, too, with the TTL of ours."""
    also = [
        {"name": "@", "type": "TXT", "ttl": 3600, "values": ["site-verification=1", "MS=ms1"]},
        {"name": "_acme", "type": "TXT", "ttl": 60, "values": ["a"]},
        {"name": "example.org", "type": "MX", "values": ["10 mail.example.org"]},
    ]
    found = merge(domain_records.plan(settings(example__com={"sends": False, "records": {"also": also}})))
    sets = {(one.name, one.type): (one.all_values, one.ttl) for one in found}
    assert sets["example.com", "TXT"] == (("v=spf1 -all", "site-verification=1", "MS=ms1"), 300)
    assert sets["_acme.example.com", "TXT"] == (("a",), 60)
    assert sets["example.org", "MX"] == ((Mx(10, "mail.example.org"),), 300)


def test_an_alias_stands_alone_at_its_name() -> None:
    """RFC 1034 section 3.6.2: where ours and a further record would meet at a name, one of them is an alias."""
    also = [{"name": "@", "type": "CNAME", "values": ["www.example.net"]}]
    with pytest.raises(RecordError, match=r"CNAME record example\.com: it must stand alone .* MX and TXT"):
        published(sends=False, records={"also": also})
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
    found = settings(
        example__com={"dmarc": {"rua": ["mailto:x@reports.example.net"], "ruf": ["mailto:d@example.org"]}},
        a__example__com={"dmarc": "off"},
        b__example__org={"sends": False, "dmarc": {"rua": ["mailto:x@reports.example.net"]}},
        c__example__org={"manage": False, "dmarc": {"rua": ["mailto:x@reports.example.net"]}},
    )
    assert domain_records.foreign_reports(found) == [
        ("example.com", "example.com._report._dmarc.reports.example.net"),
        ("b.example.org", "b.example.org._report._dmarc.reports.example.net"),
    ]
    assert not [one for one in domain_records.plan(found) if str(one.name).endswith("example.net")]


def with_file(file: Path) -> Settings:
    return settings(example__com={"dmarc": {"policy": "reject"}, "bimi": {"logo": LOGO, "file": str(file)}})


def test_a_copy_of_the_logo_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fits passes, by its path from the folder of the program."""
    (tmp_path / "logo.svg").write_text(SVG)
    monkeypatch.chdir(tmp_path)
    assert domain_records.plan(with_file(Path("logo.svg")))


def test_a_logo_that_nobody_would_show_is_refused(tmp_path: Path) -> None:
    """The sentence names every rule that it breaks."""
    logo = tmp_path / "logo.svg"
    logo.write_text(SVG.replace("tiny-ps", "full").replace("<rect", "<script/><rect"))
    with pytest.raises(SettingsError) as caught:
        domain_records.plan(with_file(logo))
    assert caught.value.path == 'mailstack:domains["example.com"].bimi.file'
    assert str(caught.value) == (
        f"{caught.value.path}: {logo} is no SVG Tiny PS, so that no mailbox would show it: baseProfile of the svg "
        'element is "full"; it must be "tiny-ps"; <script> is not allowed: no scripts'
    )


def test_a_logo_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path as it was written, and what the system says."""
    with pytest.raises(SettingsError, match=r"none\.svg cannot be read: No such file or directory"):
        domain_records.plan(with_file(tmp_path / "none.svg"))


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
    found = domain_records.plan(load(yaml.safe_load(text), aws_region="eu-west-1"))
    assert [(one.name, one.type) for one in found] == [
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


def test_only_spf_records_of_one_name_become_one() -> None:
    """Two domains may share a return path; v=spf10 is no SPF record (RFC 7208 section 4.5) and is not read as one."""
    domain = settings(example__com={}).domains["example.com"]

    def text(value: str) -> PlannedRecord:
        return PlannedRecord.fixed("bounce.example.com", "TXT", domain, value, "SPF")

    [merged] = merge([text("v=spf1 include:a.example ~all"), text("V=SPF1 include:b.example -all")])
    assert merged.values == ("v=spf1 include:a.example include:b.example ~all",)
    with pytest.raises(RecordError, match="give one of them another returnPath"):
        merge([text("v=spf1 include:a.example ~all"), text("v=spf10 -all")])

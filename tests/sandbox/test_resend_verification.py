"""How Resend's domains are verified, and lose it again (resend.com/docs/dashboard/domains/introduction)."""

from __future__ import annotations

import pytest

from tests.sandbox.resend_world import DELAY, Api, statuses

HOURS_72 = 72 * 3600
MX, SPF, KEY = "MX send", "TXT send", "TXT resend._domainkey"


@pytest.fixture(name="api")
def _api() -> Api:
    return Api()


def test_nothing_is_looked_for_before_somebody_asks(api: Api) -> None:
    """Records in DNS alone verify nothing."""
    made = api.domain()
    api.publish(made)
    api.time += HOURS_72
    assert api.get(made["id"])["status"] == "not_started"


def test_a_verification_does_not_wait(api: Api) -> None:
    """The answer is object and id, the status pending at first and verified some time later."""
    made = api.domain()
    api.publish(made)
    answer = api.ask("POST", f"/domains/{made['id']}/verify")
    assert (answer.status_code, answer.json()) == (200, {"object": "domain", "id": made["id"]})
    at_once = api.get(made["id"])
    assert (at_once["status"], set(statuses(at_once).values())) == ("pending", {"pending"})
    api.time += DELAY
    later = api.get(made["id"])
    assert (later["status"], set(statuses(later).values())) == ("verified", {"verified"})
    assert api.ask("GET", "/domains").json()["data"][0]["status"] == "verified"


def test_the_list_looks_too(api: Api) -> None:
    """A status in the list is as fresh as in the domain."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    assert api.ask("GET", "/domains").json()["data"][0]["status"] == "verified"


def test_the_third_generation_is_verified_by_its_aliases(api: Api) -> None:
    """CNAMEs are found under their names, without the final dot."""
    api.settings.generation = "C"
    made = api.domain("mail.example.com")
    api.publish(made)
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "verified"


def test_each_record_has_a_status_of_its_own(api: Api) -> None:
    """With the key alone in DNS the domain is verified in part."""
    made = api.domain()
    api.publish(made, only="DKIM")
    api.verify(made["id"])
    found = api.get(made["id"])
    assert statuses(found) == {MX: "pending", SPF: "pending", KEY: "verified"}
    assert found["status"] == "partially_verified"


def test_records_that_come_later_are_found_without_asking_again(api: Api) -> None:
    """Within 72 hours a pending record is looked for again and again."""
    made = api.domain()
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "pending"
    api.time += HOURS_72 - 1
    api.publish(made)
    assert api.get(made["id"])["status"] == "verified"


def test_what_is_missing_for_72_hours_has_failed(api: Api) -> None:
    """All records missing is failed, some of them partially_failed."""
    made, other = api.domain(), api.domain("mail.example.com")
    api.publish(other, only="SPF")
    for one in (made, other):
        api.verify(one["id"])
        api.get(one["id"])
    api.time += HOURS_72
    assert api.get(made["id"])["status"] == "failed"
    found = api.get(other["id"])
    assert found["status"] == "partially_failed"
    assert statuses(found)["TXT resend._domainkey.mail"] == "failed"


def test_a_failed_domain_can_be_verified_anew(api: Api) -> None:
    """Records that come too late count only when somebody asks again."""
    made = api.domain()
    api.verify(made["id"])
    api.time += HOURS_72
    assert api.get(made["id"])["status"] == "failed"
    api.publish(made)
    assert api.get(made["id"])["status"] == "failed"
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "verified"


def test_the_wait_can_be_shortened(api: Api) -> None:
    """Tests set the patience, and whether there is a delay at all."""
    api.settings.patience, api.settings.verification_delay = 5, 0
    made = api.domain()
    api.ask("POST", f"/domains/{made['id']}/verify")
    assert api.get(made["id"])["status"] == "pending"
    api.time += 5
    assert api.get(made["id"])["status"] == "failed"


def test_a_verified_domain_loses_it_with_its_records(api: Api) -> None:
    """A record that vanishes is a temporary failure for 72 hours, and of the domain a failure in part."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "verified"
    del api.dns["resend._domainkey.example.com", "TXT"]
    found = api.get(made["id"])
    assert statuses(found) == {MX: "verified", SPF: "verified", KEY: "temporary_failure"}
    assert found["status"] == "partially_failed"
    api.time += HOURS_72
    assert statuses(api.get(made["id"]))[KEY] == "failed"


def test_the_72_hours_of_a_loss_begin_when_the_record_was_last_seen(api: Api) -> None:
    """However long ago a domain was verified, its loss is temporary at first."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    api.time += 2 * HOURS_72
    assert api.get(made["id"])["status"] == "verified"
    api.dns.clear()
    assert set(statuses(api.get(made["id"])).values()) == {"temporary_failure"}
    api.time += HOURS_72
    assert set(statuses(api.get(made["id"])).values()) == {"failed"}


def test_a_record_that_comes_back_in_time_is_verified_again(api: Api) -> None:
    """Nobody needs to ask for it."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "verified"
    gone, api.dns = api.dns, {}
    assert api.get(made["id"])["status"] == "failed"
    api.dns = gone
    assert api.get(made["id"])["status"] == "verified"


def test_asking_again_makes_a_verified_domain_pending_for_a_moment(api: Api) -> None:
    """It is pending "regardless of its current status" (resend.com/docs/api-reference/domains/verify-domain)."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    api.get(made["id"])
    api.ask("POST", f"/domains/{made['id']}/verify")
    assert api.get(made["id"])["status"] == "pending"
    api.time += DELAY
    assert api.get(made["id"])["status"] == "verified"


@pytest.mark.parametrize(
    ("host", "kind", "values", "record"),
    [
        ("send.example.com", "MX", ["10 feedback-smtp.eu-west-1.amazonses.com"], MX),
        ("send.example.com", "MX", ["20 feedback-smtp.us-east-1.amazonses.com"], MX),
        ("send.example.com", "MX", ["10 feedback-smtp.us-east-1.amazonses.com", "10 mx.example.net"], MX),
        ("send.example.com", "TXT", ["v=spf1 include:example.net ~all"], SPF),
        ("send.example.com", "TXT", ["v=spf1 -include:amazonses.com ~all"], SPF),
        ("send.example.com", "TXT", ["v=spf1 include:amazonses.com ~all", "v=spf1 -all"], SPF),
        ("resend._domainkey.example.com", "TXT", ["p=MIGfMA0"], KEY),
        ("resend._domainkey.example.com", "TXT", ['"p=MIGf"'], KEY),
    ],
)
def test_a_wrong_value_verifies_nothing(api: Api, host: str, kind: str, values: list[str], record: str) -> None:
    """Another region's MX, one with another priority or beside others, a second SPF and a false key do not count."""
    made = api.domain()
    api.publish(made)
    api.dns[host, kind] = values
    api.verify(made["id"])
    found = statuses(api.get(made["id"]))
    assert found.pop(record) == "pending"
    assert set(found.values()) == {"verified"}


def test_other_texts_and_other_spf_terms_do_no_harm(api: Api) -> None:
    """SPF may allow more, and texts of others may be at its name; a key may say what it is."""
    made = api.domain()
    api.publish(made)
    api.dns["send.example.com", "TXT"] = ["V=SPF1 ip4:192.0.2.1 +include:AMAZONSES.com -all", "site=1"]
    api.dns["resend._domainkey.example.com", "TXT"] = ["v=DKIM1; k=rsa; " + made["records"][2]["value"].strip('"')]
    api.verify(made["id"])
    assert api.get(made["id"])["status"] == "verified"


def test_receiving_may_share_its_name_and_tracking_may_not_be_missing(api: Api) -> None:
    """Another MX beside Resend's is no matter; a missing tracking alias keeps the domain from being verified."""
    made = api.domain(tracking_subdomain="links", capabilities={"receiving": "enabled"})
    api.publish(made)
    api.dns["example.com", "MX"].insert(0, "5 mx.example.net")
    del api.dns["links.example.com", "CNAME"]
    api.verify(made["id"])
    found = api.get(made["id"])
    assert statuses(found)["MX example.com"] == "verified"
    assert (statuses(found)["CNAME links.example.com"], found["status"]) == ("pending", "partially_verified")

"""MailStack declares exactly what a careful person would, from a few lines of settings."""

from __future__ import annotations

import json

import pytest

from .mocks import EXISTING, MARK, TOKENS, Recorder
from .stacks import (
    CLOUDFLARE,
    CONFIGURATION_SET,
    IDENTITY,
    KEY,
    MAIL_FROM,
    OWNER,
    POLICY,
    READINESS,
    SETTINGS,
    USER,
    program,
    with_domain,
)


def test_two_lines_of_settings_declare_a_whole_sender(recorder: Recorder) -> None:
    """One sender and one zone make the owner, the identity, its records, the wait and a login, and nothing else."""
    recorder.run(program(SETTINGS))
    assert sorted(one.typ for one in recorder.resources if one.custom) == sorted(
        [OWNER, CONFIGURATION_SET, IDENTITY, MAIL_FROM, USER, POLICY, KEY, READINESS]
        + ["pulumi:providers:mailstack"]
        + [CLOUDFLARE] * 6
    )


def test_components_group_what_belongs_together(recorder: Recorder) -> None:
    """Records, a route, a login and the keys of a domain have a component each, whose children are theirs."""
    recorder.run(program(with_domain(dkim={"kind": "own"})))
    components = {one.typ: one.name for one in recorder.resources if not one.custom}
    assert components == {
        "mailstack:index:MailStack": "mail",
        "mailstack:index:Records": "mail",
        "mailstack:index:SesRoute": "mail-notify.example.com-eu-west-1",
        "mailstack:index:SesLogin": "mail-notify",
        "mailstack:index:DkimKeys": "mail-notify.example.com-dkim",
    }
    assert {urn.rpartition("$")[2] for urn in recorder.settled if "mailstack:index" in urn} == {
        f"{type_token}::{name}" for type_token, name in components.items()
    }
    parents = {one.type: one.parent.rpartition("$")[2].partition("::")[0] for one in recorder.requests.values()}
    assert parents[CLOUDFLARE] == "mailstack:index:Records"
    assert parents[IDENTITY] == parents[MAIL_FROM] == parents[CONFIGURATION_SET] == "mailstack:index:SesRoute"
    assert parents[USER] == parents[KEY] == parents[POLICY] == "mailstack:index:SesLogin"
    assert parents["mailstack:index:DkimKey"] == "mailstack:index:DkimKeys"
    assert parents[OWNER] == parents[READINESS] == "mailstack:index:MailStack"


def test_everything_that_is_marked_depends_on_the_owner(recorder: Recorder) -> None:
    """It is deleted after them: while anything carries its mark, the state knows whose that is."""
    recorder.run(program(SETTINGS))
    marked = [one.name for one in recorder.resources if one.typ in (CLOUDFLARE, IDENTITY, CONFIGURATION_SET, USER)]
    assert len(marked) == 9
    assert all("mail-owner" in recorder.depends_on(name) for name in marked)


def test_the_owner_is_told_where_to_look_for_its_mark(recorder: Recorder) -> None:
    """Its zones at hosts that keep marks, its regions and the path of its users; its own stack and the former one."""
    routes = {"main": {"ses": {"userPath": "/mail/"}}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}
    settings = {
        **with_domain(routes=routes),
        "dns": {"example.com": {"hosts": ["cloudflare", "route53"]}},
        "senders": {"notify": {"domain": "notify.example.com", "via": "main"}},
        "formerly": "staging",
    }
    recorder.run(program(settings))
    assert recorder.one(OWNER) == {
        "stack": "organization/mailstack/prod",
        "formerly": "organization/mailstack/staging",
        "zones": {"example.com": {"cloudflare": "zone-1"}},
        "regions": ["eu-west-1", "us-east-1"],
        "userPath": "/mail/",
    }
    settings["senders"]["billing"] = {"domain": "notify.example.com", "via": "us"}
    recorder.run(program({**settings, "formerly": "acme/shop/staging"}))
    assert (recorder.one(OWNER)["userPath"], recorder.one(OWNER)["formerly"]) == ("/", "acme/shop/staging")
    recorder.run(program({**settings, "senders": {}}))
    assert "userPath" not in recorder.one(OWNER)


def test_the_records_are_those_that_ses_and_dmarc_need(recorder: Recorder) -> None:
    """Three DKIM CNAMEs, MX and SPF on the return path, and a DMARC policy are in the zone, none proxied."""
    recorder.run(program(SETTINGS))
    published = {
        (one.inputs["name"], one.inputs["type"]): (one.inputs["content"], one.inputs.get("priority"))
        for one in recorder.of(CLOUDFLARE)
    }
    assert published == {
        **{
            (f"{token}._domainkey.notify.example.com", "CNAME"): (f"{token}.dkim.amazonses.com", None)
            for token in TOKENS
        },
        ("bounce.notify.example.com", "MX"): ("feedback-smtp.eu-west-1.amazonses.com", 10),
        ("bounce.notify.example.com", "TXT"): ('"v=spf1 include:amazonses.com ~all"', None),
        ("_dmarc.notify.example.com", "TXT"): ('"v=DMARC1; p=none"', None),
    }
    assert {one.inputs["proxied"] for one in recorder.of(CLOUDFLARE)} == {False}
    assert {one.inputs["comment"] for one in recorder.of(CLOUDFLARE)} == {MARK}
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"zone-1"}


def test_the_first_preview_shows_every_resource_of_the_update(recorder: Recorder) -> None:
    """Nothing is declared inside an apply: a preview with unknown outputs has the same children."""
    recorder.run(program(SETTINGS))
    update = {(one.typ, one.name) for one in recorder.resources}
    recorder.run(program(SETTINGS), preview=True)
    assert {(one.typ, one.name) for one in recorder.resources} == update


def test_the_identity_has_easy_dkim_2048_and_the_default_configuration_set(recorder: Recorder) -> None:
    """The identity signs with 2048 bits, uses the configuration set, and carries the owner's tag."""
    recorder.run(program({**SETTINGS, "stage": "prod"}))
    identity = recorder.one(IDENTITY)
    assert identity["dkimSigningAttributes"] == {"nextSigningKeyLength": "RSA_2048_BIT"}
    assert identity["configurationSetName"] == "notify_example_com"
    assert identity["tags"] == {"mailstack": MARK, "stage": "prod"}
    assert identity["region"] == "eu-west-1"


@pytest.mark.parametrize(("tls", "policy"), [("optional", "OPTIONAL"), ("require", "REQUIRE")])
def test_the_configuration_set_watches_reputation_and_suppresses(recorder: Recorder, tls: str, policy: str) -> None:
    """Reputation metrics are on, bounces and complaints are suppressed, TLS is what the settings say."""
    recorder.run(program(with_domain(routes={"main": {"ses": {"tls": tls}}})))
    made = recorder.one(CONFIGURATION_SET)
    assert made["reputationOptions"] == {"reputationMetricsEnabled": True}
    assert made["suppressionOptions"] == {"suppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert made["deliveryOptions"] == {"tlsPolicy": policy}


def test_mail_from_falls_back_and_waits_for_its_records(recorder: Recorder) -> None:
    """MAIL FROM uses the default value when its MX fails, and is set after its MX and SPF exist."""
    recorder.run(program(SETTINGS))
    mail_from = recorder.one(MAIL_FROM)
    assert mail_from["mailFromDomain"] == "bounce.notify.example.com"
    assert mail_from["behaviorOnMxFailure"] == "USE_DEFAULT_VALUE"
    [name] = [one.name for one in recorder.of(MAIL_FROM)]
    return_path = {"mail-dns-bounce.notify.example.com-mx", "mail-dns-bounce.notify.example.com-txt-spf"}
    assert return_path <= recorder.depends_on(name)


def test_senders_share_a_domain_and_a_domain_has_several_regions(recorder: Recorder) -> None:
    """Two senders on one domain share its identity; a second region is an identity of its own."""
    settings = {
        **with_domain(routes={"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}),
        "senders": {
            "notify": {"domain": "notify.example.com", "via": "main"},
            "billing": {"domain": "notify.example.com", "via": "us"},
        },
    }
    smtp = recorder.run(program(settings))
    assert sorted(one.inputs["region"] for one in recorder.of(IDENTITY)) == ["eu-west-1", "us-east-1"]
    assert len(recorder.of(USER)) == 2
    assert smtp["billing"]["host"] == "email-smtp.us-east-1.amazonaws.com"
    assert len([one for one in recorder.of(CLOUDFLARE) if one.inputs["name"].startswith("_dmarc.")]) == 1


def test_a_referenced_domain_is_looked_up_and_left_alone(recorder: Recorder) -> None:
    """With manage: false a sender works on an identity that is somebody else's: no identity, no records, no wait."""
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com"
    recorder.handlers[EXISTING] = lambda _: {"existing": {"arn": arn, "mark": "", "configurationSet": "theirs"}}
    recorder.run(program(with_domain(manage=False)))
    assert set(recorder.declared()) == {OWNER, USER, POLICY, KEY}
    [(_, asked)] = [call for call in recorder.calls if call[0] == EXISTING]
    assert (asked["of"], asked["kind"], asked["name"]) == ("ses", "identity", "notify.example.com")
    assert asked["region"] == "eu-west-1"
    [statement] = json.loads(recorder.one(POLICY)["policy"])["Statement"]
    assert statement["Resource"] == [arn, "arn:aws:ses:eu-west-1:123456789012:configuration-set/theirs"]


def test_what_is_left_to_others_is_shown_in_the_status(recorder: Recorder) -> None:
    """dmarc: off and spf: off publish nothing and show in the status."""
    status = recorder.run(program(with_domain(dmarc="off", spf="off"), "status"))
    assert status["notify.example.com"]["leftAlone"] == ["dmarc", "spf"]
    assert not [one for one in recorder.of(CLOUDFLARE) if one.inputs["name"].startswith("_dmarc.")]


def test_further_spf_terms_are_published_at_the_from_domain(recorder: Recorder) -> None:
    """spf.also makes one record at the From domain, with the provider's include, ending softly."""
    recorder.run(program(with_domain(spf={"also": ["include:_spf.google.com"]})))
    [spf] = [one.inputs["content"] for one in recorder.of(CLOUDFLARE) if one.inputs["name"] == "notify.example.com"]
    assert spf == '"v=spf1 include:amazonses.com include:_spf.google.com ~all"'


def test_what_lasts_is_protected_and_keys_are_not(recorder: Recorder) -> None:
    """Identity, MAIL FROM, configuration set, user, policy and records are protected; a key can be replaced."""
    recorder.run(program(SETTINGS))
    protected = {one.type for one in recorder.requests.values() if one.custom and one.protect}
    assert protected == {CONFIGURATION_SET, IDENTITY, MAIL_FROM, USER, POLICY, CLOUDFLARE}
    recorder.run(program(with_domain(protect=False)))
    assert not [one.name for one in recorder.requests.values() if one.protect]


def test_records_are_deleted_before_they_are_replaced(recorder: Recorder) -> None:
    """Every DNS record says delete before replace, which children do not inherit."""
    recorder.run(program(SETTINGS))
    assert all(one.deleteBeforeReplace for one in recorder.requests.values() if one.type == CLOUDFLARE)


def test_physical_names_hold_neither_stack_nor_stage(recorder: Recorder) -> None:
    """The same settings in another stack name the same things: a renamed stack replaces nothing."""

    def physical() -> set[str]:
        keys = ("name", "configurationSetName", "emailIdentity")
        return {str(one.inputs[key]) for one in recorder.resources if one.custom for key in keys if key in one.inputs}

    recorder.run(program({**SETTINGS, "stage": "one"}), stack="one")
    first = physical()
    recorder.run(program({**SETTINGS, "stage": "two"}), stack="two")
    assert physical() == first


def test_the_readme_holds_no_secret(recorder: Recorder) -> None:
    """The page for the console names senders and records, not logins."""
    page = recorder.run(program(SETTINGS, "readme"))
    assert "| notify | notify@notify.example.com | notify.example.com | verified |" in page
    assert "password" not in page.lower()


def test_the_readiness_is_told_what_dns_should_show(recorder: Recorder) -> None:
    """The wait gets the identity's records, their zone and the name servers that were written to."""
    recorder.run(program(SETTINGS))
    wait = recorder.one(READINESS)
    assert {record["type"] for record in wait["records"]} == {"CNAME", "MX", "TXT"}
    assert len(wait["records"]) == 5
    assert wait["nameServers"] == {"example.com": ["a.ns.example", "b.ns.example"]}
    assert (wait["wait"], wait["waitSeconds"], wait["mailFrom"]) == ("warn", 600, True)


def test_the_wait_begins_after_everything_that_it_waits_for(recorder: Recorder) -> None:
    """Each record of the route and its MAIL FROM attribute exist first, those of other routes need not."""
    routes = {"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}
    settings = {**with_domain(routes=routes), "senders": {"notify": {"domain": "notify.example.com", "via": "main"}}}
    recorder.run(program(settings))
    head = "mail-notify.example.com-us-east-1"
    assert recorder.depends_on(f"{head}-readiness") == {
        *(f"mail-dns-notify.example.com-us-east-1-dkim-{number}" for number in (1, 2, 3)),
        "mail-dns-bounce-us.notify.example.com-mx",
        "mail-dns-bounce-us.notify.example.com-txt-spf",
        f"{head}-mail-from",
        f"{head}-identity",
    }


def test_tags_of_the_settings_do_not_replace_the_mark(recorder: Recorder) -> None:
    """Whoever writes a tag `mailstack` would otherwise make everything foreign to this stack."""
    tags = {"team": "mail", "mailstack": "mine", "sender": "x", "domain": "y"}
    recorder.run(program(with_domain(routes={"main": {"ses": {"tags": tags}}})))
    assert recorder.one(IDENTITY)["tags"]["team"] == "mail"
    assert recorder.one(USER)["tags"] == {
        "team": "mail", "mailstack": MARK, "sender": "notify", "domain": "notify.example.com",
    }  # fmt: skip
    assert {recorder.one(kind)["tags"]["mailstack"] for kind in (IDENTITY, CONFIGURATION_SET, USER)} == {MARK}


def test_the_records_output_says_where_each_record_is(recorder: Recorder) -> None:
    """Zone and hosts of each, in the order of the plan; those that people make are among them."""
    settings = {
        "dns": {"example.com": {"hosts": ["cloudflare", "route53"]}, "example.org": {"host": "manual"}},
        "domains": {"a.example.com": {"sends": False}, "b.example.org": {"sends": False}},
    }
    records = recorder.run(program(settings, "records"))
    assert {(one["name"], one["type"], one["zone"], one["host"]) for one in records} == {
        (f"{prefix}{domain}", kind, domain[2:], host)
        for domain, host in (("a.example.com", "cloudflare, route53"), ("b.example.org", "manual"))
        for prefix, kind in (("_dmarc.", "TXT"), ("", "TXT"), ("", "MX"), ("*._domainkey.", "TXT"))
    }
    [null_mx] = [one for one in records if one["type"] == "MX" and one["zone"] == "example.org"]
    assert (null_mx["values"], null_mx["ttl"]) == (["0 ."], 300)

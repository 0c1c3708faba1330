"""MailStack declares exactly what a careful person would, from a few lines of settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.mail_stack import MailStack
from mailstack.errors import MailstackError

from .mocks import TOKENS, Recorder, Refused

CLOUDFLARE = "cloudflare:index/dnsRecord:DnsRecord"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
USER = "aws:iam/user:User"
POLICY = "aws:iam/userPolicy:UserPolicy"
READINESS = "mailstack:index:Readiness"
LOOKUP = "aws:sesv2/getEmailIdentity:getEmailIdentity"

SETTINGS: dict[str, Any] = {
    "dns": {"example.com": {"host": "cloudflare"}},
    "senders": {"notify": {"domain": "notify.example.com"}},
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("MAILSTACK_SES_SMTP_ENDPOINTS", raising=False)


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    return Recorder.install()


def program(settings: dict[str, Any], output: str = "smtp") -> Callable[[], Any]:
    """Return a program that builds a MailStack and returns one of its outputs."""
    return lambda: getattr(MailStack("mail", settings), output)


def with_domain(**domain: Any) -> dict[str, Any]:
    """Return the settings with one domain's keys added."""
    return {**SETTINGS, "domains": {"notify.example.com": domain}}


def test_two_lines_of_settings_declare_a_whole_sender(recorder: Recorder) -> None:
    """One sender and one zone make the identity, its records, the wait and a login, and nothing else."""
    recorder.run(program(SETTINGS))
    assert sorted(one.typ for one in recorder.resources if one.custom) == sorted(
        [CONFIGURATION_SET, IDENTITY, MAIL_FROM, USER, POLICY, "aws:iam/accessKey:AccessKey", READINESS]
        + ["pulumi:providers:mailstack"]
        + [CLOUDFLARE] * 6
    )


def test_the_records_are_those_that_ses_and_dmarc_need(recorder: Recorder) -> None:
    """Three DKIM CNAMEs, MX and SPF on the return path, and a DMARC policy stand in the zone, none proxied."""
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
    assert {one.inputs["comment"] for one in recorder.of(CLOUDFLARE)} == {"mailstack mailstack/prod"}
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
    assert identity["tags"] == {"mailstack": "mailstack/prod", "stage": "prod"}
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
    """MAIL FROM uses the default value when its MX fails, and is set after its MX and SPF stand."""
    recorder.run(program(SETTINGS))
    mail_from = recorder.one(MAIL_FROM)
    assert mail_from["mailFromDomain"] == "bounce.notify.example.com"
    assert mail_from["behaviorOnMxFailure"] == "USE_DEFAULT_VALUE"
    [request] = [one for one in recorder.requests.values() if one.type == MAIL_FROM]
    waited_for = {urn.rsplit("::", 1)[1] for urn in request.dependencies}
    assert {"mail-dns-bounce.notify.example.com-mx", "mail-dns-bounce.notify.example.com-txt"} <= waited_for


def test_the_policy_allows_this_sender_only(recorder: Recorder) -> None:
    """The login may send raw mail as its From only, through the identity and its configuration set."""
    senders = {
        "notify": {
            "domain": "notify.example.com",
            "from": {"address": "hello"},
            "recipients": ["*@example.com"],
        }
    }
    recorder.run(program({**SETTINGS, "senders": senders}))
    [statement] = json.loads(recorder.one(POLICY)["policy"])["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "ses:SendRawEmail"
    assert statement["Resource"] == [
        "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com",
        "arn:aws:ses:eu-west-1:123456789012:configuration-set/notify_example_com",
    ]
    conditions = json.dumps(statement["Condition"])
    assert "hello@notify.example.com" in conditions
    assert "ForAllValues:StringLike" in conditions
    assert "*@example.com" in conditions


def test_the_password_is_the_one_of_the_routes_region(recorder: Recorder) -> None:
    """Whatever the provider's region is, host and password are those of the route's region (public test vector)."""
    smtp = recorder.run(program(with_domain(routes={"main": {"region": "us-west-1"}})))
    assert smtp["notify"] == {
        "host": "email-smtp.us-west-1.amazonaws.com",
        "port": 587,
        "security": "starttls",
        "username": "mail-notify-key-id",
        "password": "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj",
        "fromAddress": "notify@notify.example.com",
        "fromName": None,
        "headers": {},
        "uri": "smtp://mail-notify-key-id:BH%2BjbMzper5WwlwUar9E1ySBqHa9whi0GPo%2BsJ0mVYJj"
        "@email-smtp.us-west-1.amazonaws.com:587/",
    }


@pytest.mark.parametrize("output", ["smtp", "records", "status", "readme"])
def test_the_bundle_is_the_only_secret(recorder: Recorder, output: str) -> None:
    """The smtp output is secret as a whole; the public DKIM tokens, which come in a secret, seal no other."""
    assert recorder.run(lambda: getattr(MailStack("mail", SETTINGS), output).is_secret()) is (output == "smtp")


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


def test_a_given_login_makes_no_iam_user(recorder: Recorder) -> None:
    """A given access key becomes the region's SMTP password; no user, policy or key is made."""
    settings = {
        **SETTINGS,
        "senders": {"notify": {"domain": "notify.example.com", "login": "given"}},
        "secrets": {"notify": {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "some+secret+key"}},
        "domains": {"notify.example.com": {"routes": {"main": {"region": "eu-central-1"}}}},
    }
    smtp = recorder.run(program(settings))
    assert smtp["notify"]["username"] == "AKIAEXAMPLE"
    assert smtp["notify"]["password"] == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    assert not [one for one in recorder.resources if one.typ.startswith("aws:iam")]


def test_no_login_gives_a_policy_for_roles(recorder: Recorder) -> None:
    """Without a login the stack hands out the policy that a role needs, and no bundle."""
    settings = {**SETTINGS, "senders": {"notify": {"domain": "notify.example.com", "login": "none"}}}
    assert recorder.run(program(settings)) == {}
    assert recorder.run(program(settings, "revision")) == {}
    policies = recorder.run(program(settings, "send_policy"))
    assert json.loads(policies["notify"])["Statement"][0]["Action"] == "ses:SendRawEmail"
    assert not [one for one in recorder.resources if one.typ.startswith("aws:iam")]


def test_a_referenced_domain_is_looked_up_and_left_alone(recorder: Recorder) -> None:
    """With manage: false a sender works on an identity that is somebody else's: no identity, no records, no wait."""
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com"
    recorder.handlers[LOOKUP] = lambda args: {"arn": arn, "configurationSetName": "theirs"}
    recorder.run(program(with_domain(manage=False)))
    made = {one.typ for one in recorder.resources if one.custom}
    assert made == {USER, POLICY, "aws:iam/accessKey:AccessKey"}
    [statement] = json.loads(recorder.one(POLICY)["policy"])["Statement"]
    assert statement["Resource"] == [arn, "arn:aws:ses:eu-west-1:123456789012:configuration-set/theirs"]


def test_what_is_left_to_others_is_said_in_the_status(recorder: Recorder) -> None:
    """dmarc: off and spf: off publish nothing and show in the status."""
    status = recorder.run(program(with_domain(dmarc="off", spf="off"), "status"))
    assert status["notify.example.com"]["leftAlone"] == ["dmarc", "spf"]
    assert not [one for one in recorder.of(CLOUDFLARE) if one.inputs["name"].startswith("_dmarc.")]


def test_further_spf_terms_are_published_at_the_from_domain(recorder: Recorder) -> None:
    """spf.also makes one record at the From domain, with the provider's include, ending softly."""
    recorder.run(program(with_domain(spf={"also": ["include:_spf.google.com"]})))
    [spf] = [one.inputs["content"] for one in recorder.of(CLOUDFLARE) if one.inputs["name"] == "notify.example.com"]
    assert spf == '"v=spf1 include:amazonses.com include:_spf.google.com ~all"'


def test_what_stands_long_is_protected_and_keys_are_not(recorder: Recorder) -> None:
    """Identity, MAIL FROM, configuration set, user, policy and records are protected; a key can be replaced."""
    recorder.run(program(SETTINGS))
    protected = {one.type for one in recorder.requests.values() if one.custom and one.protect}
    assert protected == {CONFIGURATION_SET, IDENTITY, MAIL_FROM, USER, POLICY, CLOUDFLARE}
    recorder.run(program(with_domain(protect=False)))
    assert not [one.name for one in recorder.requests.values() if one.protect]


def test_a_protected_policy_keeps_the_key_that_it_depends_on(recorder: Recorder) -> None:
    """The engine deletes nothing whose dependents are protected: the key goes only when its policy may go."""
    recorder.run(program(SETTINGS))
    dependencies = [urn.rsplit("::", 1)[1] for urn in recorder.requests["mail-notify-policy"].dependencies]
    assert "mail-notify-key" in dependencies


def test_records_are_deleted_before_they_are_replaced(recorder: Recorder) -> None:
    """Every DNS record says delete before replace, which children do not inherit."""
    recorder.run(program(SETTINGS))
    assert all(one.deleteBeforeReplace for one in recorder.requests.values() if one.type == CLOUDFLARE)


def test_a_renamed_sender_keeps_its_login(recorder: Recorder) -> None:
    """was: gives the old names as aliases and keeps the user's physical name."""
    renamed = {"alerts": {"domain": "notify.example.com", "was": "notify"}}
    recorder.run(program({**SETTINGS, "senders": renamed}))
    assert recorder.one(USER)["name"] == "notify@notify.example.com"
    [component] = [one for one in recorder.requests.values() if one.type == "mailstack:ses:SmtpCredentials"]
    assert [alias.spec.name for alias in component.aliases] == ["mail-notify"]


def test_physical_names_hold_neither_stack_nor_stage(recorder: Recorder) -> None:
    """The same settings in another stack name the same things: a renamed stack replaces nothing."""

    def physical() -> set[str]:
        keys = ("name", "configurationSetName", "emailIdentity")
        return {str(one.inputs[key]) for one in recorder.resources if one.custom for key in keys if key in one.inputs}

    recorder.run(program({**SETTINGS, "stage": "one"}), stack="one")
    first = physical()
    recorder.run(program({**SETTINGS, "stage": "two"}), stack="two")
    assert physical() == first


def test_the_zone_is_looked_up_once_and_not_at_all_when_its_id_is_given(recorder: Recorder) -> None:
    """One zone, one look-up; a zone id needs none, and may be another resource's output."""
    recorder.run(program(SETTINGS))
    assert recorder.asked() == ["cloudflare:index/getZones:getZones"]

    def given() -> Any:
        zone = {"host": "cloudflare", "zoneId": pulumi.Output.from_input("zone-9")}
        return MailStack("mail", {**SETTINGS, "dns": {"example.com": zone}}).smtp

    recorder.run(given)
    assert recorder.asked() == []
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"zone-9"}


def test_a_zone_that_the_host_does_not_show_is_one_sentence(recorder: Recorder) -> None:
    """A zone that Cloudflare does not know is refused before anything is declared."""
    recorder.handlers["cloudflare:index/getZones:getZones"] = lambda args: {"results": []}
    with pytest.raises(MailstackError, match=r"mailstack:dns\.example\.com: Cloudflare shows no zone example\.com"):
        recorder.run(program(SETTINGS))
    assert not [one for one in recorder.resources if one.custom]


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ({"ttl": 30}, "Cloudflare takes a TTL of 1"),
        ({"manage": False}, "there is no identity notify.example.com"),
    ],
)
def test_what_is_refused_leaves_nothing_half_made(recorder: Recorder, domain: dict[str, Any], sentence: str) -> None:
    """A refusal comes before the first resource: an update that nobody previewed makes nothing either."""

    def missing(arguments: dict[str, Any]) -> dict[str, Any]:
        raise Refused("api error NotFoundException: Email identity notify.example.com does not exist.")

    recorder.handlers[LOOKUP] = missing
    other = {"other.example.com": {}, "notify.example.com": domain}
    with pytest.raises(MailstackError, match=sentence):
        recorder.run(program({**SETTINGS, "domains": other}))
    assert not [one for one in recorder.resources if one.custom]


def test_an_aws_provider_without_the_kits_own_is_refused_before_anything_is_made(recorder: Recorder) -> None:
    """The wait must ask the provider's account: without a provider of its own it cannot know which that is."""

    def explicit() -> Any:
        import pulumi_aws

        aws = pulumi_aws.Provider("aws", region="eu-west-1")
        return MailStack("mail", SETTINGS, pulumi.ResourceOptions(providers=[aws])).smtp

    with pytest.raises(MailstackError, match=r"^opts\.providers: an AWS provider was given without a mailstack one"):
        recorder.run(explicit)
    assert {one.typ for one in recorder.resources if one.custom} <= {"pulumi:providers:aws"}


def test_an_output_where_it_would_decide_what_exists_is_refused(recorder: Recorder) -> None:
    """Only zone ids, tags, ARNs and secrets may be outputs."""

    def domain_as_output() -> Any:
        senders = {"notify": {"domain": pulumi.Output.from_input("notify.example.com")}}
        return MailStack("mail", {**SETTINGS, "senders": senders}).smtp

    with pytest.raises(MailstackError, match=r"mailstack:senders\.notify\.domain: an output was given"):
        recorder.run(domain_as_output)


def test_a_permissions_boundary_may_be_an_output(recorder: Recorder) -> None:
    """An ARN from another resource reaches the IAM user."""
    arn = "arn:aws:iam::123456789012:policy/boundary"

    def bounded() -> Any:
        routes = {"main": {"ses": {"permissionsBoundary": pulumi.Output.from_input(arn)}}}
        return MailStack("mail", with_domain(routes=routes)).smtp

    recorder.run(bounded)
    assert recorder.one(USER)["permissionsBoundary"] == arn


def test_given_secrets_stay_secret_on_their_way(recorder: Recorder) -> None:
    """A given password is a secret output wherever it goes."""
    settings = {
        **SETTINGS,
        "senders": {"notify": {"domain": "notify.example.com", "login": "given"}},
        "secrets": {"notify": {"username": "user", "password": "canary-password"}},
    }
    recorder.run(program(settings))
    for request in recorder.requests.values():
        assert "canary-password" not in str(request)


def test_a_given_username_stays_out_of_the_plain_revision(recorder: Recorder) -> None:
    """The id of an access key is no secret and is shown; a username from mailstack:secrets is."""
    given = {**SETTINGS, "senders": {"notify": {"domain": "notify.example.com", "login": "given"}}}
    user = {"username": "canary-username", "password": "canary-password"}
    assert recorder.run(program({**given, "secrets": {"notify": user}}, "revision")) == {"notify": {"keyId": None}}
    keys = {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "some+secret+key"}
    assert recorder.run(program({**given, "secrets": {"notify": keys}}, "revision")) == {
        "notify": {"keyId": "AKIAEXAMPLE"}
    }


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

"""What exists already is never overwritten, doubled or weakened; what is ours is never refused."""

from __future__ import annotations

from typing import Any

import pytest

from .project import Project
from .test_adopt import adopt
from .world import World


def settings(zone: str, **domain: Any) -> dict[str, Any]:
    """Return the settings of one unprotected sender at notify.<zone>."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": domain} if domain else {},
        "defaults": {"protect": False, "wait": "off"},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
    }


@pytest.mark.parametrize(
    ("record_type", "name", "content", "remedy"),
    [
        ("TXT", "_dmarc.notify", '"v=DMARC1; p=reject"', "dmarc to off"),
        ("TXT", "bounce.notify", '"v=spf1 include:example.net -all"', "choose another returnPath"),
        ("CNAME", "bounce.notify", "elsewhere.example.net", "choose another returnPath"),
    ],
)
def test_a_foreign_record_is_refused_in_preview_and_left_as_it_is(
    project: Project, world: World, zone: str, zone_id: str, record_type: str, name: str, content: str, remedy: str
) -> None:
    """A record that somebody else published stops the preview with what exists there and the ways on."""
    world.add_record(zone_id, record_type, f"{name}.{zone}", content)
    before = world.records(zone_id)
    project.configure(**settings(zone))
    value = content.strip('"')
    printed = project.refuses(f'{name}.{zone}: {record_type} "{value}" already exists. This stack wants to publish')
    assert "did not create what exists, so nothing was changed. To keep it, " in " ".join(printed.split())
    assert remedy in " ".join(printed.split())
    assert project.run("up", "--yes", check=False).returncode != 0
    assert world.records(zone_id) == before


@pytest.mark.parametrize(
    ("name", "text", "keys", "key"),
    [
        ("_dmarc", "v = DMARC1 ; p = reject", {}, "dmarc"),  # RFC 9989 section 4.8
        (
            "default._bimi",
            "v = BIMI1 ; l = https://example.com/theirs.svg",
            {"bimi": {"logo": "https://example.com/ours.svg"}, "dmarc": {"policy": "reject"}},
            "bimi",
        ),
        ("_mta-sts", "v=STSv1 ; id=1", {"mtaSts": {"mode": "testing", "mx": ["mx.example.com"]}}, "mtaSts"),
        ("_smtp._tls", "v=TLSRPTv1 ; rua=mailto:a@b.example", {"tlsRpt": {"rua": ["mailto:c@d.example"]}}, "tlsRpt"),
    ],
)
def test_a_policy_record_is_seen_whatever_its_blanks(
    project: Project, world: World, zone: str, zone_id: str, name: str, text: str, keys: dict[str, Any], key: str
) -> None:
    """Receivers discard both records of a kind: preview and up refuse a second one, and adopt keeps the first."""
    at = f"{name}.notify.{zone}"
    world.add_record(zone_id, "TXT", at, f'"{text}"')
    project.configure(**settings(zone, **keys))
    printed = project.refuses(f'{at}: TXT "{text}" already exists')
    remedy = " ".join(printed.split()).partition("To keep it, ")[2]
    assert f'mailstack:domains["notify.{zone}"].{key}' in remedy.partition("To manage it with this stack")[0]
    up = project.run("up", "--yes", check=False)
    assert up.returncode != 0
    assert f'{at}: TXT "{text}" already exists' in " ".join((up.stdout + up.stderr).split())
    assert world.dns(at, "TXT") == [text]
    adopted = adopt(project, "--dry-run")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert text in adopted.stdout
    assert world.dns(at, "TXT") == [text]


def test_another_text_at_the_same_name_is_no_conflict(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A site verification beside our SPF record disturbs nobody and stays."""
    kept = world.add_record(zone_id, "TXT", f"bounce.notify.{zone}", '"site-verification=abc"')
    project.configure(**settings(zone))
    project.up()
    project.destroy()
    assert [record["id"] for record in world.records(zone_id)] == [kept]


def test_a_foreign_dmarc_record_is_left_alone_when_the_settings_say_so(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """dmarc: off goes on beside the record that exists, and the status says what was left."""
    kept = world.add_record(zone_id, "TXT", f"_dmarc.notify.{zone}", '"v=DMARC1; p=reject"')
    project.configure(**settings(zone, dmarc="off"))
    project.up()
    assert project.outputs()["status"][f"notify.{zone}"]["leftAlone"] == ["dmarc"]
    project.destroy()
    assert [record["id"] for record in world.records(zone_id)] == [kept]


def test_a_policy_that_would_weaken_the_covering_one_is_refused(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """p=none below a domain whose policy is reject is refused, on the first up and on a later change."""
    world.add_record(zone_id, "TXT", f"_dmarc.{zone}", '"v=DMARC1; p=reject"')
    project.configure(**settings(zone))
    project.refuses("p=none would weaken the DMARC policy that covers")
    project.configure(**settings(zone, dmarc={"policy": "reject"}))
    project.up()
    project.configure(**settings(zone, dmarc={"policy": "quarantine"}))
    project.refuses("p=quarantine would weaken the DMARC policy that covers")


@pytest.mark.parametrize(
    "tags", [[], [{"Key": "mailstack", "Value": f"mailstack {'a' * 16} organization/mailstack/another"}]]
)
def test_a_foreign_identity_is_refused_and_left_as_it_is(
    project: Project, world: World, zone: str, tags: list[dict[str, str]]
) -> None:
    """An SES identity that is not marked ours stops the preview; manage: false is the way on."""
    world.aws("sesv2").create_email_identity(EmailIdentity=f"notify.{zone}", Tags=tags)
    project.configure(**settings(zone))
    printed = project.refuses(f"the SES identity notify.{zone} in eu-west-1 already exists and is not this stack's")
    assert "manage to false" in " ".join(printed.split())
    assert project.resources("aws:sesv2/emailIdentity:EmailIdentity") == []


def test_our_own_replacements_pass(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A tainted record and a targeted replacement meet the check as creates and carry our mark."""
    project.configure(**settings(zone))
    project.up()
    urns = {one["urn"].rsplit("::", 1)[1]: one["urn"] for one in project.resources()}
    dmarc = urns[f"mail-dns-_dmarc.notify.{zone}-txt"]

    def dmarc_id() -> str:
        return next(str(one["id"]) for one in world.records(zone_id) if one["name"].startswith("_dmarc."))

    ids = [dmarc_id()]
    project.run("state", "taint", dmarc, "--yes")
    project.up()
    ids.append(dmarc_id())
    project.up("--target-replace", dmarc)
    ids.append(dmarc_id())
    assert len(set(ids)) == 3, "each of the two replacements makes a new record"
    project.up("--target-replace", urns[f"mail-notify.{zone}-eu-west-1-identity"], "--target-dependents")
    assert len(world.records(zone_id)) == 6
    project.up()
    project.assert_unchanged()


def test_a_changed_name_meets_the_check_again(project: Project, world: World, zone: str, zone_id: str) -> None:
    """Another return path is another record: the check looks at the new name, and the old record goes."""
    project.configure(**settings(zone))
    project.up()
    foreign = world.add_record(zone_id, "MX", f"mail.notify.{zone}", "mx.example.net", priority=10)
    project.configure(**settings(zone, routes={"main": {"returnPath": "mail"}}))
    project.refuses(f'mail.notify.{zone}: MX "10 mx.example.net" already exists')
    world.cloudflare("DELETE", f"/zones/{zone_id}/dns_records/{foreign}")
    project.up()
    assert world.dns(f"bounce.notify.{zone}", "MX") == []
    assert world.dns(f"mail.notify.{zone}", "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    project.preview("--expect-no-changes")


def test_many_records_are_checked_with_one_look_up(project: Project, world: World, zone: str) -> None:
    """Sixty records on one zone, far more than the engine's parallelism, cost one listing and end."""
    senders = {f"s{number}": {"domain": f"s{number}.{zone}"} for number in range(10)}
    project.configure(**{**settings(zone), "senders": senders})
    world.control("DELETE", "/requests")
    project.preview("--parallel", "4")
    listed = [
        one for one in world.control("GET", "/requests")
        if one["service"] == "cloudflare" and one["method"] == "GET" and one["path"].endswith("/dns_records")
    ]  # fmt: skip
    assert len(listed) == 1
    project.up("--parallel", "4")
    assert len(project.resources("cloudflare:index/dnsRecord:DnsRecord")) == 60


def test_one_step_at_a_time_is_enough(project: Project, world: World, zone: str, zone_id: str) -> None:
    """The hooks never hold the step that the engine needs to start a provider they wait for; no zone is looked up."""
    dns = {zone: {"host": "cloudflare", "zoneId": zone_id}}
    project.configure(
        **{**settings(zone), "dns": dns, "senders": {f"s{n}": {"domain": f"s{n}.{zone}"} for n in "abcd"}}
    )
    world.control("DELETE", "/requests")
    printed = project.run("preview", "--parallel", "1", timeout=60).stdout
    assert printed.count("cloudflare:index:DnsRecord") >= 24
    assert "to create" in printed
    assert [one for one in world.control("GET", "/requests") if one["path"].endswith("/zones")] == []


def test_a_domain_changed_in_place_under_a_sender_is_refused(project: Project, zone: str) -> None:
    """Moving a sender to another domain in place would cut its applications off: the message says how to do it."""
    project.configure(**settings(zone))
    project.up()
    project.configure(**{**settings(zone), "senders": {"notify": {"domain": f"other.{zone}"}}})
    printed = project.refuses(f"mailstack:senders.notify.domain: changed from notify.{zone} to other.{zone} in place")
    assert "add a second sender" in " ".join(printed.split())
    project.configure(**settings(zone))
    project.preview("--expect-no-changes")


def test_a_renamed_sender_replaces_nothing(project: Project, zone: str) -> None:
    """was: keeps user, policy and key of a sender whose key changed."""
    project.configure(**settings(zone))
    project.up()
    before = project.outputs()["smtp"]["notify"]["username"]
    project.configure(**{**settings(zone), "senders": {"alerts": {"domain": f"notify.{zone}", "was": "notify",
                                                                  "from": {"address": "notify"}}}})  # fmt: skip
    project.up()
    assert project.outputs()["smtp"]["alerts"]["username"] == before
    project.preview("--expect-no-changes")

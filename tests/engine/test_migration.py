"""The steps of docs/migrating.md on a live domain, while a mail is sent every second."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import yaml

from .mailer import send
from .project import Project
from .test_adopt import WARNS, adopt, make_by_hand, settings_file
from .world import World

EVERY = 1.0  # seconds


class Traffic:
    """Mail that an application goes on sending with a login that it has had for years."""

    def __init__(self, world: World, bundle: dict[str, Any]) -> None:
        """Take the login; nothing is sent yet."""
        self._world, self._bundle = world, bundle
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.verdicts: list[tuple[str, str, str]] = []
        self.failures: list[str] = []

    def __enter__(self) -> Traffic:
        """Begin to send."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, when the mail that is on its way has arrived."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                verdict = send(self._world, self._bundle, "someone@example.net")
                self.verdicts.append((verdict["spf"], verdict["dkim"], verdict["dmarc"]))
            except Exception as error:  # whatever the mail server says is a mail that was lost
                self.failures.append(repr(error))
            self._stop.wait(EVERY)


@pytest.fixture(name="old_login")
def _old_login(world: World, zone: str) -> dict[str, Any]:
    """Make the IAM user that people made years ago, and its SMTP settings."""
    from providers.smtp.ses_iam import smtp_password

    iam, name = world.aws("iam"), f"old-{zone}"
    iam.create_user(UserName=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}],
    }
    iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "host": "127.0.0.1",
        "port": world.info["ports"]["smtp_starttls"],
        "security": "starttls",
        "serverName": "email-smtp.eu-west-1.amazonaws.com",
        "username": key["AccessKeyId"],
        "password": smtp_password(key["SecretAccessKey"], "eu-west-1"),
        "fromAddress": f"hello@notify.{zone}",
    }


def test_a_live_domain_migrates_without_a_minute_of_broken_mail(
    project: Project, world: World, zone: str, zone_id: str, old_login: dict[str, Any]
) -> None:
    """Adopt, import, up, new bundle, then one change after the other: every mail arrives and passes DMARC."""
    domain = f"notify.{zone}"
    make_by_hand(world, domain, zone_id)
    project.warns += WARNS
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        domains={domain: {"wait": "off", "protect": False, "spf": {"also": []}}},
        senders={"notify": {"domain": domain}},
    )
    with Traffic(world, old_login) as traffic:
        assert adopt(project).returncode == 0
        applied = adopt(project, "--apply")
        assert applied.returncode == 0, applied.stdout + applied.stderr
        project.up()
        with Traffic(world, project.outputs()["smtp"]["notify"]) as renewed:
            for change in (_one_record_of_the_kits_own, _stricter_dmarc):
                change(project, domain)
                project.up()
            signed = [*traffic.verdicts, *renewed.verdicts]
            _longer_keys(project, domain)
            project.up()
            project.assert_unchanged()
    assert traffic.failures == []
    assert renewed.failures == []
    assert len(renewed.verdicts) > 3
    assert set(signed) == {("pass", "pass", "pass")}
    # Keys of another length have other records: until SES sees them a mail may go unsigned, and passes by its SPF.
    later = [*traffic.verdicts, *renewed.verdicts]
    assert {(spf, dmarc) for spf, _, dmarc in later} == {("pass", "pass")}
    assert later[-1][1] == "pass"
    assert world.dns(f"_dmarc.{domain}", "TXT") == ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"]


def _changed(project: Project, domain: str) -> tuple[dict[str, Any], dict[str, Any]]:
    content = yaml.safe_load(settings_file(project).read_text())
    return content, content["config"]["mailstack:domains"][domain]


def _one_record_of_the_kits_own(project: Project, domain: str) -> None:
    content, keys = _changed(project, domain)
    keys["records"]["asFound"] = [one for one in keys["records"]["asFound"] if one["name"] != f"_dmarc.{domain}"]
    settings_file(project).write_text(yaml.safe_dump(content))


def _stricter_dmarc(project: Project, domain: str) -> None:
    content, keys = _changed(project, domain)
    keys["dmarc"]["policy"] = "reject"
    settings_file(project).write_text(yaml.safe_dump(content))


def _longer_keys(project: Project, domain: str) -> None:
    content, keys = _changed(project, domain)
    keys["dkim"]["bits"] = 2048
    settings_file(project).write_text(yaml.safe_dump(content))

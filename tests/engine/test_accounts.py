"""Two AWS accounts: everything that asks, asks the account that the provider was told to use."""

from __future__ import annotations

import json

from .mailer import send
from .project import Project
from .world import World

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/mailstack-deployer"
OWN_PROGRAM = """
import pulumi
import pulumi_aws
from components.mail_stack import MailStack
from components.resources import MailstackProvider
from mailstack.errors import MailstackError

try:
    MailStack("mail", {settings}, pulumi.ResourceOptions(providers=[{providers}]))
except MailstackError as error:
    raise pulumi.RunError(str(error)) from None
"""


def test_with_an_assumed_role_every_look_up_asks_the_other_account(project: Project, world: World, zone: str) -> None:
    """Identity, user, wait and conflict check all live in the assumed role's account; the first one stays empty."""
    domain = f"notify.{zone}"
    # The same identity exists in the first account: a look-up that asked there would refuse.
    world.aws("sesv2").create_email_identity(EmailIdentity=domain)
    project.configure(
        aws__assumeRoles=[{"roleArn": ROLE}],
        dns={zone: {"host": "cloudflare"}},
        domains={domain: {"protect": False, "wait": "require", "waitMinutes": 0.5}},
        senders={"notify": {"domain": domain}},
    )
    project.up()
    [identity] = project.resources("aws:sesv2/emailIdentity:EmailIdentity")
    assert f":{OTHER}:" in identity["outputs"]["arn"]
    assert project.outputs()["status"][domain]["status"] == "verified"
    users = [user["UserName"] for user in world.aws("iam").list_users()["Users"]]
    assert f"notify@{domain}" not in users
    assert send(world, project.outputs()["smtp"]["notify"], "someone@example.net")["dmarc"] == "pass"

    accounts = {
        one["account"]
        for one in world.control("GET", "/requests")
        if one["service"] == "aws" and domain in one["path"] and one["method"] == "GET"
    }
    assert accounts == {OTHER}
    project.assert_unchanged()


def own_program(project: Project, zone: str, providers: str) -> None:
    """Write a program of its own that gives these providers to MailStack."""
    given = {
        "dns": {zone: {"host": "cloudflare"}},
        "defaults": {"protect": False, "wait": "off"},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
    }
    (project.folder / "__main__.py").write_text(OWN_PROGRAM.format(settings=given, providers=providers))
    project.configure()


def test_an_explicit_provider_of_another_account_is_refused(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """The roles that a provider assumes cannot be read: both accounts are named, and nothing is made in either."""
    aws = f"pulumi_aws.Provider('other', region='eu-west-1', assume_roles=[{{'role_arn': {ROLE!r}}}])"
    own_program(project, zone, aws)
    project.refuses(
        f"opts.providers: the AWS provider uses account {OTHER}, but the mailstack plugin would ask account "
        "123456789012; give MailStack a mailstack provider with the same credentials (opts.providers)"
    )
    assert project.up(check=False).returncode != 0
    assert world.records(zone_id) == []
    assert [one for one in project.resources() if one["custom"] and "providers" not in one["type"]] == []

    credentials = json.dumps({"aws": {"assumeRoles": [{"roleArn": ROLE}]}})
    plugin = f"MailstackProvider('plugin', pulumi.Output.secret({credentials!r}), pulumi.ResourceOptions())"
    own_program(project, zone, f"{aws}, {plugin}")
    project.up()
    [identity] = project.resources("aws:sesv2/emailIdentity:EmailIdentity")
    assert f":{OTHER}:" in identity["outputs"]["arn"]
    project.assert_unchanged()


def test_an_explicit_provider_whose_options_cannot_be_read_is_refused(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """The plugin could ask another account than such a provider: one sentence says what to give beside it."""
    own_program(project, zone, "pulumi.ProviderResource('aws', 'other', {'region': 'eu-west-1'})")
    project.refuses(
        "opts.providers: the options of the AWS provider cannot be read from the program, so the mailstack plugin "
        "could ask another account; give MailStack a mailstack provider with the same credentials beside it"
    )
    assert world.records(zone_id) == []


def test_the_keys_of_an_explicit_provider_are_asked_with_in_previews(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """What such a provider was not given does not keep a preview from looking, with the provider's own keys."""
    domain = f"notify.{zone}"
    keys = {name: project.environment[f"AWS_{name.upper()}"] for name in ("access_key_id", "secret_access_key")}
    project.environment["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWNUNKNOWN00"
    world.aws("sesv2").create_email_identity(EmailIdentity=domain)
    given = f"access_key={keys['access_key_id']!r}, secret_key={keys['secret_access_key']!r}"
    own_program(project, zone, f"pulumi_aws.Provider('other', region='eu-west-1', {given})")
    project.refuses(f"the SES identity {domain} in eu-west-1 already exists and is not this stack's")
    world.aws("sesv2").delete_email_identity(EmailIdentity=domain)
    project.up()
    assert len(world.records(zone_id)) == 6
    project.assert_unchanged()

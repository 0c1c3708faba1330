"""Two AWS accounts: everything that asks, asks the account that the provider was told to use."""

from __future__ import annotations

from .mailer import send
from .project import Project
from .world import World

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/mailstack-deployer"


def test_with_an_assumed_role_every_look_up_asks_the_other_account(project: Project, world: World, zone: str) -> None:
    """Identity, user, wait and conflict check all live in the assumed role's account; the first one stays empty."""
    domain = f"notify.{zone}"
    # The same identity stands in the first account: a look-up that asked there would refuse.
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

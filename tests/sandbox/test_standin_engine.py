"""A real engine runs a program of both SDKs' own classes against the stand-in plugins."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from sandbox.aws.server import AccessKey, AwsWorld

from .standin import Vendor, cloudflare_api, served

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import pulumi
import pulumi_aws as aws
import pulumi_cloudflare as cloudflare

zone = cloudflare.get_zones(name="example.com").results[0]
identity = aws.sesv2.EmailIdentity("identity", email_identity="example.com", tags={"stage": "test"},
                                   dkim_signing_attributes={"next_signing_key_length": "RSA_2048_BIT"})
aws.sesv2.ConfigurationSet("set", configuration_set_name="example_com", delivery_options={"tls_policy": "OPTIONAL"},
                           reputation_options={"reputation_metrics_enabled": True},
                           sending_options={"sending_enabled": True}, tags={"stage": "test"},
                           suppression_options={"suppressed_reasons": ["BOUNCE", "COMPLAINT"]})
aws.sesv2.ConfigurationSet("plain-set", configuration_set_name="plain")
tokens = identity.dkim_signing_attributes.apply(lambda signing: signing.tokens)
for index in range(3):
    cloudflare.DnsRecord(f"dkim-{index}", zone_id=zone.id, type="CNAME", ttl=300,
                         name=tokens[index].apply(lambda token: f"{token}._domainkey.example.com"),
                         content=tokens[index].apply(lambda token: f"{token}.dkim.amazonses.com"))
aws.sesv2.EmailIdentityMailFromAttributes("mail-from", email_identity=identity.email_identity,
                                          mail_from_domain="bounce.example.com")
user = aws.iam.User("user", name="notify")
statement = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": identity.arn}
aws.iam.UserPolicy("policy", user=user.name, name="send",
                   policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}))
key = aws.iam.AccessKey("key", user=user.name)
pulumi.export("password", key.ses_smtp_password_v4)
pulumi.export("tokens", tokens)
"""
# What a wrong key or token shows needs none of the SDKs, whose imports are most of a run.
SMALL_PROGRAM = """
import pulumi

pulumi.CustomResource("aws:iam/user:User", "user", {"name": "notify"})
pulumi.CustomResource("cloudflare:index/dnsRecord:DnsRecord", "record",
                      {"zoneId": "zone1", "type": "TXT", "ttl": 300, "name": "example.com", "content": "text"})
"""


class Run:
    """One project with one stack."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        printed = result.stdout + result.stderr
        assert (result.returncode != 0) == fails, printed
        assert fails or "error:" not in printed, printed
        return printed if fails else result.stdout


@pytest.fixture(name="cloudflare")
def _cloudflare() -> Iterator[Vendor]:
    with served(Vendor(cloudflare_api())) as vendor:
        yield vendor


@dataclass
class Amazon:
    """A served AWS, the key to it, and what it was asked."""

    url: str
    key: AccessKey
    asked: list[str]


@pytest.fixture(name="amazon")
def _amazon() -> Iterator[Amazon]:
    asked: list[str] = []
    world = AwsWorld(lambda name, kind: [], on_request=lambda request: asked.append(request.action))
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Amazon(f"http://127.0.0.1:{server.server_port}", world.bootstrap, asked)
    server.shutdown()


@pytest.fixture(name="pulumi")
def _pulumi(tmp_path: Path, amazon: Amazon, cloudflare: Vendor) -> Iterator[Run]:
    built = subprocess.run([ROOT / "tools/pulumi/build"], capture_output=True, text=True, check=True)
    options = f"{{toolchain: pip, virtualenv: {ROOT / '.venv'}}}"
    (tmp_path / "Pulumi.yaml").write_text(f"name: standin\nruntime: {{name: python, options: {options}}}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    engine = built.stdout.strip().splitlines()[-1]
    path = [str(ROOT / "sandbox/plugins/bin"), str(ROOT / ".venv/bin"), engine, os.environ["PATH"]]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))},
        "PATH": os.pathsep.join(path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": amazon.key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": amazon.key.secret_access_key,
        "AWS_ENDPOINT_URL": amazon.url,
        "CLOUDFLARE_BASE_URL": f"{cloudflare.url}/client/v4",
        "CLOUDFLARE_API_TOKEN": "sandbox-token-sandbox-token-sandbox-token-1",
    }
    run = Run(tmp_path, environment)
    run("stack", "init", "test")
    yield run


def _resources(pulumi: Run) -> dict[str, Any]:
    deployment = json.loads(pulumi("stack", "export"))["deployment"]
    return {one["urn"].rpartition("::")[2]: one for one in deployment.get("resources", [])}


def test_a_whole_life(pulumi: Run, amazon: Amazon, cloudflare: Vendor) -> None:
    """Up, import, refresh and destroy work; a preview without change asks no more than the real plugins."""
    pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(pulumi("stack", "output", "--json", "--show-secrets"))
    assert len(outputs["tokens"]) == 3
    assert "[secret]" in pulumi("stack", "output", "--json")
    resources = _resources(pulumi)
    assert outputs["password"] not in json.dumps(resources)

    record = resources["dkim-0"]
    pulumi("state", "delete", record["urn"], "--yes")
    entry = {"type": record["type"], "name": "dkim-0", "id": f"zone1/{record['id']}", "version": "6.23.1"}
    (pulumi.folder / "import.json").write_text(json.dumps({"resources": [entry]}))
    pulumi("import", "--file", "import.json", "--generate-code=false", "--protect=false", "--yes", "--skip-preview")

    pulumi("refresh", "--yes", "--skip-preview")
    amazon.asked.clear()
    cloudflare.requests.clear()
    pulumi("preview", "--expect-no-changes")
    assert (amazon.asked, cloudflare.sent()) == (["GetCallerIdentity"] * 2, ["GET /client/v4/zones"] * 2)

    pulumi("destroy", "--yes", "--skip-preview")
    assert _resources(pulumi).keys() <= {"standin-test"}


def test_a_wrong_aws_key_fails_the_preview(pulumi: Run) -> None:
    """The user reads pulumi-aws's words, and AWS's where it has none of its own."""
    (pulumi.folder / "__main__.py").write_text(SMALL_PROGRAM)
    pulumi.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    printed = pulumi("preview", fails=True)
    assert "unable to validate AWS credentials." in printed
    assert "SignatureDoesNotMatch" in printed


def test_a_malformed_cloudflare_token_fails_the_preview(pulumi: Run) -> None:
    """The user reads what the token must look like, and no traceback."""
    (pulumi.folder / "__main__.py").write_text(SMALL_PROGRAM)
    pulumi("config", "set", "--secret", "cloudflare:apiToken", "short")
    printed = pulumi("preview", fails=True)
    assert "API tokens must only contain characters" in printed
    assert "servicer.py" not in printed

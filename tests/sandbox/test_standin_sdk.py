"""The stand-ins answer for the SDKs' own classes: same properties, same versions, a process that starts and ends."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pulumi_aws
import pulumi_cloudflare
import pytest
from pulumi import _types
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from pulumi_aws.iam import access_key, user, user_policy
from pulumi_aws.sesv2 import configuration_set, email_identity, email_identity_mail_from_attributes
from pulumi_cloudflare import dns_record

from sandbox.plugins import launch
from sandbox.plugins.aws import AwsProvider
from sandbox.plugins.cloudflare import CloudflareProvider
from sandbox.plugins.servicer import Provider, schema
from sandbox.plugins.wire import UNKNOWN, Secret, decode, encode

BIN = Path(__file__).resolve().parents[2] / "sandbox/plugins/bin"
CLASSES = {
    "aws:iam/accessKey:AccessKey": (access_key.AccessKey, access_key.AccessKeyArgs),
    "aws:iam/user:User": (user.User, user.UserArgs),
    "aws:iam/userPolicy:UserPolicy": (user_policy.UserPolicy, user_policy.UserPolicyArgs),
    "aws:sesv2/configurationSet:ConfigurationSet": (
        configuration_set.ConfigurationSet,
        configuration_set.ConfigurationSetArgs,
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": (email_identity.EmailIdentity, email_identity.EmailIdentityArgs),
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": (
        email_identity_mail_from_attributes.EmailIdentityMailFromAttributes,
        email_identity_mail_from_attributes.EmailIdentityMailFromAttributesArgs,
    ),
    "cloudflare:index/dnsRecord:DnsRecord": (dns_record.DnsRecord, dns_record.DnsRecordArgs),
}
STOP = threading.Event()
PROVIDERS: dict[str, Provider] = {"aws": AwsProvider("1", STOP), "cloudflare": CloudflareProvider("1", STOP)}


@pytest.mark.parametrize("token", CLASSES)
def test_properties_are_the_sdks(token: str) -> None:
    """Each type has the SDK class's outputs and inputs, and needs what the SDK's arguments need."""
    resource, arguments = CLASSES[token]
    described: dict[str, Any] = schema(PROVIDERS[token.partition(":")[0]])["resources"][token]
    assert sorted(described["properties"]) == sorted(_types.resource_types(resource))
    assert sorted(described["inputProperties"]) == sorted(_types.input_type_py_to_pulumi_names(arguments).values())


@pytest.mark.parametrize("package", [pulumi_aws, pulumi_cloudflare])
def test_version_is_the_installed_sdks(package: Any) -> None:
    """The version that the engine compares is the one that the SDK asks for."""
    assert launch.sdk_version(package.__name__.removeprefix("pulumi_")) == version(package.__name__)


@pytest.mark.parametrize("name", ["aws", "cloudflare"])
def test_the_launcher_serves_and_ends_with_its_engine(name: str, tmp_path: Path) -> None:
    """The first line printed is a port, in whatever folder it starts; the process ends when the engine is gone."""
    for shadow in ("sandbox.py", "grpc.py", "http.py"):
        (tmp_path / shadow).write_text("raise SystemExit('shadowed')")
    engine, pid, _ = _started(name, tmp_path, {**os.environ})
    with engine:
        engine.kill()
        assert _ends(pid)


def test_no_retry_outlives_the_engine(tmp_path: Path) -> None:
    """A plugin that waits to ask AWS once more ends with its engine all the same."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(10)
        unreachable = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "k",
            "AWS_SECRET_ACCESS_KEY": "s",
        }
        engine, pid, port = _started("aws", tmp_path, {**os.environ, **unreachable})
        with engine, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            request = provider_pb2.ConfigureRequest(args=encode({"region": "eu-west-1"}))
            asked = provider_pb2_grpc.ResourceProviderStub(channel).Configure.future(request)
            for _ in range(3):  # attempts without an answer; the many after them take a minute and more
                silent.accept()[0].close()
            assert not asked.done()
            engine.kill()
            assert _ends(pid)


def _started(name: str, folder: Path, environment: dict[str, str]) -> tuple[subprocess.Popen[str], int, int]:
    """Start a launcher as a child of a process that stands for the engine; give that, the child's pid and its port."""
    starts = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", starts, str(BIN / f"pulumi-resource-{name}"), "127.0.0.1:1"]
    engine = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert engine.stdout is not None
    pid, port = int(engine.stdout.readline()), engine.stdout.readline()
    assert re.fullmatch(r"\d+\n", port)
    return engine, pid, int(port)


def _ends(pid: int) -> bool:
    """Wait for a process to end; one that nobody collects (state Z) has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def test_values_survive_the_wire() -> None:
    """Values come back as they went; nulls are dropped, secrets unwrapped, unknown values known as such."""
    values = {"a": [1, 2.5, "x", True], "b": {"c": Secret({"d": "e"})}, "f": UNKNOWN, "g": None}
    assert decode(encode(values)) == {"a": [1, 2.5, "x", True], "b": {"c": {"d": "e"}}, "f": UNKNOWN}
    assert "password" not in repr({"secret": Secret("password")})


def test_start_costs_little() -> None:
    """A plugin starts without the vendors' SDKs and without the whole Pulumi SDK: every preview waits for it."""
    program = (
        "from sandbox.plugins.launch import protocol_only; protocol_only()\n"
        "import sandbox.plugins.aws, sandbox.plugins.cloudflare, sandbox.plugins.servicer, sys, json\n"
        "costly = {'boto3', 'botocore', 'httpx', 'pulumi.runtime.rpc'}\n"
        "print(json.dumps(sorted(costly & set(sys.modules))))"
    )
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == []

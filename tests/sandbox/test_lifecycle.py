"""The mail cloud as a process: started, asked, stopped, and killed."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import dns.resolver
import httpx
import pytest

import sandbox
from providers.smtp.ses_regions import FIPS_REGIONS, SMTP_REGIONS, smtp_host
from sandbox import lifecycle
from sandbox.certificate import server_names
from sandbox.server import World

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", name="directory")
def _directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run one mail cloud for all tests that do not end it."""
    directory = tmp_path_factory.mktemp("cloud") / "sandbox"
    assert sandbox.status(directory) == {"running": False}
    sandbox.start(directory)
    yield directory
    sandbox.stop(directory)


@pytest.fixture(name="environment")
def _environment(directory: Path) -> dict[str, str]:
    return sandbox.environment(directory)


def control(directory: Path, path: str) -> Any:
    port = sandbox.status(directory)["ports"]["control"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def cloudflare(environment: dict[str, str]) -> httpx.Client:
    headers = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    return httpx.Client(base_url=environment["CLOUDFLARE_BASE_URL"], headers=headers, timeout=10)


def aws(environment: dict[str, str], service: str, **options: Any) -> Any:
    keys = {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        **options,
    }
    endpoint = environment["AWS_ENDPOINT_URL"]
    client: Any = boto3.client  # the stubs know each service by its literal name
    return client(service, region_name=environment["AWS_REGION"], endpoint_url=endpoint, **keys)


def test_starting_twice_is_starting_once(directory: Path) -> None:
    """A second start gives the world that runs, untouched."""
    before = sandbox.status(directory)
    again = sandbox.start(directory)
    assert (again["world"], again["pid"], again["fresh"]) == (before["world"], before["pid"], False)


def test_the_process_has_a_session_of_its_own(directory: Path) -> None:
    """Ctrl-C in the terminal that started it does not end it, and it has no children."""
    pid = sandbox.status(directory)["pid"]
    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""


def test_the_environment_has_what_each_client_reads(directory: Path, environment: dict[str, str]) -> None:
    """The variables are complete and of the forms that the clients demand."""
    assert re.fullmatch(r"[0-9A-Za-z\-_]{40,80}", environment["CLOUDFLARE_API_TOKEN"])
    assert re.fullmatch(r"starttls=127\.0\.0\.1:\d+,tls=127\.0\.0\.1:\d+", environment["MAILSTACK_SES_SMTP_ENDPOINTS"])
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{directory}/state"
    assert (directory / "state").is_dir()
    plugins = Path(environment["PULUMI_HOME"], "plugins")
    assert {path.name for path in plugins.glob("resource-*/pulumi-resource-*")} == {
        "pulumi-resource-aws",
        "pulumi-resource-cloudflare",
    }
    real = sandbox.environment(directory, "real")
    assert environment.keys() - real.keys() == {"PULUMI_HOME", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"}
    with pytest.raises(sandbox.SandboxError, match='"standin" or "real", not "fake"'):
        sandbox.environment(directory, "fake")


def test_keys_are_for_the_owner_only(directory: Path) -> None:
    """Nobody else on the machine reads the files with keys."""
    for name in ("sandbox.json", "server.key"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600


def test_a_domain_is_verified_by_what_stands_in_dns(directory: Path, environment: dict[str, str]) -> None:
    """The parts work together: SES is content once the CNAMEs it asked for are at Cloudflare, and not before."""
    ses, domain = aws(environment, "sesv2"), "lifecycle.example.com"
    tokens = ses.create_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]
    assert ses.get_email_identity(EmailIdentity=domain)["DkimAttributes"]["Status"] == "PENDING"
    with cloudflare(environment) as api:
        zone = api.get("/zones", params={"name": "example.com"}).json()["result"][0]["id"]
        for token in tokens:
            record = {"type": "CNAME", "name": f"{token}._domainkey.{domain}", "content": f"{token}.dkim.amazonses.com"}
            assert api.post(f"/zones/{zone}/dns_records", json={**record, "ttl": 300}).json()["success"]
    assert ses.get_email_identity(EmailIdentity=domain)["DkimAttributes"]["Status"] == "SUCCESS"

    host, _, port = environment["MAILSTACK_DNS_SERVER"].partition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    [key] = resolver.resolve(f"{tokens[0]}._domainkey.{domain}", "TXT")
    assert b"".join(key.strings).startswith(b"p=MI")


def test_every_api_request_is_in_the_log(directory: Path, environment: dict[str, str]) -> None:
    """AWS requests are logged with account and action, Cloudflare's with their path; tokens are not."""
    aws(environment, "sts").get_caller_identity()
    with cloudflare(environment) as api:
        api.get("/zones")
    log = control(directory, "/requests")
    assert any(
        (one["service"], one["account"], one["action"]) == ("aws", "123456789012", "GetCallerIdentity") for one in log
    )
    assert any((one["service"], one["path"]) == ("cloudflare", "/client/v4/zones") for one in log)
    assert environment["CLOUDFLARE_API_TOKEN"] not in json.dumps(log)


def test_the_first_account_may_assume_the_role_in_the_second(environment: dict[str, str]) -> None:
    """The role that the interface names hands out keys of account 222222222222."""
    role = "arn:aws:iam::222222222222:role/mailstack-deployer"
    keys = aws(environment, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    other = aws(
        environment, "sts", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )  # fmt: skip
    assert other.get_caller_identity()["Account"] == "222222222222"


def test_smtp_stands_behind_the_certificate(environment: dict[str, str]) -> None:
    """Both ports prove the SES endpoint's name with a certificate of the CA in MAILSTACK_CA_FILE."""
    ports = dict(part.split("=") for part in environment["MAILSTACK_SES_SMTP_ENDPOINTS"].split(","))
    context = ssl.create_default_context(cafile=environment["MAILSTACK_CA_FILE"])
    with (
        socket.create_connection(("127.0.0.1", int(ports["tls"].split(":")[1])), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="email-smtp.us-east-1.amazonaws.com") as tls,
    ):
        assert tls.recv(4) == b"220 "
    with smtplib.SMTP("127.0.0.1", int(ports["starttls"].split(":")[1]), timeout=10) as smtp:
        assert smtp.starttls(context=context)[0] == 220


def test_the_certificate_covers_every_region_that_the_model_knows() -> None:
    """No region's endpoint lacks a name in the certificate."""
    wanted = {smtp_host(region) for region in SMTP_REGIONS} | {smtp_host(region, fips=True) for region in FIPS_REGIONS}
    assert wanted <= set(server_names())


def test_malformed_requests_do_no_harm(directory: Path, environment: dict[str, str]) -> None:
    """Garbage on any port is answered or dropped, and everything goes on."""
    ports = sandbox.status(directory)["ports"]
    for port in ports.values():
        for garbage in (
            b"\x00\xff\xfe garbage\r\n\r\n",
            b"POST /client/v4/zones HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(garbage)
                client.shutdown(socket.SHUT_WR)
    assert control(directory, "/status")["running"]
    assert "Traceback" not in (directory / "sandbox.log").read_text()
    assert aws(environment, "sts").get_caller_identity()["Account"] == "123456789012"
    with cloudflare(environment) as api:
        answer = api.post("/zones", content=b"\xff{")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 9207)
        assert api.get("/zones").json()["success"]


def test_a_stopped_cloud_is_gone_and_the_next_one_is_new(tmp_path: Path) -> None:
    """Stop ends the process within seconds; a start afterwards clears state and mail of the world that is gone."""
    here = sandbox.start(tmp_path)
    assert not here["fresh"]
    (tmp_path / "state" / "of-the-old-world").touch()
    (tmp_path / "notes.txt").touch()
    started = time.monotonic()
    sandbox.stop(tmp_path)
    assert time.monotonic() - started < 5
    assert sandbox.status(tmp_path) == {"running": False}
    with pytest.raises(ProcessLookupError):
        os.kill(here["pid"], 0)
    with pytest.raises(sandbox.SandboxError, match="does not run; start it with"):
        sandbox.environment(tmp_path)
    sandbox.stop(tmp_path)

    again = sandbox.start(tmp_path)
    try:
        assert again["fresh"]
        assert again["world"] != here["world"]
        assert list((tmp_path / "state").iterdir()) == []
        assert (tmp_path / "notes.txt").exists(), "what is not the sandbox's stays"
        os.kill(again["pid"], signal.SIGKILL)
        os.waitpid(again["pid"], 0)
        assert sandbox.status(tmp_path) == {"running": False}
    finally:
        sandbox.stop(tmp_path)


def test_another_programs_process_is_never_ended(directory: Path, tmp_path: Path) -> None:
    """A sandbox.json whose pid and port belong to somebody else now is stale: nothing is signalled."""
    info = json.loads((directory / "sandbox.json").read_text())
    (tmp_path / "sandbox.json").write_text(json.dumps({**info, "world": "another"}))
    assert sandbox.status(tmp_path) == {"running": False}
    sandbox.stop(tmp_path)
    assert sandbox.status(directory)["running"]


def test_two_starts_at_once_make_one_world(tmp_path: Path) -> None:
    """The second of two callers waits for the first and gets its world."""
    found: list[dict[str, Any]] = []
    callers = [threading.Thread(target=lambda: found.append(sandbox.start(tmp_path))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    try:
        assert found[0]["world"] == found[1]["world"]
    finally:
        sandbox.stop(tmp_path)


def test_a_start_that_fails_shows_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is in the error, and nothing is left running."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text("import sys; sys.exit('the machine is out of ports')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    with pytest.raises(sandbox.SandboxError, match=r"did not start: .*out of ports"):
        sandbox.start(tmp_path / "cloud")
    assert sandbox.status(tmp_path / "cloud") == {"running": False}


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file in the way is one sentence, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(sandbox.SandboxError, match=r"cannot be used: .*Not a directory"):
        sandbox.start(tmp_path / "file" / "cloud")


def test_a_start_that_is_interrupted_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the cloud comes up ends it: a next start would not know of it."""
    started: list[subprocess.Popen[bytes]] = []
    spawn = lifecycle._spawn

    def note(directory: Path) -> subprocess.Popen[bytes]:
        started.append(spawn(directory))
        return started[-1]

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "_spawn", note)
    monkeypatch.setattr("sandbox.lifecycle.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sandbox.start(tmp_path)
    [process] = started
    assert process.returncode is not None
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_second_cloud_in_the_same_directory_is_refused(directory: Path) -> None:
    """`python -m sandbox` does not take over the directory of a cloud that runs."""
    result = subprocess.run(
        [sys.executable, "-m", "sandbox", "--dir", str(directory)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr.splitlines()) == (
        1, [f"error: a mail cloud runs in {directory} already; stop it, or give another --dir"],
    )  # fmt: skip
    assert sandbox.status(directory)["running"]


def test_a_given_port_that_is_in_use_is_said(tmp_path: Path) -> None:
    """`python -m sandbox --port-...` says in one sentence which port is in use."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-m", "sandbox", "--dir", str(tmp_path), "--port-dns", str(port)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: port {port} (--port-dns) is in use on 127.0.0.1; ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("service", ["aws", "smtp_tls", "control"])
def test_whatever_service_its_port_is_for(tmp_path: Path, service: str) -> None:
    """Each kind of server notices that its port is in use, and the others are closed again."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        world = World(tmp_path, {service: port})
        with pytest.raises(
            sandbox.SandboxError, match=rf"^port {port} \(--port-{service.replace('_', '-')}\) is in use"
        ):
            world.start()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", world.ports["dns"]), timeout=5):
        pass


def test_importing_the_sandbox_loads_nothing_heavy() -> None:
    """Who only asks for the status does not wait for moto, boto3 or a web server."""
    code = "import sandbox, sys; print([m for m in ('moto', 'boto3', 'werkzeug', 'dnslib') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"

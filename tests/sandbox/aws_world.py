"""An AWS world behind a real HTTP server, its DNS a dictionary and its clock a number, for the tests of sandbox.aws."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from werkzeug.serving import make_server

from sandbox.aws.server import ApiRequest, AwsWorld, DkimKey, Identity

ROLE = "arn:aws:iam::222222222222:role/mailstack-deployer"
DAY = 86400.0


class Aws:
    """A served world; `dns` maps (name, type) to values, `broken` makes DNS fail, `time` is the clock."""

    def __init__(self) -> None:
        self.dns: dict[tuple[str, str], list[str]] = {}
        self.broken = False
        self.time = 1_800_000_000.0
        self.seen: list[ApiRequest] = []
        self.fault: Any = None
        self.world = AwsWorld(self._resolve, self._on_request, lambda: self.time)
        self.server = make_server("127.0.0.1", 0, self.world.app, threaded=True)

    def client(self, service: str, region: str = "eu-west-1", **credentials: str) -> Any:
        """Make a boto3 client; without credentials it is the bootstrap key's."""
        key = self.world.bootstrap
        given = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key} | credentials
        make: Any = boto3.client  # the service's name is a variable here, which its stubs have no case for
        return make(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self.server.port}",
            config=Config(retries={"total_max_attempts": 1}),
            **given,
        )

    def assumed(self, role: str = ROLE, **extra: str) -> dict[str, str]:
        """Assume a role and give the session's credentials as client() takes them."""
        keys = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test", **extra)["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def user(self, name: str, *statements: dict[str, Any]) -> dict[str, str]:
        """Make an IAM user with an inline policy and give its access key as client() takes it."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            self.allow(name, *statements)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def allow(self, user: str, *statements: dict[str, Any], policy: str = "inline") -> None:
        """Put an inline policy on a user."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.client("iam").put_user_policy(UserName=user, PolicyName=policy, PolicyDocument=document)

    def publish_dkim(self, domain: str, tokens: list[str]) -> None:
        """Publish the CNAMEs of Easy DKIM (SES developer guide, "Easy DKIM")."""
        for token in tokens:
            self.dns[f"{token}._domainkey.{domain}", "CNAME"] = [f"{token}.dkim.amazonses.com"]

    def publish_mail_from(self, name: str, region: str = "eu-west-1") -> None:
        """Publish the records of a MAIL FROM domain (SES developer guide, "Using a custom MAIL FROM domain")."""
        self.dns[name, "MX"] = [f"10 feedback-smtp.{region}.amazonses.com"]
        self.dns[name, "TXT"] = ["v=spf1 include:amazonses.com ~all"]

    def identity(self, address: str, region: str = "eu-west-1") -> Identity:
        """Give the verified identity of an address in the first account."""
        found = self.world.verified_identity("123456789012", region, address)
        assert found is not None
        return found

    def signing_key(self, address: str) -> tuple[str, DkimKey]:
        """Give what mail from an address is signed with."""
        found = self.world.signing_key(self.identity(address))
        assert found is not None
        return found

    def verified(self, domain: str, region: str = "eu-west-1", **extra: Any) -> list[str]:
        """Create a domain identity, publish its records and give its tokens."""
        ses = self.client("sesv2", region)
        tokens: list[str] = ses.create_email_identity(EmailIdentity=domain, **extra)["DkimAttributes"]["Tokens"]
        self.publish_dkim(domain, tokens)
        return tokens

    def _resolve(self, name: str, kind: str) -> list[str]:
        if self.broken:
            raise TimeoutError("no answer")
        return self.dns.get((name, kind), [])

    def _on_request(self, request: ApiRequest) -> Any:
        self.seen.append(request)
        return self.fault


@contextmanager
def served() -> Iterator[Aws]:
    """Serve a fresh world for as long as the block runs."""
    aws = Aws()
    thread = threading.Thread(target=aws.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        aws.server.shutdown()
        thread.join()
        aws.server.server_close()

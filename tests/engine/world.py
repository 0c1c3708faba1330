"""What a test asks the world: the sandbox's DNS, its APIs through the vendors' own clients, and its mail."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import dns.resolver
import httpx


class World:
    """A running sandbox as tests see it."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        """Read where the sandbox listens."""
        self.directory, self.environment = directory, environment
        self.info: dict[str, Any] = json.loads((directory / "sandbox.json").read_text())
        self._control = f"http://127.0.0.1:{self.info['ports']['control']}"
        self._cloudflare = httpx.Client(
            base_url=environment["CLOUDFLARE_BASE_URL"],
            headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
            timeout=10,
        )

    def aws(self, service: str, region: str = "eu-west-1", **options: Any) -> Any:
        """Return a boto3 client of the sandbox's AWS."""
        keys = {
            "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            **options,
        }
        client: Any = boto3.client  # the stubs know each service by its literal name
        return client(service, region_name=region, endpoint_url=self.environment["AWS_ENDPOINT_URL"], **keys)

    def cloudflare(self, method: str, path: str, **options: Any) -> Any:
        """Call the sandbox's Cloudflare API and return the answer's `result`."""
        answer = self._cloudflare.request(method, path, **options).json()
        assert answer["success"], answer
        return answer["result"]

    def add_zone(self, name: str, account: str = "sandbox") -> str:
        """Add a zone at Cloudflare and return its id; those of the account "former" were moved away."""
        return str(self.cloudflare("POST", "/zones", json={"name": name, "account": {"id": account}})["id"])

    def add_record(self, zone_id: str, record_type: str, name: str, content: str, **more: Any) -> str:
        """Add a record that is nobody's at Cloudflare and return its id."""
        body = {"type": record_type, "name": name, "content": content, "ttl": 300, **more}
        return str(self.cloudflare("POST", f"/zones/{zone_id}/dns_records", json=body)["id"])

    def records(self, zone_id: str) -> list[dict[str, Any]]:
        """List a zone's records at Cloudflare."""
        return list(self.cloudflare("GET", f"/zones/{zone_id}/dns_records", params={"per_page": 5000}))

    def dns(self, name: str, record_type: str) -> list[str]:
        """Ask the sandbox's DNS; TXT comes joined and unquoted."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = int(self.info["ports"]["dns"])
        try:
            answer = resolver.resolve(name, record_type)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        if record_type == "TXT":
            return [b"".join(item.strings).decode() for item in answer]
        return [item.to_text().rstrip(".").lower() for item in answer]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._control + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def mail(self) -> list[dict[str, Any]]:
        """List delivered mail with the receiver's verdicts."""
        return list(self.control("GET", "/mail"))

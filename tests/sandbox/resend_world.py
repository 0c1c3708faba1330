"""A Resend account with its API, a DNS that is a dictionary, and a clock, for the tests of the played Resend."""

from __future__ import annotations

from typing import Any

import httpx

from sandbox.resend.api import Resend
from sandbox.resend.state import Account
from sandbox.traffic import Traffic

# A domain id that nothing has.
NOBODY = "d91cd9bd-1176-453e-8fc1-35364d380206"
DELAY = 0.2  # seconds until a verification looks into DNS, unless set


class Api:
    """The API without sockets; `dns` holds values by name and type, `time` is what the clock shows."""

    def __init__(self) -> None:
        self.dns: dict[tuple[str, str], list[str]] = {}
        self.time = 1_778_704_229.829957
        self.account = Account(lambda name, kind: self.dns.get((name, kind), []), lambda: self.time)
        self.settings = self.account.settings
        self.traffic = Traffic()
        self.token = self.account.add_key("first").token
        app = Resend(self.account, lambda method, path: self.traffic.see("resend", method, path))
        transport = httpx.WSGITransport(app=self.traffic.losing(app))
        self.client = httpx.Client(transport=transport, base_url="http://resend.test")

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any) -> httpx.Response:
        """Send a request with the full-access key, or another one."""
        headers = {"Authorization": f"Bearer {token or self.token}", **more.pop("headers", {})}
        content = {} if body is None else {"json": body}
        return self.client.request(method, path, headers=headers, **content, **more)

    def refusal(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, str]:
        """Send a request that is refused; gives status, name and message, which the body repeats."""
        answer = self.ask(method, path, body, **more)
        told = answer.json()
        assert told.keys() == {"statusCode", "name", "message"}
        assert told["statusCode"] == answer.status_code
        return answer.status_code, told["name"], told["message"]

    def domain(self, name: str = "example.com", **options: Any) -> dict[str, Any]:
        """Create a domain and return the answer."""
        answer = self.ask("POST", "/domains", {"name": name, **options})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def key(self, name: str = "mail", **options: Any) -> dict[str, Any]:
        """Create an API key and return the answer."""
        answer = self.ask("POST", "/api-keys", {"name": name, **options})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def get(self, id_: str) -> dict[str, Any]:
        """Show a domain."""
        return dict(self.ask("GET", f"/domains/{id_}").json())

    def verify(self, id_: str) -> None:
        """Ask for a verification, and let the time pass until it looks."""
        assert self.ask("POST", f"/domains/{id_}/verify").status_code == 200
        self.time += DELAY

    def publish(self, domain: dict[str, Any], apex: str = "example.com", only: str = "") -> None:
        """Put a domain's records, or those of one `record`, into DNS as a person who reads the answer would."""
        for record in domain["records"]:
            if only in ("", record["record"]):
                absolute = record["name"] == domain["name"] or record["name"].endswith(f".{domain['name']}")
                host = record["name"] if absolute else f"{record['name']}.{apex}"
                value = record["value"].strip('"').rstrip(".")
                text = f"{record['priority']} {value}" if record["type"] == "MX" else value
                self.dns.setdefault((host, record["type"]), []).append(text)


def rows(domain: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """List a domain's records as record, type, name and value."""
    return [(one["record"], one["type"], one["name"], one["value"]) for one in domain["records"]]


def statuses(domain: dict[str, Any]) -> dict[str, str]:
    """List the statuses of a domain's records by type and name."""
    return {f"{one['type']} {one['name']}": one["status"] for one in domain["records"]}

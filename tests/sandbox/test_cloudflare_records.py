"""Cloudflare's records over HTTP: fields, refusals in its words, and what DNS publishes of them."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.cloudflare import Cloudflare
from sandbox.cloudflare_store import Store
from sandbox.dns import Names

TOKEN = "t" * 40


class Api:
    """A client of the API with a zone example.com, and the DNS that its records show in."""

    def __init__(self) -> None:
        self.store = Store()
        self.names = Names(self.store, lambda token: None)
        self.zone = self.store.add_zone("example.com").id
        self._client = Client(Cloudflare(self.store, TOKEN, self.names.delegated_elsewhere))

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = f"Bearer {TOKEN}", **query: Any
    ) -> Any:
        """Return status and JSON of an answer."""
        headers = {"Authorization": token} if token else {}
        answer = self._client.open(f"/client/v4{path}", method=method, json=body, headers=headers, query_string=query)
        return answer.status_code, answer.get_json()

    def records(self, method: str = "GET", record: str = "", body: Any = None, **query: Any) -> Any:
        """Return the result of a call for records, which must succeed."""
        status, answer = self.call(method, f"/zones/{self.zone}/dns_records{record}", body, **query)
        assert (status, answer["success"], answer["errors"]) == (200, True, []), answer
        return answer["result"]

    def add(self, kind: str, name: str, content: str, **more: Any) -> Any:
        """Make a record and return it."""
        return self.records("POST", body={"type": kind, "name": name, "content": content, "ttl": 300, **more})

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, int, str]:
        """Return status, code and text of a refusal."""
        status, answer = self.call(method, f"/zones/{self.zone}/dns_records{path}", body)
        assert (answer["success"], answer["result"]) == (False, None)
        [error] = answer["errors"]
        return status, error["code"], error["message"]


@pytest.fixture
def api() -> Api:
    return Api()


def body(kind: str, name: str, content: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "content": content, "ttl": 300, **more}


def test_a_record_is_shown_with_what_clients_need(api: Api) -> None:
    """A new record has every field that the vendor's plugin reads, with Cloudflare's defaults."""
    made = api.records("POST", body={"type": "TXT", "name": "notify.example.com", "content": '"v=spf1 -all"'})
    assert made | {
        "name": "notify.example.com", "type": "TXT", "content": '"v=spf1 -all"', "ttl": 1, "proxied": False,
        "proxiable": False, "comment": None, "tags": [],
    } == made  # fmt: skip
    assert len(made["id"]) == 32
    assert "priority" not in made
    assert api.records(record=f"/{made['id']}") == made
    assert api.add("MX", "notify", "mx.example.net", priority=10)["priority"] == 10


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("@", "example.com"),
        ("notify", "notify.example.com"),
        ("Notify.Example.com.", "notify.example.com"),
        ("notify.example.com.example.com", "notify.example.com.example.com"),
        ("notify.example.net", "notify.example.net.example.com"),  # the classic: a name of another zone
    ],
)
def test_a_name_is_completed_with_the_zone(api: Api, given: str, kept: str) -> None:
    """A name that is not in the zone is taken for a relative one, however complete it was meant."""
    assert api.add("TXT", given, "x")["name"] == kept


def test_txt_is_kept_as_sent_and_published_unquoted(api: Api) -> None:
    """The API gives back the quotes it got; DNS shows the text of the strings, joined."""
    chunks = '"' + "a" * 255 + '" "b\\"c"'
    assert api.add("TXT", "long", chunks)["content"] == chunks
    assert api.names.resolve("long.example.com", "TXT") == ["a" * 255 + 'b"c']
    api.add("TXT", "bare", "not quoted")
    assert api.names.resolve("bare.example.com", "TXT") == ["not quoted"]


def test_hosts_lose_case_and_final_dot(api: Api) -> None:
    """Targets are kept in lower case without trailing dot, which is why a program must write them so."""
    assert api.add("CNAME", "a", "Target.Example.NET.")["content"] == "target.example.net"
    assert api.add("MX", "b", "MX.Example.NET", priority=10)["content"] == "mx.example.net"
    assert api.names.resolve("b.example.com", "MX") == ["10 mx.example.net"]


def test_a_null_mx_keeps_its_dot(api: Api) -> None:
    """The one dot that the API keeps is the whole host of a null MX (RFC 7505; DNSControl pull request 703)."""
    assert api.add("MX", "none", ".", priority=0)["content"] == "."
    assert api.names.resolve("none.example.com", "MX") == ["0 ."]


# Codes and texts as users of the real API quote them in their bug trackers (ddns-go, external-dns, favonia/cloudflare-
# ddns, pulumi-cloudflare 1107, cloudflare-tunnel-ingress-controller 168, acme-dns 258).
@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        (body("A", "x", "2001:db8::1"), 9005, "Content for A record must be a valid IPv4 address."),
        (body("CNAME", "x", "1.1.1.1"), 9007, "Content for CNAME record is invalid."),
        (body("CNAME", "x", "x.example.com"), 9039, "CNAME content cannot reference itself."),
        (body("MX", "x", "mx.example.net"), 9100, "priority is a required field."),
        (body("MX", "x", "mx.example.net", priority=70000), 9008, "Invalid priority"),
        (body("MX", "x", "192.0.2.1", priority=1), 9009, "Change the content of your MX record to be a hostname"),
        (body("TXT", "x", "y", proxied=True), 9004, "This record type cannot be proxied."),
        (body("TXT", "x", "y", ttl=30), 9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic."),
        (body("TXT", "x", "y", ttl="300"), 9021, "TTL must be"),
        (body("TXT", "x", "y", tags=["a:b"]), 9300, "DNS record has 1 tags, exceeding the quota of 0."),
        (body("TXT", "x", "y", comment="c" * 101), 9313, "DNS record comment exceeds the maximum length of 100"),
        (body("TXT", "x", "y", settings="z"), 9207, "Failed to parse request body"),
        (body("TXT", "x", "y" * 4081), 1004, "DNS record exceeds the maximum wire format size of 4096 bytes."),
        (body("TXT", "l" * 64, "y"), 9000, "DNS name is invalid."),
        (body("TXT", "x", ""), 9100, "content is a required field."),
        ([], 9207, "Failed to parse request body"),
    ],
)
def test_what_cloudflare_refuses_is_refused_in_its_words(api: Api, sent: Any, code: int, message: str) -> None:
    """A bad record is a 400 with Cloudflare's code and text, and nothing is kept."""
    status, found, told = api.refused("POST", "", sent)
    assert (status, found) == (400, code)
    assert told.startswith(message)
    assert api.records() == []


@pytest.mark.parametrize(
    ("standing", "new", "code"),
    [
        (body("TXT", "x", '"same"'), body("TXT", "x", '"same"'), 81058),
        (body("TXT", "x", '"same"'), body("TXT", "x", "same", ttl=60), 81058),
        (body("A", "x", "192.0.2.1"), body("CNAME", "x", "y.example.net"), 81053),
        (body("CNAME", "x", "y.example.net"), body("CNAME", "x", "z.example.net"), 81053),
        (body("CNAME", "x", "y.example.net"), body("A", "x", "192.0.2.1"), 81054),
        (body("NS", "x", "ns.example.net"), body("TXT", "x", "y"), 81056),
        (body("TXT", "x", "y" * 4080), body("TXT", "x", '"' + "z" * 4080 + '"' + " " * 40), 1004),
        (body("TXT", "x", '"one"'), body("TXT", "x", '"two"'), None),
        (body("CNAME", "x", "y.example.net"), body("TXT", "x", "y"), None),  # API reference: only A/AAAA are excluded
        (body("MX", "x", "a.example.net", priority=1), body("MX", "x", "b.example.net", priority=1), None),
    ],
)
def test_records_in_the_way_are_refused(api: Api, standing: Any, new: Any, code: int | None) -> None:
    """Identical records and CNAME or NS conflicts are refused, other records of the same name are not."""
    api.records("POST", body=standing)
    if code is None:
        api.records("POST", body=new)
    else:
        assert api.refused("POST", "", new)[:2] == (400, code)
    other = api.add("TXT", "other", "z")
    if code in (81053, 81054, 81056):
        assert api.refused("PUT", f"/{other['id']}", new)[:2] == (400, code)


def test_put_writes_the_whole_record_and_patch_a_part(api: Api) -> None:
    """PUT drops what it does not say, PATCH keeps it; the id stays, and DNS shows the new value."""
    made = api.add("TXT", "x", "one", comment="mailstack p/s")
    changed = api.records("PATCH", f"/{made['id']}", {"content": "two"})
    assert (changed["content"], changed["comment"], changed["id"]) == ("two", "mailstack p/s", made["id"])
    replaced = api.records("PUT", f"/{made['id']}", {**body("TXT", "x", "three"), "settings": {}, "tags": []})
    assert (replaced["content"], replaced["comment"]) == ("three", None)
    assert api.names.resolve("x.example.com", "TXT") == ["three"]
    assert api.records("PUT", f"/{made['id']}", body("TXT", "x", "three")) | {"modified_on": 0} == replaced | {
        "modified_on": 0
    }


def test_a_record_that_is_gone_is_404(api: Api) -> None:
    """GET, PUT, PATCH and DELETE of a removed record all say that it does not exist."""
    made = api.add("TXT", "x", "one")
    assert api.records("DELETE", f"/{made['id']}") == {"id": made["id"]}
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        refusal = api.refused(method, f"/{made['id']}", body("TXT", "x", "one") if method in ("PUT", "PATCH") else None)
        assert refusal == (404, 81044, "Record does not exist.")
    assert api.names.ask("x.example.com", "TXT").rcode == "NXDOMAIN"


def test_a_proxied_alias_hides_its_target_from_dns(api: Api) -> None:
    """A proxied CNAME answers with the proxy's addresses, which is what breaks DKIM; its ttl is automatic."""
    made = api.add("CNAME", "token._domainkey", "token.dkim.amazonses.com", proxied=True)
    assert (made["proxied"], made["ttl"]) == (True, 1)
    assert api.names.resolve("token._domainkey.example.com", "CNAME") == []
    assert api.names.resolve("token._domainkey.example.com", "A") == ["192.0.2.1"]


@pytest.mark.parametrize("name", ["@", "www"])
def test_a_flattened_alias_is_answered_with_addresses(api: Api, name: str) -> None:
    """At the apex, and where flatten_cname asks for it, no alias is shown, and other records are answered beside it."""
    full = "example.com" if name == "@" else f"{name}.example.com"
    api.add("CNAME", name, "site.hosting.example", **({} if name == "@" else {"settings": {"flatten_cname": True}}))
    api.add("TXT", name, "v=spf1 -all")
    assert api.names.resolve(full, "CNAME") == []
    assert api.names.resolve(full, "A") == ["192.0.2.1"]
    assert api.names.resolve(full, "TXT") == ["v=spf1 -all"]

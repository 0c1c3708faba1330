"""Email Routing: the records it makes in a zone and keeps from being changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_cloudflare_records import Api, body

KEPT = (400, 1046, "This record is managed by Email Routing. Disable Email Routing to modify/remove this record.")
NO_MX = (403, 890190, "This zone is managed by Email Routing. Disable Email Routing to add/modify MX records.")


@pytest.fixture
def api() -> Api:
    here = Api()
    here.add("TXT", "@", '"v=spf1 include:old.example ~all"')
    here.add("TXT", "@", '"site-verification=1"')
    return here


def _routing(api: Api, method: str, verb: str = "/dns", sent: Any = None) -> Any:
    status, answer = api.call(method, f"/zones/{api.zone}/email/routing{verb}", sent)
    assert (status, answer["success"]) == (200, True), answer
    return answer["result"]


def _kinds(api: Api) -> list[tuple[str, str]]:
    return sorted((one["type"], one["name"].removesuffix("example.com")) for one in api.records())


@pytest.mark.parametrize("verb", ["/dns", "/enable"])
def test_enabling_adds_records_and_replaces_the_spf(api: Api, verb: str) -> None:
    """Three MX, one SPF in place of the old one and a key exist in DNS, marked in `meta`; other text stays."""
    assert _routing(api, "GET", "")["enabled"] is False
    assert _routing(api, "POST", verb)["enabled"] is True
    assert _kinds(api) == [("MX", "")] * 3 + [("TXT", "")] * 2 + [("TXT", "cf2024-1._domainkey.")]
    assert "v=spf1 include:_spf.mx.cloudflare.net ~all" in api.names.resolve("example.com", "TXT")
    assert "site-verification=1" in api.names.resolve("example.com", "TXT")
    meta = {one["type"] + one["name"]: one["meta"] for one in api.records() if "verification" not in one["content"]}
    assert meta == {
        "MXexample.com": {"email_routing": True},
        "TXTexample.com": {"email_routing": True},
        "TXTcf2024-1._domainkey.example.com": {"email_routing": True, "read_only": True},
    }


def test_what_it_made_cannot_be_changed(api: Api) -> None:
    """PUT, PATCH and DELETE of its records are refused in Cloudflare's words, other records are free."""
    _routing(api, "POST")
    for record in api.records():
        sent = body(record["type"], record["name"], record["content"], priority=5)
        refused = [api.refused(how, f"/{record['id']}", sent) for how in ("PUT", "PATCH", "DELETE") if record["meta"]]
        assert refused in ([], [KEPT] * 3)
    [free] = [record for record in api.records() if not record["meta"]]
    api.records("DELETE", f"/{free['id']}")


def test_no_other_mx_is_taken_where_it_is_on(api: Api) -> None:
    """An MX at its name is refused, at another name it is not: a return path below stays possible."""
    _routing(api, "POST")
    assert api.refused("POST", "", body("MX", "@", "mx.example.net", priority=10)) == NO_MX
    api.add("MX", "bounce", "feedback-smtp.eu-west-1.amazonses.com", priority=10)


def test_it_can_be_on_below_the_zone(api: Api) -> None:
    """A name inside the zone has its own; the zone's SPF stays."""
    _routing(api, "POST", sent={"name": "in.example.com"})
    assert ("MX", "in.") in _kinds(api)
    assert "v=spf1 include:old.example ~all" in api.names.resolve("example.com", "TXT")
    api.add("MX", "@", "mx.example.net", priority=10)


@pytest.mark.parametrize(("method", "verb"), [("PATCH", "/dns"), ("POST", "/unlock")])
def test_unlocked_records_can_be_changed_but_go_with_it(api: Api, method: str, verb: str) -> None:
    """After unlocking, MX and SPF can be edited, the key cannot; turned off, all that it made goes, edited or not."""
    _routing(api, "POST")
    _routing(api, method, verb)
    for record in api.records():
        if record["meta"].get("read_only"):
            assert api.refused("DELETE", f"/{record['id']}") == KEPT
        elif record["meta"] and record["type"] == "TXT":
            api.records("PATCH", f"/{record['id']}", {"content": '"v=spf1 -all"'})
    assert _routing(api, "DELETE")["enabled"] is False
    assert [record["content"] for record in api.records()] == ['"site-verification=1"']

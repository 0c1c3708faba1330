"""Cloudflare's lists and zones over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_cloudflare_records import Api


@pytest.fixture
def api() -> Api:
    here = Api()
    here.add("TXT", "a", '"one"', comment="mailstack shop/dev")
    here.add("MX", "a", "mx.example.net", priority=10)
    here.add("TXT", "b.a", "two", comment="Mailstack shop/prod")
    here.add("CNAME", "c", "target.example.net")
    return here


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["a", "a", "b.a", "c"]),
        ({"name": "a.example.com"}, ["a", "a"]),
        ({"name.exact": "A.example.com", "type": "TXT"}, ["a"]),
        ({"name.endswith": ".a.example.com"}, ["b.a"]),
        ({"name.startswith": "b.", "content.contains": "wo"}, ["b.a"]),
        ({"content": '"one"'}, ["a"]),
        ({"comment.startswith": "mailstack shop/"}, ["a", "b.a"]),  # "Comment filters are case-insensitive"
        ({"comment.exact": "mailstack shop/dev"}, ["a"]),
        ({"comment.absent": "true"}, ["a", "c"]),
        ({"type": "CNAME", "name": "a.example.com", "match": "any"}, ["a", "a", "c"]),
        ({"order": "name", "direction": "desc"}, ["c", "b.a", "a", "a"]),
        ({"search": "TARGET"}, ["c"]),
    ],
)
def test_records_are_filtered_and_sorted(api: Api, query: dict[str, str], names: list[str]) -> None:
    """Filters narrow the list together, or each for itself with match=any."""
    assert [record["name"].removesuffix(".example.com") for record in api.records(**query)] == names


def test_lists_come_in_pages(api: Api) -> None:
    """result_info counts what the client needs to ask for the next page."""
    status, answer = api.call("GET", f"/zones/{api.zone}/dns_records", per_page=3, page=2)
    assert (status, [record["name"] for record in answer["result"]]) == (200, ["c.example.com"])
    assert answer["result_info"] == {"page": 2, "per_page": 3, "total_pages": 2, "count": 1, "total_count": 4}
    assert api.call("GET", f"/zones/{api.zone}/dns_records", page="x")[0] == 400


def test_a_filter_that_is_not_served_is_said(api: Api) -> None:
    """An unknown filter fails instead of giving a list that it did not narrow."""
    status, answer = api.call("GET", f"/zones/{api.zone}/dns_records", **{"tag.exact": "a:b"})
    assert (status, answer["errors"][0]["message"]) == (501, "The sandbox does not know the filter tag.exact.")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["example.com", "example.net", "test.example"]),
        ({"name": "example.net"}, ["example.net"]),
        ({"name": "contains:example."}, ["example.com", "example.net"]),
        ({"name": "ends_with:.example"}, ["test.example"]),
        ({"status": "moved"}, ["example.net"]),
        ({"account.id": "another"}, []),
        ({"name": "absent.example"}, []),
    ],
)
def test_zones_are_found(api: Api, query: dict[str, str], names: list[str]) -> None:
    """The list of zones knows an exact name and the operators of the API reference."""
    for name in ("example.net", "test.example"):
        api.call("POST", "/zones", {"name": name, "account": {"id": "sandbox"}})
    api.names.delegate("example.net", ["ns.elsewhere.test"])
    status, answer = api.call("GET", "/zones", **query)
    assert (status, [zone["name"] for zone in answer["result"]]) == (200, names)


def test_a_zone_lives_from_post_to_delete(api: Api) -> None:
    """A new zone has an id, name servers and its account, answers in DNS, and is gone when deleted."""
    _, made = api.call("POST", "/zones", {"name": "new.example", "account": {"id": "sandbox"}, "type": "full"})
    zone: dict[str, Any] = made["result"]
    assert (zone["name"], zone["status"], zone["account"]["name"]) == ("new.example", "active", "sandbox")
    assert api.names.resolve("new.example", "NS") == zone["name_servers"]
    assert api.call("GET", f"/zones/{zone['id']}")[1]["result"] == zone
    assert api.call("POST", "/zones", {"name": "new.example"})[1]["errors"] == [
        {"code": 1061, "message": "new.example already exists"}
    ]
    assert api.call("DELETE", f"/zones/{zone['id']}")[1]["result"] == {"id": zone["id"]}
    assert api.names.ask("new.example", "NS").rcode == "NXDOMAIN"
    assert api.call("GET", f"/zones/{zone['id']}/dns_records")[0] == 403


def test_two_accounts_have_zones_of_one_name(api: Api) -> None:
    """The one that was moved away has name servers of its own, and what it holds is not answered."""
    _, made = api.call("POST", "/zones", {"name": "example.com", "account": {"id": "former"}})
    former: dict[str, Any] = made["result"]
    _, listed = api.call("GET", "/zones", name="example.com")
    active, moved = listed["result"]
    assert (active["id"], active["status"], moved) == (api.zone, "active", former)
    assert (former["status"], former["account"]["id"]) == ("moved", "former")
    assert not set(active["name_servers"]) & set(former["name_servers"])
    record = {"type": "TXT", "name": "moved", "content": "text", "ttl": 300}
    assert api.call("POST", f"/zones/{former['id']}/dns_records", record)[0] == 200
    assert api.names.resolve("moved.example.com", "TXT") == []
    assert api.names.resolve("example.com", "NS") == active["name_servers"]


def test_zones_are_shown_in_unicode_and_their_records_in_a_labels(api: Api) -> None:
    """A zone is found by the name that it is shown with, however it was added."""
    for name in ("xn--mnchen-3ya.example", "B\u00fccher.example"):
        api.call("POST", "/zones", {"name": name})
    for name, a_label in (("m\u00fcnchen", "xn--mnchen-3ya"), ("b\u00fccher", "xn--bcher-kva")):
        _, listed = api.call("GET", "/zones", name=f"{name}.example")
        [zone] = listed["result"]
        assert zone["name"] == f"{name}.example"
        record = {"type": "TXT", "name": "a", "content": "text", "ttl": 300}
        _, made = api.call("POST", f"/zones/{zone['id']}/dns_records", record)
        assert made["result"]["name"] == f"a.{a_label}.example"
    assert api.call("GET", "/zones", name="xn--mnchen-3ya.example")[1]["result"] == []


@pytest.mark.parametrize(
    ("token", "path", "status", "code"),
    [
        (None, "/zones", 400, 9106),
        ("Bearer short", "/zones", 400, 6003),
        ("Basic " + "t" * 40, "/zones", 400, 6003),
        ("Bearer " + "x" * 40, "/zones", 403, 9109),
        ("Bearer " + "x" * 40, "/zones/{zone}/dns_records", 403, 10000),
        ("Bearer " + "t" * 40, "/zones/example.com", 400, 7003),
        ("Bearer " + "t" * 40, "/zones/" + "0" * 32, 403, 9109),
        ("Bearer " + "t" * 40, "/nothing", 400, 7003),
    ],
)
def test_a_wrong_token_or_path_is_refused(api: Api, token: str | None, path: str, status: int, code: int) -> None:
    """Whoever has no right token learns nothing; a zone's name is not its id."""
    found, answer = api.call("GET", path.format(zone=api.zone), token=token)
    assert (found, answer["errors"][0]["code"], answer["result"]) == (status, code, None)

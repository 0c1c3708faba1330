"""Resend's domains: the records that they ask for, their fields, and their lists."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.resend_world import NOBODY, Api, rows

NETWORK = {
    "us-east-1": "rsend.forge.rmta.net.",
    "eu-west-1": "rsend-euw1.forge.rmta.net.",
    "sa-east-1": "rsend-sae1.forge.rmta.net.",
    "ap-northeast-1": "rsend-apne1.forge.rmta.net.",
}


@pytest.fixture(name="api")
def _api() -> Api:
    return Api()


def dkim(domain: dict[str, Any]) -> str:
    [value] = [one["value"] for one in domain["records"] if one["record"] == "DKIM"]
    return str(value)


def test_a_new_domain_is_answered_with_its_records(api: Api) -> None:
    """201, object and options as captured, times as 2026-05-13 20:30:29.829957+00, and nothing started."""
    made = api.domain("Example.com")
    records = made.pop("records")
    assert made == {
        "object": "domain", "id": made["id"], "name": "example.com", "status": "not_started",
        "created_at": "2026-05-13 20:30:29.829957+00", "region": "us-east-1",
        "open_tracking": False, "click_tracking": False,
        "capabilities": {"sending": "enabled", "receiving": "disabled"},
    }  # fmt: skip
    assert {(one["ttl"], one["status"]) for one in records} == {("Auto", "not_started")}


def test_the_first_generation_asks_for_mx_spf_and_key(api: Api) -> None:
    """MX with priority and SPF on `send`, the key as TXT; TXT values are in quotes."""
    made = api.domain(region="eu-west-1")
    assert rows(made)[:2] == [
        ("SPF", "MX", "send", "feedback-smtp.eu-west-1.amazonses.com"),
        ("SPF", "TXT", "send", '"v=spf1 include:amazonses.com ~all"'),
    ]
    assert rows(made)[2][:3] == ("DKIM", "TXT", "resend._domainkey")
    assert re.fullmatch(r'"p=MIGf[A-Za-z0-9+/]+=*"', dkim(made))
    assert [one.get("priority") for one in made["records"]] == [10, None, None]


@pytest.mark.parametrize("region", NETWORK)
def test_the_third_generation_asks_for_aliases(api: Api, region: str) -> None:
    """The key stays a TXT, return path and network are CNAMEs with a final dot, by region."""
    api.settings.generation = "C"
    made = api.domain(region=region)
    assert rows(made) == [
        ("DKIM", "TXT", "resend._domainkey", dkim(made)),
        ("SPF", "CNAME", "send", "send.forge.rmta.net."),
        ("SPF", "CNAME", "rsend", NETWORK[region]),
    ]


def test_the_generation_is_the_one_of_the_day_of_creation(api: Api) -> None:
    """A domain keeps its records when newer ones get others."""
    old = api.domain()
    api.settings.generation = "C"
    assert rows(api.get(old["id"])) == rows(old)


@pytest.mark.parametrize(
    ("name", "send", "key"),
    [
        ("example.com", "send", "resend._domainkey"),
        ("mail.example.com", "send.mail", "resend._domainkey.mail"),
        ("a.b.example.co.uk", "send.a.b", "resend._domainkey.a.b"),
        ("me.is-a.dev", "send.me", "resend._domainkey.me"),
    ],
)
def test_names_are_relative_to_the_registrable_domain(api: Api, name: str, send: str, key: str) -> None:
    """A subdomain's records carry its labels; a private suffix such as is-a.dev is a domain like others."""
    assert [row[2] for row in rows(api.domain(name))] == [send, send, key]


def test_every_domain_has_a_key_of_its_own(api: Api) -> None:
    """Two domains do not share a key, and a domain that is made anew gets another."""
    first = api.domain()
    other = api.domain("example.net")
    api.ask("DELETE", f"/domains/{first['id']}")
    assert len({dkim(first), dkim(other), dkim(api.domain())}) == 3


def test_the_return_path_can_be_chosen(api: Api) -> None:
    """custom_return_path takes the place of `send`."""
    made = api.domain("mail.example.com", custom_return_path="bounce")
    assert [row[2] for row in rows(made)] == ["bounce.mail", "bounce.mail", "resend._domainkey.mail"]


def test_receiving_and_tracking_have_absolute_names(api: Api) -> None:
    """The MX is at the domain, the tracking alias at its subdomain, both written in full."""
    made = api.domain(
        "mail.example.com", tracking_subdomain="links", open_tracking=True, capabilities={"receiving": "enabled"}
    )
    assert rows(made)[3:] == [
        ("Receiving", "MX", "mail.example.com", "inbound-mx.resend.com"),
        ("Tracking", "CNAME", "links.mail.example.com", "links1.resend-dns.com"),
    ]
    assert made["records"][3]["priority"] == 10
    assert (made["tracking_subdomain"], made["open_tracking"]) == ("links", True)


def test_a_domain_that_only_receives_asks_for_no_sending_records(api: Api) -> None:
    """Without the capability to send there is neither SPF nor DKIM."""
    made = api.domain(capabilities={"sending": "disabled", "receiving": "enabled"})
    assert [row[0] for row in rows(made)] == ["Receiving"]


def test_a_change_adds_records_and_keeps_the_others(api: Api) -> None:
    """PATCH answers with object and id; the records that were there keep status and key."""
    made = api.domain()
    api.publish(made)
    api.verify(made["id"])
    answer = api.ask("PATCH", f"/domains/{made['id']}", {"tracking_subdomain": "t", "tls": "enforced"})
    assert (answer.status_code, answer.json()) == (200, {"object": "domain", "id": made["id"]})
    changed = api.get(made["id"])
    assert rows(changed)[:3] == rows(made)
    assert [one["status"] for one in changed["records"]] == ["verified", "verified", "verified", "not_started"]


def test_a_deleted_domain_is_gone(api: Api) -> None:
    """DELETE says so; a second one, a read and a verification are 404; the name is free again."""
    made = api.domain()
    answer = api.ask("DELETE", f"/domains/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"object": "domain", "id": made["id"], "deleted": True})
    for method, tail in (("DELETE", ""), ("GET", ""), ("POST", "/verify")):
        assert api.refusal(method, f"/domains/{made['id']}{tail}") == (404, "not_found", "Domain not found")
    api.domain()


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/verify")])
def test_an_id_that_is_no_uuid_is_422(api: Api, method: str, tail: str) -> None:
    """A malformed id is told from an unknown one, with all four requests."""
    body: Any = {} if method == "PATCH" else None
    wanted = (422, "invalid_parameter", "The `id` must be a valid UUID.")
    assert api.refusal(method, f"/domains/example.com{tail}", body) == wanted
    assert api.refusal(method, f"/domains/{NOBODY}{tail}", body) == (404, "not_found", "Domain not found")


def test_an_id_is_found_in_either_case(api: Api) -> None:
    """UUIDs are the same in upper case."""
    made = api.domain()
    assert api.get(made["id"].upper()) == made


def test_a_domain_without_a_name_is_refused(api: Api) -> None:
    """The text names the field in backticks."""
    wanted = (422, "missing_required_field", "Missing `name` field.")
    assert api.refusal("POST", "/domains", {"region": "eu-west-1"}) == wanted


@pytest.mark.parametrize("region", ["eu-central-1", "EU-WEST-1", ""])
def test_an_unknown_region_has_an_error_of_its_own(api: Api, region: str) -> None:
    """The text lists the regions."""
    message = 'Region must be "us-east-1" | "eu-west-1" | "sa-east-1" | "ap-northeast-1"'
    assert api.refusal("POST", "/domains", {"name": "example.com", "region": region}) == (
        422,
        "invalid_region",
        message,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1), ("name", ""), ("name", "localhost"), ("name", "co.uk"), ("name", "example.com."),
        ("name", "https://example.com"), ("name", None), ("region", 1), ("custom_return_path", "a.b"),
        ("custom_return_path", "1a"), ("custom_return_path", ""), ("custom_return_path", "x" * 64),
        ("tracking_subdomain", "links.example.com"), ("tracking_subdomain", None), ("open_tracking", "true"),
        ("click_tracking", 1), ("tls", "required"), ("capabilities", "sending"), ("capabilities", {"sending": True}),
        ("capabilities", {"sends": "enabled"}), ("capabilities", {"sending": "disabled"}), ("return_path", "send"),
        ("customReturnPath", "send"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_and_nothing_made(api: Api, field: str, value: Any) -> None:
    """Wrong types, wrong contents and fields that the API does not have are 422."""
    assert api.refusal("POST", "/domains", {"name": "example.com", field: value})[:2] == (422, "validation_error")
    assert api.ask("GET", "/domains").json()["data"] == []


@pytest.mark.parametrize("field", ["name", "region", "custom_return_path"])
def test_what_a_domain_is_made_with_cannot_be_changed(api: Api, field: str) -> None:
    """Name, region and return path are no fields of an update."""
    made = api.domain()
    status, name, message = api.refusal("PATCH", f"/domains/{made['id']}", {field: "eu-west-1"})
    assert (status, name) == (422, "validation_error")
    assert field in message


def test_a_refused_change_changes_nothing(api: Api) -> None:
    """The last capability stays on, and the options beside it are not taken."""
    made = api.domain()
    body: dict[str, Any] = {"open_tracking": True, "capabilities": {"sending": "disabled"}}
    assert api.refusal("PATCH", f"/domains/{made['id']}", body)[2] == "At least one capability must be enabled."
    assert api.get(made["id"]) == made


@pytest.mark.parametrize("name", ["example.com", "EXAMPLE.com", "taken.example"])
def test_a_domain_is_registered_once(api: Api, name: str) -> None:
    """The account's own domain and another account's are refused with the same text."""
    api.settings.held_elsewhere = ("taken.example",)
    api.domain()
    message = f"The `{name.lower()}` domain has been registered already."
    assert api.refusal("POST", "/domains", {"name": name}) == (403, "validation_error", message)


def test_the_plan_limits_the_domains(api: Api) -> None:
    """One domain of one is in use also when it is not verified; deleting it makes room."""
    api.settings.domain_limit = 1
    made = api.domain()
    message = "Your plan includes 1 domain. Upgrade to add more."
    assert api.refusal("POST", "/domains", {"name": "example.net"}) == (403, "validation_error", message)
    api.ask("DELETE", f"/domains/{made['id']}")
    api.domain("example.net")


def test_a_list_has_no_records(api: Api) -> None:
    """An item is a summary; everything else is in the domain itself."""
    made = api.domain(tracking_subdomain="links")
    wanted = {key: made[key] for key in made if key not in ("records", "object", "tracking_subdomain")}
    assert api.ask("GET", "/domains").json() == {"object": "list", "has_more": False, "data": [wanted]}


def names(api: Api, **query: Any) -> tuple[list[str], bool]:
    page = api.ask("GET", "/domains", params=query).json()
    return [one["name"].removesuffix(".example.com") for one in page["data"]], page["has_more"]


def test_lists_come_in_pages_newest_first(api: Api) -> None:
    """A cursor is left out of its page; has_more looks in the direction of the walk."""
    ids = {name: api.domain(f"{name}.example.com")["id"] for name in "abcde"}
    assert names(api, limit=2) == (["e", "d"], True)
    assert names(api, limit=2, after=ids["d"]) == (["c", "b"], True)
    assert names(api, limit=2, after=ids["b"]) == (["a"], False)
    assert names(api, limit=2, before=ids["a"]) == (["c", "b"], True)
    assert names(api, limit=2, before=ids["c"]) == (["e", "d"], False)
    assert names(api) == (["e", "d", "c", "b", "a"], False)


def test_a_page_has_20_items_unless_told(api: Api) -> None:
    """The default is 20."""
    for number in range(21):
        api.key(f"key-{number}")
    page = api.ask("GET", "/api-keys").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)
    assert len(api.ask("GET", "/api-keys", params={"limit": 100}).json()["data"]) == 22


@pytest.mark.parametrize("path", ["/domains", "/api-keys"])
@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"after": NOBODY}, {"after": "1", "before": "2"}, {"page": "2"}],
)
def test_a_wrong_query_is_refused(api: Api, path: str, query: dict[str, str]) -> None:
    """Limits are 1 to 100, a cursor is an id of the list and only one, and there are no page numbers."""
    assert api.refusal("GET", path, params=query)[:2] == (422, "validation_error")

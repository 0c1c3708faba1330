"""The stand-in for pulumi-cloudflare keeps what was seen of the real plugin."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from sandbox.plugins.cloudflare import CloudflareProvider

from .standin import UNKNOWN, Engine, Log, Vendor, cloudflare_api, plugin, served, words

TOKEN = "sandbox-token-sandbox-token-sandbox-token-1"
TXT = {"zoneId": "zone1", "name": "bounce.example.com", "type": "TXT", "ttl": 300, "content": '"v=spf1 ~all"'}
CNAME = {"zoneId": "zone1", "name": "k._domainkey.example.com", "type": "CNAME", "ttl": 300, "content": "k.Example"}


def changed(key: str) -> list[str]:
    """Name what a diff lists where one property changes: with it the times of changes."""
    return sorted([key, "commentModifiedOn", "modifiedOn"])


@pytest.fixture(name="api")
def _api() -> Iterator[Vendor]:
    with served(Vendor(cloudflare_api())) as vendor:
        yield vendor


@pytest.fixture(name="engine")
def _engine(api: Vendor) -> Iterator[Engine]:
    with plugin(CloudflareProvider) as engine:
        engine.configure(apiToken=TOKEN, baseUrl=f"{api.url}/client/v4")
        yield engine.of("cloudflare:index/dnsRecord:DnsRecord")


def test_create_posts_the_body_of_the_real_plugin(engine: Engine, api: Vendor) -> None:
    """A create is one POST with `proxied: false` even when left out, and a bearer token."""
    made = engine.create(TXT)
    (request,) = api.requests
    assert (request.method, request.path) == ("POST", "/client/v4/zones/zone1/dns_records")
    expected = {"content": '"v=spf1 ~all"', "name": "bounce.example.com", "proxied": False, "ttl": 300, "type": "TXT"}
    assert request.body == expected
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert (made.id, made.state["createdOn"]) == ("record1", "2026-01-01T00:00:00Z")


def test_an_mx_record_sends_its_priority(engine: Engine, api: Vendor) -> None:
    """MX adds `priority`, and a comment is sent where it is set."""
    engine.create({**TXT, "type": "MX", "content": "mx.example", "priority": 10, "comment": "ours"})
    assert (api.requests[0].body["priority"], api.requests[0].body["comment"]) == (10, "ours")


def test_update_puts_the_whole_record(engine: Engine, api: Vendor) -> None:
    """An update is one PUT with settings and tags; a CNAME sends its three settings as false."""
    txt, cname = engine.create(TXT), engine.create(CNAME)
    api.requests.clear()
    engine.update(txt, {**TXT, "ttl": 60})
    engine.update(cname, {**CNAME, "ttl": 60})
    first, second = api.requests
    assert (first.method, first.path) == ("PUT", "/client/v4/zones/zone1/dns_records/record1")
    assert (first.body["settings"], first.body["tags"], first.body["ttl"]) == ({}, [], 60)
    assert second.body["settings"] == {"flatten_cname": False, "ipv4_only": False, "ipv6_only": False}


def test_a_preview_asks_nothing(engine: Engine, api: Vendor) -> None:
    """Check, Diff and previews of create and update send no request; what is not known yet is unknown."""
    made = engine.create(TXT)
    api.requests.clear()
    seen = engine.preview({**CNAME, "name": UNKNOWN, "content": UNKNOWN})
    assert (seen["name"], seen["content"], seen["createdOn"]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert (seen["ttl"], seen["proxied"]) == (300, False)
    assert engine.changes(made, {**TXT, "content": UNKNOWN}) == changed("content")
    expected = engine.update(made, {**TXT, "ttl": 60}, preview=True).state
    assert (expected["ttl"], expected["createdOn"], expected["modifiedOn"]) == (60, made.state["createdOn"], UNKNOWN)
    assert api.sent() == []


@pytest.mark.parametrize(
    ("key", "value", "replaces"),
    [("type", "MX", True), ("zoneId", "zone2", True), ("name", "b.example.com", False), ("content", "x", False)],
)
def test_what_replaces(engine: Engine, key: str, value: str, replaces: bool) -> None:
    """Type and zone make a new record; name and content change in place, and the times of changes with them."""
    diff = engine.diff(engine.create(TXT), {**TXT, key: value})
    assert list(diff.replaces) == ([key] if replaces else [])
    assert sorted(diff.detailedDiff) == changed(key)
    assert not diff.deleteBeforeReplace


@pytest.mark.parametrize(
    ("inputs", "differs"),
    [
        (CNAME, []),
        ({**CNAME, "name": "k._domainkey"}, []),
        ({**CNAME, "name": "K._domainkey.example.com"}, changed("name")),
        ({**TXT, "comment": "ours"}, []),
        ({**TXT, "ttl": 1}, []),
    ],
)
def test_differences_show_after_a_refresh_only(engine: Engine, inputs: dict[str, object], differs: list[str]) -> None:
    """The state holds the planned values, so a name in another case differs only once the API's name was read."""
    made = engine.create(inputs)
    assert engine.changes(made, inputs) == []
    refreshed = engine.refresh(made)
    assert refreshed is not None
    assert engine.changes(refreshed, inputs) == differs


def test_cname_content_ignores_case_and_mx_content_does_not(engine: Engine) -> None:
    """The real plugin folds the case of CNAME contents only."""
    assert engine.changes(engine.create(CNAME), {**CNAME, "content": "k.example"}) == []
    mx = {**TXT, "type": "MX", "content": "mx.Example", "priority": 10}
    assert engine.changes(engine.create(mx), {**mx, "content": "mx.example"}) == changed("content")
    assert engine.changes(engine.create(CNAME), {**CNAME, "content": "k.Example."}) == changed("content")


def test_refresh_drops_a_gone_record(engine: Engine) -> None:
    """404 on GET drops the record from the state; PUT and DELETE answered 404 fail in Cloudflare's words."""
    made = engine.create(TXT)
    engine.delete(made)
    assert engine.refresh(made) is None
    for call in (lambda: engine.delete(made), lambda: engine.update(made, {**TXT, "ttl": 60})):
        with pytest.raises(grpc.RpcError, match="Record does not exist"):
            call()


def test_import_takes_zone_and_record(engine: Engine, api: Vendor) -> None:
    """An import takes `zone/record`, asks twice, keeps the record's id, and its inputs are those that made it."""
    engine.create(TXT)
    api.requests.clear()
    found = engine.import_("zone1/record1")
    assert found is not None
    assert api.sent() == ["GET /client/v4/zones/zone1/dns_records/record1"] * 2
    assert (found.id, found.state["zoneId"]) == ("record1", "zone1")
    assert engine.changes(found, TXT) == []
    with pytest.raises(grpc.RpcError, match="zone_id"):
        engine.import_("record1")


def test_a_refusal_is_told_once(engine: Engine, api: Vendor) -> None:
    """A 400 is one attempt, and the user reads what Cloudflare said."""
    error = {"success": False, "errors": [{"code": 81058, "message": "An identical record already exists."}]}
    api.faults.append((400, error, {}))
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(TXT)
    assert "400 Bad Request" in words(caught.value)
    assert "An identical record already exists." in words(caught.value)
    assert len(api.requests) == 1


def test_a_busy_vendor_is_asked_again(engine: Engine, api: Vendor) -> None:
    """429 and 5xx are tried again after the time that Retry-After says."""
    api.faults += [(429, {}, {"Retry-After": "1"}), (503, {}, {"Retry-After": "0.1"})]
    started = time.monotonic()
    engine.create(TXT)
    assert len(api.requests) == 3
    assert time.monotonic() - started >= 1.0


def test_cancel_ends_a_wait(engine: Engine, api: Vendor) -> None:
    """A wait for a busy vendor ends at once when the engine cancels."""
    api.faults += [(429, {}, {"Retry-After": "60"})]
    cancelling = threading.Timer(0.3, engine.cancel)
    cancelling.start()
    started = time.monotonic()
    with pytest.raises(grpc.RpcError, match="cancelled"):
        engine.create(TXT)
    assert time.monotonic() - started < 5
    cancelling.join()  # its own answer may come after the wait's


def test_a_busy_vendor_is_asked_three_times(engine: Engine, api: Vendor) -> None:
    """The third refusal in a row is told, after waits of half a second and of one."""
    api.faults += [(429, {}, {}), (429, {}, {}), (500, {}, {})]
    started = time.monotonic()
    with pytest.raises(grpc.RpcError, match="500 Internal Server Error"):
        engine.create(TXT)
    assert len(api.requests) == 3
    assert 1.0 < time.monotonic() - started < 5.0


def test_a_malformed_token_is_refused() -> None:
    """A setting that no Cloudflare token looks like fails the configuration, and is not shown."""
    with plugin(CloudflareProvider) as engine, pytest.raises(grpc.RpcError) as caught:
        engine.configure(apiToken="too-short")
    assert "API tokens must only contain characters" in words(caught.value)
    assert "too-short" not in words(caught.value)


@pytest.mark.parametrize(("token", "sent"), [("too-short", "Bearer too-short"), (None, None)])
def test_the_environments_token_is_sent_as_it_is(
    api: Vendor, monkeypatch: pytest.MonkeyPatch, token: str | None, sent: str | None
) -> None:
    """Whatever CLOUDFLARE_API_TOKEN holds, or nothing, goes to Cloudflare, which refuses it."""
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token)
    with plugin(CloudflareProvider) as engine:
        engine.configure(baseUrl=f"{api.url}/client/v4")
        engine.invoke("cloudflare:index/getZones:getZones", name="example.com")
    assert api.requests[0].headers.get("Authorization") == sent


def test_a_token_that_no_header_can_hold_is_not_shown(api: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token with a line break, as one gets from a file, is refused before it is sent."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", f"{TOKEN}\n")
    with plugin(CloudflareProvider) as engine:
        engine.configure(baseUrl=f"{api.url}/client/v4")
        with pytest.raises(grpc.RpcError, match="invalid header field value") as caught:
            engine.invoke("cloudflare:index/getZones:getZones", name="example.com")
    assert TOKEN not in words(caught.value)
    assert api.requests == []


def test_a_failure_is_also_logged_as_an_error(api: Vendor) -> None:
    """What fails is an error of the run, too: a function's at the stack, a resource's at the resource."""
    log = Log()
    with plugin(CloudflareProvider, log) as bare:
        engine = bare.of("cloudflare:index/dnsRecord:DnsRecord")
        engine.configure(apiToken=TOKEN, baseUrl=f"{api.url}/client/v4")
        sentence = r"Exactly one of these attributes must be configured: \[zone_id,filter\]"
        with pytest.raises(grpc.RpcError, match=sentence):
            engine.invoke("cloudflare:index/getZone:getZone")
        assert api.sent() == []
        api.faults.append((400, {}, {}))
        with pytest.raises(grpc.RpcError, match="400 Bad Request"):
            engine.create(TXT)
        with pytest.raises(grpc.RpcError, match="no function"):
            engine.invoke("cloudflare:index/getNothing:getNothing")
    (function, said), (resource, refused) = log.errors
    assert (function, resource) == ("", engine.urn())
    assert said.startswith("[ERROR] Exactly one of these attributes must be configured")
    assert "400 Bad Request" in refused


def test_a_missing_argument_is_a_failure_of_check(engine: Engine) -> None:
    """A record without `content` is the API's business, one without `type` is refused before."""
    answer = engine.check({key: value for key, value in TXT.items() if key != "type"})
    assert [failure.property for failure in answer.failures] == ["type"]
    assert 'The argument "type" is required' in answer.failures[0].reason


def test_zones_are_found_by_name(engine: Engine) -> None:
    """The function getZones lists, getZone with a filter wants exactly one, both in the SDK's property names."""
    (zone,) = engine.invoke("cloudflare:index/getZones:getZones", name="example.com")["results"]
    assert (zone["id"], zone["nameServers"], zone["account"]["id"]) == ("zone1", ["ns1.example"], "a")
    assert engine.invoke("cloudflare:index/getZones:getZones", name="nowhere.example")["results"] == []
    token = "cloudflare:index/getZone:getZone"
    assert engine.invoke(token, filter={"name": "example.com", "match": "all"})["zoneId"] == "zone1"
    assert engine.invoke(token, zoneId="zone1")["name"] == "example.com"
    with pytest.raises(grpc.RpcError, match="exactly one result"):
        engine.invoke(token, filter={"name": "nowhere.example", "match": "all"})


def test_records_are_listed_page_by_page(engine: Engine, api: Vendor) -> None:
    """The function getDnsRecords asks until a page is empty, filters by name.exact, and keeps `meta` as JSON text."""
    for number in range(5):
        engine.create({**TXT, "name": f"n{number}.example.com"})
    api.requests.clear()
    token = "cloudflare:index/getDnsRecords:getDnsRecords"
    assert len(engine.invoke(token, zoneId="zone1")["results"]) == 5
    assert [request.query.get("page") for request in api.requests] == [None, "2", "3", "4"]
    (found,) = engine.invoke(token, zoneId="zone1", name={"exact": "n3.example.com"})["results"]
    assert (found["content"], json.loads(found["meta"])) == ('"v=spf1 ~all"', {})
    one = engine.invoke("cloudflare:index/getDnsRecord:getDnsRecord", zoneId="zone1", dnsRecordId=found["id"])
    assert one["name"] == "n3.example.com"

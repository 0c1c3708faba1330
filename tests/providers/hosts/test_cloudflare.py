"""Cloudflare as the sandbox plays it, written to as pulumi-cloudflare writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.serving import make_server

from mailstack.dns.records import RecordSet
from providers.dns import cloudflare
from providers.dns.base import Access
from sandbox.cloudflare import Cloudflare
from sandbox.cloudflare_store import Store
from sandbox.dns import Names
from sandbox.dns_server import DnsServer
from sandbox.plugins.cloudflare import CloudflareProvider
from tests.sandbox.standin import Engine, plugin

from .suite import HostBehaviours, Subject, asker

TOKEN = "t" * 40
RECORD = "cloudflare:index/dnsRecord:DnsRecord"


@contextmanager
def _api(store: Store) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Cloudflare(store, TOKEN, lambda zone: False), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/client/v4"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", name="url")
def _url(store: Store) -> Iterator[str]:
    with _api(store) as url:
        yield url


@pytest.fixture(scope="module", name="store")
def _store() -> Store:
    store = Store()
    store.add_zone("example.com")
    return store


@pytest.fixture(scope="module", name="engine")
def _engine(url: str) -> Iterator[Engine]:
    with plugin(CloudflareProvider) as engine:
        engine.configure(apiToken=TOKEN, baseUrl=url)
        yield engine.of(RECORD)


@pytest.fixture(scope="module")
def subject(store: Store, url: str, engine: Engine) -> Iterator[Subject]:
    dns = DnsServer(Names(store, lambda token: None).ask)
    dns.start()
    client = cloudflare.Cloudflare(Access(package={"apiToken": TOKEN, "baseUrl": url}))
    [zone] = client.zones(["example.com"])

    def write(record: RecordSet) -> None:
        for value in record.values:
            engine.create({"zoneId": zone.id, **cloudflare.properties(record.name, record.type, record.ttl, value)})

    def plant(name: str, kind: str, text: str) -> None:
        # As in Cloudflare's panel: a text without quotes, priority and host of an MX in fields of their own.
        content: dict[str, Any] = {"content": text}
        if kind == "MX":
            priority, _, exchange = text.partition(" ")
            content = {"priority": int(priority), "content": exchange}
        engine.create({"zoneId": zone.id, "name": name, "type": kind, "ttl": 300, **content})

    yield Subject(
        client=client,
        zone=zone,
        check=cloudflare.check,
        write=write,
        plant=plant,
        ask=asker(dns.port),
        refused=(
            RecordSet("short.example.com", "TXT", 30, ("ttl=30",)),
            RecordSet("long.example.com", "TXT", 86401, ("ttl=86401",)),
            # 4081 octets in 17 strings, each with its length before it, are 4098.
            RecordSet("big.example.com", "TXT", 300, ("a" * 4081,)),
            RecordSet("itself.example.com", "CNAME", 300, ("itself.example.com",)),
        ),
    )
    dns.stop()


class TestCloudflare(HostBehaviours):
    """Cloudflare keeps one object per value."""


def test_a_proxied_cname_is_no_alias(subject: Subject, engine: Engine) -> None:
    """DNS answers the proxy's addresses, so that a TXT beside it is seen."""
    name = subject.name("proxied")
    engine.create(
        {
            "zoneId": subject.zone.id,
            "name": name,
            "type": "CNAME",
            "ttl": 1,
            "content": "x.example.net",
            "proxied": True,
        }
    )
    assert [one.is_alias for one in subject.at(name)] == [False]
    assert subject.ask(name, "CNAME").values == frozenset()


def test_the_largest_text_that_cloudflare_allows_is_written(subject: Subject) -> None:
    """4080 octets in 16 strings are the 4096 octets of one record (record types reference)."""
    record = RecordSet(subject.name("full"), "TXT", 300, ("f" * 4080,))
    subject.check(record)
    subject.write(record)
    assert [one.content for one in subject.at(record.name)] == ["f" * 4080]

"""dns-lexicon's PowerDNS provider against a real PowerDNS."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mailstack.records import RecordSet
from providers.dns.base import HostError
from providers.dns.lexicon import Lexicon, check_provider

from .name_servers import ZONE, PowerDns, powerdns
from .suite import HostBehaviours, StoreBehaviours, Subject, asker


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerDns]:
    with powerdns(tmp_path_factory.mktemp("powerdns")) as server:
        yield server


@pytest.fixture(scope="module", name="subject")
def _subject(server: PowerDns) -> Subject:
    host = Lexicon("powerdns", {"pdns_server": server.url, "auth_token": server.key})
    zone = host.zone(ZONE)
    api = httpx.Client(base_url=f"{server.url}/api/v1/servers/localhost", headers={"X-API-Key": server.key})

    def plant(name: str, kind: str, text: str) -> None:
        found = api.get(f"/zones/{ZONE}.").json()["rrsets"]
        same = [one for one in found if (one["name"], one["type"]) == (f"{name}.".lower(), kind)]
        standing = [one["content"] for one in same for one in one["records"]]
        contents = [*standing, f'"{text}"' if kind == "TXT" else f"{text}."]
        records = [{"content": content, "disabled": False} for content in contents]
        rrset = {"name": f"{name}.", "type": kind, "ttl": 300, "changetype": "REPLACE", "records": records}
        api.patch(f"/zones/{ZONE}.", json={"rrsets": [rrset]}).raise_for_status()

    return Subject(
        host=host,
        zone=zone,
        write=lambda record: host.put(zone, record, None),
        plant=plant,
        ask=asker(server.port),
        refused=(RecordSet(f"long.{ZONE}", "TXT", 300, ("a" * 66_000,)),),
    )


class TestLexicon(HostBehaviours, StoreBehaviours):
    """The suite, at PowerDNS."""


def test_an_unknown_host_is_answered_with_the_nearest_names() -> None:
    """A misspelt name of a host gets those that it may mean, and where all are."""
    with pytest.raises(HostError, match=r'knows no DNS host "powrdns"; did you mean powerdns'):
        check_provider("powrdns", "mailstack:dns.example.com.provider")


def test_a_wrong_key_is_said_without_it(server: PowerDns) -> None:
    """The host's own refusal is passed on, the options of the login are not."""
    with pytest.raises(HostError, match="401") as refused:
        Lexicon("powerdns", {"pdns_server": server.url, "auth_token": "canary-of-a-key"}).zone(ZONE)
    assert "canary-of-a-key" not in str(refused.value)


def test_a_host_that_is_down_is_one_sentence() -> None:
    """Nothing listens: the sentence names the host and the zone."""
    down = Lexicon("powerdns", {"pdns_server": "http://127.0.0.1:1", "auth_token": "canary-of-a-key"})
    with pytest.raises(HostError, match=rf"powerdns .dns-lexicon. could not log in for {ZONE}") as refused:
        down.zone(ZONE)
    assert "canary-of-a-key" not in str(refused.value)

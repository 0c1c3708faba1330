"""RecordSet and the look-ups over gRPC at a real BIND 9: written, changed, read, imported and deleted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from plugin.resources.record_set import RecordSet
from plugin.writes import Writes
from providers.dns import HOSTS
from tests.providers.hosts.name_servers import ALGORITHM, KEY, ZONE, NameServer, bind
from tests.providers.hosts.suite import Shown, asker
from tests.providers.hosts.test_rfc2136 import planter

from .harness import Served, plain, refusal, serving


def inputs(label: str, *values: str, **more: Any) -> dict[str, Any]:
    """Return the inputs of a TXT record set, or of another type."""
    place = {"host": "rfc2136", "zone": ZONE, "zoneId": ZONE, "name": f"{label}.{ZONE}", "type": "TXT", "ttl": 300}
    return {**place, "values": list(values), "beside": [], **more}


@dataclass
class Plugin:
    """The served plugin, and the name server that it writes to."""

    served: Served
    server: NameServer
    ask: Callable[[str, str], Shown]
    plant: Callable[[str, str, str], None]

    def configure(self, secret: str = "", **change: Any) -> None:
        keys = {"server": "127.0.0.1", "port": self.server.port, "key": KEY, "algorithm": ALGORITHM, **change}
        secrets = {"tsigSecret": secret or self.server.secret}
        self.served.configure({"dns": {ZONE: {"rfc2136": {"keys": keys, "secrets": secrets}}}})


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with bind(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@pytest.fixture(name="plugin")
def _plugin(server: NameServer) -> Iterator[Plugin]:
    with serving(RecordSet(), HOSTS) as served:
        plugin = Plugin(served, server, asker(server.port), planter(server))
        plugin.configure()
        yield plugin


def test_a_record_set_lives_as_the_program_says(plugin: Plugin) -> None:
    """Created, changed and deleted: DNS answers each time what the inputs say."""
    first, second = inputs("life", "one=1", 'say "hi"'), inputs("life", "two=2", ttl=600)
    made = plugin.served.create(first)
    assert made.id == f"rfc2136/{ZONE}/life.{ZONE}/TXT"
    assert plugin.ask(f"life.{ZONE}", "TXT") == Shown(300, frozenset(('say "hi"', "one=1")))
    assert plugin.served.update(first, second) == second
    assert plugin.ask(f"life.{ZONE}", "TXT") == Shown(600, frozenset(("two=2",)))
    plugin.served.delete(second)
    plugin.served.delete(second)
    assert plugin.ask(f"life.{ZONE}", "TXT").values == frozenset()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("MX", ["10 mail.example.net", "20 mail2.example.net"]),
        ("MX", ["0 ."]),
        ("CNAME", ["target.example.net"]),
        ("A", ["192.0.2.1"]),
        ("AAAA", ["2001:db8::1"]),
    ],
)
def test_each_type_is_written_and_found_unchanged(plugin: Plugin, kind: str, values: list[str]) -> None:
    """A refresh of what was written shows no difference."""
    wanted = inputs(f"type-{kind}-{len(values[0])}".lower(), *values, type=kind)
    found = plugin.served.read(plugin.served.create(wanted).id, wanted)
    assert plain(found.properties) == wanted
    assert not plugin.served.diff(plain(found.properties), wanted).diffs


def test_a_preview_writes_nothing(plugin: Plugin) -> None:
    """It says what is known."""
    wanted = inputs("preview", "one=1")
    assert plain(plugin.served.create(wanted, preview=True).properties) == wanted
    assert plugin.ask(f"preview.{ZONE}", "TXT").values == frozenset()


def test_foreign_values_outlive_refresh_change_and_delete(plugin: Plugin) -> None:
    """Only what this stack wrote is changed."""
    ours = inputs("theirs", "ours=1")
    plugin.served.create(ours)
    plugin.plant(f"theirs.{ZONE}", "TXT", "theirs=1")
    state = plain(plugin.served.read("rfc2136", ours).properties)
    assert state == ours
    plugin.served.update(state, inputs("theirs", "ours=2"))
    assert plugin.ask(f"theirs.{ZONE}", "TXT").values == {"ours=2", "theirs=1"}
    plugin.served.delete(inputs("theirs", "ours=2"))
    assert plugin.ask(f"theirs.{ZONE}", "TXT").values == {"theirs=1"}


def test_an_equal_value_of_somebody_else_is_not_taken_over(plugin: Plugin) -> None:
    """It is refused in the preview and in the update, and it can be imported."""
    plugin.plant(f"equal.{ZONE}", "TXT", "one=1")
    wanted = inputs("equal", "one=1")
    sentence = plugin.served.check(wanted)[""]
    assert "To manage it with this stack, run `mailstack adopt`." in sentence
    assert refusal(lambda: plugin.served.create(wanted))[1] == sentence
    found = plugin.served.read(f"rfc2136/{ZONE}/equal.{ZONE}/TXT?value=one%3D1")
    assert (found.id, plain(found.inputs)) == (f"rfc2136/{ZONE}/equal.{ZONE}/TXT", wanted)


def test_an_address_in_another_spelling_is_no_difference(plugin: Plugin) -> None:
    """RFC 5952: 2001:DB8::0001 is 2001:db8::1."""
    wanted = inputs("spelling", "2001:DB8::0001", type="AAAA")
    state = plain(plugin.served.read(plugin.served.create(wanted).id, wanted).properties)
    assert not plugin.served.diff(state, wanted).diffs


def test_a_record_set_that_is_gone_has_a_blank_id(plugin: Plugin) -> None:
    """So the engine drops it from the state and makes it anew."""
    assert plugin.served.read(f"rfc2136/{ZONE}/gone.{ZONE}/TXT", inputs("gone", "one=1")).id == ""


def test_zone_and_records_are_looked_up(plugin: Plugin) -> None:
    """The program asks this in previews."""
    assert (
        plugin.served.invoke("zones", zones={ZONE: ["rfc2136"]}, account=False)["zones"][ZONE]["rfc2136"]["id"] == ZONE
    )
    plugin.served.create(inputs("listed", "one=1"))
    plugin.served.create(inputs("listed", "10 mail.example.net", type="MX"))

    def listed(label: str) -> list[tuple[str, str, float]]:
        given = {"of": "rfc2136", "zone": ZONE, "zoneId": ZONE, "names": [f"{label}.{ZONE}"]}
        found = plugin.served.invoke("existing", **given)["records"]
        return sorted((one["type"], one["content"], one["ttl"]) for one in found)

    assert listed("listed") == [("MX", "10 mail.example.net", 300), ("TXT", "one=1", 300)]
    assert listed("nothing-here") == []


def test_an_error_names_server_and_key_and_never_the_secret(plugin: Plugin) -> None:
    """How the host is reached is no secret although its configuration is one; the TSIG secret is."""
    wrong = "d3Jvbmctc2VjcmV0LWNhbmFyeQ=="
    plugin.configure(wrong)
    _, words, _ = refusal(lambda: plugin.served.create(inputs("secret", "one=1")))
    assert f"127.0.0.1 (port {plugin.server.port})" in words
    assert f"the TSIG key {KEY} ({ALGORITHM}): BADSIG" in words
    assert wrong not in words
    plugin.configure(wrong, key=wrong)  # even where somebody mixes them up
    _, words, _ = refusal(lambda: plugin.served.create(inputs("secret", "one=1")))
    assert wrong not in words


def test_eight_at_once_are_written(plugin: Plugin) -> None:
    """The engine makes resources in parallel, some of them slots of one set."""
    wanted = [inputs(f"many-{number}", f"number={number}") for number in range(40)]
    wanted += [inputs("one-set", f"number={number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(plugin.served.create, wanted))
    assert len({one.id for one in made}) == 41
    assert plugin.ask(f"many-39.{ZONE}", "TXT").values == {"number=39"}
    assert plugin.ask(f"one-set.{ZONE}", "TXT").values == {f"number={number}" for number in range(8)}


def test_a_run_that_is_cancelled_leaves_a_name_server_that_keeps_silent(server: NameServer) -> None:
    """Ctrl-C ends the wait for an answer, and the state keeps what may have been written."""
    ended = threading.Event()
    with (
        serving(RecordSet(), HOSTS, writes=Writes(patience=0.5), end=ended.set) as served,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        plugin = Plugin(served, server, asker(server.port), planter(server))
        plugin.configure(port=silent.getsockname()[1])
        threading.Timer(0.3, served.cancel).start()
        _, words, detail = refusal(lambda: served.create(inputs("cancel", "one=1")))
        assert words == (
            f"rfc2136/{ZONE}/cancel.{ZONE}/TXT: the run was cancelled before the host answered; whether it was done is "
            "not known, and the next run looks first"
        )
        assert plain(detail.properties) == inputs("cancel", "one=1")
        assert ended.wait(5)

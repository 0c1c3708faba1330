"""RecordSet over gRPC at a real BIND 9: written, changed, looked at, imported and deleted; secrets never shown."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mailstack.dns.records import RecordSet as Records
from plugin.resources.record_set import RecordSet
from plugin.server import serve
from plugin.servicer import Servicer
from providers.dns.rfc2136 import Rfc2136
from tests.providers.hosts.name_servers import ALGORITHM, KEY, ZONE, NameServer, bind
from tests.providers.hosts.suite import Shown, asker
from tests.providers.hosts.test_rfc2136 import HOSTED, signed

from .harness import UNKNOWN, plain, refusal, secret, struct

URN = "urn:pulumi:dev::shop::mailstack:index:MailStack$mailstack:index:RecordSet::mail-dmarc-rfc2136"
STANDING = "mailstack:index:getStandingRecords"


def inputs(label: str, *values: str, **more: Any) -> dict[str, Any]:
    """Return the inputs of a TXT record set, or of another type."""
    name = {"host": "rfc2136", "zone": ZONE, "name": f"{label}.{ZONE}", "type": "TXT", "ttl": 300}
    return {**name, "values": list(values), **more}


class Plugin:
    """The served plugin, and the name server that it writes to."""

    def __init__(self, stub: Any, server: NameServer) -> None:
        self.stub, self.server = stub, server
        self.ask = asker(server.port)

    def configure(self, **change: Any) -> None:
        """Name the name server in the configuration, as the program does: JSON text that is secret."""
        reached = {"server": "127.0.0.1", "port": self.server.port, "key": KEY, "algorithm": ALGORITHM}
        reached |= {"secret": self.server.secret, **change}
        self.configure_hosts({ZONE: {"rfc2136": reached}})

    def configure_hosts(self, hosts: Mapping[str, Any]) -> None:
        args = struct({"dnsHosts": secret(json.dumps(hosts))})
        self.stub.Configure(provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))

    def check(self, news: Mapping[str, Any]) -> dict[str, str]:
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=URN, news=struct(news)))
        return {one.property: one.reason for one in answer.failures}

    def create(self, news: Mapping[str, Any], preview: bool = False) -> Any:
        return self.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(news), preview=preview))

    def diff(self, state: Mapping[str, Any], news: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Any:
        request = provider_pb2.DiffRequest(
            id="id", urn=URN, old_inputs=struct(old or state), olds=struct(state), news=struct(news)
        )
        return self.stub.Diff(request)

    def update(self, state: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id="id", urn=URN, old_inputs=struct(state), olds=struct(state), news=struct(news)
        )
        return plain(self.stub.Update(request).properties)

    def read(self, id_: str, state: Mapping[str, Any] | None = None) -> Any:
        known = struct(state or {})
        return self.stub.Read(provider_pb2.ReadRequest(id=id_, urn=URN, inputs=known, properties=known))

    def delete(self, state: Mapping[str, Any]) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id="id", urn=URN, properties=struct(state)))

    def standing(self, label: str, **change: Any) -> list[dict[str, Any]]:
        args = struct({"host": "rfc2136", "zone": ZONE, "name": f"{label}.{ZONE}", **change})
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=STANDING, args=args))
        listed: list[dict[str, Any]] = plain(getattr(answer, "return"))["records"]
        return listed

    def somebody(self) -> Rfc2136:
        """Return another writer."""
        return signed(self.server)


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with bind(tmp_path_factory.mktemp("name-server")) as server:
        yield server


@pytest.fixture(name="plugin")
def _plugin(server: NameServer) -> Iterator[Plugin]:
    kind = RecordSet()
    served, port = serve(Servicer({kind.type: kind}))
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        plugin = Plugin(provider_pb2_grpc.ResourceProviderStub(channel), server)
        plugin.configure()
        yield plugin
    finally:
        channel.close()
        served.stop(0)


def test_a_record_set_lives_as_the_program_says(plugin: Plugin) -> None:
    """Created, changed and deleted: DNS answers each time what the inputs say."""
    first, second = inputs("life", "one=1", 'say "hi"'), inputs("life", "two=2", ttl=600)
    made = plugin.create(first)
    assert made.id == f"rfc2136/{ZONE}/life.{ZONE}/TXT"
    assert plain(made.properties) == first
    assert plugin.ask(f"life.{ZONE}", "TXT") == Shown(300, frozenset(('say "hi"', "one=1")))
    assert plugin.update(first, second) == second
    assert plugin.ask(f"life.{ZONE}", "TXT") == Shown(600, frozenset(("two=2",)))
    plugin.delete(second)
    plugin.delete(second)
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
    id_ = plugin.create(wanted).id
    found = plugin.read(id_, wanted)
    assert plain(found.properties) == wanted
    assert not plugin.diff(plain(found.properties), wanted).diffs


def test_a_preview_writes_nothing(plugin: Plugin) -> None:
    """It says what is known."""
    wanted = inputs("preview", "one=1")
    assert plain(plugin.create(wanted, preview=True).properties) == wanted
    assert plugin.ask(f"preview.{ZONE}", "TXT").values == frozenset()


def test_a_create_whose_answer_was_lost_is_made_again_without_complaint(plugin: Plugin) -> None:
    """Where the very values stand already, that is what was wanted."""
    wanted = inputs("twice", "one=1")
    assert plugin.create(wanted).id == plugin.create(wanted).id


def test_what_somebody_else_wrote_is_left(plugin: Plugin) -> None:
    """Create, update and delete are refused where the record set is not the one that the state knows."""
    theirs = Records(f"theirs.{ZONE}", "TXT", 300, ("theirs=1",))
    plugin.somebody().put(HOSTED, theirs, None)
    ours = inputs("theirs", "ours=1")
    for call in (
        lambda: plugin.create(ours),
        lambda: plugin.update(ours, inputs("theirs", "ours=2")),
        lambda: plugin.delete(ours),
    ):
        code, words, _ = refusal(call)
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert f"TXT theirs.{ZONE}: 'TXT theirs=1' stands there, which is not what this stack wrote" in words
    assert plugin.ask(theirs.name, "TXT").values == {"theirs=1"}


def test_a_refresh_shows_what_others_changed_and_the_next_update_puts_it_right(plugin: Plugin) -> None:
    """Values and TTL are read as they stand; the update then knows what it overwrites."""
    wanted = inputs("drift", "one=1", "two=2")
    id_ = plugin.create(wanted).id
    written, changed = (Records(f"drift.{ZONE}", "TXT", *rest) for rest in ((300, ("one=1", "two=2")), (60, ("x=1",))))
    plugin.somebody().put(HOSTED, changed, written)
    state = plain(plugin.read(id_, wanted).properties)
    assert (state["ttl"], state["values"]) == (60, ["x=1"])
    difference = plugin.diff(state, wanted, old=wanted)
    assert sorted(difference.diffs) == ["ttl", "values"]
    # An output's difference: the engine then shows what stands, not what the program wrote before.
    assert not any(one.inputDiff for one in difference.detailedDiff.values())
    assert not difference.replaces
    plugin.update(state, wanted)
    assert plugin.ask(written.name, "TXT") == Shown(300, frozenset(("one=1", "two=2")))


def test_the_order_of_values_is_no_difference(plugin: Plugin) -> None:
    """A record set has none (RFC 2181 section 5)."""
    wanted = inputs("order", *(f"value={number}" for number in range(9)))
    id_ = plugin.create(wanted).id
    assert plain(plugin.read(id_, wanted).properties) == wanted
    assert not plugin.diff(wanted, {**wanted, "values": wanted["values"][::-1]}).diffs


def test_an_address_in_another_spelling_is_no_difference(plugin: Plugin) -> None:
    """RFC 5952: 2001:DB8::0001 is 2001:db8::1."""
    wanted = inputs("spelling", "2001:DB8::0001", type="AAAA")
    state = plain(plugin.read(plugin.create(wanted).id, wanted).properties)
    assert not plugin.diff(state, wanted).diffs


def test_a_record_set_that_is_gone_has_a_blank_id(plugin: Plugin) -> None:
    """So the engine drops it from the state and makes it anew."""
    assert plugin.read(f"rfc2136/{ZONE}/gone.{ZONE}/TXT", inputs("gone", "one=1")).id == ""


def test_a_record_set_is_imported_by_its_id(plugin: Plugin) -> None:
    """The inputs come from what stands there."""
    wanted = inputs("import", "one=1", ttl=1800)
    id_ = plugin.create(wanted).id
    found = plugin.read(id_)
    assert (found.id, plain(found.inputs), plain(found.properties)) == (id_, wanted, wanted)


@pytest.mark.parametrize("id_", ["example.com/TXT", f"nobody/{ZONE}/a.{ZONE}/TXT", f"rfc2136/{ZONE}/a.{ZONE}/TXT/x"])
def test_a_wrong_id_is_explained(plugin: Plugin, id_: str) -> None:
    """The sentence shows the form of an id."""
    _, words, _ = refusal(lambda: plugin.read(id_))
    assert f'"{id_}" is not the id of a RecordSet; its form is <host>/<zone>/<name>/<type>' in words


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        ({"host": "bind"}, "host", '"bind" was given; use rfc2136 or lexicon'),
        ({"type": "SRV"}, "values", 'unknown type "SRV"'),
        ({"values": []}, "values", "no value; give at least one"),
        ({"values": ["grün"]}, "values", "is not printable ASCII"),
        ({"type": "MX", "values": ["mail.example.net"]}, "values", "write its preference and its host"),
        ({"name": "a.example.net"}, "values", "a.example.net is not in the zone example.com"),
        ({"ttl": 5}, "values", "a TTL is 1 (automatic) or 30 to"),
        ({"ttl": "long"}, "ttl", "'long' was given; give whole seconds"),
        ({"values": "one=1"}, "values", "'one=1' was given; give a list of text"),
        ({"comment": "x"}, "comment", "not an input of RecordSet"),
    ],
)
def test_a_wrong_input_is_refused_in_a_preview(plugin: Plugin, change: dict[str, Any], key: str, sentence: str) -> None:
    """One sentence at its input."""
    [(at, reason)] = plugin.check({**inputs("check", "one=1"), **change}).items()
    assert at == key
    assert sentence in reason


def test_unknown_inputs_are_passed_and_missing_ones_are_not(plugin: Plugin) -> None:
    """A DKIM name is not known before the identity is made."""
    wanted = inputs("check", "one=1")
    assert plugin.check({**wanted, "name": UNKNOWN}) == {}
    assert plugin.check({**wanted, "values": [UNKNOWN]}) == {}
    assert set(plugin.check({"host": "rfc2136"})) == {"zone", "name", "type", "ttl", "values"}


def test_another_place_is_another_record_set(plugin: Plugin) -> None:
    """Host, zone, name and type replace; values and TTL do not."""
    wanted = inputs("place", "one=1")
    news = {"host": "lexicon", "zone": "example.net", "name": f"other.{ZONE}", "type": "MX"}
    assert sorted(plugin.diff(wanted, {**wanted, **news}).replaces) == sorted(news)
    assert not plugin.diff(wanted, {**wanted, "ttl": 600, "values": ["two=2"]}).replaces


def test_what_stands_at_a_name_is_listed(plugin: Plugin) -> None:
    """The program's check for what stands there asks this in previews."""
    plugin.create(inputs("listed", "one=1"))
    plugin.create(inputs("listed", "10 mail.example.net", type="MX"))
    assert sorted(plugin.standing("listed"), key=lambda one: str(one["type"])) == [
        {"name": f"listed.{ZONE}", "type": "MX", "ttl": 300, "content": "10 mail.example.net"},
        {"name": f"listed.{ZONE}", "type": "TXT", "ttl": 300, "content": "one=1"},
    ]
    assert plugin.standing("nothing-here") == []


def test_a_zone_that_the_configuration_does_not_name_is_explained(plugin: Plugin) -> None:
    """The sentence names the zones that are configured."""
    _, words, _ = refusal(lambda: plugin.standing("a", zone="example.net"))
    assert f"names no host rfc2136 for the zone example.net; it names: {ZONE} (rfc2136)" in words


def test_a_function_without_its_arguments_is_explained(plugin: Plugin) -> None:
    """No mistake of the caller is a mistake of the plugin."""
    request = provider_pb2.InvokeRequest(tok=STANDING, args=struct({"host": "rfc2136"}))
    code, words, _ = refusal(lambda: plugin.stub.Invoke(request))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "getStandingRecords needs host, zone and name" in words


def test_an_error_names_server_and_key_and_never_the_secret(plugin: Plugin) -> None:
    """How the host is reached is no secret although its configuration is one; the TSIG secret is."""
    wrong = "d3Jvbmctc2VjcmV0LWNhbmFyeQ=="
    plugin.configure(secret=wrong)
    _, words, _ = refusal(lambda: plugin.create(inputs("secret", "one=1")))
    assert f"the name server 127.0.0.1 (port {plugin.server.port}) refused" in words
    assert f"the TSIG key {KEY} ({ALGORITHM}): BADSIG" in words
    assert wrong not in words
    plugin.configure(key=wrong, secret=wrong)  # even where somebody mixes them up
    _, words, _ = refusal(lambda: plugin.create(inputs("secret", "one=1")))
    assert wrong not in words


def test_eight_at_once_are_written(plugin: Plugin) -> None:
    """The engine makes resources in parallel."""
    wanted = [inputs(f"many-{number}", f"number={number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(plugin.create, wanted))
    assert len({one.id for one in made}) == 40
    assert plugin.ask(f"many-39.{ZONE}", "TXT").values == {"number=39"}


def test_a_run_that_is_cancelled_leaves_a_name_server_that_keeps_silent(plugin: Plugin) -> None:
    """Ctrl-C ends the wait for an answer, and the sentence says what is not known."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        plugin.configure(port=silent.getsockname()[1])
        threading.Timer(0.3, lambda: plugin.stub.Cancel(empty_pb2.Empty())).start()
        _, words, _ = refusal(lambda: plugin.create(inputs("cancel", "one=1")))
    assert words == (
        f"rfc2136/{ZONE}/cancel.{ZONE}/TXT: the run was cancelled before the host answered; whether it was written is "
        "not known, and the next `pulumi up` looks first"
    )


def test_the_schema_describes_type_function_and_configuration(plugin: Plugin) -> None:
    """Pulumi's tools and importers read it."""
    schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    kind = schema["resources"]["mailstack:index:RecordSet"]
    assert kind["requiredInputs"] == ["host", "zone", "name", "type", "ttl", "values"]
    assert schema["functions"][STANDING]["inputs"]["required"] == ["host", "zone", "name"]
    assert schema["config"]["variables"]["dnsHosts"]["secret"] is True

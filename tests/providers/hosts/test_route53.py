"""Route 53 as the sandbox plays it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sandbox
from mailstack.dns.changes import Change
from mailstack.dns.records import RecordSet
from mailstack.errors import Conflict, Refused, Unanswered
from providers.aws import FIRST_REGION, AwsAccount
from providers.dns import route53, route53_batches
from providers.dns.base import Access, HostedZone, RecordWriter

from .lines import http_line
from .suite import HostBehaviours, Line, Subject, asker, texts, writer
from .writer_suite import GuardedBehaviours, WriterBehaviours

ZONE = "example.org"  # the sandbox also holds a private zone of this name


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    directory: Path = tmp_path_factory.mktemp("route53")
    info = sandbox.start(directory)
    patch = pytest.MonkeyPatch()
    environment = sandbox.environment(directory)
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        patch.setenv(name, environment[name])
    patch.delenv("AWS_PROFILE", raising=False)
    patch.delenv("AWS_SESSION_TOKEN", raising=False)
    yield {**environment, "dns": str(info["ports"]["dns"])}
    patch.undo()
    sandbox.stop(directory)


def at(endpoint: str) -> route53.Route53:
    """Return the client that asks an endpoint."""
    return route53.Route53(Access(aws=AwsAccount(endpoints={"route53": endpoint})))


@pytest.fixture(scope="module")
def subject(world: dict[str, str]) -> Subject:
    client = at(world["AWS_ENDPOINT_URL"])
    [zone] = client.zones([ZONE])
    api = AwsAccount().client("route53", FIRST_REGION)

    def plant(name: str, kind: str, text: str) -> None:
        there = [one for one in client._sets_at(zone, name.lower()) if one["Type"] == kind]
        value = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if kind == "TXT" else text
        values = [one for found in there for one in found["ResourceRecords"]] + [{"Value": value}]
        record: dict[str, Any] = {"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": values}
        batch: Any = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        api.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)

    @contextmanager
    def over(line: Line) -> Iterator[RecordWriter]:
        with http_line(world["AWS_ENDPOINT_URL"], line, _changes) as url:
            yield at(url)

    return Subject(
        client=client,
        zone=zone,
        check=route53.check,
        write=writer(client, zone),
        plant=plant,
        ask=asker(int(world["dns"])),
        # ResourceRecord in the API reference: a value has at most 4,000 characters.
        refused=(RecordSet(f"big.{ZONE}", "TXT", 300, ("a" * 4001,)),),
        over=over,
    )


def _changes(method: str, path: str, body: bytes) -> bool:
    return method == "POST" and b"ChangeResourceRecordSets" in body


class TestRoute53(HostBehaviours, WriterBehaviours, GuardedBehaviours):
    """Route 53 keeps one record set per name and type."""


def test_writes_in_flight_together_are_one_batch(subject: Subject, world: dict[str, str]) -> None:
    """A zone takes one batch at a time: callers within the window share it, and one INSYNC."""
    line, names = Line(), [subject.name("batch") for _ in range(5)]
    together = threading.Barrier(len(names))
    with http_line(world["AWS_ENDPOINT_URL"], line, _changes) as url:
        client = at(url)
        looked = client._sets_at

        def looked_together(zone: HostedZone, name: str) -> Any:
            found = looked(zone, name)
            together.wait(10)
            return found

        client._sets_at = looked_together  # type: ignore[method-assign]
        writers = [
            threading.Thread(target=client.write, args=(subject.zone, texts(name, [], ["ours=1"]))) for name in names
        ]
        for one in writers:
            one.start()
        for one in writers:
            one.join(30)
    assert line.writes == 1
    assert [subject.texts(name) for name in names] == [{"ours=1"}] * 5


def test_one_refusal_in_a_batch_is_its_own(subject: Subject) -> None:
    """A batch is refused as a whole; repeated call by call, all others are made."""
    sent: list[int] = []

    def send(changes: route53_batches.Changes) -> None:
        sent.append(len(changes))
        if any(one.get("bad") for one in changes):
            raise route53_batches.RefusedBatch("no")

    batches = route53_batches.Batches(send)
    results: dict[str, Exception | None] = {}

    def run(key: str, bad: bool) -> None:
        try:
            batches.run([{"ResourceRecordSet": {}, "bad": bad}])
            results[key] = None
        except route53_batches.RefusedBatch as error:
            results[key] = error

    threads = [threading.Thread(target=run, args=(str(number), number == 1)) for number in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(5)
    assert sent == [3, 1, 1, 1]
    assert {key: str(error) for key, error in results.items() if error} == {"1": "no"}


def test_a_batch_has_at_most_32000_characters_of_values() -> None:
    """What does not fit into one request goes into the next (ChangeResourceRecordSets, Limits)."""
    sent: list[int] = []
    batches = route53_batches.Batches(lambda changes: sent.append(len(changes)))
    change = {"ResourceRecordSet": {"ResourceRecords": [{"Value": "a" * 4000}]}}
    threads = [threading.Thread(target=batches.run, args=([change],)) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(5)
    assert sent == [8, 2]


def test_a_refusal_that_is_not_for_the_condition_is_told_in_its_words(subject: Subject) -> None:
    """A text over the limit is not tried three times as if the set had changed."""
    name = subject.name("long")
    with pytest.raises(Refused, match=r"Route 53 refused a change in the hosted zone .*4000"):
        subject.change(texts(name, [], ["a" * 4001]))


def test_a_weighted_set_is_left_alone(subject: Subject) -> None:
    """No plain value fits beside it, and none of its values is removed."""
    name, api = subject.name("weighted"), AwsAccount().client("route53", FIRST_REGION)
    record: dict[str, Any] = {"Name": name, "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": '"one"'}]}
    change: Any = {"Action": "CREATE", "ResourceRecordSet": {**record, "SetIdentifier": "blue", "Weight": 1}}
    api.change_resource_record_sets(HostedZoneId=subject.zone.id, ChangeBatch={"Changes": [change]})
    for wanted in (texts(name, [], ["two"]), texts(name, ["one"], [])):
        with pytest.raises(Conflict, match=r"cannot be changed there: it is one of several with a routing policy"):
            subject.change(wanted)
    assert [one.content for one in subject.at(name)] == ["one"]


def test_a_write_whose_answer_never_comes_says_that_it_may_be_done(subject: Subject, world: dict[str, str]) -> None:
    """The write was handled, and neither its answer nor a look comes through: nobody may guess."""
    name, dead = subject.name("dead"), threading.Event()
    line = Line(before=dead.set, lost=99)

    def cut(method: str, path: str, body: bytes) -> bool:
        return dead.is_set() or _changes(method, path, body)

    with http_line(world["AWS_ENDPOINT_URL"], line, cut) as url, pytest.raises(Unanswered, match="not known whether"):
        at(url).write(subject.zone, texts(name, [], ["ours=1"]))
    assert subject.texts(name) == {"ours=1"}


def test_the_wait_for_all_name_servers_ends_with_the_run(world: dict[str, str], subject: Subject) -> None:
    """A change that stays PENDING is waited for, but not once the run is cancelled; it is made all the same."""
    cancelled = threading.Event()
    client = route53.Route53(Access(aws=AwsAccount(), cancelled=cancelled))
    api, asked = client._api, []
    api.meta.events.register(
        "after-call.route53.ChangeResourceRecordSets", lambda parsed, **_: parsed["ChangeInfo"].update(Status="PENDING")
    )

    def pending(parsed: Any, **_: Any) -> None:
        parsed["ChangeInfo"]["Status"] = "PENDING"
        asked.append(1)
        cancelled.set()

    api.meta.events.register("after-call.route53.GetChange", pending)
    name = subject.name("pending")
    client.write(subject.zone, Change(name, "TXT", (), ("ours=1",), None, 300))
    assert asked == [1]
    assert subject.texts(name) == {"ours=1"}

"""What RecordSet keeps of a write that did not end well: a lost answer, a refusal, a cancelled run."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from mailstack.errors import Unanswered, VendorError
from plugin.resources.record_set import RecordSet
from plugin.writes import Writes

from .fakes import FakeHost, table
from .harness import Served, plain, refusal, serving
from .record_sets import ID, inputs


def _lost(host: FakeHost, before: bool) -> None:
    """Lose the answer to one write: the request before it was handled, or the answer after."""

    def lose(step: str) -> None:
        if step == ("write" if before else "written"):
            host.meanwhile = lambda step: None
            raise Unanswered("Fake DNS did not answer: connection reset")

    host.meanwhile = lose


@pytest.mark.parametrize("before", [True, False])
def test_a_create_whose_answer_was_lost_is_kept_and_finished(plugin: Served, host: FakeHost, before: bool) -> None:
    """The state holds the id and the values, and the next update looks before it writes."""
    wanted = inputs("one=1")
    _lost(host, before)
    _, words, detail = refusal(lambda: plugin.create(wanted))
    assert words == (
        f"{ID}: Fake DNS did not answer: connection reset; whether it was done is not known, and the next run looks "
        "first"
    )
    assert detail.id == ID
    assert plain(detail.properties) == wanted
    assert plain(detail.inputs) == wanted
    plugin.update(plain(detail.properties), wanted)
    assert host.values("a.example.com") == {"one=1": 300}
    plugin.delete(wanted)
    assert host.values("a.example.com") == {}


@pytest.mark.parametrize("before", [True, False])
def test_an_update_whose_answer_was_lost_is_finished(plugin: Served, host: FakeHost, before: bool) -> None:
    """Both the old and the new values may be ours; a foreign one beside them stays."""
    old, new = inputs("one=1"), inputs("two=2")
    host.plant("a.example.com", "TXT", "theirs=1")
    plugin.create(old)
    _lost(host, before)
    _, _, detail = refusal(lambda: plugin.update(old, new))
    state = plain(detail.properties)
    assert state["values"] == ["one=1", "two=2"]
    assert plugin.update(state, new) == new
    assert set(host.values("a.example.com")) == {"theirs=1", "two=2"}


def test_an_update_whose_answer_was_lost_is_right_after_a_refresh_too(plugin: Served, host: FakeHost) -> None:
    """What exists of both is ours."""
    old, new = inputs("one=1"), inputs("two=2")
    plugin.create(old)
    _lost(host, before=False)
    _, _, detail = refusal(lambda: plugin.update(old, new))
    state = plain(plugin.read(ID, new, plain(detail.properties)).properties)
    assert state == new
    assert not plugin.diff(state, new).diffs


def test_a_delete_whose_answer_was_lost_is_made_again(plugin: Served, host: FakeHost) -> None:
    """What is gone already is no mistake."""
    wanted = inputs("one=1")
    plugin.create(wanted)
    _lost(host, before=False)
    code, words, detail = refusal(lambda: plugin.delete(wanted))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert words.startswith(f"{ID}: Fake DNS did not answer: connection reset; whether it was done is not known")
    assert detail is None
    plugin.delete(wanted)
    assert host.values("a.example.com") == {}


def test_a_write_that_the_host_refuses_keeps_no_state(plugin: Served, host: FakeHost) -> None:
    """Nothing was made."""

    def refuse(step: str) -> None:
        raise VendorError("Fake DNS: quota exceeded")

    host.meanwhile = refuse
    code, words, detail = refusal(lambda: plugin.create(inputs("one=1")))
    assert (code, words, detail) == (grpc.StatusCode.FAILED_PRECONDITION, "Fake DNS: quota exceeded", None)


# Cancel.


def _slow(host: FakeHost, seconds: float) -> threading.Event:
    """Have a write take some time; the event is set when it begins."""
    began = threading.Event()

    def slow(step: str) -> None:
        if step == "write":
            began.set()
            time.sleep(seconds)

    host.meanwhile = slow
    return began


def test_a_write_that_has_begun_is_finished_before_cancel_is_answered(plugin: Served, host: FakeHost) -> None:
    """Nothing is written afterwards."""
    began = _slow(host, 0.3)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(plugin.create, inputs("one=1"))
        began.wait(5)
        plugin.cancel()
        assert host.values("a.example.com") == {"one=1": 300}
        assert made.result(5).id == ID


def test_a_write_that_does_not_end_is_reported_and_ends_with_the_process(host: FakeHost) -> None:
    """The state keeps what may have been written, and the process is not left to write on."""
    began, ended = _slow(host, 1.5), threading.Event()
    with (
        serving(RecordSet(), table(host), writes=Writes(patience=0.2), end=ended.set) as plugin,
        ThreadPoolExecutor(1) as pool,
    ):
        made = pool.submit(refusal, lambda: plugin.create(inputs("one=1")))
        began.wait(5)
        plugin.cancel()
        assert ended.is_set()
        _, words, detail = made.result(5)
        assert words == (
            f"{ID}: the run was cancelled before the host answered; whether it was done is not known, and the next run "
            "looks first"
        )
        assert plain(detail.properties) == inputs("one=1")


def test_what_had_not_begun_when_the_run_was_cancelled_is_not_written(plugin: Served, host: FakeHost) -> None:
    """A second write of the same slot waits for the first; Cancel ends its wait."""
    began, go = threading.Event(), threading.Event()

    def held(step: str) -> None:
        if step == "write":
            began.set()
            go.wait(5)

    host.meanwhile = held
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(plugin.create, inputs("one=1", beside=["two=2"]))
        began.wait(5)
        second = pool.submit(refusal, lambda: plugin.create(inputs("two=2", beside=["one=1"])))
        ending = pool.submit(plugin.cancel)
        assert second.result(5)[1] == f"{ID}: the run was cancelled before anything was written; nothing was changed"
        go.set()
        assert first.result(5).id == ID
        ending.result(5)
    assert refusal(lambda: plugin.create(inputs("three=3")))[1].endswith("nothing was changed")
    assert host.values("a.example.com") == {"one=1": 300}
    plugin.configure()
    plugin.create(inputs("three=3", beside=["one=1"]))
    assert set(host.values("a.example.com")) == {"one=1", "three=3"}


def test_writes_of_one_set_come_one_after_another_and_others_at_once(plugin: Served, host: FakeHost) -> None:
    """A host that keeps record sets would refuse the second of two changes that saw the same set."""
    running: dict[str, int] = {"now": 0, "most": 0}
    lock = threading.Lock()

    def count(step: str) -> None:
        with lock:
            running["now"] += {"write": 1, "written": -1}.get(step, 0)
            running["most"] = max(running["most"], running["now"])
        if step == "write":
            time.sleep(0.05)

    host.meanwhile = count
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(plugin.create, [inputs(f"number={number}") for number in range(8)]))
        assert running["most"] == 1
        list(pool.map(plugin.create, [inputs("one=1", name=f"n{number}.example.com") for number in range(8)]))
    assert running["most"] > 1
    assert len(host.values("a.example.com")) == 8

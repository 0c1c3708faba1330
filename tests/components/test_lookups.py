"""Look-ups through the plugin: what is asked, by whom, and what becomes of a failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime import settings
from pulumi.runtime.proto import resource_pb2_grpc

from components import lookups
from components.lookups import EXISTING, ZONES, Lookups
from components.resources import MailstackProvider
from mailstack.errors import VendorError

from .mocks import Recorder, Refused


@pytest.fixture(name="silent_engine")
def _silent_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put an engine in place that takes look-ups and does not answer."""
    over = threading.Event()

    class Silent(resource_pb2_grpc.ResourceMonitorServicer):
        def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
            over.wait()

    server = grpc.server(ThreadPoolExecutor(1))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(Silent(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        monkeypatch.setattr(settings, "get_monitor", lambda: resource_pb2_grpc.ResourceMonitorStub(channel))
        yield
    over.set()
    server.stop(None).wait()


@pytest.mark.usefixtures("silent_engine")
def test_a_look_up_in_a_hook_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that waits for ever would hang the run; it ends with a sentence."""
    monkeypatch.setattr(lookups, "_PATIENCE", 0.2)

    async def known(text: str) -> str:
        return text

    plugin: Any = SimpleNamespace(
        urn=SimpleNamespace(future=lambda: known("urn")), id=SimpleNamespace(future=lambda: known("id"))
    )
    with pytest.raises(VendorError, match="no answer in 0 s; run it again"):
        asyncio.run(Lookups(plugin).existing(of="cloudflare"))


def asking(question: Callable[[Lookups], Any], handlers: dict[str, Any], *, preview: bool = False) -> tuple[Any, Any]:
    """Run a program that asks one question; return the answer and the recorder."""
    recorder = Recorder.install()
    recorder.handlers |= handlers

    def program() -> Any:
        return question(Lookups(MailstackProvider("plugin", "{}", pulumi.ResourceOptions())))

    return recorder.run(program, preview=preview), recorder


QUESTIONS: list[tuple[Callable[[Lookups], Any], str]] = [
    (lambda asked: asked.zones({"example.com": ["route53"]}, account=True), ZONES),
    (lambda asked: asked.identity("example.com", "eu-west-1"), EXISTING),
    (lambda asked: asked.existing(of="route53", zone="example.com", names=["a.example.com"], fresh=True), EXISTING),
]


@pytest.mark.parametrize(("question", "token"), QUESTIONS)
def test_every_look_up_asks_the_plugins_provider(question: Callable[[Lookups], Any], token: str) -> None:
    """By its reference, so that the engine uses its credentials, and starts no default one."""
    _, recorder = asking(question, {})
    [asked] = recorder.invokes
    assert (asked.tok, asked.provider) == (
        token,
        "urn:pulumi:prod::mailstack::pulumi:pulumi:Stack$pulumi:providers:mailstack::plugin::plugin-id",
    )


@pytest.mark.parametrize(("question", "token"), QUESTIONS)
def test_a_failure_is_the_plugins_sentence_and_nothing_else(question: Callable[[Lookups], Any], token: str) -> None:
    """What the engine and the SDK put around it does not help anybody."""

    def fails(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("Cloudflare refused GET /zones: Unauthorized (9109)")

    with pytest.raises(VendorError) as refused:
        asking(question, {token: fails})
    assert str(refused.value) == "Cloudflare refused GET /zones: Unauthorized (9109)"


def test_the_words_around_a_failure_are_taken_away() -> None:
    """The forms in which the engine and the SDK (3.220, 3.272) wrap a plugin's words."""
    words = "Cloudflare shows no zone example.com"
    for text in (
        f"invoke of {ZONES} failed: {words} ()",
        f"invocation of {ZONES} returned an error: invoking {ZONES}: {words}",
        f"{words}\n",
    ):
        assert lookups._words(text, ZONES) == words


@pytest.mark.parametrize(("answer", "possible"), [({}, False), ({"zones": {}}, True)])
def test_an_answer_without_anything_is_that_of_a_provider_without_credentials(
    answer: dict[str, Any], possible: bool
) -> None:
    """The engine gives it in a preview that does not know them yet; the plugin always answers with zones."""
    made: list[Lookups] = []

    def question(asked: Lookups) -> Any:
        made.append(asked)
        return asked.zones({}, account=True)

    asking(question, {ZONES: lambda _: answer}, preview=True)
    assert made[0].are_possible is possible

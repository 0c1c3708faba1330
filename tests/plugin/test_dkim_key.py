"""DkimKey over gRPC: a key pair is made, published, superseded, revoked after its grace, and never shown."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from plugin.resources.dkim_key import DkimKey
from plugin.server import serve
from plugin.servicer import Servicer

from .harness import MARK, SECRET, UNKNOWN, plain, refusal, secret, struct

URN = "urn:pulumi:dev::shop::mailstack:dkim:DkimKeys$mailstack:index:DkimKey::mail-mailstack-1"
INPUTS: dict[str, Any] = {
    "domain": "notify.example.com",
    "selector": "mailstack-1",
    "algorithm": "rsa",
    "bits": 2048,
    "superseded": False,
    "graceDays": 7,
}
OLD = {"superseded": True}
REVOKED = "v=DKIM1; p="  # RFC 6376 section 3.6.1
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Keys:
    """The served type and the day that it sees."""

    def __init__(self, stub: Any) -> None:
        self.stub, self.now = stub, START

    def check(self, **news: Any) -> dict[str, str]:
        given = struct({**INPUTS, **news})
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=URN, news=given))
        return {one.property: one.reason for one in answer.failures}

    def create(self, preview: bool = False, **inputs: Any) -> Any:
        properties = struct({**INPUTS, **inputs})
        return self.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties, preview=preview))

    def made(self, **inputs: Any) -> dict[str, Any]:
        """Return the properties of a new key as the engine stores them, marks and all."""
        return plain(self.create(**inputs).properties)

    def diff(self, state: Mapping[str, Any], **news: Any) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id="id",
                urn=URN,
                old_inputs=struct(inputs_of(state)),
                olds=struct(state),
                news=struct(wanted(state, news)),
            )
        )

    def update(self, state: Mapping[str, Any], **news: Any) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id="id", urn=URN, old_inputs=struct(inputs_of(state)), olds=struct(state), news=struct(wanted(state, news))
        )
        return plain(self.stub.Update(request).properties)

    def read(self, id_: str, state: Mapping[str, Any]) -> Any:
        request = provider_pb2.ReadRequest(id=id_, urn=URN, inputs=struct(inputs_of(state)), properties=struct(state))
        return self.stub.Read(request)


def inputs_of(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: state[key] for key in INPUTS if key in state}


def wanted(state: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    return {**inputs_of(state), **news}


def private_half(state: Mapping[str, Any]) -> Any:
    """Return the private key of a state, which must be marked as secret."""
    assert state["privateKey"][MARK] == SECRET
    return load_der_private_key(base64.b64decode(state["privateKey"]["value"], validate=True), password=None)


@pytest.fixture(name="keys")
def _keys() -> Iterator[Keys]:
    kind = DkimKey(lambda: keys.now)
    server, port = serve(Servicer({kind.type: kind}))
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    keys = Keys(provider_pb2_grpc.ResourceProviderStub(channel))
    try:
        keys.stub.Configure(provider_pb2.ConfigureRequest(args=struct({}), acceptSecrets=True))
        yield keys
    finally:
        channel.close()
        server.stop(0)


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_rsa_key_is_made_whose_record_holds_its_public_half(keys: Keys, bits: int) -> None:
    """The private half is PKCS #8 as SES takes it, the record the SubjectPublicKeyInfo that verifiers read."""
    state = keys.made(bits=bits)
    private = private_half(state)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == bits
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert state["record"] == f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    assert state["record"].endswith(state["publicKey"])


def test_an_ed25519_key_is_published_bare(keys: Keys) -> None:
    """RFC 8463 section 4: p= holds the 32 octets of the key."""
    state = keys.made(algorithm="ed25519")
    private = private_half(state)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    bare = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    assert state["record"] == f"v=DKIM1; k=ed25519; p={bare}"


def test_two_keys_are_never_the_same(keys: Keys) -> None:
    """Each one is made anew."""
    assert keys.made(bits=1024)["publicKey"] != keys.made(bits=1024)["publicKey"]


def test_the_id_is_where_the_record_stands(keys: Keys) -> None:
    """RFC 6376 section 3.6.2.1."""
    assert keys.create(bits=1024).id == "mailstack-1._domainkey.notify.example.com"


def test_a_preview_makes_no_key(keys: Keys) -> None:
    """What is not known yet is unknown."""
    state = plain(keys.create(preview=True).properties)
    assert {state[key] for key in ("privateKey", "publicKey", "record")} == {UNKNOWN}


def test_an_unchanged_key_is_no_difference_however_old(keys: Keys) -> None:
    """A key that signs has no end."""
    state = keys.made(bits=1024)
    keys.now += timedelta(days=4000)
    assert not keys.diff(state).diffs


def test_a_superseded_key_stays_published_and_is_revoked_after_its_grace(keys: Keys) -> None:
    """Superseding notes the time; the day the grace is over is a difference, whose update revokes the record."""
    live = keys.made(bits=1024)
    assert list(keys.diff(live, **OLD).diffs) == ["superseded"]
    old = keys.update(live, **OLD)
    assert (old["record"], old["supersededAt"]) == (live["record"], "2026-03-01T12:00:00+00:00")
    keys.now += timedelta(days=7, seconds=-1)
    assert not keys.diff(old).diffs
    keys.now += timedelta(seconds=1)
    answer = keys.diff(old)
    assert list(answer.diffs) == ["record"]
    assert not answer.detailedDiff["record"].inputDiff
    assert not answer.replaces
    revoked = keys.update(old)
    assert (revoked["record"], revoked["supersededAt"]) == (REVOKED, old["supersededAt"])
    assert not keys.diff(revoked).diffs


def test_no_grace_revokes_in_the_next_update_not_in_the_one_that_supersedes(keys: Keys) -> None:
    """The update that supersedes may run before the provider is switched or fail in its middle."""
    live = keys.made(bits=1024)
    old = keys.update(live, superseded=True, graceDays=0)
    assert old["record"] == live["record"]
    assert list(keys.diff(old).diffs) == ["record"]
    assert keys.update(old)["record"] == REVOKED


def test_a_grace_that_is_made_shorter_counts_from_the_supersession(keys: Keys) -> None:
    """An update of graceDays revokes at once where the new grace is over already."""
    old = keys.update(keys.made(bits=1024), **OLD)
    keys.now += timedelta(days=2)
    assert keys.update(old, graceDays=3)["record"] == old["record"]
    assert keys.update(old, graceDays=1)["record"] == REVOKED


def test_a_revoked_record_stays_revoked_when_the_grace_is_made_longer(keys: Keys) -> None:
    """RFC 6376 section 3.6.1: what was revoked is not to come back by the way."""
    old = keys.update(keys.made(bits=1024), superseded=True, graceDays=0)
    revoked = keys.update(old)
    assert keys.update(revoked, graceDays=30)["record"] == REVOKED


def test_a_key_that_comes_back_is_published_as_it_was(keys: Keys) -> None:
    """A rotation that is taken back signs with the same key again."""
    live = keys.made(bits=1024)
    revoked = keys.update(keys.update(live, superseded=True, graceDays=0))
    back = keys.update(revoked, superseded=False)
    assert back["record"] == live["record"]
    assert back["privateKey"] == live["privateKey"]
    assert "supersededAt" not in back


def test_a_key_that_is_superseded_from_the_start_is_published_as_revoked(keys: Keys) -> None:
    """A stack that begins with generation 2 has nothing that the first key ever signed; no key is made for it."""
    state = keys.made(**OLD)
    assert state["record"] == REVOKED
    assert "privateKey" not in state
    assert not keys.diff(state).diffs


def test_such_a_key_is_made_when_it_is_wanted_after_all(keys: Keys) -> None:
    """It can be taken into use."""
    back = keys.update(keys.made(**OLD), superseded=False, bits=1024)
    assert private_half(back).key_size == 1024
    assert back["record"].endswith(back["publicKey"])


@pytest.mark.parametrize("change", [{"bits": 2048}, {"algorithm": "ed25519"}])
def test_another_kind_of_key_under_the_same_selector_is_refused(keys: Keys, change: dict[str, Any]) -> None:
    """Mail on its way would fail: the sentence says what to do instead."""
    state = keys.made(bits=1024)
    _, message, _ = refusal(lambda: keys.diff(state, **change))
    assert "the DKIM key mailstack-1 of notify.example.com is RSA of 1024 bits and cannot become" in message
    assert "raise the domain's dkim.generation" in message


@pytest.mark.parametrize("change", [{"selector": "mailstack-9"}, {"domain": "other.example.com"}])
def test_another_name_is_another_key(keys: Keys, change: dict[str, Any]) -> None:
    """Domain and selector replace."""
    assert list(keys.diff(keys.made(bits=1024), **change).replaces) == list(change)


def test_a_refresh_keeps_the_key_and_its_mark(keys: Keys) -> None:
    """Nothing is asked: the state alone has the private half, and it stays secret."""
    state = keys.made(bits=1024)
    found = keys.read("mailstack-1._domainkey.notify.example.com", state)
    assert found.id == "mailstack-1._domainkey.notify.example.com"
    assert plain(found.properties) == state
    assert plain(found.properties)["privateKey"][MARK] == SECRET


def test_an_import_is_refused_with_the_reason(keys: Keys) -> None:
    """The private half cannot be read from anywhere."""
    _, message, _ = refusal(lambda: keys.read("mailstack-1._domainkey.notify.example.com", {}))
    assert "cannot be imported: its private half cannot be read from anywhere" in message


def test_a_failure_never_shows_the_private_key(keys: Keys) -> None:
    """An error that follows a secret of the request is redacted."""
    state = keys.made(bits=1024)
    private = state["privateKey"]["value"]
    _, message, _ = refusal(lambda: keys.diff({**state, "selector": private, "privateKey": secret(private)}, bits=2048))
    assert private not in message


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"algorithm": "dsa"}, "algorithm: 'dsa' was given; give rsa or ed25519"),
        ({"bits": 512}, "bits: 512 was given; give 1024 or 2048"),
        ({"bits": 4096}, "bits: 4096 was given; give 1024 or 2048"),
        ({"selector": "a.b"}, "selector: 'a.b' was given; give one label of lower-case letters"),
        ({"selector": "x" * 64}, "give one label"),
        ({"domain": "Example.com"}, "domain: 'Example.com' was given; give a domain name in lower case"),
        ({"graceDays": -1}, "graceDays: -1 was given; give 0 or more"),
        ({"superseded": "yes"}, "superseded: 'yes' was given; give true or false"),
        ({"keySize": 1}, "keySize: not an input of DkimKey"),
    ],
)
def test_a_wrong_input_is_refused_in_a_preview(keys: Keys, change: dict[str, Any], sentence: str) -> None:
    """The sentence names the input, what was given and what is allowed."""
    [(key, reason)] = keys.check(**change).items()
    assert key == next(iter(change))
    assert sentence in reason


def test_inputs_that_are_not_known_yet_are_passed(keys: Keys) -> None:
    """A preview may not know a domain."""
    assert keys.check(domain=UNKNOWN) == {}


def test_the_schema_says_which_output_is_secret(keys: Keys) -> None:
    """Other languages' SDKs learn it there."""
    import json

    schema = json.loads(keys.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    kind = schema["resources"]["mailstack:index:DkimKey"]
    assert [key for key, one in kind["properties"].items() if one.get("secret")] == ["privateKey"]
    assert kind["requiredInputs"] == ["domain", "selector"]

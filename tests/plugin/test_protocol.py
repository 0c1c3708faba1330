"""Each request of the engine's protocol is answered, and every failure is one sentence."""

from __future__ import annotations

import json
import re
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from .harness import INPUTS, PENDING, PROVIDER_URN, UNKNOWN, URN, VERIFIED, plain, refusal, running, secret, struct


def test_handshake_and_configure_accept_secrets_and_previews() -> None:
    """The engine sends secrets wrapped and previews creates only where the plugin says so."""
    with running(VERIFIED) as plugin:
        request = provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1")
        assert plugin.stub.Handshake(request).accept_secrets
        answer = plugin.configure({"aws": {"profile": "prod"}})
        assert answer.acceptSecrets
        assert answer.supportsPreview


def test_attach_moves_the_log_to_the_engine_that_attached() -> None:
    """An attached plugin talks to the engine that attached to it."""
    with running(PENDING) as plugin, running(PENDING) as other:
        plugin.stub.Attach(plugin_pb2.PluginAttach(address=other.log_address))
        plugin.create()
        assert plugin.log.lines == []
        assert other.log.lasting


def test_plugin_info_is_a_version() -> None:
    """The engine refuses a plugin whose version is no semantic version."""
    with running(VERIFIED) as plugin:
        version = plugin.stub.GetPluginInfo(empty_pb2.Empty()).version
        assert len(version.split(".")) == 3
        assert version.split(".")[0].isdigit()


def test_the_schema_describes_inputs_outputs_and_configuration() -> None:
    """What Pulumi's tools read names every property, what is required, and what is secret."""
    with running(VERIFIED) as plugin:
        schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    readiness = schema["resources"]["mailstack:index:Readiness"]
    assert schema["name"] == "mailstack"
    assert set(readiness["inputProperties"]) == set(INPUTS)
    assert set(readiness["properties"]) == {*INPUTS, "status", "dkim", "mailFromStatus", "missing"}
    assert readiness["requiredInputs"] == ["provider", "domain", "region"]
    assert set(schema["functions"]) == {"mailstack:index:zones", "mailstack:index:existing"}


def test_all_that_is_logged_in_with_is_secret_in_the_schema() -> None:
    """The credentials are one secret input, and so is each thing in them."""
    with running(VERIFIED) as plugin:
        schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["config"]["variables"] == schema["provider"]["inputProperties"]
    assert schema["provider"]["inputProperties"]["credentials"]["secret"] is True
    named = ("Credentials", "AwsAccount", "AssumedRoleOfUser", "AssumedRoleOfToken", "CloudflareAccess", "HostAccess")
    for name in named:
        properties = schema["types"][f"mailstack:index:{name}"]["properties"]
        assert properties
        assert all(one["secret"] is True for one in properties.values())
    assert {"externalId", "sourceIdentity", "policyArns"} <= set(
        schema["types"]["mailstack:index:AssumedRoleOfUser"]["properties"]
    )


def test_check_config_keeps_the_credentials_and_refuses_all_else() -> None:
    """A key that the plugin does not know is a mistake, and is not stored."""
    with running(VERIFIED) as plugin:
        news = struct({"credentials": secret("{}"), "awsProfile": "prod", "version": "0.1.0"})
        answer = plugin.stub.CheckConfig(provider_pb2.CheckRequest(urn=PROVIDER_URN, news=news))
        assert plain(answer.inputs) == {"credentials": secret("{}")}
        [failure] = answer.failures
        assert failure.property == "awsProfile"
        assert failure.reason == "awsProfile: not an input of the mailstack provider; it takes credentials"


def test_a_default_provider_drops_the_programs_settings() -> None:
    """The stack's settings share the package's namespace; they and their secrets stay out of the provider's state."""
    with running(VERIFIED) as plugin:
        urn = "urn:pulumi:dev::shop::pulumi:providers:mailstack::default_0_1_0"
        news = struct({"senders": "{}", "secrets": secret("{}"), "credentials": secret("{}")})
        answer = plugin.stub.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=news))
        assert plain(answer.inputs) == {"credentials": secret("{}")}
        assert not answer.failures


CANARY = "s3cr3t-canary-31"


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        (f"{{{CANARY}", "credentials: the text is not JSON; give a JSON object"),
        (json.dumps([CANARY]), "credentials: give a mapping"),
        (
            {"aws": {"assumeRoles": [{"externalId": CANARY}]}},
            "credentials.aws.assumeRoles[0].roleArn: missing; give it",
        ),
        ({"aws": {"assumeRoles": [CANARY]}}, "credentials.aws.assumeRoles[0]: give a mapping"),
        ({"aws": {"profile": 3}}, "credentials.aws.profile: give text"),
        (
            {"aws": {"sharedConfigFiles": [CANARY, "b"]}},
            "credentials.aws.sharedConfigFiles: give at most 1",
        ),
        (
            {"cloudflare": {"token": CANARY}},
            "credentials.cloudflare.token: not an input of the mailstack provider; it takes apiToken, baseUrl",
        ),
        (
            {"dns": {"example.com": {"rfc2136": {"secrets": CANARY}}}},
            'credentials.dns["example.com"].rfc2136.secrets: give a mapping',
        ),
    ],
)
def test_check_config_and_configure_say_what_is_wrong_and_quote_nothing(credentials: Any, sentence: str) -> None:
    """A value that cannot be used is refused at its key, and what was given is not shown."""
    text = credentials if isinstance(credentials, str) else json.dumps(credentials)
    with running(VERIFIED) as plugin:
        request = provider_pb2.CheckRequest(urn=PROVIDER_URN, news=struct({"credentials": secret(text)}))
        [failure] = plugin.stub.CheckConfig(request).failures
        assert (failure.property, failure.reason) == ("credentials", sentence)
        args = struct({"credentials": secret(text)})
        _, words, _ = refusal(lambda: plugin.stub.Configure(provider_pb2.ConfigureRequest(args=args)))
        assert words == sentence


@pytest.mark.parametrize("credentials", [UNKNOWN, {"aws": {"profile": UNKNOWN}}])
def test_credentials_that_a_preview_does_not_know_are_no_mistake(credentials: Any) -> None:
    """Nothing can be asked meanwhile, and that is said."""
    with running(VERIFIED) as plugin:
        news = struct({"credentials": credentials})
        assert not plugin.stub.CheckConfig(provider_pb2.CheckRequest(urn=PROVIDER_URN, news=news)).failures
        plugin.stub.Configure(provider_pb2.ConfigureRequest(args=news))
        code, words, _ = refusal(plugin.create)
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert words.endswith("or its credentials are not known yet")


def test_diff_config_never_replaces() -> None:
    """Other credentials change the provider in place."""
    with running(VERIFIED) as plugin:
        request = provider_pb2.DiffRequest(
            old_inputs=struct({"credentials": secret("{}")}),
            olds=struct({}),
            news=struct({"credentials": secret('{"aws": {}}')}),
        )
        answer = plugin.stub.DiffConfig(request)
        assert answer.changes == answer.DIFF_SOME
        assert list(answer.diffs) == ["credentials"]
        assert not answer.replaces


@pytest.mark.parametrize("encoded", [True, False])
def test_configure_takes_the_credentials_as_json_or_plain(encoded: bool) -> None:
    """SDKs send what is not text as JSON; both are understood."""
    role = {"roleArn": "arn:aws:iam::222222222222:role/deployer", "sessionName": "s", "externalId": "e"}
    endpoints = {"sesv2": "http://127.0.0.1:5000", "sts": "http://127.0.0.1:5001"}
    given = {
        "aws": {"assumeRoles": [role], "endpoints": [endpoints], "accessKey": "AKIA", "secretKey": "hidden"},
    }
    with running(VERIFIED) as plugin:
        args = struct({"credentials": secret(json.dumps(given) if encoded else given)})
        plugin.stub.Configure(provider_pb2.ConfigureRequest(args=args))
        plugin.create()
    [account] = plugin.accounts
    [assumed] = account.assume_roles
    assert (assumed.role_arn, assumed.session_name, assumed.external_id) == (role["roleArn"], "s", "e")
    assert account.endpoints == endpoints
    assert (account.access_key, account.secret_key) == ("AKIA", "hidden")


def test_check_passes_inputs_on_as_they_came_with_defaults() -> None:
    """Secret marks survive Check, and what was not given gets its default."""
    with running(VERIFIED) as plugin:
        answer = plugin.check(provider="ses", domain=secret("notify.example.com"), region=UNKNOWN)
        assert not answer.failures
        inputs = plain(answer.inputs)
        assert inputs["domain"] == secret("notify.example.com")
        assert inputs["region"] == UNKNOWN
        assert (inputs["wait"], inputs["waitSeconds"], inputs["manual"]) == ("warn", 600, False)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("provider", "postmark", "give ses"),
        ("domain", "Notify.Example.com", "notify.example.com"),
        ("domain", "a..b", "empty label"),
        ("wait", "maybe", "give off, warn or require"),
        ("waitSeconds", -1, "0 or more"),
        ("waitSeconds", "600", "a number"),
        ("mailFrom", "yes", "true or false"),
        ("records", [{"name": "a.example.com", "type": "TXT", "values": "x"}], "[0].values"),
        ("records", [{"name": "a.example.com", "type": "MX", "values": [10]}], "10 mail.example.com"),
        ("nameServers", {"example.com": "ns1"}, "[\"example.com\"]: 'ns1' was given; give a list"),
        ("waitMinutes", 3, "waitSeconds"),
    ],
)
def test_check_names_the_input_and_what_is_allowed(key: str, value: object, words: str) -> None:
    """A mistake shows in the preview, at its input."""
    with running(VERIFIED) as plugin:
        [failure] = plugin.check(**{**INPUTS, key: value}).failures
        assert failure.property == key
        assert re.match(rf"{key}[:.\[]", failure.reason)
        assert words in failure.reason


def test_check_asks_for_what_is_required() -> None:
    """Provider, domain and region must be given."""
    with running(VERIFIED) as plugin:
        assert {failure.property for failure in plugin.check().failures} == {"provider", "domain", "region"}


def test_delete_does_nothing() -> None:
    """Removing a wait touches neither the provider nor DNS."""
    with running(VERIFIED) as plugin:
        plugin.stub.Delete(provider_pb2.DeleteRequest(id="ses/eu-west-1/notify.example.com", urn=URN))
        assert plugin.provider.asked == []


def test_an_unknown_function_or_type_is_a_clean_error() -> None:
    """What the plugin does not have is said in one sentence."""
    with running(VERIFIED) as plugin:
        code, words, _ = refusal(lambda: plugin.stub.Invoke(provider_pb2.InvokeRequest(tok="mailstack:index:nothing")))
        assert code is grpc.StatusCode.UNIMPLEMENTED
        assert words == 'the mailstack plugin has no function "mailstack:index:nothing"'
        urn = "urn:pulumi:dev::shop::mailstack:index:Nothing::x"
        code, words, _ = refusal(lambda: plugin.stub.Check(provider_pb2.CheckRequest(urn=urn)))
        assert code is grpc.StatusCode.UNIMPLEMENTED
        assert '"mailstack:index:Nothing"' in words


@pytest.mark.parametrize("call", ["Construct", "Call", "Parameterize", "GetMapping"])
def test_what_is_not_served_says_unimplemented(call: str) -> None:
    """The engine takes UNIMPLEMENTED as "not here"."""
    requests = {
        "Construct": provider_pb2.ConstructRequest(),
        "Call": provider_pb2.CallRequest(),
        "Parameterize": provider_pb2.ParameterizeRequest(),
        "GetMapping": provider_pb2.GetMappingRequest(),
    }
    with running(VERIFIED) as plugin:
        code, _, _ = refusal(lambda: getattr(plugin.stub, call)(requests[call]))
        assert code is grpc.StatusCode.UNIMPLEMENTED


def test_an_unforeseen_exception_is_one_sentence_without_traceback_or_secret() -> None:
    """A mistake of the plugin reaches the engine as INTERNAL with its text, redacted."""
    with running(RuntimeError("boom at hunter2-canary, Traceback follows")) as plugin:
        plugin.configure({"aws": {"secretKey": "hunter2-canary"}})
        code, words, _ = refusal(plugin.create)
        assert code is grpc.StatusCode.INTERNAL
        assert "Create: RuntimeError: boom at [secret]" in words
        assert "hunter2-canary" not in words
        assert "File " not in words


def test_a_request_before_configure_is_refused() -> None:
    """Without an account nothing can be asked."""
    from pulumi.runtime.proto import provider_pb2_grpc

    from plugin.resources.readiness import Readiness
    from plugin.server import serve
    from plugin.servicer import Servicer

    readiness = Readiness()
    server, port = serve(Servicer({readiness.type: readiness}))
    stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    code, words, _ = refusal(lambda: stub.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(INPUTS))))
    server.stop(0)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "not configured" in words

"""The thin classes declare what the SDK's own classes would."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs

from components import aws_resources
from components.mail_stack import MailStack
from components.resources import CloudflareRecord, sdk_version
from plugin import configuration
from plugin.functions import FUNCTIONS
from plugin.inputs import Inputs, problems
from plugin.lifecycle import ResourceType
from plugin.resources.dkim_key import DkimKey, DkimKeyInputs
from plugin.resources.owner import Owner, OwnerInputs
from plugin.resources.readiness import Readiness
from plugin.resources.readiness_inputs import ReadinessInputs
from plugin.resources.record_set import RecordSet, RecordSetInputs
from providers.dns.cloudflare import properties

from .mocks import EXISTING, MARK, Recorder


def _declare(thin: bool) -> None:
    import pulumi_cloudflare

    if thin:
        record = properties("_dmarc.example.com", "TXT", 300, "v=DMARC1; p=none")
        opts = pulumi.ResourceOptions()
        CloudflareRecord("record", zone_id="z1", properties=record, comment="mailstack p/s", opts=opts)
    else:
        pulumi_cloudflare.DnsRecord(
            "record",
            zone_id="z1",
            name="_dmarc.example.com",
            type="TXT",
            ttl=300,
            content='"v=DMARC1; p=none"',
            proxied=False,
            comment="mailstack p/s",
        )


def test_the_thin_record_sends_the_same_type_inputs_and_version_as_the_sdks_class(recorder: Recorder) -> None:
    """A record of the thin class is the same resource to the engine as one of the SDK's class."""
    seen: list[tuple[str, dict[str, Any], str]] = []
    for thin in (True, False):
        recorder.run(functools.partial(_declare, thin))
        [one] = recorder.resources
        seen.append((one.typ, dict(one.inputs), recorder.versions["record"]))
    assert seen[0] == seen[1]


AWS: list[tuple[Callable[..., Any], str, dict[str, Any]]] = [
    (
        aws_resources.ConfigurationSet,
        "sesv2",
        {
            "configurationSetName": "notify",
            "region": "eu-west-1",
            "deliveryOptions": {"tlsPolicy": "REQUIRE"},
            "reputationOptions": {"reputationMetricsEnabled": True},
            "sendingOptions": {"sendingEnabled": True},
            "suppressionOptions": {"suppressedReasons": ["BOUNCE"]},
            "tags": {"mailstack": MARK},
        },
    ),
    (
        aws_resources.EmailIdentity,
        "sesv2",
        {
            "emailIdentity": "example.com",
            "region": "eu-west-1",
            "configurationSetName": "notify",
            "dkimSigningAttributes": {"domainSigningPrivateKey": "key", "domainSigningSelector": "one"},
            "tags": {"mailstack": MARK},
        },
    ),
    (
        aws_resources.EmailIdentity,
        "sesv2",
        {
            "emailIdentity": "example.com",
            "region": "eu-west-1",
            "dkimSigningAttributes": {"nextSigningKeyLength": "RSA_2048_BIT"},
        },
    ),
    (
        aws_resources.EmailIdentityMailFromAttributes,
        "sesv2",
        {
            "emailIdentity": "example.com",
            "region": "eu-west-1",
            "mailFromDomain": "bounce.example.com",
            "behaviorOnMxFailure": "REJECT_MESSAGE",
        },
    ),
    (
        aws_resources.User,
        "iam",
        {"name": "notify", "path": "/mail/", "permissionsBoundary": "arn:aws:iam::1:policy/x", "tags": {"a": "b"}},
    ),
    (aws_resources.AccessKey, "iam", {"user": "notify"}),
    (aws_resources.UserPolicy, "iam", {"name": "send", "user": "notify", "policy": "{}"}),
]


@pytest.mark.parametrize(("thin", "module", "inputs"), AWS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_thin_aws_resource_is_what_the_sdks_class_declares(
    recorder: Recorder, thin: Callable[..., Any], module: str, inputs: dict[str, Any]
) -> None:
    """The whole request that reaches the engine is that of the SDK's class, but for the line that it comes from."""

    def snake(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): snake(each) for key, each in value.items()}

    def declare(whole: bool) -> None:
        if whole:
            sdk = getattr(importlib.import_module(f"pulumi_aws.{module}"), thin.__name__)
            tags = {"tags": inputs["tags"]} if "tags" in inputs else {}
            sdk("one", **{**snake(inputs), **tags})
        else:
            thin("one", inputs, pulumi.ResourceOptions())

    seen = []
    for whole in (False, True):
        recorder.run(functools.partial(declare, whole))
        request = recorder.requests["one"]
        request.ClearField("sourcePosition")
        request.ClearField("stackTrace")
        seen.append(request)
    assert seen[0] == seen[1]
    assert recorder.one(seen[0].type) == inputs


@pytest.mark.parametrize("package", ["pulumi_aws", "pulumi_cloudflare"])
def test_the_version_is_the_one_of_the_installed_sdk(package: str) -> None:
    """The thin classes ask for the plugin version that the installed SDK asks for."""
    utilities = importlib.import_module(f"{package}._utilities")
    assert sdk_version(package) == utilities.get_version()


# The plugin's own types and functions: there is no SDK, so they are held to the plugin's schema and checks.

TYPES: list[ResourceType] = [Owner(), RecordSet(), DkimKey(), Readiness()]
ZONE = {"hosts": ["cloudflare", {"host": "rfc2136", "server": "192.0.2.1", "key": "mail"}]}
EVERYTHING: dict[str, Any] = {
    "dns": {"example.com": ZONE},
    "domains": {"notify.example.com": {"dkim": {"kind": "own", "generation": 2}}, "old.example.com": {"manage": False}},
    "senders": {"notify": {"domain": "notify.example.com"}, "old": {"domain": "old.example.com"}},
    "secrets": {"dns": {"example.com": {"tsigSecret": "Y2FuYXJ5LXRzaWc="}}},
    "formerly": "before",
}


@pytest.fixture(name="whole")
def _whole(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Declare a stack that uses everything of the plugin."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/old.example.com"
    recorder.handlers[EXISTING] = lambda _: {"existing": {"arn": arn, "mark": "", "configurationSet": ""}}

    def program() -> Any:
        stack = MailStack("mail", EVERYTHING)
        hooks = [
            (stack._guards.record(is_policy=False), {"zoneId": "z", "name": "a.example.com", "type": "TXT"}),
            (stack._guards.identity(), {"emailIdentity": "notify.example.com", "region": "eu-west-1"}),
            (stack._guards.configuration_set(), {"configurationSetName": "x", "region": "eu-west-1"}),
            (stack._guards.user(), {"name": "notify", "path": "/mail/"}),
        ]

        async def meet() -> None:
            for binding, new in hooks:
                for hook in binding.before_create or []:
                    assert isinstance(hook, ResourceHook)
                    more = {"content": '"x"', "ttl": 300, "comment": MARK, "tags": {"mailstack": MARK}}
                    recorder.handlers[EXISTING] = lambda _: {}
                    answer = hook(ResourceHookArgs("urn", "", "name", "type", new_inputs={**more, **new}))
                    assert answer is not None
                    await answer

        return meet()

    recorder.run(program)
    return recorder


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.type)
def test_the_plugin_takes_what_its_types_are_given(whole: Recorder, kind: ResourceType) -> None:
    """Every input is one of its schema, none is missing, and the plugin's own check has nothing to object to."""
    declared = whole.of(kind.type)
    assert declared
    for one in declared:
        # The SDK sends nothing for what is only an output, which the classes name with None.
        given = set(one.inputs)
        assert given <= set(kind.schema["inputProperties"])
        assert given >= set(kind.schema["requiredInputs"])
    inputs = [one.inputs for one in declared]
    models: dict[str, type[Inputs]] = {
        "mailstack:index:Owner": OwnerInputs,
        "mailstack:index:RecordSet": RecordSetInputs,
        "mailstack:index:DkimKey": DkimKeyInputs,
        "mailstack:index:Readiness": ReadinessInputs,
    }
    model = models[kind.type]
    assert [problems(model, _whole_numbers(one), title=kind.type) for one in inputs] == [{}] * len(inputs)


@pytest.mark.parametrize(
    ("kind", "outputs"),
    [
        (TYPES[0], {"mark"}),
        (TYPES[2], {"record", "privateKey"}),
        (TYPES[3], {"status", "dkim", "mailFromStatus", "missing"}),
    ],
)
def test_the_outputs_that_are_used_are_outputs_of_the_plugin(kind: ResourceType, outputs: set[str]) -> None:
    """The classes have attributes for these."""
    assert outputs <= set(kind.schema["properties"])


def test_the_plugin_takes_the_credentials_as_they_are_sent(whole: Recorder) -> None:
    """Its configuration is read without a complaint, and holds what the settings gave."""
    given = whole.one("pulumi:providers:mailstack")
    assert configuration.faults(given) == {}
    access = configuration.credentials(given).dns["example.com"]["rfc2136"]
    assert access.secrets == {"tsigSecret": "Y2FuYXJ5LXRzaWc="}


def test_the_plugins_functions_take_what_they_are_asked(whole: Recorder) -> None:
    """Look-ups of zones, of a referenced identity, and of every hook."""
    asked = [(token, arguments) for token, arguments in whole.calls if token in FUNCTIONS]
    kinds = [arguments.get("kind", arguments.get("of", "zones")) for _, arguments in asked]
    assert kinds == ["zones", "identity", "cloudflare", "identity", "configurationSet", "user"]
    for token, arguments in asked:
        FUNCTIONS[token].check(arguments)


def _whole_numbers(value: Any) -> Any:
    """Return inputs as the plugin reads them: a number without a fraction is whole."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value

"""The thin classes declare what the SDK's own classes would."""

from __future__ import annotations

import functools
from typing import Any

import pulumi
import pytest

from components.resources import CloudflareRecord, sdk_version
from providers.dns.cloudflare import properties

from .mocks import Recorder


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    return Recorder.install()


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


def test_the_version_is_the_one_of_the_installed_sdk() -> None:
    """The thin class asks for the plugin version that the installed SDK asks for."""
    from pulumi_cloudflare import _utilities

    utilities: Any = _utilities  # generated, without types
    assert sdk_version("pulumi_cloudflare") == utilities.get_version()

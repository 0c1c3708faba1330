"""The declarations of the DNS hosts: what the settings may say of a zone at each of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from mailstack import catalog
from mailstack.errors import VendorError
from providers.dns import HOSTS
from providers.dns.base import Access


def test_the_table_names_every_host_by_its_word() -> None:
    """A host has one file, and the table its name."""
    assert {name: host.name for name, host in HOSTS.items()} == {name: name for name in HOSTS}
    assert set(HOSTS) == {"cloudflare", "route53", "rfc2136", "lexicon", "manual"}


def test_every_declaration_is_what_the_model_asks_for() -> None:
    """The model knows a host by catalog.DnsHost alone."""
    hosts: dict[str, catalog.DnsHost] = dict(HOSTS)
    assert [name for name, host in hosts.items() if host.keeps_marks] == ["cloudflare"]
    assert [name for name, host in hosts.items() if not host.publishes] == ["manual"]


@pytest.mark.parametrize(
    ("host", "given"),
    [
        ("cloudflare", {"zoneId": "0123456789abcdef0123456789abcdef"}),
        ("cloudflare", {}),
        ("route53", {"zoneId": "Z0123456789ABCDEFGHIJ"}),
        ("rfc2136", {"server": "ns1.example.com", "port": 5353, "key": "mailstack", "algorithm": "hmac-sha512"}),
        ("rfc2136", {"server": "192.0.2.53"}),
        ("rfc2136", {"server": "2001:db8::53"}),
        ("lexicon", {"provider": "powerdns", "options": {"pdns_server": "https://dns.example.com"}}),
        ("manual", {}),
    ],
)
def test_keys_of_a_zone_are_allowed(host: str, given: dict[str, Any]) -> None:
    """What each host needs to be reached, in camelCase."""
    assert HOSTS[host].keys.model_validate(given).model_dump(by_alias=True, exclude_unset=True) == given


@pytest.mark.parametrize(
    ("host", "given", "said"),
    [
        ("cloudflare", {"zoneId": "Z123"}, '"Z123" is not a zone id of Cloudflare: copy the 32 hex digits'),
        ("route53", {"zoneId": "/hostedzone/Z1"}, '"/hostedzone/Z1" is not a zone id of Route 53: copy the hosted'),
        ("rfc2136", {}, "Field required"),
        (
            "rfc2136",
            {"server": "ns1:53 "},
            '"ns1:53 " is not the name or address of a server: .* a port goes under port',
        ),
        ("rfc2136", {"server": "ns1", "algorithm": "hmac-sha3"}, "algorithm"),
        ("lexicon", {"options": {}}, "Field required"),
        ("manual", {"zoneId": "1"}, "Extra inputs"),
        ("cloudflare", {"server": "ns1"}, "Extra inputs"),
    ],
)
def test_keys_that_cannot_be_used_are_refused(host: str, given: dict[str, Any], said: str) -> None:
    """A mistake shows in the settings, before anything is asked."""
    with pytest.raises(ValidationError, match=said):
        HOSTS[host].keys.model_validate(given)


def test_secrets_are_hidden_and_checked() -> None:
    """A TSIG secret is base64 (RFC 8945, as tsig-keygen writes it); no value shows in an error."""
    secrets = {name: host.secrets for name, host in HOSTS.items() if host.secrets}
    assert set(secrets) == {"rfc2136", "lexicon"}
    assert "c2VjcmV0" not in repr(secrets["rfc2136"].model_validate({"tsigSecret": "c2VjcmV0"}))
    options = secrets["lexicon"].model_validate({"options": {"auth_token": "hidden"}}).model_dump()["options"]
    assert options == {"auth_token": SecretStr("hidden")}
    with pytest.raises(ValidationError, match="must be base64, as tsig-keygen writes it") as refused:
        secrets["rfc2136"].model_validate({"tsigSecret": "not base64!"})
    assert "not base64!" not in str(refused.value)


def test_a_zone_made_by_hand_has_no_client() -> None:
    """There is nobody to ask, and the sentence says why."""
    with pytest.raises(VendorError, match=r"made by hand \(host: manual\)"):
        HOSTS["manual"].client(Access())

"""Secrets stand under one key, and in no sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mailstack.errors import SettingsError
from mailstack.settings.load import check_secret_keys, load
from providers import catalog
from tests.mailstack.settings.refusals import refusal, sender


def test_the_names_of_encrypted_keys_are_checked_alone() -> None:
    """A program that knows only which keys are encrypted can refuse before it reads any value."""
    check_secret_keys(["secrets"])
    with pytest.raises(SettingsError, match="mailstack:dns: holds a secret outside mailstack:secrets"):
        check_secret_keys(["dns"])


def test_secrets_stand_under_one_key() -> None:
    """A secure value elsewhere is refused before anything there is quoted."""
    error = refusal(sender("{domain: canary, login: canary}"), secret_keys=("senders", "secrets"))
    assert str(error) == (
        "mailstack:senders: holds a secret outside mailstack:secrets; move it there"
        " (pulumi config set --secret --path 'mailstack:secrets.senders.<sender>.password')"
    )


CANARY = "Canary-0f9a8b7c6d"
SENDER = sender("{domain: example.com, login: given}")


@pytest.mark.parametrize(
    "secrets",
    [
        CANARY,
        [CANARY],
        {"notify": CANARY},
        {"notify": [CANARY]},
        {"notify": {"password": CANARY}},
        {"notify": {"password": [CANARY], "username": "u"}},
        {"notify": {"passwort": CANARY}},
        {"notify": {"username": "u", "password": CANARY, "more": CANARY}},
        {"notify": {CANARY: "u"}},
        {"notfy": {"username": "u", "password": CANARY}},
        {"notify": {"username": CANARY, "password": {"secure": CANARY}}},
        {"senders": CANARY},
        {"senders": [CANARY]},
        {"senders": {"notify": CANARY}},
        {"senders": {"notify": [CANARY]}},
        {"senders": {"notify": {"password": CANARY}}},
        {"senders": {"notify": {"password": [CANARY], "username": "u"}}},
        {"senders": {"notify": {"passwort": CANARY}}},
        {"senders": {"notify": {"username": "u", "password": CANARY, "more": CANARY}}},
        {"senders": {"notify": {CANARY: "u"}}},
        {"senders": {"notfy": {"username": "u", "password": CANARY}}},
        {"senders": {"notify": {"username": CANARY, "password": {"secure": CANARY}}}},
        {"dns": CANARY},
        {"dns": {"example.com": CANARY}},
        {"dns": {"example.com": {"options": {"auth_token": CANARY}}}},
        {"dns": {"example.org": {"tsigSecret": CANARY}}},
        {"providers": CANARY},
        {"providers": {"ses": CANARY}},
        {"providers": {CANARY: {}}},
        {CANARY: {"username": "u"}},
    ],
)
def test_no_secret_gets_into_a_sentence(secrets: Any) -> None:
    """Whatever is wrong about a secret, its text is not told."""
    with pytest.raises(SettingsError) as caught:
        load({**yaml.safe_load(SENDER), "secrets": secrets}, catalog(), aws_region="eu-west-1")
    assert CANARY.lower() not in str(caught.value).lower() + caught.value.path.lower()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("key", ["domain", "via", "login"])
@pytest.mark.parametrize("secret", [CANARY, CANARY * 8])
def test_a_secret_that_was_pasted_elsewhere_too_is_not_told(key: str, secret: str) -> None:
    """A password that stands under mailstack:secrets shows nowhere, cut or in lower case either."""
    keys = {"domain": "example.com", "login": "given", key: secret}
    with pytest.raises(SettingsError) as caught:
        load(
            {
                "dns": {"example.com": {"host": "cloudflare"}},
                "senders": {"notify": keys},
                "secrets": {"senders": {"notify": {"username": "u", "password": secret}}},
            },
            catalog(),
            aws_region="eu-west-1",
        )
    assert CANARY.lower() not in str(caught.value).lower()

"""The SMTP settings: URI, stack output and back, and no secret in a repr."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import SmtpError
from mailstack.mail.smtp import SmtpSettings

# Control characters of SMTP are refused, surrogates cannot be encoded.
TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def settings(**given: Any) -> SmtpSettings:
    usual: dict[str, Any] = {
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "username": "u",
        "password": "p",
        "from_address": "hello@example.com",
    }
    return SmtpSettings(**(usual | given))


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        # the six mechanisms of Ory's guide
        ({}, "smtp://u:p@smtp.example.com:587/"),
        ({"verify": False}, "smtp://u:p@smtp.example.com:587/?skip_ssl_verify=true"),
        ({"security": "none", "port": 25}, "smtp://u:p@smtp.example.com:25/?disable_starttls=true"),
        ({"security": "tls", "port": 465}, "smtps://u:p@smtp.example.com:465/"),
        ({"security": "tls", "port": 465, "verify": False}, "smtps://u:p@smtp.example.com:465/?skip_ssl_verify=true"),
        (
            {"security": "tls", "port": 465, "host": "sub.example.com", "server_name": "example.com"},
            "smtps://u:p@sub.example.com:465/?server_name=example.com",
        ),
        # and what follows from them
        ({"username": None, "password": None}, "smtp://smtp.example.com:587/"),
        (
            {"host": "127.0.0.1", "server_name": "mx.example.com"},
            "smtp://u:p@127.0.0.1:587/?server_name=mx.example.com",
        ),
        ({"host": "::1"}, "smtp://u:p@[::1]:587/"),
        (
            {"username": "some-user@mailgun.example.org"},
            "smtp://some-user%40mailgun.example.org:p@smtp.example.com:587/",
        ),
        (
            {"password": "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVY/j"},
            "smtp://u:BH%2BjbMzper5WwlwUar9E1ySBqHa9whi0GPo%2BsJ0mVY%2Fj@smtp.example.com:587/",
        ),
    ],
)
def test_the_uri_has_the_form_that_its_mechanism_asks_for(given: dict[str, Any], uri: str) -> None:
    assert settings(**given).uri() == uri


@given(TEXT, TEXT)
def test_any_login_survives_the_uri_and_only_unreserved_characters_stand_bare(username: str, password: str) -> None:
    uri = settings(username=username, password=password).uri()
    login, _, _ = uri.removeprefix("smtp://").rpartition("@")
    assert set(login) <= UNRESERVED | {"%", ":"}
    assert login.count(":") == 1
    parts = urlsplit(uri)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (username, password)
    assert (parts.hostname, parts.port, parts.path) == ("smtp.example.com", 587, "/")


@given(st.from_regex(r"\A[a-z0-9.-]{1,20}\Z"))
def test_a_server_name_survives_the_uri(name: str) -> None:
    assert parse_qs(urlsplit(settings(server_name=name).uri()).query) == {"server_name": [name]}


def test_the_output_holds_camel_case_keys_and_says_only_what_is_unusual() -> None:
    assert settings(from_name="Example", headers={"X-A": "b"}).as_dict() == {
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "username": "u",
        "password": "p",
        "fromAddress": "hello@example.com",
        "fromName": "Example",
        "headers": {"X-A": "b"},
        "uri": "smtp://u:p@smtp.example.com:587/",
    }
    unusual = settings(verify=False, server_name="mx.example.com").as_dict()
    assert (unusual["verify"], unusual["serverName"]) == (False, "mx.example.com")


@given(
    st.sampled_from(["starttls", "tls", "none"]),
    st.booleans(),
    st.none() | st.just("mx.example.com"),
    st.none() | TEXT,
    TEXT,
)
def test_a_bundle_survives_the_output_and_json(
    security: str, verify: bool, server_name: str | None, from_name: str | None, password: str
) -> None:
    bundle = settings(security=security, verify=verify, server_name=server_name, from_name=from_name, password=password)
    assert SmtpSettings.from_dict(json.loads(json.dumps(bundle.as_dict()))) == bundle


def test_a_port_that_came_back_as_a_float_is_a_whole_number_again() -> None:
    assert SmtpSettings.from_dict(settings().as_dict() | {"port": 587.0}).uri().endswith(":587/")


def test_a_bundle_without_a_needed_key_is_refused_by_the_key_and_not_by_its_values() -> None:
    with pytest.raises(SmtpError, match="no port, fromAddress") as refused:
        SmtpSettings.from_dict({"host": "smtp.example.com", "security": "tls", "password": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_the_password_shows_in_no_repr() -> None:
    assert "hunter2" not in repr(settings(password="hunter2"))
    assert "hunter2" not in f"{settings(password='hunter2')}"


def test_a_bundle_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().host = "elsewhere.example.com"  # type: ignore[misc]  # wrong on purpose


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"host": ""}, "not a host name"),
        ({"host": "smtp://smtp.example.com"}, "without scheme"),
        ({"host": "smtp.example.com "}, "not a host name"),
        ({"port": 0}, "port 0 is not a port"),
        ({"port": 65536}, "port 65536"),
        ({"security": "ssl"}, 'security "ssl" is unknown; use one of starttls, tls, none'),
        ({"password": None}, "give both or neither"),
        ({"from_address": "hello"}, "not an e-mail address"),
        ({"from_address": "hello@example.com\r\nBcc: x@example.net"}, "from address holds a line break"),
        ({"from_name": "A\nB"}, "from name holds a line break"),
        ({"headers": {"X-A": "b\r\nBcc: x@example.net"}}, "header X-A holds a line break"),
        ({"headers": {"X A": "b"}}, 'header name "X A"'),
        ({"headers": {"": "b"}}, 'header name ""'),
    ],
)
def test_settings_that_no_client_could_use_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SmtpError, match=says):
        settings(**given)


def test_a_password_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(SmtpError) as refused:
        settings(password="hunter2\n")
    assert str(refused.value) == "password holds a line break or NUL; take it out"

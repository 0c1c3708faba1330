"""MTA-STS policies (RFC 8461)."""

from __future__ import annotations

import re

import pytest
from checkdmarc import mta_sts as reader  # type: ignore[import-untyped]  # the package ships no types

from mailstack.errors import MtaStsError
from mailstack.mail.mta_sts import MAX_AGE_LIMIT, Policy, host_name, mx_pattern, record_name

EXAMPLE = Policy("enforce", ("mail.example.com", "*.example.net", "backupmx.example.com"), 604800)


def test_the_policy_is_written_as_the_rfc_shows_it() -> None:
    """RFC 8461 section 3.2: key and value pairs, one a line, each ended by CRLF."""
    assert str(EXAMPLE) == (
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\n"
        "max_age: 604800\r\n"
    )


@pytest.mark.parametrize("policy", [EXAMPLE, Policy("testing", ("mail.example.com",), 86400), Policy("none", (), 0)])
def test_another_reader_understands_policy_and_record(policy: Policy) -> None:
    """What is written says the same to a parser that is not ours."""
    read = reader.parse_mta_sts_policy(str(policy))["policy"]
    assert (read["mode"], read["max_age"], tuple(read["mx"])) == (policy.mode, policy.max_age, policy.mx)
    assert reader.parse_mta_sts_record(policy.record)["tags"]["id"] == policy.id


def test_the_id_follows_the_policy() -> None:
    """Section 3.1: 1 to 32 letters and digits that are new whenever the policy is; the same for the same policy."""
    others = [
        Policy("testing", EXAMPLE.mx, EXAMPLE.max_age),
        Policy("enforce", EXAMPLE.mx[:2], EXAMPLE.max_age),
        Policy("enforce", EXAMPLE.mx, 604801),
    ]
    ids = [policy.id for policy in (EXAMPLE, *others)]
    assert len(set(ids)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,32}", one) for one in ids)
    assert Policy("enforce", EXAMPLE.mx, 604800).id == EXAMPLE.id


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com", True),
        ("mx1.example.net", True),
        ("a.mx1.example.net", False),  # section 4.1: the wildcard is exactly one label
        ("example.net", False),
        ("mail2.example.com", False),
    ],
)
def test_hosts_match_as_servers_match_them(host: str, allowed: bool) -> None:
    """Section 4.1: a pattern is a whole name, or its first label is a wildcard."""
    assert EXAMPLE.allows(host) is allowed


def test_names_are_those_of_the_rfc() -> None:
    """Sections 3.1 and 3.3."""
    assert (record_name("example.com"), host_name("example.com")) == ("_mta-sts.example.com", "mta-sts.example.com")


@pytest.mark.parametrize(
    "text", ["mail.*.example.com", "*", "*.*.example.com", "mail*.example.com", "*.com", "a_b.c.d"]
)
def test_a_wildcard_is_only_the_whole_first_label(text: str) -> None:
    """Section 3.2: sts-policy-mx-value = ["*."] Domain; a whole top-level domain is no domain of ours."""
    with pytest.raises(MtaStsError):
        mx_pattern(text)


def test_a_pattern_has_one_spelling() -> None:
    """Names are compared without regard to case and written without trailing dot."""
    assert mx_pattern("*.Example.COM.") == "*.example.com"


@pytest.mark.parametrize("age", [-1, MAX_AGE_LIMIT + 1])
def test_a_policy_is_kept_a_year_at_most(age: int) -> None:
    """Section 3.2: max_age is 0 to 31557600."""
    assert MAX_AGE_LIMIT == 31557600
    with pytest.raises(MtaStsError, match="31557600"):
        Policy("enforce", ("mail.example.com",), age)


@pytest.mark.parametrize("mode", ["enforce", "testing"])
def test_a_policy_without_hosts_is_refused_unless_it_is_given_up(mode: str) -> None:
    """Section 3.2: mx is there at least once, but for mode none; otherwise no mail would arrive."""
    with pytest.raises(MtaStsError, match="at least one host"):
        Policy(mode, (), 604800)  # type: ignore[arg-type]  # a parameter is plain text


def test_an_unknown_mode_is_refused() -> None:
    """Section 3.2 knows three."""
    with pytest.raises(MtaStsError, match="testing, enforce or none"):
        Policy("report", ("mail.example.com",), 1)  # type: ignore[arg-type]  # what is refused

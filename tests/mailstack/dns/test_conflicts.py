"""What a new record would contradict or double at its name, and the sentence that refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from mailstack.dns import conflicts
from mailstack.dns.changes import Change, ExistingRecord, Value
from mailstack.dns.records import Mx
from mailstack.errors import Conflict

NAME = "x.example.com"
POLICY = f"_dmarc.{NAME}"


def change(kind: str, *after: Value, before: tuple[Value, ...] = (), **more: Any) -> Change:
    return Change(more.pop("name", NAME), kind, before, after, 300 if before else None, 300, **more)


@pytest.mark.parametrize(
    ("other", "kind", "value", "conflict"),
    [
        (("A", "192.0.2.1"), "CNAME", "x.example.net", True),  # RFC 1034 section 3.6.2
        (("SRV", "0 0 1 x.example.net"), "CNAME", "x.example.net", True),
        (("CNAME", "x.example.net"), "TXT", "text", True),
        (("CNAME", "x.example.net"), "CNAME", "y.example.net", True),
        (("TXT", "v=spf1 -all"), "TXT", "v=spf1 ~all", True),  # RFC 7208 section 3.2
        (("TXT", "v=spf1 -all"), "TXT", "v=DMARC1; p=none", False),
        (("TXT", "v=spf1 -all"), "TXT", "v=spf10", False),
        (("TXT", "v=vendor1 a"), "TXT", "v=vendor1 b", False),
        (("TXT", "verification=1"), "TXT", "v=spf1 -all", False),
        (("TXT", "verification=1"), "TXT", "verification=1", True),
        (("MX", "20 mail.example.net"), "MX", "10 mail.example.org", True),  # SES asks for exactly one
        (("A", "192.0.2.1"), "MX", "10 mail.example.org", False),
        (("A", "192.0.2.1"), "A", "192.0.2.2", True),
        (("AAAA", "2001:db8::1"), "AAAA", "2001:DB8::0001", True),  # RFC 5952: one address
    ],
)
def test_what_contradicts_a_new_record(other: tuple[str, str], kind: str, value: str, conflict: bool) -> None:
    """A record contradicts where DNS or a mail standard allows one only, and only at the same name."""
    existing = [ExistingRecord(NAME, *other)]
    assert conflicts.conflicting(existing, change(kind, value)) == (existing if conflict else [])
    assert conflicts.conflicting(existing, change(kind, value, name=f"other.{NAME}")) == []


def test_a_cname_that_is_never_answered_is_no_conflict() -> None:
    """Where the host flattens or proxies it (Cloudflare, "CNAME flattening"), other types may be beside it."""
    flattened = [ExistingRecord(NAME, "CNAME", "site.example.net", is_alias=False)]
    assert conflicts.conflicting(flattened, change("TXT", "v=spf1 -all")) == []
    assert conflicts.conflicting(flattened, change("CNAME", "other.example.net")) == flattened


@pytest.mark.parametrize(
    ("name", "other", "content"),
    [
        (POLICY, "V=DMARC1; p=none", "v=DMARC1;p=reject"),
        (POLICY, "v = DMARC1 ; p = reject", "v=DMARC1; p=none"),  # RFC 9989 section 4.8
        (f"default._bimi.{NAME}", "v = BIMI1 ; l = https://example.com/a.svg", "v=BIMI1; l=https://example.com/b"),
        (f"_mta-sts.{NAME}", "v=STSv1 ; id=1", "v=STSv1; id=2;"),  # RFC 8461 section 3.1
        (f"_smtp._tls.{NAME}", "v=TLSRPTv1 ;rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"),
        (f"a._domainkey.{NAME}", "k=rsa; p=MIIB", "v=DKIM1; k=rsa; p=MIIC"),  # RFC 6376 section 3.6.2.2
    ],
)
def test_a_second_policy_record_of_a_kind_contradicts(name: str, other: str, content: str) -> None:
    """Receivers discard both, however the blanks are set; at a name where nobody looks for it a text is just text."""
    for at, conflict in ((name, True), ("example.com", False)):
        existing = [ExistingRecord(at, "TXT", other)]
        found = conflicts.conflicting(existing, change("TXT", content, name=at))
        assert found == (existing if conflict else [])


def test_values_that_this_stack_wrote_are_no_conflict() -> None:
    """What the slot held before and what other slots hold is this stack's, whatever it contradicts otherwise."""
    existing = [ExistingRecord(NAME, "TXT", "v=spf1 ~all"), ExistingRecord(NAME, "TXT", "a=1")]
    assert conflicts.conflicting(existing, change("TXT", "v=spf1 -all", before=("v=spf1 ~all",))) == []
    assert conflicts.conflicting(existing, change("TXT", "b=1", beside=("v=spf1 ~all", "a=1"))) == []
    mail = [ExistingRecord(NAME, "MX", "10 a.example.net")]
    assert conflicts.conflicting(mail, change("MX", Mx(10, "b.example.net"), before=(Mx(10, "a.example.net"),))) == []
    alias = [ExistingRecord(NAME, "CNAME", "a.example.net")]
    assert conflicts.conflicting(alias, change("CNAME", "b.example.net", before=("a.example.net",))) == []


def test_a_removal_contradicts_nothing() -> None:
    """Only what is added is compared with what exists."""
    existing = [ExistingRecord(NAME, "TXT", "v=spf1 -all"), ExistingRecord(NAME, "TXT", "v=spf1 ~all")]
    assert conflicts.conflicting(existing, change("TXT", before=("v=spf1 -all",))) == []


def test_a_value_of_ours_that_is_gone_is_compared_again() -> None:
    """Somebody deleted our record and made another: writing ours again would make two policies."""
    existing = [ExistingRecord(POLICY, "TXT", "v=DMARC1; p=reject")]
    ours = change("TXT", "v=DMARC1; p=none", before=("v=DMARC1; p=none",), name=POLICY)
    assert conflicts.conflicting(existing, ours) == existing


def test_a_set_that_the_host_locks_refuses_every_value() -> None:
    """A weighted set takes no plain value beside it; a single record that is locked stops nobody."""
    whole = ExistingRecord(NAME, "TXT", "a=1", locked="it is weighted", locks_set=True)
    assert conflicts.conflicting([whole], change("TXT", "b=1")) == [whole]
    assert conflicts.conflicting([whole], change("TXT", before=("a=1",))) == [whole]
    assert conflicts.conflicting([ExistingRecord(NAME, "TXT", "a=1", locked="read-only")], change("TXT", "b=1")) == []


def said(existing: ExistingRecord, wanted: Change) -> str:
    with pytest.raises(Conflict) as refused:
        conflicts.check([existing], wanted)
    return str(refused.value)


def test_a_refusal_says_what_exists_what_is_wanted_and_the_ways_on() -> None:
    """The whole sentence for a second DMARC record, with the key as `pulumi config set --path` takes it."""
    existing = ExistingRecord("_dmarc.example.com", "TXT", "v=DMARC1; p=none", mark="by hand")
    assert said(existing, change("TXT", "v=DMARC1; p=reject", name="_dmarc.example.com")) == (
        '_dmarc.example.com: TXT "v=DMARC1; p=none" (comment: by hand) already exists. This stack wants to publish '
        'TXT "v=DMARC1; p=reject" there, but did not create what exists, so nothing was changed. To keep it, set '
        'mailstack:domains["example.com"].dmarc to off. To manage it with this stack, run `mailstack adopt`.'
    )


@pytest.mark.parametrize(
    ("name", "kind", "value", "way"),
    [
        ("example.com", "TXT", "v=spf1 -all", 'set mailstack:domains["example.com"].spf to off'),
        ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all", "choose another returnPath"),
        ("bounce.example.com", "MX", "10 feedback-smtp.eu-west-1.amazonses.com", "choose another returnPath"),
        ("example.com", "MX", "10 inbound-smtp.eu-west-1.amazonaws.com", '["example.com"].inbound to off'),
        ("default._bimi.example.com", "TXT", "v=BIMI1; l=", 'remove mailstack:domains["example.com"].bimi'),
        ("_mta-sts.example.com", "TXT", "v=STSv1; id=1", 'remove mailstack:domains["example.com"].mtaSts'),
        ("_smtp._tls.example.com", "TXT", "v=TLSRPTv1; rua=", 'remove mailstack:domains["example.com"].tlsRpt'),
        (
            "example.com._report._dmarc.example.net",
            "TXT",
            "v=DMARC1;",
            'remove the address at example.net from mailstack:domains["example.com"].dmarc.rua',
        ),
        ("s1._domainkey.example.com", "TXT", "v=DKIM1; p=", "choose another DKIM selector"),
        ("t._domainkey.example.com", "CNAME", "t.dkim.amazonses.com", "manage: false"),
    ],
)
def test_a_refusal_names_the_setting_that_leaves_the_name_alone(name: str, kind: str, value: str, way: str) -> None:
    """Each kind of record has its own key; `mailstack adopt` takes the existing one over."""
    sentence = said(ExistingRecord(name, kind, value), change(kind, value, name=name))
    assert way in sentence
    assert "run `mailstack adopt`" in sentence


def test_a_record_of_another_type_is_not_adopted() -> None:
    """A CNAME cannot become a TXT: the setting comes first, then the deletion, also of what this stack wrote."""
    existing = ExistingRecord("_dmarc.example.com", "CNAME", "example.com._policy.vendor.example")
    sentence = said(existing, change("TXT", "v=DMARC1; p=reject", name="_dmarc.example.com"))
    assert 'set mailstack:domains["example.com"].dmarc to off' in sentence
    assert "delete the existing one first; if it comes from this stack's earlier settings" in sentence
    assert "mailstack adopt" not in sentence


def test_another_stacks_record_and_a_locked_one_have_their_own_ways() -> None:
    """Nobody is told to take over what another stack manages, or what the host does not let go."""
    theirs = ExistingRecord(NAME, "TXT", "v=spf1 -all", mark="mailstack abcdefghijklmnop acme/mail/prod")
    assert said(theirs, change("TXT", "v=spf1 ~all")).endswith("set manage: false here.")
    locked = ExistingRecord(NAME, "MX", "10 route1.mx.cloudflare.net", locked="Email Routing owns it")
    sentence = said(locked, change("MX", Mx(10, "a.example.net")))
    assert "It cannot be changed there: Email Routing owns it." in sentence
    assert "adopt" not in sentence


def test_several_records_are_all_named() -> None:
    """All of them have to be dealt with."""
    existing = [ExistingRecord(NAME, "A", "192.0.2.1"), ExistingRecord(NAME, "TXT", "a=1")]
    with pytest.raises(Conflict, match=r'x\.example\.com: A "192\.0\.2\.1" and TXT "a=1" already exist\. This'):
        conflicts.check(existing, change("CNAME", "y.example.net"))

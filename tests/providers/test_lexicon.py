"""dns-lexicon's hosts: what they are given, what they list, and what is said when they refuse."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from mailstack.dns.changes import Change
from mailstack.dns.records import Mx
from mailstack.errors import Busy, Missing, Refused, VendorError
from providers.dns.base import Access, HostedZone
from providers.dns.lexicon import Lexicon
from providers.dns.lexicon_client import check_provider, without_secrets
from providers.dns.lexicon_values import forms, read

from .serving import running

ZONE = HostedZone("example.com", "example.com")
TEXT = Change("a.example.com", "TXT", (), ("x=1",), None, 300)
KEY = "canary/of a key"
AT = 'mailstack:dns["example.com"].provider'


def serving(answer: Callable[[Request], Response]) -> AbstractContextManager[str]:
    """Serve an API and give its URL."""
    return running(make_server("127.0.0.1", 0, Request.application(answer), threaded=True))


def at(url: str, **secrets: str) -> Lexicon:
    """Return the client of a PowerDNS."""
    keys = {"provider": "powerdns", "options": {"pdns_server": url}}
    return Lexicon(Access(keys=keys, secrets={"options": secrets or {"auth_token": KEY}}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "powrdns",
            r'^mailstack:dns\["example.com"\]\.provider: dns-lexicon knows no DNS host "powrdns"; did you mean',
        ),
        ("powrdns", r"mean powerdns.* All of them: https"),
        ("Gandi", r'knows no DNS host "Gandi"; did you mean gandi'),
        ("zzz", r'knows no DNS host "zzz"\. All of them: https://dns-lexicon\.readthedocs\.io'),
        ("auto", r'knows no DNS host "auto"'),
        ("", r'knows no DNS host ""'),
    ],
)
def test_an_unknown_host_is_answered_with_the_nearest_names(given: str, said: str) -> None:
    """A misspelt name of a host gets those that it may mean, and where all are; "auto" would have to guess."""
    with pytest.raises(VendorError, match=said):
        check_provider(given, AT)


def test_a_host_whose_own_library_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hosts need more packages (extras of dns-lexicon): the sentence is the command that adds them."""
    from lexicon._private import discovery

    monkeypatch.setattr(discovery, "find_providers", lambda: {"softlayer": False})
    with pytest.raises(VendorError, match=r'softlayer needs more packages: run uv add "dns-lexicon\[softlayer\]"'):
        check_provider("softlayer", AT)


def test_a_host_that_is_down_is_one_sentence() -> None:
    """Nothing listens: the sentence names the host and where it was looked for."""
    with pytest.raises(Busy) as refused:
        at("http://127.0.0.1:1").zones(["example.com"])
    assert str(refused.value) == (
        "powerdns (dns-lexicon) could not log in for example.com: 127.0.0.1 (port 1) cannot be reached: "
        "Connection refused"
    )


def test_a_missing_option_is_named_as_the_host_names_it() -> None:
    """What the host's part of dns-lexicon says of its options is passed on."""
    with pytest.raises(VendorError, match=r"could not log in for example.com: .*auth_token"):
        Lexicon(
            Access(keys={"provider": "powerdns", "options": {"pdns_server": "http://127.0.0.1:1"}}),
        ).zones(["example.com"])


def test_a_busy_host_is_asked_again() -> None:
    """429 and 503 are answered by another try (RFC 6585 section 4, RFC 9110 section 15.6.4); the third succeeds."""
    statuses: list[int] = []

    def answer(request: Request) -> Response:
        statuses.append((429, 503, 200)[min(len(statuses), 2)])
        headers = {"Retry-After": "0"} if statuses[-1] == 429 else {}
        return Response('{"name": "example.com.", "rrsets": []}', statuses[-1], headers=headers)

    with serving(answer) as url:
        assert at(url).zones(["example.com"]) == [ZONE]
    assert statuses == [429, 503, 200]


def test_no_option_is_in_what_is_said_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A host that gives the login back in its answer: it is in no message, no log line, no repr and no chain."""
    caplog.set_level(logging.DEBUG)

    def answer(request: Request) -> Response:
        return Response(f"{' ' * 380}no login {request.headers['X-API-Key']} {request.headers['X-API-Key']}", 403)

    with serving(answer) as url:
        host = at(url)
        with pytest.raises(VendorError, match="403: no login") as refused:
            host.write(ZONE, TEXT)
    assert KEY not in str(refused.value) + caplog.text + repr(host)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(("status", "kind"), [(404, Missing), (429, Busy), (500, Busy), (403, Refused), (422, Refused)])
def test_each_answer_is_its_own_kind_of_error(status: int, kind: type[VendorError]) -> None:
    """Whoever calls can tell what may pass from what will not (RFC 9110 section 15)."""
    with (
        serving(lambda request: Response("no", status, headers={"Retry-After": "0"})) as url,
        pytest.raises(kind, match=f"it answered {status}: no"),
    ):
        at(url).zones(["example.com"])


@pytest.mark.parametrize(
    "text",
    [
        "https://api.example.net/?key=canary%2Fof%20a%20key",
        "https://api.example.net/?key=canary%2Fof+a+key&x=1",
        '{"key": "canary/of a key"}',
        "['canary/of a key']",
    ],
)
def test_an_option_is_taken_out_in_every_form(text: str) -> None:
    """Clients quote what they send: as a part of a URL, as JSON, as Python."""
    shown = without_secrets(text, {"auth_token": KEY, "sandbox": "no"})
    assert "canary" not in shown
    assert "[secret]" in shown


def test_a_failure_half_way_says_what_exists() -> None:
    """One value was written, the other refused: the sentence says so, and what was there before is still there."""
    existing = ['"old=1"']

    def answer(request: Request) -> Response:
        if request.method == "PATCH":
            [change] = request.json["rrsets"]
            contents = [one["content"] for one in change["records"]]
            if '"two=2"' in contents:
                return Response('{"error": "the disk is full"}', 422)
            existing[:] = contents
            return Response(status=204)
        records = [{"content": content, "disabled": False} for content in existing]
        rrset = {"name": "a.example.com.", "type": "TXT", "ttl": 300, "records": records}
        return Response(json.dumps({"name": "example.com.", "kind": "Native", "rrsets": [rrset]}))

    change = Change("a.example.com", "TXT", ("old=1",), ("one=1", "two=2"), 300, 300)
    with serving(answer) as url, pytest.raises(VendorError) as refused:
        at(url).write(ZONE, change)
    assert str(refused.value) == (
        "powerdns (dns-lexicon) could not write TXT a.example.com in example.com: it answered 422: "
        '{"error": "the disk is full"}; there exists now: "one=1" and "old=1"'
    )


@pytest.mark.parametrize(
    ("kind", "value", "apart", "written"),
    [
        ("TXT", "v=spf1 -all", False, ["v=spf1 -all"]),
        ("TXT", 'a "b"', False, ['"a \\"b\\""']),
        ("TXT", " a", False, ['" a"']),
        ("TXT", "a" * 256, False, ["a" * 256, f'"{"a" * 255}" "a"']),
        ("CNAME", "b.example.net", False, ["b.example.net.", "b.example.net"]),
        ("MX", Mx(10, "b.example.net"), False, ["10 b.example.net.", "10 b.example.net"]),
        ("MX", Mx(10, "b.example.net"), True, ["b.example.net.", "b.example.net"]),
        ("MX", Mx(0, "."), False, ["0 ."]),
        ("MX", Mx(0, "."), True, ["."]),
        ("A", "192.0.2.1", False, ["192.0.2.1"]),
    ],
)
def test_values_are_written_in_the_likeliest_form_first(
    kind: str, value: str | Mx, apart: bool, written: Sequence[str]
) -> None:
    """Text is bare while it can be, strings hold 255 octets (RFC 1035 section 3.3.14), names are absolute."""
    assert forms(kind, value, preference_apart=apart) == written


@pytest.mark.parametrize(
    ("listed", "name", "content"),
    [
        ({"type": "TXT", "name": "", "content": "x"}, "example.com", "x"),
        ({"type": "TXT", "name": "@", "content": "x"}, "example.com", "x"),
        ({"type": "TXT", "name": "@.example.com", "content": "x"}, "example.com", "x"),
        ({"type": "TXT", "name": "A.Example.com.", "content": "X"}, "a.example.com", "X"),
        ({"type": "txt", "name": "a", "content": '"x"'}, "a.example.com", "x"),
        ({"type": "TXT", "name": "a", "content": '"x" "y"'}, "a.example.com", "xy"),
        ({"type": "TXT", "name": "a", "content": 'x" "y'}, "a.example.com", "xy"),
        ({"type": "TXT", "name": "a", "content": '"a \\"b\\" \\\\ \\099"'}, "a.example.com", 'a "b" \\ c'),
        ({"type": "TXT", "name": "a", "content": 'a \\"b\\" c'}, "a.example.com", 'a "b" c'),
        ({"type": "CNAME", "name": "a", "content": "B.example.NET."}, "a.example.com", "b.example.net"),
        ({"type": "MX", "name": "a", "content": "10 B.example.net."}, "a.example.com", "10 b.example.net"),
        ({"type": "MX", "name": "a", "content": "0 ."}, "a.example.com", "0 ."),
        (
            {"type": "MX", "name": "a", "content": "b.example.net", "priority": "10"},
            "a.example.com",
            "10 b.example.net",
        ),
        (
            {"type": "MX", "name": "a", "content": "b.example.net", "options": {"mx": {"priority": 10}}},
            "a.example.com",
            "10 b.example.net",
        ),
        ({"type": "MX", "name": "a", "content": "b.example.net"}, "a.example.com", "0 b.example.net"),
    ],
)
def test_lists_are_read_in_every_form(listed: dict[str, object], name: str, content: str) -> None:
    """Names absolute, relative or "@"; text bare, quoted or partly; a preference apart, in the content or nowhere."""
    [one] = read([listed], "example.com")
    assert (one.record.name, one.record.content) == (name, content)


@pytest.mark.parametrize(("ttl", "seconds"), [(300, 300), ("300", 300), (None, 0), (0, 0), (1, 0), ("auto", 0)])
def test_a_ttl_that_is_not_told_is_none(ttl: object, seconds: int) -> None:
    """A host that leaves the TTL out, or lists its automatic one, tells nothing that could be compared."""
    [one] = read([{"type": "A", "name": "a", "content": "192.0.2.1", "ttl": ttl}], "example.com")
    assert one.record.ttl == seconds


def test_an_id_that_records_share_is_not_used() -> None:
    """Gandi gives all records of a name one id, whose deletion takes them all: only an id of one record is one."""
    shared = [{"type": kind, "name": "a", "content": "10 b.example.net", "id": "a"} for kind in ("TXT", "MX")]
    single = {"type": "TXT", "name": "b", "content": "x", "id": "b"}
    assert [one.id for one in read([*shared, single], "example.com")] == [None, None, "b"]


def test_other_types_are_left_out() -> None:
    """What the kit never writes is none of its business."""
    assert read([{"type": "NS", "name": "", "content": "ns1.example.net"}], "example.com") == []


def test_nothing_of_the_library_is_loaded_before_it_is_used() -> None:
    """Importing the adapter, and making one, loads neither dns-lexicon nor requests, which cost half a second."""
    code = (
        "import sys; from providers.dns.lexicon import Lexicon; from providers.dns.base import Access;"
        "Lexicon(Access(keys={'provider': 'powerdns'}));"
        "print([name for name in ('lexicon', 'requests', 'tldextract') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_no_public_suffix_list_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone is the one that is named: the list of suffixes, which would be fetched and stored, is not used."""
    import tldextract

    monkeypatch.setattr(tldextract.TLDExtract, "__call__", lambda *_: pytest.fail("it would be fetched"))
    with pytest.raises(VendorError, match=r"could not log in for example\.co\.uk: .*cannot be reached"):
        at("http://127.0.0.1:1").zones(["example.co.uk"])

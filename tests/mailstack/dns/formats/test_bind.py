"""The piece of a zone file, as dnspython and BIND itself read it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdata
import dns.rdatatype
import dns.zone
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given

from mailstack.dns.formats import bind
from tests.mailstack.dns.formats.zone import DKIM_KEY, RECORD_SETS, RECORDS, TEXTS, ZONE, answers, txt

needs_bind = pytest.mark.skipif(
    not (shutil.which("named") and shutil.which("named-checkzone")), reason="BIND 9 is not installed"
)
# A zone as people keep it: its own SOA, NS and default TTL, and records behind the $INCLUDE.
WHOLE = """\
$TTL 7200
@ IN SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 300
@ IN NS ns
ns IN A 192.0.2.53
$INCLUDE records.zone
after IN A 192.0.2.54
"""


def _text(rdata: dns.rdata.Rdata) -> str:
    """Return a value as the model writes it."""
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings).decode("ascii")
    return rdata.to_text().removesuffix(".")


def test_every_value_is_read_back() -> None:
    """A reader of master files finds the values that were written, at the names that were meant."""
    zone = dns.zone.from_text(bind.render(RECORDS, ZONE), origin=ZONE, relativize=False, check_origin=False)
    found: dict[tuple[str, str], set[str]] = {}
    for name, _, rdata in zone.iterate_rdatas():
        key = (name.to_text(omit_final_dot=True), dns.rdatatype.to_text(rdata.rdtype))
        found.setdefault(key, set()).add(_text(rdata))
    assert found == answers()


@given(text=TEXTS)
def test_any_text_survives_the_zone_file(text: str) -> None:
    """Quotes, backslashes and 255-octet strings (RFC 1035 sections 3.3 and 5.1) come back as they were."""
    zone = dns.zone.from_text(bind.render([txt(text)], ZONE), origin=ZONE, relativize=False, check_origin=False)
    [(_, _, rdata)] = zone.iterate_rdatas()
    assert _text(rdata) == text
    assert isinstance(rdata, TXT)
    strings: tuple[bytes, ...] = rdata.strings
    assert all(len(part) == 255 for part in strings[:-1])


def test_it_leaves_the_zone_its_own() -> None:
    """There is no SOA and no NS, and no $TTL, which would hold for the zone's own lines behind the $INCLUDE."""
    directives = [line.split()[0] for line in bind.render(RECORDS, ZONE).splitlines() if line.startswith("$")]
    assert directives == ["$ORIGIN"]
    types = {record.type for record in RECORDS}
    assert types.isdisjoint({"SOA", "NS"})


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "records.zone").write_text(bind.render(RECORDS, ZONE))
    (tmp_path / "whole.zone").write_text(WHOLE)
    return tmp_path


@needs_bind
def test_bind_takes_the_zone(folder: Path) -> None:
    """named-checkzone finds nothing to say about a zone that includes the file."""
    command = ["named-checkzone", "-k", "fail", "-i", "local", ZONE, "whole.zone"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning" not in (result.stdout + result.stderr).lower()


@pytest.fixture(name="named")
def _named(folder: Path) -> Iterator[int]:
    """Serve the zone by BIND on loopback, and return the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n'
        '  pid-file none; recursion no; session-keyfile "session.key"; };\ncontrols { };\n'
        f'zone "{ZONE}" {{ type primary; file "whole.zone"; }};\n'
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["named", "-g", "-n", "1", "-c", "named.conf"], cwd=folder, stdout=log, stderr=log)
        try:
            _wait(port, process, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        assert process.poll() is None, log.read_text()
        try:
            dns.query.tcp(dns.message.make_query(ZONE, "SOA"), "127.0.0.1", timeout=1, port=port)
        except (OSError, dns.exception.DNSException):
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())


def _ask(port: int, name: str, record_type: str) -> tuple[int, set[str]]:
    """Return the TTL and the values of an authoritative answer."""
    reply = dns.query.tcp(dns.message.make_query(name, record_type), "127.0.0.1", timeout=5, port=port)
    [rrset] = [rrset for rrset in reply.answer if rrset.rdtype == dns.rdatatype.from_text(record_type)]
    return rrset.ttl, {_text(rdata) for rdata in rrset}


@needs_bind
def test_bind_answers_with_what_was_written(named: int) -> None:
    """A real name server answers each name with its values and TTL; where the host chooses, with the zone's TTL."""
    asked = {(record.name, record.type): _ask(named, record.name, record.type) for record in RECORD_SETS}
    assert {key: values for key, (_, values) in asked.items()} == answers()
    # The zone's $TTL stands before the file, and the lines behind it keep it.
    assert {key: ttl for key, (ttl, _) in asked.items()} == {
        (record.name, record.type): 7200 if record.ttl == 1 else record.ttl for record in RECORD_SETS
    }
    assert _ask(named, "after.example.com", "A") == (7200, {"192.0.2.54"})
    assert _ask(named, "any._domainkey.old.example.com", "TXT")[1] == {"v=DKIM1; p="}
    assert len(DKIM_KEY) > 255

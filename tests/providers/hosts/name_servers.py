"""Real name servers on this machine, for one module's tests: BIND 9 and Knot, each with a zone that takes updates."""

from __future__ import annotations

import base64
import secrets
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import httpx
import pytest

ZONE = "example.com"
KEY, ALGORITHM = "mailstack", "hmac-sha256"
ZONE_FILE = f"""$ORIGIN {ZONE}.
$TTL 300
@ IN SOA ns1.{ZONE}. hostmaster.{ZONE}. 1 3600 600 604800 300
@ IN NS ns1.{ZONE}.
ns1 IN A 127.0.0.1
"""


@dataclass(frozen=True)
class NameServer:
    """A running name server: its port on 127.0.0.1, and the secret of its TSIG key (base64)."""

    port: int
    secret: str


@contextmanager
def bind(folder: Path, zone: str = ZONE, transfer: str = "") -> Iterator[NameServer]:
    """Run BIND 9 with a zone that the key may update and transfer; skips where it is not installed.

    `transfer` names who else may transfer it, such as "127.0.0.1;".
    """
    named = _program("named", "bind9")
    secret, port, control = _secret(), _free_port(), _free_port()
    (folder / "zone").write_text(ZONE_FILE.replace(ZONE, zone))
    (folder / "named.conf").write_text(f"""
key "{KEY}" {{ algorithm {ALGORITHM}; secret "{secret}"; }};
key "reader" {{ algorithm {ALGORITHM}; secret "{secret}"; }};
options {{
  directory "{folder}"; pid-file none; session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify no; allow-transfer {{ key "{KEY}"; {transfer} }};
}};
controls {{ inet 127.0.0.1 port {control} allow {{ none; }} keys {{ "{KEY}"; }}; }};
zone "{zone}" {{ type primary; file "zone"; allow-update {{ key "{KEY}"; }}; }};
""")
    command = [named, "-g", "-4", "-n", "1", "-c", str(folder / "named.conf")]
    with _running(command, folder, port, zone):
        yield NameServer(port, secret)


@contextmanager
def knot(folder: Path) -> Iterator[NameServer]:
    """Run Knot with a zone that the key may update and transfer; skips where it is not installed."""
    knotd = _program("knotd", "knot")
    secret, port = _secret(), _free_port()
    (folder / f"{ZONE}.zone").write_text(ZONE_FILE)
    (folder / "knot.conf").write_text(f"""
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
    tcp-workers: 2
    udp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
key:
  - id: {KEY}
    algorithm: {ALGORITHM}
    secret: {secret}
  - id: reader
    algorithm: {ALGORITHM}
    secret: {secret}
acl:
  - id: update
    key: {KEY}
    action: [update, transfer]
zone:
  - domain: {ZONE}
    storage: "{folder}"
    file: "{ZONE}.zone"
    acl: update
    journal-content: all
    zonefile-sync: -1
""")
    with _running([knotd, "-c", str(folder / "knot.conf")], folder, port):
        yield NameServer(port, secret)


@contextmanager
def _running(command: list[str], folder: Path, port: int, zone: str = ZONE) -> Iterator[None]:
    """Run a server in the foreground until the block ends; it is stopped by its own pid."""
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(process, port, folder / "log", zone)
        yield
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, zone: str) -> None:
    query = dns.message.make_query(f"{zone}.", "SOA", flags=0)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if dns.query.udp(query, "127.0.0.1", timeout=0.2, port=port).flags & dns.flags.AA:
                return
        except (dns.exception.DNSException, OSError):
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True)
class PowerDns:
    """A running PowerDNS: the URL and key of its API, and the port of its DNS on 127.0.0.1."""

    url: str
    key: str
    port: int


@contextmanager
def powerdns(folder: Path, name: str = ZONE) -> Iterator[PowerDns]:
    """Run PowerDNS with a zone in SQLite and its API; skips where it is not installed."""
    server = _program("pdns_server", "pdns-server pdns-backend-sqlite3")
    key, port, web, database = secrets.token_hex(16), _free_port(), _free_port(), folder / "pdns.sqlite3"
    schema = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
    with sqlite3.connect(database) as made:
        made.executescript(schema.read_text())
    made.close()
    (folder / "pdns.conf").write_text(f"""
launch=gsqlite3
gsqlite3-database={database}
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
api=yes
api-key={key}
webserver=yes
webserver-address=127.0.0.1
webserver-port={web}
webserver-loglevel=none
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
default-soa-content=ns1.@ hostmaster.@ 0 10800 3600 604800 3600
""")
    command = [server, f"--config-dir={folder}", "--daemon=no", "--guardian=no", "--disable-syslog"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{web}"
    try:
        _wait_for_api(process, url, key, folder / "log")
        zone = {"name": f"{name}.", "kind": "Native", "nameservers": [f"ns1.{name}."]}
        made_zone = httpx.post(f"{url}/api/v1/servers/localhost/zones", json=zone, headers={"X-API-Key": key})
        assert made_zone.status_code == 201, made_zone.text
        yield PowerDns(url, key, port)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _wait_for_api(process: subprocess.Popen[bytes], url: str, key: str, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/api/v1/servers/localhost", headers={"X-API-Key": key}).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())

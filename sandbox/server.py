"""The mail cloud's process from inside: every service on its port, sandbox.json when all run."""

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from sandbox import certificate, lifecycle
from sandbox.cloudflare import Cloudflare
from sandbox.cloudflare_store import ACCOUNT, Store
from sandbox.control import Control
from sandbox.dns import Hosted, Names
from sandbox.dns_server import DnsServer
from sandbox.dnssec import Dnssec
from sandbox.lifecycle import SandboxError
from sandbox.plugins.install import install
from sandbox.powerdns import PowerDns
from sandbox.traffic import Traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from sandbox.aws.gate import ApiRequest

SERVICES = ("aws", "cloudflare", "powerdns", "resend", "dns", "smtp_starttls", "smtp_tls", "control")
# The zones at the start. example.net is at both hosts, delegated to Cloudflare; example.org is beside a private
# zone of the same name, which no resolver outside asks.
CLOUDFLARE_ZONES = ("example.com", "example.net")
ROUTE53_ZONES, PRIVATE_ZONE = ("example.org", "example.edu", "example.net"), "example.org"
POWERDNS_ZONES = ("example.info",)
BACKLOG = 128
CONNECTION_PATIENCE = 60.0  # seconds a client may leave a connection idle


class World:
    """The mail cloud in one process: AWS, Cloudflare, PowerDNS, Resend, DNS, SMTP with its receiver, the control API.

    `ports` holds the fixed ports by service; the others are free ones.
    """

    def __init__(self, directory: Path, ports: Mapping[str, int]) -> None:
        self.id = str(uuid.uuid4())
        self.ports = {service: ports.get(service, 0) for service in SERVICES}
        self._directory = directory
        self._stops: list[Callable[[], object]] = []

    def start(self) -> None:
        """Open every port and write sandbox.json; SandboxError for a given port that is in use."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close everything, in the opposite order, and take sandbox.json away."""
        info = self._directory / "sandbox.json"
        if info.exists() and json.loads(info.read_text()).get("world") == self.id:
            info.unlink()
        while self._stops:
            self._stops.pop()()

    def _start(self) -> None:
        from sandbox.aws.server import AwsWorld
        from sandbox.resend import control as resend_control
        from sandbox.resend.api import Resend
        from sandbox.resend.own_zones import OwnZones
        from sandbox.resend.smtp import ResendMail
        from sandbox.resend.state import Account
        from sandbox.smtp import SmtpWorld

        traffic, store, token, dnssec = Traffic(), Store(), secrets.token_hex(20), Dnssec()
        for zone in CLOUDFLARE_ZONES:
            store.add_zone(zone)
        key = secrets.token_hex(16)
        powerdns = PowerDns(key, lambda method, path: traffic.see("powerdns", method, path))
        for zone in POWERDNS_ZONES:
            powerdns.add_zone(f"{zone}.")
        hosts: list[Hosted] = [store, powerdns]
        names = Names(hosts, lambda selector: aws.dkim_record(selector))
        aws = AwsWorld(dnssec.validated(names.resolve), lambda request: _see(traffic, request))
        hosts += [*_route53(aws.bootstrap.account, aws.accounts), OwnZones()]
        account = Account(dnssec.validated(names.resolve))
        resend = Resend(account, lambda method, path: traffic.see("resend", method, path))
        cloudflare = Cloudflare(
            store,
            token,
            names.delegated_elsewhere,
            lambda method, path: traffic.see("cloudflare", method, path, account=ACCOUNT["id"], action=""),
        )
        dns = DnsServer(names.ask, self.ports["dns"], dnssec.breaks)
        self._open("dns", dns.start, dns.stop)
        self.ports["dns"] = dns.port
        files = certificate.write(self._directory)
        mail_dir = self._directory / "mail"
        smtp = SmtpWorld(
            aws, dns.port, mail_dir, files.certificate, files.key,
            others=[ResendMail(account)],
            starttls_port=self.ports["smtp_starttls"], tls_port=self.ports["smtp_tls"],
        )  # fmt: skip
        self._open("smtp_starttls", smtp.start, smtp.stop)
        self.ports |= {"smtp_starttls": smtp.starttls_port, "smtp_tls": smtp.tls_port}
        control = Control(
            self._status, smtp.mail, traffic, names, aws.set_production_access, dnssec.set_broken,
            resend_control.routes(account),
        )  # fmt: skip
        apis = (("aws", aws.app), ("cloudflare", cloudflare), ("powerdns", powerdns), ("resend", resend))
        for service, app in apis:
            self._serve(service, traffic.losing(app))
        self._serve("control", control)
        accounts: dict[str, dict[str, str]] = {id_: dict(facts) for id_, facts in aws.accounts.items()}
        accounts[aws.bootstrap.account] |= {
            "access_key_id": aws.bootstrap.access_key_id,
            "secret_access_key": aws.bootstrap.secret_access_key,
        }
        keys = {"cloudflare_token": token, "powerdns_key": key, "resend_key": account.add_key("sandbox").token}
        self._write_info(files.ca, mail_dir, keys, accounts)

    def _open(self, service: str, start: Callable[[], None], stop: Callable[[], None]) -> None:
        try:
            start()
        except OSError as error:
            raise self._in_use(service, error) from None
        self._stops.append(stop)

    def _serve(self, service: str, app: WSGIApplication) -> None:
        try:
            # Opened here, because werkzeug ends the process where a port is in use.
            listening = socket.create_server(("127.0.0.1", self.ports[service]), backlog=BACKLOG)
        except OSError as error:
            raise self._in_use(service, error) from None
        with listening:
            server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler, fd=listening.fileno())
        self.ports[service] = server.port
        threading.Thread(target=server.serve_forever, args=(0.1,), name=f"sandbox-{service}", daemon=True).start()
        self._stops.append(lambda: _close(server))

    def _in_use(self, service: str, error: OSError) -> SandboxError:
        # SMTP opens both of its ports in one go.
        services = ("smtp_starttls", "smtp_tls") if service.startswith("smtp") else (service,)
        given = [f"{self.ports[one]} (--port-{one.replace('_', '-')})" for one in services if self.ports[one]]
        if not given:
            return SandboxError(f"no free port on 127.0.0.1 for {service}: {error}")
        return SandboxError(
            f"port {' or '.join(given)} is in use on 127.0.0.1; give another, or leave it out for a free one"
        )

    def _status(self) -> dict[str, Any]:
        return {"running": True, "world": self.id, "pid": os.getpid(), "ports": self.ports}

    def _write_info(
        self, ca: Path, mail_dir: Path, keys: Mapping[str, str], accounts: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Write sandbox.json in one step: who finds it can rely on every port."""
        info = {
            "pid": os.getpid(),
            "world": self.id,
            "ports": self.ports,
            "ca_file": str(ca),
            "mail_dir": str(mail_dir),
            **keys,
            "accounts": accounts,
        }
        unfinished = self._directory / "sandbox.json.new"
        unfinished.touch(mode=0o600)  # it holds keys, though only this world's
        unfinished.write_text(json.dumps(info, indent=2) + "\n")
        unfinished.replace(self._directory / "sandbox.json")


class _Handler(WSGIRequestHandler):
    """Quiet: the log is for what goes wrong, GET /requests for what was asked."""

    timeout = CONNECTION_PATIENCE

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of a request that was answered."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Hang up on an answer that is lost: a client would wait for it on a connection that stays open."""
        self.close_connection = True


def _route53(default: str, accounts: Iterable[str]) -> Iterable[Hosted]:
    """Let the accounts' public zones be served; the zones at the start are the default account's."""
    from sandbox.route53 import Route53

    hosts = {account: Route53(account) for account in accounts}
    for zone in ROUTE53_ZONES:
        hosts[default].add_zone(zone)
    hosts[default].add_zone(PRIVATE_ZONE, private=True)
    return hosts.values()


def _close(server: BaseWSGIServer) -> None:
    server.shutdown()
    server.server_close()


def _see(traffic: Traffic, request: ApiRequest) -> Response | None:
    return traffic.see(
        "aws", request.method, request.path, account=request.account, action=request.action, region=request.region
    )


def serve(directory: Path, ports: Mapping[str, int]) -> None:
    """Run a world until SIGTERM or SIGINT; SandboxError where it cannot start."""
    # No Event: its lock may be held by the very thread that a signal interrupts.
    ended: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.put(None))
    if lifecycle.status(directory)["running"]:
        raise SandboxError(f"a mail cloud runs in {directory} already; stop it, or give another --dir")
    lifecycle.clear(directory)
    for folder in ("mail", "state"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    install(directory / "pulumi-home")
    world = World(directory, ports)
    world.start()
    try:
        ended.get()
    finally:
        # Whatever a library keeps running, the process ends when it was told to.
        giving_up = threading.Timer(8.0, os._exit, [1])
        giving_up.daemon = True
        giving_up.start()
        world.stop()
        sys.stderr.flush()

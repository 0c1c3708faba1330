"""DNS on the wire: questions over UDP and TCP."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from typing import Any

from dnslib import (  # type: ignore[import-untyped]  # dnslib has no annotations
    AAAA,
    CNAME,
    EDNS0,
    MX,
    NS,
    PTR,
    QR,
    QTYPE,
    RCODE,
    RR,
    SOA,
    TXT,
    A,
    DNSHeader,
    DNSLabel,
    DNSRecord,
    EDNSOption,
)

from sandbox.dns import Answer, Rr

Ask = Callable[[str, str], Answer]
Breaks = Callable[[str], bool]  # whether a name's DNSSEC is broken

PLAIN_UDP = 512  # octets a client without EDNS takes (RFC 1035 section 4.2.1)
LARGEST_UDP = 1232  # what a server should send at most (DNS flag day 2020)
QUERY, IN, OPT = 0, 1, 41
EXTENDED_ERROR = 15  # RFC 8914 section 2; its code 6 is "DNSSEC Bogus"
BOGUS = struct.pack("!H", 6) + b"no DNSKEY of the zone matches its DS record"
TCP_PATIENCE = 10.0  # seconds a client may leave a connection idle
PORT_TRIES = 20

log = logging.getLogger("sandbox.dns")


class DnsServer:
    """Serve answers over UDP and TCP on one port of 127.0.0.1, as a resolver that validates."""

    def __init__(self, ask: Ask, port: int = 0, breaks: Breaks = lambda name: False) -> None:
        self._ask, self._breaks = ask, breaks
        self._servers: list[_TcpServer | _UdpServer] = []
        self._threads: list[threading.Thread] = []
        self.port = port

    def start(self) -> None:
        """Open the port (0 takes a free one); OSError when a given port is in use."""
        tries = PORT_TRIES if self.port == 0 else 1
        for left in reversed(range(tries)):
            try:
                self._open(self.port)
                break
            except OSError:  # a port that is free for TCP may be taken for UDP
                self.stop()
                if not left:
                    raise
        self.port = int(self._servers[0].server_address[1])
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="sandbox-dns", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Close the port."""
        for server in self._servers:
            if self._threads:  # shutdown() waits for ever for a server that never served
                server.shutdown()
            server.server_close()
        self._servers.clear()
        self._threads.clear()

    def _open(self, port: int) -> None:
        tcp = _TcpServer(("127.0.0.1", port), _TcpHandler)
        self._servers = [tcp]
        udp = _UdpServer(("127.0.0.1", tcp.server_address[1]), _UdpHandler)
        self._servers.append(udp)
        tcp.ask = udp.ask = self._ask
        tcp.breaks = udp.breaks = self._breaks


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    ask: Ask
    breaks: Breaks


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    block_on_close = False
    max_packet_size = 65535
    ask: Ask
    breaks: Breaks


class _UdpHandler(socketserver.BaseRequestHandler):
    server: _UdpServer

    def handle(self) -> None:
        data, connection = self.request
        reply = respond(data, self.server.ask, self.server.breaks, udp=True)
        if reply:
            connection.sendto(reply, self.client_address)


class _TcpHandler(socketserver.BaseRequestHandler):
    server: _TcpServer

    def handle(self) -> None:
        """Answer one question after the other; a length comes before each (RFC 1035 section 4.2.2)."""
        self.request.settimeout(TCP_PATIENCE)
        with contextlib.suppress(OSError, EOFError):
            while True:
                (length,) = struct.unpack("!H", self._read(2))
                reply = respond(self._read(length), self.server.ask, self.server.breaks, udp=False)
                if not reply:
                    return
                self.request.sendall(struct.pack("!H", len(reply)) + reply)

    def _read(self, length: int) -> bytes:
        connection: socket.socket = self.request
        data = b""
        while len(data) < length:
            more = connection.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def respond(data: bytes, ask: Ask, breaks: Breaks = lambda name: False, *, udp: bool) -> bytes:
    """Answer one message in wire format; b"" for what must not be answered (too short, or itself an answer)."""
    if len(data) < 12 or data[2] & 0x80:
        return b""
    try:
        request = DNSRecord.parse(data)
    except Exception:  # dnslib raises errors of many kinds on garbage: all of them mean that it is none of DNS
        return _failure(data, "FORMERR")
    try:
        return _reply(request, ask, breaks, udp=udp)
    except Exception:  # a bug of the sandbox must be an answer and a line in the log
        log.exception("a question could not be answered")
        return _failure(data, "SERVFAIL")


def _reply(request: DNSRecord, ask: Ask, breaks: Breaks, *, udp: bool) -> bytes:
    reply = request.reply(ra=1, aa=1)
    reply.header.cd = request.header.cd
    edns = next((extra for extra in request.ar if extra.rtype == OPT), None)
    if edns is not None:
        reply.add_ar(EDNS0(udp_len=LARGEST_UDP))
    if request.header.opcode != QUERY or len(request.questions) != 1:
        reply.header.rcode = RCODE.NOTIMP
        return bytes(reply.pack())
    question = request.q
    kind = QTYPE.forward.get(question.qtype, "")
    if question.qclass != IN or kind in ("AXFR", "IXFR"):
        reply.header.rcode = RCODE.REFUSED
        return bytes(reply.pack())
    name = b".".join(question.qname.label).decode("latin-1")
    answer = ask(name, kind)
    if not request.header.cd and any(breaks(one) for one in (name, *(record.name for record in answer.records))):
        return _bogus(reply)
    reply.header.rcode = getattr(RCODE, answer.rcode)
    for record in answer.records:
        reply.add_answer(_rr(record))
    if answer.soa is not None:
        reply.add_auth(_rr(answer.soa))
    packed = bytes(reply.pack())
    limit = PLAIN_UDP if edns is None else min(max(edns.rclass, PLAIN_UDP), LARGEST_UDP)
    if udp and len(packed) > limit:
        return _truncated(reply)
    return packed


def _bogus(reply: DNSRecord) -> bytes:
    """Refuse what does not validate (RFC 4035 section 5.5) and say why to who understands it."""
    reply.header.rcode = RCODE.SERVFAIL
    for edns in reply.ar:
        edns.rdata.append(EDNSOption(EXTENDED_ERROR, BOGUS))
    return bytes(reply.pack())


def _truncated(reply: DNSRecord) -> bytes:
    """Keep the question only and say that TCP has the rest (RFC 2181 section 9)."""
    reply.rr, reply.auth = [], []
    reply.header.tc = 1
    return bytes(reply.pack())


def _failure(data: bytes, rcode: str) -> bytes:
    (number,) = struct.unpack("!H", data[:2])
    header = DNSHeader(id=number, qr=QR.RESPONSE, rcode=getattr(RCODE, rcode))
    return bytes(DNSRecord(header).pack())


def _rr(record: Rr) -> RR:
    return RR(_label(record.name), getattr(QTYPE, record.type), rdata=_rdata(record), ttl=record.ttl)


def _rdata(record: Rr) -> Any:
    if record.type == "TXT":
        octets = record.value.encode()
        return TXT([octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""])
    if record.type in ("A", "AAAA"):
        return {"A": A, "AAAA": AAAA}[record.type](record.value)
    first, *rest = record.value.split()
    if record.type == "MX":
        return MX(_label(rest[0]), int(first))
    if record.type == "SOA":
        return SOA(_label(first), _label(rest[0]), tuple(int(number) for number in rest[1:]))
    return {"CNAME": CNAME, "NS": NS, "PTR": PTR}[record.type](_label(first))


def _label(name: str) -> DNSLabel:
    # As octets: dnslib would run text through IDNA, which refuses names that DNS has no quarrel with.
    return DNSLabel([label.encode("latin-1") for label in name.split(".") if label])

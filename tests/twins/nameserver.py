"""A name server on loopback, by UDP and TCP, for a zone written as MemoryLookup takes it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdata import from_text

UDP, TCP = 1232, 65535
Zone = Mapping[str, Mapping[str, Iterable[str]]]


class NameServer:
    """Answers from `zone`; a name in `silent` gets no answer, one in `broken` SERVFAIL, one in `garbage` no DNS."""

    def __init__(
        self, zone: Zone, silent: Iterable[str] = (), broken: Iterable[str] = (), garbage: Iterable[str] = ()
    ) -> None:
        self.zone = {name.lower(): kinds for name, kinds in zone.items()}
        self.silent, self.broken, self.garbage = set(silent), set(broken), set(garbage)
        self.asked: list[str] = []
        self.port = 0

    def reply(self, wire: bytes, most: int) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if name in self.silent or "*" in self.silent:
            return None
        if name in self.garbage:
            return b"\x00not DNS at all"
        answer = dns.message.make_response(query)
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            self._fill(answer, question.name, name, dns.rdatatype.to_text(question.rdtype))
        return answer.to_wire(max_size=most if most == TCP else max(512, min(most, query.payload)))

    def _fill(self, answer: dns.message.Message, owner: dns.name.Name, name: str, kind: str) -> None:
        values = list(self.zone[name].get(kind, ()))
        if kind == "TXT":
            values = [" ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255)) for value in values]
        if kind == "MX":
            values = [value if value.endswith(".") else value + "." for value in values]
        kind_of = dns.rdatatype.from_text(kind)
        found = [from_text(dns.rdataclass.IN, kind_of, value) for value in values]
        if found:
            answer.answer.append(dns.rrset.from_rdata_list(owner, 60, found))


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        try:
            reply = self.server.twin.reply(wire, UDP)  # type: ignore[attr-defined]
        except dns.exception.TooBig:
            query = dns.message.from_wire(wire)
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            reply = short.to_wire()
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        size = int.from_bytes(self.rfile.read(2), "big")
        reply = self.server.twin.reply(self.rfile.read(size), TCP)  # type: ignore[attr-defined]
        if reply is not None:
            self.wfile.write(len(reply).to_bytes(2, "big") + reply)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serve(twin: NameServer) -> Iterator[NameServer]:
    udp, tcp = _pair()
    with udp, tcp:
        twin.port = udp.server_address[1]
        threads = []
        for server in (udp, tcp):
            server.twin = twin  # type: ignore[attr-defined]
            threads.append(threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True))
            threads[-1].start()
        try:
            yield twin
        finally:
            udp.shutdown()
            tcp.shutdown()
            for thread in threads:
                thread.join(5)


def _pair() -> tuple[_UdpServer, _TcpServer]:
    """Both on one port: one that is free for datagrams may be another test's connection."""
    for _ in range(50):
        tcp = _TcpServer(("127.0.0.1", 0), _Tcp)
        try:
            return _UdpServer(("127.0.0.1", tcp.server_address[1]), _Udp), tcp
        except OSError:
            tcp.server_close()
    raise OSError("no port is free for datagrams and connections alike")

"""What a check finds, and the DNS record that would mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Check", "DnsRecord", "could_not_ask", "zone"]

# RFC 1035 3.3.14: a TXT record is made of strings of at most 255 octets; readers join them without a space.
STRING = 255
TTL = 3600


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record to publish. `name` and `value` are plain text without escapes or final dots; `note` says what of it is
    not just an addition: which one it replaces, or whose zone it belongs to.
    """

    name: str
    type: str
    value: str
    note: str = ""

    @property
    def strings(self) -> list[str]:
        """The value of a TXT record, cut into strings of at most 255 octets."""
        return [self.value[at : at + STRING] for at in range(0, len(self.value), STRING)] or [""]

    def line(self) -> str:
        """The record as a line of a zone file (RFC 1035 5.1)."""
        return f"{_dotted(self.name)} {TTL} IN {self.type} {self._data()}"

    def _data(self) -> str:
        if self.type == "TXT":
            return " ".join(_quoted(text) for text in self.strings)
        if self.type in {"A", "AAAA"}:
            return self.value
        *before, name = self.value.split(" ")  # "10 mx.paper.example" of an MX, a bare name of a PTR
        return " ".join([*before, _dotted(name)])


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` is None where nobody could tell; `unasked` says that this was for want of an answer
    from DNS or the relay. `do` is what to do, or advice where `ok` is True.
    """

    name: str
    ok: bool | None
    says: str
    do: str = ""
    record: DnsRecord | None = None
    unasked: bool = False


def could_not_ask(name: str, why: object, record: DnsRecord | None = None) -> Check:
    do = "Is mail.smtp right, and the relay up?" if name == "tls" else "Ask again later, or elsewhere: --resolver HOST"
    return Check(name, None, f"could not ask: {why}", do, record, unasked=True)


def zone(records: Iterable[DnsRecord]) -> list[str]:
    """The lines of a zone file, each record once; a comment stands above a record that is not a mere addition."""
    lines: list[str] = []
    for record in dict.fromkeys(records):
        lines += [f"; {record.note}"] if record.note else []
        lines.append(record.line())
    return lines


def _dotted(name: str) -> str:
    return name if name.endswith(".") else name + "."


def _quoted(text: str) -> str:
    """A character string in quotes; what is not printable ASCII becomes \\DDD."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[^\x20-\x7e]", _decimal, escaped) + '"'


def _decimal(found: re.Match[str]) -> str:
    return "".join(f"\\{octet:03d}" for octet in found[0].encode())

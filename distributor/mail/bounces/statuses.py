"""Delivery status fields, RFC 3464, in their own part or lost in the prose of a report that lost its MIME.

They are read as a stream, not as blocks: senders leave out the empty line between the message's fields and a
recipient's, put one where none belongs, or misspell a name. A recipient's fields begin where a field comes again,
or where, after an empty line, another recipient is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from distributor.mail.bounces.addresses import address_in

__all__ = ["MOST_RECIPIENTS", "Status", "read_statuses"]

MOST_RECIPIENTS = 200

_NAMES = {
    "final-recipient": "final",
    "original-recipient": "asked",
    "x-actual-recipient": "actual",
    "action": "action",
    "ction": "action",
    "status": "status",
    "diagnostic-code": "diagnostic",
    "remote-mta": "remote",
    "x-notes": "",
}
_LINE = re.compile(r"[ \t>|]{0,4}([A-Za-z][A-Za-z-]{3,40})[ \t]*:[ \t]*(.{0,2000})")
_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,4})\b")


@dataclass(slots=True)
class Status:
    """One recipient's fields. `diagnostic_type` is the word before the semicolon, such as `smtp` or `x-unix`."""

    final: str = ""
    asked: str = ""
    actual: str = ""
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    remote: str = ""
    seen: set[str] = field(default_factory=set)

    @property
    def recipient(self) -> str:
        """The address that failed. A bare local part is none: then what was asked for, or where it was sent on to."""
        found = [address for address in map(address_in, (self.final, self.asked, self.actual)) if address]
        return next((address for address in found if "." in address.rpartition("@")[2]), found[0] if found else "")

    @property
    def code(self) -> str:
        match = _CODE.search(self.status)
        return match[1] if match else ""

    @property
    def verb(self) -> str:
        """What became of it: `failed`, `delayed`, `delivered`, `relayed`, `expanded`, or empty."""
        return re.split(r"[^a-z]", self.action.strip().lower(), maxsplit=1)[0] if self.action else ""

    @property
    def said(self) -> str:
        """The diagnosis without its type, and without what only repeats a number (`X-Unix; 77`)."""
        if not self.diagnostic.partition(";")[2].strip() and "(" in self.status:
            return self.status.partition("(")[2].rstrip(") ")
        kind, mark, text = self.diagnostic.partition(";")
        if not mark or " " in kind.strip():
            return self.diagnostic.strip()
        return "" if re.fullmatch(r"\s*\d{0,3}\s*", text) and "smtp" not in kind.lower() else text.strip()


def read_statuses(text: str) -> list[Status]:
    """The recipients that delivery status fields name, at most `MOST_RECIPIENTS`; none where no such fields are."""
    if "-recipient" not in text.lower():
        return []
    groups: list[Status] = [Status()]
    name, closed = "", False
    for line in text.split("\n", 8000)[:8000]:
        current = groups[-1]
        if name and line[:1] in (" ", "\t") and line.strip():
            joined = f"{getattr(current, name)} {line.strip()}"
            setattr(current, name, joined[:2000])
            continue
        closed = closed or (not line.strip() and bool(current.seen & {"final", "asked"}))
        match = _LINE.match(line)
        name = _NAMES.get(match[1].lower(), "") if match else ""
        if not match or not name:
            continue
        if name in current.seen or (closed and name in ("final", "asked")):
            if len(groups) > MOST_RECIPIENTS:
                break
            groups.append(Status())
            current, closed = groups[-1], False
        current.seen.add(name)
        setattr(current, name, match[2].strip())
    return [group for group in groups if group.recipient or (group.final and group.action)]

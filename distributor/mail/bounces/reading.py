"""One mail that came in, read as reports: which of its forms counts, and what was reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from distributor.mail.bounces.addresses import address_in, addresses_in, is_machine
from distributor.mail.bounces.answers import answer
from distributor.mail.bounces.complaints import feedback, notices
from distributor.mail.bounces.opening import MAIL_KINDS, Fields, Part, decoded_words, open_mail, read_fields
from distributor.mail.bounces.prose import Named, named_recipients, notice_of, split_original, tells_failure
from distributor.mail.bounces.reasons import CONTENT_REASONS, Verdict, codes_in, judged, one_line
from distributor.mail.bounces.report import Kind, Original, Report
from distributor.mail.bounces.statuses import MOST_RECIPIENTS, Status, read_statuses
from distributor.mail.bounces.vocabulary import vocabulary

__all__ = ["read"]

_FIELD = re.compile(r"\s{0,8}[A-Za-z-]{2,40}:")
_HEADER_KINDS = ("text/rfc822-headers", "message/rfc822-headers", "text/rfc822", "message/global-headers")
_VERBS: dict[str, Kind] = {
    "delayed": "delay",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")


def read(message: bytes) -> list[Report]:
    """What a mail reports, at most 200 recipients; an empty list for an ordinary mail.

    Never raises: what is not understood is no report. Looks at the first 256 KB. A report proves nothing, anybody can
    write one: act on it only where `original.return_paths` holds a return path of our own (`verp.read_verp`).
    """
    mail = open_mail(message)
    whole = notice_of(_texts(mail))
    text, quoted = split_original(whole)
    inner = _inner_fields(mail, quoted)
    original = _original(mail, inner)
    for found in (
        feedback(mail, original, inner),
        _by_statuses(mail, text, original),
        notices(whole),
        _by_prose(mail, text, inner, original),
        answer(mail, text, original),
    ):
        if found:
            return found[:MOST_RECIPIENTS]
    return _carried(mail)


def _texts(mail: Part) -> Iterator[str]:
    """What people are told: the text parts that are not of the reported mail; HTML only where nothing else is."""
    parts = [part for part in mail.walk() if not part.inside and not part.children and part.text.strip()]
    plain = [part.text for part in parts if part.kind in ("text/plain", "text") or part.kind.startswith("multipart/")]
    yield from plain or [part.text for part in parts if part.kind == "text/html"]


def _inner_fields(mail: Part, quoted: str) -> Fields:
    """The header of the reported mail, from its own part or from what the notice quotes."""
    for part in mail.walk():
        if part.kind in MAIL_KINDS and part.children:
            return part.children[0].fields
        if part.kind in _HEADER_KINDS:
            return read_fields(part.text.lstrip("\n"))
    return _quoted_fields(quoted)


def _quoted_fields(quoted: str) -> Fields:
    """The header fields at the head of a quoted mail, which may be indented or spaced out."""
    lines = quoted[:65536].split("\n", 400)[:400]
    start = next((n for n, line in enumerate(lines[:40]) if _FIELD.match(line)), 0)
    block: list[str] = []
    for line in lines[start : start + 300]:
        if line.strip():
            block.append(line)
        elif len(block) > 2:
            break
    return read_fields("\n".join(block))


def _original(mail: Part, inner: Fields) -> Original:
    def first(name: str, length: int = 998) -> str:
        return (inner.get(name) or [""])[0][:length]

    own = [value for name in ("delivered-to", "x-original-to", "to") for value in mail.fields.get(name, [])]
    to = [address for value in own for address in addresses_in(value)]
    return Original(
        message_id=first("message-id"),
        return_path=address_in(first("return-path")),
        sender=address_in(first("from")),
        to=address_in(first("to")),
        subject=decoded_words(first("subject"))[:300],
        list_id=first("list-id", 300),
        addressed=tuple(dict.fromkeys(to))[:10],
    )


def _by_statuses(mail: Part, text: str, original: Original) -> list[Report]:
    outside = [part for part in mail.walk() if not part.inside and not part.children]
    formal = [part.text for part in outside if part.kind in _STATUS_KINDS]
    rows = [row for block in formal for row in read_statuses(block)]
    if not rows:
        loose = [part.text for part in outside if part.kind.startswith(("text/", "multipart/"))]
        rows = [row for block in loose for row in read_statuses(block)]
    named = {item.address.lower(): item for item in named_recipients(text, _senders(mail, original))} if rows else {}
    seen: dict[str, Report] = {}
    for row in rows[:MOST_RECIPIENTS]:
        report = _of_status(row, named, text, original)
        if report.recipient:
            seen.setdefault(report.recipient.lower(), report)
    return list(seen.values())


def _of_status(row: Status, named: dict[str, Named], text: str, original: Original) -> Report:
    asked = address_in(row.asked)
    recipient = asked if asked and is_machine(row.recipient) else row.recipient
    about = named.get(recipient.lower()) or named.get(address_in(row.actual).lower())
    found = judged(row.said, status=row.code, context=about.said if about else "", notice=text)
    kind = _VERBS.get(row.verb, "bounce")
    if asked and asked.lower() != recipient.lower():
        original = replace(original, asked=asked)
    said = one_line(row.said or (about.said if about else ""))
    if kind == "delivered":
        return Report(recipient, kind, False, found.status, found.reply, "delivered", said, original=original)
    return _report(recipient, kind, found, said, original)


def _by_prose(mail: Part, text: str, inner: Fields, original: Original) -> list[Report]:
    failed = addresses_in(" ".join(mail.fields.get("x-failed-recipients", [])))
    if not failed and not _is_notice(mail, text):
        return []
    named = named_recipients(text, _senders(mail, original) - {address.lower() for address in failed})
    if failed:
        known = {item.address.lower(): item for item in named}
        named = [known.get(address.lower(), Named(address, "")) for address in dict.fromkeys(failed)]
    if not named:
        reported = addresses_in(" ".join(inner.get("to", [])))
        named = [Named(address, text) for address in reported] if len(reported) == 1 else []
    low = " ".join(text[:8000].lower().split())
    kind: Kind = "delay" if any(words in low for words in vocabulary().delay) else "bounce"
    return [_of_prose(item, text, kind, original) for item in named[:MOST_RECIPIENTS]]


def _of_prose(item: Named, text: str, kind: Kind, original: Original) -> Report:
    said = item.said if len(item.said.strip()) > len(item.address) + 6 else ""
    found = judged(said, notice=text)
    return _report(item.address, kind, found, one_line(said or text), original)


def _report(recipient: str, kind: Kind, found: Verdict, said: str, original: Original) -> Report:
    block = found.reason in CONTENT_REASONS
    return Report(recipient, kind, found.hard, found.status, found.reply, found.reason, said, block, original)


def _is_notice(mail: Part, text: str) -> bool:
    """True for a mail that a mail system wrote about a failure: by its sender or its subject, and by its words."""
    report = any(part.kind in _STATUS_KINDS and not part.inside for part in mail.walk())
    machine = _is_of_machine(mail)
    if not report and not tells_failure(text):
        return machine and codes_in(text[:8000])[0][:1] in ("4", "5")
    subject = decoded_words(mail.first("subject"))[:300].lower()
    answers = "in-reply-to" in mail.fields or subject.startswith(("re:", "aw:", "sv:"))
    return report or machine or (not answers and any(words in subject for words in vocabulary().subject))


def _is_of_machine(mail: Part) -> bool:
    """An empty return path or sender (RFC 5321 4.5.5), or one that only machines have."""
    path, sender = mail.first("return-path").strip().lower(), mail.first("from").strip().lower()
    empty = any(
        name in mail.fields and not value.strip("<> ") for name, value in (("return-path", path), ("from", sender))
    )
    return empty or is_machine(address_in(sender)) or "mailer-daemon" in sender + path or "postmaster" in sender


def _senders(mail: Part, original: Original) -> set[str]:
    """Who wrote the reported mail, or the report: none of them failed, unless a formal field says so."""
    fields = [value for name in ("from", "to", "return-path") for value in mail.fields.get(name, [])]
    listed = {address.lower() for value in fields for address in addresses_in(value)}
    return listed | {word.lower() for word in (original.return_path, original.sender) if word}


def _carried(mail: Part) -> list[Report]:
    """A report that somebody forwarded as an attachment: it is read as if it had come by itself."""
    for part in mail.walk():
        inner = part.children[0] if part.kind in MAIL_KINDS and part.children else None
        if inner and inner.kind == "multipart/report":
            for below in inner.walk():
                below.inside -= 1
            text, quoted = split_original(notice_of(_texts(inner)))
            return _by_statuses(inner, text, _original(inner, _inner_fields(inner, quoted)))[:MOST_RECIPIENTS]
    return []

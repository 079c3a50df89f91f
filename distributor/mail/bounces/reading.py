"""One mail that came in, read as reports: which of its forms counts, and what was reported."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.mail.bounces.addresses import address_in, addresses_in, is_machine
from distributor.mail.bounces.answers import answer
from distributor.mail.bounces.complaints import feedback, notices
from distributor.mail.bounces.opening import Fields, Part, decoded_words, open_mail, read_fields
from distributor.mail.bounces.prose import Named, named_recipients, notice_of, split_original, tells_failure
from distributor.mail.bounces.reasons import CONTENT_REASONS, codes_in, judged, one_line
from distributor.mail.bounces.report import Kind, Original, Report
from distributor.mail.bounces.statuses import MOST_RECIPIENTS, Status, read_statuses

__all__ = ["read"]

_SUBJECT = re.compile(
    r"undeliver|deliver(?:y|ed)? (?:status|fail|problem|error|notif|report)|failure notice|returned (?:mail|to sender)|mail (?:delivery|could|system|failed|failure)"
    r"|non[- ]?delivery|could not be delivered|not (?:be )?delivered|bounce|returning (?:message )?to sender|delayed|warning: (?:message|could)|message you sent"
    r"|permanent (?:delivery )?failure|are not (?:a )?member|delivery has failed|delivery failure|undelivered|returned message|mail error|rejected|blocked by|unzustellbar|non remis"
    r"|failed delivery|message status|user unknown|配信|送信|недостав|не доставлено|rückgabe|devuelto|no entregado|delivery fail",
    re.IGNORECASE,
)
_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")
_DELAY_WORDS = (
    "warning message only", "this is a warning", "has been delayed", "is delayed", "will be retried", "delivery attempts will continue", "not yet been delivered",
    "still being retried", "temporary failure report", "do not need to resend", "has not yet", "will keep trying", "will continue to try",
)  # fmt: skip


def read(message: bytes) -> list[Report]:
    """What a mail reports, at most 200 recipients; an empty list for an ordinary mail.

    Never raises: what is not understood is no report. Looks at the first 256 KB.
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
        if part.kind in ("message/rfc822", "message/global") and part.children:
            return part.children[0].fields
        if part.kind in ("text/rfc822-headers", "message/rfc822-headers", "text/rfc822", "message/global-headers"):
            return read_fields(part.text.lstrip("\n"))
    lines = [line for line in quoted[:65536].split("\n")]
    start = next((n for n, line in enumerate(lines[:40]) if re.match(r"\s{0,8}[A-Za-z-]{2,40}:", line)), 0)
    block: list[str] = []
    for line in lines[start : start + 300]:
        if not line.strip():
            if block and len(block) > 2:
                break
            continue
        block.append(line)
    return read_fields("\n".join(block))


def _original(mail: Part, inner: Fields) -> Original:
    def first(name: str, length: int = 998) -> str:
        return (inner.get(name) or [""])[0][:length]

    to = [address for name in ("delivered-to", "x-original-to", "to") for value in mail.fields.get(name, []) for address in addresses_in(value)]
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
        rows = [row for part in outside if part.kind.startswith(("text/", "multipart/")) for row in read_statuses(part.text)]
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
    context = about.said if about else text
    found = judged(row.said, status=row.code, context=context, notice=text)
    kinds: dict[str, Kind] = {"delayed": "delay", "delivered": "delivered", "relayed": "delivered", "expanded": "delivered"}
    kind = kinds.get(row.verb, "bounce")
    if asked and asked.lower() != recipient.lower():
        original = _asked(original, asked)
    said = one_line(row.said or (about.said if about else ""))
    if kind == "delivered":
        return Report(recipient, kind, False, found.status, found.reply, "delivered", said, original=original)
    block = found.reason in CONTENT_REASONS
    return Report(recipient, kind, found.hard, found.status, found.reply, found.reason, said, block, original)


def _asked(original: Original, asked: str) -> Original:
    from dataclasses import replace

    return replace(original, asked=asked)


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
    kind: Kind = "delay" if any(words in low for words in _DELAY_WORDS) else "bounce"
    return [_of_prose(item, text, kind, original) for item in named[:MOST_RECIPIENTS]]


def _of_prose(item: Named, text: str, kind: Kind, original: Original) -> Report:
    said = item.said if len(item.said.strip()) > len(item.address) + 6 else ""
    found = judged(said or text, context=text, notice=text)
    block = found.reason in CONTENT_REASONS
    return Report(item.address, kind, found.hard, found.status, found.reply, found.reason, one_line(said or text), block, original)


def _is_notice(mail: Part, text: str) -> bool:
    """True for a mail that a mail system wrote about a failure: by its sender or its subject, and by its words."""
    path, sender = mail.first("return-path"), mail.first("from")
    empty = ("return-path" in mail.fields and path.strip() in ("<>", "")) or ("from" in mail.fields and sender.strip() in ("<>", ""))
    machine = is_machine(address_in(sender)) or "mailer-daemon" in sender.lower() or "mailer-daemon" in path.lower() or "postmaster" in sender.lower()
    subject = bool(_SUBJECT.search(decoded_words(mail.first("subject"))[:300]))
    report = any(part.kind in _STATUS_KINDS and not part.inside for part in mail.walk())
    if report or tells_failure(text):
        return report or empty or machine or subject
    return (empty or machine) and codes_in(text[:8000])[0][:1] in ("4", "5")


def _senders(mail: Part, original: Original) -> set[str]:
    """Who wrote the reported mail, or the report: none of them failed, unless a formal field says so."""
    fields = [value for name in ("from", "to", "return-path") for value in mail.fields.get(name, [])]
    listed = {address.lower() for value in fields for address in addresses_in(value)}
    return listed | {word.lower() for word in (original.return_path, original.sender) if word}


def _carried(mail: Part) -> list[Report]:
    """A report that somebody forwarded as an attachment: the first one inside is read, one level down."""
    for part in mail.walk():
        if part.kind in ("message/rfc822", "message/global") and part.children and part.children[0].kind == "multipart/report":
            inner = part.children[0]
            for child in inner.walk():
                child.inside = part_is_deeper(child, inner)
            text, quoted = split_original(notice_of(_texts(inner)))
            original = _original(inner, _inner_fields(inner, quoted))
            return _by_statuses(inner, text, original)[:MOST_RECIPIENTS]
    return []


def part_is_deeper(child: Part, root: Part) -> bool:
    """True where a part lies in a mail that `root` itself carries."""
    for part in root.walk():
        if part is not root and part.kind in ("message/rfc822", "message/global"):
            if any(child is below for top in part.children for below in top.walk()):
                return True
    return False

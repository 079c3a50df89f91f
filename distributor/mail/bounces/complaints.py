"""Complaints: feedback reports (RFC 5965), the providers' own forms of them, and notices in JSON (Amazon SES)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from distributor.mail.bounces.addresses import address_in, addresses_in
from distributor.mail.bounces.opening import Fields, Part, read_fields
from distributor.mail.bounces.reasons import CONTENT_REASONS, judged, one_line
from distributor.mail.bounces.report import Kind, Original, Report

__all__ = ["feedback", "notices"]

_TYPES: dict[str, Kind] = {"opt-out": "unsubscribe", "opt-out-list": "unsubscribe", "unsubscribe": "unsubscribe"}
# Said about the mail, not by its reader: it must not end a subscription.
_NOT_OF_READERS = frozenset({"auth-failure", "dmarc", "dkim", "not-spam", "virus", "miscategorized"})
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "original-recipient", "redacted-address")
_MARKS = (
    "x-hmxmroriginalrecipient",
    "x-hmxmroriginalrcpt",
    "x-apparently-to",
    "x-original-to",
    "x-rcpt-to",
    "delivered-to",
)
_FROM = re.compile(r"(?:staff|fbl|feedback|complaints?|abuse|scomp|arf|noreply-fbl)[\w.+-]*@", re.IGNORECASE)
_ABOUT = re.compile(
    r"complaint about|abuse report|feedback report|spam report|email abuse|fw: spam|marked as spam", re.IGNORECASE
)
_MOST = 200
_NOTICE_KINDS: dict[str, Kind] = {"bounce": "bounce", "complaint": "complaint", "delivery": "delivered"}


def feedback(mail: Part, original: Original, inner: Fields) -> list[Report]:
    """The complaints that a feedback report makes, one for each recipient; none where it is no such report."""
    fields = _feedback_fields(mail)
    if fields is None and not _is_informal(mail, inner):
        return []
    fields = fields or {}
    sort = (fields.get("feedback-type") or ["abuse"])[0].strip().lower() or "abuse"
    found = [address for name in _RECIPIENTS for value in fields.get(name, []) for address in addresses_in(value)]
    found = found or [address for name in _MARKS for address in map(address_in, inner.get(name, [])) if address][:1]
    found = found or addresses_in(" ".join(inner.get("to", []) + inner.get("cc", [])))[:_MOST]
    block = sort in _NOT_OF_READERS
    each = {address.lower(): address for address in found[:_MOST]} or {"": ""}
    return [
        Report(
            address,
            _TYPES.get(sort, "complaint"),
            reason="feedback",
            diagnostic=f"{sort}: {(fields.get('user-agent') or [''])[0]}"[:500],
            content_block=block,
            original=original,
        )
        for address in each.values()
    ]


def notices(text: str) -> list[Report]:
    """The reports of a notice in JSON: Amazon SES through SNS, by mail. A line that a mailer folded is put together."""
    for document in _documents(text):
        kind = str(document.get("notificationType") or document.get("eventType") or "").lower()
        if kind in _NOTICE_KINDS:
            return list(_noticed(document, kind))[:_MOST]
    return []


def _feedback_fields(mail: Part) -> Fields | None:
    for part in mail.walk():
        if part.inside:
            continue
        if part.kind in ("message/feedback-report", "message/vnd.feedback-report"):
            return read_fields(part.text.lstrip("\n"))
        if part.kind.startswith("text/") and "feedback-type:" in part.text[:20000].lower():
            at = part.text.lower().find("feedback-type:")
            return read_fields(part.text[at : at + 16000])
    return None


def _is_informal(mail: Part, inner: Fields) -> bool:
    """Hotmail's old form: a mail from the staff with nothing but the reported mail inside."""
    if any(name in inner for name in _MARKS[:2]):
        return True
    sender, subject = mail.first("from"), mail.first("subject")
    return bool(inner) and bool(_FROM.search(sender)) and bool(_ABOUT.search(subject))


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a mail: the notice itself, or the notice inside the envelope of SNS."""
    if "notificationType" not in text and "eventType" not in text:
        return
    at = text.find("{")
    for candidate in (text[at:], re.sub(r"!?\n ", "", text[at:])):
        document = _decoded(candidate)
        inner = document.get("Message")
        if isinstance(inner, str):
            yield _decoded(inner)
            yield _decoded(inner.replace("!\n ", "").replace("\n", ""))
        yield document


def _decoded(text: str) -> dict[str, Any]:
    try:
        document, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return _table(document)


def _noticed(document: dict[str, Any], kind: str) -> Iterator[Report]:
    mail, details = _table(document.get("mail")), _table(document.get(kind))
    common = _table(mail.get("commonHeaders"))
    original = Original(
        message_id=str(common.get("messageId") or mail.get("messageId") or ""),
        return_path=str(mail.get("source") or ""),
        subject=str(common.get("subject") or "")[:300],
    )
    listed = details.get({"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}.get(kind, "recipients"))
    for item in listed if isinstance(listed, list) else ():
        row = item if isinstance(item, dict) else {"emailAddress": item}
        address = address_in(str(row.get("emailAddress") or ""))
        said = one_line(str(row.get("diagnosticCode") or details.get("smtpResponse") or ""))
        if kind == "complaint":
            sort = str(details.get("complaintFeedbackType") or "abuse")
            yield Report(address, "complaint", reason="feedback", diagnostic=sort[:500], original=original)
            continue
        if kind == "delivery":
            yield Report(address, "delivered", False, "", said[:3], "delivered", said, original=original)
            continue
        found = judged(said, status=str(row.get("status") or ""), context=str(details.get("bounceSubType") or ""))
        block = found.reason in CONTENT_REASONS
        yield Report(address, "bounce", found.hard, found.status, found.reply, found.reason, said, block, original)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

"""What Amazon SES says inside a message of SNS: a bounce, a complaint, a delivery; all else is no news for us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distributor.mail.bounces.reasons import CONTENT_REASONS, judged
from distributor.mail.hooks.events import MOST_RECIPIENTS, Event, HookRefused, address, document, line, moment, table

__all__ = ["notice"]

# Where a receiver's words tell nothing, SES's own subtype does.
_REASONS = {
    "NoEmail": "userunknown", "General": "undefined", "Suppressed": "suppressed",
    "OnAccountSuppressionList": "suppressed", "UnsubscribedRecipient": "suppressed", "MailboxFull": "mailboxfull",
    "MessageTooLarge": "mesgtoobig", "ContentRejected": "contenterror", "AttachmentRejected": "contenterror",
    "CustomTimeoutExceeded": "expired",
}  # fmt: skip
# Said about the mail by a machine, or that it is no spam: no reader complains.
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "virus"})


def notice(text: str) -> tuple[Event, ...]:
    """The events of a notice; none for what is not one (SNS's own greeting, opens, clicks)."""
    try:
        told = document(text)
    except HookRefused:
        return ()
    kind = line(told.get("notificationType") or told.get("eventType"), 40)
    make = {"Bounce": _bounces, "Complaint": _complaints, "Delivery": _deliveries}.get(kind)
    return tuple(make(told)) if make else ()


def _bounces(told: dict[str, Any]) -> Iterator[Event]:
    bounce = table(told.get("bounce"))
    permanent, subtype = bounce.get("bounceType") == "Permanent", line(bounce.get("bounceSubType"), 40)
    for row in _rows(bounce.get("bouncedRecipients")):
        said = line(row.get("diagnosticCode"))
        reason = judged(said, status=line(row.get("status"), 20)).reason if said else "undefined"
        if reason == "undefined":
            reason = _REASONS.get(subtype, "undefined")
        block = reason in CONTENT_REASONS
        yield Event(
            "bounce",
            address(row.get("emailAddress")),
            hard=permanent and not block,
            reason=reason,
            diagnostic=said or f"{line(bounce.get('bounceType'), 40)} {subtype}".strip(),
            at=moment(bounce.get("timestamp")),
            content_block=block,
            **_names(told),
        )


def _complaints(told: dict[str, Any]) -> Iterator[Event]:
    complaint = table(told.get("complaint"))
    sort = line(complaint.get("complaintFeedbackType"), 40) or "abuse"
    for row in _rows(complaint.get("complainedRecipients")) if sort not in _NO_COMPLAINT else ():
        said = f"{sort}: {line(complaint.get('userAgent'), 200)}".removesuffix(": ")
        yield Event(
            "complaint",
            address(row.get("emailAddress")),
            reason="feedback",
            diagnostic=said,
            at=moment(complaint.get("timestamp")),
            **_names(told),
        )


def _deliveries(told: dict[str, Any]) -> Iterator[Event]:
    delivery = table(told.get("delivery"))
    for row in _rows(delivery.get("recipients")):
        yield Event(
            "delivery",
            address(row.get("emailAddress")),
            reason="delivered",
            diagnostic=line(delivery.get("smtpResponse")),
            at=moment(delivery.get("timestamp")),
            **_names(told),
        )


def _names(told: dict[str, Any]) -> dict[str, Any]:
    """SES's own name of the mail, and ours, where the notice shows the original headers."""
    mail = table(told.get("mail"))
    headers = mail.get("headers")
    for header in headers[:200] if isinstance(headers, list) else ():
        if line(table(header).get("name"), 40).lower() == "message-id":
            return {"remote_id": line(mail.get("messageId"), 200), "message_id": line(table(header).get("value"), 300)}
    return {"remote_id": line(mail.get("messageId"), 200)}


def _rows(value: object) -> Iterator[dict[str, Any]]:
    """The recipients whose address is one; a bare text stands for a row with nothing else."""
    for item in value[:MOST_RECIPIENTS] if isinstance(value, list) else ():
        row = table(item) or {"emailAddress": item}
        if address(row.get("emailAddress")):
            yield row

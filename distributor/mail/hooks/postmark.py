"""Postmark's webhooks (postmarkapp.com/developer/webhooks): Bounce, SpamComplaint, SubscriptionChange, Delivery.

Postmark signs nothing. What proves a hook is a secret that only Postmark and we know: as the password of basic auth
in the hook's address, as a header of its own, or as a word in the path, which the web layer hands over.
"""

from __future__ import annotations

from typing import Any

from distributor.mail.bounces.reasons import CONTENT_REASONS, judged
from distributor.mail.hooks.events import Event, Kind, address, document, line, moment, table

__all__ = ["read"]

# Bounce types (postmarkapp.com/developer/api/bounce-api#bounce-types). What is not here is no event: a delay that
# Postmark tries again, an out-of-office reply, our own faults.
_HARD = {"HardBounce": "userunknown", "BadEmailAddress": "userunknown", "ManuallyDeactivated": "suppressed"}
_SOFT = {
    "SoftBounce": "undefined", "DnsError": "hostunknown", "Unknown": "undefined", "Undeliverable": "undefined",
    "Unconfirmed": "undefined",
}  # fmt: skip
_CONTENT = {
    "SpamNotification": "spamdetected", "VirusNotification": "virusdetected", "Blocked": "blocked",
    "DMARCPolicy": "authfailure",
}  # fmt: skip
_OTHER: dict[str, Kind] = {"SpamComplaint": "complaint", "Unsubscribe": "unsubscribe"}


def read(body: bytes) -> list[Event]:
    """The events of a hook that `secrets.check` let in: one, or none. Raises HookRefused, and nothing else."""
    told = document(body)
    make = {"Bounce": _bounce, "SpamComplaint": _bounce, "SubscriptionChange": _change, "Delivery": _delivery}
    sort = told.get("RecordType")
    event = make[sort](told) if isinstance(sort, str) and sort in make else None
    return [event] if event and event.recipient else []


def _bounce(told: dict[str, Any]) -> Event | None:
    sort = line(told.get("Type"), 60)
    if told["RecordType"] == "SpamComplaint":
        sort = "SpamComplaint"
    said = line(told.get("Details")) or line(told.get("Description"))
    if sort in _OTHER:
        return _event(_OTHER[sort], told, "Email", "BouncedAt", reason="feedback", diagnostic=said)
    known = _HARD.get(sort) or _SOFT.get(sort) or _CONTENT.get(sort)
    if known is None:
        return None
    reason = judged(said).reason if said and sort not in _CONTENT else known
    reason = known if reason == "undefined" else reason
    block = sort in _CONTENT or (reason in CONTENT_REASONS and told.get("Inactive") is not True)
    hard = not block and (sort in _HARD or told.get("Inactive") is True)
    return _event("bounce", told, "Email", "BouncedAt", reason=reason, diagnostic=said, hard=hard, content_block=block)


def _change(told: dict[str, Any]) -> Event | None:
    """An address came onto the stream's suppression list. Its leaving the list is no consent to us."""
    if told.get("SuppressSending") is not True:
        return None
    reason = line(told.get("SuppressionReason"), 60)
    said = f"Postmark suppresses it: {reason or 'no reason'}, by {line(told.get('Origin'), 40) or 'nobody'}"
    if reason == "HardBounce":
        return _event("bounce", told, "Recipient", "ChangedAt", reason="userunknown", diagnostic=said, hard=True)
    kind: Kind = "complaint" if reason == "SpamComplaint" else "unsubscribe"
    return _event(kind, told, "Recipient", "ChangedAt", reason="feedback", diagnostic=said)


def _delivery(told: dict[str, Any]) -> Event:
    said = line(told.get("Details"))
    return _event("delivery", told, "Recipient", "DeliveredAt", reason="delivered", diagnostic=said)


def _event(kind: Kind, told: dict[str, Any], who: str, when: str, **more: Any) -> Event:
    return Event(
        kind,
        address(told.get(who)),
        remote_id=line(told.get("MessageID"), 200),
        message_id=line(table(told.get("Metadata")).get("message-id"), 300),
        at=moment(told.get(when)),
        **more,
    )

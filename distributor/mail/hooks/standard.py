"""Any other sender, by Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.

    {"type": "bounce", "data": {"recipient": "reader@example.org", "hard": true, "reason": "userunknown",
     "diagnostic": "550 5.1.1 ...", "message_id": "<...>", "remote_id": "...", "at": "2026-03-01T12:00:00Z"}}

`type` is bounce, complaint, unsubscribe or delivery, also with `email.` before it; `data` may be a list of such
objects, each with a `type` of its own if it likes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from distributor.mail.hooks.events import (
    BIGGEST_BODY,
    MOST_RECIPIENTS,
    Event,
    HookRefused,
    Kind,
    address,
    document,
    line,
    moment,
    table,
)

__all__ = ["Received", "key_of", "read", "verified"]

TOLERANCE = timedelta(seconds=300)
_KINDS = ("bounce", "complaint", "unsubscribe", "delivery")


@dataclass(frozen=True, slots=True)
class Received:
    """A hook that was believed. Keep `id` for 24 hours: what comes with it again is dropped."""

    id: str
    events: tuple[Event, ...]


def read(body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime) -> Received:
    """Reads a hook signed with one of `secrets` (two while a secret is changed). Raises HookRefused, nothing else."""
    identity = verified(body, headers, secrets, now)
    told = document(body)
    data = told.get("data")
    rows = data[:MOST_RECIPIENTS] if isinstance(data, list) else [data]
    events = (_event(table(row), told.get("type")) for row in rows)
    return Received(identity, tuple(event for event in events if event))


def key_of(secret: str) -> bytes:
    """The key in `whsec_` and base64 of 24 to 64 bytes. Raises HookRefused."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        hint = 'echo "whsec_$(head -c 32 /dev/urandom | base64)" makes one'
        raise HookRefused("the hook's secret is not whsec_ and base64 of 24 to 64 bytes", status=401, hint=hint)
    return key


def verified(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> str:
    """The hook's id. The time is checked after the signature, so that a stranger learns nothing of our clock.

    Raises HookRefused.
    """
    names = {name.lower(): value for name, value in headers.items()}
    identity, stamp = names.get("webhook-id", ""), names.get("webhook-timestamp", "")
    if len(body) > BIGGEST_BODY:
        raise HookRefused("the hook's body is larger than 1 MiB", status=413)
    if not re.fullmatch(r"[!-~]{1,255}", identity) or not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise HookRefused("not signed by Standard Webhooks", status=401)
    signed = b".".join((identity.encode(), stamp.encode(), body))
    wanted = [hmac.new(key_of(secret), signed, hashlib.sha256).digest() for secret in secrets]
    shown = [_signature(word) for word in names.get("webhook-signature", "")[:4096].split(" ")[:20]]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in shown):
        raise HookRefused("the hook's signature is wrong", status=401)
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise HookRefused("the hook's time is not ours", status=401, hint="are both clocks right?")
    return identity


def _signature(word: str) -> bytes:
    version, _, value = word.partition(",")
    try:
        return base64.b64decode(value, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""


def _event(row: dict[str, Any], default: object) -> Event | None:
    sort = line(row.get("type") or default, 40).removeprefix("email.")
    recipient = address(row.get("recipient"))
    if sort not in _KINDS or not recipient:
        return None
    return Event(
        cast(Kind, sort),
        recipient,
        hard=sort == "bounce" and row.get("hard") is True,
        reason=re.sub(r"[^a-z0-9_-]", "", line(row.get("reason"), 40).lower()),
        diagnostic=line(row.get("diagnostic")),
        message_id=line(row.get("message_id"), 300),
        remote_id=line(row.get("remote_id"), 200),
        at=moment(row.get("at")),
        content_block=row.get("content_block") is True,
    )

"""One event of a hook, and the careful reading of the JSON that it came in."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from distributor.errors import DistributorError
from distributor.mail.headers import wire_address

__all__ = ["BIGGEST_BODY", "Event", "HookRefused", "Kind", "address", "document", "line", "moment", "table"]

Kind = Literal["bounce", "complaint", "unsubscribe", "delivery"]
# SNS carries at most 256 KiB, which the escaping of JSON in JSON may more than double.
BIGGEST_BODY = 1024 * 1024
MOST_RECIPIENTS = 100


class HookRefused(DistributorError):
    """A hook that is not believed. `status` is the HTTP answer that it deserves: 400, 401 or 413."""

    def __init__(self, message: str, *, status: int = 400, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one mail to one reader.

    `hard`: the address will not work again. `content_block`: the mail or its sender was refused, not this reader; it
    does not score. `recipient` is one well-formed address, as it goes over the wire. `reason` is one word,
    `diagnostic` one line of at most 500 characters in the receiving side's words: escape it. `message_id` is our own
    Message-ID, `remote_id` what the provider called the mail (Outcome.remote_id); each may be empty.
    `at` is when it happened by the provider's clock, UTC; None where it does not say.
    """

    kind: Kind
    recipient: str
    hard: bool = False
    reason: str = ""
    diagnostic: str = ""
    message_id: str = ""
    remote_id: str = ""
    at: datetime | None = None
    content_block: bool = False


def document(body: bytes | str) -> dict[str, Any]:
    """The body as a JSON object. Raises HookRefused."""
    if len(body) > BIGGEST_BODY:
        raise HookRefused("the hook's body is larger than 1 MiB", status=413)
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise HookRefused("the hook's body is not JSON") from None
    if not isinstance(value, dict):
        raise HookRefused("the hook's body is not a JSON object")
    return value


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def line(value: object, most: int = 500) -> str:
    """One line of printable text; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(char if char.isprintable() else " " for char in value[: 4 * most]).split())[:most]


def address(value: object) -> str:
    """One address as it goes over the wire, from `a@b` or `Name <a@b>`; empty where it is none."""
    if not isinstance(value, str) or len(value) > 600:
        return ""
    bare = value.strip()
    if found := re.fullmatch(r"[^<>]*<([^<>]*)>", bare):
        bare = found[1]
    try:
        return wire_address(bare)
    except ValueError:
        return ""


def moment(value: object) -> datetime | None:
    """An ISO 8601 time, or seconds since 1970, in UTC; None where it is neither. No zone means UTC."""
    try:
        if isinstance(value, str):
            told = datetime.fromisoformat(_microseconds(value[:64]))
            return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _microseconds(value: str) -> str:
    """Postmark gives seven places behind the point; Python reads six."""
    return re.sub(r"(\.\d{6})\d+", r"\1", value.strip())


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

"""What each refusal of X means to the ledger. Pure: an answer and the time in, an error out.

    401, 402, 403                     ChannelPaused(None): a person must act (keys, credits, rights, suspension)
    403 duplicate content, too long   Rejected
    429                               ChannelPaused(until), by the limit that ran out: 15 minutes, or 24 hours
    403 that X did not write, 3xx     RetryLater(outage): something on the way there answered
    any other 4xx                     Rejected
    5xx                               Uncertain: X sometimes posts and answers 503

Sources: https://docs.x.com/x-api/fundamentals/rate-limits and .../response-codes-and-errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from distributor.channels.http import Answer, asked_patience
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, Uncertain

__all__ = ["refusal"]

WINDOW = timedelta(minutes=15)  # the shorter of X's two windows, where a 429 tells no time
LONGEST = timedelta(hours=25)

KEYS = (
    "make new keys in the X developer console, put them into the settings, and see that this machine's clock is right"
)
CREDITS = "buy credits or raise the spending limit in the X developer console"
RIGHTS = "give the app the permission Read and write in the X developer console, then make a new access token"

# Fragments of a refusal's words, in lower case. Only a 403 may say "duplicate": elsewhere it is not about the text.
_TWICE = ("duplicate content", "is a duplicate", "(187)")
_LONG = ("too long", "a bit shorter", "over 280")
_MONEY = ("creditsdepleted", "credits", "spend cap", "spendcap", "spending limit", "usage cap", "usagecap")
_SLOW = ("over daily status update limit", "(185)")


def refusal(answer: Answer, now: datetime) -> ChannelError:
    """The error that an answer other than 2xx stands for; `now` is UTC."""
    said = " ".join(". ".join(_words(answer.data())).split())[:300]
    told, status = f"X: {answer.status} {said}".rstrip(), answer.status
    lower = said.lower()
    if status in (402, 403, 429) and any(fragment in lower for fragment in _MONEY):
        return ChannelPaused(told, hint=CREDITS)
    if status == 401:
        return ChannelPaused(told, hint=KEYS)
    if status == 402:
        return ChannelPaused(told, hint=CREDITS)
    if status == 429:
        return ChannelPaused(told, until=_until(answer, now))
    if status in (400, 403) and any(fragment in lower for fragment in _LONG):
        return Rejected(told, reason="too-long")
    if status == 403:
        return _forbidden(answer, told, lower, now)
    if status < 400 or status in (407, 408, 425, 451):
        return RetryLater(f"{told} (X, or something on the way there)", outage=True)
    if status < 500:
        return Rejected(told, reason="gone" if status in (404, 410) else "refused")
    return Uncertain(told, reason="server-error")


def _forbidden(answer: Answer, told: str, lower: str, now: datetime) -> ChannelError:
    if not answer.data():
        return RetryLater(f"{told} (not from X itself: something before it)", after=WINDOW, outage=True)
    if any(fragment in lower for fragment in _TWICE):
        return Rejected(told, reason="duplicate")
    if any(fragment in lower for fragment in _SLOW):
        return ChannelPaused(told, until=now + 2 * WINDOW)
    hint = "open the account in a browser: X wants a person to look at it" if "suspend" in lower else RIGHTS
    return ChannelPaused(told, hint=hint)


def _until(answer: Answer, now: datetime) -> datetime:
    """When the limit that ran out is new again. A 24-hour limit may be the one, though the short one is told too."""
    kinds = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
    spent = [kind for kind in kinds if answer.headers.get(f"{kind}-remaining", "").strip() == "0"]
    resets = [moment for kind in spent if (moment := _moment(answer.headers.get(f"{kind}-reset", ""), now))]
    if resets:
        return max(resets)
    tells = "retry-after" in answer.headers or _moment(answer.headers.get("x-rate-limit-reset", ""), now)
    return now + (asked_patience(answer.headers, now) if tells else WINDOW)


def _moment(epoch: str, now: datetime) -> datetime | None:
    """A header's epoch seconds, if it lies in the time that a limit of X can last."""
    try:
        moment = datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(moment, now + timedelta(seconds=1)), now + LONGEST)


def _words(data: dict[str, Any]) -> Iterator[str]:
    """All that an error says in words: title, detail, and the old style's list of errors."""
    errors = data.get("errors")
    for told in (data, *(errors if isinstance(errors, list) else ())):
        if isinstance(told, dict):
            words = [told[key] for key in ("title", "detail", "message") if isinstance(told.get(key), str)]
            yield from dict.fromkeys(words)

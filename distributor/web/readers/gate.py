"""Who may ask us to mail a stranger: a form of ours, not too young or too old, and not too often from one place.

None of it looks at the address that is asked for, so no answer tells whether we know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from distributor.budgets import Budgets, Rate
from distributor.mail import tokens
from distributor.web.readers.forms import Form

__all__ = ["HONEY", "STAMP", "age", "budgets", "judged", "stamped"]

HONEY = "website"  # people do not see it; what fills in every field does
STAMP = "opened"
PURPOSE = "form"
YOUNGEST, OLDEST = timedelta(seconds=1), timedelta(hours=24)
Verdict = Literal["good", "trap", "again"]


def stamped(key: bytes, now: datetime) -> str:
    """The signed word in a form that says when it was opened."""
    return tokens.mint_fresh(key, PURPOSE, 0, now + OLDEST)


def age(keys: Sequence[bytes], stamp: str, now: datetime) -> timedelta | None:
    """How long ago a form of ours was opened; None for a forged stamp and one that is too old."""
    read = tokens.read_fresh(keys, PURPOSE, stamp, now)
    return now - (read.expires_at - OLDEST) if read else None


def judged(form: Form, keys: Sequence[bytes], now: datetime) -> Verdict:
    """`trap`: a machine filled in what nobody sees. `again`: not opened here, or sent within a second, or after a day;
    whoever sends it once more is a person.
    """
    if form.one(HONEY):
        return "trap"
    known = age(keys, form.one(STAMP), now)
    return "good" if known is not None and known >= YOUNGEST else "again"


def budgets() -> Budgets:
    """How many letters strangers may bring about, for one visitor and together. One for subscribing and links alike."""
    return Budgets(each=Rate(10, 20 / 3600), whole=Rate(500, 2_000 / 3600))

"""How fast a receiving domain may be mailed: it says "slow down" by 4xx, and is then left alone for a while. Pure.

After a refusal the domain gets nothing for a time that doubles with each; then a few letters a batch, twice as many
after each batch that went well, until nothing holds it back. No worker waits: other domains' letters go meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

__all__ = ["FREE", "Domain", "after_refusal", "after_success", "room"]

BASE = timedelta(seconds=30)
CAP = timedelta(hours=1)
PROBE = 5
FREE = 1000


@dataclass(frozen=True, slots=True)
class Domain:
    """A receiving domain: until when it wants no mail (UTC), refusals in a row, letters a batch it may have."""

    name: str
    paused_until: datetime | None = None
    failures: int = 0
    allowance: int = FREE


def room(domain: Domain | None, now: datetime) -> int:
    """How many letters of a batch it may have now."""
    if domain is None:
        return FREE
    if domain.paused_until is not None and domain.paused_until > now:
        return 0
    return max(PROBE, domain.allowance)


def after_refusal(domain: Domain, now: datetime, jitter: float) -> Domain:
    """It asked for patience (421, 450, 4.7.x). Many at once count as one: only the first moves its pause."""
    if domain.paused_until is not None and domain.paused_until > now:
        return domain
    pause = min(CAP, BASE * float(2 ** min(domain.failures, 12))) * (0.5 + jitter / 2)
    return Domain(domain.name, now + pause, domain.failures + 1, PROBE)


def after_success(domain: Domain) -> Domain | None:
    """A batch went well: twice as many next time; None when nothing holds it back any more."""
    wider = domain.allowance * 2
    return None if wider >= FREE else replace(domain, paused_until=None, failures=0, allowance=wider)

"""How often somebody may do something: token buckets (a burst, then a steady pace). Pure but for what they remember.

    budgets = Budgets(each=Rate(5, 1 / 60), whole=Rate(200, 2.0))
    if not budgets.take(visitor(ip), now): ...  # 429

In memory: each web process counts for itself, and a restart forgets. What must hold for ever is counted in the store.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Bucket", "Budgets", "Rate", "take", "visitor"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` at once, and `per_second` more as time goes on."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at a moment."""

    left: float
    at: datetime


def take(bucket: Bucket | None, rate: Rate, now: datetime) -> tuple[Bucket, bool]:
    """The bucket afterwards, and whether there was enough. None is a full one. A clock that goes back adds nothing."""
    if bucket is None:
        bucket = Bucket(rate.burst, now)
    passed = max((now - bucket.at).total_seconds(), 0.0)
    left = min(rate.burst, bucket.left + passed * rate.per_second)
    granted = left >= 1.0
    return Bucket(left - granted, max(now, bucket.at)), granted


def visitor(ip: str) -> str:
    """What counts as one visitor: an IPv4 address, or an IPv6 network of 64 bits (one household has all of it)."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0].strip("[]"))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


class Budgets:
    """One budget for each visitor and one for all together. Safe to use from any thread.

    It remembers the visitors of late, at most `most` of them: who was forgotten begins anew, the whole does not.
    """

    def __init__(self, *, each: Rate, whole: Rate, most: int = 20_000) -> None:
        self._each, self._whole, self._most = each, whole, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._all: Bucket | None = None
        self._lock = threading.Lock()

    def take(self, who: str, now: datetime) -> bool:
        """Whether one more is granted. What is refused to one visitor costs the others nothing."""
        with self._lock:
            own, granted = take(self._buckets.pop(who, None), self._each, now)
            if granted:
                self._all, granted = take(self._all, self._whole, now)
            self._buckets[who] = own
            while len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
            return granted

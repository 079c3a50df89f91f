"""Who may ask us to mail a stranger: a form of ours, not too young or too old, and not too often from one place.

None of it looks at the address that is asked for, so no answer tells whether we know it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal

from distributor.mail import tokens
from distributor.web.readers.forms import Form

__all__ = ["HONEY", "Budget", "age", "judged", "stamped"]

HONEY = "website"  # people do not see it; what fills in every field does
STAMP = "opened"
PURPOSE = "form"
YOUNGEST, OLDEST = timedelta(seconds=1), timedelta(hours=24)
Verdict = Literal["good", "trap", "again"]


def stamped(key: bytes, now: datetime) -> str:
    """The signed word in a form that says when it was opened."""
    return tokens.mint_fresh(key, PURPOSE, 0, now + OLDEST)


def age(key: bytes, stamp: str, now: datetime) -> timedelta | None:
    """How long ago a form of ours was opened; None for a forged stamp and one that is too old."""
    read = tokens.read_fresh([key], PURPOSE, stamp, now)
    return now - (read.expires_at - OLDEST) if read else None


def judged(form: Form, key: bytes, now: datetime) -> Verdict:
    """`trap`: a machine filled in what nobody sees. `again`: not opened here, or sent within a second, or after a day;
    whoever sends it once more is a person.
    """
    if form.one(HONEY):
        return "trap"
    known = age(key, form.one(STAMP), now)
    return "good" if known is not None and known >= YOUNGEST else "again"


class Budget:
    """How many mails strangers may bring about: `each` for one address of the network, `all` together, within an hour.

    Kept in this process. Counts attempts, not successes. Safe among threads.
    """

    HOUR = timedelta(hours=1)
    PLACES = 50_000

    def __init__(self, *, each: int = 20, together: int = 2_000) -> None:
        self.each, self.together = each, together
        self._places: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._all: deque[datetime] = deque()
        self._lock = threading.Lock()

    def takes(self, ip: str, now: datetime) -> bool:
        """Whether one more is within the budget; it is then counted."""
        with self._lock:
            place = self._places.setdefault(network(ip), deque())
            self._places.move_to_end(network(ip))
            while len(self._places) > self.PLACES:
                self._places.popitem(last=False)
            for times in (place, self._all):
                while times and now - times[0] >= self.HOUR:
                    times.popleft()
            if len(place) >= self.each or len(self._all) >= self.together:
                return False
            place.append(now)
            self._all.append(now)
            return True


def network(ip: str) -> str:
    """Where somebody is: an IPv4 address, or the /64 that one household has of IPv6."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    mapped = getattr(address, "ipv4_mapped", None)
    if address.version == 4 or mapped:
        return str(mapped or address)
    return address.exploded[:19]

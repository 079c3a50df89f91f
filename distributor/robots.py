"""Who is no reader: known robots by what they say of themselves, the others by what they do. Pure.

    request -> marks            what one request shows by itself (bits, kept with its event)
    events  -> judge            what only several requests together show; a verdict for each

What is in doubt is left out: a ranking loses nothing by a click too few, and is a robot's by a thousand too many.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network

from distributor import agents as known_agents

__all__ = [
    "AGENT",
    "BARE",
    "EMBEDDED",
    "HEAD",
    "NETWORK",
    "PREFETCH",
    "SECOND_REQUEST",
    "TOO_MANY",
    "Event",
    "Rules",
    "is_private",
    "judge",
    "marks",
    "network_mark",
]

AGENT = 1  # a robot by its name, or no name
PREFETCH = 2  # fetched before, or without, anybody looking at it
HEAD = 4  # readers' browsers ask for pages
BARE = 8  # says it is a browser, and lacks what every browser sends
NETWORK = 16  # from an address of `robot_networks`
TOO_MANY = 32  # one of a flood
EMBEDDED = 64  # a page asked for it by itself, as an image, a frame or a script: nobody followed a link

_NEVER = AGENT | PREFETCH | HEAD | TOO_MANY
# Clicks with these marks are a reader's only if the page they lead to is seen too.
_UNPROVEN = NETWORK | BARE
SECOND_REQUEST = timedelta(seconds=45)
MINUTE = timedelta(minutes=1)

_LONGEST = 1000
# Every browser's name has begun so for thirty years (https://webaim.org/blog/user-agent-string-history/); what does
# not is a program. The rest are browsers of phones without a touch screen.
_BROWSER = re.compile(r"mozilla/[45]|opera/\d|ucweb|nokia|samsung-|blackberry|sonyericsson|lg-|mot-|jiophone")


@dataclass(frozen=True, slots=True)
class Event:
    """What one visitor did: see the table `event`. `judged`: 0 not yet, 1 counted, 2 left out."""

    id: int
    at: datetime
    kind: str
    article_id: int
    channel: str = ""
    link_id: int = 0
    visitor: int = 0
    mail: int = 0
    delay: int = -1
    marks: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings `[signals]` as far as judging needs them, and what no reader does.

    A visitor that opens more than `articles_a_minute`, does more than `acts_a_minute`, or within `horizon` opens more
    than `articles_in_all` or follows one link (or shares one article) more than `same_act` times, is none. Views are
    not held to the last: a page with live news loads itself anew.
    """

    repeat_within: timedelta = timedelta(minutes=30)
    scanner_within: timedelta = timedelta(seconds=10)
    burst: int = 3
    articles_a_minute: int = 10
    acts_a_minute: int = 40
    articles_in_all: int = 100
    same_act: int = 10

    @property
    def horizon(self) -> timedelta:
        """How far back, and forth, an event matters to another."""
        return max(self.repeat_within, self.scanner_within, MINUTE)


def marks(method: str, headers: Mapping[str, str], agents: Sequence[str] = ()) -> int:
    """What a request shows by itself, as bits. `headers` are asked for lower-case names; `agents` are words of further
    robots' names.
    """
    agent = headers.get("user-agent", "")[:_LONGEST]
    found = AGENT if _is_robot(agent, tuple(agents)) else 0
    if _is_prefetch(headers):
        found |= PREFETCH
    if method.upper() == "HEAD":
        found |= HEAD
    if not found & AGENT and _is_bare(method, headers):
        found |= BARE
    # https://www.w3.org/TR/fetch-metadata/: only over HTTPS, and not from old browsers; then nothing is known.
    if method.upper() == "GET" and headers.get("sec-fetch-dest", "document") != "document":
        found |= EMBEDDED
    return found


def network_mark(address: str, networks: Iterable[str]) -> int:
    """NETWORK for an address in one of these networks (CIDR), else 0; what is no address is in none."""
    given = tuple(networks)
    return NETWORK if given and _in_networks(address, given) else 0


def is_private(headers: Mapping[str, str]) -> bool:
    """Whether the reader asks not to be counted: DNT (W3C Tracking Preference Expression), Global Privacy Control."""
    return headers.get("dnt", "").strip() == "1" or headers.get("sec-gpc", "").strip() == "1"


@lru_cache(maxsize=2048)
def _is_robot(agent: str, agents: tuple[str, ...]) -> bool:
    name = agent.strip().lower()
    return (
        _BROWSER.match(name) is None
        or known_agents.is_known(name)
        or any(word.lower() in name for word in agents if word)
    )


@lru_cache(maxsize=2048)
def _in_networks(address: str, networks: tuple[str, ...]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in ip_network(one, strict=False) for one in networks)


def _is_prefetch(headers: Mapping[str, str]) -> bool:
    """Chrome, Safari and Firefox each had words of their own: https://wicg.github.io/nav-speculation/prefetch.html."""
    said = [headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")]
    return any(word in one for one in said if one for word in ("prefetch", "prerender", "preview", "instant"))


def _is_bare(method: str, headers: Mapping[str, str]) -> bool:
    accept = headers.get("accept", "").lower()
    if not headers.get("accept-language") or not accept:
        return True
    # A page is asked for as HTML; what a page asks for itself (a script, an image, a beacon) is not.
    by_a_page = method.upper() == "POST" or headers.get("sec-fetch-mode", "navigate") != "navigate"
    return not by_a_page and "html" not in accept and "image/" not in accept


def judge(new: Sequence[Event], recent: Sequence[Event], rules: Rules) -> dict[int, bool]:
    """Which of the new events count, by their ids; and False for those of the recent ones that were counted before
    their visitor was found out.

    `recent` is what else the same visitors and mails did within `rules.horizon`, judged or not yet. The order in which
    events are given makes no difference.
    """
    known = {event.id: event for event in (*recent, *new)}
    everything = sorted(known.values(), key=_moment)
    waits = {event.id for event in new}
    robots = _scanned(everything, rules) | _hasty(everything, rules)
    seen = _proofs(everything)
    verdicts: dict[int, bool] = {}
    counted = _Counted(rules.repeat_within)
    for event in everything:
        if event.judged == 1 and event.id not in waits:
            if event.id in robots:
                verdicts[event.id] = False
            else:
                counted.add(event)
    for event in everything:
        if event.id in waits:
            good = event.id not in robots and _is_a_reader(event, seen, rules) and not counted.has(event)
            verdicts[event.id] = good
            if good:
                counted.add(event)
    return verdicts


def _moment(event: Event) -> tuple[datetime, int]:
    return event.at, event.id


def _is_a_reader(event: Event, seen: Mapping[tuple[int, int], Sequence[datetime]], rules: Rules) -> bool:
    if event.marks & _NEVER or (event.kind != "views" and event.marks & EMBEDDED):
        return False
    if event.mail and 0 <= event.delay < rules.scanner_within.total_seconds():
        return False
    if event.kind == "views":
        return not event.marks & BARE
    if not event.marks & _UNPROVEN:
        return True
    views = seen.get((event.visitor, event.article_id), ())
    # The page is seen after a click on a link to it, and before it is shared.
    begin, end = (event.at - rules.repeat_within if event.kind == "shares" else event.at), event.at + SECOND_REQUEST
    return bisect_right(views, end) > bisect_left(views, begin)


def _proofs(events: Iterable[Event]) -> dict[tuple[int, int], list[datetime]]:
    """When a visitor really saw an article's page, by visitor and article; in the order of time."""
    seen = defaultdict(list)
    for event in events:
        if event.kind == "views" and event.visitor and not event.marks & (_NEVER | BARE):
            seen[event.visitor, event.article_id].append(event.at)
    return seen


def _scanned(events: Iterable[Event], rules: Rules) -> set[int]:
    """Clicks of link scanners: many links of one mail at once, and whatever the same visitor opened of that mail."""
    by_mail: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event.mail and event.kind == "clicks":
            by_mail[event.mail].append(event)
    found = set()
    for clicks in by_mail.values():
        at_once = _crowded(clicks, rules.scanner_within, lambda event: event.article_id, rules.burst)
        soon = {event.id for event in clicks if 0 <= event.delay < rules.scanner_within.total_seconds()}
        scanners = {event.visitor for event in clicks if event.visitor and event.id in at_once | soon}
        found |= at_once | soon | {event.id for event in clicks if event.visitor in scanners}
    return found


def _hasty(events: Iterable[Event], rules: Rules) -> set[int]:
    """What a visitor did while it did more than a reader can. Of whom nothing is known, nothing is said."""
    by_visitor: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event.visitor:
            by_visitor[event.visitor].append(event)
    found = set()
    for acts in by_visitor.values():
        if len(acts) > min(rules.articles_a_minute, rules.acts_a_minute, rules.same_act):
            for same in _alike(acts):
                found |= _crowded(same, rules.horizon, lambda event: event.id, rules.same_act + 1)
            found |= _crowded(acts, MINUTE, lambda event: event.article_id, rules.articles_a_minute + 1)
            found |= _crowded(acts, MINUTE, lambda event: event.id, rules.acts_a_minute + 1)
            found |= _crowded(acts, rules.horizon, lambda event: event.article_id, rules.articles_in_all + 1)
    return found


def _alike(acts: Iterable[Event]) -> Iterable[list[Event]]:
    """Clicks, and shares, of one article each."""
    same: defaultdict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in acts:
        if event.kind != "views":
            same[event.kind, event.article_id].append(event)
    return same.values()


def _crowded(events: Sequence[Event], within: timedelta, what: Callable[[Event], int], enough: int) -> set[int]:
    """The ids of events, given in the order of time, that lie with `enough` different others in one stretch of it."""
    found: set[int] = set()
    window: Counter[int] = Counter()
    begin, done = 0, 0
    for end, event in enumerate(events):
        window[what(event)] += 1
        while event.at - events[begin].at >= within:
            left = what(events[begin])
            window[left] -= 1
            if not window[left]:
                del window[left]
            begin += 1
        if len(window) >= enough:
            found.update(one.id for one in events[max(begin, done) : end + 1])
            done = end + 1
    return found


class _Counted:
    """When who was last counted for what: a reader counts once within a time, by whatever ways the reader comes."""

    def __init__(self, within: timedelta) -> None:
        self._within = within
        self._at: defaultdict[tuple[str, int, str, int], list[datetime]] = defaultdict(list)

    def add(self, event: Event) -> None:
        for key in self._keys(event):
            self._at[key].append(event.at)

    def has(self, event: Event) -> bool:
        return any(abs(event.at - at) < self._within for key in self._keys(event) for at in self._at.get(key, ()))

    def _keys(self, event: Event) -> list[tuple[str, int, str, int]]:
        """A mail is one reader's, on whatever device; who is not known at all is one visitor."""
        keys = [("visitor", event.visitor, event.kind, event.article_id)]
        return [*keys, ("mail", event.mail, event.kind, event.article_id)] if event.mail else keys

"""`send` by hand: an article, known or fetched by its address, to the channels whose rules take it, or to those named.

    plan_send -> Sent        one transaction: rows planned, freed or hurried, and the audit
    deliver_now              in this process, beside whatever workers run: the claim decides who sends
    dry_run -> [Preview]     the exact posts, and nothing written

A person's word passes quiet hours, posting slots and approval; never what the network allows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from distributor import gates, holding, planning, publish, standings
from distributor.addressed import BY_HAND, article_from, look_up, take_in
from distributor.context import App, Station
from distributor.deliver import drain
from distributor.errors import DistributorError, NotFound
from distributor.gates import Opening
from distributor.model import Article, Delivery, Kind, Message, State
from distributor.planning import Verdict
from distributor.rendering import check
from distributor.states import Settlement
from distributor.stopping import softly
from distributor.store import articles, census, ledger
from distributor.telling import composed, measured, openings, shown, tell
from distributor.text import Measured

__all__ = [
    "BY_HAND",
    "Outcome",
    "Preview",
    "Sent",
    "deliver_now",
    "dry_run",
    "leave",
    "plan_send",
    "refresh",
]

NAP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `send` comes to on one channel. `delivery` is None where the channel does not take the article.

    `state` is a State's word, or "not-for-it". `text` says in a few words why, or what it waits for. `mine` tells
    whether this `send` planned, freed or hurried the delivery. `next_at` is when it may go out, None where nobody
    can know or it is settled. `seconds` is from planning to the network's answer.
    """

    channel: str
    state: str
    reason: str = ""
    text: str = ""
    delivery: Delivery | None = None
    mine: bool = False
    next_at: datetime | None = None
    url: str = ""
    seconds: float | None = None
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The article, and one row for each channel, in the settings' order. `fetched`: it was not known before."""

    article: Article
    rows: list[Outcome]
    fetched: bool = False

    @property
    def ids(self) -> list[int]:
        """The deliveries that this `send` is about."""
        return [row.delivery.id for row in self.rows if row.delivery and row.mine]


@dataclass(frozen=True, slots=True)
class Preview:
    """How a channel would post an article. `message` is None when its template fails; `problems` says so."""

    channel: str
    message: Message | None
    measured: Measured | None
    problems: tuple[str, ...]
    verdict: Verdict


def plan_send(
    app: App,
    word: str,
    *,
    who: str,
    to: Sequence[str] | None = None,
    at: datetime | None = None,
    again: bool = False,
    boost: float | None = None,
) -> Sent:
    """Plans an article's posts by a person's word; `word` is an id or an address. Nothing is sent yet.

    Raises NotFound, Unreachable or Unreadable for an address that gives no article, DistributorError for one that
    was withdrawn (unless `again`).
    """
    stations = _named(app, to)
    found, candidate = look_up(app, word)
    now = app.clock()
    with app.store.write(durable=True) as connection:
        app.store.lock(connection, "ingest")
        article = found or take_in(app, connection, candidate, now)
        article = _ready(connection, article, to, again=again, boost=boost)
        planner = _Planner(app, connection, article, now, at, again)
        rows = [planner.outcome(station, named=to is not None) for station in stations]
        articles.count_planned(connection, article.id, planner.planned)
        standings.add(app, connection, [article.id], now)
        detail = {"to": list(to or ()), "at": at.isoformat() if at else "", "again": again, "boost": boost}
        census.audit(connection, who, "send", f"article:{article.id}", now, {**detail, "planned": planner.planned})
    if boost is not None:
        standings.renew(app)
    return refresh(app, Sent(article, rows, fetched=found is None))


def deliver_now(
    app: App,
    sent: Sent,
    *,
    on_settled: Callable[[Delivery, Settlement], None] | None = None,
    patience_s: float = 30,
) -> None:
    """Sends these deliveries in this process, each account in its own thread. Raises StoreError.

    An account that somebody else drains is waited for, up to `patience_s` seconds; so is a retry or a pace that
    comes up within that time. What is left then is the workers'. No other delivery is sent. Ctrl-C lets the post that
    is under way end, and leaves the rest.
    """
    ids = set(sent.ids)
    pending = [row.delivery for row in sent.rows if row.delivery and row.delivery.id in ids and row.state == "pending"]
    accounts: dict[str, list[int]] = {}
    for row in pending:
        accounts.setdefault(app.stations[row.channel].account, []).append(row.id)
    until = time.monotonic() + patience_s

    def deliver(account: str) -> None:
        _deliver(app, account, accounts[account], on_settled, until)

    with softly(app):
        if len(accounts) == 1:
            deliver(*accounts)
        elif accounts:
            with ThreadPoolExecutor(min(8, len(accounts))) as pool:
                list(pool.map(deliver, accounts))


def leave(app: App, sent: Sent) -> None:
    """Leaves the sending to the workers: their accounts are rung for."""
    publish.wake(app, [row.delivery for row in sent.rows if row.delivery])


def refresh(app: App, sent: Sent) -> Sent:
    """The same rows as they stand now."""
    now = app.clock()
    with app.store.read() as connection:
        opened = openings(app, connection, now)
        rows = [_as_it_stands(app, connection, row, opened.get(row.channel), now) for row in sent.rows]
    return replace(sent, rows=rows)


def dry_run(app: App, word: str, to: Sequence[str] | None = None) -> list[Preview]:
    """The posts as they would go out now, to all channels or those named; nothing is written. Raises as plan_send."""
    stations = _named(app, to)
    found, candidate = look_up(app, word)
    article = found or article_from(app, candidate, app.clock())
    return [_preview(app, station, article) for station in stations]


class _Planner:
    """Decides, channel by channel, what a person's `send` means for what the ledger already has."""

    def __init__(
        self, app: App, connection: sa.Connection, article: Article, now: datetime, at: datetime | None, again: bool
    ) -> None:
        self.app, self.connection, self.article, self.now = app, connection, article, now
        self.due, self.again = max(at or now, now), again
        self.planned = 0
        self.latest: dict[str, Delivery] = {}
        for row in ledger.of_article(connection, article.id):
            if row.kind is Kind.POST:
                self.latest[row.channel] = row

    def outcome(self, station: Station, *, named: bool) -> Outcome:
        row = self.latest.get(station.name)
        verdict = planning.verdict(self.article, station.outlet, language=self.app.settings.site.language)
        if not named and not verdict.takes and (row is None or row.state is State.SKIPPED):
            return Outcome(channel=station.name, state="not-for-it", reason=verdict.reason, text=verdict.detail)
        if row is None:
            return self._new(station, 0)
        if row.state is State.SKIPPED or (self.again and row.state in {State.SENT, State.FAILED}):
            return self._new(station, row.generation + 1)
        if row.state is State.PENDING:
            return self._hurried(station, row)
        if row.state is State.HELD:
            return self._freed(station, row)
        return Outcome(channel=station.name, state=row.state.value, delivery=row)

    def _new(self, station: Station, generation: int) -> Outcome:
        article = self.article
        if article.status == "held":
            article = replace(article, note=article.note if article.note == "flood" else holding.BY_HAND)
        (row,) = planning.plan(
            article, [station.outlet], self.now, by_hand=True, due_at=self.due, generation=generation
        )
        if row.state is State.PENDING:
            row = publish.preflight(self.app, station, article, row)
        added = ledger.add(self.connection, [row])
        self.planned += len(added)
        return Outcome(channel=station.name, state=row.state.value, delivery=(added or [row])[0], mine=bool(added))

    def _hurried(self, station: Station, row: Delivery) -> Outcome:
        # What the network asked for after a failed attempt is waited for.
        due = max(self.due, row.due_at) if row.failures else self.due
        ledger.expedite(self.connection, row, due, due + station.settings.expires_after)
        return Outcome(channel=station.name, state=row.state.value, delivery=row, mine=True)

    def _freed(self, station: Station, row: Delivery) -> Outcome:
        """An editor's hold stays; everything else that waits for a person has its person now."""
        if row.reason == holding.BY_HAND or self.article.status == "held":
            return Outcome(channel=station.name, state=row.state.value, delivery=row)
        row = replace(row, by_hand=True)
        freed = holding.let_go(self.app, self.connection, [row])
        return self._hurried(station, row) if freed else Outcome(channel=station.name, state="held", delivery=row)


def _ready(
    connection: sa.Connection, article: Article, to: Sequence[str] | None, *, again: bool, boost: float | None
) -> Article:
    """The article as it stands for this `send`: a flood has its person now, a withdrawn one needs `again`."""
    if article.status == "withdrawn" and not again:
        raise DistributorError(
            f"article {article.id} was withdrawn", hint=f"distributor send {article.id} --again posts it anew"
        )
    if article.status == "withdrawn" or (article.status == "held" and article.note == "flood"):
        if article.status == "withdrawn" or to is None:
            articles.set_status(connection, article.id, "live")
            articles.go_live(connection, [article.id], article.seen_at)
        article = replace(article, status="live", note="")
    if boost is not None:
        articles.set_boost(connection, article.id, boost)
        article = replace(article, boost=boost)
    return article


def _named(app: App, to: Sequence[str] | None) -> list[Station]:
    if not app.stations:
        raise NotFound("there is no channel to send to", hint="distributor channels list; docs/channels.md")
    return list(app.stations.values()) if to is None else [app.station(name) for name in dict.fromkeys(to)]


def _deliver(
    app: App,
    account: str,
    ids: Sequence[int],
    on_settled: Callable[[Delivery, Settlement], None] | None,
    until: float,
) -> None:
    while not app.stopping.is_set():
        drained = drain(app, account, only=ids, on_settled=on_settled)
        next_at = _next_at(app, account, ids)
        if next_at is None:
            return
        wait = (next_at - app.clock()).total_seconds()
        left = until - time.monotonic()
        if wait > left or left <= 0:
            return
        app.stopping.wait(min(left, max(wait, NAP if drained.busy or wait <= 0 else 0.0)))


def _next_at(app: App, account: str, ids: Iterable[int]) -> datetime | None:
    """When one of these deliveries may go out next; None when none is waiting, or only a person can let it."""
    now = app.clock()
    with app.store.read() as connection:
        rows = [row for row in (ledger.get(connection, one) for one in ids) if row and row.state is State.PENDING]
        stations = app.accounts().get(account, [])
        opened = gates.account_gates(connection, account, stations, now)
    urgent = {station.name: one.urgent for station, one in zip(stations, opened, strict=True)}
    moments = [max(row.due_at, at) for row in rows if (at := urgent.get(row.channel))]
    return min(moments, default=None)


def _as_it_stands(
    app: App, connection: sa.Connection, outcome: Outcome, opening: Opening | None, now: datetime
) -> Outcome:
    row = ledger.get(connection, outcome.delivery.id) if outcome.delivery else None
    station = app.stations.get(outcome.channel)
    if row is None or station is None:
        return outcome
    article = articles.get(connection, row.article_id)
    post = shown(app, connection, row, article)
    told = tell(row, opening, now)
    text = f"{told.text}: {told.command}" if told.command else told.text
    if row.state is State.SENT and not outcome.mine:
        text = "already there; --again makes a second post"
    return replace(
        outcome,
        state=row.state.value,
        reason=row.reason,
        text=text,
        delivery=row,
        next_at=told.next_at,
        url=row.receipt.url if row.receipt else "",
        seconds=(row.settled_at - row.planned_at).total_seconds() if row.settled_at else None,
        measured=measured(station, post) if post else None,
    )


def _preview(app: App, station: Station, article: Article) -> Preview:
    verdict = planning.verdict(article, station.outlet, language=app.settings.site.language)
    message, problem = composed(app, station, article)
    if message is None:
        return Preview(station.name, None, None, (problem,), verdict)
    problems = tuple(check(message, station.channel.limits))
    return Preview(station.name, message, measured(station, message), problems, verdict)

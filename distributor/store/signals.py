"""What readers did: events until they are judged, and the counts that remain. On the caller's transaction.

    add_events -> unjudged -> (judging) -> settle -> signal: by article, 20 minutes, channel and kind
    add_raw, put, total_moved ------------------------^

Counts are kept by 20 minutes for two weeks, by days for as long as the settings say; events at most a day.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.robots import Event
from distributor.store import tables as t
from distributor.store.articles import CHUNK, insert_into
from distributor.store.columns import EPOCH, MICROSECOND

__all__ = [
    "BUCKET",
    "Series",
    "add",
    "add_events",
    "add_raw",
    "around",
    "bucket_of",
    "floods",
    "put",
    "salt",
    "series",
    "settle",
    "theirs",
    "total_known",
    "total_moved",
    "unjudged",
]

BUCKET = timedelta(minutes=20)
MOST_EVENTS = 1_000_000
LONGEST = timedelta(days=7)  # a total's growth is shared out over so long at most
SALT = "salt:"

# By (channel, kind): (start of the bucket in UTC, count), in the order of time.
Series = dict[tuple[str, str], list[tuple[datetime, int]]]
# (article, channel, kind, link)
About = tuple[int, str, str, int]
# (article, bucket, channel, kind)
Key = tuple[int, datetime, str, str]

e, g = t.event.c, t.signal.c
_BUCKET = BUCKET // MICROSECOND


def bucket_of(at: datetime) -> datetime:
    """The 20 minutes that a moment lies in, by their begin; they begin at full hours of UTC."""
    whole = (at - EPOCH) // MICROSECOND
    return EPOCH + (whole - whole % _BUCKET) * MICROSECOND


def salt(connection: sa.Connection, now: datetime) -> bytes:
    """The day's own 32 random bytes, the same for all processes; made when first asked for, gone with `tidying`."""
    key = SALT + now.astimezone(UTC).date().isoformat()
    query = sa.select(t.fact.c.value).where(t.fact.c.key == key)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        values = {"key": key, "value": secrets.token_hex(32), "at": now}
        connection.execute(insert_into(connection.dialect.name, t.fact).values(values).on_conflict_do_nothing())
        found = connection.execute(query).scalar_one()
    return bytes.fromhex(found)


def add_events(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keeps what was seen until it is judged: columns of the table `event`, without id and judged.

    There are never more than MOST_EVENTS: above that, what comes is counted raw and not kept.
    """
    room = max(0, MOST_EVENTS - _kept(connection))
    if rows[:room]:
        connection.execute(sa.insert(t.event), [dict(row) for row in rows[:room]])
    counts: defaultdict[datetime, Counter[About]] = defaultdict(Counter)
    for row in rows[room:]:
        about = (row["article_id"], row["channel"], row["kind"], row.get("link_id", 0))
        counts[bucket_of(row["at"])][about] += 1
    for at, found in sorted(counts.items()):
        add_raw(connection, found, at)


def _kept(connection: sa.Connection) -> int:
    """At most so many: ids grow, and the oldest go first."""
    first, last = connection.execute(sa.select(sa.func.min(e.id), sa.func.max(e.id))).one()
    return 0 if first is None else int(last - first + 1)


def add_raw(connection: sa.Connection, counts: Mapping[About, int], now: datetime) -> None:
    """What was too much to be kept as events: it happened, and nobody is ranked by it."""
    bucket = bucket_of(now)
    found: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for (article, channel, kind, _), number in counts.items():
        found[article, bucket, channel, kind][0] += number
    _add_counts(connection, found)
    links = {(link, article): (number, 0) for (article, _, kind, link), number in counts.items() if kind == "clicks"}
    _add_links(connection, links)


def unjudged(connection: sa.Connection, until: datetime, limit: int) -> list[Event]:
    """The first events, by id, that happened up to then and were not judged."""
    query = sa.select(*_EVENT).where(sa.text(t.UNJUDGED), e.at <= until).order_by(e.id).limit(limit)
    return [Event(*row) for row in connection.execute(query)]


def theirs(connection: sa.Connection, new: Sequence[Event], until: datetime, limit: int) -> list[Event]:
    """What else the visitors of these events did from the first of them up to then, not judged yet; so many at most.

    Judged together, what surrounds a visitor is read once, and not for each thing that it did.
    """
    begin = min((event.at for event in new), default=until)
    mine, found = {event.id for event in new}, list[Event]()
    for some in _pieces(sorted({event.visitor for event in new if event.visitor})):
        query = sa.select(*_EVENT).where(sa.text(t.UNJUDGED), e.visitor.in_(some), e.at >= begin, e.at <= until)
        rows = connection.execute(query.order_by(e.id).limit(limit + len(new)))
        found += [Event(*row) for row in rows if row.id not in mine]
    return sorted(found, key=lambda event: event.id)[:limit]


def floods(connection: sa.Connection, new: Sequence[Event], horizon: timedelta, most: int) -> set[int]:
    """The ids of those of these events whose visitor, or mail, did more than `most` things so long before and after
    them.
    """
    begin = min(event.at for event in new) - horizon
    end = max(event.at for event in new) + horizon
    crowded: list[set[int]] = []
    for column, extra, words in _whose(new):
        crowded.append(set())
        for some in _pieces(words):
            query = sa.select(column).where(column.in_(some), extra, e.at >= begin, e.at <= end)
            crowded[-1].update(connection.execute(query.group_by(column).having(sa.func.count() > most)).scalars())
    visitors, mails = crowded
    return {event.id for event in new if event.visitor in visitors or event.mail in mails}


def around(connection: sa.Connection, new: Sequence[Event], horizon: timedelta) -> list[Event]:
    """What else the visitors and mails of these events did, so long before and after them."""
    if not new:
        return []
    begin = min(event.at for event in new) - horizon
    end = max(event.at for event in new) + horizon
    mine = {event.id for event in new}
    found: dict[int, Event] = {}
    for column, extra, words in _whose(new):
        for some in _pieces(words):
            query = sa.select(*_EVENT).where(column.in_(some), extra, e.at >= begin, e.at <= end)
            found |= {row.id: Event(*row) for row in connection.execute(query) if row.id not in mine}
    return list(found.values())


def _whose(new: Sequence[Event]) -> list[tuple[Any, sa.ColumnElement[bool] | sa.TextClause, list[int]]]:
    """What tells whose events these are: columns, what their indexes ask for beside them, the words."""
    visitors, mails = {event.visitor for event in new}, {event.mail for event in new if event.mail}
    return [(e.visitor, sa.true(), sorted(visitors)), (e.mail, sa.text(t.OF_MAIL), sorted(mails))]


def settle(connection: sa.Connection, events: Sequence[Event], verdicts: Mapping[int, bool]) -> None:
    """Events judged become counts: raw each of them, counted where the verdict is true. What was counted and is no
    reader's after all is taken back. In one transaction with reading them, under a lock.
    """
    counts: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
    links: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for event in events:
        good = verdicts[event.id]
        for found in (
            counts[event.article_id, bucket_of(event.at), event.channel, event.kind],
            links[event.link_id if event.kind == "clicks" else 0, event.article_id],
        ):
            found[0] += not event.judged
            found[1] += good - (event.judged == 1)
    _add_counts(connection, counts)
    _add_links(connection, links)
    for judged, wanted in ((1, True), (2, False)):
        for some in _pieces([event.id for event in events if verdicts[event.id] is wanted]):
            connection.execute(sa.update(t.event).where(e.id.in_(some)).values(judged=judged))


def add(
    connection: sa.Connection, article_id: int, channel: str, kind: str, at: datetime, raw: int, counted: int
) -> None:
    """Adds to the counts of one bucket."""
    _add_counts(connection, {(article_id, bucket_of(at), channel, kind): (raw, counted)})


def put(connection: sa.Connection, counts: Mapping[Key, int]) -> None:
    """What somebody else counted, by (article, moment, channel, kind): it replaces what was put there before, so that
    the same file may be read twice. Moments of one bucket are added up.
    """
    found: defaultdict[Key, int] = defaultdict(int)
    for (article, at, channel, kind), number in counts.items():
        found[article, bucket_of(at), channel, kind] += number
    statement = _upsert(connection.dialect.name, replace=True)
    rows = [_row(key, number, number) for key, number in sorted(found.items())]
    for some in _pieces(rows):
        connection.execute(statement, some)


def total_known(
    connection: sa.Connection, article_id: int, channel: str, kind: str, origin: str, value: int, now: datetime
) -> None:
    """A total from before anybody looked: no signal, only what the next one is compared with, if it is the first."""
    values = {"article_id": article_id, "channel": channel, "kind": kind, "origin": origin}
    statement = insert_into(connection.dialect.name, t.total).values(values | {"value": max(0, value), "at": now})
    connection.execute(statement.on_conflict_do_nothing())


def total_moved(
    connection: sa.Connection,
    article_id: int,
    channel: str,
    kind: str,
    origin: str,
    value: int,
    now: datetime,
    *,
    since: datetime | None = None,
) -> int:
    """Takes in a total that somebody else counts; what it grew by since the highest one known becomes a signal now.

    With `since`, when what is counted began, it is shared out over the time since then, or since the total was last
    taken in: the first look at an old post is no burst. A total that falls and rises again (a like taken back, and
    given again) adds nothing.
    """
    c = t.total.c
    here = (c.article_id == article_id, c.channel == channel, c.kind == kind, c.origin == origin)
    known = connection.execute(sa.select(c.value, c.at).where(*here).with_for_update()).one_or_none()
    highest = known.value if known else 0
    grown = max(0, value - highest)
    if known is None or grown or since is not None:
        values = {"article_id": article_id, "channel": channel, "kind": kind, "origin": origin}
        newer = {"value": max(highest, value), "at": now}
        statement = insert_into(connection.dialect.name, t.total).values(values | newer)
        names = ["article_id", "channel", "kind", "origin"]
        connection.execute(statement.on_conflict_do_update(index_elements=names, set_=newer))
    if grown:
        begin = now if since is None else max(since, known.at) if known else since
        parts = _shared_out(grown, begin, now)
        _add_counts(connection, {(article_id, bucket, channel, kind): (n, n) for bucket, n in parts})
    return grown


def _shared_out(number: int, begin: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """What came between two moments, evenly by buckets; by hours where it is more than a day, and over LONGEST at
    most. What is too few for all of them came late.
    """
    begin = min(max(begin, end - LONGEST), end)
    step = BUCKET if end - begin <= timedelta(days=1) else timedelta(hours=1)
    first = bucket_of(begin)
    pieces = (bucket_of(end) - first) // step + 1
    for place in range(pieces):
        if count := number * (place + 1) // pieces - number * place // pieces:
            yield first + place * step, count


def series(
    connection: sa.Connection, article_ids: Iterable[int] | None = None, *, since: datetime = EPOCH
) -> dict[int, Series]:
    """What counted, of these articles or all of them, in the buckets from `since` on."""
    query = sa.select(g.article_id, g.channel, g.kind, sa.type_coerce(g.bucket, sa.BigInteger), g.counted)
    query = query.where(g.counted > 0)
    if since != EPOCH:
        query = query.where(g.bucket >= bucket_of(since))
    if article_ids is None:
        # By the primary key, so that the buckets come in their order without sorting.
        return _gathered(connection.execute(query.order_by(g.article_id, g.bucket, g.channel, g.kind)))
    found: dict[int, Series] = {}
    for some in _pieces(sorted(set(article_ids))):
        mine = query.where(g.article_id.in_(some)).order_by(g.article_id, g.bucket, g.channel, g.kind)
        found |= _gathered(connection.execute(mine))
    return found


def _gathered(rows: Iterable[Any]) -> dict[int, Series]:
    found: dict[int, Series] = {}
    moments: dict[int, datetime] = {}
    last, mine = 0, Series()
    for article, channel, kind, whole, number in rows:
        if article != last:
            last, mine = article, found.setdefault(article, {})
        moment = moments.get(whole)
        if moment is None:
            moment = moments[whole] = EPOCH + whole * MICROSECOND
        key = (channel, kind)
        if key in mine:
            mine[key].append((moment, number))
        else:
            mine[key] = [(moment, number)]
    return found


def _add_counts(connection: sa.Connection, counts: Mapping[Key, Sequence[int]]) -> None:
    # Sorted: two processes that take the same rows in the same order never wait for each other in a ring.
    rows = [_row(key, *numbers) for key, numbers in sorted(counts.items())]
    for some in _pieces(rows):
        connection.execute(_upsert(connection.dialect.name, replace=False), some)


def _row(key: Key, raw: int, counted: int) -> dict[str, Any]:
    return {"article_id": key[0], "bucket": key[1], "channel": key[2], "kind": key[3], "raw": raw, "counted": counted}


def _add_links(connection: sa.Connection, counts: Mapping[tuple[int, int], Sequence[int]]) -> None:
    """Of links that are there still, and are the article's."""
    rows = [
        {"of_id": link, "of_article": article, "more_raw": numbers[0], "more_counted": numbers[1]}
        for (link, article), numbers in sorted(counts.items())
        if link
    ]
    for some in _pieces(rows):
        connection.execute(_ADD_LINK, some)


def _pieces(words: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(words), CHUNK):
        yield words[start : start + CHUNK]


# Built once: building a statement costs more than running it.
_EVENT = (e.id, e.at, e.kind, e.article_id, e.channel, e.link_id, e.visitor, e.mail, e.delay, e.marks, e.judged)
_l = t.link.c
_more = {name: sa.bindparam(f"more_{name}", type_=sa.BigInteger) for name in ("raw", "counted")}
_ADD_LINK = (
    sa.update(t.link)
    .where(_l.id == sa.bindparam("of_id"), _l.article_id == sa.bindparam("of_article"))
    .values(raw=_l.raw + _more["raw"], counted=_l.counted + _more["counted"])
)


@cache
def _upsert(dialect: str, *, replace: bool) -> Any:
    statement = insert_into(dialect, t.signal)
    given = statement.excluded
    changed = {name: given[name] if replace else g[name] + given[name] for name in ("raw", "counted")}
    names = ["article_id", "bucket", "channel", "kind"]
    return statement.on_conflict_do_update(index_elements=names, set_=changed)

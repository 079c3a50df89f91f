"""Links of ours and where they lead. Each function works on the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from distributor.codes import Link
from distributor.model import State
from distributor.store import tables
from distributor.store.articles import CHUNK, insert_into
from distributor.store.signal_tables import link as t

__all__ = ["add", "by_code", "drop", "of_article", "over", "taken"]


def add(connection: sa.Connection, links: Iterable[Link], now: datetime) -> None:
    """Keeps links, in the transaction that freezes the message they stand in.

    One that is known leads where it is said to lead now. A code that is another article's stays that one's.
    """
    rows = [_values(one, now) for one in links]
    statement = _add(connection.dialect.name)
    for start in range(0, len(rows), CHUNK):
        connection.execute(statement, rows[start : start + CHUNK])


def by_code(connection: sa.Connection, code: str) -> Link | None:
    row = connection.execute(_BY_CODE, {"of_code": code}).one_or_none()
    return None if row is None else _link(row)


def taken(connection: sa.Connection, links: Iterable[Link]) -> set[str]:
    """Those of the links' codes that are already another's."""
    wanted = {one.code: _about(one) for one in links}
    codes, found = list(wanted), set()
    for start in range(0, len(codes), CHUNK):
        rows = connection.execute(_BY_CODES, {"of_codes": codes[start : start + CHUNK]})
        found |= {row.code for row in rows if _about(_link(row)) != wanted[row.code]}
    return found


def of_article(connection: sa.Connection, article_id: int) -> list[Link]:
    rows = connection.execute(sa.select(*_COLUMNS).where(t.c.article_id == article_id).order_by(t.c.id))
    return [_link(row) for row in rows]


def over(connection: sa.Connection, before: datetime, after: int, limit: int) -> list[int]:
    """The ids beyond `after`, in their order, of links made before then that stand in no post: in mails and lists only.

    A post stands for as long as its network does, and so do its links.
    """
    d = tables.delivery.c
    sent = sa.select(d.id).where(d.recipient_id == 0, d.channel == t.c.channel, d.state == State.SENT.value)
    # Each in the words of its index.
    of_article = sent.where(tables.IS_TO_CHANNELS, t.c.edition_id == 0, d.article_id == t.c.article_id)
    of_edition = sent.where(sa.text("delivery.edition_id <> 0"), d.edition_id == t.c.edition_id)
    query = sa.select(t.c.id).where(t.c.id > after, t.c.made_at < before, ~of_article.exists(), ~of_edition.exists())
    return list(connection.execute(query.order_by(t.c.id).limit(limit)).scalars())


def drop(connection: sa.Connection, ids: Sequence[int]) -> None:
    """At most CHUNK of them: they lead nowhere any more."""
    connection.execute(sa.delete(t).where(t.c.id.in_(ids)))


_COLUMNS = (t.c.id, t.c.code, t.c.article_id, t.c.channel, t.c.edition_id, t.c.url)
_BY_CODE = sa.select(*_COLUMNS).where(t.c.code == sa.bindparam("of_code"))
_BY_CODES = sa.select(*_COLUMNS).where(t.c.code.in_(sa.bindparam("of_codes", expanding=True)))


@cache
def _add(dialect: str) -> Any:
    """Built once for each kind of database."""
    statement = insert_into(dialect, t)
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["code"],
        set_={"url": given.url},
        where=sa.and_(
            t.c.article_id == given.article_id,
            t.c.channel == given.channel,
            t.c.edition_id == given.edition_id,
            t.c.url != given.url,
        ),
    )


def _values(link: Link, now: datetime) -> dict[str, Any]:
    return {
        "code": link.code,
        "article_id": link.article_id,
        "channel": link.channel,
        "edition_id": link.edition_id,
        "url": link.url,
        "made_at": now,
    }


def _link(row: Any) -> Link:
    return Link(
        id=row.id,
        code=row.code,
        article_id=row.article_id,
        channel=row.channel,
        edition_id=row.edition_id,
        url=row.url,
    )


def _about(link: Link) -> tuple[int, str, int]:
    return link.article_id, link.channel, link.edition_id

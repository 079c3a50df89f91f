"""Finding what a person means, and writing down what a person does."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from distributor import matching
from distributor.context import App
from distributor.errors import NotFound
from distributor.model import Article, Delivery, State
from distributor.sources import canonical
from distributor.store import articles, census, ledger

__all__ = ["article_by_id", "delivery_by_id", "find_article", "note", "rows_of", "subject_of"]


def find_article(app: App, word: str) -> Article:
    """The article of this id or address, in any of its spellings. Raises NotFound."""
    with app.store.read() as connection:
        return _found(connection, word)


def article_by_id(connection: sa.Connection, article_id: int) -> Article:
    """Raises NotFound."""
    article = articles.get(connection, article_id) if 0 < article_id < 2**63 else None
    if article is None:
        raise NotFound(f"there is no article {article_id}", hint="distributor articles list shows the latest")
    return article


def delivery_by_id(connection: sa.Connection, delivery_id: int) -> Delivery:
    """Raises NotFound."""
    row = ledger.get(connection, delivery_id) if 0 < delivery_id < 2**63 else None
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}", hint="distributor deliveries list shows the latest")
    return row


def rows_of(
    app: App, connection: sa.Connection, article_id: int, channels: Sequence[str] | None, *states: State
) -> list[Delivery]:
    """The article's deliveries in these states, on the channels named. Raises NotFound for a name nobody knows."""
    rows = ledger.of_article(connection, article_id)
    for name in channels or ():
        if name not in {row.channel for row in rows}:
            app.station(name)
    return [row for row in rows if row.state in states and (channels is None or row.channel in channels)]


def note(
    app: App,
    connection: sa.Connection,
    who: str,
    what: str,
    subject: int | str,
    channels: Sequence[str] | None,
    moved: int,
    **detail: object,
) -> None:
    """One row of the audit, about an article by its id or another subject by its name."""
    about = {"channels": list(channels)} if channels is not None else {}
    census.audit(connection, who, what, subject_of(subject), app.clock(), {**about, "deliveries": moved, **detail})


def subject_of(subject: int | str) -> str:
    """What the audit calls it."""
    return f"article:{subject}" if isinstance(subject, int) else subject


def _found(connection: sa.Connection, word: str) -> Article:
    word = word.strip()
    number = word.lstrip("#")
    if number.isdecimal() and len(number) < 20:
        return article_by_id(connection, int(number))
    keys = [matching.url_key(url) for url in dict.fromkeys((canonical.canonical(word), word))]
    known = articles.known(connection, keys)
    article = next((known[key].article for key in keys if key in known), None)
    if article is None:
        raise NotFound(
            f"no article is known by {word[:200]!r}",
            hint="distributor articles list shows the latest; distributor send URL takes one in by hand",
        )
    return article

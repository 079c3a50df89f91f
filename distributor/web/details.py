"""The pages about one thing: an article, a channel, a delivery."""

from __future__ import annotations

from distributor import explaining, reporting, telling
from distributor.context import App
from distributor.errors import NotFound
from distributor.model import Kind, State
from distributor.store import articles, census, ledger, stream
from distributor.web import views
from distributor.web.pages import Pages

__all__ = ["article_page", "channel_page", "delivery_page"]

WAITING = (State.PENDING, State.SENDING, State.HELD, State.UNCERTAIN)
QUEUE, POSTS = 100, 24
LARGEST = 2**63 - 1


def article_page(app: App, pages: Pages, token: str, number: int) -> str:
    """One article: what each channel made of it, and why. Raises NotFound."""
    now = app.clock()
    told = explaining.why(app, _known(number, "article"))
    if told.article.id != number:
        raise NotFound(f"there is no article {number}")
    with app.store.read() as connection:
        rows = ledger.of_article(connection, number)
        opened = telling.openings(app, connection, now)
        messages = stream.messages(connection, [row.message_id for row in rows if row.message_id])
    return pages.render(
        "article.html",
        token=token,
        article=views.article_view(told.article),
        why=told,
        posts=views.post_views(app, told.article, rows, messages, opened, now),
        icons={one.channel: views.network_of(app, one.channel) for one in told.channels},
    )


def channel_page(app: App, pages: Pages, token: str, name: str) -> str:
    """One channel: how it stands, what waits on it, its last posts. Raises NotFound."""
    now = app.clock()
    line = next((one for one in reporting.status(app).channels if one.name == name), None)
    if line is None:
        app.station(name)
        raise NotFound(f"there is no channel {name!r}")
    with app.store.read() as connection:
        opened = telling.openings(app, connection, now)
        waiting = ledger.deliveries(connection, states=WAITING, channel=name, limit=QUEUE)
        numbers = stream.latest_ids(connection, name, POSTS)
        rows = census.of_articles(connection, numbers)
        known = {one: articles.get(connection, one) for one in {*numbers, *(row.article_id for row in waiting)}}
        messages = stream.messages(connection, [row.message_id for own in rows.values() for row in own])
    posts = []
    for number in numbers:
        if article := known.get(number):
            own = [row for row in rows.get(number, []) if row.channel == name]
            posts += [(article, one) for one in views.post_views(app, article, own, messages, opened, now)]
    queue = [(row, known.get(row.article_id), telling.tell(row, opened.get(name), now)) for row in reversed(waiting)]
    network = views.network_of(app, name)
    return pages.render("channel.html", token=token, line=line, queue=queue, posts=posts, network=network)


def delivery_page(app: App, pages: Pages, token: str, number: int) -> str:
    """One delivery with every attempt at it. Raises NotFound."""
    now = app.clock()
    with app.store.read() as connection:
        row = ledger.get(connection, int(_known(number, "delivery")))
        if row is None:
            raise NotFound(f"there is no delivery {number}", hint="distributor deliveries list shows the latest")
        article = articles.get(connection, row.article_id) if row.article_id else None
        opening = telling.openings(app, connection, now).get(row.channel)
        attempts = ledger.attempts(connection, number)
        acts = census.audited(connection, subject=f"delivery:{number}")
        messages = stream.messages(connection, [row.message_id])
    return pages.render(
        "delivery.html",
        token=token,
        row=row,
        does={Kind.EDIT: "edit", Kind.DELETE: "deletion"}.get(row.kind, row.kind.value),
        told=telling.tell(row, opening, now),
        article=views.article_view(article) if article else None,
        post=views.post_view(app, article, row, (), messages, opening, now),
        attempts=attempts,
        acts=acts,
    )


def _known(number: int, what: str) -> str:
    """A number that a database can hold."""
    if number > LARGEST:
        raise NotFound(f"there is no {what} of this number")
    return str(number)

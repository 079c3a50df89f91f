"""How much an article is talked about on its own site, by what its feed tells: `slash:comments`, `thr:total`.

Each poll tells totals; what they grew by is a signal. A total that is no other than at the last poll costs nothing.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from distributor.model import Article
from distributor.store import articles, signals
from distributor.store.articles import Mark

__all__ = ["begun", "heard"]

CHANNEL, KIND = "site", "comments"


def begun(connection: sa.Connection, article: Article, now: datetime) -> None:
    """A new article: what was said already was said since it came out, unless the article is old itself (`note`).

    Of an old one the total is only remembered, with the article: a source's first poll makes nothing trend.
    """
    if article.comments and article.note in {"", "flood"}:
        about = (article.id, CHANNEL, KIND, article.source, article.comments)
        signals.total_moved(connection, *about, now, since=article.published_at)


def heard(connection: sa.Connection, mark: Mark, comments: int | None, now: datetime) -> None:
    """A known article's own source tells its total again."""
    if comments is None:
        return
    # The first total since the article is known: it grew from what was remembered with the article.
    signals.total_known(connection, mark.article_id, CHANNEL, KIND, mark.source, mark.comments or 0, now)
    signals.total_moved(connection, mark.article_id, CHANNEL, KIND, mark.source, comments, now)
    articles.set_comments(connection, mark.article_id, comments)

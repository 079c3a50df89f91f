"""The tables of what readers do: links that are counted, what was seen and waits to be judged, and the counts."""

from __future__ import annotations

import sqlalchemy as sa

from distributor.store.columns import Id, Moment, Words, json, metadata, moment, number, text

__all__ = ["OF_MAIL", "UNJUDGED", "coverage", "event", "expense", "link", "reading", "signal", "total"]


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


# A link of ours: `code` is the word after /r/, `url` where it leads. One for each article, channel and edition (0 for
# posts), and one more after a new secret key. The channel of a digest's link is the digest's name, its edition the
# first of the slot: an edition of its own may be one reader's, and nobody keeps what one reader clicked. `raw` and
# `counted` are its clicks in all.
link = sa.Table(
    "link",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("code", Words, nullable=False, unique=True),
    sa.Column("article_id", Id, nullable=False),
    text("channel"),
    sa.Column("edition_id", Id, nullable=False, server_default="0"),
    text("url"),
    moment("made_at"),
    _big("raw"),
    _big("counted"),
    sa.Index(None, "article_id", "channel"),
    sa.Index(None, "edition_id"),
    sa.Index(None, "channel", "made_at"),
)

# What one reader or robot did just now, until it is judged, and as long after as a repeat of it must be known.
# `visitor` is a hash salted anew each day, `mail` likewise of the mail it came from (0: none), `delay` the seconds
# since that mail was delivered (-1: unknown). `marks` are bits: see distributor/robots.py. `judged`: 0 not yet,
# 1 counted, 2 left out.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Id, primary_key=True),
    moment("at"),
    text("kind"),
    sa.Column("article_id", Id, nullable=False),
    text("channel"),
    sa.Column("link_id", Id, nullable=False, server_default="0"),
    _big("visitor"),
    _big("mail"),
    number("delay"),
    number("marks"),
    number("judged"),
    sa.Index(None, "at"),
    sa.Index(None, "visitor", "at"),
)
UNJUDGED = "judged = 0"
sa.Index("ix_event_unjudged", event.c.id, sqlite_where=sa.text(UNJUDGED), postgresql_where=sa.text(UNJUDGED))
OF_MAIL = "mail <> 0"
sa.Index("ix_event_mail", event.c.mail, event.c.at, sqlite_where=sa.text(OF_MAIL), postgresql_where=sa.text(OF_MAIL))

# What is ranked by: how often readers did something within the bucket that begins at `bucket`. `raw` is everything,
# `counted` what was no robot and no repeat.
signal = sa.Table(
    "signal",
    metadata,
    sa.Column("article_id", Id, primary_key=True, autoincrement=False),
    sa.Column("bucket", Moment, primary_key=True),
    sa.Column("channel", Words, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    _big("raw"),
    _big("counted"),
    sa.Index(None, "bucket"),
)

# What somebody else counts and tells as a total: comments of a feed, likes of a post. `origin` tells apart what
# counts the same thing in two places (the delivery's id, the source). The differences become signals.
total = sa.Table(
    "total",
    metadata,
    sa.Column("article_id", Id, primary_key=True, autoincrement=False),
    sa.Column("channel", Words, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("origin", Words, primary_key=True),
    _big("value"),
    moment("at"),
)

# When a post's likes and reposts are read next; `next_at` is NULL when they are read no more.
reading = sa.Table(
    "reading",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    sa.Column("article_id", Id, nullable=False),
    text("channel"),
    moment("posted_at"),
    moment("next_at", nullable=True),
    number("times"),
    number("failures"),
    text("error"),
    sa.Index(None, "next_at"),
)

# What reading posts back cost, in USD: each reading that was paid for. It is a part of the channel's budget.
expense = sa.Table(
    "expense",
    metadata,
    sa.Column("id", Id, primary_key=True),
    text("channel"),
    moment("at"),
    sa.Column("cost", sa.Float, nullable=False, server_default="0"),
    sa.Index(None, "channel", "at"),
)

# What other outlets (sources with `radar`) report; `article_id` is ours on the same story, 0 while there is none. `at`
# is when they published it, `until` when the row goes.
coverage = sa.Table(
    "coverage",
    metadata,
    sa.Column("id", Id, primary_key=True),
    text("outlet"),
    text("guid"),
    text("title"),
    text("url"),
    moment("at"),
    moment("until"),
    json("words"),
    _big("fingerprint"),
    sa.Column("article_id", Id, nullable=False, server_default="0"),
    sa.UniqueConstraint("outlet", "guid"),
    sa.Index(None, "at"),
    sa.Index(None, "until"),
    sa.Index(None, "article_id"),
)

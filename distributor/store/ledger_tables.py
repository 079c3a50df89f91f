"""The tables of articles and posts: the ledger, and what it is kept by.

What is counted and what is looked for has an index; everything else is a scan of few rows.
"""

from __future__ import annotations

import sqlalchemy as sa

from distributor.store.columns import Id, Words, json, metadata, moment, number, text

__all__ = [
    "FOLLOWED",
    "IS_LOST",
    "IS_TO_CHANNELS",
    "IS_UNSETTLED",
    "LOST",
    "TO_MAIL",
    "UNSETTLED",
    "account",
    "alias",
    "article",
    "attempt",
    "audit",
    "delivery",
    "fact",
    "message",
    "process",
    "ranking",
    "slot",
    "source",
    "switch",
    "unmapped",
]

article = sa.Table(
    "article",
    metadata,
    sa.Column("id", Id, primary_key=True),
    text("source"),
    text("guid"),
    text("url"),
    text("title"),
    text("summary"),
    text("social"),
    text("body"),
    json("categories"),
    json("unmapped"),
    json("tags"),
    text("author"),
    json("image"),
    text("language"),
    moment("published_at"),
    moment("updated_at", nullable=True),
    moment("seen_at"),
    number("revision"),
    number("lane"),
    sa.Column("boost", sa.Float, nullable=False, server_default="0"),
    text("place"),  # "pin", "bury", or "" for where the ranking puts it; until `place_until` (NULL: for good)
    moment("place_until", nullable=True),
    sa.Column("same_as", Id, nullable=False, server_default="0"),
    text("status"),
    text("note"),
    sa.Column("comments", sa.Integer),
    text("digest"),
    sa.Column("story", sa.BigInteger, nullable=False, server_default="0"),
    moment("missing_since", nullable=True),
    number("planned"),
    # When readers could first have it in a digest: a window is made of these. None: not (yet) for readers.
    moment("live_at", nullable=True),
    sa.Index(None, "live_at"),
    sa.Index(None, "published_at"),
    sa.Index(None, "source", "published_at"),
    sa.Index(
        "ix_article_held",
        "status",
        "source",
        sqlite_where=sa.text("status <> 'live'"),
        postgresql_where=sa.text("status <> 'live'"),
    ),
)

# The names an article is known by: "g:SOURCE:GUID" and "u:CANONICAL URL".
alias = sa.Table(
    "alias",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("article_id", Id, nullable=False, index=True),
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("data", sa.JSON, nullable=False),
    text("fingerprint"),
    moment("frozen_at"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    text("kind"),
    text("channel"),
    sa.Column("article_id", Id, nullable=False, server_default="0"),
    sa.Column("edition_id", Id, nullable=False, server_default="0"),
    sa.Column("recipient_id", Id, nullable=False, server_default="0"),
    number("revision"),
    number("generation"),
    sa.Column("message_id", Id, nullable=False, server_default="0"),
    number("lane"),
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
    text("state"),
    text("reason"),
    text("error"),
    moment("planned_at"),
    moment("due_at"),
    moment("expires_at", nullable=True),
    number("attempt"),
    number("failures"),
    moment("claimed_at", nullable=True),
    moment("settled_at", nullable=True),
    text("lease_owner"),
    moment("lease_until", nullable=True),
    number("doubts"),
    moment("doubt_since", nullable=True),
    moment("resolve_at", nullable=True),
    sa.Column("cost", sa.Float, nullable=False, server_default="0"),
    json("receipt"),
    sa.Index(None, "article_id", "channel"),
    sa.Index(None, "planned_at"),
    sa.Index(None, "channel", "claimed_at"),
)
UNSETTLED = "state in ('pending', 'sending', 'held', 'uncertain')"
# Said beside a state that is looked for, in the index's own words: by a parameter alone no database takes that index.
IS_UNSETTLED = sa.text(f"delivery.{UNSETTLED}")
sa.Index(
    "ix_delivery_unsettled",
    delivery.c.state,
    delivery.c.channel,
    delivery.c.due_at,
    # What is counted beside it: a count then reads no row.
    delivery.c.claimed_at,
    delivery.c.article_id,
    delivery.c.edition_id,
    delivery.c.kind,
    delivery.c.reason,
    sqlite_where=sa.text(UNSETTLED),
    postgresql_where=sa.text(UNSETTLED),
)
LOST = "state in ('failed', 'skipped')"
IS_LOST = sa.text(f"delivery.{LOST}")
sa.Index(
    "ix_delivery_lost",
    delivery.c.state,
    delivery.c.channel,
    delivery.c.settled_at,
    delivery.c.claimed_at,
    delivery.c.article_id,
    delivery.c.edition_id,
    delivery.c.kind,
    delivery.c.reason,
    sqlite_where=sa.text(LOST),
    postgresql_where=sa.text(LOST),
)
# An article's posts, among its alerts to a million readers.
TO_CHANNELS = "recipient_id = 0"
IS_TO_CHANNELS = sa.text(f"delivery.{TO_CHANNELS}")
sa.Index(
    "ix_delivery_to_channels",
    delivery.c.article_id,
    sqlite_where=sa.text(TO_CHANNELS),
    postgresql_where=sa.text(TO_CHANNELS),
)
FOLLOWED = "kind in ('edit', 'delete')"
sa.Index(
    "ix_delivery_followed",
    delivery.c.article_id,
    sqlite_where=sa.text(FOLLOWED),
    postgresql_where=sa.text(FOLLOWED),
)

# A mail worker claims in this order: what is breaking first, then what is due longest. No sort, on any database.
TO_MAIL = "state = 'pending' and recipient_id <> 0"
sa.Index(
    "ix_delivery_to_mail",
    delivery.c.channel,
    delivery.c.lane,
    delivery.c.due_at,
    delivery.c.id,
    sqlite_where=sa.text(TO_MAIL),
    postgresql_where=sa.text(TO_MAIL),
)
sa.Index(
    "ix_delivery_recipient",
    delivery.c.recipient_id,
    sqlite_where=sa.text("recipient_id <> 0"),
    postgresql_where=sa.text("recipient_id <> 0"),
)
sa.Index(
    "ix_delivery_edition",
    delivery.c.edition_id,
    sqlite_where=sa.text("edition_id <> 0"),
    postgresql_where=sa.text("edition_id <> 0"),
)

# Every attempt ever made at a social post: what paces are counted from, and what `deliveries show` tells.
attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("delivery_id", Id, nullable=False, index=True),
    number("number"),
    text("account"),
    text("channel"),
    text("kind"),
    text("owner"),
    moment("at"),
    moment("ended_at", nullable=True),
    text("outcome"),
    text("error"),
    sa.Index(None, "account", "at"),
    sa.Index(None, "channel", "at"),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    text("stopped"),
    moment("stopped_at", nullable=True),
    moment("paused_until", nullable=True),
    text("why"),
    number("outages"),
    number("epoch"),
)

slot = sa.Table(
    "slot",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    text("owner"),
    moment("until"),
)

# What a person switched off: a channel by its name, or everything by "*".
switch = sa.Table(
    "switch",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    moment("since"),
    text("who"),
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    text("url"),
    text("feed"),
    json("cursor"),
    text("title"),
    text("site_url"),
    text("language"),
    sa.Column("interval", sa.Float, nullable=False, server_default="0"),
    moment("next_poll_at"),
    moment("polled_at", nullable=True),
    moment("good_at", nullable=True),
    moment("new_at", nullable=True),
    number("failures"),
    text("error"),
    text("paused"),
    text("poller"),
    sa.Index(None, "next_poll_at"),
)

unmapped = sa.Table(
    "unmapped",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("word", Words, primary_key=True),
    number("times"),
    moment("seen_at"),
)

ranking = sa.Table(
    "ranking",
    metadata,
    sa.Column("article_id", Id, primary_key=True, autoincrement=False),
    sa.Column("score", sa.Float, nullable=False),
    json("parts"),
    text("story"),  # what another article tells too: near-duplicates at the front have one word in common
    moment("at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    moment("at"),
    text("who"),
    text("what"),
    text("subject"),
    json("detail"),
    sa.Index(None, "at"),
)

process = sa.Table(
    "process",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    text("role"),
    text("version"),
    text("config"),
    text("fingerprint"),
    moment("started_at"),
    moment("seen_at"),
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("key", Words, primary_key=True),
    json("value"),
    moment("at"),
)

"""The tables. Moments are whole microseconds since 1970 in UTC, on every database alike: no zone can be lost.

What is counted and what is looked for has an index; everything else is a scan of few rows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Moment",
    "account",
    "alias",
    "article",
    "asked",
    "attempt",
    "audit",
    "bounce",
    "choice",
    "consent",
    "delivery",
    "domain",
    "edition",
    "fact",
    "heard",
    "message",
    "metadata",
    "process",
    "ranking",
    "schedule",
    "slot",
    "source",
    "subscriber",
    "suppression",
    "switch",
    "unmapped",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, _dialect: Any) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


class Words(TypeDecorator[str]):
    """Text as every database takes it: what a stranger's error message holds must not keep a row from settling.

    PostgreSQL refuses NUL, and nobody can write half a surrogate pair as UTF-8.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite gives ids by itself only to a column that is exactly INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=False, server_default="")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True))


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=nullable)


article = sa.Table(
    "article",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _text("source"),
    _text("guid"),
    _text("url"),
    _text("title"),
    _text("summary"),
    _text("social"),
    _text("body"),
    _json("categories"),
    _json("unmapped"),
    _json("tags"),
    _text("author"),
    _json("image"),
    _text("language"),
    _moment("published_at"),
    _moment("updated_at", nullable=True),
    _moment("seen_at"),
    _number("revision"),
    _number("lane"),
    sa.Column("boost", sa.Float, nullable=False, server_default="0"),
    sa.Column("same_as", Id, nullable=False, server_default="0"),
    _text("status"),
    _text("note"),
    sa.Column("comments", sa.Integer),
    _text("digest"),
    sa.Column("story", sa.BigInteger, nullable=False, server_default="0"),
    _moment("missing_since", nullable=True),
    _number("planned"),
    # When readers could first have it in a digest: a window is made of these. None: not (yet) for readers.
    _moment("live_at", nullable=True),
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
    _text("fingerprint"),
    _moment("frozen_at"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    _text("kind"),
    _text("channel"),
    sa.Column("article_id", Id, nullable=False, server_default="0"),
    sa.Column("edition_id", Id, nullable=False, server_default="0"),
    sa.Column("recipient_id", Id, nullable=False, server_default="0"),
    _number("revision"),
    _number("generation"),
    sa.Column("message_id", Id, nullable=False, server_default="0"),
    _number("lane"),
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("state"),
    _text("reason"),
    _text("error"),
    _moment("planned_at"),
    _moment("due_at"),
    _moment("expires_at", nullable=True),
    _number("attempt"),
    _number("failures"),
    _moment("claimed_at", nullable=True),
    _moment("settled_at", nullable=True),
    _text("lease_owner"),
    _moment("lease_until", nullable=True),
    _number("doubts"),
    _moment("doubt_since", nullable=True),
    _moment("resolve_at", nullable=True),
    sa.Column("cost", sa.Float, nullable=False, server_default="0"),
    _json("receipt"),
    sa.Index(None, "article_id", "channel"),
    sa.Index(None, "planned_at"),
    sa.Index(None, "channel", "claimed_at"),
)
UNSETTLED = "state in ('pending', 'sending', 'held', 'uncertain')"
sa.Index(
    "ix_delivery_unsettled",
    delivery.c.state,
    delivery.c.channel,
    delivery.c.due_at,
    # What is counted beside it: a count then reads no row.
    delivery.c.claimed_at,
    delivery.c.article_id,
    delivery.c.edition_id,
    sqlite_where=sa.text(UNSETTLED),
    postgresql_where=sa.text(UNSETTLED),
)
LOST = "state in ('failed', 'skipped')"
sa.Index(
    "ix_delivery_lost",
    delivery.c.state,
    delivery.c.channel,
    delivery.c.settled_at,
    delivery.c.claimed_at,
    delivery.c.article_id,
    delivery.c.edition_id,
    sqlite_where=sa.text(LOST),
    postgresql_where=sa.text(LOST),
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
    _number("number"),
    _text("account"),
    _text("channel"),
    _text("kind"),
    _text("owner"),
    _moment("at"),
    _moment("ended_at", nullable=True),
    _text("outcome"),
    _text("error"),
    sa.Index(None, "account", "at"),
    sa.Index(None, "channel", "at"),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("stopped"),
    _moment("stopped_at", nullable=True),
    _moment("paused_until", nullable=True),
    _text("why"),
    _number("outages"),
    _number("epoch"),
)

slot = sa.Table(
    "slot",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("owner"),
    _moment("until"),
)

# What a person switched off: a channel by its name, or everything by "*".
switch = sa.Table(
    "switch",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    _moment("since"),
    _text("who"),
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("url"),
    _text("feed"),
    _json("cursor"),
    _text("title"),
    _text("site_url"),
    _text("language"),
    sa.Column("interval", sa.Float, nullable=False, server_default="0"),
    _moment("next_poll_at"),
    _moment("polled_at", nullable=True),
    _moment("good_at", nullable=True),
    _moment("new_at", nullable=True),
    _number("failures"),
    _text("error"),
    _text("paused"),
    _text("poller"),
    sa.Index(None, "next_poll_at"),
)

unmapped = sa.Table(
    "unmapped",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("word", Words, primary_key=True),
    _number("times"),
    _moment("seen_at"),
)

ranking = sa.Table(
    "ranking",
    metadata,
    sa.Column("article_id", Id, primary_key=True, autoincrement=False),
    sa.Column("score", sa.Float, nullable=False),
    _json("parts"),
    _moment("at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _moment("at"),
    _text("who"),
    _text("what"),
    _text("subject"),
    _json("detail"),
    sa.Index(None, "at"),
)

process = sa.Table(
    "process",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    _text("role"),
    _text("version"),
    _text("config"),
    _text("fingerprint"),
    _moment("started_at"),
    _moment("seen_at"),
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("key", Words, primary_key=True),
    _json("value"),
    _moment("at"),
)

# What readers chose, each combination once: readers of one choice share their editions. `key` is its readable text.
choice = sa.Table(
    "choice",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    _json("categories"),
    sa.Column("trending", sa.Boolean, nullable=False, server_default=sa.true()),
    _text("language"),
)

# When digests come, each combination once. `next_at` is the slot to be planned next; it moves on when every reader's
# watermark has reached it.
schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _text("digest"),
    _text("weekdays"),  # "0123456", 0 is Monday
    _number("hour"),
    _text("timezone"),
    _moment("next_at"),
    sa.UniqueConstraint("digest", "weekdays", "hour", "timezone"),
    sa.Index(None, "next_at"),
)

# A reader. `schedule_id` is 0 for who gets no digest (instant), `seen` the articles that went by themselves since the
# watermark, as ",12,57,". `alert_day` is the reader's own day (days since 1970) that `alert_count` counts for.
subscriber = sa.Table(
    "subscriber",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _text("address"),
    sa.Column("address_key", Words, nullable=False, unique=True),
    _text("domain"),
    sa.Column("choice_id", Id, nullable=False, server_default="0"),
    sa.Column("schedule_id", Id, nullable=False, server_default="0"),
    _text("frequency"),
    _text("weekdays"),
    sa.Column("hour", sa.Integer),
    _text("timezone"),
    sa.Column("breaking", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("status"),
    _moment("paused_until", nullable=True),
    _moment("watermark"),
    _text("seen"),
    _number("alert_day"),
    _number("alert_count"),
    sa.Column("points", sa.Float, nullable=False, server_default="0"),
    _moment("points_at", nullable=True),
    _moment("created_at"),
    _moment("confirmed_at", nullable=True),
    _moment("active_at", nullable=True),
    sa.Index(None, "schedule_id", "status", "choice_id", "watermark"),
    sa.Index(None, "status", "created_at"),
    sa.Index(
        "ix_subscriber_instant",
        "choice_id",
        sqlite_where=sa.text("status = 'active' and frequency = 'instant'"),
        postgresql_where=sa.text("status = 'active' and frequency = 'instant'"),
    ),
    sa.Index(
        "ix_subscriber_breaking",
        "choice_id",
        sqlite_where=sa.text("status = 'active' and breaking"),
        postgresql_where=sa.text("status = 'active' and breaking"),
    ),
)

# Proof of consent: append-only; goes only when the reader asks to be forgotten.
consent = sa.Table(
    "consent",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("subscriber_id", Id, nullable=False, index=True),
    _moment("at"),
    _text("act"),
    _text("wording"),
    _text("version"),
    _text("source"),
    _text("ip"),
    _json("detail"),
)

# Whom nothing may be mailed to: a keyed hash of the address, never the address.
suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("key", Words, primary_key=True),
    _text("reason"),
    _moment("at"),
)

# How often an address (by its keyed hash) was mailed at somebody's request: nobody can be flooded by a form.
asked = sa.Table(
    "asked",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
    _number("times"),
    _moment("last_at"),
    _number("today"),
)

bounce = sa.Table(
    "bounce",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _moment("at"),
    sa.Column("subscriber_id", Id, nullable=False, index=True),
    sa.Column("delivery_id", Id, nullable=False, server_default="0"),
    _text("kind"),
    sa.Column("hard", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("status"),
    _text("reason"),
    _text("diagnostic"),
)

# One digest as frozen. `key` says what it is of, so that it is made once; `left_out` as the readers' `seen`.
edition = sa.Table(
    "edition",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    _text("digest"),
    sa.Column("choice_id", Id, nullable=False),
    _moment("slot"),
    _moment("since"),
    _moment("until"),
    _text("left_out"),
    _json("sections"),
    _number("readers"),
    _text("status"),
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("message_id", Id, nullable=False, server_default="0"),
    _moment("made_at"),
    sa.Index(None, "digest", "slot"),
)

# How a receiving domain takes our mail: until when it wants none, and how many at once it took well lately.
domain = sa.Table(
    "domain",
    metadata,
    sa.Column("name", Words, primary_key=True),
    _moment("paused_until", nullable=True),
    _number("failures"),
    _number("allowance"),
    _text("why"),
    _moment("at"),
)

# Ids of hooks that were heard already: a replay changes nothing.
heard = sa.Table(
    "heard",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _moment("at"),
    sa.Index(None, "at"),
)

"""The tables of readers and of mail. What they get is rows of `delivery`, in the ledger's own tables."""

from __future__ import annotations

import sqlalchemy as sa

from distributor.store.columns import Id, Words, json, metadata, moment, number, text

__all__ = [
    "HAS_GONE",
    "asked",
    "bounce",
    "choice",
    "consent",
    "domain",
    "edition",
    "heard",
    "schedule",
    "subscriber",
    "suppression",
]

# What readers chose, each combination once: readers of one choice share their editions. `key` is its readable text.
choice = sa.Table(
    "choice",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    json("categories"),
    sa.Column("trending", sa.Boolean, nullable=False, server_default=sa.true()),
    text("language"),
)

# When digests come, each combination once. `next_at` is the slot to be planned next; it moves on when every reader's
# watermark has reached it.
schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("id", Id, primary_key=True),
    text("digest"),
    text("weekdays"),  # "0123456", 0 is Monday
    number("hour"),
    text("timezone"),
    moment("next_at"),
    sa.UniqueConstraint("digest", "weekdays", "hour", "timezone"),
    sa.Index(None, "next_at"),
)

# A reader. `schedule_id` is 0 for who gets no digest (instant), `seen` the articles that went by themselves since the
# watermark, as ",12,57,". `alert_day` is the reader's own day (days since 1970) that `alert_count` counts for.
subscriber = sa.Table(
    "subscriber",
    metadata,
    sa.Column("id", Id, primary_key=True),
    text("address"),
    sa.Column("address_key", Words, nullable=False, unique=True),
    text("domain"),
    sa.Column("choice_id", Id, nullable=False, server_default="0"),
    sa.Column("schedule_id", Id, nullable=False, server_default="0"),
    text("frequency"),
    text("weekdays"),
    sa.Column("hour", sa.Integer),
    text("timezone"),
    sa.Column("breaking", sa.Boolean, nullable=False, server_default=sa.false()),
    text("status"),
    moment("paused_until", nullable=True),
    moment("watermark"),
    text("seen"),
    number("alert_day"),
    number("alert_count"),
    sa.Column("points", sa.Float, nullable=False, server_default="0"),
    moment("points_at", nullable=True),
    moment("created_at"),
    moment("confirmed_at", nullable=True),
    moment("active_at", nullable=True),
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
    sa.Index(
        "ix_subscriber_paused",
        "schedule_id",
        "status",
        "paused_until",
        "watermark",
        sqlite_where=sa.text("paused_until is not null"),
        postgresql_where=sa.text("paused_until is not null"),
    ),
)

# Proof of consent: append-only; goes only when the reader asks to be forgotten.
consent = sa.Table(
    "consent",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("subscriber_id", Id, nullable=False, index=True),
    moment("at"),
    text("act"),
    text("wording"),
    text("version"),
    text("source"),
    text("ip"),
    json("detail"),
)
GONE = "act in ('left', 'suppressed')"
HAS_GONE = sa.text(f"consent.{GONE}")
sa.Index(
    "ix_consent_gone",
    consent.c.at,
    consent.c.act,
    consent.c.subscriber_id,
    sqlite_where=sa.text(GONE),
    postgresql_where=sa.text(GONE),
)

# Whom nothing may be mailed to: a keyed hash of the address, never the address.
suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("key", Words, primary_key=True),
    text("reason"),
    moment("at"),
)

# How often an address (by its keyed hash) was mailed at somebody's request: nobody can be flooded by a form.
asked = sa.Table(
    "asked",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
    number("times"),
    moment("last_at"),
    number("today"),
)

bounce = sa.Table(
    "bounce",
    metadata,
    sa.Column("id", Id, primary_key=True),
    moment("at"),
    sa.Column("subscriber_id", Id, nullable=False, index=True),
    sa.Column("delivery_id", Id, nullable=False, server_default="0"),
    text("kind"),
    sa.Column("hard", sa.Boolean, nullable=False, server_default=sa.false()),
    text("status"),
    text("reason"),
    text("diagnostic"),
)

# One digest as frozen. `key` says what it is of, so that it is made once; `left_out` as the readers' `seen`.
edition = sa.Table(
    "edition",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("key", Words, nullable=False, unique=True),
    text("digest"),
    sa.Column("choice_id", Id, nullable=False),
    moment("slot"),
    moment("since"),
    moment("until"),
    text("left_out"),
    json("sections"),
    number("readers"),
    text("status"),
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("message_id", Id, nullable=False, server_default="0"),
    moment("made_at"),
    sa.Index(None, "digest", "slot"),
)

# How a receiving domain takes our mail: until when it wants none, and how many at once it took well lately.
domain = sa.Table(
    "domain",
    metadata,
    sa.Column("name", Words, primary_key=True),
    moment("paused_until", nullable=True),
    number("failures"),
    number("allowance"),
    text("why"),
    moment("at"),
)

# Ids of hooks that were heard already: a replay changes nothing.
heard = sa.Table(
    "heard",
    metadata,
    sa.Column("id", Words, primary_key=True),
    moment("at"),
    sa.Index(None, "at"),
)

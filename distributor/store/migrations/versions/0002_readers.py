"""Readers, editions, and what mail needs of the ledger."""

import sqlalchemy as sa
from alembic import op

from distributor.store.tables import Id, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("today", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", "purpose", name=op.f("pk_asked")),
    )
    op.create_table(
        "bounce",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("delivery_id", Id, server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("hard", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("diagnostic", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
    )
    op.create_index(op.f("ix_bounce_subscriber_id"), "bounce", ["subscriber_id"], unique=False)
    op.create_table(
        "choice",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("trending", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
        sa.UniqueConstraint("key", name=op.f("uq_choice_key")),
    )
    op.create_table(
        "consent",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("act", sa.Text(), server_default="", nullable=False),
        sa.Column("wording", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"], unique=False)
    op.create_table(
        "domain",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused_until", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allowance", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_domain")),
    )
    op.create_table(
        "edition",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("choice_id", Id, nullable=False),
        sa.Column("slot", Moment(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("left_out", sa.Text(), server_default="", nullable=False),
        sa.Column("sections", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("readers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("message_id", Id, server_default="0", nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("key", name=op.f("uq_edition_key")),
    )
    op.create_index(op.f("ix_edition_digest_slot"), "edition", ["digest", "slot"], unique=False)
    op.create_table(
        "heard",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard")),
    )
    op.create_index(op.f("ix_heard_at"), "heard", ["at"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("id", Id, nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("weekdays", sa.Text(), server_default="", nullable=False),
        sa.Column("hour", sa.Integer(), server_default="0", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="", nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint(
            "digest", "weekdays", "hour", "timezone", name=op.f("uq_schedule_digest_weekdays_hour_timezone")
        ),
    )
    op.create_index(op.f("ix_schedule_next_at"), "schedule", ["next_at"], unique=False)
    op.create_table(
        "subscriber",
        sa.Column("id", Id, nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), server_default="", nullable=False),
        sa.Column("choice_id", Id, server_default="0", nullable=False),
        sa.Column("schedule_id", Id, server_default="0", nullable=False),
        sa.Column("frequency", sa.Text(), server_default="", nullable=False),
        sa.Column("weekdays", sa.Text(), server_default="", nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="", nullable=False),
        sa.Column("breaking", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_until", Moment(), nullable=True),
        sa.Column("watermark", Moment(), nullable=False),
        sa.Column("seen", sa.Text(), server_default="", nullable=False),
        sa.Column("alert_day", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alert_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("points", sa.Float(), server_default="0", nullable=False),
        sa.Column("points_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("active_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscriber_address_key")),
    )
    op.create_index(
        "ix_subscriber_breaking",
        "subscriber",
        ["choice_id"],
        unique=False,
        sqlite_where=sa.text("status = 'active' and breaking"),
        postgresql_where=sa.text("status = 'active' and breaking"),
    )
    op.create_index(
        "ix_subscriber_instant",
        "subscriber",
        ["choice_id"],
        unique=False,
        sqlite_where=sa.text("status = 'active' and frequency = 'instant'"),
        postgresql_where=sa.text("status = 'active' and frequency = 'instant'"),
    )
    op.create_index(
        op.f("ix_subscriber_schedule_id_status_choice_id_watermark"),
        "subscriber",
        ["schedule_id", "status", "choice_id", "watermark"],
        unique=False,
    )
    op.create_index(op.f("ix_subscriber_status_created_at"), "subscriber", ["status", "created_at"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_suppression")),
    )
    op.add_column("article", sa.Column("live_at", Moment(), nullable=True))
    op.create_index(op.f("ix_article_live_at"), "article", ["live_at"], unique=False)
    op.create_index(
        "ix_delivery_edition",
        "delivery",
        ["edition_id"],
        unique=False,
        sqlite_where=sa.text("edition_id <> 0"),
        postgresql_where=sa.text("edition_id <> 0"),
    )
    op.create_index(
        "ix_delivery_recipient",
        "delivery",
        ["recipient_id"],
        unique=False,
        sqlite_where=sa.text("recipient_id <> 0"),
        postgresql_where=sa.text("recipient_id <> 0"),
    )
    op.create_index(
        "ix_delivery_to_mail",
        "delivery",
        ["channel", "lane", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending' and recipient_id <> 0"),
        postgresql_where=sa.text("state = 'pending' and recipient_id <> 0"),
    )
    # The partial index on what is unsettled holds what is counted beside it.
    op.drop_index("ix_delivery_unsettled", "delivery")
    unsettled = sa.text("state in ('pending', 'sending', 'held', 'uncertain')")
    op.create_index(
        "ix_delivery_unsettled",
        "delivery",
        ["state", "channel", "due_at", "claimed_at", "article_id", "edition_id"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    lost = sa.text("state in ('failed', 'skipped')")
    op.create_index(
        "ix_delivery_lost",
        "delivery",
        ["state", "channel", "settled_at", "claimed_at", "article_id", "edition_id"],
        sqlite_where=lost,
        postgresql_where=lost,
    )
    followed = sa.text("kind in ('edit', 'delete')")
    op.create_index(
        "ix_delivery_followed", "delivery", ["article_id"], sqlite_where=followed, postgresql_where=followed
    )
    # What was recorded without being posted is as old as it says; the rest came when it was seen. A held article is
    # not for readers yet.
    op.execute(
        "UPDATE article SET live_at = CASE WHEN note = '' THEN seen_at ELSE published_at END WHERE status = 'live'"
    )

"""What readers do: links that are counted, events, counts, and what other outlets report. An editor's pin and bury."""

import sqlalchemy as sa
from alembic import op

from distributor.store.columns import Id, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coverage",
        sa.Column("id", Id, nullable=False),
        sa.Column("outlet", sa.Text(), server_default="", nullable=False),
        sa.Column("guid", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("fingerprint", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("article_id", Id, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
        sa.UniqueConstraint("outlet", "guid", name=op.f("uq_coverage_outlet_guid")),
    )
    op.create_index(op.f("ix_coverage_article_id"), "coverage", ["article_id"], unique=False)
    op.create_index(op.f("ix_coverage_at"), "coverage", ["at"], unique=False)
    op.create_index(op.f("ix_coverage_until"), "coverage", ["until"], unique=False)
    op.create_table(
        "expense",
        sa.Column("id", Id, nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("cost", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expense")),
    )
    op.create_index(op.f("ix_expense_channel_at"), "expense", ["channel", "at"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("article_id", Id, nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("link_id", Id, server_default="0", nullable=False),
        sa.Column("visitor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("mail", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("delay", sa.Integer(), server_default="0", nullable=False),
        sa.Column("marks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("judged", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False)
    op.create_index(
        "ix_event_mail",
        "event",
        ["mail", "at"],
        unique=False,
        sqlite_where=sa.text("mail <> 0"),
        postgresql_where=sa.text("mail <> 0"),
    )
    op.create_index(
        "ix_event_unjudged",
        "event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("judged = 0"),
        postgresql_where=sa.text("judged = 0"),
    )
    op.create_index(op.f("ix_event_visitor_at"), "event", ["visitor", "at"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("article_id", Id, nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("edition_id", Id, server_default="0", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("raw", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("code", name=op.f("uq_link_code")),
    )
    op.create_index(op.f("ix_link_article_id_channel"), "link", ["article_id", "channel"], unique=False)
    op.create_index(op.f("ix_link_channel_made_at"), "link", ["channel", "made_at"], unique=False)
    op.create_index(op.f("ix_link_edition_id"), "link", ["edition_id"], unique=False)
    op.create_table(
        "reading",
        sa.Column("delivery_id", Id, autoincrement=False, nullable=False),
        sa.Column("article_id", Id, nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("posted_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_reading")),
    )
    op.create_index(op.f("ix_reading_next_at"), "reading", ["next_at"], unique=False)
    op.create_table(
        "signal",
        sa.Column("article_id", Id, autoincrement=False, nullable=False),
        sa.Column("bucket", Moment(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("article_id", "bucket", "channel", "kind", name=op.f("pk_signal")),
    )
    op.create_index(op.f("ix_signal_bucket"), "signal", ["bucket"], unique=False)
    op.create_table(
        "total",
        sa.Column("article_id", Id, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "channel", "kind", "origin", name=op.f("pk_total")),
    )
    # What waits and what was lost is counted by kind and reason, too.
    for name, when, where in (
        ("unsettled", "due_at", sa.text("state in ('pending', 'sending', 'held', 'uncertain')")),
        ("lost", "settled_at", sa.text("state in ('failed', 'skipped')")),
    ):
        columns = ["state", "channel", when, "claimed_at", "article_id", "edition_id", "kind", "reason"]
        op.drop_index(f"ix_delivery_{name}", "delivery")
        op.create_index(f"ix_delivery_{name}", "delivery", columns, sqlite_where=where, postgresql_where=where)
    posts = sa.text("recipient_id = 0")
    op.create_index("ix_delivery_to_channels", "delivery", ["article_id"], sqlite_where=posts, postgresql_where=posts)
    paused = sa.text("paused_until is not null")
    of_readers = ["schedule_id", "status", "paused_until", "watermark"]
    op.create_index("ix_subscriber_paused", "subscriber", of_readers, sqlite_where=paused, postgresql_where=paused)
    gone = sa.text("act in ('left', 'suppressed')")
    op.create_index(
        "ix_consent_gone", "consent", ["at", "act", "subscriber_id"], sqlite_where=gone, postgresql_where=gone
    )
    op.add_column("article", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.add_column("article", sa.Column("place_until", Moment(), nullable=True))
    op.add_column("ranking", sa.Column("story", sa.Text(), server_default="", nullable=False))

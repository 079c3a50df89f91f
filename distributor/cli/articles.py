"""`distributor articles`: what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from distributor.cli import moments
from distributor.cli.groups import Group
from distributor.cli.options import a_command, source_names
from distributor.cli.output import answer, block, say, table
from distributor.cli.session import Session, pass_session

if TYPE_CHECKING:
    from distributor.model import Article, Delivery

__all__ = ["articles"]


@click.group(cls=Group)
def articles() -> None:
    """What was published."""


@articles.command("list")
@click.option("--source", default="", metavar="NAME", shell_complete=source_names, help="Of this source.")
@click.option("--category", default="", help="Of this category.")
@click.option("--status", type=click.Choice(["live", "held", "withdrawn"]), help="In this state.")
@click.option("--search", default="", metavar="WORD", help="With this in the title.")
@click.option("--limit", default=20, type=click.IntRange(1, 10_000), show_default=True, help="At most so many.")
@a_command
@pass_session
def list_(session: Session, source: str, category: str, status: str | None, search: str, limit: int) -> None:
    """The newest articles first."""
    from distributor.store import articles as stored

    with session.store.read() as connection:
        found = stored.latest(
            connection, limit=limit, source=source, category=category, status=status or "", word=search
        )
    answer(session, {"articles": [brief(one) for one in found]}, lambda: _listed(session, found))


@articles.command()
@click.argument("article")
@a_command
@pass_session
def show(session: Session, article: str) -> None:
    """One article, by id or address, and its deliveries."""
    from distributor import acts
    from distributor.store import ledger

    found = acts.find_article(session.app_of(), article)
    with session.store.read() as connection:
        rows = ledger.of_article(connection, found.id)
    data = full(found) | {"deliveries": [line(one) for one in rows]}
    answer(session, data, lambda: _shown(session, found, rows))


def brief(article: Article) -> dict[str, Any]:
    """An article in a list, for a program."""
    names = ("id", "source", "url", "title", "categories", "published_at", "revision", "status", "note")
    return {name: getattr(article, name) for name in names}


def full(article: Article) -> dict[str, Any]:
    more = ("guid", "summary", "social", "unmapped", "tags", "author", "image", "language", "updated_at", "seen_at")
    rest = ("boost", "same_as", "body")
    lane = {"lane": article.lane.name.lower()}
    return brief(article) | {name: getattr(article, name) for name in (*more, *rest)} | lane


def line(delivery: Delivery) -> dict[str, Any]:
    """A delivery in a list, for a program."""
    names = ("id", "kind", "channel", "article_id", "revision", "generation", "state", "reason", "error", "by_hand")
    times = ("planned_at", "due_at", "expires_at", "settled_at")
    url = {"url": delivery.receipt.url if delivery.receipt else "", "attempts": delivery.attempt}
    return {name: getattr(delivery, name) for name in (*names, *times)} | url


def _listed(session: Session, found: list[Article]) -> None:
    if not found:
        say("no articles")
        return
    now = session.now()
    rows = [
        (
            one.id,
            moments.shown(one.published_at, session.zone, now),
            one.source,
            one.status if one.status != "live" else one.note or "live",
            ", ".join(one.categories) or "-",
            one.title,
        )
        for one in found
    ]
    table(("ID", "PUBLISHED", "SOURCE", "STATE", "CATEGORIES", "TITLE"), rows, right=("ID",))


def _shown(session: Session, article: Article, rows: list[Delivery]) -> None:
    now, zone = session.now(), session.zone
    say(f'"{article.title}"')
    told = (
        ("id", f"{article.id}  rev {article.revision}  {article.status}{f' ({article.note})' if article.note else ''}"),
        ("address", article.url),
        ("source", f"{article.source}  {article.guid}"),
        ("categories", ", ".join(article.categories)),
        ("unmapped", ", ".join(article.unmapped)),
        ("tags", ", ".join(article.tags)),
        ("author", article.author),
        ("language", article.language),
        ("published", moments.shown(article.published_at, zone, now)),
        ("seen", moments.shown(article.seen_at, zone, now)),
        ("picture", article.image.url if article.image else ""),
        ("same as", f"article {article.same_as}" if article.same_as else ""),
        ("boost", f"{article.boost:g}" if article.boost else ""),
    )
    for name, value in told:
        if value:
            say(f"{name}: {value}", style="")
    if article.summary:
        click.echo(block(article.summary, "  "))
    if rows:
        click.echo()
        deliveries_table(session, rows)
    say(f"More: distributor why {article.id}")


def deliveries_table(session: Session, rows: list[Delivery]) -> None:
    """Deliveries as lines, for a person."""
    now, zone = session.now(), session.zone
    lines = [
        (
            row.id,
            row.kind.value,
            row.channel,
            row.article_id,
            row.state.value,
            moments.shown(row.settled_at or row.due_at, zone, now),
            (row.receipt.url if row.receipt else "") or row.error or row.reason or "-",
        )
        for row in rows
    ]
    table(("ID", "KIND", "CHANNEL", "ARTICLE", "STATE", "WHEN", "WHAT"), lines, right=("ID", "ARTICLE"))

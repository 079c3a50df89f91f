"""`distributor report`: what came of articles, channels and digests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import IO, TYPE_CHECKING

import click

from distributor.cli import moments
from distributor.cli.groups import Group
from distributor.cli.options import Duration, a_command, digest_names
from distributor.cli.output import answer, say, table
from distributor.cli.session import Session, pass_session

if TYPE_CHECKING:
    from distributor.reports import ArticleReport, ChannelsReport, DigestsReport, Hits
    from distributor.reports.channels import Article

__all__ = ["report", "sparkline"]

WIDTH = 24
_EIGHTHS = "▁▂▃▄▅▆▇█"
_CSV = click.option(
    "--csv", "csv_", type=click.File("w", encoding="utf-8", lazy=True), metavar="FILE|-", help="Write it as CSV."
)


@click.group(cls=Group)
def report() -> None:
    """What came of articles, channels and digests.

    Each count is told with robots and repeats (raw) and without. Hours are of the site's clock.
    """


@report.command()
@click.argument("article", metavar="ID|URL")
@_CSV
@a_command
@pass_session
def article(session: Session, article: str, csv_: IO[str] | None) -> None:
    """One article: each channel's post, and what readers did there."""
    from distributor import reports
    from distributor.reports.articles import COLUMNS

    found = reports.of_article(session.app_of(), article)
    _told(session, csv_, COLUMNS, found, lambda: _article(session, found))


@report.command()
@click.option("--since", type=Duration(), default="7d", show_default=True, metavar="DURATION", help="So far back.")
@_CSV
@a_command
@pass_session
def channels(session: Session, since: timedelta, csv_: IO[str] | None) -> None:
    """Each channel: posts, the clicks on them, and when it does best."""
    from distributor import reports
    from distributor.reports.channels import COLUMNS

    found = reports.of_channels(session.app_of(), since)
    _told(session, csv_, COLUMNS, found, lambda: _channels(found))


@report.command()
@click.argument("which", metavar="[NAME[@SLOT]]", default="", shell_complete=digest_names)
@click.option("--limit", default=20, type=click.IntRange(1, 500), show_default=True, help="At most so many slots.")
@_CSV
@a_command
@pass_session
def digests(session: Session, which: str, limit: int, csv_: IO[str] | None) -> None:
    """Digests: mails, clicks, who left, what came back.

    The click rate is counted clicks for each mail delivered; no mail tells whether it was opened.
    """
    from distributor import reports
    from distributor.reports.digests import COLUMNS

    found = reports.of_digests(session.app_of(), which, limit=limit)
    _told(session, csv_, COLUMNS, found, lambda: _digests(found))


def _told(
    session: Session,
    file: IO[str] | None,
    columns: Sequence[str],
    found: ArticleReport | ChannelsReport | DigestsReport,
    shown: Callable[[], None],
) -> None:
    if file is None:
        answer(session, found.to_json(), shown)
        return
    if session.json:
        raise click.UsageError("say --json or --csv, one of them")
    from distributor.text.cells import sheet

    file.write(sheet(columns, found.rows()))


def _article(session: Session, found: ArticleReport) -> None:
    now, zone, one = session.now(), session.zone, found.article
    say(f"{one.title or one.url}  {', '.join(one.categories)}  {moments.shown(one.published_at, zone, now)}  #{one.id}")
    lines = [
        (
            one.channel,
            f"{one.mails[1]:,} of {one.mails[0]:,} mails" if one.mails else one.state or "-",
            moments.shown(one.delivered_at, zone, now),
            *(_hits(hits) for hits in (one.clicks, one.views, one.shares)),
            f"{one.comments.counted:,}",
            f"{one.likes.counted:,}",
            _hour(one.best_hour),
            sparkline(one.line),
        )
        for one in (*found.channels, found.total)
    ]
    numbers = ("CLICKS", "VIEWS", "SHARES", "COMMENTS", "LIKES")
    step = "HOURS" if found.step < timedelta(days=1) else "DAYS"
    table(("CHANNEL", "STATE", "DELIVERED", *numbers, "BEST", step), lines, right=numbers)


def _channels(found: ChannelsReport) -> None:
    from distributor.reports.best import DAYS

    lines = [
        (
            one.channel,
            one.kind,
            f"{one.posts:,}",
            _hits(one.clicks),
            "-" if one.per_post is None else f"{one.per_post:,.1f}",
            _hour(one.best.hour),
            "-" if one.best.weekday is None else DAYS[one.best.weekday],
            one.articles[0].title if one.articles else "-",
        )
        for one in found.lines
    ]
    if not lines:
        say("no channel is set up")
        return
    numbers = ("POSTS", "CLICKS", "A POST")
    table(("CHANNEL", "KIND", *numbers, "BEST HOUR", "BEST DAY", "BEST ARTICLE"), lines, right=numbers)
    _best(found.articles, "most clicked on all channels")


def _digests(found: DigestsReport) -> None:
    if not found.lines:
        say("no digest has gone out yet")
        return
    lines = [
        (
            one.slot.name,
            one.slot.status,
            f"{one.delivered:,}",
            _hits(one.clicks),
            "-" if one.rate is None else f"{100 * one.rate:.1f} %",
            f"{one.losses.left:,}",
            f"{one.losses.bounced + one.slot.failed:,}",
            _hour(one.best_hour),
        )
        for one in found.lines
    ]
    numbers = ("DELIVERED", "CLICKS", "RATE", "LEFT", "FAILED")
    table(("DIGEST", "STATE", *numbers, "BEST"), lines, right=numbers)
    _best(found.articles, "most clicked")


def _best(articles: Iterable[Article], said: str) -> None:
    lines = [(_hits(one.clicks), one.title or one.url, f"#{one.id}") for one in articles]
    if lines:
        say("")
        say(f"{said}:")
        table(("", "", ""), lines, right=("",))


def _hits(hits: Hits) -> str:
    """ "12 of 30": counted of raw; one number where they are alike."""
    return f"{hits.counted:,}" if hits.raw <= hits.counted else f"{hits.counted:,} of {hits.raw:,}"


def _hour(hour: int | None) -> str:
    return "-" if hour is None else f"{hour:02}:00"


def sparkline(line: Sequence[int], width: int = WIDTH) -> str:
    """At most so many cells, each as high as the most of its part; "" where there is nothing, or nothing to show it."""
    if not any(line) or not _can_draw():
        return ""
    parts = [line[len(line) * place // width : len(line) * (place + 1) // width] for place in range(width)]
    sums = [sum(part) for part in parts if part]
    most = max(sums)
    return "".join(_EIGHTHS[-(-count * 7 // most)] if count else " " for count in sums).rstrip()


def _can_draw() -> bool:
    try:
        _EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True

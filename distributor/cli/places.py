"""An editor's word on the ranking: `pin`, `bury`, `unpin`."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from distributor.cli.options import Duration, Moment, a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session, who

__all__ = ["bury", "pin", "unpin"]

_DONE = {"pin": "comes first", "bury": "comes last", "": "stands where its ranking puts it"}

_FOR = click.option("--for", "lasting", type=Duration(), metavar="DURATION", help="So long, such as 90m, 6h or 2d.")
_UNTIL = click.option("--until", type=Moment(), metavar="TIME", help='Until then, such as "18:00".')


@click.command()
@click.argument("article")
@_FOR
@_UNTIL
@a_command
@pass_session
def pin(session: Session, article: str, lasting: timedelta | None, until: datetime | None) -> None:
    """Put an article first, in queues, digests and lists.

    ARTICLE is an id or an address. For good, unless said; of several that are pinned, the trending one is first.
    """
    _place(session, article, "pin", lasting, until)


@click.command()
@click.argument("article")
@_FOR
@_UNTIL
@a_command
@pass_session
def bury(session: Session, article: str, lasting: timedelta | None, until: datetime | None) -> None:
    """Put an article last, in queues, digests and lists.

    It still goes out, behind all others. For good, unless said.
    """
    _place(session, article, "bury", lasting, until)


@click.command()
@click.argument("article")
@a_command
@pass_session
def unpin(session: Session, article: str) -> None:
    """Let an article stand where its ranking puts it again.

    Ends a pin, and a bury.
    """
    _place(session, article, "", None, None)


def _place(session: Session, word: str, where: str, lasting: timedelta | None, until: datetime | None) -> None:
    from distributor import acts
    from distributor.cli import moments

    if lasting and until:
        raise click.UsageError("say --for or --until, one of them")
    article = acts.find_article(session.app, word)
    end = session.now() + lasting if lasting else until
    acts.place(session.app, article.id, who(), where, end)
    data = {"act": where or "unpin", "article": article.id, "title": article.title, "until": end}
    shown = f" until {moments.shown(end, session.zone, session.now())}" if end else ""
    answer(session, data, lambda: say(f'"{article.title}" {_DONE[where]}{shown}'))

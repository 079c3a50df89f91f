"""What a person does to an article's posts, and the switches: `hold`, `release`, ..., `pause`, `resume`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from distributor.cli.faults import Code
from distributor.cli.options import CHANNELS, a_command, channel_names, source_names
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session, who

if TYPE_CHECKING:
    from distributor.model import Article

__all__ = ["approve", "correct", "hold", "pause", "release", "resume", "withdraw"]

# A person's word for it -> how it is said afterwards.
_DONE = {
    "hold": "held",
    "release": "released",
    "approve": "approved",
    "withdraw": "taken back: dropped, or deleted where the network can",
    "correct": "to be edited",
}
_AT = click.option("--from", "--on", "channels", **CHANNELS, help="Only on these channels.")


@click.command()
@click.argument("article")
@_AT
@a_command
@pass_session
def hold(session: Session, article: str, channels: list[str] | None) -> None:
    """Hold an article's waiting posts.

    ARTICLE is an id or an address. On all channels, unless said; also what would be planned later.
    """
    from distributor import acts

    _act(session, "hold", article, channels, acts.hold)


@click.command()
@click.argument("article", required=False)
@click.option("--source", metavar="NAME", shell_complete=source_names, help="All that a flood held of this source.")
@_AT
@a_command
@pass_session
def release(session: Session, article: str | None, source: str | None, channels: list[str] | None) -> None:
    """Release what is held, of an article or a source.

    A release is no approval: what must be approved still waits for that.
    """
    from distributor import acts

    if bool(article) == bool(source):
        raise click.UsageError("name an article or --source, one of them")
    if article:
        _act(session, "release", article, channels, lambda app, number, name, at: acts.release(
            app, name, article_id=number, channels=at))  # fmt: skip
        return
    assert source is not None
    moved = acts.release(session.app, who(), source=source, channels=channels)
    data = {"act": "release", "source": source, "channels": channels, "deliveries": moved}
    answer(session, data, lambda: say(_sentence("release", moved)))


@click.command()
@click.argument("article")
@_AT
@a_command
@pass_session
def approve(session: Session, article: str, channels: list[str] | None) -> None:
    """Let posts go that wait for approval."""
    from distributor import acts

    _act(session, "approve", article, channels, acts.approve)


@click.command()
@click.argument("article")
@_AT
@a_command
@pass_session
def withdraw(session: Session, article: str, channels: list[str] | None) -> None:
    """Take an article back: delete what is posted, drop what waits."""
    from distributor import acts

    _act(session, "withdraw", article, channels, acts.withdraw)


@click.command()
@click.argument("article")
@click.option("--title", help="The new title.")
@click.option("--summary", help="The new summary.")
@click.option("--social", help="The editor's own text for social channels.")
@a_command
@pass_session
def correct(session: Session, article: str, title: str | None, summary: str | None, social: str | None) -> None:
    """Correct an article by hand; its posts are edited.

    Posts are edited where the network can; a correction stands until the source itself changes the article.
    """
    from distributor import acts

    if title is None and summary is None and social is None:
        raise click.UsageError("say what is to be corrected: --title, --summary or --social")

    def work(app: Any, number: int, name: str, _channels: Sequence[str] | None) -> int:
        return acts.correct(app, number, name, title=title, summary=summary, social=social)

    _act(session, "correct", article, None, work)


@click.command()
@click.argument("channel", default="*", shell_complete=channel_names)
@a_command
@pass_session
def pause(session: Session, channel: str) -> None:
    """Stop a channel, or everything.

    Nothing goes out on CHANNEL, or on any without one, until `distributor resume`; also after a restart. A digest's
    name stops its mails; so do alerts, instant, letters, and mail for all of them.
    """
    from distributor import acts

    app = session.app_of(channel) if _known(session, channel) else session.app_of()
    acts.pause(app, channel, who())
    again = "distributor resume" + ("" if channel == "*" else f" {channel}")
    shown = "everything" if channel == "*" else channel
    answer(session, {"act": "pause", "channel": channel}, lambda: say(f"{shown} is paused; to go on: {again}"))


@click.command()
@click.argument("channel", default="*", shell_complete=channel_names)
@a_command
@pass_session
def resume(session: Session, channel: str) -> None:
    """Let a channel, or everything, go on."""
    from distributor import acts

    _known(session, channel)
    was_off = acts.resume(session.app_of(), channel, who())
    shown = "everything" if channel == "*" else channel
    said = "goes on" if was_off else "was not paused"
    answer(session, {"act": "resume", "channel": channel, "was_paused": was_off}, lambda: say(f"{shown} {said}"))


def _known(session: Session, channel: str) -> bool:
    """Whether it is one channel of the settings; False for everything, and for mails. Raises NotFound."""
    from distributor.cli.channels import named
    from distributor.mailroom import MAIN, OWN_CHANNELS

    settings = session.settings
    if settings.mail and channel in (MAIN, *OWN_CHANNELS, *settings.digests) and channel not in settings.channels:
        return False
    return channel != "*" and bool(named(session, channel))


def _act(
    session: Session,
    act: str,
    word: str,
    channels: list[str] | None,
    work: Callable[[Any, int, str, list[str] | None], int],
) -> Code:
    from distributor import acts

    article = acts.find_article(session.app, word)
    moved = work(session.app, article.id, who(), channels)
    article = acts.find_article(session.app, str(article.id))
    data = {"act": act, "article": article.id, "title": article.title, "channels": channels, "deliveries": moved}
    answer(session, data, lambda: _shown(article, act, moved))
    return Code.FINE


def _shown(article: Article, act: str, moved: int) -> None:
    say(f'"{article.title}"')
    say(f"{_sentence(act, moved)}. More: distributor why {article.id}")


def _sentence(act: str, moved: int) -> str:
    return f"{moved:,} {'post' if moved == 1 else 'posts'} {_DONE[act]}" if moved else f"nothing to {act}"

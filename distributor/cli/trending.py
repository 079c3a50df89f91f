"""`distributor trending`: what is trending, and why, as bars in a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from distributor.cli import moments
from distributor.cli.options import a_command
from distributor.cli.output import answer, clean, say
from distributor.cli.session import Session, pass_session

if TYPE_CHECKING:
    from distributor.trending import Count, Line, Listing

__all__ = ["bar", "trending"]

WIDTH = 24
TITLE = 60
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@click.command()
@click.option("--category", default="", metavar="TITLE", help="Only this category, by its title or slug.")
@click.option("--limit", default=10, type=click.IntRange(1, 200), show_default=True, help="At most so many.")
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@click.option("--share", metavar="URL|ID", help='Print the bar "share this post on" for an article, as HTML to paste.')
@a_command
@pass_session
def trending(session: Session, category: str, limit: int, explain: bool, share: str | None) -> None:
    """What is trending now, and why.

    The order is that of every queue, digest and list.
    """
    if share is not None:
        _share(session, share)
        return
    from distributor import trending as listed

    found = listed.listing(session.app_of(), category, limit)
    answer(session, found.to_json(), lambda: _shown(session, found, explain))


def _share(session: Session, word: str) -> None:
    from distributor import acts, sharing
    from distributor.errors import ConfigError

    app = session.app_of()
    article = acts.find_article(app, word)
    base = str(app.settings.site.public_url or "")
    if not base:
        raise ConfigError(
            "links of the bar begin with it", key="site.public_url", hint="such as https://go.paper.example"
        )
    words = app.renderer.words(article.language)
    html = sharing.snippet(base, article.url, words.text("web.share.title"), words.text("web.share.email"))
    answer(session, {"article_id": article.id, "url": article.url, "html": html}, lambda: click.echo(html, nl=False))


def _shown(session: Session, found: Listing, explain: bool) -> None:
    if not found.lines:
        say("nothing is trending yet" if found.at else "nothing is ranked yet: the first minute of `run` does it")
        return
    from distributor.trending import PLACED

    now, zone = session.now(), session.zone
    most = max(max((abs(value) for value in _values(line, explain)), default=0.0) for line in found.lines)
    titles = _columns([clean(" ".join(line.article.title.split())) or line.article.url for line in found.lines])
    for line, title in zip(found.lines, titles, strict=True):
        article = line.article
        told = [", ".join(article.categories) or "no category", moments.shown(article.published_at, zone, now)]
        told += [name for name in PLACED if name in line.parts]
        drawn = "" if explain else f"{bar(line.earned, most):<{WIDTH}}  "
        click.echo(
            f"{line.place:>3}  {line.earned:6.2f}  {drawn}{title}  {clean('  '.join((*told, f'#{article.id}')))}"
        )
        if explain:
            _explained(line, most)


def _columns(titles: list[str]) -> list[str]:
    """All as wide as the widest, in the cells of a terminal; there, a long one is cut."""
    from rich.cells import cell_len, set_cell_size

    most = max(map(cell_len, titles))
    width = min(most, TITLE) if sys.stdout.isatty() else most
    return [
        set_cell_size(one, width) if cell_len(one) <= width else set_cell_size(one, width - 1) + "…" for one in titles
    ]


def _values(line: Line, explain: bool) -> list[float]:
    from distributor.trending import PLACED

    return [value for name, value in line.parts.items() if name not in PLACED] if explain else [line.earned]


def _explained(line: Line, most: float) -> None:
    """One bar for each part, the greatest first, with the counts that it was made of."""
    from distributor.trending import PLACED

    counts = {f"{one.channel} {one.kind}": one for one in line.counts}
    parts = {name: value for name, value in line.parts.items() if name not in PLACED and (value or name in counts)}
    width = max((len(clean(name)) for name in {*parts, *counts}), default=0)
    for name in sorted({*parts, *counts}, key=lambda name: (-abs(parts.get(name, 0.0)), name)):
        value, count = parts.get(name, 0.0), counts.get(name)
        of = _of(count)
        drawn = bar(value, most)
        text = f"{'':5}{clean(name):<{width}}  {value:+6.2f}"
        drawn = click.style(f"{drawn:<{WIDTH}}" if of else drawn, fg="red" if value < 0 else "green") if drawn else ""
        click.echo("  ".join(part for part in (text, drawn or (" " * WIDTH if of else ""), of) if part))


def _of(count: Count | None) -> str:
    """What a part was made of."""
    if count is None:
        return ""
    if (count.channel, count.kind) == ("radar", "coverage"):
        return f"{count.counted:,} outlet{'' if count.counted == 1 else 's'}"
    return f"{count.counted:,} of {count.raw:,} counted"


def bar(value: float, most: float, width: int = WIDTH) -> str:
    """A length of `width` cells for `most`, in eighths of a cell where the terminal can show them."""
    share = min(abs(value) / most, 1.0) if most else 0.0
    eighths = round(share * width * 8)
    try:
        _EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#" * round(share * width)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")

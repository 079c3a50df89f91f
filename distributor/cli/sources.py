"""`distributor sources`: where news comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from distributor.cli import moments
from distributor.cli.faults import Code
from distributor.cli.groups import Group
from distributor.cli.options import a_command, source_names
from distributor.cli.output import answer, progress, say, table, warn
from distributor.cli.session import Session, pass_session
from distributor.errors import DistributorError, NotFound, SourceError, StoreError

if TYPE_CHECKING:
    from distributor.cli.looking import Found
    from distributor.config import Settings, SourceSettings
    from distributor.store.sources import SourceState

__all__ = ["sources"]


@click.group(cls=Group)
def sources() -> None:
    """Where news comes from."""


@sources.command("list")
@a_command
@pass_session
def list_(session: Session) -> None:
    """Every source, when it was read and when it will be."""
    from distributor.store import sources as stored

    with session.store.read() as connection:
        states = stored.states(connection)
    rows = [_told(one, states.get(one.name)) for one in session.settings.sources.values()]
    answer(session, {"sources": rows}, lambda: _listed(session, rows))


@sources.command()
@click.argument("words", nargs=-1, required=True, metavar="[NAME] URL")
@click.option("--name", "named", help="What to call it; else from its address.")
@click.option("--map", "pairs", multiple=True, metavar="WORD=CATEGORY", help="One of the source's words, and yours.")
@click.option("--backfill", metavar="N|all", help="How many of the articles that are out already are posted.")
@click.option("--radar", is_flag=True, help="Another outlet's: nothing of it is posted, it counts for your stories.")
@click.option("--no-check", is_flag=True, help="Do not read it first.")
@a_command
@pass_session
def add(
    session: Session,
    words: tuple[str, ...],
    named: str | None,
    pairs: tuple[str, ...],
    backfill: str | None,
    radar: bool,
    no_check: bool,
) -> None:
    """Add a source to distributor.toml.

    URL is a feed, or a page that has one. It is read first, and its category words are mapped to yours.
    """
    from distributor.cli.editing import edit
    from distributor.config.edit import add_source

    name, url = _name_and_url(words, named)
    known = session.settings.sources
    name = name or _free_name(url, known)
    _refuse_twice(known.values(), url)
    found = None if no_check else _looked(session, url)
    _refuse_twice(known.values(), found.feed if found else url)
    if radar and (pairs or backfill is not None):
        raise click.UsageError("nothing of another outlet is posted: --radar goes without --map and --backfill")
    category_map = {} if radar else _guessed(session.settings, found) | dict(_pair(one) for one in pairs)
    values: dict[str, Any] = {"url": url} | ({"radar": True} if radar else {})
    if backfill is not None:
        values["backfill"] = int(backfill) if backfill.isdecimal() else backfill
    if category_map:
        values["category_map"] = category_map
    edit(session, lambda text: add_source(text, name, values), what="sources add", subject=f"source:{name}")
    data = {
        "act": "add",
        "source": name,
        "url": url,
        "category_map": category_map,
        "found": found.data if found else None,
        "file": str(session.path),
    }
    answer(session, data, lambda: say(f"{name} is in {session.path}; now: distributor sources check {name}"))


@sources.command()
@click.argument("name", shell_complete=source_names)
@a_command
@pass_session
def remove(session: Session, name: str) -> None:
    """Take a source out of distributor.toml; its articles stay."""
    from distributor.cli.editing import edit
    from distributor.config.edit import remove_source
    from distributor.store import sources as stored

    edit(session, lambda text: remove_source(text, name), what="sources remove", subject=f"source:{name}")
    with suppress(StoreError), session.store.write() as connection:
        stored.forget(connection, name)
    data = {"act": "remove", "source": name, "file": str(session.path)}
    answer(session, data, lambda: say(f"{name} is out of {session.path}"))


@sources.command()
@click.argument("names", nargs=-1, metavar="[NAME|URL]...", shell_complete=source_names)
@a_command
@pass_session
def check(session: Session, names: tuple[str, ...]) -> int:
    """Read sources now, and show what is found; nothing is stored or posted."""
    chosen = [_chosen(session, word) for word in names] or list(session.settings.sources.values())
    rows: list[dict[str, Any]] = []
    with progress("reading", len(chosen)) as step:
        for source in chosen:
            rows.append(_looked_at(session, source))
            step()
    answer(session, {"sources": rows}, lambda: _checks_shown(session, rows))
    return Code.FINE if all(row["ok"] for row in rows) else Code.FAILED


@sources.command("import-opml")
@click.argument("file", type=click.File("rb"))
@a_command
@pass_session
def import_opml(session: Session, file: BinaryIO) -> None:
    """Add every feed of an OPML file; "-" is standard input.

    A folder that is called like one of your categories maps its feeds to it. Feeds that are there already stay.
    """
    from distributor.cli.editing import edit
    from distributor.config.edit import add_source
    from distributor.config.words import match
    from distributor.sources import opml

    categories = session.settings.site.categories
    known = {str(one.url) for one in session.settings.sources.values()}
    new = [one for one in opml.read(file.read()) if one.xml_url not in known]
    taken = dict.fromkeys(session.settings.sources)
    tables: dict[str, dict[str, Any]] = {}
    for outline in new:
        name = _free_name(outline.html_url or outline.xml_url, taken)
        taken[name] = None
        tables[name] = {"url": outline.xml_url}
        mapped, _ = match([outline.category.rpartition("/")[2]], categories)
        for category in mapped.values():
            tables[name]["category_map"] = {"default": category}
    if tables:
        edit(session, lambda text: _with_all(text, tables, add_source), what="sources import", subject="sources")
    data = {"added": tables, "count": len(tables), "file": str(session.path)}
    answer(session, data, lambda: say(f"{_count(len(tables))} added to {session.path}"))


@sources.command("export-opml")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@a_command
@pass_session
def export_opml(session: Session, file: Path | None) -> None:
    """Write the sources as OPML, to FILE or standard output; passwords in addresses are left out."""
    from distributor.config.values import cut
    from distributor.sources import opml
    from distributor.store import sources as stored

    with session.store.read() as connection:
        states = stored.states(connection)
    outlines = []
    for source in session.settings.sources.values():
        state, url = states.get(source.name), cut(str(source.url))
        if url != str(source.url):
            warn(f"{source.name}: the secret in its address is left out")
        category = source.category_map.get("default", "")
        title, home = (state.title, state.site_url) if state else ("", "")
        outlines.append(opml.Outline(title or source.name, url, home, category))
    content = opml.write(outlines, session.settings.site.name)
    if file:
        _write(file, content)
    answer(
        session,
        {"sources": outlines, "file": str(file or "")},
        lambda: say(f"{_count(len(outlines))} in {file}") if file else click.echo(content.decode(), nl=False),
    )


def _told(source: SourceSettings, state: SourceState | None) -> dict[str, Any]:
    from distributor.config.values import cut

    known = state is not None and state.polled_at is not None
    told = "off" if not source.enabled else "new" if not known else "ok"
    if state is not None and source.enabled:
        told = state.paused or (f"failing ({state.failures})" if state.failures else told)
    url = str(source.url)
    return {
        "name": source.name,
        "state": told,
        "radar": source.radar,
        "url": cut(url),
        "feed": cut(state.feed) if state and state.feed else cut(url),
        "title": state.title if state else "",
        "polled_at": state.polled_at if state else None,
        "good_at": state.good_at if state else None,
        "next_poll_at": state.next_poll_at if state and source.enabled and not state.paused else None,
        "interval_s": state.interval if state else None,
        "failures": state.failures if state else 0,
        "error": state.error if state else "",
    }


def _listed(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        say("no sources; add one: distributor sources add URL")
        return
    now, zone = session.now(), session.zone
    lines = [
        (
            row["name"],
            f"{row['state']}, radar" if row["radar"] else row["state"],
            moments.ago(row["good_at"], now),
            moments.shown(row["next_poll_at"], zone, now),
            row["feed"],
            row["error"],
        )
        for row in rows
    ]
    table(("SOURCE", "STATE", "READ", "NEXT", "FEED", ""), lines)


def _chosen(session: Session, word: str) -> SourceSettings:
    """A source of the settings by its name, or any address."""
    from distributor.config import SourceSettings
    from distributor.config.values import nearest

    known = session.settings.sources
    if word in known:
        return known[word]
    if "://" in word:
        return SourceSettings(name="it", url=word)
    near = nearest(word, known)
    hint = f"did you mean {near}?" if near else f"the sources are: {', '.join(known) or 'none'}"
    raise NotFound(f"there is no source {word[:80]!r}", hint=hint)


def _looked_at(session: Session, source: SourceSettings) -> dict[str, Any]:
    from distributor.cli.looking import look
    from distributor.config.values import cut

    about = {"name": source.name, "url": cut(str(source.url))}
    try:
        return about | {"ok": True, "error": "", "hint": ""} | look(session.fetcher, session.settings, source).data
    except SourceError as error:
        return about | {"ok": False, "error": str(error), "hint": error.hint}


def _looked(session: Session, url: str) -> Found:
    from distributor.cli.looking import look

    return look(session.fetcher, session.settings, _chosen(session, url))


def _checks_shown(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        say("no sources; add one: distributor sources add URL")
    for row in rows:
        if not row["ok"]:
            say(f"!  {row['name']}  {row['error']}", style="red")
            if row["hint"]:
                say(f"   {row['hint']}")
            continue
        now, zone = session.now(), session.zone
        say(f"ok {row['name']}  {row['title']}  {row['feed']}", style="green")
        newest, oldest = (moments.shown(row[key], zone, now) for key in ("newest", "oldest"))
        span = f"{row['items']} items, from {oldest} to {newest}" if row["newest"] else f"{row['items']} items"
        say(f"   {span}; next look in {moments.span(row['interval_s'])}")
        for word, (category, count) in row["mapped"].items():
            say(f"   {word} -> {category}  ({count})")
        if row["unmapped"]:
            listed = ", ".join(f"{word} ({count})" for word, count in row["unmapped"].items())
            say(f"   unmapped: {listed}", style="yellow")


def _name_and_url(words: Sequence[str], named: str | None) -> tuple[str, str]:
    """[NAME] URL in either order; an address without a scheme gets https."""
    addresses = [word for word in words if "://" in word or "." in word]
    others = [word for word in words if word not in addresses]
    if len(addresses) != 1 or len(others) > 1 or (others and named):
        raise click.UsageError("give one address, such as: distributor sources add https://paper.example")
    return named or (others[0] if others else ""), with_scheme(addresses[0])


def _refuse_twice(known: Iterable[SourceSettings], url: str) -> None:
    """Two sources of one feed would tell each story twice, and only find out by comparing them."""
    for source in known:
        if str(source.url).rstrip("/") == url.rstrip("/"):
            raise click.UsageError(f"{source.name} watches that address already")


def with_scheme(url: str) -> str:
    return url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url) else f"https://{url}"


def _free_name(url: str, taken: Iterable[str]) -> str:
    from distributor.config.starter import source_name

    name, known = source_name(url), set(taken)
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, 100_000))) if one not in known)


def _guessed(settings: Settings, found: Found | None) -> dict[str, str]:
    """The source's words that look like the publisher's categories, but are not called so already."""
    from distributor.config.words import match

    if found is None:
        return {}
    mapped, _ = match(found.words, settings.site.categories)
    titles = {title.casefold() for title in settings.site.categories}
    return {word: title for word, title in mapped.items() if word.casefold() not in titles | {"default"}}


def _pair(written: str) -> tuple[str, str]:
    word, equals, category = written.rpartition("=")
    if not equals or not word.strip() or not category.strip():
        raise click.UsageError(f'{written[:60]!r} maps nothing; write it like --map world="World News"')
    return word.strip(), category.strip()


def _with_all(text: str, tables: Mapping[str, Mapping[str, Any]], add_one: Any) -> str:
    for name, values in tables.items():
        text = add_one(text, name, values)
    return text


def _count(number: int) -> str:
    return f"{number} source{'' if number == 1 else 's'}"


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        problem = f"{path}: cannot be written: {error.strerror}"
    else:
        return
    raise DistributorError(problem)

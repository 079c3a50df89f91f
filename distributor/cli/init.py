"""`distributor init`: the first distributor.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from distributor.cli.options import a_command
from distributor.cli.output import answer, say
from distributor.cli.session import Session, pass_session
from distributor.cli.sources import with_scheme
from distributor.errors import ConfigError

if TYPE_CHECKING:
    from distributor.config import Settings

__all__ = ["init"]

EXAMPLE = "https://paper.example"


@click.command()
@click.argument("url", required=False)
@click.option("--force", is_flag=True, help="Replace a settings file that is there.")
@a_command
@pass_session
def init(session: Session, url: str | None, force: bool) -> None:
    """Write a first distributor.toml for a site or feed.

    The feed is found from the site's page, and its category words are mapped to yours. Without a URL the file has an
    example's address, to be replaced.
    """
    from distributor import config
    from distributor.config.edit import write_atomic
    from distributor.config.starter import starter

    path = _target(session)
    if path.exists() and not force:
        raise ConfigError(
            f"{path} is there already", hint="--force replaces it; distributor sources add URL adds to it"
        )
    settings = session.use(_provisional(with_scheme(url) if url else EXAMPLE))
    found = _found(session, settings, with_scheme(url)) if url else dict[str, Any](feed=EXAMPLE, title="", words=[])
    text = starter(found["feed"], found["title"], found["words"], settings.site.categories, _zone())
    if settings.network.allow_hosts:
        listed = ", ".join(f'"{host}"' for host in settings.network.allow_hosts)
        text += f"\n# Places on a private network that may be fetched.\n[network]\nallow_hosts = [{listed}]\n"
    loaded = config.loads(text, path, os.environ)
    write_atomic(path, text)
    (source,) = loaded.sources.values()
    data = {"file": str(path), "url": url or "", **found, "category_map": dict(source.category_map)}
    answer(session, data, lambda: _shown(path, found, bool(url), len(source.category_map)))


def _target(session: Session) -> Path:
    named = session.config or os.environ.get("DISTRIBUTOR_CONFIG") or ""
    if named:
        path = session.path
        assert path is not None
        return path
    return Path.cwd() / "distributor.toml"


def _provisional(url: str) -> Settings:
    """Settings to read the site with. A person who names this machine or a bare address may reach it."""
    from distributor.config import feed_settings

    return feed_settings(url, Path.cwd() / "data")


def _found(session: Session, settings: Settings, url: str) -> dict[str, Any]:
    """The feed's address, its title and its words, the most frequent first. Raises SourceError."""
    from distributor.app import build_fetcher
    from distributor.cli.looking import look

    fetcher = session.use_fetcher(build_fetcher(settings))
    (source,) = settings.sources.values()
    found = look(fetcher, settings, source.model_copy(update={"url": url}))
    return {"feed": found.feed, "title": found.fetched.title, "words": found.words, "items": len(found.fetched.entries)}


def _zone() -> str:
    """This machine's time zone, by its IANA name; UTC where it has none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    link = Path("/etc/localtime")
    names = [os.environ.get("TZ", "").lstrip(":"), str(link.resolve()).partition("/zoneinfo/")[2]]
    for name in names:
        try:
            if name and ZoneInfo(name).key:
                return name
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _shown(path: Path, found: dict[str, Any], given: bool, mapped: int) -> None:
    if given:
        say(f"found {found['title'] or 'a feed'}: {found['feed']}, {found['items']} items, {mapped} words mapped")
    say(f"written: {path}")
    if not given:
        say(f"now put your site's address in it, in the place of {EXAMPLE}")
    say("next: open it and take away the # of a channel; then distributor channels check, distributor run")

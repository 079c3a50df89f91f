"""What `doctor` looks at: each check gives findings, or raises what is wrong."""

from __future__ import annotations

import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import distributor
from distributor.cli import moments
from distributor.cli.faults import Code
from distributor.cli.session import Session
from distributor.errors import TemplateError

if TYPE_CHECKING:
    from distributor.model import Article

__all__ = ["Finding", "sample", "settings", "steps"]

LITTLE_ROOM = 100_000_000
NO_ROOM = 10_000_000
BROKER_SECONDS = 4
SKEW = timedelta(seconds=30)
SEEN_LATELY = timedelta(seconds=60)

Check = tuple[str, Callable[[], Iterator["Finding"]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """`mark`: "ok", "?" worth knowing, "!" to be mended; `code` is what the latter makes the command end with."""

    mark: Literal["ok", "?", "!"]
    subject: str
    text: str
    hint: str = ""
    code: Code = Code.FAILED


def settings(session: Session) -> Iterator[Finding]:
    loaded = session.settings
    yield Finding("ok", "settings", f"{loaded.path}: {len(loaded.sources)} sources, {len(loaded.channels)} channels")
    for line in loaded.warnings:
        yield Finding("?", "settings", line)


def steps(session: Session, *, offline: bool) -> list[Check]:
    """The checks behind the settings, in order, each with its subject."""
    named: list[Check] = [
        ("data", lambda: _data(session)),
        ("secrets", lambda: _secrets(session)),
        ("database", lambda: _database(session)),
    ]
    if not offline:
        named.append(("broker", lambda: _broker(str(session.settings.broker.url))))
    named += [(name, _bound(_channel, session, name, offline)) for name in _enabled(session.settings.channels)]
    if session.settings.mail is not None:
        named.append(("mail", lambda: _ways_out(session, offline)))
    named.append(("templates", lambda: _templates(session)))
    if session.settings.mail is not None:
        named.append(("templates", lambda: _letters(session)))
    if not offline:
        named += [(name, _bound(_source, session, name)) for name in _enabled(session.settings.sources)]
    named.append(("processes", lambda: _processes(session)))
    return named


def _bound(work: Callable[..., Iterator[Finding]], *arguments: Any) -> Callable[[], Iterator[Finding]]:
    return lambda: work(*arguments)


def _enabled(tables: Any) -> list[str]:
    return [name for name, one in tables.items() if one.enabled]


def _data(session: Session) -> Iterator[Finding]:
    folder = session.settings.site.data
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        yield Finding("!", "data", text, "It must belong to the user that runs distributor.", Code.USAGE)
        return
    free = shutil.disk_usage(folder).free
    text = f"{folder}, {free / 1e9:.1f} GB free"
    if free < LITTLE_ROOM:
        yield Finding("!" if free < NO_ROOM else "?", "data", text, "Free some disk space.")
    else:
        yield Finding("ok", "data", text)


def _secrets(session: Session) -> Iterator[Finding]:
    """Our own files that hold secrets are for their owner only; the settings' warnings tell of the others."""
    folder = session.settings.site.data
    files = [folder / "secret_key", *folder.glob("*session*")]
    open_ones = [path for path in files if path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)]
    for path in open_ones:
        yield Finding("!", "secrets", f"{path} can be read by others", f"chmod 600 {path}", Code.USAGE)
    if not open_ones:
        yield Finding("ok", "secrets", "only their owner reads the data folder's secrets")


def _database(session: Session) -> Iterator[Finding]:
    from distributor.store import census, migrating

    store = session.store
    with store.read() as connection:
        counts = census.counts(connection)
        version = migrating.version(connection) or migrating.HEAD
    kind = store.database.url.get_backend_name()
    yield Finding("ok", "database", f"{kind}, version {version}, {sum(counts.values()):,} deliveries")


def _broker(url: str) -> Iterator[Finding]:
    """Reached within four seconds, whatever its client's own patience is."""
    from distributor.config.values import cut

    if url.startswith("memory:"):
        yield Finding("ok", "broker", "memory://, inside `distributor run`")
        return
    problems: list[str] = []

    def knock() -> None:
        from distributor.waking import CeleryWaker

        try:
            # The very client that rings: only waking.py knows Celery.
            with CeleryWaker(url)._producer().connection_for_write(connect_timeout=BROKER_SECONDS) as connection:
                connection.ensure_connection(max_retries=1, timeout=BROKER_SECONDS, interval_start=0)
        except Exception as error:  # each transport has errors of its own
            problems.append(" ".join(str(error).split())[:200] or type(error).__name__)

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(BROKER_SECONDS + 0.5)
    if thread.is_alive():
        problems.append(f"no answer within {BROKER_SECONDS:g} s")
    if problems:
        text = f"{cut(url)}: {problems[0]}"
        yield Finding("!", "broker", text, "Is it up, and is broker.url right? Nothing is lost.", Code.UNREACHABLE)
    else:
        yield Finding("ok", "broker", f"{cut(url)} answers")


def _channel(session: Session, name: str, offline: bool) -> Iterator[Finding]:
    """Built with its credentials, and asked whether they are good; an account that was stopped stays so."""
    from distributor.channels import Checks

    station = session.app_of(name).stations[name]
    if offline or not isinstance(station.channel, Checks):
        yield Finding("ok", name, f"{station.settings.kind}, has its settings")
        return
    yield Finding("ok", name, f"{station.settings.kind}: {'; '.join(station.channel.check())}")


def _ways_out(session: Session, offline: bool) -> Iterator[Finding]:
    from distributor.cli.outgoing import ways_out

    yield from ways_out(session, offline=offline)


def _letters(session: Session) -> Iterator[Finding]:
    from distributor.cli.outgoing import letters_and_digests

    yield from letters_and_digests(session)


def _templates(session: Session) -> Iterator[Finding]:
    """Each channel's template makes a post of a sample article; an operator's other templates must compile."""
    from distributor import publish
    from distributor.model import Limits
    from distributor.rendering import PostSettings

    app, _ = session.tolerant_app()
    wrong, folder = 0, session.settings.site.templates
    for path in sorted(folder.glob("post/*.j2")) if folder else ():
        try:
            own = PostSettings(template=path.name)
            limits = Limits("discord", 100_000)
            app.renderer.post(sample(session.now()), channel="doctor", kind="doctor", limits=limits, settings=own)
        except TemplateError as error:
            wrong += 1
            yield Finding("!", "templates", str(error), error.hint, Code.USAGE)
    for station in app.stations.values():
        try:
            publish.compose(app, station, sample(session.now()))
        except TemplateError as error:
            wrong += 1
            yield Finding("!", station.name, f"its template fails: {error}", error.hint, Code.USAGE)
    if not wrong:
        yield Finding("ok", "templates", f"{len(app.stations)} channels can make a post")


def sample(now: datetime) -> Article:
    """An article of which every template shows something."""
    from distributor.model import Article, Image

    return Article(
        id=1,
        source="sample",
        guid="sample",
        url="https://paper.example/sample",
        title="A sample article, so that each template has something to show",
        summary="This is what the article says in one sentence that is long enough to be taken as it is.",
        body="<p>And this is its text.</p>",
        categories=("World News",),
        tags=("sample",),
        image=Image("https://paper.example/sample.jpg", "A sample picture"),
        language="en",
        published_at=now,
        seen_at=now,
    )


def _source(session: Session, name: str) -> Iterator[Finding]:
    from distributor.cli.looking import look

    found = look(session.fetcher, session.settings, session.settings.sources[name])
    items = found.data["items"]
    text = f"{found.data['feed']}: {items} items"
    yield Finding("ok" if items else "?", name, text)
    if found.date and abs(found.date - session.now()) > SKEW:
        off = moments.span(abs(found.date - session.now()))
        hint = "Set the clock (timedatectl set-ntp true), if other servers say the same."
        yield Finding("?", "clock", f"this machine's clock and that of {name} are {off} apart", hint)


def _processes(session: Session) -> Iterator[Finding]:
    from distributor import owners
    from distributor.store import census

    with session.store.read() as connection:
        running = census.present(connection, session.now() - SEEN_LATELY)
    alive = [one for one in running if not owners.is_dead(one.owner)]
    if not alive:
        yield Finding("?", "processes", "nothing runs: what waits stays where it is", "distributor run")
    for one in alive:
        text = f"{one.role}, version {one.version}, since {one.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        other = one.fingerprint != session.settings.fingerprint
        old = one.version != distributor.__version__
        if other or old:
            text += f", with {one.config or 'no file'} as it was then" if other else ""
            yield Finding("?", "processes", text, "Restart it.")
        else:
            yield Finding("ok", "processes", text)

"""`distributor send --digest`: a digest now, to all its readers or to one, and how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from distributor.cli import moments
from distributor.cli.asking import sure
from distributor.cli.faults import Code, worst
from distributor.cli.output import answer, block, say
from distributor.cli.session import Session, who
from distributor.errors import ConfigError

if TYPE_CHECKING:
    from distributor.context import App
    from distributor.digest import HandSend
    from distributor.store.slots import Slot

__all__ = ["send_digest"]

EVERY = 0.5
PATIENCE = 30.0  # for relays whose conversations are all taken by workers
THREADS = 4


def send_digest(
    session: Session, name: str, *, to: str, at: datetime | None, dry_run: bool, queue: bool, yes: bool
) -> Code:
    """Plans it, and sends it in this process beside the workers, unless it is for later. Asks first without `to`."""
    from distributor import digest

    app = session.app_of()
    if dry_run:
        return _shown_only(session, app, name, to)
    _ready(app)
    if not to:
        many = digest.count_by_hand(app, name)
        readers = f"{many:,} {'reader' if many == 1 else 'readers'}"
        sure(session, f"send {name} to {readers}", yes=yes)
    with _busy(f"planning {name}"):
        sent = digest.send_by_hand(app, name, who=who(), to=to, at=at)
    if sent.readers and not queue and at is None:
        _drained(app, sent, name)
    slot = _slot(app, sent, name) if sent.editions else None
    code = worst(state for state, many in slot.states.items() if many) if slot else Code.FAILED
    stopped = _stopped(app) if slot and slot.waiting else []
    data = _data(name, sent, slot, code) | {"stopped": stopped}

    def told() -> None:
        _told(session, name, sent, slot, at)
        for line in stopped:
            say(line, style="red")

    answer(session, data, told)
    return code


def _stopped(app: App) -> list[str]:
    """Why nothing leaves by a relay until a person acts."""
    from distributor import mailing
    from distributor.mailroom import MAIN
    from distributor.store import accounts

    with app.store.read() as connection:
        states = accounts.states(connection, mailing.mail_accounts(app))
    check = "distributor mail check"
    return [
        f"{name} has stopped: {state.stopped}. Mend it, then: {check}{name.removeprefix(MAIN).replace(':', ' ', 1)}"
        for name, state in states.items()
        if state.stopped
    ]


def _ready(app: App) -> None:
    """Raises ConfigError while mails could not leave: planning would move the readers' windows for nothing."""
    room = app.mailroom
    if room is None:
        raise ConfigError("the settings have no [mail]", hint="docs/mail.md says what it needs")
    if room.unready:
        raise ConfigError(room.unready)


def _shown_only(session: Session, app: App, name: str, to: str) -> Code:
    from distributor import choosing, digest
    from distributor.model import Choice

    many = 1 if to else digest.count_by_hand(app, name)
    choice = Choice(language=choosing.languages(app.settings)[0])
    message = digest.preview(app, name, choice, session.now())
    data = {"digest": name, "readers": many, "subject": message.subject if message else None,
            "text": message.text if message else None}  # fmt: skip

    def shown() -> None:
        say(f"{name}: up to {many:,} {'mail' if many == 1 else 'mails'} would go out now; nothing is planned")
        if message is None:
            say("nothing new in any category: only readers who missed a digest would get one")
            return
        say(f"with all categories, in {choice.language}: {message.subject}", style="cyan")
        click.echo(block(message.text, "  "))

    answer(session, data, shown)
    return Code.FINE


def _drained(app: App, sent: HandSend, name: str) -> None:
    """Sends until nothing of it is due any more. Ctrl-C leaves the rest to the workers."""
    from distributor import mailing

    accounts = mailing.mail_accounts(app)
    work = [account for account in accounts for _ in range(THREADS)]
    with _bar(sent.readers) as shown, ThreadPoolExecutor(len(work) or 1) as pool:
        done = [pool.submit(_drain, app, account) for account in work]
        try:
            while not all(one.done() for one in done):
                slot = _slot(app, sent, name)
                if slot is not None:
                    shown(slot)
                time.sleep(EVERY if sent.readers > 1 else 0.05)
        except KeyboardInterrupt:
            app.stopping.set()
            click.echo(f"stopped; the workers send the rest, unless: {_stop_it(app, sent, name)}", err=True)
            raise
    _raise_first(done)


def _drain(app: App, account: str) -> None:
    from distributor import mailing

    until = time.monotonic() + PATIENCE
    while not app.stopping.is_set():
        done = mailing.drain_mail(app, account)
        if done.sent or done.more:
            until = time.monotonic() + PATIENCE
        if not done.more and (not done.busy or time.monotonic() > until):
            return
        if done.busy:
            # Others have every conversation: they send it; we only stay while there is a chance to help.
            time.sleep(EVERY)


def _stop_it(app: App, sent: HandSend, name: str) -> str:
    slot = _slot(app, sent, name)
    return f"distributor digests pause {slot.name if slot else name}"


def _raise_first(done: list[Future[None]]) -> None:
    for one in done:
        one.result()


def _slot(app: App, sent: HandSend, name: str) -> Slot | None:
    from distributor.store import slots

    with app.store.read() as connection:
        found = slots.latest(connection, app.clock(), digest=name, limit=50)
    return next((one for one in found if one.slot == sent.slot), None)


@contextmanager
def _busy(what: str) -> Iterator[None]:
    """Says what takes its time, on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """Planned, sent, rate, time left: on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _slot: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn())  # fmt: skip
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sending", total=total, rate="")

        def shown(slot: Slot) -> None:
            done = slot.planned - slot.waiting
            rate = done / max(time.monotonic() - began, 0.1)
            bar.update(task, completed=done, rate=f"{rate:,.0f}/s")

        yield shown


def _data(name: str, sent: HandSend, slot: Slot | None, code: Code) -> dict[str, Any]:
    from distributor.cli.digests import slot_data

    told = slot_data(slot) if slot else None
    return {"digest": name, "readers": sent.readers, "editions": sent.editions, "slot": told, "exit_code": int(code)}


def _told(session: Session, name: str, sent: HandSend, slot: Slot | None, at: datetime | None) -> None:
    if slot is None:
        say(f"{name}: nothing new for anybody; no mail goes out")
        return
    editions = f"{slot.editions:,} {'edition' if slot.editions == 1 else 'editions'}"
    say(f"{name}: {sent.readers:,} {'mail' if sent.readers == 1 else 'mails'} planned in {editions}")
    counts = ("sent", "waiting", "held", "failed", "uncertain", "skipped")
    said = ", ".join(f"{getattr(slot, one):,} {one}" for one in counts if getattr(slot, one))
    when = f"; from {moments.shown(at, session.zone, session.now())}" if at else ""
    say(f"{said}{when}. More: distributor digests show {slot.name}")

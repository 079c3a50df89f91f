"""What people do by hand. Every act is a row of the audit, in the same durable transaction: who, when, what.

An act on an article concerns all its channels, or those named; it returns how many deliveries it moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from distributor import gates, publish, standings
from distributor.channels import Checks
from distributor.context import App
from distributor.errors import DistributorError
from distributor.finding import article_by_id, delivery_by_id, find_article, note, rows_of
from distributor.holding import approve, hold, release, release_one, release_unmade
from distributor.mailroom import MAIN, OWN_CHANNELS, relay_names
from distributor.model import Delivery, Kind, Receipt, State
from distributor.states import Settlement
from distributor.store import accounts, articles, census, ledger
from distributor.wording import correct, edit_text

__all__ = [
    "approve",
    "boost",
    "check_channel",
    "correct",
    "edit_text",
    "find_article",
    "hold",
    "pause",
    "place",
    "release",
    "release_one",
    "release_unmade",
    "resolve",
    "resume",
    "withdraw",
]

PLACES = ("pin", "bury", "")


def withdraw(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """Takes an article back: what waits is skipped, what went out is deleted where the network can."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        before = rows_of(app, connection, article.id, channels, State.PENDING, State.HELD)
        deletions = publish.withdraw_in(connection, article, app.outlets(channels), now, everywhere=channels is None)
        gone = sum(row.kind is not Kind.DELETE for row in before)
        note(app, connection, who, "withdraw", article.id, channels, gone + len(deletions))
    publish.wake(app, deletions)
    return gone + len(deletions)


def boost(app: App, article_id: int, who: str, value: float) -> None:
    """Moves an article up (or down) in every queue: the boost is added to its score."""
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        articles.set_boost(connection, article.id, value)
        note(app, connection, who, "boost", article.id, None, 0, value=value)
    standings.renew(app)


def place(app: App, article_id: int, who: str, where: str, until: datetime | None = None) -> None:
    """Puts an article before all others ("pin") or behind them ("bury"), until then or for good; "" ends that.

    In queues and digests, on the page and in every list. Raises DistributorError for an end that is past.
    """
    if where not in PLACES:
        raise ValueError(f"{where!r} is no place")
    now = app.clock()
    if until is not None and until <= now:
        raise DistributorError("the end is past", hint="say how long from now, such as --for 6h")
    with app.store.write(durable=True) as connection:
        article = article_by_id(connection, article_id)
        articles.set_place(connection, article.id, where, until if where else None)
        detail = {"until": until.isoformat()} if where and until else {}
        census.audit(connection, who, where or "unpin", f"article:{article.id}", now, detail)
    standings.renew(app)


def pause(app: App, channel: str, who: str) -> None:
    """Switches a channel off, or everything by "*", until it is resumed; it outlives restarts.

    A digest is one too, and so are "alerts", "instant", "letters", and "mail" for all of these.
    """
    _check_switch(app, channel)
    with app.store.write(durable=True) as connection:
        accounts.pause(connection, channel, who, app.clock())
        census.audit(connection, who, "pause", f"channel:{channel}", app.clock())


def resume(app: App, channel: str, who: str) -> bool:
    """Switches it on again; False when it was not off."""
    _check_switch(app, channel)
    with app.store.write(durable=True) as connection:
        was_off = accounts.resume(connection, channel)
        census.audit(connection, who, "resume", f"channel:{channel}", app.clock(), {"was_off": was_off})
    names = list(app.stations) if channel == "*" else [name for name in (channel,) if name in app.stations]
    accounts_of = [app.stations[name].account for name in names]
    if channel == "*" or channel in _mailed(app):
        accounts_of += relay_names(app.settings)
    for account in dict.fromkeys(accounts_of):
        app.waker.wake(account)
    return was_off


def _mailed(app: App) -> tuple[str, ...]:
    """What mail can be switched off by; nothing without [mail]."""
    return (MAIN, *OWN_CHANNELS, *app.settings.digests) if app.settings.mail else ()


def _check_switch(app: App, channel: str) -> None:
    """Raises NotFound."""
    if channel != "*" and channel not in app.settings.channels and channel not in _mailed(app):
        app.station(channel)


def resolve(app: App, delivery_id: int, who: str, *, sent: bool, url: str = "") -> Delivery:
    """A person looked: an uncertain delivery is out, at `url` if known, or surely is not, and goes out again."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        row = delivery_by_id(connection, delivery_id)
        if row.state is not State.UNCERTAIN:
            raise DistributorError(
                f"delivery {row.id} is {row.state.value}, not uncertain: nothing to resolve",
                hint=f"distributor why d{row.id}",
            )
        if sent:
            receipt = Receipt(remote_id="", url=url) if url else None
            settlement = Settlement(state=State.SENT, receipt=receipt)
        else:
            settlement = Settlement(state=State.PENDING, reason="not-sent", due_at=now)
        if not ledger.settle(connection, row, settlement, now):
            raise DistributorError(f"delivery {row.id} changed meanwhile", hint=f"distributor why d{row.id}")
        station = app.stations.get(row.channel)
        if not sent and station:
            ledger.expedite(connection, row, now, now + station.settings.expires_after)
        detail = {"sent": sent, "url": url}
        census.audit(connection, who, "resolve", f"delivery:{row.id}", now, detail)
        row = delivery_by_id(connection, delivery_id)
    publish.wake(app, [row])
    return row


def check_channel(app: App, name: str, who: str) -> list[str]:
    """Proves a channel's credentials with secrets read anew; good ones open its account again.

    Returns lines of good news. Raises NotFound, ConfigError, or what the channel says, whose hint tells what to fix.
    """
    app.station(name)
    if app.rebuild is not None:
        app.stations = app.rebuild()
    station = app.station(name)
    channel = station.channel
    lines = channel.check() if isinstance(channel, Checks) else ["has nothing to check"]
    names = (station.account, gates.channel_account(name))
    with app.store.write(durable=True) as connection:
        stopped = [one for one in names if accounts.state(connection, one).stopped]
        if stopped:
            # Only what a stop closed: what the network asked to wait for is still to be waited for.
            for one in dict.fromkeys([station.account, *stopped]):
                accounts.reopen(connection, one)
        # By the channel's name: new credentials may be another account than the one that running workers know.
        accounts.renew(connection, gates.channel_account(name))
        census.audit(connection, who, "check", f"channel:{name}", app.clock(), {"reopened": stopped})
    app.waker.wake(station.account)
    return [*lines, *(["open again: what waited goes out"] if stopped else [])]

"""What people do by hand. Every act is a row of the audit, in the same durable transaction: who, when, what.

An act on an article concerns all its channels, or those named; it returns how many deliveries it moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape

import sqlalchemy as sa

from distributor import gates, matching, planning, publish
from distributor.channels import Checks, Edits
from distributor.context import App, Station
from distributor.errors import DistributorError, NotFound
from distributor.model import Article, Delivery, Kind, Lane, Receipt, State
from distributor.rendering import check, fingerprint
from distributor.sources import canonical
from distributor.states import Settlement
from distributor.store import accounts, articles, census, ledger

__all__ = [
    "approve",
    "boost",
    "check_channel",
    "correct",
    "edit_text",
    "find_article",
    "hold",
    "let_go",
    "pause",
    "release",
    "resolve",
    "resume",
    "withdraw",
]

# Why a delivery waits: for an editor's yes, by an editor's word, or because its post cannot be made.
APPROVAL, BY_HAND = "approval", "by-hand"
UNMADE = ("template", "unfit")
MARKUP = re.compile(r"<[a-zA-Z/][^>]*>|&(?:\w+|#\d+|#x[0-9a-fA-F]+);")


def find_article(app: App, word: str) -> Article:
    """The article of this id or address, in any of its spellings. Raises NotFound."""
    with app.store.read() as connection:
        return _found(connection, word)


def hold(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """Lets what is still to go out wait for a person; on all channels also what is planned from now on."""
    with app.store.write(durable=True) as connection:
        article = _article(connection, article_id)
        if channels is None and article.status == "live":
            articles.set_status(connection, article.id, "held", article.note or BY_HAND)
        rows = _rows(app, connection, article.id, channels, State.PENDING)
        held = ledger.hold(connection, [row.id for row in rows], BY_HAND)
        _note(app, connection, who, "hold", article.id, channels, held)
    return held


def release(app: App, who: str, *, article_id: int = 0, source: str = "", channels: Sequence[str] | None = None) -> int:
    """Lets an article go, or all that a flood or a failed template held of a source.

    What an editor holds or must approve is not let go by source, and a release is no approval. A post that still
    cannot be made stays held.
    """
    with app.store.write(durable=True) as connection:
        if article_id:
            article = _article(connection, article_id)
            rows = _rows(app, connection, article.id, channels, State.HELD)
            rows = [row for row in rows if row.reason != APPROVAL]
            lifted = [article] if channels is None and article.status == "held" else []
        else:
            rows = _of_source(app, connection, source, channels)
            lifted = [one for one in articles.held(connection, source=source) if one.note == "flood"]
        for one in lifted:
            articles.set_status(connection, one.id, "live", "" if one.note in {BY_HAND, "flood"} else one.note)
        released = let_go(app, connection, rows)
        subject = article_id or f"source:{source}"
        _note(app, connection, who, "release", subject, channels, len(released))
    publish.wake(app, released)
    return len(released)


def approve(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """An editor's yes to posts that wait for it. One of an article that is held still waits for its release."""
    with app.store.write(durable=True) as connection:
        article = _article(connection, article_id)
        rows = [row for row in _rows(app, connection, article.id, channels, State.HELD) if row.reason == APPROVAL]
        _note(app, connection, who, "approve", article.id, [row.channel for row in rows], len(rows))
        if article.status == "held":
            ledger.hold(connection, [row.id for row in rows], BY_HAND, state=State.HELD)
            return 0
        released = let_go(app, connection, rows)
    publish.wake(app, released)
    return len(released)


def withdraw(app: App, article_id: int, who: str, channels: Sequence[str] | None = None) -> int:
    """Takes an article back: what waits is skipped, what went out is deleted where the network can."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        article = _article(connection, article_id)
        before = _rows(app, connection, article.id, channels, State.PENDING, State.HELD)
        deletions = publish.withdraw_in(connection, article, app.outlets(channels), now, everywhere=channels is None)
        gone = sum(row.kind is not Kind.DELETE for row in before)
        _note(app, connection, who, "withdraw", article.id, channels, gone + len(deletions))
    publish.wake(app, deletions)
    return gone + len(deletions)


def correct(
    app: App,
    article_id: int,
    who: str,
    *,
    title: str | None = None,
    summary: str | None = None,
    social: str | None = None,
) -> int:
    """A new revision by hand: posts that went out are edited where the network can; returns how many.

    It stands until the source itself changes the article.
    """
    words = {"title": title, "summary": summary, "social": social}
    given = {name: " ".join(value.split()) for name, value in words.items() if value is not None}
    if given.get("title") == "":
        raise DistributorError("a title cannot be empty")
    now = app.clock()
    with app.store.write(durable=True) as connection:
        article = _article(connection, article_id)
        changed = {name: value for name, value in given.items() if value != getattr(article, name)}
        if not changed:
            return 0
        article = replace(article, revision=article.revision + 1, **changed)  # type: ignore[arg-type]
        edits = publish.revise(app, connection, article, now, digest=_digest(connection, article))
        unmade = [row for row in _rows(app, connection, article.id, None, State.HELD) if row.reason in UNMADE]
        mended = let_go(app, connection, unmade) if article.status == "live" else []
        _note(app, connection, who, "correct", article.id, None, len(edits), **changed)
    publish.wake(app, [*edits, *mended])
    return len(edits)


def boost(app: App, article_id: int, who: str, value: float) -> None:
    """Moves an article up (or down) in every queue: the boost is added to its score."""
    with app.store.write(durable=True) as connection:
        article = _article(connection, article_id)
        articles.set_boost(connection, article.id, value)
        publish.rerank(app, connection, app.clock())
        _note(app, connection, who, "boost", article.id, None, 0, value=value)


def pause(app: App, channel: str, who: str) -> None:
    """Switches a channel off, or everything by "*", until it is resumed; it outlives restarts."""
    if channel != "*" and channel not in app.settings.channels:
        app.station(channel)
    with app.store.write(durable=True) as connection:
        accounts.pause(connection, channel, who, app.clock())
        census.audit(connection, who, "pause", f"channel:{channel}", app.clock())


def resume(app: App, channel: str, who: str) -> bool:
    """Switches it on again; False when it was not off."""
    if channel != "*" and channel not in app.settings.channels:
        app.station(channel)
    with app.store.write(durable=True) as connection:
        was_off = accounts.resume(connection, channel)
        census.audit(connection, who, "resume", f"channel:{channel}", app.clock(), {"was_off": was_off})
    names = list(app.stations) if channel == "*" else [name for name in (channel,) if name in app.stations]
    for account in dict.fromkeys(app.stations[name].account for name in names):
        app.waker.wake(account)
    return was_off


def resolve(app: App, delivery_id: int, who: str, *, sent: bool, url: str = "") -> Delivery:
    """A person looked: an uncertain delivery is out, at `url` if known, or surely is not, and goes out again."""
    now = app.clock()
    with app.store.write(durable=True) as connection:
        row = _delivery(connection, delivery_id)
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
        row = _delivery(connection, delivery_id)
    publish.wake(app, [row])
    return row


def edit_text(app: App, delivery_id: int, who: str, text: str) -> Delivery:
    """An editor's own words for one post: a waiting one goes out with them, one that went out is edited.

    `text` is plain, or in the channel's own markup. Returns the delivery that will carry it. Raises
    DistributorError when it does not fit or cannot be changed any more.
    """
    now = app.clock()
    with app.store.write(durable=True) as connection:
        row = _delivery(connection, delivery_id)
        station = app.station(row.channel)
        article = _article(connection, row.article_id)
        if row.kind is Kind.POST and row.state is State.SENT:
            row = _edit_of(connection, station, article, row, now)
        elif row.kind is Kind.DELETE or row.state not in {State.PENDING, State.HELD} or row.doubts:
            raise DistributorError(
                f"delivery {row.id} is {row.state.value}: its text cannot be changed",
                hint=f"distributor why d{row.id}",
            )
        message_id = _worded(app, connection, station, article, row, text, now)
        stays = row.state is State.HELD and row.reason not in UNMADE
        state, reason = (State.HELD, row.reason) if stays else (State.PENDING, "")
        if not ledger.reword(connection, row, message_id, state, reason):
            raise DistributorError(f"delivery {row.id} is going out at this moment", hint="try again in a moment")
        census.audit(connection, who, "edit", f"delivery:{row.id}", now, {"article": article.id, "text": text})
        row = _delivery(connection, row.id)
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
        census.audit(connection, who, "check", f"channel:{name}", app.clock(), {"reopened": stopped})
    app.waker.wake(station.account)
    return [*lines, *(["open again: what waited goes out"] if stopped else [])]


def _found(connection: sa.Connection, word: str) -> Article:
    word = word.strip()
    if word.lstrip("#").isdecimal():
        return _article(connection, int(word.lstrip("#")))
    keys = [matching.url_key(url) for url in dict.fromkeys((canonical.canonical(word), word))]
    known = articles.known(connection, keys)
    article = next((known[key].article for key in keys if key in known), None)
    if article is None:
        raise NotFound(
            f"no article is known by {word[:200]!r}",
            hint="distributor articles list shows the latest; distributor send URL takes one in by hand",
        )
    return article


def _article(connection: sa.Connection, article_id: int) -> Article:
    article = articles.get(connection, article_id) if 0 < article_id < 2**63 else None
    if article is None:
        raise NotFound(f"there is no article {article_id}", hint="distributor articles list shows the latest")
    return article


def _delivery(connection: sa.Connection, delivery_id: int) -> Delivery:
    row = ledger.get(connection, delivery_id) if 0 < delivery_id < 2**63 else None
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}", hint="distributor deliveries list shows the latest")
    return row


def _rows(
    app: App, connection: sa.Connection, article_id: int, channels: Sequence[str] | None, *states: State
) -> list[Delivery]:
    """The article's deliveries in these states, on the channels named. Raises NotFound for a name nobody knows."""
    rows = ledger.of_article(connection, article_id)
    for name in channels or ():
        if name not in {row.channel for row in rows}:
            app.station(name)
    return [row for row in rows if row.state in states and (channels is None or row.channel in channels)]


def _of_source(app: App, connection: sa.Connection, source: str, channels: Sequence[str] | None) -> list[Delivery]:
    rows = ledger.held_of_source(connection, source)
    if not rows and source not in app.settings.sources:
        names = ", ".join(app.settings.sources) or "none"
        raise NotFound(f"there is no source {source!r}", hint=f"the sources are: {names}")
    return [
        row for row in rows if row.reason not in {APPROVAL, BY_HAND} and (channels is None or row.channel in channels)
    ]


def let_go(app: App, connection: sa.Connection, rows: Iterable[Delivery]) -> list[Delivery]:
    """Held rows -> pending, but for those that an editor must approve yet, or whose post cannot be made."""
    free: list[Delivery] = []
    for row in rows:
        station, article = app.stations.get(row.channel), articles.get(connection, row.article_id)
        if station is None or article is None:
            continue
        if station.settings.approval and not row.by_hand and row.channel not in _approved(connection, article.id):
            ledger.hold(connection, [row.id], APPROVAL, state=State.HELD)
            continue
        made = replace(row, state=State.PENDING, reason="", error="")
        if row.kind is Kind.POST and not row.message_id:
            made = publish.preflight(app, station, article, made)
        if made.state is State.HELD:
            ledger.hold(connection, [row.id], made.reason, error=made.error, state=State.HELD)
        else:
            free.append(made)
    ledger.release(connection, [row.id for row in free], app.clock())
    return free


def _approved(connection: sa.Connection, article_id: int) -> set[str]:
    acts = census.audited(connection, subject=_subject(article_id), limit=1000)
    return {channel for act in acts if act.what == "approve" for channel in (act.detail or {}).get("channels") or ()}


def _digest(connection: sa.Connection, article: Article) -> str:
    """What the source showed last: a correction by hand leaves it, so that the same feed is no change."""
    found = articles.known(connection, [matching.guid_key(article.source, article.guid)])
    return next((one.digest for one in found.values() if one.article.id == article.id), "")


def _edit_of(connection: sa.Connection, station: Station, article: Article, post: Delivery, now: datetime) -> Delivery:
    """A new edit of a post that went out: the editor's words are a revision of their own."""
    if not isinstance(station.channel, Edits):
        raise DistributorError(
            f"{station.name} cannot change what it posted",
            hint=f"distributor withdraw {article.id} --from {station.name}, then send --again",
        )
    revised = replace(article, revision=article.revision + 1)
    articles.update(connection, revised, digest=_digest(connection, article))
    edit = replace(planning.plan_edits(revised, [post], [station.outlet], now)[0], lane=Lane.BREAKING, by_hand=True)
    return ledger.add(connection, [edit])[0]


def _worded(
    app: App,
    connection: sa.Connection,
    station: Station,
    article: Article,
    row: Delivery,
    text: str,
    now: datetime,
) -> int:
    """Freezes the post with the editor's words, as the drain freezes others."""
    limits = station.channel.limits
    words = text.strip()
    if limits.markup == "html" and not MARKUP.search(words):
        words = escape(words, quote=False)
    message = replace(publish.compose(app, station, article), text=words)
    problems = check(message, limits)
    if problems:
        raise DistributorError(f"{station.name} would refuse it: {'; '.join(problems)}")
    shown = fingerprint(message)
    options = {**message.options, "planned_at": row.planned_at.isoformat(), "event": row.kind.value}
    return ledger.freeze(connection, replace(message, options=options), shown, now)


def _note(
    app: App,
    connection: sa.Connection,
    who: str,
    what: str,
    subject: int | str,
    channels: Sequence[str] | None,
    moved: int,
    **detail: object,
) -> None:
    about = {"channels": list(channels)} if channels is not None else {}
    census.audit(connection, who, what, _subject(subject), app.clock(), {**about, "deliveries": moved, **detail})


def _subject(subject: int | str) -> str:
    return f"article:{subject}" if isinstance(subject, int) else subject

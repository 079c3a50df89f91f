"""Readers as a person reads them: lines, one of them whole, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributor.cli import moments
from distributor.cli.output import say, table
from distributor.cli.session import Session

if TYPE_CHECKING:
    from distributor.model import Subscriber
    from distributor.store.readership import Readership

__all__ = ["listed", "plain", "shown", "stats"]


def listed(session: Session, found: list[Subscriber]) -> None:
    if not found:
        say("no readers")
        return
    now, zone = session.now(), session.zone
    lines = [
        (
            one.id,
            one.address,
            one.status,
            one.frequency,
            one.language,
            moments.shown(one.confirmed_at or one.created_at, zone, now),
            ", ".join(one.categories) or "all",
        )
        for one in found
    ]
    table(("ID", "ADDRESS", "STATUS", "GETS", "LANGUAGE", "SINCE", "CATEGORIES"), lines, right=("ID",))


def shown(session: Session, reader: Subscriber, acts: list[Any]) -> None:
    now, zone = session.now(), session.zone
    told = (
        ("status", reader.status),
        ("gets", reader.frequency + (", Trending" if reader.trending else "") + (", breaking" * reader.breaking)),
        ("categories", ", ".join(reader.categories) or "all"),
        ("hour", f"{reader.hour}:00" if reader.hour is not None else "the digest's own"),
        ("clock", reader.timezone),
        ("language", reader.language),
        ("asked", moments.shown(reader.created_at, zone, now)),
        ("confirmed", moments.shown(reader.confirmed_at, zone, now)),
        ("paused until", moments.shown(reader.paused_until, zone, now) if reader.paused_until else ""),
    )
    say(f"{reader.address}  (reader {reader.id})")
    for name, value in told:
        if value:
            say(f"{name}: {value}")
    if acts:
        say("consent:")
        rows = [(moments.shown(act.at, zone, now), act.act, act.source, act.ip, act.wording) for act in acts]
        table(("WHEN", "WHAT", "SOURCE", "FROM", "WORDING"), rows)


def plain(counts: Readership) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(counts)


def stats(counts: Readership, days: list[dict[str, Any]]) -> None:
    from distributor.model import NO_CATEGORY

    parts = [f"{counts.statuses.get(status, 0):,} {status}" for status in ("active", "pending", "left", "suppressed")]
    say(", ".join(parts))
    joined, left = sum(day["joined"] for day in days), sum(day["left"] for day in days)
    say(f"30 days: {joined:,} joined, {left:,} left; {counts.suppressed:,} on the suppression list")
    extra = {"Trending": counts.trending, "breaking alerts": counts.breaking, "paused": counts.paused}
    names = {"": "all categories", NO_CATEGORY: "none: Trending alone"}
    named = {names.get(title, title): number for title, number in counts.categories.items()}
    groups = (("GETS", counts.frequencies), ("CATEGORY", named), ("LANGUAGE", counts.languages), ("ALSO", extra))
    for title, group in groups:
        if group:
            say("")
            table((title, "READERS"), [(name, f"{number:,}") for name, number in group.items()], right=("READERS",))

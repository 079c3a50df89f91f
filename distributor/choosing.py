"""What a reader asks for, checked against what is offered, and the proof that it was asked for.

Ask (a form's or a table's words) -> checked -> a Subscriber's fields -> schedule, next slot
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor import addressing, composing
from distributor.config import Settings
from distributor.context import App
from distributor.model import NO_CATEGORY, Schedule, Subscriber
from distributor.schedules import latest_slot, next_slot, schedule_of
from distributor.store.subscribers import Consent

__all__ = [
    "INSTANT",
    "Ask",
    "ask_of",
    "checked",
    "chosen",
    "consent",
    "languages",
    "schedule",
    "slots",
    "started",
    "wording",
]

INSTANT = "instant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What somebody asks for at an address. Fields as in Subscriber; no categories means all of them,
    NO_CATEGORY by itself Trending alone.
    """

    address: str
    categories: tuple[str, ...] = ()
    trending: bool = True
    frequency: str = "daily"
    weekdays: tuple[int, ...] = ()
    hour: int | None = None
    timezone: str = ""
    language: str = ""
    breaking: bool = False


def ask_of(reader: Subscriber) -> Ask:
    """What a reader has now, as if it were asked for: to change one thing of it."""
    return Ask(
        address=reader.address,
        categories=reader.categories,
        trending=reader.trending,
        frequency=reader.frequency,
        weekdays=reader.weekdays,
        hour=reader.hour,
        timezone=reader.timezone,
        language=reader.language,
        breaking=reader.breaking,
    )


def checked(app: App, ask: Ask, *, kept: tuple[str, ...] = ()) -> Ask:
    """The ask with its address normalised, a zone and a language, and each choice as the settings write it.

    All categories that are offered, named one by one, are "all": what is added later comes too. `kept` are categories
    that the reader has already: one that was removed since is no error. Raises ValueError with one line.
    """
    settings = app.settings
    categories = _categories(composing.offered(app, ask.frequency), ask.categories, kept)
    if categories == (NO_CATEGORY,) and (ask.frequency == INSTANT or not ask.trending):
        raise ValueError("no category is Trending alone, which comes in a digest; choose Trending, or categories")
    return replace(
        ask,
        address=addressing.normalised(ask.address).address,
        categories=categories,
        frequency=_frequency(settings, ask.frequency),
        weekdays=() if ask.frequency == INSTANT else _weekdays(ask.weekdays),
        hour=None if ask.frequency == INSTANT else _hour(ask.hour),
        timezone=_timezone(settings, ask.timezone),
        language=_language(settings, ask.language),
        breaking=ask.breaking and settings.subscribers.breaking,
    )


def chosen(reader: Subscriber, ask: Ask) -> Subscriber:
    """The reader with what was asked for (and checked); the address, the status and the watermark stay."""
    return replace(
        reader,
        categories=ask.categories,
        trending=ask.trending,
        frequency=ask.frequency,
        weekdays=ask.weekdays,
        hour=ask.hour,
        timezone=ask.timezone,
        language=ask.language,
        breaking=ask.breaking,
    )


def schedule(app: App, reader: Subscriber | Ask) -> Schedule | None:
    """When digests come; None where none do."""
    return schedule_of(reader.frequency, reader.weekdays, reader.hour, reader.timezone, composing.digests_of(app))


def slots(app: App, reader: Subscriber | Ask, now: datetime) -> dict[str, Any]:
    """What subscribers.save wants to know besides the reader."""
    found = schedule(app, reader)
    return {"schedule": found, "next_at": next_slot(found, now) if found else None}


def started(app: App, reader: Subscriber, now: datetime) -> datetime:
    """Where a new reader's first window begins: at the last slot, as everybody's on that schedule; so the first digest
    is a whole one, and is made once for all of them. Instant readers get what comes from now on, and who comes back
    gets nothing a second time.
    """
    found = schedule(app, reader)
    if found is None or reader.confirmed_at is not None:
        return now
    return latest_slot(found, now)


def wording(app: App, language: str) -> str:
    """What readers agree to, in their language."""
    site = app.settings.site.name
    return app.settings.subscribers.wording or app.renderer.words(language).text("web.form.consent", site=site)


def consent(
    app: App, act: str, *, language: str = "", source: str = "", ip: str = "", at: datetime | None = None, **detail: Any
) -> Consent:
    """A row of proof. With a language it holds the words that the reader saw, and their version (a hash of them)."""
    words = wording(app, language) if language else ""
    version = hashlib.sha256(words.encode()).hexdigest()[:16] if words else ""
    return Consent(at=at or app.clock(), act=act, wording=words, version=version, source=source, ip=ip, detail=detail)


def languages(settings: Settings) -> tuple[str, ...]:
    """What readers may have their mails in."""
    return tuple(settings.subscribers.languages) or (settings.site.language,)


def _categories(offered: tuple[str, ...], wanted: tuple[str, ...], kept: tuple[str, ...]) -> tuple[str, ...]:
    if [word.strip().casefold() for word in wanted] == [NO_CATEGORY]:
        return (NO_CATEGORY,)
    titles = {title.casefold(): title for title in (*kept, *offered) if title != NO_CATEGORY}
    found = set()
    for word in wanted:
        title = titles.get(word.strip().casefold())
        if title is None:
            raise ValueError(f"there is no category {word[:60]!r}; they are {', '.join(offered)}")
        found.add(title)
    return () if found >= set(offered) else tuple(sorted(found))


def _frequency(settings: Settings, name: str) -> str:
    offered = [digest.name for digest in settings.digests.values() if digest.enabled]
    offered += [INSTANT] if settings.subscribers.instant else []
    if name not in offered:
        raise ValueError(f"there is no digest {name[:60]!r}; there are {', '.join(offered) or 'none'}")
    return name


def _weekdays(days: tuple[int, ...]) -> tuple[int, ...]:
    if any(not 0 <= day <= 6 for day in days):
        raise ValueError("a weekday is a number from 0 (Monday) to 6")
    return tuple(sorted(set(days)))


def _hour(hour: int | None) -> int | None:
    if hour is not None and not 0 <= hour <= 23:
        raise ValueError("the hour is a number from 0 to 23")
    return hour


def _timezone(settings: Settings, name: str) -> str:
    """Browsers guess it: what nobody here knows becomes the site's."""
    try:
        return ZoneInfo(name).key if name else settings.site.timezone
    except (LookupError, ValueError, OSError):  # ZoneInfoNotFoundError is a LookupError
        return settings.site.timezone


def _language(settings: Settings, tag: str) -> str:
    offered = {language.casefold(): language for language in languages(settings)}
    wanted = tag.casefold().replace("_", "-")
    for candidate in (wanted, wanted.partition("-")[0]):
        if candidate in offered:
            return offered[candidate]
    site = settings.site.language
    return site if site.casefold() in offered else next(iter(offered.values()))

"""What a reader may choose, how a form shows it, and what a form said. Pure, but for the list of time zones.

An empty `categories` means all of them, NO_CATEGORY none but Trending; an empty `weekdays` and an hour of None mean the
digest's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from distributor.choosing import INSTANT, Ask, ask_of
from distributor.config import Settings
from distributor.config.readers import WEEKDAYS, Digest
from distributor.model import NO_CATEGORY, Subscriber
from distributor.rendering import Words
from distributor.web.readers.desk import language_name
from distributor.web.readers.forms import Form

__all__ = ["ALL", "Said", "blank", "digests", "fewer", "read", "shown", "unready"]

ALL = "all"
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a form said. `wrong` names by field what cannot be taken, as keys of `web.problem`."""

    ask: Ask
    wrong: Mapping[str, str] = field(default_factory=dict)


def unready(settings: Settings) -> str:
    """What the operator must set before anybody can subscribe, in one line; empty when all is there."""
    if settings.site.public_url is None:
        return 'set public_url in [site]: links in mails begin with it, such as "https://go.paper.example"'
    if settings.mail is None:
        return 'add the table [mail] with from = "The Paper <news@paper.example>"'
    if not settings.site.postal_address.strip():
        return "set postal_address in [site]: no digest leaves without one"
    if not frequencies(settings):
        return "add a digest, such as the table [digests.daily], or set instant = true in [subscribers]"
    return ""


def digests(settings: Settings) -> dict[str, Digest]:
    return {name: digest for name, digest in settings.digests.items() if digest.enabled}


def frequencies(settings: Settings) -> list[str]:
    return [*digests(settings), *([INSTANT] if settings.subscribers.instant else [])]


def blank(settings: Settings, language: str) -> Ask:
    """What stands in a form that nobody touched."""
    return Ask(
        address="",
        categories=(),
        trending=True,
        frequency=next(iter(frequencies(settings)), ""),
        weekdays=(),
        hour=None,
        timezone=settings.site.timezone,
        language=language,
        breaking=False,
    )


def read(form: Form, settings: Settings, languages: tuple[str, ...], before: Ask) -> Said:
    """The choices of a form that shows all of them; a field that is missing where a browser sends one stays `before`.

    Categories that the publisher, or that digest, does not have are left out.
    """
    frequency = form.one("frequency") or before.frequency
    own = digests(settings).get(frequency)
    offered = [
        title for title in settings.site.categories if not own or own.categories is None or title in own.categories
    ]
    picked = [title for title in offered if title in set(form.all("category"))]
    everything = ALL in form.all("category")
    alone = form.has("trending") and set(form.all("category")) <= {NO_CATEGORY}
    days = tuple(sorted({int(day) for day in form.all("weekday") if day in {*"0123456"}}))
    hour = form.one("hour") if form.has("hour") else "" if before.hour is None else str(before.hour)
    zone = form.one("timezone") or before.timezone
    language = form.one("language") or before.language
    ask = Ask(
        address=form.one("address"),
        categories=(NO_CATEGORY,) if alone else () if everything else tuple(picked),
        trending=form.has("trending"),
        frequency=frequency,
        weekdays=() if own and days == weekdays(own) else days,
        hour=int(hour) if hour in _HOURS else None,
        timezone=zone,
        language=language,
        breaking=settings.subscribers.breaking and form.has("breaking"),
    )
    wrong = {
        "categories": _unchosen(everything or bool(picked), alone=alone, instant=frequency == INSTANT),
        "frequency": "" if frequency in frequencies(settings) else "choice",
        "hour": "" if hour == "" or hour in _HOURS else "choice",
        "timezone": "" if zone in zones() else "zone",
        "language": "" if language in languages else "choice",
    }
    kept = replace(
        ask,
        timezone=before.timezone if wrong["timezone"] else zone,
        language=before.language if wrong["language"] else language,
        frequency=before.frequency if wrong["frequency"] else frequency,
    )
    return Said(kept, {name: key for name, key in wrong.items() if key})


def _unchosen(some: bool, *, alone: bool, instant: bool) -> str:
    """What is wrong with the categories, as a key of `web.problem`."""
    if alone:
        return "trending_alone" if instant else ""
    return "" if some else "categories"


def fewer(settings: Settings, subscriber: Subscriber) -> Ask | None:
    """The same reader with one mail a week: a weekly digest, else a digest on its first day; None where it is so."""
    now, offered = ask_of(subscriber), digests(settings)
    weekly = next((name for name, digest in offered.items() if len(weekdays(digest)) == 1), "")
    name = now.frequency if now.frequency in offered else next(iter(offered), "")
    name = weekly or name
    if not name:
        return None
    days = () if weekly else weekdays(offered[name])[:1]
    wanted = replace(now, frequency=name, weekdays=days, breaking=False)
    return None if wanted == now or (len(now.weekdays) == 1 and not now.breaking) else wanted


def weekdays(digest: Digest) -> tuple[int, ...]:
    """The digest's own days; 0 is Monday."""
    return tuple(WEEKDAYS.index(day) for day in digest.weekdays)


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _listed_zones() -> tuple[str, ...]:
    return tuple(sorted(name for name in zones() if name.partition("/")[0] in _REGIONS and "/" in name))


_HOURS = frozenset(map(str, range(24)))


def shown(ask: Ask, settings: Settings, languages: tuple[str, ...], words: Words) -> dict[str, Any]:
    """The choices as plain values for a template, with what is chosen marked."""
    return {
        "address": ask.address,
        "everything": not ask.categories,
        "categories": [{"title": one, "on": one in ask.categories} for one in settings.site.categories],
        "trending": ask.trending,
        "frequencies": [
            {"value": name, "label": _label(name, settings, words), "on": name == ask.frequency}
            for name in frequencies(settings)
        ],
        "has_digests": bool(digests(settings)),
        "weekdays": [{"value": day, "label": words.weekday(day), "on": day in ask.weekdays} for day in range(7)],
        "hours": [{"value": hour, "label": words.hour(hour), "on": hour == ask.hour} for hour in range(24)],
        "timezone": ask.timezone,
        "zones": sorted({*_listed_zones(), "UTC", ask.timezone}),
        "languages": [{"tag": tag, "name": language_name(tag), "on": tag == ask.language} for tag in languages],
        "offers_breaking": settings.subscribers.breaking,
        "breaking": ask.breaking,
    }


def _label(name: str, settings: Settings, words: Words) -> str:
    if name == INSTANT:
        return words.text("web.form.instant")
    digest = settings.digests[name]
    often = words.text(f"web.form.{digest.frequency}")
    alike = [one for one in digests(settings).values() if one.frequency == digest.frequency]
    title = digest.title or (name if len(alike) > 1 else "")
    return f"{title} · {often}" if title else often

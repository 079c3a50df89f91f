"""`[channels.NAME]`: one place that posts go to. What is common to all channels is here; the rest are its `options`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

from distributor.config import fields
from distributor.config.secrets import Options
from distributor.pacing import Budget, Pace, Timetable
from distributor.planning import Rules

__all__ = ["Channel"]


def _template(value: str) -> str:
    if ".." in value.split("/") or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", value):
        raise ValueError("must be the name of a template in the templates folder")
    return value


class Channel(fields.Table):
    """One channel. `categories=None` takes every article, even one whose category words map to none.

    `pace` replaces what the channel's class ships with; `per_hour` and `min_gap` come on top.
    `pictures` sends an article's picture along. `track`: the link leads through ours, so that clicks are counted.
    `timezone`, `utm` and `hashtags` are the site's where the table names none.
    """

    name: str
    kind: str = Field(pattern=r"^[A-Za-z0-9_.:-]+$")
    enabled: bool = True
    categories: fields.Categories = None
    not_categories: fields.Words = ()
    sources: fields.Words = ()
    languages: fields.Languages = ()
    tags: fields.Words = ()
    approval: bool = False
    expires_after: fields.Positive = timedelta(hours=12)
    quiet_hours: fields.Quiet | None = None
    slots: fields.Clocks = ()
    timezone: fields.Zone = "UTC"
    per_hour: int | None = Field(default=None, ge=1, le=1_000_000)
    min_gap: fields.Duration = timedelta(0)
    pace: fields.Paces = ()
    monthly_budget: fields.Money = 0.0
    daily_budget: fields.Money = 0.0
    template: Annotated[str, AfterValidator(_template)] | None = None
    utm: fields.Utm = Field(default_factory=dict, validate_default=True)
    hashtags: int = Field(default=2, ge=0, le=20)
    pictures: bool = True
    track: bool = True
    options: Annotated[Options, PlainSerializer(Options.shown)] = Field(default_factory=lambda: Options({}))

    @property
    def rules(self) -> Rules:
        """Which articles it takes."""
        return Rules(
            categories=None if self.categories is None else frozenset(self.categories),
            not_categories=frozenset(self.not_categories),
            sources=frozenset(self.sources),
            languages=frozenset(self.languages),
            tags=frozenset(self.tags),
            approval=self.approval,
            expires_after=self.expires_after,
        )

    @property
    def timetable(self) -> Timetable:
        """When ordinary posts may go out."""
        return Timetable(zone=self.timezone, quiet=self.quiet_hours, slots=self.slots)

    @property
    def paces(self) -> tuple[Pace, ...]:
        """The publisher's own paces, `pace` among them: see the class for what it replaces."""
        hourly = (Pace(self.per_hour, timedelta(hours=1)),) if self.per_hour else ()
        gap = (Pace(1, self.min_gap),) if self.min_gap else ()
        return (*hourly, *gap, *self.pace)

    @property
    def budget(self) -> Budget:
        """What it may cost, in USD."""
        return Budget(monthly=self.monthly_budget, daily=self.daily_budget)

"""`[sources.NAME]`: one place that news comes from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from distributor.config import fields

__all__ = ["Source"]


def _backfill(value: Any) -> Any:
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    raise ValueError('must be a number of articles, or "all"')


class Source(fields.Table):
    """One source. `url` is a feed, or a page that names one.

    `category_map` goes from the source's words to the publisher's categories; its word `default` takes the rest.
    `backfill` is how many articles of the first poll go out; `breaking` the category words that make an article so.
    `language` stands in where the feed names none. With `radar` it is another outlet: nothing of it is posted, what it
    reports counts for our articles on the same story.
    """

    name: str
    url: fields.Url
    kind: str = Field(default="feed", pattern=r"^[A-Za-z0-9_.:-]+$")
    enabled: bool = True
    category_map: fields.Frozen[str] = Field(default_factory=dict, validate_default=True)
    backfill: Annotated[int | Literal["all"], BeforeValidator(_backfill)] = 0
    max_age: fields.Positive = timedelta(hours=24)
    flood_guard: int = Field(default=20, ge=1, le=1_000_000)
    complete_from_page: bool = True
    interval_min: fields.Positive = timedelta(seconds=60)
    interval_max: fields.Positive = timedelta(hours=1)
    language: fields.Language | None = None
    breaking: fields.Words = ("breaking", "breaking news")
    withdraw_missing: bool = True
    radar: bool = False

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.interval_min > self.interval_max:
            raise ValueError("interval_min is longer than interval_max")
        return self

"""What ranking is given: articles with what readers did, and how to weigh it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

__all__ = ["Item", "RankingSettings", "Series"]

Series = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Item:
    """What ranking knows of an article.

    `signals` maps (channel, kind), such as ("telegram", "clicks"), to a series of (start of a bucket in UTC, count in
    it). The buckets of one channel and kind are of one width in all items, 20 minutes or an hour, say.
    Near-duplicates share `story`; "" is a story of its own. `boost`, `pinned` and `buried` are the editor's.
    """

    article_id: int
    published_at: datetime
    category: str = ""
    signals: Mapping[tuple[str, str], Series] = field(default_factory=dict)
    boost: float = 0.0
    pinned: bool = False
    buried: bool = False
    story: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingSettings:
    """How evidence is weighed. The defaults of what decays come from benchmarks/trending (docs/ranking.md).

    `freshness_half_life`: after this time an article's freshness, 1 at publication, is worth half.
    `half_life`: after this time a click (view, share, ...) is worth half.
    `burst`: a bucket counts in proportion up to about so many times the usual, and then less and less.
    `ageing`: attention is divided by (1 + hours)^ageing: of an older article the same evidence promises less.
    `lives`: so long an article is news; about then its attention falls to half, and fast.
    `weights`: what a kind ("shares"), a channel ("telegram") or both ("telegram shares") counts more or less than 1;
    the most exact word holds. 0 leaves it out.
    `top`, `per_category`, `per_story`: for `spread`, at most so many of one category and of one story in the first
    `top`; 0 is no limit.
    """

    freshness_half_life: timedelta = timedelta(hours=6)
    half_life: timedelta = timedelta(hours=5)
    burst: float = 7.0
    ageing: float = 0.3
    lives: timedelta = timedelta(hours=48)
    weights: Mapping[str, float] = field(default_factory=dict)
    top: int = 10
    per_category: int = 4
    per_story: int = 1

    def over(self, period: timedelta) -> RankingSettings:
        """For a list of so long a time, such as a digest: what its beginning holds counts a quarter of its end's."""
        return replace(
            self,
            half_life=max(self.half_life, period / 2),
            freshness_half_life=max(self.freshness_half_life, period / 2),
            lives=max(self.lives, period * 2),
        )

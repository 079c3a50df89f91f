"""How trending an article is, the order that follows, and why. Pure; docs/ranking.md tells it for people.

score = log2(1 + attention + freshness) + boost, so a doubled attention is worth one boost of 1. A pinned article comes
first and a buried one last. Who shows a list of ten passes it through `spread`, so that one subject does not fill it.
"""

from distributor.ranking.items import Item, RankingSettings, Series
from distributor.ranking.scoring import by_category, rank
from distributor.ranking.variety import spread

__all__ = ["Item", "RankingSettings", "Series", "by_category", "rank", "spread"]

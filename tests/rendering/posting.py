"""An article, networks' limits and settings for tests of posts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import distributor
from distributor.model import Article, Image, Limits
from distributor.rendering import PostSettings, SiteFacts

__all__ = ["LIMITS", "NOW", "OURS", "SITE", "UTM", "article"]

OURS = Path(distributor.__file__).parent / "templates"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = SiteFacts(name="The Paper", url="https://example.com", language="en")
UTM = PostSettings(utm={"utm_source": "{channel}", "utm_medium": "social", "utm_campaign": "{category}"})
LIMITS = {
    "x": Limits("x", 280, media=4, media_bytes=5_000_000),
    "telegram": Limits("telegram", 4096, caption=1024, media=1, media_bytes=10_000_000, markup="html"),
    "mastodon": Limits("mastodon", 500, media=4, media_bytes=10_000_000),
    "bluesky": Limits("bluesky", 300, media=4, media_bytes=1_000_000),
    "threads": Limits("threads", 500, media=1, media_bytes=8_000_000),
    "linkedin": Limits("linkedin", 3000),
    "discord": Limits("discord", 2000),
    "webhook": Limits("webhook", 100_000, media=20, media_bytes=100_000_000),
    "homegrown": Limits("homegrown", 350),
}


def article(**fields: Any) -> Article:
    given_fields: dict[str, Any] = {
        "id": 7,
        "source": "paper",
        "guid": "g",
        "url": "https://example.com/lake",
        "title": "Lake reopens after ten years",
        "summary": "The lake in the north reopens to swimmers on Sunday, after a decade of work on its water.",
        "categories": ("World News", "Environment"),
        "tags": ("clean water",),
        "image": Image("https://example.com/lake.jpg", "Swimmers at the shore"),
        "language": "en",
        "published_at": NOW,
        "seen_at": NOW,
    }
    return Article(**given_fields | fields)

"""The first distributor.toml, as `distributor init` writes it: commented, and right as it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from distributor.config.words import match

__all__ = ["source_name", "starter"]

_PREFIXES = {"www", "feeds", "feed", "rss", "news", "blog", "m"}

_HEAD = """\
# The settings of distributor. What is not said here has a default: see docs/configuration.md.
# Check them with `distributor doctor`; see what would go out with `distributor preview`.

[site]
name = {name}
# public_url = "https://go.paper.example"   # what readers reach; needed for digests and hooks
timezone = {zone}
categories = {categories}

[sources.{source}]
url = {url}
# Nothing that is out already is posted. To begin with the latest five: backfill = 5

# The source's own words, each with the category of yours that it means. `default` takes every other word;
# without it, an article of unmapped words goes only to channels that take everything.
[sources.{source}.category_map]
"""

_CHANNELS = """
# Channels: take away the # of one, and put its secret into the file named (chmod 600).
# Then: distributor channels check
#
# [channels.telegram]
# token_file = "secrets/telegram"         # from @BotFather
# chat = "@yourchannel"
# quiet_hours = "23:00-06:30"             # breaking news passes
#
# [channels.mastodon]
# instance = "mastodon.example"
# token_file = "secrets/mastodon"
#
# [channels.bluesky]
# handle = "paper.example"
# app_password_file = "secrets/bluesky"
#
# [channels.x]
# credentials_file = "secrets/x"          # the four keys of the app, one a line: see docs/channels.md
# categories = ["World News", "Business"]
# per_hour = 4
# monthly_budget = 40                     # USD
"""


def starter(url: str, feed_title: str, words: Iterable[str], categories: Sequence[str], zone: str) -> str:
    """The text of a settings file that loads as it is: one source, its words mapped, the channels to be filled in.

    `words` are the category words found in the feed; those that match no category stand there as comments.
    """
    mapped, unmatched = match((_one_line(word) for word in words if word.strip()), categories)
    head = _HEAD.format(
        name=_quoted(feed_title or source_name(url)),
        zone=_quoted(zone),
        categories=_listed(categories),
        source=source_name(url),
        url=_quoted(url),
    )
    lines = [f"{_quoted(word)} = {_quoted(category)}" for word, category in mapped.items() if word != "default"]
    lines += [f'# {_quoted(word)} = "..."' for word in unmatched]
    lines += ['# default = "Blog"'] if "Blog" in categories else []
    return head + "\n".join(lines) + "\n" + _CHANNELS


def source_name(url: str) -> str:
    """A short name for a source, from its host: "paper" for https://www.paper.example/feed; "feed" if none is there."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    labels = [label for label in host.split(".")[:-1] if label not in _PREFIXES]
    plain = unicodedata.normalize("NFKD", labels[0] if labels else host.partition(".")[0])
    name = re.sub(r"[^a-z0-9_-]", "", plain.lower())[:40].strip("-")
    return "feed" if not name or name.isdigit() else name


def _one_line(text: str) -> str:
    """Without control characters, and short: it comes from the feed."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]


def _quoted(text: str) -> str:
    """As TOML's basic string, whatever the feed put in it."""
    return '"' + _one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _listed(words: Sequence[str]) -> str:
    return "[\n" + "".join(f"  {_quoted(word)},\n" for word in words) + "]"

"""Where the public pages are: one place for what mails link to and what the pages answer. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

__all__ = [
    "ARCHIVE",
    "ARCHIVE_FEED",
    "CONFIRM",
    "EDITION",
    "FORM",
    "HOOKS",
    "LINK",
    "PIXEL",
    "PREFERENCES",
    "REDIRECT",
    "SHARE",
    "SUBSCRIBE",
    "SWITCH",
    "TRENDING",
    "UNSUBSCRIBE",
    "VIEW",
    "VIEW_SCRIPT",
    "at",
]

SUBSCRIBE = "/subscribe"
FORM = "/subscribe/form"  # to be embedded in the publisher's pages
CONFIRM = "/confirm"
PREFERENCES = "/preferences"  # /TOKEN: the token of a digest, or a fresh one, which may do more
UNSUBSCRIBE = "/unsubscribe"
LINK = "/link"  # asks for a fresh link by address
SWITCH = "/switch"  # confirms a change of address
EDITION = "/editions"  # /ID
ARCHIVE = "/archive"
ARCHIVE_FEED = "/archive.rss"
HOOKS = "/hooks"
REDIRECT = "/r"  # /CODE, in mails /CODE/TOKEN: on to the article
VIEW = "/v"  # tells that a page was read: a script's beacon
VIEW_SCRIPT = "/v.js"
PIXEL = "/v.gif"  # the same without script
SHARE = "/share"  # the bar; /NETWORK
TRENDING = "/trending"  # also .json, .rss, /CATEGORY.json


def at(public_url: str, path: str, *parts: str | int, **query: str) -> str:
    """The absolute address. `public_url` ends without a slash; parts are tokens and numbers, safe as they are."""
    whole = "/".join([public_url + path, *map(str, parts)])
    return f"{whole}?{urlencode(query)}" if query else whole

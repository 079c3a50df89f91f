"""What links in letters prove: who holds one has read that mailbox. And the keyed hashes that stand for addresses.

A fresh link is signed for one purpose and one reader, and says when it was made: what happened since may outdate it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from distributor import paths
from distributor.addressing import normalised
from distributor.config import secret_keys
from distributor.context import App
from distributor.errors import ConfigError
from distributor.mail import tokens
from distributor.mailkeys import suppression_key
from distributor.model import Message

__all__ = [
    "CONFIRM",
    "LINK",
    "LIVES",
    "SWITCH_NEW",
    "SWITCH_OLD",
    "Pass",
    "hashes",
    "keys",
    "life",
    "mark",
    "read",
    "seal",
    "url",
]

CONFIRM, LINK, SWITCH_OLD, SWITCH_NEW = "confirm", "link", "switch-old", "switch-new"
LIVES = {LINK: timedelta(hours=24), SWITCH_OLD: timedelta(hours=24), SWITCH_NEW: timedelta(hours=24)}
# Stands in a letter that is rendered before it is known whom it is for, or whether it goes out at all.
_BLANK = "TOKENTOKENTOKENTOKENTOKEN"


@dataclass(frozen=True, slots=True)
class Pass:
    """What a fresh token said: whom it is for, when it was made and how long it is good (UTC), and what it carries."""

    number: int
    made_at: datetime
    expires_at: datetime
    words: str


def keys(app: App) -> list[bytes]:
    """The key that signs, then those of before a rotation. Raises ConfigError."""
    return secret_keys(app.settings)


def hashes(app: App, address_key: str) -> list[str]:
    """What stands for an address in the suppression list, under each key; the first is the one to write."""
    return [suppression_key(key, address_key) for key in keys(app)]


def mark(address: str) -> str:
    """Ties a link to the address that it was mailed to. Not keyed: the token's signature covers it."""
    return sha256(normalised(address).key.encode()).hexdigest()[:16]


def life(app: App, purpose: str) -> timedelta:
    return LIVES.get(purpose, app.settings.subscribers.keep_requests)


def url(app: App, purpose: str) -> str:
    """Where a letter's link leads, still without its token. Raises ConfigError."""
    site = app.settings.site.public_url
    if app.settings.mail is None:
        raise ConfigError("no mail can be sent", key="mail", hint="say in [mail] who sends, and by what")
    if not site:
        raise ConfigError("must be set: letters lead to the readers' pages", key="site.public_url")
    path = {CONFIRM: paths.CONFIRM, LINK: paths.PREFERENCES}.get(purpose, paths.SWITCH)
    return paths.at(str(site), path, _BLANK)


def seal(app: App, message: Message, purpose: str, number: int, words: str = "") -> Message:
    """The letter with its token in place, good from now on. Raises ValueError where the words are too long."""
    now = app.clock()
    stamp = f"{int(now.timestamp() * 1000):x}.{words}"
    token = tokens.mint_fresh(keys(app)[0], purpose, number, now + life(app, purpose), stamp)
    return replace(message, text=message.text.replace(_BLANK, token), html=message.html.replace(_BLANK, token))


def read(app: App, purpose: str, token: str) -> Pass | None:
    """None for what is forged, damaged, for another purpose, or too old."""
    found = tokens.read_fresh(keys(app), purpose, token, app.clock())
    if found is None:
        return None
    stamp, _, words = found.payload.partition(".")
    return Pass(found.number, datetime.fromtimestamp(int(stamp, 16) / 1000, UTC), found.expires_at, words)

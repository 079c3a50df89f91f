"""A message as its network would show it: what is a link, what is a tag, which picture or card stands below. Pure.

All that is shown was written by others. Text stays text (the templates escape it), addresses are http(s) or left
out, and Telegram's markup passes an allow-list before it counts as HTML.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from markupsafe import Markup

from distributor.model import Card, Media, Message
from distributor.text.links import Rules, links

__all__ = ["CardView", "Look", "Picture", "Piece", "look", "pieces", "safe_link", "safe_picture", "telegram_html"]

NETWORKS = ("x", "telegram", "mastodon", "bluesky")
_TAG = re.compile(r"(?<![\w&/#])[#＃](?=\w*[^\W\d_])\w+|(?<![\w@/])@\w[\w.-]*\w(?:@[\w.-]+\w)?")
_MARKUP = re.compile(r"""(<(?:[^>"]|"[^"]*")*>)""")
_TELEGRAM_TAGS = {"a", "b", "blockquote", "code", "del", "em", "i", "ins", "pre", "s", "strike", "strong", "u"}
_SHOWN = {"x": 27, "mastodon": 30, "bluesky": 40, "telegram": 200}
_LOCAL = (".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".home.arpa", ".corp")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a post's text; `href` is an http(s) address, or empty."""

    kind: Literal["text", "link", "tag"]
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture; `url` is empty where it is not shown."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class CardView:
    """How a link presents itself; `host` is what the network writes on it."""

    url: str
    host: str
    title: str
    description: str
    image: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a template needs to draw a post. `html` is set instead of `pieces` where the network has markup."""

    network: str
    pieces: tuple[Piece, ...] = ()
    html: Markup | None = None
    pictures: tuple[Picture, ...] = ()
    card: CardView | None = None
    button: str = ""
    button_url: str = ""
    language: str = ""
    warning: str = ""


def look(network: str, message: Message, *, channel: Any = None, allow: Collection[str] = ()) -> Look:
    """The message on `network`; `channel` may say more (`photo`, `button`), `allow` names private picture hosts."""
    takes_photo = bool(getattr(channel, "photo", True))
    pictures = tuple(_picture(media, allow) for media in message.media) if takes_photo else ()
    card = _card(message.card, allow)
    if network == "bluesky" and card:
        pictures = ()
    elif pictures or (network == "telegram" and getattr(channel, "link_preview", "true") == "false"):
        card = None
    html = telegram_html(message.text) if network == "telegram" else None
    button = str(getattr(channel, "button", "") or "") if network == "telegram" else ""
    return Look(
        network=network if network in NETWORKS else "other",
        pieces=() if html is not None else tuple(pieces(message.text, network, safe_link(message.url))),
        html=html,
        pictures=pictures,
        card=card,
        button=button if safe_link(message.url) else "",
        button_url=safe_link(message.url),
        language=message.language,
        warning=str(message.options.get("content_warning", "")),
    )


def pieces(text: str, network: str, link: str = "") -> Iterator[Piece]:
    """The text cut into what the network colours and what it does not; joined, nothing but long links is changed.

    `link` is the post's own: it is one in any case, though a network makes none of an address without a public name.
    """
    rules: Rules = "x" if network == "x" else "mastodon" if network == "mastodon" else "any"
    spans = links(text, rules)
    own = text.find(link) if link else -1
    if own >= 0 and not any(start < own + len(link) and own < end for start, end in spans):
        spans = sorted([*spans, (own, own + len(link))])
    position = 0
    for start, end in spans:
        yield from _tagged(text[position:start])
        href = safe_link(text[start:end] if "://" in text[start:end] else f"https://{text[start:end]}")
        yield Piece("link", _shortened(text[start:end], network), href) if href else Piece("text", text[start:end])
        position = end
    yield from _tagged(text[position:])


def _tagged(text: str) -> Iterator[Piece]:
    position = 0
    for match in _TAG.finditer(text):
        if match.start() > position:
            yield Piece("text", text[position : match.start()])
        yield Piece("tag", match[0])
        position = match.end()
    if position < len(text):
        yield Piece("text", text[position:])


def _shortened(url: str, network: str) -> str:
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", url, flags=re.IGNORECASE)
    room = _SHOWN.get(network, 60)
    return bare if len(bare) <= room else f"{bare[: room - 1]}…"


def telegram_html(text: str) -> Markup:
    """Telegram's markup (Bot API, "HTML style") as HTML that is safe to show: other tags fall away, text stays."""
    import nh3  # loaded by who shows a preview

    cleaned = nh3.clean(
        text,
        tags=_TELEGRAM_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
    parts = _MARKUP.split(cleaned)
    parts[::2] = [_TAG.sub(r'<span class="tag">\g<0></span>', text) for text in parts[::2]]
    return Markup("".join(parts))  # noqa: S704 (it passed the allow-list, and what was added holds word characters only)


def _picture(media: Media, allow: Collection[str]) -> Picture:
    return Picture(safe_picture(media.url, allow), media.alt)


def _card(card: Card | None, allow: Collection[str]) -> CardView | None:
    if card is None or not (url := safe_link(card.url)):
        return None
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return CardView(url, host, card.title, card.description, safe_picture(card.image, allow))


def safe_link(url: str) -> str:
    """The address where a click may lead, or "": http and https only, with a host and without a user's name."""
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        return ""
    return url.strip() if good and not re.search(r"[\s\x00-\x1f\x7f\\]", url.strip()) else ""


def safe_picture(url: str, allow: Collection[str] = ()) -> str:
    """The picture's address if the reader's browser may be led there, else "".

    A feed must not make the staff's browsers ask machines of their own network, so a host must be a public name or
    address, or stand in `allow`, written as in network.allow_hosts.
    """
    url = safe_link(url)
    if not url:
        return ""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
    name = f"[{host}]" if ":" in host else host
    listed = f"{name}:{port}" in allow or (port in (80, 443) and name in allow)
    return url if listed or _is_public(host) else ""


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        pass
    # What ends in a number is read as an IPv4 address, however odd it looks (WHATWG URL, "ends in a number").
    last = host.rpartition(".")[2]
    is_name = "." in host and host.isascii() and "%" not in host and not last[:1].isdigit()
    return is_name and not host.endswith(_LOCAL)

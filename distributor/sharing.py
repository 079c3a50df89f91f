"""Where "share this post on ..." leads: each network's own address for composing a post. Pure.

X          https://docs.x.com/x-for-websites/post-button/guides/web-intent
Facebook   sharer.php, the share dialog that needs no app id (https://developers.facebook.com/docs/sharing/reference/share-dialog)
LinkedIn   https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/plugins/share-plugin
WhatsApp   https://faq.whatsapp.com/5913398998672934 (click to chat)
Telegram   https://core.telegram.org/widgets/share
Bluesky    https://docs.bsky.app/docs/advanced-guides/intent-links
Mastodon   /share on the reader's own instance (the share target of its web app)
Reddit     https://www.reddit.com/submit
email      mailto (RFC 6068)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from distributor import paths
from distributor.text import fit

__all__ = ["DEVICE", "MASTODON", "NETWORKS", "Way", "address", "instance", "snippet", "ways"]

MASTODON = "mastodon"
# What the bar offers, in its order, by the names that shares are counted under; their own names need no translation.
NETWORKS: Mapping[str, str] = {
    "x": "X",
    "facebook": "Facebook",
    "linkedin": "LinkedIn",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "bluesky": "Bluesky",
    MASTODON: "Mastodon",
    "reddit": "Reddit",
    "email": "",
}
DEVICE = ("copy", "device")  # the link copied, the phone's own share sheet: the page's script tells of them
LONGEST = 300  # graphemes of a title: it stands in an address, where each letter may take nine bytes
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")


class Way(NamedTuple):
    """One link of the bar: the network, the name that readers see, and our address that leads there."""

    network: str
    name: str
    href: str


def ways(base: str, url: str, email: str) -> list[Way]:
    """The bar for one page. `base` is the public URL, `email` the word for it in the reader's language."""
    return [Way(one, name or email, paths.at(base, paths.SHARE, one, u=url)) for one, name in NETWORKS.items()]


def snippet(base: str, url: str, title: str, email: str) -> str:
    """The bar as plain HTML to paste into the page of `url`: it needs no script, and looks as share.css says."""
    links = "\n".join(
        f'    <li><a class="ds-link ds-{network}" href="{escape(href)}" rel="nofollow">{escape(name)}</a></li>'
        for network, name, href in ways(base, url, email)
    )
    return (
        f'<link rel="stylesheet" href="{escape(base)}{paths.SHARE}.css">\n'
        f'<div class="ds-bar" role="group" aria-label="{escape(title)}">\n'
        f'  <p class="ds-title" aria-hidden="true">{escape(title)}</p>\n'
        f"  <ul>\n{links}\n  </ul>\n</div>\n"
    )


def address(network: str, url: str, title: str, instance: str = "") -> str:
    """Where a reader composes a post with this link. Mastodon needs the `instance`, a host that `instance()` gave.

    Raises KeyError for a network that is not in NETWORKS.
    """
    title = fit("bluesky", " ".join(title.split()), limit=LONGEST)
    if network == MASTODON:
        return _query(f"https://{instance}/share", text=_cut(MASTODON, title, url, "\n\n"))
    return _ADDRESSES[network](url, title)


def instance(text: str) -> str:
    """The host in what a reader gives for a Mastodon instance: "mastodon.example", "@me@mastodon.example", its address.

    In lower case and ASCII (IDNA), so that it looks like nothing else. Empty for what is no public name: a number, a
    name without a dot, one with a port.
    """
    text = text.strip()[:500]
    try:
        if "://" in text:
            parts = urlsplit(text)
            host = (parts.hostname or "") if parts.scheme in ("http", "https") and not parts.port else ""
        else:
            host = text.partition("/")[0].rpartition("@")[2]
        host = host.rstrip(".").encode("idna").decode().lower()
    except (UnicodeError, ValueError):
        return ""
    return host if _HOST.fullmatch(host) and not host.endswith(".localhost") else ""


def _cut(network: str, title: str, url: str, between: str) -> str:
    """The title cut so that title and link fit into one post; a link that is too long by itself stands alone."""
    try:
        return fit(network, title, frame=lambda cut: f"{cut}{between}{url}" if cut else url)
    except ValueError:
        return url


def _x(url: str, title: str) -> str:
    text = _cut("x", title, url, " ").removesuffix(url).rstrip()
    return _query("https://x.com/intent/tweet", text=text, url=url)


def _query(base: str, **values: str) -> str:
    """Spaces as %20: mail programs and some apps show a plus as it is."""
    return base + "?" + urlencode(values, quote_via=quote, safe="", errors="replace")


_ADDRESSES: Mapping[str, Callable[[str, str], str]] = {
    "x": _x,
    "facebook": lambda url, _: _query("https://www.facebook.com/sharer/sharer.php", u=url),
    "linkedin": lambda url, _: _query("https://www.linkedin.com/sharing/share-offsite/", url=url),
    "whatsapp": lambda url, title: _query("https://wa.me/", text=f"{title} {url}".strip()),
    "telegram": lambda url, title: _query("https://t.me/share/url", url=url, text=title),
    "bluesky": lambda url, title: _query("https://bsky.app/intent/compose", text=_cut("bluesky", title, url, " ")),
    "reddit": lambda url, title: _query("https://www.reddit.com/submit", url=url, title=title),
    "email": lambda url, title: _query("mailto:", subject=title, body=f"{title}\r\n\r\n{url}".strip()),
}

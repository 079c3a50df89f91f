"""What every readers' page needs: the site's words in the reader's language, and templates in the sandbox.

Templates are `web/readers/*.html.j2`, an operator's own before ours. They get plain values only, everything is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from distributor import choosing, passes, paths
from distributor.context import App
from distributor.model import Subscriber
from distributor.rendering import Words
from distributor.rendering.budget import PAGE
from distributor.rendering.sandbox import Sandbox
from distributor.rendering.speech import speaking
from distributor.web.assets import asset

__all__ = ["Desk", "language_name"]

_OWN_NAMES = {
    "ar": "العربية", "bn": "বাংলা", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hu": "Magyar",
    "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어", "nb": "Norsk bokmål", "no": "Norsk",
    "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sv": "Svenska",
    "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
MOST_TAGS = 20


class Desk:
    """The app as the pages see it. Safe for threads."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.settings = app.settings
        self.public_url = str(app.settings.site.public_url or "")
        self.prefix = urlsplit(self.public_url).path.rstrip("/")
        self.languages = choosing.languages(app.settings)
        self.zone = ZoneInfo(app.settings.site.timezone)

    @cached_property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.app.renderer.folders, html=True, zone=self.zone)

    @cached_property
    def keys(self) -> list[bytes]:
        """The key that signs, then those of before a rotation."""
        return passes.keys(self.app)

    def words(self, language: str) -> Words:
        return self.app.renderer.words(language)

    def language(self, request: Request, wanted: str = "") -> str:
        """The language of a page: what is asked for, else what the browser prefers, among those that are offered."""
        asked = [wanted, request.query_params.get("language", "")]
        asked += preferred(request.headers.get("accept-language", ""))
        return next((found for tag in asked if (found := self._offered(tag))), self.languages[0])

    def _offered(self, tag: str) -> str:
        tag = tag.lower().replace("_", "-")
        exact = next((one for one in self.languages if one.lower() == tag), "")
        return exact or next((one for one in self.languages if tag and _base(one) == _base(tag)), "")

    def here(self, path: str, *parts: str | int, **query: str) -> str:
        """The address of a page of ours as a link within our pages: it begins with the path of `public_url`."""
        return paths.at(self.prefix, path, *parts, **query)

    def absolute(self, path: str, *parts: str | int, **query: str) -> str:
        """The address as others may have it: from `public_url`, never from what a request claims."""
        return paths.at(self.public_url, path, *parts, **query)

    def page(
        self,
        name: str,
        language: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        private: bool = True,
        zone: ZoneInfo | None = None,
        **values: Any,
    ) -> Response:
        """The page `web/readers/<name>.html.j2`, or of another folder, as "audience/share". A private one is for
        nobody's index.
        """
        sent = {"X-Robots-Tag": "noindex, nofollow"} if private else {}
        html = self.render(name, language, private=private, zone=zone, **values)
        return HTMLResponse(html, status, sent | {"Content-Language": language} | dict(headers or {}))

    def render(self, name: str, language: str, *, zone: ZoneInfo | None = None, **values: Any) -> str:
        words = self.words(language)
        known: dict[str, Any] = {
            "site": {"name": self.settings.site.name},
            "language": words.language,
            "dir": words.direction,
            "assets": {file: self.here(asset(file)) for file in ("readers.css", "readers.js", "favicon.svg")},
            "urls": {
                "subscribe": self.here(paths.SUBSCRIBE),
                "archive": self.here(paths.ARCHIVE),
                "feed": self.here(paths.ARCHIVE_FEED),
                "link": self.here(paths.LINK),
            },
            "postal_address": self.settings.site.postal_address,
            "private": True,
            "framed": False,
        }
        with speaking(words, zone or self.zone):
            return self.sandbox.render(
                f"web/{name if '/' in name else f'readers/{name}'}.html.j2", known | values, PAGE
            )

    def problem(self, language: str, key: str, status: int, **values: Any) -> Response:
        """A page that says in the reader's language what went wrong: `web.problem.<key>`."""
        return self.page("problem", language, status=status, key=key, **values)

    def clock_of(self, subscriber: Subscriber) -> ZoneInfo:
        try:
            return ZoneInfo(subscriber.timezone)
        except (ValueError, OSError, KeyError):
            return self.zone


def preferred(header: str) -> list[str]:
    """The tags of an Accept-Language header, the best first (RFC 9110, 12.5.4)."""
    found = []
    for place, part in enumerate(header[:1000].split(",")[:MOST_TAGS]):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag and 0 < quality <= 1:
            found.append((-quality, place, tag.strip()))
    return [tag for _, _, tag in sorted(found)]


def language_name(tag: str) -> str:
    """A language as its own readers call it; the tag where we do not know."""
    name = _OWN_NAMES.get(_base(tag))
    return f"{name} ({tag})" if name and "-" in tag else name or tag


def _base(tag: str) -> str:
    return tag.lower().replace("_", "-").partition("-")[0]

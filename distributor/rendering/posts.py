"""An article and a channel's limits -> the Message that the channel is given. The same in, the same out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import cached_property, lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributor.errors import ConfigError
from distributor.model import Article, Card, Lane, Limits, Media, Message
from distributor.rendering.colours import ACCENT, shades
from distributor.rendering.content import clean, facts, media_type, web_address, with_query
from distributor.rendering.cutting import counted, room, shortened, tidy
from distributor.text import hashtags, plain, summarise
from distributor.text.markup import parse

if TYPE_CHECKING:
    from distributor.rendering.catalogue import Words
    from distributor.rendering.digests import Press
    from distributor.rendering.papers import Excerpts, Links, Paper
    from distributor.rendering.sandbox import Sandbox

__all__ = ["PostSettings", "Renderer", "SiteFacts", "check", "fingerprint"]

LANGUAGES = 50  # catalogues kept
TEXT = 20_000  # characters of an article's text that a template sees
_FIELD = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}|\{([^{}]*)\}")
_FIELDS = frozenset({"channel", "kind", "source", "category", "language", "lane", "id"})
_HREF = re.compile(r"""<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""", re.I)
_WARNING = re.compile(r"(?:cw|tw|content warning|trigger warning)\s*:\s*(.+)", re.I)
_READ_MORE = {
    "ar": "اقرأ المزيد", "de": "Weiterlesen", "el": "Διαβάστε περισσότερα", "en": "Read more", "es": "Leer más",
    "fa": "ادامه مطلب", "fr": "Lire la suite", "he": "קראו עוד", "hi": "और पढ़ें", "id": "Baca selengkapnya",
    "it": "Leggi tutto", "ja": "続きを読む", "ko": "더 보기", "nl": "Lees verder", "pl": "Czytaj dalej",
    "pt": "Leia mais", "ro": "Citește mai mult", "ru": "Читать далее", "sv": "Läs mer", "tr": "Devamını oku",
    "uk": "Читати далі", "ur": "مزید پڑھیں", "vi": "Đọc thêm", "zh": "阅读全文",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """The publisher as a template sees it. `language` is for articles that name none; `zone` for the filter `date`.

    `utm` are fields for links in mails, as in PostSettings (channel is the digest's name, kind is email); `accent`
    is the one colour of mails, "#rrggbb".
    """

    name: str = ""
    url: str = ""
    language: str = "en"
    zone: tzinfo = UTC
    utm: Mapping[str, str] = field(default_factory=dict)
    accent: str = ACCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSettings:
    """How a channel wants its posts. Raises ConfigError for a placeholder that `utm` does not know.

    `utm` are query fields for the link, such as {"utm_source": "{channel}"} (or "{{ channel }}"); they may name
    channel, kind, source, category, language, lane, id. `hashtags` is the most there may be. `template` is one
    file's name in `post/`, used instead of the channel's own. `pictures` sends the picture along where the channel
    takes one.
    """

    utm: Mapping[str, str] = field(default_factory=dict)
    hashtags: int = 3
    template: str | None = None
    pictures: bool = True

    def __post_init__(self) -> None:
        for name, value in self.utm.items():
            for unknown in {double or single for double, single in _FIELD.findall(value)} - _FIELDS:
                raise ConfigError(
                    f"knows no {{{unknown}}}", key=f"utm.{name}", hint=f"it may use {', '.join(sorted(_FIELDS))}"
                )


class Renderer:
    """Renders posts, digests, letters. `folders` with templates are searched in order: the operator's first, then ours.

    Safe for threads. A template that changed on the disk is read again.
    """

    def __init__(self, *, folders: Sequence[Path], site: SiteFacts) -> None:
        self.folders = tuple(folders)
        self.site = site
        self._site = {"name": clean(site.name), "url": web_address(site.url), "language": site.language}
        self._spoken: dict[str, tuple[object, Words]] = {}

    @cached_property
    def _plain(self) -> Sandbox:
        return self._sandbox(html=False)

    @cached_property
    def _html(self) -> Sandbox:
        return self._sandbox(html=True)

    def _sandbox(self, *, html: bool) -> Sandbox:
        from distributor.rendering.sandbox import Sandbox  # Jinja2 is loaded by who renders

        return Sandbox(self.folders, html=html, zone=self.site.zone)

    def post(
        self,
        article: Article,
        *,
        channel: str,
        kind: str,
        limits: Limits,
        settings: PostSettings | None = None,
        categories_in_order: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
        link: str = "",
    ) -> Message:
        """The article as a post for a channel of this name and kind; `more` is what a template knows beside it, `link`
        the link that it is given instead of the article's own address.

        The template is `post/<channel>.j2`, else `post/<kind>.j2`, else `post/default.j2`. Beside a picture the text
        is cut to the caption's limit. Raises TemplateError with file and line.
        """
        settings = settings or PostSettings()
        told = facts(article)
        told["categories"] = _ordered(told["categories"], categories_in_order)
        told["tags"], warning = _warned(told["tags"])
        language = told["language"] or self.site.language
        link = link or _addressed(told, article, settings.utm, channel=channel, kind=kind)
        text, summary = _words(told["title"], told["social"], told["summary"], article.body, language)
        media = _media(article, told, limits) if settings.pictures else ()
        card = _card(told, link, summary)
        values = {
            "article": told | {"text": text},
            "link": link,
            "categories": told["categories"],
            "tags": told["tags"],
            "site": self._site,
            "channel": channel,
            "kind": kind,
            "language": language,
            "breaking": article.lane == Lane.BREAKING,
            "picture": told["image"] if media else None,
            "card": card is not None,
            "html": limits.markup == "html",
            "read_more": _READ_MORE.get(language.lower().partition("-")[0].partition("_")[0], _READ_MORE["en"]),
            **(more or {}),
        }
        return Message(
            text=self._text(
                values,
                names=_names(channel, kind, settings.template),
                title=told["title"],
                summary=summary,
                hashtags=hashtags([*told["categories"], *told["tags"]], settings.hashtags),
                limits=limits,
                limit=room(limits, len(media)),
            ),
            url=link,
            title=told["title"],
            card=card,
            media=media,
            language=language,
            options={"lane": article.lane.name.lower()} | ({"content_warning": warning} if warning else {}),
        )

    def address(self, article: Article, *, channel: str, kind: str, utm: Mapping[str, str] | None = None) -> str:
        """The article's own address with these UTM fields, the site's if there are none given; "" if it has none."""
        fields = self.site.utm if utm is None else utm
        if not fields:
            return web_address(article.url)
        return _addressed(facts(article), article, fields, channel=channel, kind=kind)

    def words(self, language: str) -> Words:
        """The catalogue of a language, else of the site's, else English. Raises TemplateError for a broken file."""
        from distributor.rendering.catalogue import Catalogue, stamp

        now, (then, words) = stamp(self.folders), self._spoken.get(language, (None, None))
        if words is None or then != now:
            if len(self._spoken) > LANGUAGES:
                self._spoken.clear()
            words = Catalogue.load(self.folders, language, self.site.language)
            self._spoken[language] = (now, words)
        return words

    def digest(self, paper: Paper) -> Message | None:
        """The mail of an edition, CSS inlined, in the language of its choice; None when no article of it is left.

        Raises TemplateError with file and line.
        """
        from distributor.rendering.digests import digest

        return digest(paper, self._press(paper.edition.choice.language))

    def edition_page(self, paper: Paper) -> str:
        """The edition's web page: a whole HTML document, whose style rules `style_hashes` names for a CSP."""
        from distributor.rendering.digests import edition_page

        return edition_page(replace(paper, kind="web"), self._press(paper.edition.choice.language))

    def letter(
        self,
        name: str,
        *,
        language: str,
        facts: Mapping[str, Any],
        links: Links | None = None,
        sender: str = "",
        postal_address: str = "",
    ) -> Message:
        """The letter `mail/<name>/` that a reader's own act brings about. See letters.py for the facts each needs."""
        from distributor.rendering.letters import letter

        press = self._press(language)
        return letter(name, press, facts=facts, links=links, sender=sender, postal_address=postal_address)

    def _press(self, language: str) -> Press:
        from distributor.rendering.digests import Press

        return Press(
            html=self._html,
            plain=self._plain,
            words=self.words(language),
            site=self._site | {"colours": shades(self.site.accent)},
            zone=self.site.zone,
            link=self._mailed,
            excerpts=self._excerpts,
        )

    @cached_property
    def _excerpts(self) -> Excerpts:
        from distributor.rendering.papers import Excerpts

        return Excerpts()

    def _mailed(self, article: Article, digest: str) -> str:
        """An article's address with the site's UTM fields."""
        return self.address(article, channel=digest, kind="email") if self.site.utm else article.url

    def _text(self, values: Mapping[str, Any], *, names: Sequence[str], limits: Limits, **parts: Any) -> str:
        sandbox = self._html if limits.markup == "html" else self._plain
        name = sandbox.find(names)

        def draw(**changing: Any) -> str:
            return tidy(sandbox.render(name, {**values, **changing}))

        text = shortened(draw, limits=limits, **parts)
        if limits.markup == "html" and (wrong := _unsound(text)):
            raise sandbox.fault(name, wrong)
        return text


def _names(channel: str, kind: str, template: str | None) -> list[str]:
    if template:
        return [f"post/{template.removeprefix('post/').removesuffix('.j2')}.j2"]
    return [f"post/{name}.j2" for name in (channel, kind, "default")]


def _ordered(categories: Sequence[str], order: Sequence[str]) -> list[str]:
    """The article's categories in the publisher's order; those it does not list stay behind, as they came."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(categories, key=lambda name: places.get(name, len(places)))


def _warned(tags: Sequence[str]) -> tuple[list[str], str]:
    """An editor's tag "CW: war" is a content warning for the networks that have one, and no hashtag."""
    found = [(tag, _WARNING.fullmatch(tag)) for tag in tags]
    return [tag for tag, warning in found if not warning], ", ".join(warning[1] for _, warning in found if warning)


def _addressed(told: Mapping[str, Any], article: Article, utm: Mapping[str, str], **named: str) -> str:
    return with_query(told["url"], _utm(utm, told, article.lane, **named))


def _utm(templates: Mapping[str, str], told: Mapping[str, Any], lane: Lane, **named: str) -> dict[str, str]:
    known = named | {
        "source": told["source"],
        "category": re.sub(r"[\W_]+", "-", (told["categories"] or [""])[0].lower()).strip("-"),
        "language": told["language"],
        "lane": lane.name.lower(),
        "id": str(told["id"]),
    }
    return {name: _FIELD.sub(lambda found: known[found[1] or found[2]], value) for name, value in templates.items()}


@lru_cache(maxsize=64)
def _words(title: str, social: str, summary: str, body: str, language: str) -> tuple[str, str]:
    """An article's plain text and its summary: the same for every channel, so made once."""
    text = plain(body)[:TEXT]
    return clean(text, TEXT), clean(
        summarise(title=title, social=social, summary=summary, text=text, language=language)
    )


def _media(article: Article, told: Mapping[str, Any], limits: Limits) -> tuple[Media, ...]:
    """The article's picture, if the channel takes pictures of its type; an unknown type is for the channel to find."""
    if article.image is None or told["image"] is None or not limits.media:
        return ()
    kind = media_type(article.image)
    if kind and kind not in limits.media_types:
        return ()
    return (Media(url=told["image"]["url"], type=kind, alt=told["image"]["alt"]),)


def _card(told: Mapping[str, Any], link: str, summary: str) -> Card | None:
    if not link:
        return None
    return Card(url=link, title=told["title"], description=summary, image=(told["image"] or {}).get("url", ""))


def _unsound(text: str) -> str:
    """Why a network would refuse this HTML, or why we do; "" if it is good."""
    if not parse(text).sound:
        return "makes HTML that is not well formed, or has tags that the network does not know"
    links = (unescape("".join(found)) for found in _HREF.findall(text))
    wrong = next((url for url in links if not web_address(url)), None)
    return "" if wrong is None else f"makes a link that is not http or https: {clean(wrong, 60)!r}"


def check(message: Message, limits: Limits) -> list[str]:
    """Why the network would refuse this post, in words; empty if nothing speaks against it."""
    reasons = []
    if not message.text and not message.media:
        reasons.append("it has neither text nor picture")
    beside = " beside a picture" if message.media and limits.caption else ""
    size = counted(message.text, limits, room(limits, len(message.media)))
    if not size.fits:
        reasons.append(f"its text measures {size.length}, {limits.network} takes {size.limit}{beside}")
    elif message.text and not size.valid:
        reasons.append(f"its text has characters or markup that {limits.network} refuses")
    if len(message.media) > limits.media:
        reasons.append(f"it has {len(message.media)} pictures, {limits.network} takes {limits.media}")
    wrong = {media.type for media in message.media if media.type and media.type not in limits.media_types}
    reasons += [f"{limits.network} takes no {kind}" for kind in sorted(wrong)]
    return reasons


def fingerprint(message: Message) -> str:
    """The same for two messages that a reader could not tell apart, so that an edit without effect can be left out."""
    told = {name: getattr(message, name) for name in ("text", "url", "title", "subject", "html", "language")}
    told["card"] = message.card and [message.card.url, message.card.title, message.card.description, message.card.image]
    told["media"] = [[media.url, media.type, media.alt] for media in message.media]
    told |= {"headers": dict(message.headers), "options": dict(message.options)}
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()

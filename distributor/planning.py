"""From an article to the deliveries it needs, each with its key. Pure.

    new article      -> one POST for each channel whose rules take it
    new revision     -> one EDIT for each channel that posted it and can edit
    withdrawn        -> one DELETE for each channel that posted it and can delete

Planning the same thing twice gives the same keys, and the ledger keeps one row a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from distributor.model import Article, Delivery, Kind, Lane, State

__all__ = ["Outlet", "Rules", "Verdict", "key", "plan", "plan_deletions", "plan_edits", "verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which articles a channel takes. An empty set takes every one; `categories=None` takes even the unmapped.

    Categories, sources and tags are compared without regard to case; a language `fr` takes `fr-CA` too.
    """

    categories: frozenset[str] | None = None
    not_categories: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    approval: bool = False
    expires_after: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A channel as planning sees it."""

    name: str
    rules: Rules
    edits: bool = False
    deletes: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a channel takes an article; if not, `reason` says why in one word and `detail` in a few."""

    takes: bool
    reason: str = ""
    detail: str = ""


def key(
    kind: Kind, channel: str, *, article: int = 0, recipient: int = 0, generation: int = 0, revision: int = 0
) -> str:
    """The delivery's unique name, readable. Only an edit's holds the revision: a post is never made twice for it."""
    parts = [kind.value, channel, str(recipient), f"a{article}", f"g{generation}"]
    return ":".join([*parts, f"r{revision}"] if kind is Kind.EDIT else parts)


def verdict(article: Article, outlet: Outlet, *, language: str = "") -> Verdict:
    """Whether `outlet` takes `article` by its rules; `language` stands in where the article names none."""
    rules = outlet.rules
    if article.same_as:
        return Verdict(False, "same-as", f"the same story as article {article.same_as}")
    if rules.categories is not None and not article.categories:
        words = ", ".join(article.unmapped) or "none"
        return Verdict(False, "unmapped", f"its category words map to no category: {words}")
    if rules.categories is not None and not _share(article.categories, rules.categories):
        return Verdict(False, "category", f"takes {_list(rules.categories)}")
    if _share(article.categories, rules.not_categories):
        return Verdict(False, "category", f"takes no {_list(rules.not_categories)}")
    if rules.sources and not _share((article.source,), rules.sources):
        return Verdict(False, "source", f"takes articles from {_list(rules.sources)}")
    if rules.languages and not _speaks(article.language or language, rules.languages):
        return Verdict(False, "language", f"takes {_list(rules.languages)}")
    # Most feeds have one list for both: a category word that is none of the publisher's categories is a tag.
    if rules.tags and not _share((*article.tags, *article.unmapped), rules.tags):
        return Verdict(False, "tag", f"takes articles tagged {_list(rules.tags)}")
    return Verdict(True)


def plan(
    article: Article,
    outlets: Iterable[Outlet],
    now: datetime,
    *,
    by_hand: bool = False,
    due_at: datetime | None = None,
    generation: int = 0,
) -> list[Delivery]:
    """One POST for each outlet given: the caller asked `verdict` first, or a person named the channels."""
    return [_post(article, outlet, now, by_hand, due_at or now, generation) for outlet in outlets]


def plan_edits(article: Article, posts: Iterable[Delivery], outlets: Sequence[Outlet], now: datetime) -> list[Delivery]:
    """One EDIT for each post that stands or may yet stand, of a revision before this one, where editing is possible."""
    editable = {outlet.name: outlet for outlet in outlets if outlet.edits}
    return [
        _follow_up(Kind.EDIT, article, post, editable[post.channel], now)
        for post in _standing(posts)
        # What is held and was never attempted is rendered when it goes out.
        if post.channel in editable and (post.state is not State.HELD or post.message_id)
    ]


def plan_deletions(
    article: Article, posts: Iterable[Delivery], outlets: Sequence[Outlet], now: datetime
) -> list[Delivery]:
    """One DELETE for each post that stands or may yet stand, where deleting is possible."""
    deletable = {outlet.name: outlet for outlet in outlets if outlet.deletes}
    posted = {State.SENT, State.SENDING, State.UNCERTAIN}
    return [
        _follow_up(Kind.DELETE, article, post, deletable[post.channel], now)
        for post in _standing(posts)
        if post.channel in deletable and post.state in posted
    ]


def _post(
    article: Article, outlet: Outlet, now: datetime, by_hand: bool, due_at: datetime, generation: int
) -> Delivery:
    reason = ""
    if article.status == "held":
        reason = article.note or "by-hand"
    elif outlet.rules.approval and not by_hand:
        reason = "approval"
    return Delivery(
        key=key(Kind.POST, outlet.name, article=article.id, generation=generation),
        kind=Kind.POST,
        channel=outlet.name,
        article_id=article.id,
        revision=article.revision,
        generation=generation,
        lane=article.lane,
        by_hand=by_hand,
        state=State.HELD if reason else State.PENDING,
        reason=reason,
        planned_at=now,
        due_at=due_at,
        expires_at=max(now, due_at) + outlet.rules.expires_after,
    )


def _follow_up(kind: Kind, article: Article, post: Delivery, outlet: Outlet, now: datetime) -> Delivery:
    """An edit or a deletion goes before ordinary posts, and passes quiet hours: what is wrong is mended at once."""
    revision = article.revision if kind is Kind.EDIT else post.revision
    return Delivery(
        key=key(kind, outlet.name, article=article.id, generation=post.generation, revision=revision),
        kind=kind,
        channel=outlet.name,
        article_id=article.id,
        revision=revision,
        generation=post.generation,
        lane=Lane.BREAKING,
        planned_at=now,
        due_at=now,
        # What was withdrawn must go, however long the network cannot be reached.
        expires_at=None if kind is Kind.DELETE else now + max(outlet.rules.expires_after, timedelta(hours=24)),
    )


def _standing(posts: Iterable[Delivery]) -> list[Delivery]:
    gone = {State.FAILED, State.SKIPPED}
    return [post for post in posts if post.kind is Kind.POST and post.state not in gone]


def _share(have: Iterable[str], wanted: Iterable[str]) -> bool:
    return not {word.casefold() for word in have}.isdisjoint(word.casefold() for word in wanted)


def _speaks(language: str, wanted: Iterable[str]) -> bool:
    spoken = language.casefold().replace("_", "-")
    return any(spoken == tag.casefold() or spoken.startswith(tag.casefold() + "-") for tag in wanted)


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))

"""Between rows and the model's values, both ways."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from distributor.model import Article, Card, Delivery, Image, Kind, Lane, Media, Message, Receipt, State

__all__ = [
    "article_from",
    "article_values",
    "delivery_from",
    "delivery_values",
    "message_data",
    "message_from",
    "receipt_data",
]


def article_from(row: Any) -> Article:
    return Article(
        id=row.id,
        source=row.source,
        guid=row.guid,
        url=row.url,
        title=row.title,
        summary=row.summary,
        social=row.social,
        body=row.body,
        categories=tuple(row.categories or ()),
        unmapped=tuple(row.unmapped or ()),
        tags=tuple(row.tags or ()),
        author=row.author,
        image=Image(**row.image) if row.image else None,
        language=row.language,
        published_at=row.published_at,
        updated_at=row.updated_at,
        seen_at=row.seen_at,
        revision=row.revision,
        lane=Lane(row.lane),
        boost=row.boost,
        same_as=row.same_as,
        status=row.status,
        note=row.note,
        comments=row.comments,
    )


def article_values(article: Article) -> dict[str, Any]:
    """All columns that an article itself fills, without its id."""
    return {
        "source": article.source,
        "guid": article.guid,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "social": article.social,
        "body": article.body,
        "categories": list(article.categories),
        "unmapped": list(article.unmapped),
        "tags": list(article.tags),
        "author": article.author,
        "image": asdict(article.image) if article.image else None,
        "language": article.language,
        "published_at": article.published_at,
        "updated_at": article.updated_at,
        "seen_at": article.seen_at,
        "revision": article.revision,
        "lane": int(article.lane),
        "boost": article.boost,
        "same_as": article.same_as,
        "status": article.status,
        "note": article.note,
        "comments": article.comments,
    }


def delivery_from(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        key=row.key,
        kind=Kind(row.kind),
        channel=row.channel,
        article_id=row.article_id,
        edition_id=row.edition_id,
        recipient_id=row.recipient_id,
        revision=row.revision,
        generation=row.generation,
        message_id=row.message_id,
        lane=Lane(row.lane),
        by_hand=bool(row.by_hand),
        state=State(row.state),
        reason=row.reason,
        error=row.error,
        planned_at=row.planned_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        attempt=row.attempt,
        failures=row.failures,
        claimed_at=row.claimed_at,
        settled_at=row.settled_at,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        doubts=row.doubts,
        doubt_since=row.doubt_since,
        resolve_at=row.resolve_at,
        cost=row.cost,
        receipt=Receipt(**row.receipt) if row.receipt else None,
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    """The columns a planned delivery fills; the rest starts empty."""
    return {
        "key": delivery.key,
        "kind": delivery.kind.value,
        "channel": delivery.channel,
        "article_id": delivery.article_id,
        "edition_id": delivery.edition_id,
        "recipient_id": delivery.recipient_id,
        "revision": delivery.revision,
        "generation": delivery.generation,
        "lane": int(delivery.lane),
        "by_hand": delivery.by_hand,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "error": delivery.error,
        "planned_at": delivery.planned_at,
        "due_at": delivery.due_at,
        "expires_at": delivery.expires_at,
    }


def message_data(message: Message) -> dict[str, Any]:
    data = asdict(message)
    data["headers"], data["options"] = dict(message.headers), dict(message.options)
    return data


def message_from(data: dict[str, Any]) -> Message:
    known = dict(data)
    known["card"] = Card(**known["card"]) if known.get("card") else None
    known["media"] = tuple(Media(**media) for media in known.get("media") or ())
    return Message(**known)


def receipt_data(receipt: Receipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    return {"remote_id": receipt.remote_id, "url": receipt.url, "data": dict(receipt.data)}

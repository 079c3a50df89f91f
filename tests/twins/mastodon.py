"""Mastodon's API as far as the channel uses it, with the semantics that matter to exactly once.

A status post with an Idempotency-Key seen within the hour answers with the status made then, or, with
`repeats_fail`, 500 although the status exists (mastodon #40399).
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs

from tests.twins.loopback import Answer, Request, Twin, stand_alone

KEPT = timedelta(hours=1)


class MastodonTwin(Twin):
    """An instance with one account, @paper."""

    network = "mastodon"

    def __init__(self, **given: Any) -> None:
        self.statuses: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, tuple[str, datetime]] = {}
        self.length = 500
        self.processing = 0  # how many looks a picture takes to be ready
        self.media_status = 200
        self.repeats_fail = False
        self.scopes = ["read", "write"]
        self._next = 110_000_000_000_000_000
        super().__init__(**given)
        self.posts = self.statuses

    def now(self) -> datetime:
        return datetime.now(UTC)

    def refusals(self) -> Mapping[str, Answer]:
        reset = (self.now() + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
        limits = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        return {
            "unauthorized": Answer(401, {"error": "The access token is invalid"}),
            "forbidden": Answer(403, {"error": "This action is outside the authorized scopes"}),
            "rate-limit": Answer(429, {"error": "Too many requests"}, limits),
            "bad-request": Answer(422, {"error": "Validation failed: Text character limit of 500 exceeded"}),
            "server-error": Answer(500, {"error": "Internal Server Error"}),
        }

    def respond(self, request: Request) -> Answer:
        if request.path.rstrip("/") == "/api/v2/instance":
            return Answer(200, self._instance())
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return Answer(401, {"error": "The access token is invalid"})
        return self._route(request)

    def _route(self, request: Request) -> Answer:
        match request.method, *request.path.removeprefix("/api/").split("/"):
            case ("GET", "v1", "accounts", "verify_credentials"):
                return Answer(200, self._account())
            case ("GET", "v1", "apps", "verify_credentials"):
                return Answer(200, {"name": "distributor", "scopes": self.scopes})
            case ("GET", "v1", "accounts", _, "statuses"):
                return Answer(200, self._page(request))
            case ("POST", "v2", "media"):
                return self._upload(request)
            case ("GET", "v1", "media", name):
                return self._processed(name)
            case ("POST", "v1", "statuses"):
                return self._post(request)
            case ("GET", "v1", "statuses", name):
                if name not in self.statuses:
                    return Answer(404, {"error": "Record not found"})
                return Answer(200, self._counts() | self.statuses[name])
            case ("PUT", "v1", "statuses", name):
                return self._edit(name, request)
            case ("DELETE", "v1", "statuses", name):
                if self.statuses.pop(name, None) is None:
                    return Answer(404, {"error": "Record not found"})
                self.effect("delete", id=name)
                return Answer(200, {"id": name})
        return Answer(404, {"error": "Record not found"})

    def _counts(self) -> dict[str, int]:
        return dict.fromkeys(("favourites_count", "reblogs_count", "replies_count"), 0)

    def _post(self, request: Request) -> Answer:
        form, key = _form(request), request.headers.get("idempotency-key", "")
        known = self.keys.get(key)
        if key and known and self.now() - known[1] < KEPT and known[0] in self.statuses:
            if self.repeats_fail:
                return Answer(500, {"error": "Internal Server Error"})
            return Answer(200, self.statuses[known[0]])
        refused = self._refused(form)
        if refused:
            return refused
        self._next += 1
        status = {
            "id": str(self._next),
            "created_at": self.now().isoformat(),
            "url": f"{self.url}/@paper/{self._next}",
            "uri": f"{self.url}/users/paper/statuses/{self._next}",
            "account": self._account(),
            "visibility": form.get("visibility", ["public"])[-1],
            "language": form.get("language", [None])[-1],
            **self._content(form),
        }
        self.statuses[status["id"]] = status
        self.keys[key] = (status["id"], self.now())
        self.effect("post", id=status["id"], key=key, text=form["status"][-1])
        return Answer(200, status)

    def _edit(self, name: str, request: Request) -> Answer:
        if name not in self.statuses:
            return Answer(404, {"error": "Record not found"})
        form = _form(request)
        refused = self._refused(form)
        if refused:
            return refused
        self.statuses[name].update(self._content(form))
        self.effect("edit", id=name, text=form["status"][-1])
        return Answer(200, self.statuses[name])

    def _refused(self, form: dict[str, list[str]]) -> Answer | None:
        if "scheduled_at" in form:
            return Answer(422, {"error": "this twin refuses scheduled posts: their idempotency is not kept"})
        if len(form.get("status", [""])[-1]) > self.length:
            return Answer(422, {"error": f"Validation failed: Text character limit of {self.length} exceeded"})
        for name in form.get("media_ids[]", []):
            if self.media.get(name, {}).get("looks", 1) > 0:
                return Answer(422, {"error": "Cannot attach files that have not finished processing. Try again!"})
        return None

    def _content(self, form: dict[str, list[str]]) -> dict[str, Any]:
        text = html.escape(form["status"][-1], quote=False)
        linked = re.sub(r"https?://[^\s<]+", lambda m: f'<a href="{html.escape(html.unescape(m[0]))}">{m[0]}</a>', text)
        return {
            "content": f"<p>{linked}</p>",
            "spoiler_text": form.get("spoiler_text", [""])[-1],
            "sensitive": form.get("sensitive", ["0"])[-1] in ("1", "true", "True"),
            "media_attachments": [self.media[name]["shown"] for name in form.get("media_ids[]", [])],
        }

    def _upload(self, request: Request) -> Answer:
        if self.media_status >= 300:
            return Answer(self.media_status, {"error": "no media today"})
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in BytesParser().parsebytes(head + request.body).walk()
            if not part.is_multipart()
        }
        name = hashlib.sha256(request.body).hexdigest()[:12]
        told = parts.get("description")
        description = told.get_payload(decode=True).decode() if told else None
        shown = {"id": name, "type": "image", "url": f"{self.url}/media/{name}", "description": description}
        self.media[name] = {"looks": self.processing, "shown": shown, "bytes": parts["file"].get_payload(decode=True)}
        return Answer(202 if self.processing else 200, {**shown, "url": None if self.processing else shown["url"]})

    def _processed(self, name: str) -> Answer:
        kept = self.media[name]
        kept["looks"] -= 1
        ready = kept["looks"] <= 0
        return Answer(200 if ready else 206, {**kept["shown"], "url": kept["shown"]["url"] if ready else None})

    def _page(self, request: Request) -> list[dict[str, Any]]:
        query = parse_qs(request.query)
        newest = sorted(self.statuses.values(), key=lambda status: int(status["id"]), reverse=True)
        below = int(query.get("max_id", ["0"])[-1]) or 1 << 62
        return [status for status in newest if int(status["id"]) < below][: int(query.get("limit", ["20"])[-1])]

    def _account(self) -> dict[str, Any]:
        return {"id": "1", "username": "paper", "acct": "paper", "url": f"{self.url}/@paper"}

    def _instance(self) -> dict[str, Any]:
        statuses = {"max_characters": self.length, "max_media_attachments": 4, "characters_reserved_per_url": 23}
        media = {"supported_mime_types": ["image/jpeg", "image/png"], "image_size_limit": 16_777_216}
        return {
            "domain": "twin.test",
            "version": "4.5.0",
            "api_versions": {"mastodon": 7},
            "configuration": {"statuses": statuses, "media_attachments": {**media, "description_limit": 1500}},
        }


def _form(request: Request) -> dict[str, list[str]]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return {key: [str(value)] for key, value in json.loads(request.body).items()}
    return parse_qs(request.body.decode(), keep_blank_values=True)


if __name__ == "__main__":
    stand_alone(MastodonTwin)

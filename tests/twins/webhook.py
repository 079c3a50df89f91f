"""A receiver of Standard Webhooks: it checks each signature, and drops what it has seen by its id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from tests.twins.loopback import Answer, Request, Twin, stand_alone

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


class WebhookTwin(Twin):
    """A receiver whose secret is SECRET."""

    network = "webhook"
    prefix = "/hook/in"

    def __init__(self, **given: Any) -> None:
        self.seen: set[str] = set()
        self.status = 202
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        return {
            "unauthorized": Answer(401, {"error": "who are you?"}),
            "forbidden": Answer(403, {"error": "not you"}),
            "rate-limit": Answer(429, {}, {"Retry-After": "120"}),
            "bad-request": Answer(400, {"error": "no such event"}),
            "server-error": Answer(500, {"error": "broken"}),
            "gone": Answer(410, {}),
        }

    def respond(self, request: Request) -> Answer:
        if request.path != self.prefix:
            return Answer(404, {"error": "not here"})
        if not self._signed(request):
            self.violations.append("bad signature")
            return Answer(401, {"error": "bad signature"})
        event, name = json.loads(request.body), request.headers["webhook-id"]
        post = event["data"]["id"]
        if name not in self.seen:
            self.seen.add(name)
            kind = {"article.published": "post", "article.updated": "edit", "article.withdrawn": "delete"}[
                event["type"]
            ]
            if kind == "delete":
                self.posts.pop(post, None)
            else:
                self.posts[post] = event["data"]
            self.effect(kind, id=post, key=name, text=event["data"].get("text", ""))
        return Answer(self.status, {"url": f"https://intranet.example/{len(self.seen)}"})

    def _signed(self, request: Request) -> bool:
        name, stamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signature = hmac.new(key, f"{name}.{stamp}.".encode() + request.body, hashlib.sha256).digest()
        given = request.headers.get("webhook-signature", "").split()
        return f"v1,{base64.b64encode(signature).decode()}" in given and abs(time.time() - int(stamp)) <= 300


if __name__ == "__main__":
    stand_alone(WebhookTwin)

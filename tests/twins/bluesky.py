"""A Bluesky PDS as far as the channel uses it: sessions that run out, and records whose keys are unique.

createRecord with a key that exists answers 500, as the real one does (atproto #3718).
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.twins.loopback import Answer, Request, Twin, stand_alone

DID = "did:plc:twintwintwintwintwintwin"
TID = re.compile(r"^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$")
BLOB_LIMIT = 1_000_000


class BlueskyTwin(Twin):
    """One account: paper.test, with any password but "wrong"."""

    network = "bluesky"

    def __init__(self, **given: Any) -> None:
        self.sessions = self.renewals = 0
        self.access, self.refresh = "", ""
        self.blobs: dict[str, bytes] = {}
        self.blob_status = 200
        self.fared: dict[str, dict[str, int]] = {}
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        limits = {"RateLimit-Limit": "5000", "RateLimit-Remaining": "0", "RateLimit-Reset": str(int(time.time()) + 900)}
        return {
            "unauthorized": _error(401, "AuthenticationRequired", "Invalid identifier or password"),
            "forbidden": _error(403, "Forbidden", "not you"),
            "rate-limit": Answer(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, limits),
            "bad-request": _error(400, "InvalidRequest", "Invalid app.bsky.feed.post record"),
            "server-error": _error(500, "InternalServerError", "Internal Server Error"),
        }

    def expire(self) -> None:
        """The session's access token has run out."""
        self.access = "spent"

    def revoke(self) -> None:
        """Neither token works any more."""
        self.access = self.refresh = "spent"

    def respond(self, request: Request) -> Answer:
        name, token = (
            request.path.removeprefix("/xrpc/"),
            request.headers.get("authorization", "").removeprefix("Bearer "),
        )
        if name == "com.atproto.server.createSession":
            return self._session(json.loads(request.body))
        if name == "com.atproto.server.refreshSession":
            return self._renewed(token)
        if token != self.access:
            return _error(400, "ExpiredToken", "Token has expired")
        handler = getattr(self, "_" + name.rpartition(".")[2], None)
        return handler(request) if handler else _error(501, "MethodNotImplemented", "Method Not Implemented")

    def _session(self, told: dict[str, str]) -> Answer:
        if told["password"] == "wrong":
            return self.refusals()["unauthorized"]
        self.sessions += 1
        return self._tokens()

    def _renewed(self, token: str) -> Answer:
        if token != self.refresh:
            return _error(400, "ExpiredToken", "Token has been revoked")
        self.renewals += 1
        return self._tokens()

    def _tokens(self) -> Answer:
        number = self.sessions * 1000 + self.renewals
        self.access, self.refresh = f"canary-access-{number}", f"canary-refresh-{number}"
        return Answer(200, {"did": DID, "handle": "paper.test", "accessJwt": self.access, "refreshJwt": self.refresh})

    def _getSession(self, request: Request) -> Answer:
        return Answer(200, {"did": DID, "handle": "paper.test", "active": True})

    def _createRecord(self, request: Request) -> Answer:
        told = json.loads(request.body)
        record, key = told["record"], told["rkey"]
        if told["repo"] != DID or not TID.match(key):
            return _error(400, "InvalidRequest", "bad repo or rkey")
        if len(record["text"].encode()) > 3000:
            return _error(400, "InvalidRequest", "Record/text must not be longer than 3000 bytes")
        if key in self.posts:
            return self.refusals()["server-error"]
        cid = "bafy" + hashlib.sha256(json.dumps(record).encode()).hexdigest()[:20]
        shown = {"uri": f"at://{DID}/app.bsky.feed.post/{key}", "cid": cid}
        self.posts[key] = {**shown, "value": record}
        self.effect("post", id=key, key=key, text=record["text"])
        return Answer(200, shown)

    def _getRecord(self, request: Request) -> Answer:
        key = parse_qs(request.query)["rkey"][0]
        if key not in self.posts:
            return _error(400, "RecordNotFound", f"Could not locate record: at://{DID}/app.bsky.feed.post/{key}")
        return Answer(200, self.posts[key])

    def _getPosts(self, request: Request) -> Answer:
        uris = parse_qs(request.query).get("uris", [])
        if not 0 < len(uris) <= 25:
            return _error(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        known = {post["uri"]: key for key, post in self.posts.items()}
        posts = [
            {"uri": uri, "cid": "bafy", "author": {"did": DID}, "likeCount": 0, "repostCount": 0, "replyCount": 0}
            | self.fared.get(known[uri], {})
            for uri in uris
            if uri in known
        ]
        return Answer(200, {"posts": posts})

    def _deleteRecord(self, request: Request) -> Answer:
        key = json.loads(request.body)["rkey"]
        if self.posts.pop(key, None):
            self.effect("delete", id=key)
        return Answer(200, {})

    def _uploadBlob(self, request: Request) -> Answer:
        if self.blob_status >= 300:
            return _error(self.blob_status, "Trouble", "no blobs today")
        if len(request.body) > BLOB_LIMIT:
            return _error(400, "BlobTooLarge", "This file is too large")
        link = "bafkrei" + hashlib.sha256(request.body).hexdigest()[:20]
        self.blobs[link] = request.body
        kind = request.headers["content-type"]
        return Answer(
            200, {"blob": {"$type": "blob", "ref": {"$link": link}, "mimeType": kind, "size": len(request.body)}}
        )


def _error(status: int, name: str, message: str) -> Answer:
    return Answer(status, {"error": name, "message": message})


if __name__ == "__main__":
    stand_alone(BlueskyTwin)

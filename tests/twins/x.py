"""An X API v2 for tests: posts, deletions, media and "who am I", every request judged by the published description."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from tests.twins.loopback import SHARED, Answer, Request, Twin, stand_alone

SPEC = SHARED / "specs" / "x-openapi.json"
PROBLEM = "https://api.twitter.com/2/problems/"
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
DAY = {"x-rate-limit-remaining": "40", "x-rate-limit-reset": "1772367300"}


class XTwin(Twin):
    """Takes every key; with `secrets` (the app's, the account's) it also verifies each OAuth 1.0a signature.

    `remembers` is for how many seconds the same text is a duplicate; 0 turns that off.
    """

    network = "x"

    def __init__(self, *, secrets: tuple[str, str] | None = None, remembers: float = 0.0, **given: Any) -> None:
        self._judge = _judge() if given.get("validate", True) and SPEC.is_file() else None
        self._secrets = secrets
        self._texts: dict[str, float] = {}
        self._last = 1_900_000_000_000_000_000
        self.remembers = remembers
        self.media: dict[str, dict[str, Any]] = {}
        self.processing: list[str] = []  # states that finalize and STATUS tell, one after another
        self.access_level = "read-write"
        self.fared: dict[str, dict[str, int]] = {}
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        reset = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1772367300"}
        day = {**DAY, "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": "1772402400"}
        app = {**DAY, "x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": "1772402400"}
        return {
            "unauthorized": problem(401, "Unauthorized", "Unauthorized"),
            "old-unauthorized": Answer(401, {"errors": [{"code": 32, "message": "Could not authenticate you."}]}),
            "forbidden": problem(403, "Forbidden", "You are not permitted to perform this action."),
            "no-rights": problem(
                403, "Forbidden", "Your client app is not configured with the appropriate permissions."
            ),
            "suspended": problem(403, "Forbidden", "Your account is suspended and is not permitted to do this."),
            "duplicate": problem(403, "Forbidden", DUPLICATE),
            "too-long": problem(403, "Forbidden", "Your Tweet text is too long."),
            "daily-limit": Answer(
                403, {"errors": [{"code": 185, "message": "User is over daily status update limit."}]}
            ),
            "gate": Answer(403, b"<html>Attention Required! | Cloudflare</html>", {"Content-Type": "text/html"}),
            "bad-request": problem(400, "Invalid Request", "One or more parameters to your request was invalid."),
            "credits": problem(
                402, "CreditsDepleted", "Your account does not have any credits to fulfill this request."
            ),
            "usage-cap": problem(429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap"),
            "rate-limit": problem(429, "Too Many Requests", "Too Many Requests", reset),
            "rate-limit-day": problem(429, "Too Many Requests", "Too Many Requests", day),
            "rate-limit-app": problem(429, "Too Many Requests", "Too Many Requests", app),
            "rate-limit-bare": Answer(429, b"Too many requests"),
            "too-large": Answer(413, b""),
            "moved": Answer(307, b"", {"Location": "https://elsewhere.example/"}),
            "bad-media": problem(400, "Invalid Request", "Your media IDs are invalid. duplicate"),
            "server-error": problem(500, "Internal Server Error", "Something is broken"),
            "unavailable": problem(503, "Service Unavailable", "Service Unavailable"),
            "strange-error": Answer(500, ["not", "an", "object"]),
            "strange-refusal": Answer(403, "text"),
        }

    def respond(self, request: Request) -> Answer:
        if told := self._unsigned(request):
            self.violations.append(told)
            return problem(401, "Unauthorized", told)
        body = json.loads(request.body) if request.body else None
        if self._judge is not None and (told := self._judge.request(request, body)):
            self.violations.append(told)
            return problem(400, "Invalid Request", told)
        answer = self._route(request, body or {})
        if self._judge is not None and (told := self._judge.response(request, answer)):
            self.violations.append(f"the twin itself: {told}")
        return answer

    def _route(self, request: Request, body: dict[str, Any]) -> Answer:
        path = request.path
        if (request.method, path) == ("POST", "/2/tweets"):
            return self._post(body)
        if (request.method, path) == ("GET", "/2/tweets"):
            return self._metrics(dict(parse_qsl(request.query)).get("ids", "").split(","))
        if request.method == "DELETE" and (post := re.fullmatch(r"/2/tweets/(\d+)", path)):
            return self._delete(post[1])
        if path == "/2/users/me":
            me = {"id": "2244994945", "name": "News", "username": "news_example"}
            return Answer(200, {"data": me}, {"x-access-level": self.access_level})
        if path == "/2/media/metadata":
            return self._describe(body)
        if path == "/2/media/upload" and request.method == "GET":
            return self._media(dict(parse_qsl(request.query))["media_id"])
        if path == "/2/media/upload":
            return self._media(self._new_media(base64.b64decode(body["media"]), body["media_category"]))
        if path == "/2/media/upload/initialize":
            return Answer(200, {"data": {"id": self._new_media(b"", body["media_category"])}})
        if piece := re.fullmatch(r"/2/media/upload/(\d+)/(append|finalize)", path):
            return self._piece(piece[1], piece[2], body)
        return problem(404, "Not Found", "Not Found")

    def _post(self, body: dict[str, Any]) -> Answer:
        text, now = body.get("text", ""), time.monotonic()
        media = body.get("media", {}).get("media_ids", [])
        if not text and not media:
            return problem(400, "Invalid Request", "text or media is needed")
        if any(number not in self.media for number in media):
            return problem(400, "Invalid Request", "Your media IDs are invalid.")
        if self.remembers and now - self._texts.get(text, -1e9) < self.remembers:
            return problem(403, "Forbidden", DUPLICATE)
        self._texts[text] = now
        number = self._number()
        self.posts[number] = {"text": text, "media": media}
        self.effect("post", id=number, text=text, media=len(media))
        return Answer(201, {"data": {"id": number, "text": text, "edit_history_tweet_ids": [number]}})

    def _metrics(self, numbers: list[str]) -> Answer:
        """Who is not there stands under `errors`, and with nobody there `data` is left out."""
        names = ("repost_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")
        found = [
            {
                "id": number,
                "text": self.posts[number]["text"],
                "edit_history_post_ids": [number],
                "public_metrics": dict.fromkeys(names, 0) | self.fared.get(number, {}),
            }
            for number in numbers
            if number in self.posts
        ]
        gone = [
            {
                "title": "Not Found Error",
                "detail": f"Could not find tweet with ids: [{number}].",
                "type": "https://api.x.com/2/problems/resource-not-found",
                "resource_type": "tweet",
            }
            for number in numbers
            if number not in self.posts
        ]
        return Answer(200, ({"data": found} if found else {}) | ({"errors": gone} if gone else {}))

    def _delete(self, number: str) -> Answer:
        if self.posts.pop(number, None) is None:
            return problem(404, "Not Found Error", f"Could not find tweet with id: [{number}].")
        self.effect("delete", id=number)
        return Answer(200, {"data": {"deleted": True}})

    def _describe(self, body: dict[str, Any]) -> Answer:
        self.media[body["id"]]["alt"] = body["metadata"]["alt_text"]["text"]
        return Answer(200, {"data": {"id": body["id"], "associated_metadata": {}}})

    def _piece(self, number: str, step: str, body: dict[str, Any]) -> Answer:
        media = self.media[number]
        if step == "finalize":
            return self._media(number)
        if media["pieces"] != body["segment_index"]:
            return problem(400, "Invalid Request", "segments out of order")
        media["pieces"] += 1
        media["content"] += base64.b64decode(body["media"])
        return Answer(200, {"data": {"expires_at": 1_800_000_000}})

    def _media(self, number: str) -> Answer:
        data: dict[str, Any] = {"id": number, "media_key": f"3_{number}", "expires_after_secs": 86400}
        if self.processing:
            data["processing_info"] = {"state": self.processing.pop(0), "check_after_secs": 0}
        return Answer(200, {"data": data})

    def _new_media(self, content: bytes, category: str) -> str:
        number = self._number()
        self.media[number] = {"content": content, "category": category, "pieces": 0, "alt": ""}
        return number

    def _number(self) -> str:
        self._last += 1
        return str(self._last)

    def _unsigned(self, request: Request) -> str:
        """What is wrong with a request's OAuth 1.0a header (RFC 5849 section 3.5.1); empty if nothing."""
        if not self.validate:
            return ""
        header = request.headers.get("authorization", "")
        given = {unquote(key): unquote(value) for key, value in re.findall(r'(\w+)="([^"]*)"', header)}
        needed = ("consumer_key", "token", "signature", "signature_method", "timestamp", "nonce")
        if not header.startswith("OAuth ") or any(f"oauth_{name}" not in given for name in needed):
            return "no OAuth 1.0a header"
        if self._secrets is None:
            return ""
        signature = given.pop("oauth_signature")
        url = f"http://127.0.0.1:{self.port}{request.path}"
        right = _signature(request.method, url, [*given.items(), *parse_qsl(request.query)], self._secrets)
        return "" if hmac.compare_digest(right, signature) else "the signature does not verify"


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"title": title, "detail": detail, "type": "about:blank", "status": status}, headers or {})


def _signature(method: str, url: str, given: list[tuple[str, str]], secrets: tuple[str, str]) -> str:
    pairs = sorted((quote(key, "~"), quote(value, "~")) for key, value in given)
    base = "&".join(quote(part, "~") for part in (method, url, "&".join(f"{key}={value}" for key, value in pairs)))
    key = "&".join(quote(secret, "~") for secret in secrets)
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


class Judge:
    """The published OpenAPI description, asked about one request or response at a time."""

    def __init__(self, spec: dict[str, Any]) -> None:
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        self._spec = spec
        self._registry = Registry().with_resource("urn:x", Resource(contents=spec, specification=DRAFT202012))
        self._paths = {path: re.compile(re.sub(r"\{\w+\}", r"[^/]+", path)) for path in spec["paths"]}

    def request(self, request: Request, body: Any) -> str:
        operation = self._operation(request)
        if operation is None:
            return f"{request.method} {request.path}: not in the description"
        known = {parameter["name"] for parameter in self._parameters(operation) if parameter["in"] == "query"}
        if strange := set(dict(parse_qsl(request.query))) - known:
            return f"{request.path}: unknown parameters {strange}"
        described = operation.get("requestBody")
        if described is None:
            return "" if body is None else f"{request.path}: takes no body"
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind not in described["content"]:
            return f"{request.path}: {kind!r} is not taken"
        return self._problem(request.path, body, described["content"][kind]["schema"])

    def response(self, request: Request, answer: Answer) -> str:
        operation = self._operation(request)
        described = (operation or {}).get("responses", {}).get(str(answer.status))
        if described is None or isinstance(answer.data, bytes):
            return ""
        return self._problem(request.path, answer.data, described["content"]["application/json"]["schema"])

    def _operation(self, request: Request) -> Any:
        """A path without variables goes before one with them (OpenAPI 3.0, Paths Object)."""
        for path in sorted(self._paths, key=lambda path: path.count("{")):
            if self._paths[path].fullmatch(request.path) and request.method.lower() in self._spec["paths"][path]:
                return self._spec["paths"][path][request.method.lower()]
        return None

    def _parameters(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        named = self._spec["components"]["parameters"]
        given = operation.get("parameters", [])
        return [named[entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry for entry in given]

    def _problem(self, path: str, value: Any, schema: dict[str, Any]) -> str:
        from jsonschema import Draft202012Validator

        rooted = json.loads(json.dumps(schema).replace('"#/', '"urn:x#/'))
        found = next(Draft202012Validator(rooted, registry=self._registry).iter_errors(value), None)
        return f"{path}: {found.json_path}: {found.message[:300]}" if found else ""


@cache
def _judge() -> Judge:
    return Judge(json.loads(SPEC.read_text()))


if __name__ == "__main__":
    stand_alone(partial(XTwin, remembers=86_400.0))

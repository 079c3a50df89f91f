"""A Telegram Bot API for tests: enough to post, edit, delete and check; the spec judges every parameter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email import message_from_bytes
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zlib import crc32

from tests.twins.loopback import SHARED, Answer, Request, Twin, stand_alone

SPEC = SHARED / "specs" / "telegram-api.json"
MODIFIED = "message is not modified: specified new message content and reply markup are exactly the same"
TAGS = {
    *("a", "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "span"),
    *("tg-spoiler", "tg-emoji"),
}


class TelegramTwin(Twin):
    """Takes every well-formed token and every chat. `member` is what getChatMember says of the bot."""

    network = "telegram"
    prefix = "/bot"

    def __init__(self, **given: Any) -> None:
        self._spec = _spec() if given.get("validate", True) and SPEC.is_file() else None
        self._last = 0
        self.member: dict[str, Any] = administrator()
        self.forum = False
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        return {
            "unauthorized": refusal(401, "Unauthorized"),
            "no-such-token": refusal(404, "Not Found"),
            "forbidden": refusal(403, "Forbidden: bot was kicked from the channel chat"),
            "not-a-member": refusal(403, "Forbidden: bot is not a member of the channel chat"),
            "no-rights": refusal(400, "Bad Request: need administrator rights in the channel chat"),
            "no-chat": refusal(400, "Bad Request: chat not found"),
            "no-topic": refusal(400, "Bad Request: message thread not found"),
            "bad-request": refusal(400, "Bad Request: MESSAGE_SOMETHING_INVALID"),
            "bad-markup": refusal(
                400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0'
            ),
            "bad-photo": refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
            "too-old": refusal(400, "Bad Request: message can't be deleted for everyone"),
            "migrated": refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009876543210),
            "rate-limit": refusal(429, "Too Many Requests: retry after 17", retry_after=17),
            "rate-limit-bare": refusal(429, "Too Many Requests"),
            "too-large": refusal(413, "Request Entity Too Large"),
            "conflict": refusal(409, "Conflict: terminated by other getUpdates request"),
            "moved": Answer(302, b"", {"Location": "https://login.example/"}),
            "middlebox": Answer(407, b"<html>proxy</html>"),
            "server-error": refusal(500, "Internal Server Error: restart"),
            "bad-gateway": Answer(502, b"<html>Bad Gateway</html>"),
        }

    def respond(self, request: Request) -> Answer:
        path = re.fullmatch(r"/bot(\d+):[\w-]+/(\w+)", request.path)
        if path is None:
            return refusal(404, "Not Found")
        method, given = path[2], parameters(request)
        if self._spec is not None and (told := self._spec.judge(method, given)):
            self.violations.append(told)
            return refusal(400, f"Bad Request: {told}")
        act = getattr(self, "_" + method, None)
        return act(typed(given), int(path[1])) if act else refusal(404, "Not Found: method not found")

    def _getMe(self, given: dict[str, Any], bot: int) -> Answer:
        return good({"id": bot, "is_bot": True, "first_name": "Newsroom", "username": "newsroom_bot"})

    def _getChat(self, given: dict[str, Any], bot: int) -> Answer:
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return good({**self._chat(given["chat_id"]), **more})

    def _getChatMember(self, given: dict[str, Any], bot: int) -> Answer:
        user = {"id": bot, "is_bot": True, "first_name": "Newsroom", "username": "newsroom_bot"}
        return good({**self.member, "user": user})

    def _sendMessage(self, given: dict[str, Any], bot: int) -> Answer:
        problem = judged_text(given.get("text", ""), 4096, "message is too long")
        return refusal(400, problem) if problem else self._post(given, given["text"], photo=False)

    def _sendPhoto(self, given: dict[str, Any], bot: int) -> Answer:
        problem = judged_text(given.get("caption", "-"), 1024, "message caption is too long")
        if not problem and isinstance(given["photo"], dict) and not given["photo"]["file"]:
            problem = "Bad Request: file must be non-empty"
        return refusal(400, problem) if problem else self._post(given, given.get("caption", ""), photo=True)

    def _editMessageText(self, given: dict[str, Any], bot: int) -> Answer:
        return self._edit(given, judged_text(given["text"], 4096, "message is too long"), given["text"], photo=False)

    def _editMessageCaption(self, given: dict[str, Any], bot: int) -> Answer:
        words = given.get("caption", "")
        return self._edit(given, judged_text(words or "-", 1024, "message caption is too long"), words, photo=True)

    def _deleteMessage(self, given: dict[str, Any], bot: int) -> Answer:
        key = f"{self._chat(given['chat_id'])['id']}/{given['message_id']}"
        if self.posts.pop(key, None) is None:
            return refusal(400, "Bad Request: message to delete not found")
        self.effect("delete", id=key)
        return good(True)

    def _post(self, given: dict[str, Any], text: str, *, photo: bool) -> Answer:
        self._last += 1
        chat = self._chat(given["chat_id"])
        key = f"{chat['id']}/{self._last}"
        post = {"chat": chat, "id": self._last, "text": text, "photo": photo, "markup": given.get("reply_markup")}
        self.posts[key] = post
        self.effect("post", id=key, text=text, photo=photo)
        return good(message(post, given.get("message_thread_id")))

    def _edit(self, given: dict[str, Any], problem: str, text: str, *, photo: bool) -> Answer:
        key = f"{self._chat(given['chat_id'])['id']}/{given['message_id']}"
        post = self.posts.get(key)
        if post is None:
            problem = "Bad Request: message to edit not found"
        elif post["photo"] != photo:
            problem = f"Bad Request: there is no {'caption' if photo else 'text'} in the message to edit"
        elif (post["text"], post["markup"]) == (text, given.get("reply_markup")):
            problem = f"Bad Request: {MODIFIED}"
        if problem or post is None:
            return refusal(400, problem)
        post.update(text=text, markup=given.get("reply_markup"))
        self.effect("edit", id=key, text=text)
        return good(message(post))

    def _chat(self, chat: int | str) -> dict[str, Any]:
        if isinstance(chat, int):
            return {
                "id": chat,
                "type": "supergroup" if self.forum else "channel",
                "title": "News",
                "is_forum": self.forum,
            }
        number = -1_000_000_000_000 - crc32(chat.encode())
        return {"id": number, "type": "channel", "title": "News", "username": chat.removeprefix("@")}


def administrator(**rights: bool) -> dict[str, Any]:
    """A ChatMemberAdministrator with every right that a news bot needs, but for those given."""
    names = (
        *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
        *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
        *("can_edit_stories", "can_delete_stories", "can_post_messages", "can_edit_messages"),
    )
    return {"status": "administrator", **dict.fromkeys(names, True), **rights}


def good(result: Any) -> Answer:
    return Answer(200, {"ok": True, "result": result})


def refusal(status: int, description: str, **parameters: int) -> Answer:
    data: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return Answer(status, {**data, "parameters": parameters} if parameters else data)


def message(post: Mapping[str, Any], thread: int | None = None) -> dict[str, Any]:
    """A Message, as the API gives it for what was posted."""
    data: dict[str, Any] = {"message_id": post["id"], "date": 1_770_000_000, "chat": post["chat"]}
    if thread is not None:
        data |= {"message_thread_id": thread, "is_topic_message": True}
    if post["photo"]:
        size = {"file_id": "f", "file_unique_id": "u", "width": 90, "height": 60}
        return {**data, "photo": [size], "caption": post["text"]}
    return {**data, "text": post["text"]}


def judged_text(markup: str, limit: int, too_long: str) -> str:
    """What the network says against a text in HTML; empty if nothing."""
    if told := unbalanced(markup):
        return f"Bad Request: can't parse entities: {told}"
    shown = unescape(re.sub(r"<[^<>]*>", "", markup))
    if not shown.strip():
        return "Bad Request: message text is empty"
    return f"Bad Request: {too_long}" if len(shown.encode("utf-16-le", "surrogatepass")) // 2 > limit else ""


def unbalanced(markup: str) -> str:
    problems: list[str] = []
    stack: list[str] = []

    class Judge(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            stack.append(tag)
            if tag not in TAGS:
                problems.append(f'Unsupported start tag "{tag}"')

        def handle_endtag(self, tag: str) -> None:
            if not stack or stack.pop() != tag:
                problems.append(f'Unmatched end tag "{tag}"')

    judge = Judge()
    judge.feed(markup)
    judge.close()
    return problems[0] if problems else (f"Can't find end tag corresponding to start tag {stack[-1]}" if stack else "")


def parameters(request: Request) -> dict[str, Any]:
    """The parameters as sent: text, and {"file": bytes} for an upload."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/"):
        parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body).get_payload()
        return dict(_part(part) for part in parts)
    if kind.startswith("application/json"):
        return {key: v if isinstance(v, str) else json.dumps(v) for key, v in json.loads(request.body or b"{}").items()}
    return dict(parse_qsl((request.body.decode() + "&" + request.query).strip("&"), keep_blank_values=True))


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Text read as the values that it stands for, where it is no text by nature."""
    words = ("text", "caption", "parse_mode")
    return {key: value if key in words or isinstance(value, dict) else _value(value) for key, value in given.items()}


def _part(part: Any) -> tuple[str, Any]:
    name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
    return name, {"file": content} if part.get_filename() else content.decode()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class Spec:
    """The published description (methods and types) as JSON Schema."""

    def __init__(self, path: Path) -> None:
        from jsonschema import Draft202012Validator

        spec = json.loads(path.read_text())
        self._types = {
            method: {field["name"]: field["types"] for field in described.get("fields", [])}
            for method, described in spec["methods"].items()
        }
        defs = {name: _schema(described) for name, described in spec["types"].items()}
        self._validators = {
            method: Draft202012Validator({**_schema(described), "$defs": defs})
            for method, described in spec["methods"].items()
        }

    def judge(self, method: str, given: Mapping[str, Any]) -> str:
        """What is wrong with a call; empty if nothing."""
        if method not in self._validators:
            return f"{method}: no such method"
        types = self._types[method]
        values = {key: self._read(value, types.get(key, ["String"])) for key, value in given.items()}
        problem = next(self._validators[method].iter_errors(values), None)
        return f"{method}: {problem.json_path}: {problem.message[:300]}" if problem else ""

    def _read(self, value: Any, types: list[str]) -> Any:
        if isinstance(value, dict):
            return {"file": True}
        return value if set(types) <= {"String", "InputFile"} else _value(value)


@cache
def _spec() -> Spec:
    return Spec(SPEC)


def _schema(described: Mapping[str, Any]) -> dict[str, Any]:
    if described.get("subtypes"):
        return {"anyOf": [_type(name) for name in described["subtypes"]]}
    fields = described.get("fields", [])
    return {
        "type": "object",
        "properties": {field["name"]: {"anyOf": [_type(name) for name in field["types"]]} for field in fields},
        "required": [field["name"] for field in fields if field["required"]],
        "additionalProperties": False,
    }


def _type(name: str) -> dict[str, Any]:
    if name.startswith("Array of "):
        return {"type": "array", "items": _type(name.removeprefix("Array of "))}
    plain: dict[str, dict[str, Any]] = {
        "String": {"type": "string"},
        "Integer": {"type": "integer"},
        "Float": {"type": "number"},
        "Boolean": {"type": "boolean"},
        "True": {"const": True},
        "InputFile": {"type": "object", "required": ["file"]},
    }
    return plain.get(name) or {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    stand_alone(TelegramTwin)

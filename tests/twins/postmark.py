"""A Postmark for tests: /email, /server and /message-streams, judged by the fields that its documentation names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from email.utils import getaddresses
from typing import Any

from tests.twins.loopback import Answer, Request, Twin, stand_alone

TOKEN = "b5d3c1a0-0000-4000-8000-c0ffee000001"
FIELDS: dict[str, type] = {
    "From": str, "To": str, "Cc": str, "Bcc": str, "Subject": str, "Tag": str, "HtmlBody": str, "TextBody": str,
    "ReplyTo": str, "Metadata": dict, "Headers": list, "TrackOpens": bool, "TrackLinks": str, "Attachments": list,
    "MessageStream": str,
}  # fmt: skip
DOMAIN, MAILBOX = r"((\.)?[a-zA-Z0-9\-])+", r"[a-zA-Z0-9\.!#\$%&'`\*\+\-\/=\^_\{\}\|~]+"


class PostmarkTwin(Twin):
    """One server with one stream, `broadcast`. `posts` are the mails by their MessageID."""

    network = "postmark"

    def __init__(self, **given: Any) -> None:
        self._last = 0
        self.server: dict[str, Any] = {"ID": 1, "Name": "The Paper", "DeliveryType": "Live"}
        self.stream: dict[str, Any] = {
            "ID": "broadcast",
            "ServerID": 1,
            "Name": "Broadcasts",
            "MessageStreamType": "Broadcasts",
            "ArchivedAt": None,
            "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"},
        }
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        return {
            "bad-token": refusal(
                401, 10, "The Server Token you provided in the X-Postmark-Server-Token header is bad."
            ),
            "maintenance": refusal(503, 100, "The Postmark API is offline for maintenance."),
            "bad-to": refusal(422, 300, "Invalid 'To' address: 'reader@example'."),
            "bad-to-2": refusal(422, 300, "Error parsing 'To': Illegal email domain 'x' in address 'reader@x'."),
            "bad-from": refusal(422, 300, "Invalid 'From' address: 'news@paper'."),
            "bad-request": refusal(422, 300, "Invalid metadata content."),
            "no-signature": refusal(422, 400, "The 'From' address you supplied is not a Sender Signature."),
            "unconfirmed": refusal(422, 401, "The sender signature is not confirmed."),
            "bad-json": refusal(422, 402, "Received invalid JSON input."),
            "no-credits": refusal(422, 405, "You ran out of credits"),
            "inactive": refusal(
                422,
                406,
                "You tried to send to a recipient that has been marked as inactive.\nFound inactive addresses: "
                "reader@example.org.\nInactive recipients are ones that have generated a hard bounce, a spam "
                "complaint, or a manual suppression. ",
            ),
            "inactive-ok": Answer(
                200,
                {
                    "ErrorCode": 0,
                    "MessageID": "m-0",
                    "Message": "Message OK, but will not deliver to these inactive addresses: reader@example.org",
                },
            ),
            "pending": refusal(
                422, 412, "While your account is pending approval, all recipient addresses must share ..."
            ),
            "may-not-send": refusal(422, 413, "Account may not send"),
            "no-stream": refusal(422, 1235, "The stream provided: 'x' does not exist on this server."),
            "rate-limit": refusal(429, 429, "Rate Limit Exceeded"),
            "rate-limit-bare": Answer(429, b""),
            "too-large": Answer(413, b""),
            "novel": refusal(422, 9999, "Something new"),
            "moved": Answer(301, b"", {"Location": "https://elsewhere.example/"}),
            "not-found": Answer(404, b"<html>nginx</html>"),
            "server-error": refusal(500, 0, "Internal Server Error"),
            "bad-gateway": Answer(502, b"<html>Bad Gateway</html>"),
            "unavailable": Answer(503, b"<html>balancer</html>"),
        }

    def respond(self, request: Request) -> Answer:
        if request.headers.get("x-postmark-server-token") != TOKEN:
            return self.refusals()["bad-token"]
        if request.headers.get("accept") != "application/json":
            self.violations.append("no Accept: application/json")
        if request.method == "GET":
            found = {"/server": self.server, "/message-streams/broadcast": self.stream}.get(request.path)
            return Answer(200, found) if found else refusal(422, 1226, "The message stream could not be found.")
        if (request.method, request.path) != ("POST", "/email"):
            return self.refusals()["not-found"]
        data = json.loads(request.body)
        if request.headers.get("content-type") != "application/json" or (told := judged(data)):
            self.violations.append(told or "no JSON")
            return refusal(422, 300, told or "no JSON")
        self._last += 1
        identity = f"0a129aee-e1cd-480d-b08d-{self._last:012x}"
        self.posts[identity] = data
        self.effect("mail", id=identity, to=data["To"])
        at = "2026-03-02T07:00:00.7609167Z"
        return Answer(
            200, {"To": data["To"], "SubmittedAt": at, "MessageID": identity, "ErrorCode": 0, "Message": "OK"}
        )


def refusal(status: int, code: int, message: str) -> Answer:
    return Answer(status, {"ErrorCode": code, "Message": message})


def judged(data: dict[str, Any]) -> str:
    """What is wrong with a mail's fields; empty if nothing."""
    for name, value in data.items():
        if name not in FIELDS or not isinstance(value, FIELDS[name]):
            return f"Invalid '{name}'"
    if not data.get("HtmlBody") and not data.get("TextBody"):
        return "Provide either email TextBody or HtmlBody or both."
    if data.get("TrackLinks", "None") not in ("None", "HtmlAndText", "HtmlOnly", "TextOnly"):
        return "Invalid 'TrackLinks'"
    for name, most in (("From", 1), ("To", 1), ("ReplyTo", 5)):
        found = getaddresses([data[name]]) if data.get(name) else []
        if (name != "ReplyTo" and not found) or len(found) > most:
            return f"Invalid '{name}' address: '{data.get(name)}'."
        for _, address in found:
            if not re.fullmatch(f"{MAILBOX}@{DOMAIN}", address):
                return f"Invalid '{name}' address: '{address}'."
    for header in data.get("Headers", []):
        if set(header) != {"Name", "Value"} or not re.fullmatch(r"[!-9;-~]+", header["Name"]):
            return "Invalid 'Headers'"
        if "\n" in header["Value"] or "\r" in header["Value"] or header["Name"].lower() in ("from", "to", "subject"):
            return f"Invalid header {header['Name']}"
    for name, value in data.get("Metadata", {}).items():
        if len(name) > 20 or not isinstance(value, str) or len(value) > 80:
            return "Invalid metadata content."
    for part in data.get("Attachments", []):
        if set(part) - {"Name", "Content", "ContentType", "ContentID"}:
            return "Invalid 'Attachments'"
        base64.b64decode(part["Content"], validate=True)
    return "" if len(data.get("Subject", "")) <= 2000 else "Subject is longer than 2000 characters"


if __name__ == "__main__":
    stand_alone(PostmarkTwin)

"""Out through Postmark: `POST /email`, one letter a request, so that at most one outcome a session is unknown.

    postmark://?stream=broadcast        the server's token is the password

The API takes fields, not a message: ours is read again (`rewriting`). Postmark signs and writes the return path by
itself; our Message-ID goes along, as a header to be kept and as metadata that its hooks give back.
It has no idempotency key: a request without an answer is UNKNOWN.
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Self

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail import Letter, Outcome, Scope, Session, Verdict
from distributor.mail.headers import wire_address
from distributor.mail.options import Setup
from distributor.mail.providers import Answer, Api, Unanswered, Unsent, common, no_answer, not_sent
from distributor.mail.rewriting import structured
from distributor.mail.singly import Hand, Singly, outcome

__all__ = ["Postmark"]

BASE_URL = "https://api.postmarkapp.com"

# Postmark's own error codes (postmarkapp.com/developer/api/overview#error-codes). A person mends a refused account.
_WAIT, _MEND = (Verdict.LATER, Scope.ACCOUNT), (Verdict.REFUSED, Scope.ACCOUNT)
_MESSAGE, _RECIPIENT = (Verdict.REFUSED, Scope.MESSAGE), (Verdict.REFUSED, Scope.RECIPIENT)
_KNOWN: dict[int, tuple[tuple[Verdict, Scope], str]] = {
    10: (_MEND, "5.7.8"),  # bad or missing token
    100: (_WAIT, "4.3.2"),  # maintenance
    300: (_MESSAGE, "5.6.0"),  # invalid email request
    400: (_MEND, "5.7.1"),  # sender signature not found
    401: (_MEND, "5.7.1"),  # sender signature not confirmed
    402: (_MESSAGE, "5.6.0"),  # invalid JSON
    403: (_MESSAGE, "5.6.0"),  # incompatible JSON
    405: (_MEND, "5.7.1"),  # not allowed to send: out of credits
    406: (_RECIPIENT, "5.1.1"),  # inactive: a hard bounce, a complaint or an unsubscribing is known to Postmark
    409: (_MESSAGE, "5.6.0"),  # JSON required
    411: (_MESSAGE, "5.6.1"),  # forbidden attachment
    412: (_MEND, "5.7.1"),  # account is pending
    413: (_MEND, "5.7.1"),  # account may not send
    429: (_WAIT, "4.7.28"),  # rate limit
}
_STREAMS = range(1200, 1300)  # the stream does not exist, is archived, or takes no such mail
_ABOUT_RECIPIENT = re.compile(r"(invalid|error parsing) '(to|cc|bcc)'", re.IGNORECASE)
_ABOUT_SENDER = re.compile(r"(invalid|error parsing) '(from|reply-?to)'", re.IGNORECASE)


class Postmark:
    """One server of Postmark and one of its message streams; the default stream is the one made for newsletters."""

    kind: ClassVar[str] = "postmark"

    def __init__(
        self,
        token: str,
        *,
        stream: str = "broadcast",
        base_url: str = BASE_URL,
        sessions: int = 10,
        per_second: float = 0,
        timeout: float = 60,
    ) -> None:
        self.identity = stream
        self.sessions, self.per_second = sessions, per_second
        self._stream = stream
        self._headers = {"X-Postmark-Server-Token": token}
        self._api = Api(base_url, timeout=timeout, connections=sessions)

    @classmethod
    def build(cls, setup: Setup) -> Self:
        setup.only("password", "user")
        stream = setup.text("stream", "broadcast")
        base_url = setup.base_url(BASE_URL)
        sessions = setup.whole("sessions", 10, low=1, high=100)
        per_second = setup.number("per_second", 0, low=0, high=100_000)
        timeout = setup.number("timeout", 60, low=1, high=600)
        setup.done()
        token = setup.password or setup.user
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,100}", token):
            raise setup.wrong("token", "is missing or none", "give the server's API token as the password")
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,29}", stream):
            raise setup.wrong("stream", "must be a stream's ID, such as broadcast")
        return cls(token, stream=stream, base_url=base_url, sessions=sessions, per_second=per_second, timeout=timeout)

    def connect(self) -> Session:
        return Singly(self._prepare)

    def check(self) -> list[str]:
        server = self._look("/server")
        stream = self._look(f"/message-streams/{self._stream}")
        if stream.get("ArchivedAt"):
            raise ChannelPaused(f"Postmark: the stream {self._stream} is archived", hint="name another: ?stream=...")
        lines = [f"the token is good; the stream {self._stream} is of the type {_word(stream, 'MessageStreamType')}"]
        if _word(server, "DeliveryType") == "Sandbox":
            lines.append("! it is a sandbox server: nothing reaches a reader")
        management = stream.get("SubscriptionManagementConfiguration")
        if isinstance(management, dict) and management.get("UnsubscribeHandlingType") == "Postmark":
            lines.append("! Postmark puts its own unsubscribe link into this stream's mails; its hook tells who left")
        return lines

    def _look(self, path: str) -> dict[str, Any]:
        try:
            answer = self._api.call("GET", path, headers=self._headers)
        except (Unsent, Unanswered) as error:
            raise RetryLater(str(error), outage=True) from None
        if answer.status == 200 and answer.data():
            return answer.data()
        said = f"Postmark: {path}: {answer.status}: {_error(answer)[1]}"
        if answer.status in (401, 403, 404, 422):
            raise ChannelPaused(said, hint="check the token and the stream's ID")
        raise RetryLater(said, outage=True)

    def _prepare(self, letter: Letter) -> Hand | Outcome:
        try:
            recipient = wire_address(letter.recipient)
        except ValueError:
            return outcome(letter, Verdict.REFUSED, status="5.1.3", text="not an address")
        if not recipient.isascii():
            return outcome(
                letter, Verdict.REFUSED, status="5.6.7", text="Postmark cannot write to an address beyond ASCII"
            )
        try:
            body = json.dumps(_request(letter, recipient, self._stream)).encode()
        except Exception as error:  # the email package on a message that no composer of ours makes
            text = f"the message cannot be read again: {type(error).__name__}: {error}"
            return outcome(letter, Verdict.REFUSED, status="5.6.0", text=text, scope=Scope.MESSAGE)
        return lambda: self._hand(letter, body)

    def _hand(self, letter: Letter, body: bytes) -> Outcome:
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            answer = self._api.call("POST", "/email", headers=headers, content=body)
        except Unsent as error:
            return not_sent(letter, error)
        except Unanswered as error:
            return no_answer(letter, error)
        return _judged(letter, answer)


def _request(letter: Letter, recipient: str, stream: str) -> dict[str, Any]:
    data = {**structured(letter.content), "To": recipient, "MessageStream": stream}
    data |= {"TrackOpens": False, "TrackLinks": "None", "Metadata": {"delivery": str(letter.number)}}
    named = {header["Name"].lower(): header["Value"] for header in data["Headers"]}
    if identity := named.get("message-id", "").strip():
        data["Headers"] = [*data["Headers"], {"Name": "X-PM-KeepID", "Value": "true"}]
        if len(identity) <= 80:  # the longest value that metadata may have
            data["Metadata"]["message-id"] = identity
    return data


def _judged(letter: Letter, answer: Answer) -> Outcome:
    data = answer.data()
    code, said = _error(answer)
    identity = data.get("MessageID")
    if answer.status == 200 and not code and isinstance(identity, str) and identity:
        if "will not deliver to" in said:
            return outcome(letter, Verdict.REFUSED, code=200, status="5.1.1", text=said, remote_id=identity)
        return outcome(letter, Verdict.TAKEN, code=200, text=said, remote_id=identity)
    told = f"{code}: {said}" if code else said
    if code in _STREAMS:
        (verdict, scope), status = _MEND, "5.3.5"
    elif code in _KNOWN and answer.status not in (500, 502, 504):
        (verdict, scope), status = _KNOWN[code]
    else:
        return common(letter, answer, told)
    if code == 300 and _ABOUT_RECIPIENT.search(said):
        (verdict, scope), status = _RECIPIENT, "5.1.3"
    elif code == 300 and _ABOUT_SENDER.search(said):
        (verdict, scope), status = _MEND, "5.1.7"
    return outcome(letter, verdict, code=answer.status, status=status, text=told, scope=scope)


def _error(answer: Answer) -> tuple[int, str]:
    data = answer.data()
    code = data.get("ErrorCode")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0, str(data.get("Message") or "")[:500]


def _word(data: dict[str, Any], key: str) -> str:
    return str(data.get(key) or "?")[:40]

"""Out through Amazon SES: `SendEmail` of its API version 2, with our whole message as raw content.

    ses://ACCESSKEY@eu-west-1?configuration_set=news       the secret key is the password

SES signs by itself and writes Message-ID and Date anew, so our own DKIM signature is left out: it could only break.
It has no idempotency key: a request without an answer is UNKNOWN.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar, Self

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail import Letter, Outcome, Scope, Session, Verdict
from distributor.mail.headers import wire_address
from distributor.mail.options import Setup
from distributor.mail.providers import Answer, Api, Unanswered, Unsent, common, no_answer, not_sent
from distributor.mail.rewriting import without_signature
from distributor.mail.sigv4 import Credentials, signed
from distributor.mail.singly import Hand, Singly, outcome

__all__ = ["Ses"]

SEND, ACCOUNT = "/v2/email/outbound-emails", "/v2/email/account"
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+){1,2}-\d{1,2}")

# What SES says -> whether to try again, the enhanced status, whom it concerns. A person must act on a refused account.
_WAIT, _MEND = (Verdict.LATER, Scope.ACCOUNT), (Verdict.REFUSED, Scope.ACCOUNT)
_KNOWN: dict[str, tuple[tuple[Verdict, Scope], str]] = {
    "TooManyRequestsException": (_WAIT, "4.7.28"),
    "ThrottlingException": (_WAIT, "4.7.28"),
    "Throttling": (_WAIT, "4.7.28"),
    "RequestLimitExceeded": (_WAIT, "4.7.28"),
    "LimitExceededException": (_WAIT, "4.7.28"),
    "SendingPausedException": (_WAIT, "4.3.2"),
    "ServiceUnavailable": (_WAIT, "4.3.2"),
    "ServiceUnavailableException": (_WAIT, "4.3.2"),
    "AccountSuspendedException": (_MEND, "5.7.1"),
    "MailFromDomainNotVerifiedException": (_MEND, "5.7.1"),
    "NotFoundException": (_MEND, "5.3.5"),
    "AccessDeniedException": (_MEND, "5.7.8"),
    "MessageRejected": ((Verdict.REFUSED, Scope.MESSAGE), "5.6.0"),
    "BadRequestException": ((Verdict.REFUSED, Scope.MESSAGE), "5.6.0"),
}
_ADDRESS_FAULT = re.compile(
    r"(missing final|illegal|invalid|empty|malformed)\b.{0,40}\b(address|domain|user|local|destination|recipient)"
    r"|missing final '@domain'|local address|domain (starts|ends|contains)",
    re.IGNORECASE,
)


class Ses:
    """One account of Amazon SES in one region. `per_second` is the account's own rate; 14 is what new ones get."""

    kind: ClassVar[str] = "ses"

    def __init__(
        self,
        region: str,
        credentials: Credentials,
        *,
        configuration_set: str = "",
        base_url: str = "",
        sessions: int = 10,
        per_second: float = 14,
        timeout: float = 60,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.identity = f"{credentials.access_key}@{region}"
        self.sessions, self.per_second = sessions, per_second
        self._region, self._credentials, self._configuration_set = region, credentials, configuration_set
        self._clock = clock
        self._api = Api(base_url or _endpoint(region), timeout=timeout, connections=sessions)

    @classmethod
    def build(cls, setup: Setup) -> Self:
        setup.only("user", "password", "host")
        configuration_set = setup.text("configuration_set", "")
        token = setup.text("session_token", "")
        base_url = setup.base_url(_endpoint(setup.host))
        sessions = setup.whole("sessions", 10, low=1, high=100)
        per_second = setup.number("per_second", 14, low=0, high=100_000)
        timeout = setup.number("timeout", 60, low=1, high=600)
        setup.done()
        if not _REGION.fullmatch(setup.host):
            raise setup.wrong("region", "must be one of Amazon's", 'write it like "ses://ACCESSKEY@eu-west-1"')
        if not re.fullmatch(r"[A-Z0-9a-z]{16,128}", setup.user):
            raise setup.wrong("access key", "is missing or none", 'write it like "ses://ACCESSKEY@eu-west-1"')
        if not re.fullmatch(r"[A-Za-z0-9/+=]{16,256}", setup.password):
            raise setup.wrong("secret key", "is missing or none", "give the access key's secret as the password")
        if not re.fullmatch(r"[A-Za-z0-9/+=]{0,4096}", token):
            raise setup.wrong("session_token", "is none", 'write "+" as %2B')
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", configuration_set):
            raise setup.wrong("configuration_set", "may have letters, digits, - and _ only")
        return cls(
            setup.host,
            Credentials(setup.user, setup.password, token),
            configuration_set=configuration_set,
            base_url=base_url,
            sessions=sessions,
            per_second=per_second,
            timeout=timeout,
            clock=setup.clock,
        )

    def connect(self) -> Session:
        return Singly(self._prepare)

    def check(self) -> list[str]:
        try:
            answer = self._call("GET", ACCOUNT, b"")
        except (Unsent, Unanswered) as error:
            raise RetryLater(str(error), outage=True) from None
        kind, said = _error(answer)
        if kind == "AccessDeniedException":
            return ["the key is good; it may not read the account (ses:GetAccount), so its limits are not known"]
        if answer.status in (401, 403, 404):
            raise ChannelPaused(f"Amazon SES: {kind or answer.status}: {said}", hint="check key, secret, region, clock")
        if answer.status != 200:
            raise RetryLater(f"Amazon SES: {answer.status}: {kind}: {said}", outage=True)
        return _told(answer)

    def _prepare(self, letter: Letter) -> Hand | Outcome:
        try:
            recipient = wire_address(letter.recipient)
        except ValueError:
            return outcome(letter, Verdict.REFUSED, status="5.1.3", text="not an address")
        if not recipient.isascii():  # SES has no SMTPUTF8
            text = "Amazon SES cannot write to an address beyond ASCII"
            return outcome(letter, Verdict.REFUSED, status="5.6.7", text=text)
        raw = base64.b64encode(without_signature(letter.content)).decode()
        request: dict[str, object] = {
            "Content": {"Raw": {"Data": raw}},
            "Destination": {"ToAddresses": [recipient]},
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        body = json.dumps(request).encode()
        return lambda: self._hand(letter, body)

    def _hand(self, letter: Letter, body: bytes) -> Outcome:
        try:
            answer = self._call("POST", SEND, body)
        except Unsent as error:
            return not_sent(letter, error)
        except Unanswered as error:
            return no_answer(letter, error)
        return _judged(letter, answer)

    def _call(self, method: str, path: str, body: bytes) -> Answer:
        headers = {"Host": self._api.host, **({"Content-Type": "application/json"} if body else {})}
        headers = signed(
            method,
            self._api.prefix + path,
            headers,
            body,
            credentials=self._credentials,
            region=self._region,
            service="ses",
            now=self._clock(),
        )
        return self._api.call(method, path, headers=headers, content=body)


def _judged(letter: Letter, answer: Answer) -> Outcome:
    identity = answer.data().get("MessageId")
    if answer.status == 200 and isinstance(identity, str) and identity:
        return outcome(letter, Verdict.TAKEN, code=200, text="taken by Amazon SES", remote_id=identity)
    kind, said = _error(answer)
    told = f"{kind}: {said}" if kind else said
    if kind not in _KNOWN or answer.status < 400 or (answer.status >= 500 and answer.status != 503):
        return common(letter, answer, told)
    (verdict, scope), status = _KNOWN[kind]
    if kind == "MessageRejected" and "not verified" in said:  # the sender's, or in the sandbox each reader's, address
        (verdict, scope), status = _MEND, "5.7.1"
    elif kind == "BadRequestException" and _ADDRESS_FAULT.search(said):
        scope, status = Scope.RECIPIENT, "5.1.3"
    return outcome(letter, verdict, code=answer.status, status=status, text=told, scope=scope)


def _error(answer: Answer) -> tuple[str, str]:
    """The error's name and words: `x-amzn-errortype: Name:http://...` or `__type` in the body."""
    data = answer.data()
    kind = answer.headers.get("x-amzn-errortype", "") or str(data.get("__type") or data.get("code") or "")
    said = data.get("message") or data.get("Message") or ""
    return kind.partition(":")[0].rpartition("#")[2][:80], str(said)[:500]


def _told(answer: Answer) -> list[str]:
    data = answer.data()
    quota = data.get("SendQuota") if isinstance(data.get("SendQuota"), dict) else {}
    lines = ["the key is good"]
    if isinstance(quota, dict) and isinstance(quota.get("MaxSendRate"), int | float):
        day, sent = quota.get("Max24HourSend", "?"), quota.get("SentLast24Hours", "?")
        lines.append(f"{quota['MaxSendRate']:g} letters a second, {day} in 24 hours, {sent} of them sent")
    if data.get("ProductionAccessEnabled") is False:
        lines.append("! the account is in the sandbox: it writes to verified addresses only")
    if data.get("SendingEnabled") is False:
        raise ChannelPaused("Amazon SES: sending is turned off for this account", hint="see the SES console")
    return lines


def _endpoint(region: str) -> str:
    return f"https://email.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")

"""An Amazon SES for tests: SendEmail and GetAccount of API v2, every request's signature worked out once more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

from tests.twins.loopback import Answer, Request, Twin, stand_alone

ACCESS_KEY = "AKIDEXAMPLE00000"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"


class SesTwin(Twin):
    """Takes what is signed with SECRET, and remembers the messages as `posts` by their MessageId."""

    network = "ses"

    def __init__(self, **given: Any) -> None:
        self._last = 0
        self.account: dict[str, Any] = {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
        }
        super().__init__(**given)

    def refusals(self) -> Mapping[str, Answer]:
        return {
            "throttled": refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
            "daily-quota": refusal(429, "TooManyRequestsException", "Daily message quota exceeded."),
            "throttling": refusal(400, "ThrottlingException", "Rate exceeded"),
            "paused": refusal(400, "SendingPausedException", "Sending paused for this account."),
            "suspended": refusal(400, "AccountSuspendedException", "Account is suspended"),
            "mail-from": refusal(400, "MailFromDomainNotVerifiedException", "MAIL FROM domain is not verified"),
            "limit": refusal(400, "LimitExceededException", "Too many instances"),
            "virus": refusal(400, "MessageRejected", "Message contains a virus"),
            "unverified": refusal(
                400,
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region EU-WEST-1: x@y.z",
            ),
            "bad-address": refusal(400, "BadRequestException", "Domain contains illegal character"),
            "bad-address-2": refusal(400, "BadRequestException", "Missing final '@domain'"),
            "bad-request": refusal(400, "BadRequestException", "Header not allowed"),
            "no-set": refusal(404, "NotFoundException", "Configuration set <x> does not exist."),
            "bad-signature": refusal(403, "InvalidSignatureException", "The request signature we calculated ..."),
            "bad-token": refusal(403, "UnrecognizedClientException", "The security token is invalid."),
            "expired-token": refusal(403, "ExpiredTokenException", "The security token is expired"),
            "denied": refusal(403, "AccessDeniedException", "User is not authorized to perform: ses:SendEmail"),
            "unavailable": refusal(503, "ServiceUnavailable", "The request has failed due to a temporary failure"),
            "too-large": Answer(413, b"<html>413</html>"),
            "bare-429": Answer(429, b""),
            "bare-503": Answer(503, b"<html>balancer</html>"),
            "bare-400": Answer(400, b""),
            "moved": Answer(307, b"", {"Location": "https://elsewhere.example/"}),
            "teapot": refusal(418, "NovelException", "Something new"),
            "server-error": refusal(500, "InternalFailure", "The request processing has failed"),
            "bad-gateway": Answer(502, b"<html>Bad Gateway</html>"),
        }

    def respond(self, request: Request) -> Answer:
        if told := unsigned(request, f"127.0.0.1:{self.port}"):
            self.violations.append(told)
            return refusal(403, "InvalidSignatureException", told)
        if (request.method, request.path) == ("GET", "/v2/email/account"):
            return Answer(200, self.account)
        if (request.method, request.path) != ("POST", "/v2/email/outbound-emails"):
            return refusal(404, "UnknownOperationException", request.path)
        told, message = judged(request)
        if told:
            self.violations.append(told)
            return refusal(400, "BadRequestException", told)
        self._last += 1
        identity = f"0102018{self._last:09x}-11111111-2222-3333-4444-555555555555-000000"
        self.posts[identity] = message
        self.effect("mail", id=identity, to=message["to"])
        return Answer(200, {"MessageId": identity})


def refusal(status: int, kind: str, message: str) -> Answer:
    address = f"{kind}:http://internal.amazon.com/coral/com.amazonaws.ses/"
    return Answer(status, {"message": message}, {"x-amzn-ErrorType": address})


def unsigned(request: Request, host: str) -> str:
    """What is wrong with the signature; worked out from the bytes that came, by the rules and not by our signer."""
    pattern = (
        r"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)/(\d{8})/([a-z0-9-]+)/ses/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
    )
    found = re.fullmatch(pattern, request.headers.get("authorization", ""))
    if not found:
        return "no Authorization of version 4"
    access_key, day, region, names, signature = found.groups()
    stamp = request.headers.get("x-amz-date", "")
    if (access_key, region) != (ACCESS_KEY, REGION) or not stamp.startswith(day):
        return "another credential, region or day"
    at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((datetime.now(UTC) - at).total_seconds()) > 300:
        return "Signature expired"
    must = {"host", "x-amz-date"} | ({"content-type"} if request.body else set())
    if not must <= set(names.split(";")) or names.split(";") != sorted(names.split(";")):
        return "headers are not signed, or not in order"
    if request.headers.get("host") != host:
        return f"the Host is {request.headers.get('host')}"
    listed = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = f"{request.method}\n{request.path}\n{request.query}\n{listed}\n{names}\n{digest}"
    scope = f"{day}/{region}/ses/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + SECRET).encode()
    for word in (day, region, "ses", "aws4_request", text):
        key = hmac.new(key, word.encode(), "sha256").digest()
    return "" if key.hex() == signature else "The request signature we calculated does not match"


def judged(request: Request) -> tuple[str, dict[str, Any]]:
    """What SES would say against a SendEmail with raw content (API_SendEmail of the API reference); and the mail."""
    if request.headers.get("content-type") != "application/json":
        return "Content-Type must be application/json", {}
    data = json.loads(request.body)
    known = {"Content", "Destination", "ConfigurationSetName", "FromEmailAddress", "EmailTags", "ReplyToAddresses"}
    if set(data) - known or set(data.get("Content", {})) != {"Raw"} or set(data["Content"]["Raw"]) != {"Data"}:
        return "unknown or missing members", {}
    to = data.get("Destination", {}).get("ToAddresses", [])
    if set(data["Destination"]) != {"ToAddresses"} or len(to) != 1:
        return "one envelope recipient is expected", {}
    if not re.fullmatch(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]+", to[0]):
        return "Local address contains control or whitespace", {}
    raw = base64.b64decode(data["Content"]["Raw"]["Data"], validate=True)
    if b"\n" in raw.replace(b"\r\n", b"") or any(len(line) > 1000 for line in raw.split(b"\r\n")):
        return "lines are not as RFC 5322 wants them", {}
    message = message_from_bytes(raw, policy=policy.default)
    if message.defects or not message["From"] or "DKIM-Signature" in message:
        return "not a message, or one with a signature that SES would break", {}
    return "", {"to": to[0], "raw": raw, "set": data.get("ConfigurationSetName", "")}


if __name__ == "__main__":
    stand_alone(SesTwin)

"""Amazon SES tells through Amazon SNS: an envelope signed by SNS, with SES's notice as JSON text inside.

    body -> topic ours? -> certificate from that region's own SNS host -> signature -> not old -> events | confirmation

Signatures: docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages"; versions 1 (SHA-1, which SNS
uses unless told otherwise) and 2 (SHA-256). Notices: "Amazon SNS notification contents for Amazon SES", and the same
as events of a configuration set.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from distributor.mail.hooks.events import Event, HookRefused, document, line, moment
from distributor.mail.hooks.notices import notice

__all__ = ["Received", "read"]

_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2,3}(?:-[a-z]+){1,2}-\d{1,2}):\d{12}:[A-Za-z0-9_-]{1,256}")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
# SNS tries again for at most an hour; clocks differ by minutes. Whatever is older is a replay.
OLDEST, NEWEST = timedelta(hours=2), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Received:
    """What one message of SNS was. `id` is the same when SNS sends it again. `confirm` is the address to GET, once,
    to confirm a subscription of our own topic: it is at Amazon's host and of nothing else.
    """

    id: str
    events: tuple[Event, ...] = ()
    confirm: str = ""


def read(body: bytes, *, topics: Collection[str], certificate: Callable[[str], bytes], now: datetime) -> Received:
    """Reads one message of the topics (ARNs) of the settings. Raises HookRefused, and nothing else.

    `certificate(url)` fetches the PEM at an address that this function has judged; what it raises of the error tree
    passes through as HookRefused. Nothing is fetched for a topic that is not ours.
    """
    envelope = document(body)
    topic, kind = envelope.get("TopicArn"), envelope.get("Type")
    found = _TOPIC.fullmatch(topic) if isinstance(topic, str) and topic in topics else None
    if found is None:
        raise HookRefused("not of a topic of ours", status=401, hint="the settings name the topic's ARN")
    if not isinstance(kind, str) or kind not in _SIGNED:
        raise HookRefused("not a message of SNS")
    host = f"sns.{found[2]}.amazonaws.com" + (".cn" if found[1] == "aws-cn" else "")
    _verify(envelope, _to_sign(envelope, _SIGNED[kind]), host, certificate, now)
    _check_age(envelope, now)
    identity = line(envelope.get("MessageId"), 100)
    if kind == "Notification":
        return Received(identity, notice(str(envelope["Message"])))
    if kind == "SubscriptionConfirmation":
        return Received(identity, confirm=_confirming(envelope, host, str(topic)))
    return Received(identity)


def _to_sign(envelope: dict[str, Any], names: tuple[str, ...]) -> bytes:
    lines: list[str] = []
    for name in names:
        value = envelope.get(name)
        if name == "Subject" and value is None:
            continue
        if not isinstance(value, str):
            raise HookRefused(f"the message of SNS has no {name}")
        lines += (name, value)
    try:
        return ("\n".join(lines) + "\n").encode()
    except UnicodeEncodeError:
        raise HookRefused("the message of SNS is not Unicode text") from None


def _verify(envelope: dict[str, Any], signed: bytes, host: str, fetch: Callable[[str], bytes], now: datetime) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    versions = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's default; it signs what it wrote itself
    version = envelope.get("SignatureVersion")
    if not isinstance(version, str) or version not in versions:
        raise HookRefused("a signature of an unknown version", status=401)
    signature = _decoded(envelope.get("Signature"))
    key = _public_key(_certificate_url(envelope.get("SigningCertURL"), host), fetch, now)
    try:
        key.verify(signature, signed, padding.PKCS1v15(), versions[version])
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise HookRefused("the signature of SNS is wrong", status=401) from None


def _certificate_url(value: object, host: str) -> str:
    """The region's own SNS host, exactly: `sns.s3.amazonaws.com` would be a bucket that anybody may have."""
    pattern = rf"https://{re.escape(host)}/SimpleNotificationService-[0-9A-Za-z]{{16,64}}\.pem"
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise HookRefused("the certificate is not at Amazon's own address", status=401)
    return value


def _public_key(url: str, fetch: Callable[[str], bytes], now: datetime) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from distributor.errors import DistributorError

    try:
        pem = fetch(url)
    except DistributorError as error:
        raise HookRefused(f"the certificate of SNS cannot be had: {error}", status=401) from None
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except Exception:  # the library's errors on broken certificates are many, and none is promised
        raise HookRefused("the certificate of SNS cannot be read", status=401) from None
    if not certificate.not_valid_before_utc <= now.astimezone(UTC) <= certificate.not_valid_after_utc:
        raise HookRefused("the certificate of SNS is not valid today", status=401)
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise HookRefused("the certificate of SNS has no RSA key of 2048 bits", status=401)
    return key


def _check_age(envelope: dict[str, Any], now: datetime) -> None:
    at = moment(envelope.get("Timestamp"))
    if at is None or not -NEWEST <= now - at <= OLDEST:
        raise HookRefused("the message of SNS is old, or from the future", status=401, hint="is our clock right?")


def _confirming(envelope: dict[str, Any], host: str, topic: str) -> str:
    url = str(envelope["SubscribeURL"])
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, max_num_fields=10))
    except ValueError:
        raise HookRefused("the address of the confirmation is none") from None
    good = (parts.scheme, parts.netloc, parts.path) == ("https", host, "/") and not parts.fragment
    good = good and url.isprintable() and url.isascii() and " " not in url
    if not good or query.get("Action") != "ConfirmSubscription" or query.get("TopicArn") != topic:
        raise HookRefused("the address of the confirmation is not Amazon's own", status=401)
    return url


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "", validate=True)
    except (binascii.Error, ValueError):
        raise HookRefused("the signature of SNS is not base64", status=401) from None

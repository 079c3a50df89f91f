"""AWS Signature Version 4: the Authorization header of a request (docs.aws.amazon.com, "Create a signed request").

    canonical request -> its SHA-256 in the string to sign -> HMAC with a key of the day, region and service

For every service but S3, which encodes its paths once instead of twice. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

__all__ = ["Credentials", "canonical_request", "signed"]

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. `token` is the session token of temporary credentials, or empty."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def signed(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    query: Iterable[tuple[str, str]] = (),
) -> dict[str, str]:
    """`headers` (Host among them) with X-Amz-Date, the session token and Authorization added; all of them signed.

    `path` is absolute, without dot segments, percent-encoded as it goes over the wire; `query` is not encoded.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    whole = {**headers, "X-Amz-Date": stamp}
    if credentials.token:
        whole["X-Amz-Security-Token"] = credentials.token
    request, names = canonical_request(method, path, whole, body, query)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = b"AWS4" + credentials.secret_key.encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    credential = f"{credentials.access_key}/{scope}"
    whole["Authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return whole


def canonical_request(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Iterable[tuple[str, str]] = ()
) -> tuple[str, str]:
    """The request in its one canonical form, and the names of its headers as they are listed in it."""
    lower = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lower)
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    lines = (
        method,
        quote(path or "/", safe="/-_.~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{value}" for name, value in lower),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    )
    return "\n".join(lines), names


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()

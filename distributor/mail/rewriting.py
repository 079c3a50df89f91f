"""Our own message read again, for ways out that do not take it as it is."""

from __future__ import annotations

import base64
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

__all__ = ["structured", "without_signature"]

_SIGNATURE = re.compile(rb"^dkim-signature:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", re.IGNORECASE | re.MULTILINE)
# Said in fields of their own, or made anew by whoever takes the message.
_NOT_COPIED = re.compile(
    r"(from|to|cc|bcc|subject|reply-to|date|mime-version|content-.*|dkim-signature|return-path|received|sender)",
    re.IGNORECASE,
)


def without_signature(content: bytes) -> bytes:
    """The message without its DKIM-Signature fields: a provider that rewrites signed fields would break them."""
    head, blank, body = content.partition(b"\r\n\r\n")
    return _SIGNATURE.sub(b"", head + b"\r\n") + blank[2:] + body if blank else content


def structured(content: bytes) -> dict[str, Any]:
    """The message as Postmark's API has it: From, ReplyTo, Subject, TextBody, HtmlBody, Headers, Attachments.

    Only what is there is given; To is not, for the envelope says it. Raises ValueError where it has no From or no
    text; the email package may raise others on what no composer of ours makes.
    """
    message = message_from_bytes(content, policy=policy.default)
    data: dict[str, Any] = {"From": _addresses(message, "From")}
    if not data["From"]:
        raise ValueError("the message has no From")
    for name, key in (("Reply-To", "ReplyTo"), ("Subject", "Subject")):
        value = _addresses(message, name) if name == "Reply-To" else str(message.get(name, ""))
        if value:
            data[key] = value
    data |= _bodies(message)
    if "TextBody" not in data and "HtmlBody" not in data:
        raise ValueError("the message has no text")
    headers = [(name, str(value)) for name, value in message.items() if not _NOT_COPIED.fullmatch(name)]
    data["Headers"] = [{"Name": name, "Value": value} for name, value in headers]
    return data


def _addresses(message: EmailMessage, name: str) -> str:
    field = message.get(name)
    return ", ".join(str(address) for address in getattr(field, "addresses", ()) if address.addr_spec)


def _bodies(message: EmailMessage) -> dict[str, Any]:
    data: dict[str, Any] = {}
    attached: list[dict[str, str]] = []
    for part in cast("list[EmailMessage]", list(message.walk())):
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        key = {"text/plain": "TextBody", "text/html": "HtmlBody"}.get(kind, "")
        if key and key not in data and part.get_filename() is None and not part.is_attachment():
            data[key] = part.get_content()
        else:
            attached.append(_attachment(part, kind))
    return {**data, "Attachments": attached} if attached else data


def _attachment(part: EmailMessage, kind: str) -> dict[str, str]:
    payload = part.get_payload(decode=True)
    data = {
        "Name": part.get_filename() or "part",
        "Content": base64.b64encode(payload if isinstance(payload, bytes) else b"").decode(),
        "ContentType": kind,
    }
    identity = str(part.get("Content-ID", "")).strip("<> ")
    return {**data, "ContentID": f"cid:{identity}"} if identity else data

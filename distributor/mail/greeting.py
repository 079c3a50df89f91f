"""From an open connection to a conversation that takes letters: greeting, EHLO, STARTTLS, login.

Each step gives what the server offers or raises: RetryLater where the same may go well later, ChannelPaused where a
person must act, Broken where the connection ended.
"""

from __future__ import annotations

import base64
import hmac
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from distributor.errors import ChannelPaused, RetryLater
from distributor.mail.envelope import Features, features
from distributor.mail.replies import Reply
from distributor.mail.wire import Broken, Wire

__all__ = ["Manners", "handshake_failed", "introduce"]

LOGINS = ("PLAIN", "LOGIN", "CRAM-MD5")


@dataclass(frozen=True, slots=True)
class Manners:
    """How to introduce oneself: `place` is the relay's name for messages, `starttls` one of required, optional, off.

    `secure` does the TLS handshake on a wire, and raises as this module does.
    """

    place: str
    hello: str
    lmtp: bool
    starttls: str
    local: bool
    username: str
    password: str
    secure: Callable[[Wire], None]
    patience: float
    greeting: float


def introduce(wire: Wire, manners: Manners) -> Features:
    """Everything up to the first MAIL."""
    greeting = wire.reply(manners.greeting)
    if greeting.code != 220:
        raise _refused(manners, greeting, "greets with")
    offered = _greet(wire, manners)
    if not wire.secure and manners.starttls != "off":
        offered = _secure(wire, manners, offered)
    if manners.username:
        _log_in(wire, manners, offered)
    return offered


def _greet(wire: Wire, manners: Manners) -> Features:
    reply = _ask(wire, manners, f"{'LHLO' if manners.lmtp else 'EHLO'} {manners.hello}")
    if reply.code == 250:
        return features(reply.lines, lmtp=manners.lmtp)
    if reply.code >= 500 and not manners.lmtp:
        reply = _ask(wire, manners, f"HELO {manners.hello}")
    if reply.code != 250:
        raise _refused(manners, reply, "answers our greeting with")
    return Features()


def _secure(wire: Wire, manners: Manners, offered: Features) -> Features:
    if not offered.starttls:
        if manners.starttls == "optional":
            return offered
        hint = 'somebody in between may have taken the offer away; only tls = "optional" would go on without'
        raise ChannelPaused(f"{manners.place} does not offer STARTTLS", hint=hint)
    reply = _ask(wire, manners, "STARTTLS")
    if reply.code != 220:
        raise _refused(manners, reply, "answers STARTTLS with")
    if wire.waiting:  # what comes before TLS could be anybody's (CVE-2011-0411)
        raise ChannelPaused(f"{manners.place} sent more than its answer to STARTTLS: somebody could be in between")
    manners.secure(wire)
    return _greet(wire, manners)


def _log_in(wire: Wire, manners: Manners, offered: Features) -> None:
    if not (wire.secure or manners.local):
        raise ChannelPaused(f"{manners.place}: without TLS the password would travel in the clear")
    mechanism = next((name for name in LOGINS if name in offered.auth), None)
    if mechanism is None:
        there = ", ".join(sorted(offered.auth)) or "none"
        raise ChannelPaused(f"{manners.place} offers no login that we know (it offers {there})")
    reply = _by(mechanism, wire, manners)
    if reply.code == 235:
        return
    if reply.code >= 500:
        hint = "check the relay's username and password"
        raise ChannelPaused(f"{manners.place} refuses the login of {manners.username}: {reply}", hint=hint)
    raise RetryLater(f"{manners.place} answers the login with {reply}", outage=True)


def _by(mechanism: str, wire: Wire, manners: Manners) -> Reply:
    """RFC 4616, the LOGIN of old, RFC 2195. The last answer, or the first bad one."""
    user, password = manners.username.encode(), manners.password.encode()
    if mechanism == "PLAIN":
        return _ask(wire, manners, f"AUTH PLAIN {_base64(bytes(1) + user + bytes(1) + password)}")
    reply = _ask(wire, manners, f"AUTH {mechanism}")
    if mechanism == "LOGIN":
        for answer in (user, password):
            if reply.code == 334:
                reply = _ask(wire, manners, _base64(answer))
        return reply
    if reply.code != 334:
        return reply
    try:
        challenge = base64.b64decode(reply.text, validate=True)
    except ValueError:
        raise Broken(f"this is no challenge of CRAM-MD5: {reply}") from None
    digest = hmac.new(password, challenge, "md5").hexdigest().encode()
    return _ask(wire, manners, _base64(user + b" " + digest))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _ask(wire: Wire, manners: Manners, command: str) -> Reply:
    wire.write(manners.patience, command.encode() + b"\r\n")
    return wire.reply(manners.patience)


def _refused(manners: Manners, reply: Reply, how: str) -> RetryLater:
    words = f"{manners.place} {how} {reply}"
    return ChannelPaused(words) if reply.code >= 500 else RetryLater(words, outage=True)


def handshake_failed(place: str, error: Exception) -> RetryLater:
    """What a TLS handshake that failed means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "ca_file names who signed it, if that is a CA of your own"
        return ChannelPaused(f"{place}: its certificate is wrong: {error.verify_message}", hint=hint)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        hint = "smtps:// is TLS from the first byte (port 465), smtp:// begins in the clear (25, 587)"
        return ChannelPaused(f"{place}: TLS fails: {reason}", hint=hint)
    if isinstance(error, TimeoutError):
        return RetryLater(f"{place}: no answer to the TLS handshake", outage=True)
    return RetryLater(f"{place}: the TLS handshake broke off: {error}", outage=True)

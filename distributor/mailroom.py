"""What mails are made with and leave by, from the settings: relays, signatures, the sender's identity, keys.

Built when the first mail is concerned: a newsroom without readers loads nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from distributor.config import Settings, secret_key
from distributor.errors import ConfigError
from distributor.mail import Transport
from distributor.mail.dkim import Signer
from distributor.mail.skeleton import Identity
from distributor.mail.tokens import derive

__all__ = [
    "ALERTS",
    "INSTANT",
    "LETTERS",
    "MAIN",
    "OWN_CHANNELS",
    "SIGN_THEMSELVES",
    "Mailroom",
    "build_mailroom",
    "relay_names",
]

MAIN = "mail"
LETTERS, ALERTS, INSTANT = OWN_CHANNELS = ("letters", "alerts", "instant")
# Providers: they sign what they send, change what a signature of ours covers, and tell of bounces by their own ids.
SIGN_THEMSELVES = frozenset({"ses", "postmark"})


@dataclass(frozen=True)
class Mailroom:
    """`relays` are the ways out by account name. `key` is the site's secret, `verp_key` that of return paths.

    `unready` says why no mail may leave yet, in one line; "" when all is there.
    """

    relays: Mapping[str, Transport]
    identity: Identity
    signers: tuple[Signer, ...]
    key: bytes
    bounce_domain: str
    public_url: str
    journals: Path
    unready: str = ""

    @property
    def verp_key(self) -> bytes:
        return derive(self.key, "verp")

    def signers_for(self, transport: Transport) -> tuple[Signer, ...]:
        return () if transport.kind in SIGN_THEMSELVES else self.signers


def relay_names(settings: Settings) -> list[str]:
    """The accounts that mail leaves by, without opening any; none without [mail]."""
    if settings.mail is None:
        return []
    return [MAIN, *(f"{MAIN}:{relay.name}" for relay in settings.relays.values() if relay.enabled)]


def build_mailroom(settings: Settings) -> Mailroom | None:
    """None where the settings have no [mail]. Raises ConfigError naming the key."""
    mail = settings.mail
    if mail is None:
        return None
    name, address = parseaddr(mail.sender)
    domain = address.rpartition("@")[2]
    return Mailroom(
        relays=_relays(settings),
        identity=Identity(
            from_=mail.sender if name else f'"{settings.site.name.replace(chr(34), chr(39))}" <{address}>',
            domain=domain,
            reply_to=mail.reply_to or "",
        ),
        signers=_signers(settings, domain),
        key=secret_key(settings),
        bounce_domain=mail.bounce_domain or domain,
        public_url=str(settings.site.public_url or ""),
        journals=settings.site.data / "journals",
        unready=_unready(settings),
    )


def _relays(settings: Settings) -> dict[str, Transport]:
    from distributor.mail.registry import build

    mail, folder = settings.mail, settings.site.data
    assert mail is not None
    found = {
        MAIN: build(
            str(mail.smtp),
            password=mail.password.get_secret_value() if mail.password else "",
            folder=folder,
            sessions=mail.sessions,
            per_second=mail.per_second,
        )
    }
    for relay in settings.relays.values():
        if relay.enabled:
            found[f"{MAIN}:{relay.name}"] = build(
                str(relay.url),
                password=relay.password.get_secret_value() if relay.password else "",
                folder=folder,
                sessions=relay.sessions,
                per_second=relay.per_second,
                key=f"relays.{relay.name}.url",
            )
    return found


def _signers(settings: Settings, domain: str) -> tuple[Signer, ...]:
    mail = settings.mail
    if mail is None or mail.dkim_key is None:
        return ()
    pem = mail.dkim_key.get_secret_value().encode()
    try:
        return (Signer.load(pem, domain=mail.dkim_domain or domain, selector=mail.dkim_selector),)
    except ConfigError as error:
        raise ConfigError(str(error), key=error.key or "mail.dkim_key", hint=error.hint) from error


def _unready(settings: Settings) -> str:
    if not settings.site.postal_address.strip():
        return "site.postal_address is not set: the law wants it in every digest"
    if not settings.site.public_url:
        return "site.public_url is not set: readers could not unsubscribe"
    return ""

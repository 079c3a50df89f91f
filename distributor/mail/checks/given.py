"""What the checks are told of the sender: where mails come from, in whose name, by which way."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from distributor.errors import ConfigError
from distributor.mail.checks.lookup import IP
from distributor.mail.checks.names import host_name, within

__all__ = ["PROVIDERS", "Given", "Provider", "Relay"]

_PORTS = {"smtp": 25, "smtps": 465, "lmtp": 24}


@dataclass(frozen=True, slots=True)
class Provider:
    """A known relay service: the hosts it is reached by, and the record that names the addresses it sends from."""

    name: str
    spf: str
    hosts: tuple[str, ...]


# Each from its own set-up page. A relay's address is not the address that it sends from: only its record says those.
PROVIDERS = (
    Provider("Amazon SES", "amazonses.com", ("amazonaws.com", "amazonses.com")),
    Provider("Postmark", "spf.mtasv.net", ("postmarkapp.com",)),
    Provider("SendGrid", "sendgrid.net", ("sendgrid.net",)),
    Provider("Mailgun", "mailgun.org", ("mailgun.org",)),
    Provider("Mailjet", "spf.mailjet.com", ("mailjet.com",)),
    Provider("Brevo", "spf.brevo.com", ("brevo.com", "sendinblue.com")),
    Provider("Mandrill", "spf.mandrillapp.com", ("mandrillapp.com",)),
    Provider("SparkPost", "_spf.sparkpostmail.com", ("sparkpostmail.com",)),
    Provider("Google", "_spf.google.com", ("gmail.com", "google.com", "googlemail.com")),
    Provider("Microsoft 365", "spf.protection.outlook.com", ("office365.com", "outlook.com")),
    Provider("Fastmail", "spf.messagingengine.com", ("fastmail.com", "messagingengine.com")),
    Provider("OVH", "mx.ovh.com", ("ovh.net", "ovh.com")),
    Provider("Gandi", "_mailcust.gandi.net", ("gandi.net",)),
    Provider("Infomaniak", "spf.infomaniak.ch", ("infomaniak.com",)),
)


@dataclass(frozen=True, slots=True)
class Relay:
    """A way out. `scheme` is "smtp", "smtps", "lmtp", or another transport's: "sendmail", "ses", "outbox", ..."""

    scheme: str
    host: str = ""
    port: int = 0

    @classmethod
    def of(cls, url: str) -> Relay:
        """From a way out as the settings write it: "smtp://user@relay.example:587", "outbox:". Raises ConfigError."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme.lower(), host_name(parts.hostname or ""), parts.port
        except ValueError:
            raise ConfigError("the relay's address is no URL", key="mail.smtp") from None
        return cls(scheme, host, port or _PORTS.get(scheme, 0))

    @property
    def ip(self) -> IP | None:
        """The address, where the relay is written as one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def speaks(self) -> bool:
        """Whether it is spoken to in SMTP or LMTP."""
        return self.scheme in _PORTS and bool(self.host)

    @property
    def keeps(self) -> bool:
        """Whether mails stay in a folder."""
        return self.scheme in {"outbox", "maildir"}

    @property
    def here(self) -> bool:
        """Whether it is on this machine: what leaves here has this machine's public address."""
        return self.host == "localhost" or self.scheme == "sendmail" or bool(self.ip and self.ip.is_loopback)

    @property
    def provider(self) -> Provider | None:
        known = {"ses": "Amazon SES", "postmark": "Postmark"}.get(self.scheme)
        for one in PROVIDERS:
            if one.name == known or any(within(self.host, host) for host in one.hosts):
                return one
        return None


@dataclass(frozen=True, slots=True)
class Given:
    """`domain` is that of From, `bounce_domain` that of the return path, `dkim_domain` and `selector` name the key.

    `key` is the private key as PEM, None where none is set. `addresses` are those that mails leave from, as a person
    says; empty where nobody said. `listens`: the pages for readers have a listener.
    """

    domain: str
    bounce_domain: str
    dkim_domain: str
    now: datetime
    selector: str = "distributor"
    key: bytes | None = None
    relays: tuple[Relay, ...] = ()
    addresses: tuple[IP, ...] = ()
    public_url: str = ""
    listens: bool = False
    postal_address: str = ""

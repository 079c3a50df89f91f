"""Settings: everything that distributor was told, as one frozen value; made once for each (re)load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from distributor.config import fields, readers, secrets, tables
from distributor.config.channel import Channel
from distributor.config.signals import Signals
from distributor.config.source import Source
from distributor.config.values import url_secrets
from distributor.errors import ConfigError

__all__ = ["Document", "Settings", "secret_key", "secret_keys"]


class Document(fields.Table):
    """The tables of the file, checked one by one."""

    site: tables.Site = Field(default_factory=tables.Site)
    sources: fields.Frozen[Source] = Field(default_factory=dict, validate_default=True)
    channels: fields.Frozen[Channel] = Field(default_factory=dict, validate_default=True)
    mail: readers.Mail | None = None
    relays: fields.Frozen[readers.Relay] = Field(default_factory=dict, validate_default=True)
    digests: fields.Frozen[readers.Digest] = Field(default_factory=dict, validate_default=True)
    subscribers: readers.Subscribers = Field(default_factory=readers.Subscribers)
    alerts: tables.Alerts = Field(default_factory=tables.Alerts)
    web: tables.Web = Field(default_factory=tables.Web)
    network: tables.Network = Field(default_factory=tables.Network)
    database: tables.Database = Field(default_factory=tables.Database)
    broker: tables.Broker = Field(default_factory=tables.Broker)
    ranking: tables.Ranking = Field(default_factory=tables.Ranking)
    signals: Signals = Field(default_factory=Signals)
    workers: tables.Workers = Field(default_factory=tables.Workers)
    secret_key: SecretStr | None = Field(default=None, min_length=32)


class Settings(Document):
    """What the processes work with. Paths are absolute, and what one table leaves to another is filled in.

    `path` is the file, None where there is none. `fingerprint` changes with the file's bytes and the environment's
    overrides. `warnings` are lines for a person: nothing is wrong enough to stop, but it should be mended.
    """

    path: Path | None = None
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()

    def secrets(self) -> frozenset[str]:
        """Every text that no log may show, in all its parts; texts under four characters are left out."""
        return secrets.long_enough(_secrets(self))


def secret_key(settings: Settings) -> bytes:
    """The key that signs links and tokens: the one that is set, else the one in the data folder, made on first use.

    Machines that share a database must share the key. Raises ConfigError.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return secrets.key_file(settings.site.data / "secret_key")


def secret_keys(settings: Settings) -> list[bytes]:
    """The key that signs, then those of before a rotation: they stand, one a line, in secret_key.old in the data
    folder, for as long as old links shall work. Raises ConfigError.
    """
    old = settings.site.data / "secret_key.old"
    try:
        lines = old.read_bytes().splitlines() if old.is_file() else []
    except OSError as error:
        raise ConfigError(f"cannot read {old}: {error.strerror}", key="secret_key") from None
    return [secret_key(settings), *(line.strip() for line in lines if len(line.strip()) >= 16)]


def _secrets(settings: Settings) -> Iterator[str]:
    for channel in settings.channels.values():
        yield from channel.options.secrets()
    for url in _urls(settings):
        yield from url_secrets(url)
    mail, web = settings.mail, settings.web
    of_mail = (mail.password, mail.dkim_key, mail.bounces_password, mail.hook_secret) if mail else ()
    of_relays = (relay.password for relay in settings.relays.values())
    for secret in (*of_mail, *of_relays, web.metrics_token, settings.signals.hook_secret, settings.secret_key):
        if secret is not None:
            yield from secrets.pieces(secret.get_secret_value())


def _urls(settings: Settings) -> Iterator[str]:
    yield from (source.url for source in settings.sources.values())
    yield from (settings.database.url, settings.broker.url)
    yield from (relay.url for relay in settings.relays.values())
    if settings.mail:
        yield from (url for url in (settings.mail.smtp, settings.mail.bounces) if url)


def tables_of(name: str) -> dict[str, Any]:
    """The keys of one table ("site", "channels"), or of the file itself (""), as they are written."""
    named: dict[str, type[fields.Table]] = {
        "": Document,
        "sources": Source,
        "channels": Channel,
        "digests": readers.Digest,
        "relays": readers.Relay,
        "mail": readers.Mail,
    }
    model = named.get(name) or Document.model_fields[name].annotation
    if not isinstance(model, type) or not issubclass(model, fields.Table):
        return {}
    hidden = {"name", "options"} if name in {"sources", "channels", "digests", "relays"} else set()
    return {field.alias or key: field for key, field in model.model_fields.items() if key not in hidden}

"""The tables about readers and mail: how digests leave, which there are, and what holds for subscribers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from distributor.config import fields
from distributor.config.values import Address

__all__ = ["WEEKDAYS", "Digest", "Mail", "Relay", "Subscribers"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MAILBOX = re.compile(r"(?:[^<>\r\n]*<)?[^\s<>@]+@[^\s<>@]+>?")
# What stands behind is the transport's to judge, as are the schemes that others add.
_WAY = re.compile(r"(smtp|smtps|lmtp|ses)://\S+|(?!(?:smtps?|lmtp|ses):)[A-Za-z_][\w.+-]*:\S*")


def _mailbox(value: str) -> str:
    if not _MAILBOX.fullmatch(value) or ("<" in value) != value.endswith(">") or len(value) > 320:
        raise ValueError('must be an address, such as "The Paper <news@paper.example>"')
    return value


def _way(value: str) -> Address:
    if not _WAY.fullmatch(value):
        raise ValueError('must look like "smtp://user@relay.example:587"; docs/mail.md lists the other ways')
    return Address(value)


def _bounces(value: str) -> Address:
    if not re.fullmatch(r"maildir://\S+|imaps?://\S+", value):
        raise ValueError('must look like "maildir:///var/mail/bounces" or "imaps://user@mail.example"')
    return Address(value)


def _weekdays(value: Any) -> Any:
    listed = [str(day).casefold() for day in fields.words(value)]
    found = [next((full for full in WEEKDAYS if len(day) > 2 and full.startswith(day)), "") for day in listed]
    if not all(found):
        raise ValueError(f"{listed[found.index('')][:40]!r} is no weekday; they are {', '.join(WEEKDAYS)}")
    return tuple(day for day in WEEKDAYS if day in found)


Way = Annotated[str, AfterValidator(_way), fields.SHOWN_CUT]
Weekdays = Annotated[tuple[str, ...], BeforeValidator(_weekdays)]


class Relay(fields.Table):
    """One way out. `sessions` are conversations at once in one process, `per_second` letters in all; with 0 each
    transport has its own: see docs/mail.md.
    """

    name: str
    url: Way
    password: SecretStr | None = None
    sessions: int = Field(default=0, ge=0, le=100)
    per_second: float = Field(default=0.0, ge=0, le=100_000)
    enabled: bool = True


class Mail(fields.Table):
    """How digests leave. `password` goes with the user of `smtp`. `unknown` is what becomes of a letter when the
    server did not say whether it took it: hold it for a person, or send it again.
    """

    sender: Annotated[str, AfterValidator(_mailbox)] = Field(alias="from")
    smtp: Way = Address("outbox:")
    password: SecretStr | None = None
    sessions: int = Field(default=0, ge=0, le=100)
    per_second: float = Field(default=0.0, ge=0, le=100_000)
    reply_to: Annotated[str, AfterValidator(_mailbox)] | None = None
    unknown: Literal["hold", "resend"] = "hold"
    dkim_key: SecretStr | None = None
    dkim_selector: str = Field(default="distributor", pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
    dkim_domain: str = ""
    bounce_domain: str = ""
    bounces: Annotated[str, AfterValidator(_bounces), fields.SHOWN_CUT] | None = None
    bounces_password: SecretStr | None = None
    hook_secret: SecretStr | None = Field(default=None, min_length=16)
    topic: str = ""


class Digest(fields.Table):
    """A digest that readers subscribe to. `hour` is on the reader's own clock; `categories=None` is all of them.

    `trending` is the size of the Trending section. `subject` is a template; `subjects` holds others by category or
    language. `also` are channels that get one post of it, with the best `best` articles. With `approval` an edition
    waits for a person.
    """

    name: str
    title: str = Field(default="", max_length=100)
    hour: int = Field(default=7, ge=0, le=23)
    frequency: Literal["daily", "weekly"] = "daily"
    weekdays: Weekdays = ()
    per_category: int = Field(default=5, ge=1, le=50)
    trending: int = Field(default=3, ge=0, le=20)
    categories: fields.Categories = None
    subject: str = Field(default="", max_length=500)
    subjects: fields.Frozen[str] = Field(default_factory=dict, validate_default=True)
    also: fields.Words = ()
    best: int = Field(default=5, ge=1, le=20)
    approval: bool = False
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _days(cls, raw: Any) -> Any:
        """A daily digest comes every day, a weekly one on Monday, unless said."""
        if not isinstance(raw, dict) or "weekdays" in raw:
            return raw
        return {**raw, "weekdays": ["monday"] if raw.get("frequency") == "weekly" else list(WEEKDAYS)}


class Subscribers(fields.Table):
    """What holds for readers. `languages` are offered (None: the site's own). Times to keep: a request that nobody
    confirmed, who left, the ledger's rows of mails, bounces.
    """

    languages: fields.Languages = ()
    instant: bool = True
    breaking: bool = True
    alerts_per_day: int = Field(default=3, ge=0, le=1000)
    instant_per_day: int = Field(default=20, ge=0, le=1000)
    quiet_hours: fields.Quiet | None = None
    wording: str = Field(default="", max_length=2000)
    bounce_threshold: float = Field(default=1.5, gt=0, le=100)
    keep_requests: fields.Positive = timedelta(hours=48)
    keep_left: fields.Positive = timedelta(days=30)
    keep_mails: fields.Positive = timedelta(days=90)
    keep_bounces: fields.Positive = timedelta(days=180)

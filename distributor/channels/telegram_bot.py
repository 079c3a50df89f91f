"""python-telegram-bot in a thread of its own, and what each of its errors means to the ledger.

Import this module only when something is sent: it imports telegram and httpx.

    never left (DNS, connect, TLS, proxy, pool)        RetryLater(outage)
    it left, and no whole answer came; 5xx             Uncertain: a bot cannot read its channel to look
    429                                                ChannelPaused(until): flood limits hold the whole bot
    token refused                                      ChannelPaused(None): a person must act
    bot not in the chat, rights lacking, no such topic ChannelPaused(None, channel_only): other chats go on
    any other 3xx, 4xx                                 Rejected, or RetryLater where a middlebox answered
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx
from telegram import Bot, error
from telegram.request import HTTPXRequest, RequestData

from distributor.channels.http import is_loopback
from distributor.channels.quiet import quiet
from distributor.errors import ChannelError, ChannelPaused, Rejected, RetryLater, Uncertain

__all__ = ["Line", "Refused", "Wire", "outcome"]

T = TypeVar("T")

# What the limits give up after a 429 that does not say for how long.
PATIENCE = timedelta(minutes=1)
NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# httpx logs each address at INFO, and a Telegram address holds the token; telegram.Bot logs it at DEBUG.
LOUD = ("httpx", "telegram.Bot", "telegram.request.BaseRequest", "telegram.request.HTTPXRequest")

# A 400 says only in words what is wrong; the first fragment that its text holds (in lower case) decides.
# Reason None: the settings or the bot's rights are at fault, so the posts wait for a person.
_TOLD: tuple[tuple[str, str | None, str], ...] = (
    ("message is not modified", "not-modified", ""),
    ("message to edit not found", "gone", ""),
    ("message to delete not found", "gone", ""),
    ("message_id_invalid", "gone", ""),
    ("message can't be deleted", "too-old", "after 48 hours the bot needs the right to delete messages of others"),
    ("message can't be edited", "not-editable", ""),
    ("there is no text in the message to edit", "no-text", ""),
    ("there is no caption in the message to edit", "no-caption", ""),
    ("rights to send photos", "picture", ""),
    ("photo", "picture", ""),
    ("image_process_failed", "picture", ""),
    ("wrong file identifier", "picture", ""),
    ("media_empty", "picture", ""),
    ("file is too big", "picture", ""),
    ("can't parse", "markup", "the template gives HTML that Telegram does not take"),
    ("is too long", "too-long", ""),
    ("is empty", "empty", ""),
    ("button_url_invalid", "button", "the article's address is not one that a button may open"),
    ("chat not found", None, "check `chat`: the bot must be a member, and a private chat needs its number (-100...)"),
    ("thread not found", None, "check `topic`: the chat has no such forum topic"),
    ("topic_closed", None, "open the forum topic again, or choose another `topic`"),
    ("topic_deleted", None, "check `topic`: it was deleted"),
    ("rights", None, "make the bot an administrator who may post messages"),
    ("chat_admin_required", None, "make the bot an administrator who may post messages"),
    ("chat_write_forbidden", None, "make the bot an administrator who may post messages"),
    ("not a member", None, "add the bot to the chat as an administrator"),
    ("group is deactivated", None, "the group was deleted: choose another `chat`"),
)


class Refused(error.TelegramError):
    """An answer of 3xx or 4xx for which the library has no error of its own; `patience` is what a 429 asks for."""

    def __init__(self, status: int, message: str, patience: timedelta | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.patience = patience


class Line(HTTPXRequest):
    """The library's own transport, which keeps apart what the library throws together as NetworkError."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        status, payload = await super().do_request(url, method, request_data, *args, **kwargs)
        if 200 <= status < 300:
            return status, payload
        description, patience = _read(payload)
        known = status in (400, 401, 403, 404, 409)
        if patience is not None or (300 <= status < 500 and not known):
            raise Refused(status, description or f"HTTP {status}", patience)
        return status, payload


class Wire:
    """One bot, driven from ordinary threads. Made anew after a fork, since neither loop nor sockets survive one."""

    def __init__(self, token: str, base_url: str, *, timeout: float, clock: Callable[[], datetime]) -> None:
        self._token = token
        self._base_url = base_url
        self._timeout = timeout
        self._clock = clock
        self._made: tuple[int, Bot, Line] | None = None

    def __repr__(self) -> str:
        return "Wire(...)"

    def call(self, act: Callable[[Bot], Awaitable[T]]) -> T:
        """Runs one API call; ends within three time-outs. Raises only ChannelErrors, none of which holds the token."""
        bot = self._bot()
        try:
            return _run(self._within(act, bot))
        except Exception as fault:
            told = outcome(fault, self._clock())
            told.args = tuple(str(arg).replace(self._token, "(token)") for arg in told.args)
        raise told from None

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        if self._made is not None and self._made[0] == os.getpid():
            _run(self._made[2].shutdown())
        self._made = None

    async def _within(self, act: Callable[[Bot], Awaitable[T]], bot: Bot) -> T:
        # A server that sends a byte now and then passes every time-out of httpx: hence one around them all.
        async with asyncio.timeout(3 * self._timeout):
            return await act(bot)

    def _bot(self) -> Bot:
        if self._made is None or self._made[0] != os.getpid():
            quiet(*LOUD)
            line = Line(
                connection_pool_size=4,
                connect_timeout=min(self._timeout, 5.0),
                read_timeout=self._timeout,
                write_timeout=self._timeout,
                media_write_timeout=self._timeout,
                pool_timeout=1.0,
                httpx_kwargs={"trust_env": not is_loopback(self._base_url)},
            )
            bot = Bot(self._token, base_url=self._base_url, request=line, get_updates_request=line)
            self._made = (os.getpid(), bot, line)
            weakref.finalize(self, _hang_up, os.getpid(), line)
        return self._made[1]


def outcome(fault: BaseException, now: datetime) -> ChannelError:
    """The ledger's word for anything that a call may raise."""
    said = " ".join(str(fault).split())[:300] or type(fault).__name__
    match fault:
        case ChannelError():
            return fault
        case Refused():
            return _refused(fault, said, now)
        case error.RetryAfter():  # Line sees a 429 first
            return ChannelPaused(f"Telegram: {said}", until=now + PATIENCE)
        case error.ChatMigrated():
            hint = f"the group became a supergroup: set chat = {fault.new_chat_id}"
            return Rejected(f"Telegram: {said}", reason="chat-migrated", hint=hint)
        case error.InvalidToken():
            hint = "get the token from @BotFather and put it into the settings"
            return ChannelPaused(f"Telegram refuses the bot's token: {said}", hint=hint)
        case error.Forbidden():
            hint = "add the bot to the chat as an administrator who may post messages"
            return ChannelPaused(f"Telegram: {said}", hint=hint, channel_only=True)
        case error.BadRequest():
            return _bad_request(said)
        case error.Conflict() | error.EndPointNotFound() | error.PassportDecryptionError():
            return Rejected(f"Telegram: {said}", reason="refused")
        case error.NetworkError():
            return _network(fault, said)
        case TimeoutError():
            return Uncertain("Telegram: no whole answer in time", reason="timeout")
        case _:
            return Uncertain(f"Telegram: no answer that can be read ({type(fault).__name__})", reason="garbage")


def _refused(fault: Refused, said: str, now: datetime) -> ChannelError:
    if fault.status == 429 or fault.patience is not None:
        return ChannelPaused(f"Telegram: {said}", until=now + (fault.patience or PATIENCE))
    if fault.status == 413:
        return Rejected(f"Telegram: {said}", reason="picture")
    if fault.status < 400 or fault.status in (407, 408, 425, 451):
        return RetryLater(f"Telegram, or something on the way there: {said}", outage=True)
    return Rejected(f"Telegram: {said}", reason="refused")


def _bad_request(said: str) -> ChannelError:
    lower = said.lower()
    for fragment, reason, hint in _TOLD:
        if fragment in lower:
            told = f"Telegram: {said}"
            if reason is None:
                return ChannelPaused(told, hint=hint, channel_only=True)
            return Rejected(told, reason=reason, hint=hint)
    return Rejected(f"Telegram: {said}", reason="bad-request")


def _network(fault: error.NetworkError, said: str) -> ChannelError:
    cause = fault.__cause__
    if isinstance(cause, NEVER_LEFT):
        return RetryLater(f"no connection to Telegram: {type(cause).__name__}", outage=True)
    if isinstance(cause, httpx.TimeoutException):
        return Uncertain(f"Telegram: no answer in time ({type(cause).__name__})", reason="timeout")
    if cause is not None and not isinstance(cause, error.TelegramError):
        return Uncertain(f"Telegram: the connection was lost ({type(cause).__name__})", reason="connection-lost")
    return Uncertain(f"Telegram: {said}", reason="server-error")


def _read(payload: bytes) -> tuple[str, timedelta | None]:
    """The description and `parameters.retry_after` (seconds) of an error; empty where it is not Telegram's JSON."""
    try:
        data = json.loads(payload)
        seconds = (data.get("parameters") or {}).get("retry_after")
        patience = timedelta(seconds=min(max(float(seconds), 1.0), 86400.0)) if seconds is not None else None
        return str(data.get("description") or ""), patience
    except (ValueError, TypeError, AttributeError, RecursionError):
        return "", None


# The loops of this process and of those that it was forked from: dropping one would close it.
_loops: dict[int, asyncio.AbstractEventLoop] = {}
_starting = threading.Lock()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it in this process's event loop, and waits for it here."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


def _hang_up(process: int, line: Line) -> None:
    """Closes what a forgotten Wire left open. Called by the garbage collector: it must neither wait nor lock."""
    loop = _loops.get(os.getpid())
    if loop is not None and process == os.getpid() and loop.is_running():
        asyncio.run_coroutine_threadsafe(line.shutdown(), loop)


def _loop() -> asyncio.AbstractEventLoop:
    """An event loop in a daemon thread; started when first needed, and again in a forked child."""
    with _starting:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="telegram", daemon=True).start()
        return loop


def _new_lock() -> None:
    """Another thread may have held the lock at the moment of the fork; in the child nobody would ever free it."""
    global _starting
    _starting = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)

"""Telegram, by the Bot API (https://core.telegram.org/bots/api): text, or a photo with a caption.

Settings: `token` (from @BotFather), `chat` ("@name" or a number such as -1001234567890), `topic` (a forum topic's
message_thread_id), `silent`, `button` (the words on a button that opens the article; false: none), `photo` (send the
article's picture where the text fits its caption), `link_preview` (true, false, "large", "small"), `base_url`
(a Bot API server of your own, up to and with `/bot`).

Nothing tells afterwards whether a message arrived, because a bot cannot read its channel: what may have left is
Uncertain, and a person decides. Edits and deletions may be done twice, so their unknown outcomes are tried again.
"""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from distributor.channels import Picture, Setup
from distributor.channels.http import harmless
from distributor.channels.options import Options
from distributor.errors import ChannelPaused, DistributorError, Rejected
from distributor.model import Account, Doubt, Limits, Message, Receipt
from distributor.pacing import Pace

if TYPE_CHECKING:
    from telegram import Bot, ChatFullInfo, ChatMember, InlineKeyboardMarkup, LinkPreviewOptions
    from telegram import Message as Posted

    from distributor.channels.telegram_bot import Wire

__all__ = ["Telegram"]

# Lengths in UTF-16 code units after the markup is taken away; sendPhoto takes 10 MB.
LIMITS = Limits(
    network="telegram",
    length=4096,
    caption=1024,
    media=1,
    media_bytes=10_000_000,
    media_types=("image/jpeg", "image/png", "image/webp"),
    markup="html",
)
PREVIEWS = ("true", "false", "large", "small")


@dataclass(eq=False)
class Telegram:
    """One chat, channel or forum topic. Channels with the same token share an account: limits hold the whole bot."""

    kind: ClassVar[str] = "telegram"
    deadline: ClassVar[float] = 120.0  # a picture fetched (30 s), a photo refused (45 s), the text instead (45 s)
    doubt: ClassVar[Doubt] = Doubt()
    # Below what Telegram's FAQ for bots publishes: 30 a second, one a second in a chat, 20 a minute in a group.
    paces: ClassVar[tuple[Pace, ...]] = (Pace(25, timedelta(seconds=1)),)
    channel_paces: ClassVar[tuple[Pace, ...]] = (Pace(1, timedelta(seconds=1)), Pace(18, timedelta(minutes=1)))

    name: str
    account: Account
    chat: str | int
    topic: int | None
    silent: bool
    button: str
    photo: bool
    link_preview: str
    base_url: str
    limits: Limits = LIMITS
    timeout: float = 15.0
    _token: str = field(default="", repr=False)
    _picture: Callable[[str], Picture] = field(default=lambda _: Picture(b"", ""), repr=False)
    _clock: Callable[[], datetime] | None = field(default=None, repr=False)
    _made: Wire | None = field(default=None, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def build(cls, setup: Setup) -> Self:
        """Reads the settings; connects to nothing. Raises ConfigError."""
        options = Options(replace(setup, options=_as_text(setup.options)))
        token = options.text("token")
        if not re.fullmatch(r"\d{3,20}:[A-Za-z0-9_-]{10,200}", token):
            raise options.wrong("token", "is not a bot's token", "@BotFather gives it; it looks like 123456:ABC-DEF...")
        channel = cls(
            name=setup.name,
            account=Account(cls.kind, token.partition(":")[0]),
            chat=_chat(options),
            topic=int(options.number("topic", 0, low=0, high=2**53)) or None,
            silent=options.flag("silent", False),
            button=_words(options.text("button", "")),
            photo=options.flag("photo", True),
            link_preview=options.choice("link_preview", PREVIEWS, "true"),
            base_url=_bot_url(options.address("base_url", "https://api.telegram.org/bot")),
            _token=token,
            _picture=setup.picture,
            _clock=setup.clock,
        )
        options.done()
        return channel

    def send(self, message: Message, key: str) -> Receipt:  # noqa: ARG002 - Telegram takes no idempotency key
        """Posts the message. Telegram offers nothing against a second post, so the key is not used."""
        picture = self._picture_for(message)
        if picture is not None:
            try:
                return self._receipt(self._wire.call(lambda bot: self._send_photo(bot, message, picture)))
            except Rejected as refused:
                if refused.reason != "picture":
                    raise
                # Surely not posted, because of the picture alone: the words go out without it.
        return self._receipt(self._wire.call(lambda bot: self._send_text(bot, message)))

    def edit(self, receipt: Receipt, message: Message, key: str) -> Receipt:  # noqa: ARG002 - see send
        """Replaces the words of a post; its picture stays. The same words again are no error."""
        photo = bool(receipt.data.get("photo"))
        with harmless():
            try:
                self._edit(receipt, message, photo)
            except Rejected as refused:
                if refused.reason == "no-text" and not photo:  # a receipt given by hand does not say what it is of
                    self._edit(receipt, message, True)
                elif refused.reason != "not-modified":
                    raise
        return receipt

    def delete(self, receipt: Receipt) -> None:
        """Takes a post back. Telegram refuses it after 48 hours unless the bot may delete the messages of others."""
        chat, number = self._where(receipt)
        with harmless():
            try:
                self._wire.call(lambda bot: bot.delete_message(chat, number))
            except Rejected as refused:
                if refused.reason != "gone":
                    raise

    def check(self) -> list[str]:
        """Asks who the bot is and what it may do in the chat. Raises ChannelPaused when it may not post."""
        with harmless():
            me = self._wire.call(lambda bot: bot.get_me())
            chat = self._wire.call(lambda bot: bot.get_chat(self.chat))
            member = self._wire.call(lambda bot: bot.get_chat_member(self.chat, me.id))
        problem = _lacks(member, chat.type) or ("" if self.topic is None or chat.is_forum else "the chat has no topics")
        if problem:
            hint = "in the chat's settings, make the bot an administrator who may post, edit and delete messages"
            raise ChannelPaused(
                f"Telegram: @{me.username} cannot post to {_called(chat)}: {problem}", hint=hint, channel_only=True
            )
        return [f"the bot is @{me.username}", f"it may post to {_called(chat)}", _may_delete(member)]

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        if self._made is not None:
            self._made.close()

    @property
    def _wire(self) -> Wire:
        with self._making:
            if self._made is None:
                from distributor.channels.telegram_bot import Wire

                assert self._clock is not None
                self._made = Wire(self._token, self.base_url, timeout=self.timeout, clock=self._clock)
            return self._made

    async def _send_text(self, bot: Bot, message: Message) -> Posted:
        return await bot.send_message(
            self.chat,
            message.text,
            parse_mode="HTML",
            message_thread_id=self.topic,
            disable_notification=self.silent or None,
            link_preview_options=self._preview(message),
            reply_markup=self._keyboard(message),
        )

    async def _send_photo(self, bot: Bot, message: Message, picture: Picture) -> Posted:
        from telegram import InputFile

        return await bot.send_photo(
            self.chat,
            InputFile(picture.content, filename="picture." + picture.type.rpartition("/")[2]),
            caption=message.text,
            parse_mode="HTML",
            message_thread_id=self.topic,
            disable_notification=self.silent or None,
            reply_markup=self._keyboard(message),
        )

    def _edit(self, receipt: Receipt, message: Message, photo: bool) -> None:
        chat, number = self._where(receipt)
        length = _shown_length(message.text)
        if photo and length > self.limits.caption:
            told = f"the new text has {length} characters, a picture's caption at most {self.limits.caption}"
            raise Rejected(told, reason="too-long")
        keyboard, preview = self._keyboard(message), self._preview(message)

        async def act(bot: Bot) -> object:
            if photo:
                return await bot.edit_message_caption(chat, number, None, message.text, keyboard, "HTML")
            return await bot.edit_message_text(
                message.text, chat, number, parse_mode="HTML", reply_markup=keyboard, link_preview_options=preview
            )

        self._wire.call(act)

    def _picture_for(self, message: Message) -> Picture | None:
        """The bytes to send with the message; None where it goes out as text."""
        if not (self.photo and message.media) or _shown_length(message.text) > self.limits.caption:
            return None
        try:
            picture = self._picture(message.media[0].url)
        except DistributorError:
            return None
        good = picture.type in self.limits.media_types and 0 < len(picture.content) <= self.limits.media_bytes
        return picture if good else None

    def _keyboard(self, message: Message) -> InlineKeyboardMarkup | None:
        if not (self.button and message.url):
            return None
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup

        return InlineKeyboardMarkup([[InlineKeyboardButton(self.button, url=message.url)]])

    def _preview(self, message: Message) -> LinkPreviewOptions:
        from telegram import LinkPreviewOptions

        if self.link_preview == "false":
            return LinkPreviewOptions(is_disabled=True)
        return LinkPreviewOptions(
            url=message.url or None,
            prefer_large_media=self.link_preview == "large" or None,
            prefer_small_media=self.link_preview == "small" or None,
        )

    def _receipt(self, posted: Posted) -> Receipt:
        data = {"chat": posted.chat.id, "photo": bool(posted.photo)}
        return Receipt(remote_id=str(posted.message_id), url=posted.link or "", data=data)

    def _where(self, receipt: Receipt) -> tuple[str | int, int]:
        """Chat and number of a post; a receipt given by hand may have only its link."""
        number = re.search(r"(\d+)$", receipt.remote_id or urlsplit(receipt.url).path)
        if number is None:
            raise Rejected("the receipt holds no message number", reason="receipt")
        return receipt.data.get("chat", self.chat), int(number.group(1))


def _as_text(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that may be of several types, as text."""
    mixed = {"chat": (int,), "button": (bool,), "link_preview": (bool,)}
    return {key: str(value).lower() if type(value) in mixed.get(key, ()) else value for key, value in options.items()}


def _chat(options: Options) -> str | int:
    chat = options.text("chat")
    if re.fullmatch(r"-?\d{1,16}", chat):
        return int(chat)
    public = re.fullmatch(r"(?:@|(?:https://)?t\.me/)([A-Za-z]\w{3,31})", chat, re.ASCII)
    if public is None:
        raise options.wrong(
            "chat", "is no chat", 'give "@name", or the number of a private one, such as -1001234567890'
        )
    return "@" + public.group(1)


def _words(button: str) -> str:
    return {"false": "", "true": "Read more"}.get(button, button)


def _bot_url(address: str) -> str:
    """The library appends the token at once: a server's bare address lacks `/bot`."""
    return address if address.endswith("/bot") else f"{address}/bot"


def _shown_length(markup: str) -> int:
    """UTF-16 code units of the text that Telegram shows: tags taken off, character references read."""
    shown = html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", markup))
    return len(shown.encode("utf-16-le", "surrogatepass")) // 2


def _lacks(member: ChatMember, chat_type: str) -> str:
    """What keeps the bot from posting; empty if nothing does."""
    if member.status in ("left", "kicked"):
        return "it is not in the chat"
    if chat_type == "channel" and member.status != "creator" and not getattr(member, "can_post_messages", False):
        return "it lacks the right to post messages"
    if member.status == "restricted" and not getattr(member, "can_send_messages", False):
        return "it is not allowed to send messages"
    return ""


def _may_delete(member: ChatMember) -> str:
    if member.status == "creator" or getattr(member, "can_delete_messages", False):
        return "it may edit and delete what it posted"
    return "it may edit what it posted, and delete it for 48 hours (later it needs the right to delete messages)"


def _called(chat: ChatFullInfo) -> str:
    return f"@{chat.username}" if chat.username else str(chat.title or chat.id)

"""What Telegram may answer, error by error, and what its settings refuse."""

from __future__ import annotations

import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from distributor.channels.telegram import Telegram, _shown_length
from distributor.errors import (
    ChannelError,
    ChannelPaused,
    ConfigError,
    Rejected,
    RetryLater,
    Uncertain,
)
from distributor.model import Account
from tests.channels.test_telegram import OPTIONS
from tests.contracts.channel import NOW, make_setup


class TestSettings:
    def test_channels_with_one_token_share_an_account(self, tmp_path: Path) -> None:
        one, two = (Telegram.build(make_setup(tmp_path, {**OPTIONS, "chat": chat})) for chat in ("@first", "@second"))
        assert one.account == two.account == Account("telegram", "123456789")

    @pytest.mark.parametrize("token", ["nonsense", "123:x y", "123456:abc\n", ""])
    def test_a_token_that_is_none_is_refused_unseen(self, tmp_path: Path, token: str) -> None:
        with pytest.raises(ConfigError) as caught:
            Telegram.build(make_setup(tmp_path, {**OPTIONS, "token": token}))
        assert not token.strip() or token.strip() not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "chat"),
        [("@news", "@news"), ("t.me/news", "@news"), ("https://t.me/news", "@news"), ("-100123", -100123), (-5, -5)],
    )
    def test_a_chat_is_a_name_or_a_number(self, tmp_path: Path, given: Any, chat: Any) -> None:
        assert Telegram.build(make_setup(tmp_path, {**OPTIONS, "chat": given})).chat == chat

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("chat", "news room"),
            ("chat", ""),
            ("chat", 1.5),
            ("topic", "x"),
            ("topic", True),
            ("silent", "perhaps"),
            ("link_preview", "huge"),
            ("base_url", "ftp://x"),
            ("photo", 3),
        ],
    )
    def test_a_bad_value_is_named_by_its_key(self, tmp_path: Path, key: str, value: Any) -> None:
        with pytest.raises(ConfigError) as caught:
            Telegram.build(make_setup(tmp_path, {**OPTIONS, key: value}))
        assert caught.value.key == f"channels.under-test.{key}"

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8081", "http://127.0.0.1:8081/", "http://127.0.0.1:8081/bot"])
    def test_a_server_of_ones_own_is_named_with_or_without_bot(self, tmp_path: Path, url: str) -> None:
        channel = Telegram.build(make_setup(tmp_path, {**OPTIONS, "base_url": url}))
        assert channel.base_url == "http://127.0.0.1:8081/bot"

    def test_lengths_are_utf16_of_what_is_shown(self) -> None:
        assert _shown_length("<b>a</b>😀&lt;&amp;") == 5
        assert _shown_length("1 < 2 > 1") == 9


class TestEveryError:
    """A new version of a library may bring new errors: this fails until somebody has thought about each."""

    TELEGRAM: ClassVar[dict[str, tuple[tuple[Any, ...], type[ChannelError]]]] = {
        "BadRequest": (("x",), Rejected),
        "ChatMigrated": ((-100,), Rejected),
        "Conflict": (("x",), Rejected),
        "EndPointNotFound": (("x",), Rejected),
        "Forbidden": (("x",), ChannelPaused),
        "InvalidToken": (("x",), ChannelPaused),
        "NetworkError": (("x",), Uncertain),
        "PassportDecryptionError": (("x",), Rejected),
        "RetryAfter": ((timedelta(seconds=5),), ChannelPaused),
        "TelegramError": (("x",), Uncertain),
        "TimedOut": ((), Uncertain),
    }
    HTTPX_NEVER_LEFT: ClassVar[set[str]] = {
        *("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL")
    }
    HTTPX_UNKNOWN: ClassVar[set[str]] = {
        *("CloseError", "CookieConflict", "DecodingError", "HTTPError", "HTTPStatusError", "LocalProtocolError"),
        *("NetworkError", "ProtocolError", "ReadError", "ReadTimeout", "RemoteProtocolError", "RequestError"),
        *("RequestNotRead", "ResponseNotRead", "StreamClosed", "StreamConsumed", "StreamError", "TimeoutException"),
        *("TooManyRedirects", "TransportError", "WriteError", "WriteTimeout"),
    }

    @pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")
    def test_of_the_sdk_is_mapped(self) -> None:
        from telegram import error

        from distributor.channels.telegram_bot import outcome

        classes = {name: value for name, value in vars(error).items() if inspect.isclass(value)}
        classes = {name: value for name, value in classes.items() if issubclass(value, error.TelegramError)}
        assert set(classes) == set(self.TELEGRAM), "an error of the SDK has no place in the ledger yet"
        for name, (args, expected) in self.TELEGRAM.items():
            assert type(outcome(classes[name](*args), NOW)) is expected, name

    def test_of_the_http_client_below_it_is_mapped(self) -> None:
        import httpx
        from telegram.error import NetworkError, TimedOut

        from distributor.channels.telegram_bot import outcome

        classes = {name: value for name, value in vars(httpx).items() if inspect.isclass(value)}
        classes = {name: value for name, value in classes.items() if issubclass(value, Exception)}
        assert set(classes) == self.HTTPX_NEVER_LEFT | self.HTTPX_UNKNOWN, "an error of httpx was never thought about"
        for name, cls in classes.items():
            cause = cls.__new__(cls)
            Exception.__init__(cause, "x")
            wrapped = TimedOut() if isinstance(cause, httpx.TimeoutException) else NetworkError("x")
            wrapped.__cause__ = cause
            told = outcome(wrapped, NOW)
            assert type(told) is (RetryLater if name in self.HTTPX_NEVER_LEFT else Uncertain), name

    @pytest.mark.parametrize("fault", [ValueError("x"), KeyError("result"), TimeoutError(), RuntimeError("loop")])
    def test_that_nobody_expected_is_an_unknown_outcome(self, fault: Exception) -> None:
        from distributor.channels.telegram_bot import outcome

        assert type(outcome(fault, NOW)) is Uncertain

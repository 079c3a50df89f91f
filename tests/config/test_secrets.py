"""Secrets: never shown, all known to the log's filter; the key is made once."""

from __future__ import annotations

import logging
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distributor import config
from distributor.config.values import cut
from distributor.errors import ConfigError

from .conftest import Newsroom

TEXT = """
secret_key = "canary-0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
[sources.a]
url = "https://user:canary-1@a.example/feed?api_key=canary-2&page=1"
[channels.x]
credentials_file = "x"
[channels.y]
token = "canary-5"
headers = { Authorization = "canary-6" }
odd_file = "odd"
proxy = "http://me:canary-8@proxy.example"
[channels.z]
credentials = { consumer_key = "canary-9", consumer_secret = "canary-10" }
[mail]
from = "a@b.example"
smtp = "smtp://me:canary-11@relay.example"
password = "canary-12"
[web]
metrics_token = "canary-13"
[database]
url = "postgresql://me:canary%2D14@db/news"
[broker]
url = "redis://:canary-15@redis/0"
"""


@pytest.fixture
def settings(newsroom: Newsroom) -> config.Settings:
    newsroom.secret("x", 'consumer_key = "canary-3"\nconsumer_secret=canary-4\n')
    newsroom.secret("odd", "canary-7\n")
    return newsroom.load(TEXT)


def test_no_way_of_showing_the_settings_shows_a_secret(settings: config.Settings) -> None:
    channels = settings.channels.values()
    shown = [repr(settings), str(settings), f"{settings}", str(settings.model_dump()), settings.model_dump_json()]
    shown += [text for channel in channels for text in (repr(channel), repr(channel.options), f"{channel.options}")]
    shown += [
        repr(table) for table in (settings.database, settings.broker, settings.mail, settings.web, settings.sources)
    ]
    assert [text for text in shown if "canary" in text] == []


def test_every_secret_is_known_to_the_logs_filter(settings: config.Settings) -> None:
    secrets = settings.secrets()
    wanted = {f"canary-{number}" for number in range(1, 16)} | {"canary-0-" + "a" * 32, "canary%2D14"}
    assert wanted <= secrets
    text = " ".join(sorted(wanted))
    assert "canary" not in config.redact(text, secrets)


def test_short_values_are_not_blotted_out(newsroom: Newsroom) -> None:
    assert newsroom.load('[channels.x]\ntoken = "a"').secrets() == frozenset()


def test_an_error_beside_a_secret_does_not_tell_it(newsroom: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    newsroom.secret("f", "canary-file\n")
    for text in (
        'secret_key = "canary-short"',
        '[web]\nmetrics_token = ["canary-list"]',
        '[mail]\nfrom = "a@b.example"\npasword = "canary-typo"',
        '[database]\nurl = "canary-url"',
        '[sources.a]\nurl = "ftp://me:canary-ftp@a.example"',
        '[mail]\nfrom = "a@b.example"\npassword_file = "f"\nsmtp = "canary-smtp"',
        '[channels.x]\ntoken = "canary-inline"\nper_hour = 0',
    ):
        error = newsroom.error(text)
        assert "canary" not in "".join(traceback.format_exception(error)) + repr(error) + error.hint
        assert error.__context__ is None
    assert "canary" not in caplog.text


def test_a_readable_secret_file_is_a_warning(newsroom: Newsroom) -> None:
    newsroom.secret("t", "canary-readable\n", mode=0o644)
    (warning,) = newsroom.load('[channels.x]\ntoken_file = "t"').warnings
    assert "channels.x.token_file" in warning
    assert "chmod 600" in warning


def test_a_readable_settings_file_with_secrets_in_it_is_a_warning(newsroom: Newsroom) -> None:
    newsroom.load('[channels.x]\ntoken = "canary-inline"')
    newsroom.path.chmod(0o644)
    (warning,) = config.load(newsroom.path, {}).warnings
    assert "chmod 600" in warning
    assert "canary" not in warning


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_secret_file_that_holds_none_is_an_error(newsroom: Newsroom, content: bytes) -> None:
    (newsroom.folder / "t").write_bytes(content)
    assert newsroom.error('[channels.x]\ntoken_file = "t"').key == "channels.x.token_file"


def test_only_the_final_newline_of_a_secret_is_cut(newsroom: Newsroom) -> None:
    newsroom.secret("t", " spaces stay \r\n")
    assert newsroom.load('[channels.x]\ntoken_file = "t"').channels["x"].options["token"] == " spaces stay "


def test_the_key_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    settings = config.sample_settings("http://127.0.0.1:1/", tmp_path / "new" / "data")
    key = config.secret_key(settings)
    path = tmp_path / "new" / "data" / "secret_key"
    assert len(key) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config.secret_key(settings) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_many_at_once_get_the_same_key(tmp_path: Path) -> None:
    settings = config.sample_settings("http://127.0.0.1:1/", tmp_path)
    with ThreadPoolExecutor(16) as pool:
        keys = {*pool.map(lambda _: config.secret_key(settings), range(64))}
    assert len(keys) == 1


def test_without_hard_links_the_key_is_made_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    settings = config.sample_settings("http://127.0.0.1:1/", tmp_path)
    assert config.secret_key(settings) == config.secret_key(settings)


def test_a_key_that_is_set_is_used_and_no_file_made(newsroom: Newsroom) -> None:
    settings = newsroom.load("", {"DISTRIBUTOR_SECRET_KEY": "s" * 40})
    assert config.secret_key(settings) == b"s" * 40
    assert not settings.site.data.exists()


def test_a_key_file_that_is_broken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigError, match=r"secret_key: .*no key of at least 32"):
        config.secret_key(config.sample_settings("http://127.0.0.1:1/", tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="secret_key: cannot read or make"):
        config.secret_key(config.sample_settings("http://127.0.0.1:1/", tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@a.example/x", "https://***@a.example/x"),
        ("redis://:p@h:1/0", "redis://***@h:1/0"),
        ("https://a.example/?token=t&b=c", "https://a.example/?token=***&b=c"),
        ("https://a.example/", "https://a.example/"),
        ("https://[bad", "***"),
    ],
)
def test_urls_are_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert cut(url) == shown

"""Finding the file, reading it, filling in what it leaves out."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from distributor import config
from distributor.errors import ConfigError
from distributor.pacing import Budget, Pace, Timetable
from distributor.planning import Rules

from .conftest import Newsroom

SOURCE = '[sources.paper]\nurl = "https://paper.example"\n'


def test_the_newsrooms_example_loads_as_it_is(newsroom: Newsroom, shared: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", (shared / "experience.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    for name in ("x", "telegram", "smtp"):
        newsroom.secret(f"secrets/{name}", f"secret of {name}\n")
    settings = newsroom.load(example[1])
    assert settings.site.name == "The Paper"
    assert settings.sources["paper"].category_map["default"] == "Blog"
    assert settings.channels["x"].budget == Budget(monthly=40)
    assert settings.channels["x"].rules.categories == {"World News", "Business"}
    assert settings.channels["telegram"].rules.categories is None
    assert settings.channels["telegram"].timetable == Timetable("Europe/Paris", (time(23), time(6, 30)))
    assert (settings.channels["sports"].kind, settings.channels["sports"].options["token"]) == (
        "telegram",
        "secret of telegram",
    )
    assert settings.mail
    assert settings.mail.password
    assert settings.mail.password.get_secret_value() == "secret of smtp"
    assert settings.digests["daily"].hour == 7
    assert settings.alerts.editors == ("telegram:-100456",)
    assert settings.web.public == ("127.0.0.1", 8001)
    assert settings.warnings == ()


def test_an_empty_file_has_right_defaults(newsroom: Newsroom) -> None:
    settings = newsroom.load("")
    assert len(settings.site.categories) == 12
    assert settings.site.data == newsroom.folder / "data"
    assert settings.database.url == f"sqlite:///{newsroom.folder}/data/distributor.db"
    assert settings.broker.url == "memory://"
    assert settings.web.admin == ("127.0.0.1", 8000)
    assert settings.web.public is None
    assert not settings.channels
    assert not settings.sources


def test_a_sources_defaults_are_those_of_the_issue(newsroom: Newsroom) -> None:
    source = newsroom.load(SOURCE).sources["paper"]
    assert (source.backfill, source.max_age, source.flood_guard) == (0, timedelta(hours=24), 20)
    assert (source.interval_min, source.interval_max) == (timedelta(seconds=60), timedelta(hours=1))
    assert source.complete_from_page
    assert source.withdraw_missing


def test_a_channel_gives_values_of_the_domain(newsroom: Newsroom) -> None:
    channel = newsroom.load(
        SOURCE
        + """
        [channels.x]
        categories = ["world news"]
        not_categories = "Sports"
        sources = ["Paper"]
        languages = ["fr_CA", "en"]
        tags = ["live"]
        approval = true
        expires_after = "2h"
        slots = ["18:00", 08:00:00]
        quiet_hours = "22:00-24:00"
        timezone = "America/Toronto"
        per_hour = 4
        min_gap = "5m"
        pace = ["50/15m", "300/h"]
        daily_budget = 1.5
        """
    ).channels["x"]
    assert channel.rules == Rules(
        categories=frozenset({"World News"}),
        not_categories=frozenset({"Sports"}),
        sources=frozenset({"paper"}),
        languages=frozenset({"fr-CA", "en"}),
        tags=frozenset({"live"}),
        approval=True,
        expires_after=timedelta(hours=2),
    )
    assert channel.timetable == Timetable("America/Toronto", (time(22), time(0)), (time(8), time(18)))
    assert channel.paces == (
        Pace(4, timedelta(hours=1)),
        Pace(1, timedelta(minutes=5)),
        Pace(50, timedelta(minutes=15)),
        Pace(300, timedelta(hours=1)),
    )
    assert channel.budget == Budget(daily=1.5)


def test_a_channel_inherits_zone_parameters_and_hashtags_unless_it_says_otherwise(newsroom: Newsroom) -> None:
    channels = newsroom.load(
        """
        [site]
        timezone = "Asia/Tokyo"
        utm = { source = "{{ channel }}", ref = "d" }
        hashtags = 5
        [channels.a]
        [channels.b]
        timezone = "UTC"
        utm = ""
        hashtags = 0
        """
    ).channels
    assert (channels["a"].timezone, channels["a"].hashtags) == ("Asia/Tokyo", 5)
    assert channels["a"].utm == {"utm_source": "{{ channel }}", "ref": "d"}
    assert (channels["b"].timezone, channels["b"].hashtags, channels["b"].utm) == ("UTC", 0, {})


def test_what_is_not_common_to_all_channels_is_left_to_its_class(newsroom: Newsroom) -> None:
    channel = newsroom.load(
        '[channels.tg]\nkind = "telegram"\nchat = "@a"\nsilent = true\noptions = { topic = 3 }'
    ).channels["tg"]
    assert dict(channel.options) == {"chat": "@a", "silent": True, "topic": 3}


def test_utm_may_be_written_as_a_query(newsroom: Newsroom) -> None:
    site = newsroom.load('[site]\nutm = "utm_source={{ channel }}&utm_medium=social"').site
    assert site.utm == {"utm_source": "{{ channel }}", "utm_medium": "social"}


def test_paths_are_relative_to_the_file(newsroom: Newsroom) -> None:
    settings = newsroom.load('[site]\ndata = "d"\ntemplates = "t"\n[database]\nurl = "sqlite:///news.db?timeout=5"')
    assert settings.site.data == newsroom.folder / "d"
    assert settings.site.templates == newsroom.folder / "t"
    assert settings.database.url == f"sqlite:///{newsroom.folder}/news.db?timeout=5"


def test_postgresql_is_spoken_to_through_psycopg(newsroom: Newsroom) -> None:
    assert (
        newsroom.load("", {"DISTRIBUTOR_DATABASE": "postgres://db/news"}).database.url == "postgresql+psycopg://db/news"
    )


def test_a_public_listener_can_be_kept_off(newsroom: Newsroom) -> None:
    text = '[site]\npublic_url = "https://go.paper.example/"\n[web]\npublic = false'
    settings = newsroom.load(text)
    assert settings.web.public is None
    assert settings.site.public_url == "https://go.paper.example"
    assert newsroom.load('[web]\npublic = "[::1]:9000"').web.public == ("::1", 9000)


def test_a_byte_order_mark_and_crlf_do_no_harm(newsroom: Newsroom) -> None:
    assert newsroom.load('\ufeff[site]\r\nname = "A"\r\n').site.name == "A"


def test_settings_cannot_be_changed(newsroom: Newsroom) -> None:
    settings = newsroom.load(SOURCE + '[channels.x]\ntoken = "abcdefgh"\n[digests.daily]')
    for table in (settings, settings.site, settings.sources["paper"], settings.channels["x"], settings.web):
        with pytest.raises(ValidationError):
            setattr(table, next(iter(type(table).model_fields)), "other")
    for mapping in (
        settings.sources,
        settings.channels,
        settings.digests,
        settings.channels["x"].options,
        settings.site.utm,
    ):
        with pytest.raises(TypeError):
            mapping["new"] = 1  # type: ignore[index]


def test_the_file_is_found_in_the_documented_order(tmp_path: Path) -> None:
    users, cwd, other = tmp_path / "home/.config/distributor", tmp_path / "cwd", tmp_path / "other.toml"
    env = {"HOME": str(tmp_path / "home")}
    users.mkdir(parents=True)
    cwd.mkdir()
    assert config.find(None, env, cwd) is None
    (users / "distributor.toml").touch()
    assert config.find(None, env, cwd) == users / "distributor.toml"
    (cwd / "distributor.toml").touch()
    assert config.find(None, env, cwd) == cwd / "distributor.toml"
    assert config.find(None, env | {"DISTRIBUTOR_CONFIG": str(other)}, cwd) == other
    assert config.find("mine.toml", env | {"DISTRIBUTOR_CONFIG": str(other)}, cwd) == cwd / "mine.toml"
    assert config.find(str(users), env, cwd) == users / "distributor.toml"


def test_a_file_in_the_users_config_folder_keeps_its_data_in_the_users_data_folder(tmp_path: Path) -> None:
    path = tmp_path / "c/distributor/distributor.toml"
    path.parent.mkdir(parents=True)
    path.touch()
    env = {"XDG_CONFIG_HOME": str(tmp_path / "c"), "HOME": str(tmp_path)}
    assert config.load(path, env).site.data == tmp_path / ".local/share/distributor"
    assert config.load(None, env).site.data == tmp_path / ".local/share/distributor"


def test_the_fingerprint_changes_with_the_file_and_with_overrides_only(newsroom: Newsroom) -> None:
    first = newsroom.load("")
    assert first.path == newsroom.path
    same = newsroom.load("", {"PATH": "/bin", "DISTRIBUTOR_CONFIG": "x"})
    assert same.fingerprint == first.fingerprint
    others = [
        newsroom.load("# comment\n"),
        newsroom.load("", {"DISTRIBUTOR_SITE__NAME": "A"}),
        newsroom.load("", {"DISTRIBUTOR_SITE__NAME": "B"}),
        newsroom.load("", {"DISTRIBUTOR_BROKER": "redis://b"}),
    ]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    binary, folder = tmp_path / "binary.toml", tmp_path / "folder.toml"
    binary.write_bytes(b"[site]\nname = '\xff'\n")
    folder.mkdir()
    for path, words in (
        (tmp_path / "none.toml", "there is no such settings file"),
        (folder, "cannot be read"),
        (binary, "binary.toml, line 2: not UTF-8 text"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            config.load(path, {})
        assert str(path) in str(caught.value)


def test_broken_toml_names_file_and_line(newsroom: Newsroom) -> None:
    error = newsroom.error("[site]\nname = \n")
    assert "distributor.toml: not valid TOML" in str(error)
    assert "line 2" in str(error)
    newsroom.error("a = " + "[" * 100_000)


def test_the_sample_runs_on_previews_of_four_networks(tmp_path: Path) -> None:
    settings = config.sample_settings("http://127.0.0.1:4711/", tmp_path)
    source = settings.sources["sample"]
    assert (source.backfill, source.interval_min, source.interval_max) == (
        "all",
        timedelta(seconds=1),
        timedelta(seconds=1),
    )
    assert {name: (c.kind, c.options["network"]) for name, c in settings.channels.items()} == {
        name: ("preview", name) for name in ("x", "telegram", "mastodon", "bluesky")
    }
    assert settings.site.data == tmp_path
    assert settings.network.allow_hosts == ("127.0.0.1:4711",)
    assert settings.path is None


def test_a_feed_run_shows_five_articles_and_opens_no_name_to_a_private_network(tmp_path: Path) -> None:
    settings = config.feed_settings("https://paper.example/feed", tmp_path, {"DISTRIBUTOR_DATABASE": "sqlite:////a.db"})
    assert settings.sources["feed"].backfill == 5
    assert settings.network.allow_hosts == ()
    assert settings.database.url == "sqlite:////a.db"
    with pytest.raises(ConfigError, match=r"sources\.feed\.url: must be an address"):
        config.feed_settings("javascript:alert(1)", tmp_path)

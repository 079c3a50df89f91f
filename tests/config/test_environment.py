"""Environment variables override the file, and files of secrets may be named in either."""

from __future__ import annotations

from .conftest import Newsroom

SOURCE = '[sources.paper]\nurl = "https://paper.example"\n'


def test_variables_override_the_file_and_keep_types(newsroom: Newsroom) -> None:
    settings = newsroom.load(
        SOURCE + '[channels.us-sports]\nkind = "telegram"\nchat = "@a"\ntopic = 1\nper_hour = 2\n',
        {
            "DISTRIBUTOR_SITE__NAME": "Other",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__PER_HOUR": "9",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__CATEGORIES": "World News, Sports",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__SLOTS": "08:00,18:00",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__CHAT": "-100123",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__TOPIC": "7",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__SILENT": "true",
            "DISTRIBUTOR_CHANNELS__US_SPORTS__TOKEN": "123456",
            "DISTRIBUTOR_SOURCES__PAPER__COMPLETE_FROM_PAGE": "no",
            "DISTRIBUTOR_SOURCES__PAPER__MAX_AGE": "90",
            "DISTRIBUTOR_SOURCES__PAPER__BACKFILL": "3",
            "DISTRIBUTOR_SOURCES__PAPER__CATEGORY_MAP": '{"World": "World News"}',
            "DISTRIBUTOR_NETWORK__ALLOW_HOSTS": '["cms:8080"]',
        },
    )
    channel, source = settings.channels["us-sports"], settings.sources["paper"]
    assert settings.site.name == "Other"
    assert channel.per_hour == 9
    assert channel.categories == ("World News", "Sports")
    assert len(channel.slots) == 2
    assert dict(channel.options) == {"chat": "-100123", "topic": 7, "silent": True, "token": "123456"}
    assert not source.complete_from_page
    assert source.max_age.total_seconds() == 90
    assert source.backfill == 3
    assert source.category_map == {"World": "World News"}
    assert settings.network.allow_hosts == ("cms:8080",)


def test_short_names_stand_for_the_settings_that_machines_differ_in(newsroom: Newsroom) -> None:
    key = newsroom.secret("key", "k" * 32 + "\n")
    settings = newsroom.load(
        '[database]\nurl = "sqlite:///a.db"',
        {
            "DISTRIBUTOR_DATABASE": "postgresql+psycopg://u:p@db/news",
            "DISTRIBUTOR_BROKER": "",
            "DISTRIBUTOR_DATA": "/srv/data",
            "DISTRIBUTOR_SECRET_KEY_FILE": str(key),
        },
    )
    assert settings.database.url == "postgresql+psycopg://u:p@db/news"
    assert settings.broker.url == "memory://"
    assert str(settings.site.data) == "/srv/data"
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "k" * 32


def test_a_secret_comes_from_the_variable_then_its_file_then_the_settings(newsroom: Newsroom) -> None:
    newsroom.secret("in-toml", "from toml\n")
    newsroom.secret("in-env", "from env\n")
    text = '[channels.x]\ntoken_file = "in-toml"\n'
    assert newsroom.load(text).channels["x"].options["token"] == "from toml"
    by_file = newsroom.load(text, {"DISTRIBUTOR_CHANNELS__X__TOKEN_FILE": "in-env"})
    assert by_file.channels["x"].options["token"] == "from env"
    by_value = newsroom.load(text, {"DISTRIBUTOR_CHANNELS__X__TOKEN": "direct"})
    assert by_value.channels["x"].options["token"] == "direct"
    over_inline = newsroom.load('[channels.x]\ntoken = "inline"', {"DISTRIBUTOR_CHANNELS__X__TOKEN_FILE": "in-env"})
    assert over_inline.channels["x"].options["token"] == "from env"


def test_a_value_and_its_file_at_once_is_an_error(newsroom: Newsroom) -> None:
    env = {"DISTRIBUTOR_DATABASE": "sqlite:///a", "DISTRIBUTOR_DATABASE_FILE": "f"}
    error = newsroom.error("", env)
    assert error.key == "database.url"
    assert "DISTRIBUTOR_DATABASE_FILE" in str(error)


def test_a_variable_for_a_channel_that_is_not_there_is_a_warning(newsroom: Newsroom) -> None:
    settings = newsroom.load("", {"DISTRIBUTOR_CHANNELS__TELEGRM__TOKEN": "secret-of-old"})
    assert "DISTRIBUTOR_CHANNELS__TELEGRM__TOKEN sets nothing" in settings.warnings[0]
    assert "secret-of-old" not in repr(settings)


def test_a_mistyped_short_name_is_a_warning_and_what_orchestrators_set_is_none(newsroom: Newsroom) -> None:
    settings = newsroom.load("", {"DISTRIBUTOR_DATABSE": "x", "DISTRIBUTOR_PORT_8000_TCP": "tcp://10.0.0.1:8000"})
    assert settings.warnings == ("DISTRIBUTOR_DATABSE sets nothing; did you mean DISTRIBUTOR_DATABASE?",)


def test_an_odd_variable_is_an_error_and_no_crash(newsroom: Newsroom) -> None:
    for name in ("DISTRIBUTOR___", "DISTRIBUTOR_SITE__", "DISTRIBUTOR_SITE__NAME__X"):
        newsroom.error('[site]\nname = "A"', {name: "x"})

"""Each wrong setting is one line: its key, what is wrong, what was meant, and where it stands."""

from __future__ import annotations

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from distributor import config
from distributor.config.settings import tables_of
from distributor.errors import ConfigError

from .conftest import Newsroom

URL = 'url = "https://a.example"\n'


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[site]\nnaem = 1", "site.naem", "did you mean name?"),
        ("[source.a]\n" + URL, "source", "did you mean sources?"),
        ("[site]\npublic = ':1'", "site.public", "did you mean public_url?"),
        ("[network]\ntrusted_proxies = []", "network.trusted_proxies", "did you mean web.trusted_proxies?"),
        ("[sources.a]\n" + URL + "flod_guard = 3", "sources.a.flod_guard", "did you mean flood_guard?"),
        ("[mail]\nform = 'a@b.example'\nfrom = 'a@b.example'", "mail.form", "did you mean from?"),
        ("[web]\nzzz = 1", "web.zzz", "known here are admin, public"),
        ("[sources.a]", "sources.a.url", "is missing"),
        ("[database]\nurl = 'mysql://me:hush@db/news'", "database.url", 'begins with "sqlite:///" or'),
        ("[sources.a]\nurl = 'paper.example'", "sources.a.url", "must be an address that begins with"),
        ("[sources.a]\nurl = 'https://a.example:99999'", "sources.a.url", "must be an address"),
        ("[sources.A]\n" + URL, "sources.A", "a name is made of a to z"),
        ("[sources]\na = 'https://a.example'", "sources.a", "must be a table: [sources.a]"),
        ("sources = 3", "sources", "must be tables"),
        ("site = 3", "site", "must be a table"),
        ("[sources.a]\nname = 'b'\n" + URL, "sources.a.name", "the table's own name is the name"),
        ("[sources.a]\nbackfill = 'some'\n" + URL, "sources.a.backfill", 'a number of articles, or "all"'),
        ("[sources.a]\nbackfill = true\n" + URL, "sources.a.backfill", 'a number of articles, or "all"'),
        ("[sources.a]\nbackfill = -1\n" + URL, "sources.a.backfill", 'a number of articles, or "all"'),
        ("[sources.a]\nmax_age = 'soon'\n" + URL, "sources.a.max_age", "'soon' is no duration"),
        ("[sources.a]\nmax_age = true\n" + URL, "sources.a.max_age", "must be a duration"),
        ("[sources.a]\nmax_age = -5\n" + URL, "sources.a.max_age", "from 0 to 100 years"),
        ("[sources.a]\nmax_age = inf\n" + URL, "sources.a.max_age", "from 0 to 100 years"),
        ("[sources.a]\nmax_age = nan\n" + URL, "sources.a.max_age", "from 0 to 100 years"),
        ("[sources.a]\ninterval_min = '2h'\n" + URL, "sources.a", "interval_min is longer than interval_max"),
        ("[sources.a]\nflood_guard = 0\n" + URL, "sources.a.flood_guard", "must be at least 1"),
        ("[sources.a]\nflood_guard = 1.5\n" + URL, "sources.a.flood_guard", "must be a whole number"),
        ("[sources.a]\ncomplete_from_page = 'perhaps'\n" + URL, "sources.a.complete_from_page", "true or false"),
        ("[sources.a]\nlanguage = 'french'\n" + URL, "sources.a.language", "'french' is no language"),
        (
            "[sources.a]\ncategory_map = { world = 'World New' }\n" + URL,
            "sources.a.category_map.world",
            "'World New' is no category of site.categories; did you mean 'World News'?",
        ),
        ("[sources.a]\ncategory_map = { world = 3 }\n" + URL, "sources.a.category_map.world", "must be text"),
        ("[channels.x]\ncategories = ['Sport']", "channels.x.categories", "did you mean 'Sports'?"),
        ("[channels.x]\nnot_categories = ['Qqq']", "channels.x.not_categories", "there are World News"),
        ("[channels.x]\ncategories = []", "channels.x.categories", "at least one category"),
        ("[channels.x]\ncategories = [1]", "channels.x.categories", "must be a list of words"),
        ("[channels.x]\nsources = ['papr']\n[sources.paper]\n" + URL, "channels.x.sources", "did you mean 'paper'?"),
        ("[channels.x]\nquiet_hours = '23:00'", "channels.x.quiet_hours", "write them like"),
        ("[channels.x]\nquiet_hours = '8:00-8:00'", "channels.x.quiet_hours", "would last all day"),
        ("[channels.x]\nslots = ['25:00']", "channels.x.slots", "'25:00' is no time of day"),
        ("[channels.x]\ntimezone = 'Europe/Pari'", "channels.x.timezone", "did you mean Europe/Paris?"),
        ("[site]\ntimezone = '../../etc/passwd'", "site.timezone", "is no time zone"),
        ("[channels.alerts]\nkind = 'x'", "channels.alerts", "choose another name"),
        ("[channels.instant]\nkind = 'x'", "channels.instant", "choose another name"),
        ("[channels.letters]\nkind = 'x'", "channels.letters", "choose another name"),
        ("[channels.mail]\nkind = 'x'", "channels.mail", "choose another name"),
        ("[channels.site]\nkind = 'x'", "channels.site", "counted on its own: choose another name"),
        ("[digests.trending]\nhour = 7", "digests.trending", "counted on its own: choose another name"),
        ("[channels.x]\nper_hour = 0", "channels.x.per_hour", "must be at least 1"),
        ("[channels.x]\nper_hour = 'four'", "channels.x.per_hour", "must be a whole number"),
        ("[channels.x]\npace = '50 per hour'", "channels.x.pace", "is no pace"),
        ("[channels.x]\npace = ['50/0s']", "channels.x.pace", "is no pace"),
        ("[channels.x]\nmonthly_budget = -1", "channels.x.monthly_budget", "must be at least 0"),
        ("[channels.x]\nmonthly_budget = nan", "channels.x.monthly_budget", "must be"),
        ("[channels.x]\ntemplate = '../../etc/passwd'", "channels.x.template", "name of a template"),
        ("[channels.x]\ntemplate = 'a/../../b'", "channels.x.template", "name of a template"),
        ("[channels.x]\nutm = 'no query'", "channels.x.utm", "must look like"),
        ("[channels.x]\ntoken_file = 'none'", "channels.x.token_file", "none: No such file"),
        ("[channels.x]\ntoken_file = 3", "channels.x.token_file", "must be the path of a file"),
        ("[channels.x]\ntoken_file = '.'", "channels.x.token_file", "is no regular file"),
        ("[channels.x]\ntoken_file = 'a'\ntoken = 'b'", "channels.x.token", "is set twice"),
        ("[site]\ncategories = ['A', 'a']", "site.categories", "twice"),
        ("[site]\ncategories = ['A', 'None']", "site.categories", "cannot be a category"),
        ("[site]\ndata = '~nobody-here/x'", "site.data", "is no usable path"),
        ('[site]\ndata = "a\\u0000"', "site.data", "is no usable path"),
        ("[channels.x]\ntoken_file = '~nobody-here/x'", "channels.x.token_file", "is no usable path"),
        ("[sources.a]\nmax_age = 1" + "0" * 400 + "\n" + URL, "sources.a.max_age", "from 0 to 100 years"),
        ("[channels.x]\nper_hour = 1" + "0" * 400, "channels.x.per_hour", "must be"),
        ("[web]\nadmin = 'nowhere'", "web.admin", "is no address to listen on"),
        ("[web]\nadmin = '127.0.0.1:70000'", "web.admin", "is no address to listen on"),
        ("[web]\ntrusted_proxies = ['10.0.0']", "web.trusted_proxies", "10.0.0"),
        ("[network]\nallow_hosts = ['*.internal']", "network.allow_hosts", "is no host"),
        ("[network]\nallow_hosts = ['http://cms']", "network.allow_hosts", "'http://cms'"),
        ("[network]\nallow_hosts = ['cms:99999']", "network.allow_hosts", "no valid port"),
        ('[network]\nuser_agent = "a\\r\\nb: c"', "network.user_agent", "may not"),
        ("[database]\nurl = 'news.db'", "database.url", "must be a URL"),
        ("[mail]", "mail.from", "is missing"),
        ('[mail]\nfrom = "a@b.example\\nBcc: c"', "mail.from", "must be an address"),
        ("[mail]\nfrom = 'a@b.example'\nsmtp = 'relay'", "mail.smtp", "must look like"),
        ("[digests.daily]\nhour = 24", "digests.daily.hour", "must be at most 23"),
        ("[digests.daily]\nfrequency = 'hourly'", "digests.daily.frequency", "'daily' or 'weekly'"),
        ("[digests.daily]\nweekdays = ['mo', 'funday']", "digests.daily.weekdays", "is no weekday"),
        ("[digests.daily]\ncategories = ['Sprots']", "digests.daily.categories", "did you mean 'Sports'?"),
        ("[alerts]\nadmin = ['ops@paper.example']", "alerts.admin", "no place for alerts"),
        ("[ranking]\nfreshness_half_life = 0", "ranking.freshness_half_life", "longer than nothing"),
        ("[workers]\nconcurrency = 0", "workers.concurrency", "must be at least 1"),
        ("secret_key = 'short'", "secret_key", "32"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wrong(newsroom: Newsroom, text: str, key: str, words: str) -> None:
    error = newsroom.error(text)
    assert error.key == key
    assert str(error).startswith(f"{key}: ")
    assert words in str(error)
    assert str(newsroom.path) in str(error)


def test_the_line_is_named(newsroom: Newsroom) -> None:
    text = '# a\n[site]\nname = """\n[channels.x]\nper_hour = 0\n"""\n[channels.x]\nmin_gap = "1m"\nper_hour = 0\n'
    assert f"({newsroom.path}, line 9)" in str(newsroom.error(text))
    assert f"({newsroom.path}, line 1)" in str(newsroom.error('[sources."paper"]\n'))


def test_the_other_faults_are_in_the_hint(newsroom: Newsroom) -> None:
    error = newsroom.error("[site]\nnaem = 1\nhashtags = -1\n")
    assert error.key in {"site.naem", "site.hashtags"}
    assert "Then also: site." in error.hint


def test_a_wrong_variable_is_named_instead_of_the_file(newsroom: Newsroom) -> None:
    error = newsroom.error("[channels.x]\nper_hour = 4", {"DISTRIBUTOR_CHANNELS__X__PER_HOUR": "many"})
    assert str(error) == "channels.x.per_hour: must be a whole number (environment, DISTRIBUTOR_CHANNELS__X__PER_HOUR)"
    error = newsroom.error("", {"DISTRIBUTOR_SITE__NAEM": "x"})
    assert "did you mean name?" in str(error)
    assert "DISTRIBUTOR_SITE__NAEM" in str(error)


def test_what_a_channels_class_refuses_is_explained_with_place_and_nearest_key(newsroom: Newsroom) -> None:
    settings = newsroom.load("[channels.x]\nper_hours = 4\nchta = '@a'\n")
    refused = ConfigError("is no setting of this channel", key="channels.x.per_hours", hint="the settings are token")
    error = config.explain(refused, settings, {})
    assert str(error) == f"channels.x.per_hours: is no setting of this channel ({newsroom.path}, line 2)"
    assert error.hint == "did you mean per_hour?"
    other = ConfigError("is no setting of this channel", key="channels.x.chta", hint="did you mean chat?")
    assert config.explain(other, settings, {}).hint == "did you mean chat?"


VALUES = st.one_of(
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.times(),
    st.datetimes(),
    st.lists(st.one_of(st.text(max_size=4), st.integers(), st.lists(st.text(max_size=2))), max_size=2),
    st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=4), st.integers()), max_size=2),
    st.sampled_from(["all", "https://a.example", "[", "{", "]:1", "http://[::1", "~", "/", "08:00-", "P", "\0"]),
)
KEYS = st.sampled_from(
    sorted((section, key) for section in tables_of("") if section != "secret_key" for key in tables_of(section))
)


@given(KEYS, VALUES, st.booleans())
def test_no_value_of_any_key_gives_anything_but_settings_or_a_config_error(
    place: tuple[str, str], value: object, by_environment: bool
) -> None:
    section, key = place
    named = section in {"sources", "channels", "digests"}
    table = (
        {"url": "https://a.example"} if section == "sources" else {"from": "a@b.example"} if section == "mail" else {}
    )
    raw: dict[str, object] = {section: {"one": table} if named else table}
    env = {}
    if by_environment:
        env["__".join(["DISTRIBUTOR_" + section.upper(), *(["ONE"] if named else []), key.upper()])] = str(value)
    else:
        table[key] = value  # type: ignore[assignment]
    problem = None
    try:
        config.loads(tomlkit.dumps(raw), None, env)
    except ConfigError as error:
        problem = error
    assert problem is None or (problem.key and "\n" not in str(problem))

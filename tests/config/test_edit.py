"""Editing the file for a person: their comments and their order stay."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import config
from distributor.config.edit import add_channel, add_source, remove_channel, remove_source, write_atomic
from distributor.config.starter import source_name, starter
from distributor.config.tables import CATEGORIES
from distributor.config.words import match
from distributor.errors import ConfigError, NotFound

TEXT = """\
# The Paper's own settings
[site]
name = "The Paper"   # as readers know it

[sources.paper]
url = "https://paper.example"
# backfill = 5

# Where it goes
[channels.x]
token = "t"

# the end
"""

NAMES = st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True).filter(lambda name: name not in {"paper", "x"})
TABLES = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    st.one_of(st.text(), st.booleans(), st.integers(-(2**40), 2**40), st.lists(st.text(max_size=5), max_size=3)),
    max_size=4,
)
BLOCKS = st.sampled_from(
    [
        '[site]\nname = "A" # why\n',
        '[sources.one]\nurl = "https://one.example"\n# its comment\n\n',
        "[sources.one.category_map]\nworld = 'World News'\n",
        "# above\n[channels.y]\n# first\ntags = [\n  'a',\n  # in between\n  'b',\n]\n",
        '[channels.z]\nfooter = """\n[channels.fake]\n# not a comment\n\n"""\n',
        "\n\n",
        "# alone\n",
        "[web]\n",
    ]
)


@given(st.lists(BLOCKS, unique=True), st.booleans(), st.sampled_from(["sources", "channels"]), NAMES, TABLES)
def test_adding_and_removing_again_restores_the_text(
    blocks: list[str], crlf: bool, section: str, name: str, table: dict[str, object]
) -> None:
    if name in {"one", "y", "z"}:
        return
    text = "".join(blocks).replace("\n", "\r\n" if crlf else "\n")
    add, remove = (add_source, remove_source) if section == "sources" else (add_channel, remove_channel)
    added = add(text, name, table)
    assert tomllib.loads(added)[section][name] == table
    assert remove(added, name) == text


def test_a_source_goes_behind_the_other_sources_and_all_else_stays() -> None:
    text = add_source(TEXT, "second", {"url": "https://b.example", "category_map": {"World": "World News"}})
    assert text.index("[sources.paper]") < text.index("[sources.second]") < text.index("# Where it goes")
    kept = [line for line in text.splitlines() if line in TEXT.splitlines()]
    assert [line for line in kept if line] == [line for line in TEXT.splitlines() if line]
    assert tomllib.loads(text)["sources"]["second"]["category_map"] == {"World": "World News"}


def test_removing_takes_the_table_and_what_is_below_it() -> None:
    text = TEXT.replace("# Where", "[sources.paper.category_map]\nworld = 'World News'\n\n# Where")
    left = remove_source(text, "paper")
    assert tomllib.loads(left) == {"site": {"name": "The Paper"}, "channels": {"x": {"token": "t"}}}
    assert "# Where it goes\n[channels.x]" in left
    assert left.endswith("# the end\n")


@pytest.mark.parametrize(
    "text",
    [
        'sources = { a = { url = "u" } }\n',
        '[sources]\na = { url = "u" } # inline\n',
        'sources.a.url = "u"\n[site]\nname = "x"\n',
        '[sources]\n[sources.a]\nurl = "u"\n',
    ],
)
def test_other_ways_to_write_a_source_are_edited_too(text: str) -> None:
    added = add_source(text, "b", {"url": "v"})
    assert tomllib.loads(added)["sources"] == {"a": {"url": "u"}, "b": {"url": "v"}}
    assert tomllib.loads(remove_source(added, "a"))["sources"] == {"b": {"url": "v"}}


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(ConfigError, match=r"sources\.paper: there is one already"):
        add_source(TEXT, "paper", {"url": "u"})
    with pytest.raises(ConfigError, match="a name is made of"):
        add_channel(TEXT, "Über", {})
    with pytest.raises(NotFound) as caught:
        remove_source(TEXT, "papr")
    assert caught.value.hint == "did you mean paper?"
    with pytest.raises(ConfigError, match="not valid TOML"):
        add_source("[", "a", {})


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomic(link, "new\r\n")
    assert real.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert link.is_symlink()
    write_atomic(tmp_path / "first.toml", "x")
    assert stat.S_IMODE((tmp_path / "first.toml").stat().st_mode) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["first.toml", "link.toml", "real.toml"]
    with pytest.raises(ConfigError, match="cannot be written"):
        write_atomic(tmp_path / "no" / "folder.toml", "x")


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("World", "World News"),
        ("Politics", "World News"),
        ("TECH", "Technology"),
        ("Sci", "Science"),
        ("Kultur", "Entertainment"),
        ("Économie", "Business"),
        ("Bücher", "Entertainment"),
        ("Fußball", "Sports"),
        ("sports", "Sports"),
        ("Life & Style", "Lifestyle"),
        ("Opinión", "Opinion"),
        ("Climate crisis", "Environment"),
        ("news-analysis", "News Analysis"),
    ],
)
def test_a_newsrooms_word_finds_its_category(word: str, category: str) -> None:
    assert match([word], CATEGORIES) == ({word: category}, [])


def test_a_word_that_fits_nothing_or_two_categories_is_left_to_the_person() -> None:
    assert match(["Crosswords", "Health and Sport", ""], CATEGORIES) == ({}, ["Crosswords", "Health and Sport", ""])
    assert match(["Tech", "Local"], ["Local", "Kultur"]) == ({"Local": "Local"}, ["Tech"])


@given(st.text(), st.lists(st.text(max_size=20), max_size=5))
def test_the_first_file_loads_whatever_the_feed_says(title: str, words: list[str]) -> None:
    settings = config.loads(starter("https://www.paper.example/", title, words, CATEGORIES, "Europe/Paris"), None, {})
    assert settings.sources["paper"].url == "https://www.paper.example/"
    assert not settings.channels


def test_the_first_file_has_the_words_it_could_not_map_as_comments() -> None:
    text = starter("https://paper.example", "P", ["World", 'The "Inside" Page'], CATEGORIES, "UTC")
    assert '"World" = "World News"' in text
    assert '# "The \\"Inside\\" Page" = "..."' in text


def test_the_channels_in_its_comments_are_right_when_uncommented() -> None:
    text = starter("https://paper.example", "P", [], CATEGORIES, "UTC").replace("_file = ", " = ")
    lines = text[text.index("# [channels.telegram]") :].splitlines()
    settings = config.loads("\n".join(line.removeprefix("# ").removeprefix("#") for line in lines), None, {})
    assert set(settings.channels) == {"telegram", "mastodon", "bluesky", "x"}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.paper.example/feed", "paper"),
        ("https://feeds.paper.example/rss", "paper"),
        ("http://localhost:8000/", "localhost"),
        ("http://127.0.0.1/", "feed"),
        ("https://übermedien.example/", "ubermedien"),
        ("https://[bad", "feed"),
        ("", "feed"),
    ],
)
def test_a_source_is_named_after_its_host(url: str, name: str) -> None:
    assert source_name(url) == name

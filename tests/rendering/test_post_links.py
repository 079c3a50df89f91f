"""The one link of a post, and hostile words that would be others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from distributor.errors import ConfigError
from distributor.model import Message
from distributor.rendering import PostSettings
from distributor.text.markup import parse
from tests.rendering.posting import LIMITS, article

# The link


def test_utm_fields_are_added_once_to_what_is_there(post: Callable[..., Message]) -> None:
    url = "https://example.com/lake?id=3&utm_source=rss#top"
    expected = "https://example.com/lake?id=3&utm_source=mine&utm_medium=social&utm_campaign=world-news#top"
    assert post(article(url=url)).url == expected
    assert post(article(url=expected)).url == expected


@pytest.mark.parametrize("value", ["{{ channel }}-{{kind}}", "{channel}-{kind}"])
def test_a_utm_placeholder_has_one_brace_or_two(post: Callable[..., Message], value: str) -> None:
    assert post(article(), settings=PostSettings(utm={"u": value})).url == "https://example.com/lake?u=mine-x"


@pytest.mark.parametrize("value", ["{chanel}", "{{ chanel }}", "{}", "{{ 7*7 }}"])
def test_an_unknown_utm_placeholder_is_named(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PostSettings(utm={"utm_source": value})
    assert caught.value.key == "utm.utm_source"
    assert "channel" in caught.value.hint


def test_a_placeholder_in_content_stays_as_it_is(post: Callable[..., Message]) -> None:
    message = post(article(source="{channel}"), settings=PostSettings(utm={"u": "{source}"}))
    assert message.url == "https://example.com/lake?u=%7Bchannel%7D"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "/lake", "java\nscript:x"])
@pytest.mark.parametrize("kind", LIMITS)
def test_what_is_no_web_address_is_no_link(post: Callable[..., Message], kind: str, url: str) -> None:
    message = post(article(url=url), kind)
    assert message.url == ""
    assert message.card is None
    assert "script" not in message.text
    assert "<a" not in message.text


# Hostile words


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><a href="https://evil.org">x</a>',
        "</b><a href='javascript:x'>y</a>",
        "<b>unclosed",
        "&lt;script&gt; &amp; &#60;b&#62;",
        "{{ 7*7 }}{% for x in range(9) %}x{% endfor %}{# #}",
        "{{ self.__class__ }}",
        "a\u202eb\u2066c\x00d\x1be\r\nf\u2028g",
        "${7*7} %s {0} {title}",
    ],
)
def test_a_hostile_title_is_shown_as_words(post: Callable[..., Message], title: str) -> None:
    from distributor.rendering.content import clean

    shown = parse(post(article(title=title), "telegram").text)
    assert shown.sound
    assert shown.text.startswith(clean(title) + "\n")
    assert post(article(title=title), "mastodon").text.startswith(clean(title) + "\n")
    assert "49" not in shown.text
    assert not set("\u202e\u2066\x00\x1b\r") & set(shown.text)


def test_the_only_links_in_telegrams_html_are_ours(post: Callable[..., Message]) -> None:
    hostile = '<a href="https://evil.org">x</a>'
    message = post(
        article(title=hostile, summary=hostile + " and enough words to make this a summary", tags=(hostile,)),
        "telegram",
    )
    assert message.text.count("<a ") == 1

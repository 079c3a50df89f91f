"""Which template makes a post, and what a broken one is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.errors import TemplateError
from distributor.model import Message
from distributor.rendering import PostSettings, check
from tests.rendering.posting import LIMITS, article
from tests.rendering.test_posts import LINK, TITLE

# Templates


def test_a_channels_own_template_beats_its_kinds_and_that_the_default(
    post: Callable[..., Message], theirs: Path
) -> None:
    def text() -> str:
        return post(article()).text

    assert text().startswith(TITLE)
    (theirs / "post/default.j2").write_text("default")
    assert text().startswith(TITLE), "ours for the kind beats a default"
    (theirs / "post/x.j2").write_text("kind {{ link }}")
    assert text() == f"kind {LINK}"
    (theirs / "post/mine.j2").write_text("mine {{ channel }} {{ kind }} {{ site.name }}")
    assert text() == "mine mine x The Paper"
    (theirs / "post/mine.j2").unlink()
    assert text() == f"kind {LINK}"


def test_one_template_is_overridden_the_others_stay_ours(post: Callable[..., Message], theirs: Path) -> None:
    before = {kind: post(article(), kind).text for kind in LIMITS}
    (theirs / "post/mastodon.j2").write_text("{{ title }}")
    after = {kind: post(article(), kind).text for kind in LIMITS}
    assert {kind for kind in LIMITS if before[kind] != after[kind]} == {"mastodon"}


@pytest.mark.parametrize("name", ["special", "special.j2", "post/special.j2"])
def test_the_settings_can_name_a_template(post: Callable[..., Message], theirs: Path, name: str) -> None:
    (theirs / "post/special.j2").write_text("special")
    assert post(article(), settings=PostSettings(template=name)).text == "special"


@pytest.mark.parametrize("name", ["none", "../../etc/passwd", "/etc/passwd", "../digest/x"])
def test_a_named_template_that_is_not_there_is_a_fault(post: Callable[..., Message], name: str) -> None:
    with pytest.raises(TemplateError):
        post(article(), settings=PostSettings(template=name))


def test_a_broken_template_names_file_and_line_also_while_cutting(post: Callable[..., Message], theirs: Path) -> None:
    path = theirs / "post/x.j2"
    path.write_text("{{ title }}\n{{ summary }}\n{% if not summary %}\n{{ 1 / 0 }}\n{% endif %}")
    with pytest.raises(TemplateError) as caught:
        post(article(title="t" * 400))
    assert caught.value.where == f"{path}:4"


@pytest.mark.parametrize(
    "source",
    [
        "<b>{{ title }}",
        "<script>{{ title }}</script>",
        "a < b",
        "<h1>{{ title }}</h1>",
        '<a href="javascript:alert(1)">{{ title }}</a>',
        "<a href='{{ title }}'>{{ title }}</a>",
        '<a href="tg://user?id=1">x</a>',
    ],
)
def test_html_that_telegram_would_refuse_is_a_fault_of_the_template(
    post: Callable[..., Message], theirs: Path, source: str
) -> None:
    path = theirs / "post/telegram.j2"
    path.write_text(source)
    with pytest.raises(TemplateError) as caught:
        post(article(), "telegram")
    assert caught.value.where == f"{path}:1"


def test_a_template_without_flexible_parts_is_held_when_it_is_too_long(
    post: Callable[..., Message], theirs: Path
) -> None:
    (theirs / "post/x.j2").write_text("{{ 'x' * 300 }}")
    (reason,) = check(post(article()), LIMITS["x"])
    assert reason == "its text measures 300, x takes 280"


def test_the_whole_article_is_within_reach_of_a_template(post: Callable[..., Message], theirs: Path) -> None:
    (theirs / "post/webhook.j2").write_text(
        "{{ article.author }}|{{ article.published_at|date('%H:%M') }}|{{ article.text }}|{{ article.image.alt }}|"
        "{{ categories|join(',') }}|{{ tags|join(',') }}|{{ picture is none }}|{{ html }}|{{ breaking }}"
    )
    told = post(
        article(author="A. Writer", body="<p>One &amp; two.</p><p>Three.</p>"),
        "webhook",
        settings=PostSettings(pictures=False),
    ).text
    assert told.startswith("A. Writer|12:00|One & two.")
    assert told.endswith("|Swimmers at the shore|World News,Environment|clean water|True|False|False")

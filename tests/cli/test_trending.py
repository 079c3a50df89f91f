"""`distributor trending`: the order, why, and the bar to paste."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from distributor import upkeep
from distributor.cli.trending import bar
from distributor.store import Store, signals
from tests.desk import Clock, make_app

from .conftest import SETTINGS, Desk


@pytest.fixture
def news(desk: Desk) -> Desk:
    """Two articles; readers want the second."""
    desk.article(1, title="First \x1b[31m story", words=("world",))
    desk.article(2, title="Second story", words=("Business",))
    store = Store(f"sqlite:///{desk.folder / 'data' / 'distributor.db'}").open()
    app = make_app(desk.path.read_text(), desk.folder, clock=Clock(datetime.now(UTC)), store=store)
    with store.write() as connection:
        signals.add(connection, 2, "telegram", "clicks", app.clock(), 52, 41)
    upkeep.rank(app)
    store.close()
    return desk


def test_the_list_shows_place_score_and_bar(news: Desk) -> None:
    said = news("trending")
    assert said.code == 0, said.err
    first, second = said.out.splitlines()
    assert first.split()[0] == "1"
    assert "Second story" in first
    assert "█" in first
    assert second.split()[0] == "2"
    assert "\x1b" not in said.out
    assert first.endswith("#2")


def test_explain_shows_each_part_and_what_it_was_made_of(news: Desk) -> None:
    said = news("trending", "--explain", "--limit", "1")
    assert "telegram clicks" in said.out
    assert "41 of 52 counted" in said.out
    assert "freshness" in said.out
    assert "First" not in said.out


def test_json_holds_parts_that_add_up_and_counts_raw_and_filtered(news: Desk) -> None:
    told = news("trending", "--json").json
    first = told["articles"][0]
    assert (first["id"], first["rank"]) == (2, 1)
    assert sum(first["parts"].values()) == pytest.approx(first["score"], abs=1e-5)
    assert first["counts"] == [{"channel": "telegram", "kind": "clicks", "raw": 52, "counted": 41}]
    assert (len(first["hours"]), sum(first["hours"])) == (48, 41)


def test_a_category_may_be_named_by_title_or_slug(news: Desk) -> None:
    for word in ("World News", "world-news", "WORLD NEWS"):
        told = news("trending", "--category", word, "--json").json
        assert [one["id"] for one in told["articles"]] == [1]
    said = news("trending", "--category", "Gardening")
    assert said.code == 2
    assert "there is no category 'Gardening'" in said.err


def test_before_anything_is_ranked_it_says_so(desk: Desk) -> None:
    said = desk("trending")
    assert said.code == 0
    assert "nothing is ranked yet" in said.out


def test_the_bar_to_share_is_printed_for_an_article(news: Desk) -> None:
    said = news("trending", "--share", "2")
    assert said.code == 2
    assert "public_url" in said.err
    news.settings(SETTINGS.replace("[site]\n", '[site]\npublic_url = "https://go.paper.example"\n'))
    said = news("trending", "--share", "https://paper.example/articles/2")
    assert said.code == 0, said.err
    assert 'href="https://go.paper.example/share/x?u=https%3A%2F%2Fpaper.example%2Farticles%2F2"' in said.out
    assert news("trending", "--share", "2", "--json").json["html"] == said.out
    assert news("trending", "--share", "99").code == 2


def test_a_bar_is_as_long_as_its_share() -> None:
    assert bar(1, 1, 4) in ("████", "####")
    assert bar(0, 1, 4) == bar(0, 0, 4) == ""
    assert len(bar(-0.5, 1, 4)) == 2
    assert len(bar(9, 1, 4)) == 4

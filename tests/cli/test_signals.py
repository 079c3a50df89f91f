"""`distributor signals import`: page views that another program counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import retention, viewing
from distributor.cli.signals import moment, number
from distributor.errors import ConfigError
from distributor.store import Store, signals
from tests.desk import START, Clock, entry, ingest, make_app

from .conftest import SETTINGS, Desk

PAGE = "https://paper.example/articles/1"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def news(desk: Desk) -> Desk:
    desk.article(1)
    desk.article(2)
    return desk


def counts(desk: Desk, article: int = 1, channel: str = "imported") -> dict[datetime, int]:
    store = Store(f"sqlite:///{desk.folder / 'data' / 'distributor.db'}").open()
    with store.read() as connection:
        series = signals.series(connection, [article]).get(article, {}).get((channel, "views"), [])
    store.close()
    return dict(series)


def test_hours_become_counts_and_the_same_file_twice_is_harmless(news: Desk) -> None:
    file = f"url,time,count\n{PAGE},{TODAY}T00:00Z,31\n{PAGE}?utm_source=x,{TODAY}T00:00Z,2\n{PAGE},{TODAY}T01:00Z,5\n"
    for _ in range(2):
        said = news("signals", "import", "-", "--json", input=file)
        assert said.code == 0, said.err
        assert (said.json["taken"], said.json["views"], said.json["articles"]) == (3, 38, 1)
    midnight = datetime.fromisoformat(f"{TODAY}T00:00Z")
    assert counts(news) == {midnight: 33, midnight + timedelta(hours=1): 5}


def test_a_later_export_corrects_an_earlier_one(news: Desk) -> None:
    for count in (10, 14):
        news("signals", "import", "-", "--channel", "umami", input=f"url,time,count\n{PAGE},{TODAY}T00:00Z,{count}\n")
    assert sum(counts(news, channel="umami").values()) == 14


def test_a_day_is_spread_over_its_hours_on_the_sites_own_clock(news: Desk) -> None:
    news("signals", "import", "-", input=f"url,date,views\n{PAGE},{TODAY - timedelta(days=1)},48\n")
    found = counts(news)
    assert set(found.values()) == {2}
    assert sum(found.values()) == 48
    begin = datetime.combine(TODAY - timedelta(days=1), datetime.min.time(), ZoneInfo("Europe/Paris"))
    assert min(found) == begin.astimezone(UTC)


@pytest.mark.parametrize(
    "table",
    [
        "Page path and screen class,Date + hour (YYYYMMDDHH),Views\n/articles/1,{ymd}00,7\n",  # GA4
        "# ----\n# Report\n# ----\n\nPage path,Date,Hour,Sessions,Views\n/articles/1,{ymd},00,3,7\n",  # GA4 with a head
        "label,date,nb_visits,nb_hits\npaper.example/articles/1,{date},5,7\n",  # Matomo
        '"page","date","visitors","pageviews"\n"/articles/1","{date}","4","7"\n',  # Plausible
        "url_path,created_at\n" + "/articles/1,{date} 00:10:00\n" * 7,  # Umami: a row for each view
        "article;at;count\n1;{date};7\n",
        "\ufeffURL\tTime\tCount\nhttps://paper.example/articles/1#top\t{date}\t7\n",
    ],
)
def test_exports_of_other_programs_are_read_as_they_are(news: Desk, table: str) -> None:
    text = table.format(ymd=f"{TODAY:%Y%m%d}", date=TODAY)
    said = news("signals", "import", "-", "--json", input=text)
    assert said.code == 0, said.out + said.err
    assert said.json["views"] == 7, said.out
    assert sum(counts(news).values()) == 7


def test_a_file_without_times_needs_to_be_told_when(news: Desk) -> None:
    text = f"url,count\n{PAGE},7\n"
    assert "--at" in news("signals", "import", "-", input=text).err
    assert news("signals", "import", "-", "--at", str(TODAY), input=text).code == 0
    assert sum(counts(news).values()) == 7


def test_wrong_rows_are_told_and_the_others_taken(news: Desk, tmp_path: Path) -> None:
    rows = [
        f"{PAGE},{TODAY},many",
        f"{PAGE},yesterday,3",
        f"{PAGE},{TODAY},-3",
        f"=cmd(),{TODAY},3",
        f",{TODAY},3",
        f"{PAGE},2099-01-01,3",
        f"{PAGE},{TODAY},3,4,5",
        f"{PAGE},{TODAY},2",
    ]
    errors = tmp_path / "wrong.csv"
    said = news("signals", "import", "-", "--json", "--errors", str(errors), input="url,time,count\n" + "\n".join(rows))
    assert said.code == 1
    assert (said.json["taken"], said.json["unknown"], said.json["wrong"]) == (1, 1, 6)
    told = errors.read_text().splitlines()
    assert len(told) == 8
    assert any(line.startswith("5,'=cmd()") for line in told)
    assert sum(counts(news).values()) == 2


def test_a_dry_run_changes_nothing(news: Desk) -> None:
    said = news("signals", "import", "-", "--dry-run", "--json", input=f"url,time,count\n{PAGE},{TODAY},7\n")
    assert said.json["views"] == 7
    assert counts(news) == {}


@pytest.mark.parametrize(
    ("words", "text", "says"),
    [
        ((), "", "is empty"),
        ((), "colour,size\nred,3\n", "no column with pages"),
        (("--channel", "site"), f"url,time\n{PAGE},{TODAY}\n", "counted by distributor itself"),
        (("--channel", "memory"), f"url,time\n{PAGE},{TODAY}\n", "counted by distributor itself"),
        (("--channel", "a b"), f"url,time\n{PAGE},{TODAY}\n", "no name for a channel"),
        (("--kind", "wishes"), f"url,time\n{PAGE},{TODAY}\n", "nothing that ranks"),
        (("--at", "soon"), f"url\n{PAGE}\n", "is no time"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_line(news: Desk, words: tuple[str, ...], text: str, says: str) -> None:
    said = news("signals", "import", "-", *words, input=text)
    assert said.code != 0
    assert says in said.err


def test_a_file_read_again_after_its_days_were_summed_counts_once(tmp_path: Path) -> None:
    clock = Clock()
    app = make_app(SETTINGS, tmp_path, clock=clock)
    ingest(app, entry(1))
    rows = [viewing.View(1, PAGE, START + timedelta(hours=hour), timedelta(0), 4) for hour in range(3)]

    def bring() -> int:
        viewing.bring(app, rows, who="me", channel="matomo", kind="views")
        with app.store.read() as connection:
            return sum(n for _, n in signals.series(connection, [1])[1]["matomo", "views"])

    assert bring() == 12
    clock.forward(days=20)
    retention.retention(app)
    assert bring() == 12
    clock.forward(days=1)
    retention.retention(app)
    assert bring() == 12


@pytest.mark.parametrize(
    ("word", "count"), [("7", 7), ("1,234", 1234), ("1 234 567", 1234567), ("12.0", 12), ("1.234", 1234)]
)
def test_counts_are_read_as_people_write_them(word: str, count: int) -> None:
    assert number(word) == count


@given(st.text(max_size=30), st.text(max_size=5))
def test_no_text_is_a_time_by_accident(word: str, hour: str) -> None:
    try:
        at, lasts = moment(word, hour, ZoneInfo("Europe/Paris"))
    except ConfigError:
        return
    assert 2000 <= at.year <= 2100
    assert timedelta(0) <= lasts <= timedelta(hours=25)

"""Moments as a person writes them, in the site's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.cli.moments import moment, shown, span

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)  # a Monday, 11:30 in Paris


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12:00", "2026-05-04T10:00"),
        ("08:30", "2026-05-05T06:30"),
        ("8:30", "2026-05-05T06:30"),
        ("today 18:00", "2026-05-04T16:00"),
        ("Tomorrow 8:00", "2026-05-05T06:00"),
        ("tomorrow at 8:00", "2026-05-05T06:00"),
        ("monday 9:00", "2026-05-11T07:00"),
        ("mon 12:00", "2026-05-04T10:00"),
        ("fri 9:00", "2026-05-08T07:00"),
        ("+30m", "2026-05-04T10:00"),
        ("in 2 hours", "2026-05-04T11:30"),
        ("now", "2026-05-04T09:30"),
        ("2026-05-05T08:00", "2026-05-05T06:00"),
        ("2026-05-05 08:00", "2026-05-05T06:00"),
        ("2026-05-05T08:00Z", "2026-05-05T08:00"),
        ("2026-05-05T08:00+09:00", "2026-05-04T23:00"),
    ],
)
def test_a_moment_is_read_in_the_sites_zone(text: str, meant: str) -> None:
    assert moment(text, NOW, PARIS) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "8.30", "2026-13-01T08:00", "2026-05-05", "noday 8:00", "+5x"])
def test_what_is_no_moment_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        moment(text, NOW, PARIS)


def test_a_moment_that_is_past_is_refused() -> None:
    for text in ("today 8:00", "2026-05-04T08:00"):
        with pytest.raises(ValueError, match="is past"):
            moment(text, NOW, PARIS)


def test_a_time_that_the_change_of_clocks_leaves_out_is_taken_later() -> None:
    night = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert moment("2:30", night, PARIS) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_a_time_of_day_is_its_next_occurrence(hour: int, minute: int, now: datetime, zone: str) -> None:
    found = moment(f"{hour}:{minute:02}", now, ZoneInfo(zone))
    assert timedelta(0) < found - now <= timedelta(hours=25)


def test_moments_are_shown_short() -> None:
    assert shown(datetime(2026, 5, 4, 22, 30, tzinfo=UTC), PARIS, NOW) == "5 May 00:30"
    assert shown(datetime(2026, 5, 4, 4, 30, tzinfo=UTC), PARIS, NOW) == "06:30"
    assert shown(datetime(2024, 5, 4, 4, 30, tzinfo=UTC), PARIS, NOW) == "2024-05-04 06:30"
    assert shown(None, PARIS, NOW) == "-"
    assert [span(s) for s in (0.23, 45, 600, 7200, 86400 * 12)] == ["0.2 s", "45 s", "10 min", "2 h", "12 d"]

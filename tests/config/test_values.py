"""What a person writes for a duration, a pace, an address."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.config.lines import line_of
from distributor.config.values import duration, host, listen, pace, quiet_hours, time_of_day
from distributor.pacing import Pace


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("24h", 86400),
        ("2d", 172800),
        ("1w", 604800),
        ("1h30m", 5400),
        ("1 h 30 min", 5400),
        ("500ms", 0.5),
        ("0.5h", 1800),
        ("PT15M", 900),
        ("P1DT2H", 93600),
        ("pt1.5s", 1.5),
        ("60", 60),
        (60, 60),
        (1.5, 1.5),
        (0, 0),
    ],
)
def test_durations_are_written_in_many_ways(written: object, seconds: float) -> None:
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "P", "PT", "P1DT", "-5m", "5x", "m", "1h-", "1e3", "١h", True, None, [], "9" * 400, 10**400]
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError):
        duration(written)


@given(st.integers(0, 3_000_000_000))
def test_seconds_and_their_iso_form_mean_the_same(seconds: int) -> None:
    assert duration(f"PT{seconds}S") == duration(f"{seconds}s") == duration(seconds)


@given(st.text())
def test_no_text_crashes_the_readers(text: str) -> None:
    for reader in (duration, time_of_day, quiet_hours, pace, listen, host):
        try:
            reader(text)
        except ValueError:
            continue


def test_paces_hours_and_addresses_are_read() -> None:
    assert pace("50/15m") == Pace(50, timedelta(minutes=15))
    assert pace("18/min") == Pace(18, timedelta(minutes=1))
    assert pace("25 / s") == Pace(25, timedelta(seconds=1))
    assert pace("2/PT1H") == Pace(2, timedelta(hours=1))
    assert quiet_hours("23:00 – 06:30") == (time(23), time(6, 30))
    assert time_of_day("8:05") == time(8, 5)
    assert listen(8000) == listen(":8000") == ("127.0.0.1", 8000)
    assert listen("0.0.0.0:0") == ("0.0.0.0", 0)
    assert host("CMS.internal.:8080") in {"cms.internal.:8080", "cms.internal:8080"}
    assert host("[fd00::1]:80") == "[fd00::1]:80"
    assert host("[fd00::1]") == "[fd00::1]"


def test_a_line_is_found_by_its_dotted_key() -> None:
    text = (
        "# [site]\n[site]\nname = 'x'\nutm.source = 'y'\n"
        "[ channels . \"x\" ]\ntoken = '''\nname = 1\n'''\n'per_hour' = 3\n"
    )
    assert line_of(text, ("site", "name")) == 3
    assert line_of(text, ("site", "utm", "source")) == 4
    assert line_of(text, ("channels", "x", "per_hour")) == 9
    assert line_of(text, ("channels", "x", "name")) == 5
    assert line_of(text, ("mail", "from")) is None

"""Dates as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources import dates

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 03 Mar 2026 12:00:00 GMT",
        "Tue, 3 Mar 2026 12:00:00 +0000",
        "Tue, 03 Mar 2026 12:00:00 Z",
        "tuesday, 03 march 2026 12:00 UT",
        "03 Mar 2026 12:00",
        "03 Mar 26 12:00:00 GMT",
        "Tue, 03 Mar 2026 07:00:00 EST",
        "Tue, 03 Mar 2026 13:00:00 CET",
        "Tue, 03 Mar 2026 17:30:00 +0530",
        "Tue, 03 Mar 2026 12:00:00 GMT+0000",
        "mar., 03 mars 2026 13:00:00 +0100",
        "Di, 03 Mär 2026 13:00:00 +0100",
        "2026-03-03T12:00:00Z",
        "2026-03-03T12:00:00.123456789Z",
        "2026-03-03t12:00z",
        "2026-03-03 12:00:00",
        "2026-03-03T21:00:00+09:00",
        "2026-03-03T17:30:00+0530",
        "2026-03-03 13:00:00 +01",
        "20260303T12:00:00Z",
        "1772539200",
        "1772539200000",
        "March 3, 2026 12:00 PM",
        "Tue, Mar 3 2026 07:00:00 AM EST",
        "3 de marzo de 2026 12:00",
        "Tue Mar  3 12:00:00 2026",
    ],
)
def test_the_same_moment_in_every_dress(text: str) -> None:
    assert dates.parse(text) == NOON


@pytest.mark.parametrize(
    "text", ["", "today", "2026", "99", "2026-13-45", "0000-00-00", "9999-12-31", "0001-01-01T00:00:00", "Tue"]
)
def test_what_names_no_moment_is_none_or_in_our_time(text: str) -> None:
    found = dates.parse(text)
    assert found is None or 1800 <= found.year < 2200


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    )
)
def test_iso_and_rfc_822_come_back_as_they_went(moment: datetime) -> None:
    from email.utils import format_datetime

    assert dates.parse(moment.isoformat()) == moment
    assert dates.parse(format_datetime(moment)) == moment


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    found = dates.parse(text)
    assert found is None or found.tzinfo is UTC

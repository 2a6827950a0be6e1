"""Spans of whole minutes."""

from datetime import UTC, datetime

import pytest

from bellrock.query.interval import Span, iso_minute, resolve
from bellrock.query.invalid import InvalidRequest

NOW = datetime(2026, 11, 23, 5, 42, 17, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("date_range", "start"),
    [
        ("1m", "2026-11-23T05:42Z"),
        ("30m", "2026-11-23T05:13Z"),
        ("1h", "2026-11-23T04:43Z"),
        ("24h", "2026-11-22T05:43Z"),
        ("7d", "2026-11-16T05:43Z"),
        ("30d", "2026-10-24T05:43Z"),
        ("all", "1970-01-01T00:00Z"),
        ("9999999d", "1970-01-01T00:00Z"),
    ],
)
def test_a_relative_span_ends_with_the_minute_after_now(date_range: str, start: str) -> None:
    assert resolve(date_range, NOW).iso() == (start, "2026-11-23T05:43Z")


@pytest.mark.parametrize("date_range", ["", "30", "0m", "-1h", "1w", "30 m", "1H", "ALL", "٣m"])
def test_what_is_no_range_is_refused(date_range: str) -> None:
    with pytest.raises(InvalidRequest, match="is no range") as caught:
        resolve(date_range, NOW)
    assert caught.value.field == "date_range"


def test_an_offset_is_converted_and_the_span_widened_to_whole_minutes() -> None:
    span = resolve(("2026-11-23T06:12:30+01:00", "2026-11-23T05:42:00.001Z"), NOW)
    assert span.iso() == ("2026-11-23T05:12Z", "2026-11-23T05:43Z")


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("text", ["2026-11-23T05:12", "2026-11-23", "2026-11-23 05:12:00.5"])
def test_a_time_without_a_zone_is_refused(text: str, at: int) -> None:
    times = ["2026-11-23T05:00Z", "2026-11-23T06:00Z"]
    times[at] = text
    with pytest.raises(InvalidRequest, match=r"has no time zone. Add Z") as caught:
        resolve((times[0], times[1]), NOW)
    assert caught.value.field == f"date_range[{at}]"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00Z", "2026-11-23T25:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no ISO 8601 time"):
        resolve((text, "2026-11-23T06:00Z"), NOW)


@pytest.mark.parametrize("end", ["2026-11-23T05:12Z", "2026-11-23T05:11Z"])
def test_a_span_must_not_be_empty(end: str) -> None:
    with pytest.raises(InvalidRequest, match="is not after the start"):
        resolve(("2026-11-23T05:12Z", end), NOW)


def test_the_widest_span_is_cut_to_what_can_be_written() -> None:
    span = resolve(("0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00"), NOW)
    assert span.iso() == ("1970-01-01T00:00Z", "9999-12-31T23:59Z")


def test_a_span_before_1970_is_the_first_minute() -> None:
    assert resolve(("1960-01-01T00:00Z", "1961-01-01T00:00Z"), NOW) == Span(0, 1)


def test_a_minute_is_written_in_utc() -> None:
    assert iso_minute(29_000_000) == "2025-02-19T21:20Z"

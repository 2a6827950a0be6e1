"""Which index a document lies in: one for ever, and few of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.store.search.periods import (
    BEGINNING,
    MOST_DOCUMENTS,
    PERIODS,
    Change,
    IndexName,
    Schedule,
    alias_of,
    expired,
    grown,
    index_of,
    indices_of,
    parse_index,
)

DAY = 1440
NOW = 20_500 * DAY + 77
minutes = st.integers(0, 30_000 * DAY)


@pytest.mark.parametrize(
    ("period", "text", "end"),
    [
        ("year", "bellrock.shop@year-2026-01-01", date(2027, 1, 1)),
        ("month", "bellrock.shop@month-2026-02-01", date(2026, 3, 1)),
        ("week", "bellrock.shop@week-2026-02-16", date(2026, 2, 23)),
        ("day", "bellrock.shop@day-2026-02-17", date(2026, 2, 18)),
    ],
)
def test_an_index_is_named_by_its_site_and_its_first_day(period: str, text: str, end: date) -> None:
    minute = (date(2026, 2, 17) - date(1970, 1, 1)).days * DAY + 600
    found = index_of((Change(0, period),), "shop", minute)  # type: ignore[arg-type]
    assert found.text("bellrock") == text
    assert found.end == (end - date(1970, 1, 1)).days * DAY
    assert parse_index("bellrock", text) == found


@given(st.sampled_from(list(PERIODS)), minutes)
def test_an_index_holds_its_minutes_and_ends_after_them(period: str, minute: int) -> None:
    found = index_of((Change(0, period),), "shop", minute)  # type: ignore[arg-type]
    assert (found.first_day - date(1970, 1, 1)).days * DAY <= minute < found.end
    assert index_of((Change(0, period),), "shop", found.end) != found  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(0, 40 * DAY), st.integers(0, 3 * MOST_DOCUMENTS)), max_size=6),
    minutes,
)
def test_what_is_written_keeps_its_index_however_the_site_grows(
    reviews: list[tuple[int, int]], minute: int
) -> None:
    now, schedule = NOW, BEGINNING
    for later, daily in reviews:
        now += later
        before, schedule = schedule, grown(schedule, daily, now)
        if minute <= now + DAY:
            assert index_of(schedule, "shop", minute) == index_of(before, "shop", minute)


def plan(daily: float, schedule: Schedule = BEGINNING, now: int = NOW) -> Schedule:
    return grown(schedule, daily, now)


@pytest.mark.parametrize(
    ("daily", "period"),
    [(1000, None), (100_000, "month"), (1_000_000, "week"), (10_000_000, "day"), (10**9, "day")],
)
def test_the_period_follows_the_size_from_two_days_later_on(daily: int, period: str | None) -> None:
    change = () if period is None else (Change(20_502 * DAY, period),)  # type: ignore[arg-type]
    assert plan(daily) == (*BEGINNING, *change)


def test_a_site_goes_back_only_when_it_is_much_smaller() -> None:
    schedule = plan(100_000)
    later = schedule[-1].since + DAY
    at_most = MOST_DOCUMENTS / PERIODS["year"]
    assert plan(at_most / 2, schedule, later) == schedule
    assert plan(at_most / 5, schedule, later)[-1].period == "year"


def test_a_change_that_is_still_to_come_is_awaited() -> None:
    schedule = plan(100_000)
    assert plan(10**9, schedule, NOW + 1) == schedule


def test_five_thousand_small_sites_have_an_index_each_in_a_year() -> None:
    schedule = plan(2000)
    names = {
        index_of(schedule, f"site-{n}", NOW + day * DAY).text("bellrock")
        for n in range(5000)
        for day in (0, 1, 100)
    }
    assert len(names) <= 10_000


def test_what_is_older_than_the_retention_is_whole_indices() -> None:
    schedule = (Change(0, "month"),)
    indices = sorted({index_of(schedule, "shop", NOW + day * DAY) for day in range(100)})
    gone = expired(indices, indices[1].end)
    assert gone == indices[:2]
    assert expired(indices, indices[1].end - 1) == indices[:1]


@pytest.mark.parametrize("site", ["a", "shop.b-c_d", "9" * 64, "?"])
def test_a_site_s_pattern_means_its_own_indices_alone(site: str) -> None:
    name = IndexName(site, "year", date(2026, 1, 1))
    text = name.text("bellrock")
    assert text.startswith(indices_of("bellrock", site)[:-1])
    assert not any(c in text for c in '\\/*?"<>| ,#:')
    assert text == text.lower()
    assert len(text) < 255
    assert parse_index("bellrock", text) == name
    assert alias_of("bellrock", site) != alias_of("bellrock", f"{site}x")

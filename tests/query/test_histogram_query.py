"""Histograms over a real store whose answers were computed by hand."""

from typing import Any

import msgspec
import pytest

from bellrock.query.execute import run_histogram
from bellrock.query.invalid import InvalidRequest
from bellrock.query.plan import plan_histogram
from bellrock.query.request import HistogramRequest
from bellrock.query.result import Cell, HistogramResult, histogram_result
from bellrock.schema.access import Access
from bellrock.schema.site import Site

M = 29_000_000
TIMERS = [
    {"minute": M, "timer": "lcp", "cell": 321, "count": 1, "sum": 830_000},
    {"minute": M, "timer": "lcp", "cell": 320, "count": 2, "sum": 1_620_000},
    {"minute": M + 1, "timer": "lcp", "cell": 320, "count": 1, "sum": 810_000},
    {"minute": M + 1, "timer": "lcp", "cell": 322, "count": 1, "sum": 860_000},
    {"minute": M + 1, "timer": "lcp", "cell": 322, "count": -1, "sum": -860_000},
    {"minute": M, "timer": "lcp", "cell": 544, "count": 1, "sum": 110_000_000, "group": "B"},
    {"minute": M, "timer": "cls", "cell": -1, "count": 3, "sum": 0},
    {"minute": M, "timer": "cls", "cell": 320, "count": 1, "sum": 810_000},
]
BOT = {"minute": M, "group": "B", "impressions": 7, "bot": "webdriver"}


@pytest.fixture
def ask(store_of: Any, sites: dict[str, Site], admin: Access) -> Any:
    store = store_of([BOT], TIMERS)

    def asking(**change: object) -> HistogramResult:
        base = {"site": "shop-a", "timer": "lcp", "date_range": "30m"}
        request = msgspec.convert(base | change, HistogramRequest)
        plan = plan_histogram(request, admin, sites, (M + 2) * 60.0)
        return histogram_result(plan, run_histogram(plan, store))

    return asking


def test_each_group_has_its_cells_ascending_and_without_empty_ones(ask: Any) -> None:
    a, b = ask(by="group").series
    assert (a.group, a.count, a.mean) == ("A", 4, 815.0)
    assert a.cells == [Cell(320, 800.0, 825.0, 3), Cell(321, 825.0, 850.0, 1)]
    assert a.quantiles == {"p50": 812.5, "p75": 812.5, "p90": 837.5, "p95": 837.5, "p99": 837.5}
    assert (b.group, b.count, b.mean) == ("B", 1, 110_000.0)
    assert b.cells == [Cell(544, 102_400.0, None, 1)]
    assert b.quantiles["p75"] == 102_400.0


def test_the_whole_is_one_series_without_a_group(ask: Any) -> None:
    (whole,) = ask().series
    assert (whole.group, whole.count) == (None, 5)
    assert [cell.cell for cell in whole.cells] == [320, 321, 544]


def test_a_layout_shift_has_no_unit_and_its_zero_cell_has_no_width(ask: Any) -> None:
    found = ask(timer="cls")
    assert found.unit == ""
    assert found.series[0].mean == 0.2025
    assert found.series[0].cells == [Cell(-1, 0.0, 0.0, 3), Cell(320, 0.8, 0.825, 1)]


def test_no_values_give_no_series(ask: Any) -> None:
    assert ask(timer="hero", by="group").series == []
    assert ask(timer="hero").series == []


def test_filters_hold_and_bots_are_counted_as_left_out(ask: Any) -> None:
    only_b = ask(filters=[["is", "group", ["B"]]])
    assert [series.count for series in only_b.series] == [1]
    assert only_b.meta.left_out.impressions == 7
    assert ask(include={"bots": True}).meta.left_out.impressions == 0


def test_few_values_are_warned_of(ask: Any) -> None:
    assert ask().meta.warnings == ["Some quantiles of lcp stand on fewer than 100 values."]


def test_a_timer_that_the_site_does_not_declare_is_named(ask: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"no timer 'lpc'. Did you mean 'lcp'") as caught:
        ask(timer="lpc")
    assert caught.value.field == "timer"
    with pytest.raises(InvalidRequest, match="no timer 'hero'"):
        ask(site="shop-b", timer="hero")

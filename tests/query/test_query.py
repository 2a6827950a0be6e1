"""Queries over a real store whose answers were computed by hand."""

from typing import Any

import msgspec
import pytest

from bellrock.query.execute import run_query
from bellrock.query.invalid import InvalidRequest
from bellrock.query.metrics import metrics_of
from bellrock.query.plan import plan_query
from bellrock.query.request import QueryRequest
from bellrock.query.result import QueryResult, query_result
from bellrock.schema.access import Access
from bellrock.schema.site import Site

M = 29_000_000  # 2025-02-19T21:20Z
NOW = (M + 2) * 60.0
BASE: dict[str, Any] = {"site": "shop-a", "metrics": ["impressions"], "date_range": "30m"}

A_FIRST = {
    "minute": M, "impressions": 10, "loads": 8, "sessions": 4, "bounces": 1, "conversions": 2,
    "session_impressions": 10, "session_seconds": 90, "orders": 2, "revenue": 12_345, "errors": 5,
}  # fmt: skip
B_FIRST = {"minute": M, "group": "B", "impressions": 6, "loads": 6, "sessions": 3, "bounces": 3}
A_LATER = {"minute": M + 1, "impressions": 5, "browser": "Firefox", "country": "DE"}
BOT = {"minute": M + 1, "group": "B", "impressions": 7, "bot": "declared"}
RETRACTED = {"minute": M, "impressions": -2, "loads": -1}
MINUTES = [A_FIRST, B_FIRST, A_LATER, BOT, RETRACTED]


class Asking:
    """Asks a store as one who may see every site."""

    def __init__(self, store: Any, sites: dict[str, Site], access: Access) -> None:
        self._store, self._sites, self._access = store, sites, access

    def __call__(self, **change: object) -> QueryResult:
        request = msgspec.convert(BASE | change, QueryRequest)
        plan = plan_query(request, self._access, self._sites, NOW)
        return query_result(plan, run_query(plan, self._store))

    def rows(self, **change: object) -> list[tuple[list[str], list[int | float | None]]]:
        return [(row.dimensions, row.metrics) for row in self(**change).results]


@pytest.fixture
def ask(store_of: Any, sites: dict[str, Site], admin: Access) -> Asking:
    return Asking(store_of(MINUTES), sites, admin)


def test_every_measure_and_ratio_of_a_group(ask: Asking) -> None:
    # Group A in the first minute: 10 - 2 impressions, 8 - 1 loads, 4 sessions.
    known = {
        "impressions": 8, "loads": 7, "sessions": 4, "bounces": 1, "conversions": 2, "errors": 5,
        "session_impressions": 10, "session_seconds": 90, "orders": 2, "revenue": 123.45,
        "bounce_rate": 0.25, "session_length": 2.5, "session_duration": 22.5,
        "conversion_rate": 0.5, "revenue_per_session": 30.8625, "average_order_value": 61.725,
        "beacon_loss": 0.125, "error_rate": 0.625, "beacons": 0, "events": 0, "new_today": 0,
        "new_this_month": 0,
    }  # fmt: skip
    span = ["2025-02-19T21:20Z", "2025-02-19T21:21Z"]
    filters = [["is", "group", ["A"]]]
    rows = ask.rows(metrics=list(known), date_range=span, filters=filters)
    assert rows == [([], list(known.values()))]


def test_rows_come_in_the_order_of_time_then_dimensions(ask: Asking) -> None:
    assert ask.rows(dimensions=["group", "time:minute"]) == [
        (["A", "2025-02-19T21:20Z"], [8]),
        (["B", "2025-02-19T21:20Z"], [6]),
        (["A", "2025-02-19T21:21Z"], [5]),
    ]


def test_hours_and_days_begin_on_their_boundaries(ask: Asking) -> None:
    assert ask.rows(dimensions=["time:hour"], date_range="all") == [(["2025-02-19T21:00Z"], [19])]
    assert ask.rows(dimensions=["time:day"], date_range="all") == [(["2025-02-19T00:00Z"], [19])]


def test_the_span_is_half_open(ask: Asking) -> None:
    first = ["2025-02-19T21:20Z", "2025-02-19T21:21Z"]
    second = ["2025-02-19T21:21Z", "2025-02-19T21:22Z"]
    assert ask.rows(date_range=first) == [([], [14])]
    assert ask.rows(date_range=second) == [([], [5])]


def test_bots_are_left_out_and_counted_unless_they_are_asked_for(ask: Asking) -> None:
    kept_out, kept = ask(), ask(include={"bots": True})
    assert (kept_out.results[0].metrics, kept_out.meta.left_out.impressions) == ([19], 7)
    assert (kept.results[0].metrics, kept.meta.left_out.impressions) == ([26], 0)


def test_a_filter_on_bot_takes_the_place_of_the_default(ask: Asking) -> None:
    bots = ask(filters=[["is_not", "bot", [""]]])
    assert (bots.results[0].metrics, bots.meta.left_out.impressions) == ([7], 0)


def test_what_is_left_out_meets_the_other_filters(ask: Asking) -> None:
    assert ask(filters=[["is", "group", ["A"]]]).meta.left_out.impressions == 0
    assert ask(filters=[["is", "group", ["B"]]]).meta.left_out.impressions == 7


def test_a_breakdown_by_bot_that_leaves_bots_out_is_warned_of(ask: Asking) -> None:
    assert "include.bots" in ask(dimensions=["bot"]).meta.warnings[0]
    assert ask(dimensions=["bot"], include={"bots": True}).meta.warnings == []


@pytest.mark.parametrize(
    ("filters", "impressions"),
    [
        ([["is", "group", ["A"]]], 13),
        ([["is", "group", ["A", "B"]]], 19),
        ([["is_not", "group", ["A"]]], 6),
        ([["is", "group", ["A"]], ["is_not", "browser", ["Chrome"]]], 5),
        ([["is", "country", ["DE"]]], 5),
        ([["is", "country", [""]]], 14),
        ([["is_not", "country", ["DE", "FR"]]], 14),
        ([["is", "group", ["' OR 1=1 --"]]], 0),
    ],
)
def test_all_filters_must_hold_and_absent_is_the_empty_text(
    ask: Asking, filters: list[object], impressions: int
) -> None:
    assert ask.rows(filters=filters) == [([], [impressions])]


def test_no_data_is_one_row_of_nothing_without_dimensions_and_no_row_with_them(ask: Asking) -> None:
    before = ["2020-01-01T00:00Z", "2020-01-02T00:00Z"]
    metrics = ["impressions", "revenue", "bounce_rate", "lcp.p75", "lcp.count"]
    assert ask.rows(date_range=before, metrics=metrics) == [([], [0, 0.0, None, None, 0])]
    assert ask.rows(date_range=before, dimensions=["group"]) == []


def test_another_sites_rows_are_not_counted(store_of: Any, sites: Any, admin: Access) -> None:
    other = A_FIRST | {"site": "shop-b", "revenue": 12_345}
    ask = Asking(store_of([*MINUTES, other]), sites, admin)
    assert ask.rows() == [([], [19])]
    # The yen has no minor unit.
    assert ask.rows(site="shop-b", metrics=["revenue"]) == [([], [12_345.0])]


def test_order_by_a_metric_puts_what_is_null_last(ask: Asking) -> None:
    rates = {"metrics": ["bounce_rate"], "dimensions": ["group", "browser"]}
    rising = [["bounce_rate", "asc"]]
    falling = [["bounce_rate", "desc"]]
    a, b, none = (["A", "Chrome"], [0.25]), (["B", "Chrome"], [1.0]), (["A", "Firefox"], [None])
    assert ask.rows(**rates, order_by=rising) == [a, b, none]
    assert ask.rows(**rates, order_by=falling) == [b, a, none]


def test_pages_are_cut_from_the_ordered_rows(ask: Asking) -> None:
    by = {"dimensions": ["time:minute", "group"], "include": {"total_rows": True}}
    page = ask(**by, pagination={"limit": 1, "offset": 1})
    assert [row.dimensions for row in page.results] == [["2025-02-19T21:20Z", "B"]]
    assert page.meta.total_rows == 3
    assert ask(**by, pagination={"offset": 3}).results == []
    assert ask().meta.total_rows is None


def test_timers_join_the_row_of_their_group(store_of: Any, sites: Any, admin: Access) -> None:
    timers = [
        {"minute": M, "timer": "lcp", "cell": 320, "count": 4, "sum": 3_240_000},
        {"minute": M + 1, "timer": "lcp", "cell": 400, "count": 1, "sum": 4_850_000},
        {"minute": M, "timer": "cls", "cell": -1, "count": 3, "sum": 0},
        {"minute": M, "timer": "hero", "cell": 544, "count": 1, "sum": 200_000_000},
        {"minute": M + 1, "timer": "lcp", "cell": 500, "count": 9, "sum": 9, "bot": "declared"},
    ]
    ask = Asking(store_of(MINUTES, timers), sites, admin)
    known = {
        "lcp.count": 5, "lcp.mean": 1618.0, "lcp.p50": 812.5, "lcp.p90": 4850.0, "lcp.good": 0.8,
        "lcp.needs_improvement": 0.0, "lcp.poor": 0.2, "cls.p75": 0.0, "cls.good": 1.0,
        "hero.p50": 102_400.0, "inp.p75": None, "inp.count": 0,
    }  # fmt: skip
    found = ask(metrics=list(known), dimensions=["group"])
    absent = [0 if name.endswith("count") else None for name in known]
    assert [(row.dimensions, row.metrics) for row in found.results] == [
        (["A"], [pytest.approx(v) if v is not None else None for v in known.values()]),
        (["B"], absent),
    ]
    few = "stand on fewer than 100 values"
    assert [few in warning for warning in found.meta.warnings] == [True, True, True]


def test_a_hundred_values_are_not_warned_of(store_of: Any, sites: Any, admin: Access) -> None:
    lcp = {"minute": M, "timer": "lcp", "cell": 320, "count": 100, "sum": 81_000_000}
    ask = Asking(store_of(MINUTES, [lcp]), sites, admin)
    assert ask(metrics=["lcp.p75"]).meta.warnings == []
    # No row has a value of B at all: nothing stands on few.
    assert ask(metrics=["lcp.p75"], dimensions=["group"]).meta.warnings == []


def test_every_metric_has_an_answer(ask: Asking, sites: dict[str, Site]) -> None:
    names = list(metrics_of(sites["shop-a"]))
    asked = [names[:90], names[90:]]
    for some in asked:
        for row in ask(metrics=some, dimensions=["time:hour", "browser"]).results:
            assert len(row.metrics) == len(some)


def test_the_echo_has_every_default_and_an_absolute_span(ask: Asking) -> None:
    echo = ask().query
    assert echo.date_range == ("2025-02-19T20:53Z", "2025-02-19T21:23Z")
    assert echo.pagination.limit == 10_000


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"site": "shop-c"}, "site", "no site 'shop-c'. Did you mean 'shop-"),
        ({"metrics": ["lcp75"]}, "metrics[0]", "Did you mean 'lcp."),
        ({"metrics": ["impressions", "Bounce_Rate"]}, "metrics[1]", "Did you mean 'bounce_rate'?"),
        ({"metrics": ["dcl.good"]}, "metrics[0]", "no metric 'dcl.good'"),
        ({"metrics": ["x" * 100]}, "metrics[0]", "There is no metric"),
        ({"metrics": ["loads", "loads"]}, "metrics[1]", "named twice"),
        ({"dimensions": ["groups"]}, "dimensions[0]", "Did you mean 'group'?"),
        ({"dimensions": ["time:second"]}, "dimensions[0]", "no dimension 'time:second'"),
        ({"dimensions": ["time:hour", "time:day"]}, "dimensions", "one time bucket only"),
        ({"dimensions": ["label"]}, "dimensions[0]", "has not chosen the dimension 'label'"),
        ({"dimensions": ["site"]}, "dimensions[0]", "no dimension 'site'"),
        ({"dimensions": ['group" FROM x']}, "dimensions[0]", "no dimension"),
        ({"filters": [["is", "time:hour", ["x"]]]}, "filters[0][1]", "no dimension 'time:hour'"),
        ({"filters": [["is", "site", ["shop-b"]]]}, "filters[0][1]", "no dimension 'site'"),
        ({"order_by": [["loads", "asc"]]}, "order_by[0][0]", "none of the query's metrics"),
        ({"order_by": [["impressions", "asc"]] * 2}, "order_by[1]", "named twice"),
        ({"date_range": "fortnight"}, "date_range", "is no range"),
    ],
)
def test_names_that_do_not_exist_are_named(
    ask: Asking, change: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask(**change)
    assert caught.value.field == field
    assert words in caught.value.detail

"""Figures of many histograms at once equal those of each histogram alone."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock import histogram
from bellrock.query.figures import figures
from bellrock.query.metrics import QUANTILES
from bellrock.schema.timers import VITALS, custom_timer

TIMERS = {timer.name: timer for timer in (*VITALS, custom_timer("hero"))}
SCHEMA = {
    "group": pl.String, "timer": pl.String, "cell": pl.Int16, "count": pl.Int64, "sum": pl.Int64,
}  # fmt: skip

histograms = st.dictionaries(
    st.integers(histogram.ZERO, histogram.OVERFLOW), st.integers(1, 2000), min_size=1, max_size=6
)
many = st.dictionaries(
    st.tuples(st.sampled_from(["A", "B", ""]), st.sampled_from(["lcp", "cls", "hero"])), histograms
)


def frame(of: dict[tuple[str, str], dict[int, int]]) -> pl.DataFrame:
    rows = [
        (group, timer, cell, count, 1000 * count)
        for (group, timer), cells in of.items()
        for cell, count in cells.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(many)
def test_quantiles_follow_the_rule_of_one_histogram(
    of: dict[tuple[str, str], dict[int, int]],
) -> None:
    found = figures(frame(of), ["group"], TIMERS.values())
    assert found.height == len(of)
    for row in found.iter_rows(named=True):
        cells = dict(sorted(of[row["group"], row["timer"]].items()))
        counts = np.array(list(cells.values()))
        scale = 1000 if row["timer"] == "cls" else 1
        assert row["count"] == counts.sum()
        for name, p in QUANTILES.items():
            alone = histogram.quantile(np.array(list(cells)), counts, p)
            assert alone is not None
            assert row[name] == pytest.approx(alone / scale, rel=1e-12)


@given(many)
def test_good_and_poor_are_sums_of_cells_and_make_one_whole(
    of: dict[tuple[str, str], dict[int, int]],
) -> None:
    for row in figures(frame(of), ["group"], TIMERS.values()).iter_rows(named=True):
        shares = [row[name] for name in ("good", "needs_improvement", "poor")]
        if row["timer"] == "hero":
            assert shares == [None, None, None]
        else:
            assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize(
    ("timer", "threshold", "share"),
    [
        ("lcp", 2500, "good"),
        ("lcp", 4000, "needs_improvement"),
        ("inp", 200, "good"),
        ("inp", 500, "needs_improvement"),
        ("cls", 0.1, "good"),
        ("cls", 0.25, "needs_improvement"),
        ("fcp", 1800, "good"),
        ("fcp", 3000, "needs_improvement"),
        ("ttfb", 800, "good"),
        ("ttfb", 1800, "needs_improvement"),
    ],
)
def test_a_value_on_a_threshold_is_on_its_better_side(
    timer: str, threshold: float, share: str
) -> None:
    micro = round(threshold * TIMERS[timer].micro)
    on, above = (int(cell) for cell in histogram.cells(np.array([micro, micro + 1])))
    worse = {"good": "needs_improvement", "needs_improvement": "poor"}[share]
    for cell, expected in ((on, share), (above, worse)):
        row = figures(frame({("A", timer): {cell: 1}}), ["group"], TIMERS.values()).to_dicts()[0]
        assert row[expected] == 1


def test_a_thousand_values_are_interpolated_and_fewer_give_the_midpoint() -> None:
    few = figures(frame({("A", "lcp"): {320: 999}}), ["group"], TIMERS.values())
    enough = figures(frame({("A", "lcp"): {320: 1000}}), ["group"], TIMERS.values())
    # Cell 320 is (800, 825] ms.
    assert few["p75"].item() == 812.5
    assert enough["p75"].item() == 800 + 25 * 0.75


def test_the_mean_is_that_of_the_values_not_of_the_cells() -> None:
    rows = [("A", "lcp", 320, 2, 1_612_345), ("A", "cls", 320, 2, 1_612_345)]
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    found = figures(table, ["group"], TIMERS.values())
    assert dict(found.select("timer", "mean").rows()) == {"lcp": 806.1725, "cls": 0.8061725}


def test_cells_that_were_retracted_count_nothing() -> None:
    rows = [("A", "lcp", 320, 0, 0), ("A", "lcp", 330, 5, 5_000_000), ("B", "lcp", 320, 0, 0)]
    found = figures(pl.DataFrame(rows, schema=SCHEMA, orient="row"), ["group"], TIMERS.values())
    assert found.select("group", "count", "p50").rows() == [("A", 5, (1050 + 1075) / 2)]


def test_no_rows_give_no_figures() -> None:
    assert figures(pl.DataFrame(schema=SCHEMA), ["group"], TIMERS.values()).is_empty()

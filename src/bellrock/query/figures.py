"""Quantiles, means and shares of many histograms at once.

Enters: a frame in the long form (keys, timer, cell, count, sum), any number of groups. Leaves: one
row per group and timer with every figure in the timer's own unit. No loop over rows; the rule for
quantiles is that of `histogram.quantile`, and a test holds the two together.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from bellrock import histogram
from bellrock.query.metrics import QUANTILES
from bellrock.schema.timers import Timer

_COUNT, _CUMULATIVE, _TOTAL = pl.col("count"), pl.col("_cumulative"), pl.col("_total")


def figures(frame: pl.DataFrame, by: Sequence[str], timers: Iterable[Timer]) -> pl.DataFrame:
    """Columns `by`, timer, count, mean, quantiles and shares (null where the timer is unrated)."""
    keys = [*by, "timer"]
    counted = frame.filter(_COUNT > 0).sort([*keys, "cell"])
    lower, upper = histogram.edges(counted["cell"].to_numpy())
    known = list(timers)
    rows = counted.with_columns(
        pl.Series("_lower", lower, dtype=pl.Float64),
        pl.Series("_upper", upper, dtype=pl.Float64),
        _COUNT.cum_sum().over(keys).alias("_cumulative"),
        _COUNT.sum().over(keys).alias("_total"),
        _by_timer({t.name: t.micro / 1000 for t in known}, pl.Float64).alias("_ms"),
        _by_timer({t.name: _last_cell(t, t.good) for t in known}, pl.Int64).alias("_good"),
        _by_timer({t.name: _last_cell(t, t.poor) for t in known}, pl.Int64).alias("_poor"),
    )
    quantiles = [_quantile(p).alias(name) for name, p in QUANTILES.items()]
    good, poor = pl.col("cell") <= pl.col("_good"), pl.col("cell") > pl.col("_poor")
    middle = (pl.col("cell") > pl.col("_good")) & (pl.col("cell") <= pl.col("_poor"))
    return rows.group_by(keys, maintain_order=True).agg(
        _COUNT.sum(),
        (pl.col("sum").sum() / _COUNT.sum() / 1000 / pl.col("_ms").first()).alias("mean"),
        *quantiles,
        _share(good).alias("good"),
        _share(middle).alias("needs_improvement"),
        _share(poor).alias("poor"),
    )


def _quantile(p: float) -> pl.Expr:
    """The value, in the timer's unit, from the one row of a group in which the p-quantile lies."""
    target = _TOTAL * p
    before = _CUMULATIVE - _COUNT
    lower, upper = pl.col("_lower"), pl.col("_upper")
    inside = (
        pl.when(upper.is_infinite())
        .then(lower)
        .when(_TOTAL < histogram.INTERPOLATE_FROM)
        .then((lower + upper) / 2)
        .otherwise(lower + (upper - lower) * ((target - before) / _COUNT))
    )
    here = (before < target) & (target <= _CUMULATIVE)
    return (inside / pl.col("_ms")).filter(here).first()


def _share(cells: pl.Expr) -> pl.Expr:
    """The share of the values in these cells; null where the timer has no thresholds."""
    rated = pl.col("_good").first().is_not_null()
    return pl.when(rated).then(_COUNT.filter(cells).sum() / _COUNT.sum())


def _by_timer(
    values: dict[str, float] | dict[str, int | None], dtype: type[pl.DataType]
) -> pl.Expr:
    return pl.col("timer").replace_strict(list(values), list(values.values()), return_dtype=dtype)


def _last_cell(timer: Timer, threshold: float | None) -> int | None:
    if threshold is None:
        return None
    return int(histogram.cells(np.array([round(threshold * timer.micro)]))[0])

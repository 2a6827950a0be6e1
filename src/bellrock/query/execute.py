"""Carry out a plan against a store.

Enters: a plan and a store's reading side. Leaves: frames with one row per combination of dimensions
(or, for a histogram, its cells and figures), finished, ordered and cut to the page. Nothing here
knows about rights: a plan holds only selections that were checked.
"""

from collections.abc import Sequence

import msgspec
import polars as pl

from bellrock.query.figures import figures
from bellrock.query.metrics import QUANTILES, Figure
from bellrock.query.plan import HistogramPlan, QueryPlan, Rows
from bellrock.schema.measures import ADDITIVE_NAMES
from bellrock.store.contract import TIME_BUCKETS, StoreReader

SMALL = 100
"""Values under which a quantile is marked as standing on little."""


class QueryAnswer(msgspec.Struct, frozen=True):
    """`page`: a column per dimension (time buckets in minutes) and metric; `total` rows in all."""

    page: pl.DataFrame
    total: int
    left_out: int
    small: tuple[str, ...]


class HistogramAnswer(msgspec.Struct, frozen=True):
    """`cells`: (group,) cell, count, ascending; `figures`: one row per group."""

    cells: pl.DataFrame
    figures: pl.DataFrame
    left_out: int


def run_query(plan: QueryPlan, store: StoreReader) -> QueryAnswer:
    """Read, finish, order and cut."""
    by = plan.request.dimensions
    table = store.measures(plan.rows.kept, by)
    if not by and table.is_empty():
        table = pl.DataFrame({name: [0] for name in ADDITIVE_NAMES})
    if plan.timers:
        table = _with_figures(table, plan, store)
    finished = table.select(*by, *(metric.column(plan.site) for metric in plan.metrics))
    page = plan.request.pagination
    return QueryAnswer(
        page=_ordered(finished, plan).slice(page.offset, page.limit),
        total=finished.height,
        left_out=_left_out(plan.rows, store),
        small=_small(table, plan),
    )


def run_histogram(plan: HistogramPlan, store: StoreReader) -> HistogramAnswer:
    """Read the cells and their figures."""
    by = [plan.request.by] if plan.request.by else []
    cells = store.timers(plan.rows.kept, by, [plan.timer.name])
    return HistogramAnswer(
        cells=cells.filter(pl.col("count") > 0).select(*by, "cell", "count").sort(*by, "cell"),
        figures=figures(cells, by, [plan.timer]),
        left_out=_left_out(plan.rows, store),
    )


def _with_figures(table: pl.DataFrame, plan: QueryPlan, store: StoreReader) -> pl.DataFrame:
    """The table with a column `T.figure` for every figure of every timer the plan needs."""
    by = plan.request.dimensions
    names = [timer.name for timer in plan.timers]
    found = figures(store.timers(plan.rows.kept, by, names), by, plan.timers)
    for name in names:
        own = found.filter(pl.col("timer") == name).drop("timer")
        own = own.rename({c: f"{name}.{c}" for c in own.columns if c not in by})
        table = _joined(table, own, by).with_columns(pl.col(f"{name}.count").fill_null(0))
    return table


def _joined(table: pl.DataFrame, own: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    if by:
        return table.join(own, on=list(by), how="left")
    missing = own.is_empty()
    return table.hstack(own.clear(1) if missing else own)


def _ordered(finished: pl.DataFrame, plan: QueryPlan) -> pl.DataFrame:
    """By `order_by`, then time, then dimensions; a metric that is null comes last."""
    order = {name: direction == "desc" for name, direction in plan.request.order_by}
    by = sorted(plan.request.dimensions, key=lambda name: name not in TIME_BUCKETS)
    order |= {name: False for name in by if name not in order}
    if not order:
        return finished
    return finished.sort(list(order), descending=list(order.values()), nulls_last=True)


def _left_out(rows: Rows, store: StoreReader) -> int:
    if rows.left_out is None:
        return 0
    return int(store.measures(rows.left_out, ())["impressions"].sum())


def _small(table: pl.DataFrame, plan: QueryPlan) -> tuple[str, ...]:
    """The timers of which a quantile was asked and some row has few values."""
    sources = [metric.source for metric in plan.metrics]
    figures_asked = [source for source in sources if isinstance(source, Figure)]
    asked = {source.timer.name for source in figures_asked if source.figure in QUANTILES}
    counts = {name: table[f"{name}.count"] for name in sorted(asked)}
    return tuple(name for name, count in counts.items() if ((count > 0) & (count < SMALL)).any())

"""The answer as it goes over the wire.

Enters: a plan with what was found. Leaves: frozen structs whose JSON is the public format (golden
files hold it). Times are `YYYY-MM-DDTHH:MMZ`; timers are in ms, CLS has no unit; money is in major
units.
"""

from typing import Any

import msgspec
import polars as pl

from bellrock import histogram
from bellrock.query.execute import SMALL, HistogramAnswer, QueryAnswer
from bellrock.query.metrics import QUANTILES
from bellrock.query.plan import HistogramPlan, QueryPlan
from bellrock.query.request import HistogramRequest, QueryRequest
from bellrock.schema.timers import Timer
from bellrock.store.contract import TIME_BUCKETS


class Row(msgspec.Struct, frozen=True):
    """Values in the order in which the query names its dimensions and metrics."""

    dimensions: list[str]
    metrics: list[int | float | None]


class LeftOut(msgspec.Struct, frozen=True):
    """How many page impressions the answer does not count, and why."""

    impressions: int
    reason: str = "bots"


class QueryMeta(msgspec.Struct, frozen=True):
    """What one must know to judge an answer. `total_rows` is null unless it was asked for."""

    scheme: str
    left_out: LeftOut
    total_rows: int | None
    warnings: list[str]


class QueryResult(msgspec.Struct, frozen=True):
    """The answer. `query` is the request with every default and an absolute date_range."""

    results: list[Row]
    meta: QueryMeta
    query: QueryRequest


class Cell(msgspec.Struct, frozen=True):
    """A cell of the histogram, (lower, upper]; `upper` is null in the overflow cell."""

    cell: int
    lower: float
    upper: float | None
    count: int


class Series(msgspec.Struct, frozen=True):
    """One group's distribution, or that of all (group null)."""

    group: str | None
    count: int
    mean: float
    quantiles: dict[str, float]
    cells: list[Cell]


class HistogramMeta(msgspec.Struct, frozen=True):
    """What one must know to judge a histogram."""

    left_out: LeftOut
    warnings: list[str]


class HistogramResult(msgspec.Struct, frozen=True):
    """The distribution of a timer. A group without a value has no series."""

    scheme: str
    timer: str
    unit: str
    series: list[Series]
    meta: HistogramMeta
    query: HistogramRequest


def query_result(plan: QueryPlan, answer: QueryAnswer) -> QueryResult:
    """The public form of a query's answer."""
    by = plan.request.dimensions
    names = [_text(name).alias(name) for name in by]
    keys = answer.page.select(names).rows() if by else [()] * answer.page.height
    values = answer.page.select(plan.request.metrics).rows()
    include = plan.request.include
    meta = QueryMeta(
        scheme=histogram.SCHEME,
        left_out=LeftOut(answer.left_out),
        total_rows=answer.total if include.total_rows else None,
        warnings=_warnings(plan, answer),
    )
    rows = [Row(list(key), list(value)) for key, value in zip(keys, values, strict=True)]
    resolved = msgspec.structs.replace(plan.request, date_range=plan.rows.span.iso())
    return QueryResult(rows, meta, resolved)


def histogram_result(plan: HistogramPlan, answer: HistogramAnswer) -> HistogramResult:
    """The public form of a histogram."""
    by = plan.request.by
    series = [
        _series(
            figures, answer.cells.filter(pl.col(by) == figures[by]) if by else answer.cells, plan
        )
        for figures in answer.figures.iter_rows(named=True)
    ]
    few = any(one.count < SMALL for one in series)
    return HistogramResult(
        scheme=histogram.SCHEME,
        timer=plan.timer.name,
        unit=plan.timer.unit,
        series=series,
        meta=HistogramMeta(LeftOut(answer.left_out), [_few(plan.timer.name)] if few else []),
        query=msgspec.structs.replace(plan.request, date_range=plan.rows.span.iso()),
    )


def _series(figures: dict[str, Any], cells: pl.DataFrame, plan: HistogramPlan) -> Series:
    return Series(
        group=figures[plan.request.by] if plan.request.by else None,
        count=figures["count"],
        mean=figures["mean"],
        quantiles={name: figures[name] for name in QUANTILES},
        cells=_cells(cells, plan.timer),
    )


def _cells(cells: pl.DataFrame, timer: Timer) -> list[Cell]:
    lower, upper = (
        edge / (timer.micro / 1000) for edge in histogram.edges(cells["cell"].to_numpy())
    )
    columns = (cells["cell"].to_list(), lower.tolist(), upper.tolist(), cells["count"].to_list())
    return [
        Cell(cell, low, None if cell == histogram.OVERFLOW else high, count)
        for cell, low, high, count in zip(*columns, strict=True)
    ]


def _warnings(plan: QueryPlan, answer: QueryAnswer) -> list[str]:
    warnings = [_few(timer) for timer in answer.small]
    if plan.rows.left_out is not None and "bot" in plan.request.dimensions:
        warnings.append("Bots are left out, so bot is empty in every row. Keep them: include.bots.")
    return warnings


def _few(timer: str) -> str:
    return f"Some quantiles of {timer} stand on fewer than {SMALL} values."


def _text(dimension: str) -> pl.Expr:
    """A dimension's values as text; a time bucket as the ISO minute it begins with."""
    if dimension not in TIME_BUCKETS:
        return pl.col(dimension)
    start = pl.from_epoch(pl.col(dimension) * 60, time_unit="s")
    return start.dt.to_string("%Y-%m-%dT%H:%MZ")

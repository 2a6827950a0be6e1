"""A question to the store as SQL over the fewest rows that answer it exactly.

Enters: a selection, what to group by, what to sum. Leaves: one frame. A span is covered by whole days where
days are rolled up, whole hours beside them, and minutes at its edges; settled and fresh rows are added by
their own minute. A time bucket limits how coarse the cover may be.
"""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import polars as pl

from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import TIME_BUCKETS, Selection
from bellrock.store.fresh import FreshStep, joined
from bellrock.store.tables import LEVELS, ROLLED_UP, some, sums


class Question(NamedTuple):
    """The sums of a relation's rows by the columns `by`; of rows alone that are `among`, by column."""

    relation: str
    selection: Selection
    by: tuple[str, ...]
    among: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Piece(NamedTuple):
    """Rows of a table with `start <= minute < end`."""

    table: str
    start: int
    end: int


def answer(
    cursor: duckdb.DuckDBPyConnection, question: Question, days: int, steps: Sequence[FreshStep]
) -> pl.DataFrame:
    """The answer; `days` is the minute up to which days are rolled up, `steps` are the fresh ones."""
    relation, selection = question.relation, question.selection
    start, end = selection.start, selection.end
    pieces = [*cover(question, days), Piece(f"{relation}_settled", start, end)]
    fresh_rows = _fresh(steps, relation, selection)
    if len(fresh_rows):
        pieces.append(Piece("fresh_rows", start, end))
        fresh_rows = fresh_rows.to_arrow()
    additive = RELATIONS[relation].additive
    where, values = _where(question)
    columns = ", ".join([*(_column(name) for name in question.by), sums(additive)])
    group = "GROUP BY " + ", ".join(str(n + 1) for n in range(len(question.by)))
    # Positions must name columns; without any, all rows are one group.
    sql = (
        f"SELECT {columns} FROM ({_union(pieces)}) WHERE {where}"
        f" {group if question.by else ''} HAVING {some(additive)}"
    )
    return as_frame(cursor.sql(sql, params=values))


def cover(question: Question, days: int) -> list[Piece]:
    """Final tables that hold each minute of the span once, the coarsest that keep the buckets apart."""
    if question.relation not in ROLLED_UP:
        return [
            Piece(f"{question.relation}_minute", question.selection.start, question.selection.end)
        ]
    width = min((TIME_BUCKETS[name] for name in question.by if name in TIME_BUCKETS), default=1440)
    levels = [name for name, minutes in LEVELS.items() if minutes <= width]
    return _cover(question.relation, question.selection.start, question.selection.end, levels, days)


def _cover(relation: str, start: int, end: int, levels: Sequence[str], days: int) -> list[Piece]:
    if start >= end:
        return []
    *finer, level = levels
    if not finer:
        return [Piece(f"{relation}_{level}", start, end)]
    width = LEVELS[level]
    first, last = -(-start // width) * width, end // width * width
    if level == "day":
        last = min(last, days)
    if first >= last:
        return _cover(relation, start, end, finer, days)
    return [
        *_cover(relation, start, first, finer, days),
        Piece(f"{relation}_{level}", first, last),
        *_cover(relation, last, end, finer, days),
    ]


def _union(pieces: Sequence[Piece]) -> str:
    return " UNION ALL ".join(
        f'SELECT * FROM {table} WHERE "minute" >= {start} AND "minute" < {end}'
        for table, start, end in pieces
    )


def _fresh(steps: Sequence[FreshStep], relation: str, selection: Selection) -> pl.DataFrame:
    minute = pl.col("minute")
    return joined(steps, relation).filter(
        (pl.col("site") == selection.site) & (minute >= selection.start) & (minute < selection.end)
    )


def _column(name: str) -> str:
    width = TIME_BUCKETS.get(name)
    if width is None:
        return f'coalesce("{name}", \'\') AS "{name}"' if name in DIMENSIONS else f'"{name}"'
    return f'CAST("minute" - "minute" % {width} AS BIGINT) AS "{name}"'


def _where(question: Question) -> tuple[str, list[object]]:
    clauses, values = ['"site" = ?'], [question.selection.site]
    for condition in question.selection.where:
        clauses.append(
            f"coalesce(\"{condition.dimension}\", '') {'NOT IN' if condition.negated else 'IN'}"
            f" ({_places(condition.values)})"
        )
        values.extend(condition.values)
    for column, wanted in question.among:
        clauses.append(f'"{column}" IN ({_places(wanted)})')
        values.extend(wanted)
    return " AND ".join(clauses), list(values)


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" for _ in values)


def as_frame(answered: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """The whole answer of a statement."""
    frame = pl.from_arrow(answered.to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame

"""A question to the store as SQL over the fewest rows that answer it exactly.

Enters: a question. Leaves: one frame. Final rows come from the tables that cover the span; settled and fresh
rows are added by their own minute.
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import TIME_BUCKETS, Selection
from bellrock.store.fresh import FreshStep, joined
from bellrock.store.question import Question, cover
from bellrock.store.tables import some, sums


def answer(
    cursor: duckdb.DuckDBPyConnection, question: Question, days: int, steps: Sequence[FreshStep]
) -> pl.DataFrame:
    """The answer; `days` is the minute up to which days are rolled up, `steps` are the fresh ones."""
    relation, selection = question.relation, question.selection
    start, end = selection.start, selection.end
    pieces = [(f"{relation}_{p.level}", p.start, p.end) for p in cover(question, days)]
    pieces.append((f"{relation}_settled", start, end))
    fresh_rows = _fresh(steps, relation, selection)
    if len(fresh_rows):
        pieces.append(("fresh_rows", start, end))
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


def _union(pieces: Sequence[tuple[str, int, int]]) -> str:
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

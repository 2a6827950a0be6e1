"""Rows as documents and back: a minute, an hour or a day of one key, with its timers inside.

Enters: whole rows, one for a key. Leaves: JSON with a deterministic id. A timer is its count, its sum and its
cells, each as one whole number, `cell << 32 | count`. What is zero is left out; a document that is zero
altogether is empty: it keeps its version, and no question finds it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import polars as pl

from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS

Json = dict[str, Any]

KINDS = {
    "minute": ("minutes", "timers"),
    "cluster": ("clusters", "cluster_timers"),
    "issues": ("issues", None),
    "delivery": ("delivery", None),
}
"""Kinds of documents: the relation that a document is a row of, and that of its timers."""

KIND_OF = {relation: kind for kind, pair in KINDS.items() for relation in pair if relation}

_COUNT_BITS = 32
_MOST = (1 << _COUNT_BITS) - 1


class Document(NamedTuple):
    """A document to be written; `timers` are those that it names."""

    site: str
    minute: int
    id: str
    body: bytes
    timers: frozenset[str]


def cell_of(encoded: pl.Expr) -> pl.Expr:
    """The cell of an encoded one."""
    return encoded.floordiv(1 << _COUNT_BITS).cast(pl.Int16)


def count_of(encoded: pl.Expr) -> pl.Expr:
    """The count of an encoded one."""
    return encoded & _MOST


def encode(documents: Deltas, level: str) -> Iterator[Document]:
    """The documents of rows."""
    for kind, (relation, inner) in KINDS.items():
        key, additive = RELATIONS[relation]
        timers = _timers_by_key(getattr(documents, inner), inner) if inner else {}
        for row in _tuples(getattr(documents, relation).select(*key, *additive)):
            name, measures = row[: len(key)], _some(additive, row[len(key) :])
            of_key = dict(zip(key, name, strict=True))
            yield _document(kind, level, of_key, measures, timers.pop(name, {}))
        for name, left in timers.items():
            yield _document(kind, level, dict(zip(key, name, strict=True)), {}, left)


def decode(relation: str, found: Iterable[Json]) -> pl.DataFrame:
    """The rows that documents have of a relation. The sum of a timer stands in its first cell."""
    rows = [row for body in found for row in _rows(relation, body)]
    return pl.DataFrame(rows, schema=getattr(NO_DELTAS, relation).schema, orient="row")


def _timers_by_key(rows: pl.DataFrame, relation: str) -> dict[tuple[Any, ...], Json]:
    """The timers of each document, also of one in which all are zero."""
    key, additive = RELATIONS[relation]
    width = key.index("timer")
    found: dict[tuple[Any, ...], Json] = {}
    if "cell" in key:
        for *name, timer, count, total, cells in _tuples(_with_cells(rows, key[: width + 1])):
            own = {"count": count, "sum": total, "cells": cells} if cells else {}
            found.setdefault(tuple(name), {})[timer] = own
    else:
        for row in _tuples(rows.select(*key, *additive)):
            own = _some(additive, row[width + 1 :])
            found.setdefault(row[:width], {})[row[width]] = own
    return found


def _with_cells(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """One row for each timer, its cells as a list; of those that are zero there are none."""
    cell, count = pl.col("cell").cast(pl.Int64), pl.col("count")
    has = (count != 0) | (pl.col("sum") != 0)
    wrong = rows.filter(has & ~count.is_between(1, _MOST))
    assert not len(wrong), f"a cell of a whole document has the count {wrong['count'][0]}"
    return rows.group_by(key, maintain_order=True).agg(
        count.sum(),
        pl.col("sum").sum(),
        (cell * (1 << _COUNT_BITS) + count).filter(has).alias("cells"),
    )


def _tuples(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """As `DataFrame.rows`, in half the time."""
    return zip(*(column.to_list() for column in rows), strict=True)


def _some(names: Iterable[str], values: Iterable[Any]) -> Json:
    """Those that are not zero."""
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _document(kind: str, level: str, key: Json, measures: Json, timers: Json) -> Document:
    named = {name: timer for name, timer in timers.items() if timer}
    body: Json = {}
    if measures or named:
        body = {name: value for name, value in key.items() if value is not None} | measures
        body |= {"kind": kind, "level": level, "time": key["minute"] * 60_000}
        body |= {"timers": named} if named else {}
    name = msgspec.json.encode([kind, level, *key.values()])
    made = hashlib.blake2b(name, digest_size=16).hexdigest()
    return Document(key["site"], key["minute"], made, msgspec.json.encode(body), frozenset(named))


def _rows(relation: str, body: Mapping[str, Any]) -> Iterator[Json]:
    key, additive = RELATIONS[relation]
    row: Json = {column: body.get(column) for column in key}
    if "timer" not in key:
        yield row | {column: body.get(column, 0) for column in additive}
        return
    for name, timer in body.get("timers", {}).items():
        row["timer"] = name
        if relation == "cluster_timers":
            yield row | {column: timer.get(column, 0) for column in additive}
            continue
        left = timer["sum"]
        for encoded in timer["cells"]:
            yield row | {"cell": encoded >> _COUNT_BITS, "count": encoded & _MOST, "sum": left}
            left = 0

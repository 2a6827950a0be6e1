"""Rows as documents and back: a minute, an hour or a day of one key, with its timers inside.

Enters: whole rows, one for a key. Leaves: JSON with a deterministic id. A timer is its count, its sum and its
cells, each as one whole number, `cell << 32 | count`. What is zero is left out; a document that is zero
altogether is empty: it keeps its version, and no question finds it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
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


def encode_cell(cell: int, count: int) -> int:
    """A cell with its count; a cell may be -1."""
    assert 0 < count <= _MOST, f"a cell of a whole document has the count {count}"
    return cell << _COUNT_BITS | count


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
        for row in getattr(documents, relation).iter_rows(named=True):
            name = tuple(row[column] for column in key)
            measures = {column: row[column] for column in additive if row[column]}
            yield _document(
                kind, level, dict(zip(key, name, strict=True)), measures, timers.pop(name, {})
            )
        for name, left in timers.items():
            yield _document(kind, level, dict(zip(key, name, strict=True)), {}, left)


def decode(relation: str, found: Iterable[Json]) -> pl.DataFrame:
    """The rows that documents have of a relation. The sum of a timer stands in its first cell."""
    rows = [row for body in found for row in _rows(relation, body)]
    return pl.DataFrame(rows, schema=getattr(NO_DELTAS, relation).schema, orient="row")


def _timers_by_key(rows: pl.DataFrame, relation: str) -> dict[tuple[Any, ...], Json]:
    key = RELATIONS[relation].key
    key = key[: key.index("timer")]
    found: dict[tuple[Any, ...], Json] = {}
    for row in rows.iter_rows(named=True):
        timers = found.setdefault(tuple(row[column] for column in key), {})
        if relation == "cluster_timers":
            additive = RELATIONS[relation].additive
            timers[row["timer"]] = {name: row[name] for name in additive if row[name]}
        elif row["count"] or row["sum"]:
            timer = timers.setdefault(row["timer"], {"count": 0, "sum": 0, "cells": []})
            timer["count"] += row["count"]
            timer["sum"] += row["sum"]
            timer["cells"].append(encode_cell(row["cell"], row["count"]))
    return found


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

"""Rows as documents and back: a minute, an hour or a day of one key, with its timers inside.

Enters: whole rows, one for a key. Leaves: JSON with a deterministic id. A timer is its count, its sum and its
cells, each as one whole number, `cell << 32 | count`. What is zero is left out; a document that is zero
altogether is empty: it keeps its version, and no question finds it.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.groups import starts_of_rows
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS, Relation

Json = dict[str, Any]
Row = tuple[Any, ...]
Timers = Mapping[str, msgspec.Struct | None]
"""By name; None for one that is zero."""

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
    timers: Collection[str]


class _Timer(msgspec.Struct):
    count: int
    sum: int
    cells: list[int]


_Sums = msgspec.defstruct(
    "_Sums",
    [(name, int, 0) for name in RELATIONS["cluster_timers"].additive],
    omit_defaults=True,
)


def _body(relation: Relation) -> tuple[type[msgspec.Struct], int]:
    """The form of a document, without what is null or zero; and how many of its fields are its key."""
    columns: list[tuple[str, Any, Any]] = [(name, Any, None) for name in relation.key]
    columns += [(name, int, 0) for name in relation.additive]
    more = [("kind", str, ""), ("level", str, ""), ("time", int, -1), ("timers", dict, {})]
    made = msgspec.defstruct("_Body", [*columns, *more], omit_defaults=True)
    return made, len(relation.key)


_BODIES = {kind: _body(RELATIONS[relation]) for kind, (relation, _) in KINDS.items()}

_encode = msgspec.json.Encoder().encode


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
            yield _document(kind, level, row, timers.pop(row[: len(key)], {}))
        zeros = (0,) * len(additive)
        for name, left in timers.items():
            yield _document(kind, level, name + zeros, left)


def decode(relation: str, found: Iterable[Json]) -> pl.DataFrame:
    """The rows that documents have of a relation. The sum of a timer stands in its first cell."""
    rows = [row for body in found for row in _rows(relation, body)]
    return pl.DataFrame(rows, schema=getattr(NO_DELTAS, relation).schema, orient="row")


def _timers_by_key(rows: pl.DataFrame, relation: str) -> dict[Row, Timers]:
    """The timers of each document, also of one in which all are zero."""
    key, additive = RELATIONS[relation]
    width = key.index("timer")
    keys = rows.select(key[: width + 1])
    starts = starts_of_rows(keys)
    heads = keys[starts]
    made = _with_cells(rows, starts) if "cell" in key else _with_sums(rows.select(additive))
    timers = list(zip(heads["timer"].to_list(), made, strict=True))
    names = heads.select(key[:width])
    places = starts_of_rows(names)
    ends = [*places[1:].tolist(), len(timers)]
    found: dict[Row, Timers] = {
        name: dict(timers[place:end])
        for name, place, end in zip(_tuples(names[places]), places.tolist(), ends, strict=False)
    }
    if sum(map(len, found.values())) < len(timers):  # the rows of one did not follow each other
        return _timers_by_key(rows.sort(key), relation)
    return found


def _with_cells(rows: pl.DataFrame, starts: NDArray[np.int64]) -> list[_Timer | None]:
    """Timers whose rows begin at `starts`; cells that are zero are left out."""
    if not len(rows):
        return []
    cell, count, total = (rows[name].to_numpy() for name in ("cell", "count", "sum"))
    has = (count != 0) | (total != 0)
    wrong = count[has & ((count < 1) | (count > _MOST))]
    assert not len(wrong), f"a cell of a whole document has the count {wrong[0]}"
    cells = ((cell.astype(np.int64) << _COUNT_BITS) + count)[has].tolist()
    ends = np.add.accumulate(np.add.reduceat(has, starts, dtype=np.int64)).tolist()
    return [
        _Timer(number, together, cells[first:end]) if end > first else None
        for number, together, first, end in zip(
            np.add.reduceat(count, starts).tolist(),
            np.add.reduceat(total, starts).tolist(),
            [0, *ends[:-1]],
            ends,
            strict=True,
        )
    ]


def _with_sums(rows: pl.DataFrame) -> list[msgspec.Struct | None]:
    """Timers of one row each."""
    return [_Sums(*row) if any(row) else None for row in _tuples(rows)]


def _tuples(rows: pl.DataFrame) -> Iterator[Row]:
    """As `DataFrame.rows`, in half the time."""
    return zip(*(column.to_list() for column in rows), strict=True)


def _document(kind: str, level: str, row: Row, timers: Timers) -> Document:
    body, width = _BODIES[kind]
    name = row[:width]
    site, minute = name[:2]
    if not all(timers.values()):
        timers = {timer: own for timer, own in timers.items() if own}
    said = b"{}"
    if timers or any(row[width:]):
        said = _encode(body(*row, kind, level, minute * 60_000, timers))
    made = hashlib.blake2b(_encode([kind, level, *name]), digest_size=16).hexdigest()
    return Document(site, minute, made, said, timers.keys())


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

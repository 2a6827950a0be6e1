"""Whole documents as Flink keeps them: what parcels add to them, and what they are then.

A document has the sums of the relation that it is named by, and a row for each detail: of timers the cell, of
cluster timers the timer. A document of an hour or a day is the same with its minute floored. In keyed state
it is int64, little-endian: its own sums, then the rows of its details, each after the detail itself. So many
documents are read, summed and written as one array.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.groups import group, sums
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.runners.flink.changes import Changes, distinct
from bellrock.runners.flink.deltas import DETAIL_BITS, DOCUMENT_KEYS, HEADS
from bellrock.runners.flink.keyed import Table
from bellrock.schema.document import RELATIONS
from bellrock.store.tables import LEVELS, ROLLED_UP

Matrix = NDArray[np.int64]

Levels = Mapping[str, Sequence[str]]
"""By relation, the levels of its documents that are written together."""

AT_ONCE: Levels = {head: ("minute",) for head in HEADS if head != "delivery"}
WITH_HOURS: Levels = {head: ("hour", "day") for head in HEADS if head in ROLLED_UP} | {
    "delivery": ("minute",)  # the first of an hour
}

_DETAIL = 40  # bits of a detail beside a document's number: of the timer 24, of the cell 16


class Named(NamedTuple):
    """Documents of one level that changes touch, with their `keys` in keyed state.

    `names` are numbers of the changes' names, and `minutes` where the documents begin, both by document;
    `of_run` is the number of the document by run of the changes.
    """

    level: str
    keys: list[str]
    names: NDArray[np.int64]
    minutes: NDArray[np.int64]
    of_run: NDArray[np.int64]


class Whole(NamedTuple):
    """Documents: their own `sums`, shape (documents, additive), and the rows of their details.

    `owner` is the document of each row of `details`, in order; `details` have shape (rows, 1 + additive), and
    the detail first.
    """

    sums: Matrix
    owner: NDArray[np.int64]
    details: Matrix


def named(changes: Changes, levels: Levels) -> Iterator[Named]:
    """The documents of some levels that changes touch."""
    texts = [msgspec.json.encode(name).decode() for name in changes.words()]
    for level in levels.get(changes.head, ()):
        minutes = changes.minute - changes.minute % LEVELS[level]
        first, of_run = distinct([changes.name, minutes])
        names, starts = changes.name[first], minutes[first]
        keys = [
            f'["{level}","{changes.head}",{minute},{texts[name]}]'
            for name, minute in zip(names.tolist(), starts.tolist(), strict=True)
        ]
        yield Named(level, keys, names, starts, of_run)


class _Key(NamedTuple):
    """Of a document in keyed state."""

    level: str
    head: str
    minute: int
    texts: tuple[Any, ...]


_decode_key = msgspec.json.Decoder(_Key).decode


def end_of(key: str) -> int:
    """The first minute after the document of a key."""
    name = _decode_key(key)
    return name.minute + LEVELS[name.level]


def read(table: Table, keys: Sequence[str], head: str) -> Whole:
    """Documents as they are kept; zeros where there is none yet."""
    own, width = _widths(head)
    found = [table.get(key) or b"" for key in keys]
    flat = np.frombuffer(b"".join(found), "<i8")
    sizes = np.array([len(data) for data in found], np.int64) // 8
    known = np.flatnonzero(sizes)
    places = (np.cumsum(sizes) - sizes)[known, None] + np.arange(own)
    total = np.zeros((len(keys), own), np.int64)
    total[known] = flat[places]
    is_detail = np.ones(len(flat), np.bool_)
    is_detail[places] = False
    rows = np.maximum(sizes - own, 0) // width
    return Whole(total, np.repeat(np.arange(len(keys)), rows), flat[is_detail].reshape(-1, width))


def added(old: Whole, changes: Changes, of_run: NDArray[np.int64]) -> Whole:
    """Documents after changes, without details that say nothing."""
    total = old.sums.copy()
    groups = group(of_run[: len(changes.own)])
    total[of_run[groups.order[groups.starts]]] += sums(changes.own, groups)
    owner = np.repeat(of_run[len(changes.own) :], changes.sizes)
    codes = np.concatenate(
        [
            old.owner << _DETAIL | old.details[:, 0],
            owner << _DETAIL | changes.details[:, 0],
        ]
    )
    values = np.concatenate([old.details[:, 1:], changes.details[:, 1:]])
    groups = group(codes)
    found = sums(values, groups)
    some = found.any(axis=1)
    code = codes[groups.order[groups.starts]][some]
    detail = code & ((1 << _DETAIL) - 1)
    return Whole(total, code >> _DETAIL, np.column_stack([detail, found[some]]))


def write(table: Table, keys: Sequence[str], whole: Whole) -> None:
    """Keep documents; those that are zero altogether are removed."""
    own, width = whole.sums.shape[1], whole.details.shape[1]
    rows = np.bincount(whole.owner, minlength=len(keys))
    sizes = own + rows * width
    ends = np.cumsum(sizes)
    flat = np.empty(int(sizes.sum()), "<i8")
    is_detail = np.ones(len(flat), np.bool_)
    places = (ends - sizes)[:, None] + np.arange(own)
    is_detail[places] = False
    flat[places] = whole.sums
    flat[is_detail] = whole.details.ravel()
    data = flat.tobytes()
    stays = (rows > 0) | whole.sums.any(axis=1)
    first = 0
    for key, end, some in zip(keys, (8 * ends).tolist(), stays.tolist(), strict=True):
        if some:
            table.put(key, data[first:end])
        else:
            table.remove(key)
        first = end


def frames(
    changes: Changes, documents: Named, whole: Whole, timers: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Documents as whole rows of their relations; an empty one is a row of zeros."""
    head, details = changes.head, HEADS[changes.head]
    key = changes.columns(documents.names)
    key["minute"] = pl.Series("minute", documents.minutes)
    keys = pl.DataFrame([key[column] for column in DOCUMENT_KEYS[head]])
    found = {head: _with(keys, whole.sums, RELATIONS[head].additive)}
    if details:
        detail = whole.details[:, 0]
        own = keys[whole.owner].with_columns(
            pl.Series("timer", timers, pl.String)[detail >> DETAIL_BITS]
        )
        if "cell" in RELATIONS[details].key:
            cell = (detail & ((1 << DETAIL_BITS) - 1)) - 1
            own = own.with_columns(pl.Series("cell", cell.astype(np.int16)))
        found[details] = _with(own, whole.details[:, 1:], RELATIONS[details].additive)
    return found


def as_deltas(found: Mapping[str, pl.DataFrame]) -> Deltas:
    """Frames by relation, with those that are missing."""
    # Frames of their own, also where there are no rows: writing a frame that another thread reads
    # can wait for ever, one for the frame and the other for the interpreter. Making one of a schema is slow.
    return Deltas(
        **{
            relation: found[relation] if relation in found else empty.clone()
            for relation, empty in _EMPTY.items()
        }
    )


_EMPTY = {relation: getattr(NO_DELTAS, relation).clone() for relation in RELATIONS}


def _with(keys: pl.DataFrame, values: Matrix, additive: Sequence[str]) -> pl.DataFrame:
    """Keys and additive columns side by side."""
    by_column = np.ascontiguousarray(values.T)
    columns = [pl.Series(name, own) for name, own in zip(additive, by_column, strict=True)]
    return pl.DataFrame([*keys.get_columns(), *columns])


def _widths(head: str) -> tuple[int, int]:
    """How many numbers a document has of its own, and for each detail."""
    details = HEADS[head]
    return len(RELATIONS[head].additive), 1 + (len(RELATIONS[details].additive) if details else 0)

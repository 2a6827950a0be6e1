"""Deltas on their way from lanes to summaries: parcels of rows, by the slot that their document belongs to.

A document's slot is made of its key without the minute, so the hour and the day of a document lie where its
minutes do. What always holds: it depends on nothing but the key, in every process and version. Rows travel
as matrices of whole numbers: texts are codes, which one list in the parcel explains.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.groups import starts_of_rows
from bellrock.operators.summaries import Deltas
from bellrock.schema.document import CLUSTER_KEY, KEY, RELATIONS

VERSION = 2
"""Of the form of parcels and documents in keyed state: `docs/spec/flink.md`."""

HEADS = {"minutes": "timers", "clusters": "cluster_timers", "issues": None, "delivery": None}
"""The relations that name a document, each with that of its details."""

DOCUMENT_KEYS: Mapping[str, tuple[str, ...]] = {
    "minutes": KEY,
    "timers": KEY,
    "clusters": CLUSTER_KEY,
    "cluster_timers": CLUSTER_KEY,
    "issues": RELATIONS["issues"].key,
    "delivery": RELATIONS["delivery"].key,
}
"""The columns of each relation that name the document, first among its columns."""

TEXTS = {
    relation: tuple(column for column in key if column != "minute")
    for relation, key in DOCUMENT_KEYS.items()
}
"""Those of them that are texts."""

DETAIL_BITS = 16
"""Of a detail, `timer << 16 | cell + 1`: what the cell has; it is -1 where there is none."""

_FACTOR = np.uint64(0x9E37_79B9_7F4A_7C15)
_MANY = np.uint64(32)


class Parcel(msgspec.Struct, array_like=True, frozen=True):
    """Rows for one slot; `judged` is how far the worker knew that every lane had come, a minute.

    `texts` by code. Of each relation in `tables`, little-endian: the runs of rows that are of one document,
    uint32 of shape (runs, texts + 2), which are the codes of `TEXTS`, the minute, and how many rows; and
    the rows, int64 of shape (rows, 1 + additive), the detail before the additive columns. The timer of a
    detail is a code; a row of `HEADS` has the detail 0, and is a run.
    """

    version: int
    judged: int
    texts: list[str | None]
    tables: dict[str, tuple[bytes, bytes]]


encode_parcel = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Parcel)


def decode_parcel(data: bytes) -> Parcel:
    """A parcel; raises ValueError for another version."""
    try:
        parcel = _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise ValueError(f"parcels of another version, not {VERSION}") from error
    if parcel.version != VERSION:
        raise ValueError(f"parcels of version {parcel.version}, not {VERSION}")
    return parcel


class _Table(NamedTuple):
    """Rows of a relation, and a row of `heads` for each run of one document, of `sizes` rows."""

    relation: str
    rows: pl.DataFrame
    heads: pl.DataFrame
    sizes: NDArray[np.int64]


def parcels(parts: Sequence[Deltas], slots: int, judged: int) -> dict[int, bytes]:
    """The rows of deltas by the slot of their document, as parcels."""
    tables = [_runs(*found) for found in _some(parts)]
    if not tables:
        return {}
    texts, codes = _coded(
        [column for table in tables for column in (*_texts(table), *_timers(table))]
    )
    hashes = np.array([crc32((text or "").encode()) for text in texts], np.uint64)
    found: dict[int, dict[str, tuple[bytes, bytes]]] = {}
    for table in tables:
        names = [next(codes) for _ in TEXTS[table.relation]]
        slot = slots_of([hashes[column] for column in names], slots)
        minutes = table.heads["minute"].to_numpy()
        runs = np.stack([*names, minutes, table.sizes], axis=1, dtype=np.uint32, casting="unsafe")
        rows = _numbers(table, *(next(codes) for _ in _timers(table)))
        shares = zip(
            _shares(runs, slot, slots),
            _shares(rows, np.repeat(slot, table.sizes), slots),
            strict=True,
        )
        for number, share in enumerate(shares):
            if share[0]:
                found.setdefault(number, {})[table.relation] = share
    return {slot: encode_parcel(Parcel(VERSION, judged, texts, own)) for slot, own in found.items()}


def slots_of(hashes: Sequence[NDArray[np.uint64]], slots: int) -> NDArray[np.uint8]:
    """The slots of documents; `hashes` are, by column of their keys, the CRC-32 of the texts."""
    mixed = np.zeros(len(hashes[0]), np.uint64)
    for column in hashes:
        mixed = mixed * _FACTOR + column
    return ((mixed * _FACTOR >> _MANY) % np.uint64(slots)).astype(np.uint8)


def _some(parts: Sequence[Deltas]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each relation that has any."""
    for relation in RELATIONS:
        frames = [frame for part in parts if len(frame := getattr(part, relation))]
        if frames:
            yield relation, frames[0] if len(frames) == 1 else pl.concat(frames)


def _runs(relation: str, rows: pl.DataFrame) -> _Table:
    if relation in HEADS:
        return _Table(relation, rows, rows, np.ones(len(rows), np.int64))
    key = DOCUMENT_KEYS[relation]
    keys = pl.DataFrame(rows.get_columns()[: len(key)])
    starts = starts_of_rows(keys)
    heads = keys[starts]
    return _Table(relation, rows, heads, np.diff(starts, append=len(rows)))


def _texts(table: _Table) -> list[pl.Series]:
    return [table.heads[column] for column in TEXTS[table.relation]]


def _timers(table: _Table) -> list[pl.Series]:
    return [] if table.relation in HEADS else [table.rows["timer"]]


def _coded(
    columns: Sequence[pl.Series],
) -> tuple[list[str | None], Iterator[NDArray[np.uint32]]]:
    """Texts by code, and the codes of each column; the last code is that of no text."""
    every = pl.concat(columns, rechunk=False)
    # Categories of its own: codes count from 0, and no thread waits for another.
    codes = every.cast(pl.Categorical(pl.Categories.random())).to_physical()
    greatest = codes.max()
    count = greatest + 1 if isinstance(greatest, int) else 0
    coded = codes.fill_null(count).to_numpy()
    places = np.zeros(count + 1, np.int64)
    places[coded] = np.arange(len(coded))
    ends = np.cumsum([len(column) for column in columns])
    return [*every[places[:count]].to_list(), None], iter(np.split(coded, ends[:-1]))


def _numbers(table: _Table, *timers: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The rows of a table: the detail, and the additive columns."""
    additive = RELATIONS[table.relation].additive
    found = np.zeros((len(table.rows), 1 + len(additive)), np.int64)
    for timer in timers:
        found[:, 0] = timer.astype(np.int64) << DETAIL_BITS
    if "cell" in table.rows.columns:
        found[:, 0] += table.rows["cell"].to_numpy() + 1
    found[:, 1:] = pl.DataFrame(table.rows.get_columns()[-len(additive) :]).to_numpy()
    return found


def _shares(matrix: NDArray[Any], slot: NDArray[np.uint8], slots: int) -> list[bytes]:
    """The rows of a matrix by their slot."""
    ordered = matrix[np.argsort(slot, kind="stable")]
    ends = np.cumsum(np.bincount(slot, minlength=slots)).tolist()
    return [ordered[first:end].tobytes() for first, end in pairwise([0, *ends])]

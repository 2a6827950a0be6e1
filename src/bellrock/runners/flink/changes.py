"""What many parcels change, put together: the names of the documents, and rows of numbers.

Parcels of one slot enter, each with codes of its own. Leaves: for each head (`HEADS`) its runs of rows, with
the codes of one list of texts. What always holds: names are told apart exactly, never by a hash.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.runners.flink.deltas import DETAIL_BITS, HEADS, TEXTS, Parcel
from bellrock.schema.document import RELATIONS

Numbers = NDArray[np.int64]

_MOST = 1 << 62


class Changes(NamedTuple):
    """Changes of the documents of one head.

    names: codes of `TEXTS` by name, shape (names, columns); each name once.
    name, minute: of each run of rows. First come those of `own`, of one row each.
    own: additive columns of the head, shape (runs, columns).
    sizes: how many rows of `details` the further runs have.
    details: the detail, whose timer is a number of the slot, and the additive columns.
    """

    head: str
    texts: pl.Series
    names: Numbers
    name: Numbers
    minute: Numbers
    own: Numbers
    sizes: Numbers
    details: Numbers

    def words(self) -> Iterator[tuple[str | None, ...]]:
        """The texts of each name."""
        texts = self.texts.to_list()
        return (tuple(texts[code] for code in codes) for codes in self.names.tolist())

    def columns(self, names: Numbers) -> dict[str, pl.Series]:
        """The texts of names as columns."""
        codes = self.names[names].T.astype(np.uint32)
        return {
            column: self.texts[own].alias(column)
            for column, own in zip(TEXTS[self.head], codes, strict=True)
        }


class _Rows(NamedTuple):
    """Of one relation: codes by run, minutes, sizes, and rows whose timer is a code."""

    codes: Numbers
    minute: Numbers
    sizes: Numbers
    rows: Numbers


def changes_of(parcels: Sequence[Parcel], timers: dict[str, int]) -> Iterator[Changes]:
    """The changes of each head that has any; `timers`, the slot's numbers of timers, takes in new ones."""
    texts: dict[str | None, int] = {}
    codes = [
        np.array([texts.setdefault(text, len(texts)) for text in parcel.texts], np.int64)
        for parcel in parcels
    ]
    words = pl.Series(list(texts), dtype=pl.String)
    for head, detail in HEADS.items():
        own = _merged(head, parcels, codes)
        inner = _merged(detail, parcels, codes) if detail else _no_rows(own)
        if len(own.rows) + len(inner.rows):
            by_run = np.concatenate([own.codes, inner.codes])
            first, name = distinct(by_run.T)
            yield Changes(
                head=head,
                texts=words,
                names=by_run[first],
                name=name,
                minute=np.concatenate([own.minute, inner.minute]),
                own=own.rows[:, 1:],
                sizes=inner.sizes,
                details=_numbered(inner.rows, words, timers),
            )


def distinct(columns: Sequence[Numbers] | Numbers) -> tuple[Numbers, Numbers]:
    """Rows that differ: a place of each, and which of them every row is. Columns are whole numbers."""
    code = np.zeros(len(columns[0]), np.int64)
    span = 1
    for column in columns:
        least = int(column.min(initial=0))
        width = int(column.max(initial=0)) - least + 1
        if span * width > _MOST:
            _, code = np.unique(code, return_inverse=True)
            span = len(code)
        code = code * width + (column - least)
        span *= width
    _, first, of_row = np.unique(code, return_index=True, return_inverse=True)
    return first, of_row


def _merged(relation: str, parcels: Sequence[Parcel], codes: Sequence[Numbers]) -> _Rows:
    """The rows of a relation in all parcels, with shared codes."""
    tables = [parcel.tables.get(relation, (b"", b"")) for parcel in parcels]
    columns, width = len(TEXTS[relation]), 1 + len(RELATIONS[relation].additive)
    runs = np.frombuffer(b"".join(one for one, _ in tables), "<u4").reshape(-1, columns + 2)
    rows = np.frombuffer(b"".join(one for _, one in tables), "<i8").reshape(-1, width).copy()
    # Codes of a parcel begin where those of the parcel before it end.
    begins = np.cumsum([0, *map(len, codes[:-1])])
    shared = np.concatenate(codes)
    of_run = np.repeat(begins, [len(one) // (4 * (columns + 2)) for one, _ in tables])
    of_row = np.repeat(begins, [len(one) // (8 * width) for _, one in tables])
    if "timer" in RELATIONS[relation].key:
        timer = shared[(rows[:, 0] >> DETAIL_BITS) + of_row]
        rows[:, 0] += timer - (rows[:, 0] >> DETAIL_BITS) << DETAIL_BITS
    return _Rows(
        shared[runs[:, :columns] + of_run[:, None]],
        runs[:, columns].astype(np.int64),
        runs[:, columns + 1].astype(np.int64),
        rows,
    )


def _no_rows(own: _Rows) -> _Rows:
    none = np.empty(0, np.int64)
    return _Rows(own.codes[:0], none, none, np.empty((0, 1), np.int64))


def _numbered(rows: Numbers, words: pl.Series, timers: dict[str, int]) -> Numbers:
    """Rows of details with the slot's numbers of timers instead of codes."""
    used = np.unique(rows[:, 0] >> DETAIL_BITS)
    if len(used):
        numbers = np.zeros(int(used[-1]) + 1, np.int64)
        numbers[used] = [timers.setdefault(words[code], len(timers)) for code in used.tolist()]
        timer = rows[:, 0] >> DETAIL_BITS
        rows[:, 0] += numbers[timer] - timer << DETAIL_BITS
    return rows

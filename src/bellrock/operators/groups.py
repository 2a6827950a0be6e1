"""Rows in groups: sorted by a key, each group a run of rows that begins at one of `starts`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.rows import Index


class Groups(NamedTuple):
    """`order` sorts rows so that groups lie side by side; rows that tie keep their order.

    `starts` are the places, after sorting, at which groups begin: shape (groups,).
    """

    order: Index
    starts: Index

    @property
    def sizes(self) -> Index:
        """How many rows each group has."""
        sizes = np.empty_like(self.starts)
        sizes[:-1] = self.starts[1:] - self.starts[:-1]
        sizes[-1:] = len(self.order) - self.starts[-1:]
        return sizes

    def of_row(self) -> Index:
        """The number of each row's group, for the rows as they were before sorting."""
        numbers = np.empty(len(self.order), dtype=np.int64)
        numbers[self.order] = self.of_sorted()
        return numbers

    def of_sorted(self) -> Index:
        """The number of each row's group, for the rows as they are after sorting."""
        return np.repeat(np.arange(len(self.starts)), self.sizes)


def group(codes: NDArray[Any]) -> Groups:
    """Groups of equal whole numbers, in ascending order."""
    order = np.argsort(codes, kind="stable")
    return Groups(order, starts_of(codes[order]))


def sums(values: NDArray[np.int64], groups: Groups) -> NDArray[np.int64]:
    """Sums of rows of numbers, shape (rows, columns), by group."""
    return sums_of(values.__getitem__, groups)


def sums_of(values: Callable[[Index], NDArray[np.int64]], groups: Groups) -> NDArray[np.int64]:
    """Sums by group of rows of numbers that are made when they are asked for, of rows at given places."""
    first = values(groups.order[groups.starts])
    sizes = groups.sizes
    # Most groups are of one row, and `reduceat` is slow at them.
    many = np.flatnonzero(sizes > 1)
    if len(many):
        members = groups.order[np.repeat(sizes > 1, sizes)]
        starts = np.cumsum(sizes[many]) - sizes[many]
        first[many] = np.add.reduceat(values(members), starts, axis=0)
    return np.asarray(first)


def starts_of_rows(ordered: pl.DataFrame) -> Index:
    """Where runs of equal rows begin."""
    return starts_of(ordered.select(pl.struct(pl.all()).rle_id()).to_series().to_numpy())


def starts_of(ordered: NDArray[Any]) -> Index:
    """Where runs of equal values begin."""
    if not len(ordered):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


_MIX = np.array(
    [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0xD6E8_FEB8_6659_FD93],
    dtype=np.uint64,
)


def as_words(records: NDArray[Any]) -> NDArray[np.uint64]:
    """Records, or ids, of n words of 64 bits, shape (rows, n)."""
    words = np.ascontiguousarray(records).view(np.uint64)
    return words.reshape(len(records), records.itemsize // words.itemsize)


def group_records(records: NDArray[np.void]) -> Groups:
    """Groups of equal records of 32 bytes, in no particular order.

    Records that differ are never in one group; in the rare case that their hashes are equal, one
    record may make two groups, which is harmless to sums of sums.
    """
    words = as_words(records)
    mixed = words * _MIX
    mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed.sum(axis=1, dtype=np.uint64), kind="stable")
    ordered = words[order]
    if not len(ordered):
        return Groups(order, np.empty(0, dtype=np.int64))
    differ = (ordered[1:] != ordered[:-1]).any(axis=1)
    return Groups(order, np.flatnonzero(np.concatenate([[True], differ])))

"""A table of rows by 64-bit key whose cost is that of the batch, not of the state.

Rows live in a few immutable *runs* sorted by key, the older the larger. Finding a row is a binary search
in each run; a row that is taken is marked dead where it lies; rows that are put form a new run, and runs
of like size are merged, dead rows left out. So a batch of n rows costs O(n log n) whatever the table holds.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.keys import Keys, prefix_range
from bellrock.schema.impression import Schema

_GROWTH = 2  # a run is merged into the one before it unless that is this many times larger


class _Run:
    __slots__ = ("keys", "live", "rows")

    def __init__(self, keys: Keys, rows: pl.DataFrame) -> None:
        self.keys = keys
        self.rows = rows
        self.live = np.ones(len(keys), dtype=np.bool_)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.live))

    def take(self, index: NDArray[np.int64]) -> tuple[Keys, pl.DataFrame]:
        self.live[index] = False
        return self.keys[index], self.rows[index]

    def living(self) -> tuple[Keys, pl.DataFrame]:
        if self.live.all():
            return self.keys, self.rows
        index = np.flatnonzero(self.live)
        return self.keys[index], self.rows[index]


class RunTable:
    """Rows of one schema, each under its own key; a key is put only when no row has it."""

    def __init__(self, schema: Schema) -> None:
        """Make an empty table."""
        self._empty = pl.DataFrame(schema=schema)
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        """How many rows live."""
        return sum(len(run) for run in self._runs)

    def put(self, keys: Keys, rows: pl.DataFrame) -> None:
        """Add rows under keys that are distinct and not in the table."""
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        self._runs.append(_Run(keys[order], rows[order]))
        while len(self._runs) > 1 and len(self._runs[-2]) < _GROWTH * len(self._runs[-1]):
            newer, older = self._runs.pop(), self._runs.pop()
            self._runs.append(_merge(older, newer))

    def take(self, keys: Keys) -> tuple[Keys, pl.DataFrame]:
        """Remove and return the rows that have one of the keys (distinct), in no particular order."""
        taken = []
        for run in self._runs:
            index = np.searchsorted(run.keys, keys)
            index[index == len(run.keys)] = 0
            found = (run.keys[index] == keys) & run.live[index]
            taken.append((run, index[found]))
        return self._collect(taken)

    def take_prefixes(self, prefix: Keys) -> tuple[Keys, pl.DataFrame]:
        """Remove and return the rows whose key begins with one of the prefixes (distinct)."""
        least, greatest = prefix_range(prefix)
        taken = []
        for run in self._runs:
            index = _ranges(
                np.searchsorted(run.keys, least, side="left"),
                np.searchsorted(run.keys, greatest, side="right"),
            )
            taken.append((run, index[run.live[index]]))
        return self._collect(taken)

    def take_up_to(self, column: str, most: int) -> tuple[Keys, pl.DataFrame]:
        """Remove and return the rows in which a whole-number column is at most `most`."""
        return self._collect(
            [
                (run, np.flatnonzero((run.rows[column].to_numpy() <= most) & run.live))
                for run in self._runs
            ]
        )

    def rows(self) -> pl.DataFrame:
        """Every living row."""
        return pl.concat([self._empty, *(run.living()[1] for run in self._runs)])

    def _collect(self, taken: list[tuple[_Run, NDArray[np.int64]]]) -> tuple[Keys, pl.DataFrame]:
        parts = [run.take(index) for run, index in taken if len(index)]
        self._runs = [run for run in self._runs if run.live.any()]
        if not parts:
            return np.empty(0, dtype=np.uint64), self._empty
        keys, rows = zip(*parts, strict=True)
        return np.concatenate(keys), pl.concat(rows)


def _merge(older: _Run, newer: _Run) -> _Run:
    (old_keys, old_rows), (new_keys, new_rows) = older.living(), newer.living()
    keys = np.concatenate([old_keys, new_keys])
    order = np.argsort(keys, kind="stable")
    return _Run(keys[order], pl.concat([old_rows, new_rows])[order])


def _ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices in all ranges [start, stop), one after the other."""
    length = stop - start
    offset = np.repeat(start - (np.cumsum(length) - length), length)
    return np.asarray(np.arange(int(length.sum())) + offset, dtype=np.int64)

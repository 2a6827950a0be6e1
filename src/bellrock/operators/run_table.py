"""A table of rows by 64-bit key whose cost is that of the batch, not of the state.

Rows live in a few *runs* sorted by key, the older the larger. Finding a row is a binary search in each
run; a row that changes is overwritten where it lies, one that is removed is marked dead there; new rows
form a new run, and runs of like size are merged, dead rows left out. So a batch of n rows costs O(n log n)
whatever the table holds.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.operators.keys import Keys, prefix_range
from bellrock.operators.places import Places
from bellrock.rows import Index, Rows, copy, join, pick, place

_GROWTH = 2  # a run is merged into the one before it unless that is this many times larger


class _Run:
    __slots__ = ("due", "keys", "live", "living", "places", "rows")

    def __init__(self, keys: Keys, rows: Rows, due: str | None) -> None:
        self.keys = keys
        self.places = Places(keys)
        self.rows = rows
        self.live = np.ones(len(keys), dtype=np.bool_)
        self.living = len(keys)
        # Looked through at every boundary: side by side, a million of them take less than a millisecond.
        self.due = np.ascontiguousarray(rows[due]) if due else None

    def overwrite(self, index: Index, rows: Rows, due: str | None) -> None:
        place(self.rows, index, rows)
        if self.due is not None:
            self.due[index] = rows[due]

    def remove(self, index: Index) -> None:
        self.live[index] = False
        self.living -= len(index)

    def items(self) -> tuple[Keys, Rows]:
        if self.living == len(self.keys):
            return self.keys, self.rows
        index = np.flatnonzero(self.live)
        return self.keys[index], pick(self.rows, index)


class Found(NamedTuple):
    """Rows of a table in ascending order of their keys, and where they lie."""

    keys: Keys
    rows: Rows
    places: list[tuple[_Run, Index]]


class RunTable:
    """Rows of one dtype, each under its own key."""

    def __init__(self, dtype: np.dtype[np.void], *, due: str | None = None) -> None:
        """Make an empty table; `due` is the field, a minute, that `find_due` looks at."""
        self.dtype = dtype
        self._due = due
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        """How many rows live."""
        return sum(run.living for run in self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, dead rows included."""
        return sum(run.keys.nbytes + run.rows.nbytes + run.live.nbytes for run in self._runs)

    def put(self, keys: Keys, rows: Rows, found: Found | None = None) -> None:
        """Put rows under keys, which ascend and are distinct.

        `found` is what the table has of these keys, as `find` gave it and nothing has changed since;
        it must be there unless the table has none of them.
        """
        if found is not None and found.places:
            new = np.ones(len(keys), dtype=np.bool_)
            for run, index in found.places:
                at = np.searchsorted(keys, run.keys[index])
                run.overwrite(index, pick(rows, at), self._due)
                new[at] = False
            keys, rows = keys[new], pick(rows, new)
        if len(keys):
            # A copy, because runs are overwritten, and whoever puts rows may still look at them.
            self._add(keys, copy(rows))

    def find(self, keys: Keys) -> Found:
        """The rows that have one of the keys, which ascend and are distinct."""
        places = []
        for run in self._runs:
            index = run.places.of(keys)
            index[index == len(run.keys)] = 0
            places.append((run, index[(run.keys[index] == keys) & run.live[index]]))
        return self._found(places)

    def find_prefixes(self, prefix: Keys) -> Found:
        """The rows whose key begins with one of the prefixes, which ascend and are distinct."""
        least, greatest = prefix_range(prefix)
        places = []
        for run in self._runs:
            index = _ranges(run.places.of(least), run.places.of(greatest, "right"))
            places.append((run, index[run.live[index]]))
        return self._found(places)

    def find_due(self, minute: int) -> Found:
        """The rows that are due at or before a minute."""
        places = []
        for run in self._runs:
            assert run.due is not None
            places.append((run, np.flatnonzero((run.due <= minute) & run.live)))
        return self._found(places)

    def dues(self, minute: int) -> NDArray[np.unsignedinteger]:
        """When the rows that are due at or before a minute are due, in any order."""
        found = [
            run.due[(run.due <= minute) & run.live] for run in self._runs if run.due is not None
        ]
        return np.concatenate([np.empty(0, np.uint32), *found])

    def remove(self, found: Found) -> None:
        """Remove rows that were found, before anything else is put or removed."""
        for run, index in found.places:
            run.remove(index)
        self._runs = [run for run in self._runs if run.living]

    def take(self, keys: Keys) -> Found:
        """Find and remove."""
        found = self.find(keys)
        self.remove(found)
        return found

    def items(self) -> tuple[Keys, Rows]:
        """Every living row, and its key, in ascending order of the keys."""
        parts = [run.items() for run in self._runs]
        keys = np.concatenate([np.empty(0, np.uint64), *(keys for keys, _ in parts)])
        order = np.argsort(keys, kind="stable")
        return keys[order], pick(join([rows for _, rows in parts], self.dtype), order)

    def rewrite(self, change: Callable[[Rows], None]) -> None:
        """Change all rows where they lie, the dead ones too; not the field that they are due by."""
        for run in self._runs:
            change(run.rows)

    def _add(self, keys: Keys, rows: Rows) -> None:
        self._runs.append(_Run(keys, rows, self._due))
        while len(self._runs) > 1 and self._runs[-2].living < _GROWTH * self._runs[-1].living:
            newer, older = self._runs.pop(), self._runs.pop()
            self._runs.append(_merge(older, newer, self._due))

    def _found(self, places: list[tuple[_Run, Index]]) -> Found:
        places = [(run, index) for run, index in places if len(index)]
        if not places:
            return Found(np.empty(0, np.uint64), np.empty(0, self.dtype), [])
        keys = np.concatenate([run.keys[index] for run, index in places])
        rows = join([pick(run.rows, index) for run, index in places], self.dtype)
        if len(places) > 1:
            order = np.argsort(keys, kind="stable")
            keys, rows = keys[order], pick(rows, order)
        return Found(keys, rows, places)


def _merge(older: _Run, newer: _Run, due: str | None) -> _Run:
    (old_keys, old_rows), (new_keys, new_rows) = older.items(), newer.items()
    # Both are sorted: the place of each row is its own, moved by as many of the other as come before it.
    old_places = np.arange(len(old_keys)) + np.searchsorted(new_keys, old_keys)
    new_places = np.arange(len(new_keys)) + np.searchsorted(old_keys, new_keys)
    keys = np.empty(len(old_keys) + len(new_keys), np.uint64)
    rows = np.empty(len(keys), old_rows.dtype)
    for places, part, values in (
        (old_places, old_rows, old_keys),
        (new_places, new_rows, new_keys),
    ):
        keys[places] = values
        place(rows, places, part)
    return _Run(keys, rows, due)


def _ranges(start: Index, stop: Index) -> Index:
    """The indices in all ranges [start, stop), one after the other."""
    length = stop - start
    offset = np.repeat(start - (np.cumsum(length) - length), length)
    return np.asarray(np.arange(int(length.sum())) + offset, dtype=np.int64)

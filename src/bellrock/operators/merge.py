"""Merging page impressions: the rules of section 2, for many impressions at once.

Enters: rows of `IMPRESSION`, those of one impression side by side. Leaves: one row per impression. The
operation is associative and, but for `basket`, commutative: a beacon is an impression made of one line.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.schema.beacon import GROUPS, IDENTITY
from bellrock.schema.impression import IMPRESSION

_REDUCED = {
    "seen": np.bitwise_or,
    "types": np.bitwise_or,
    "events": np.add,
    "errors": np.add,
    "beacons": np.add,
    "webdriver": np.logical_or,
    "timers": np.maximum,
    "first": np.minimum,
    "last": np.maximum,
    "orders": np.add,
    "revenue": np.add,
}


def merge_impressions(rows: pl.DataFrame, starts: NDArray[np.int64]) -> pl.DataFrame:
    """One row per run of rows that begins at one of `starts`; `basket` is that of the run's first row."""
    merged = [*rows.select([*IDENTITY, "basket"])[starts]]
    for name, ufunc in _REDUCED.items():
        values = ufunc.reduceat(rows[name].to_numpy(), starts, axis=0)
        merged.append(pl.Series(name, values, dtype=IMPRESSION[name]))
    for name, fields in GROUPS.items():
        seq, pick = _winner(rows[name].to_numpy(), starts, highest=name == "delivery_seq")
        merged.append(pl.Series(name, seq, dtype=IMPRESSION[name]))
        merged.extend(rows.select(list(fields))[pick])
    return pl.DataFrame(merged).select(list(IMPRESSION))


def _winner(
    seq: NDArray[np.int16], starts: NDArray[np.int64], *, highest: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The winning seq of each run and the row that has it: the lowest, or the highest.

    Where no row of the run has the group, any row does: its fields are null.
    """
    size = len(seq)
    packed = (seq.astype(np.int64) + 1) * size + np.arange(size)
    best = (np.maximum if highest else np.minimum).reduceat(packed, starts)
    return best // size - 1, best % size

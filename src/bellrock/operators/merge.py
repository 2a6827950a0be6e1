"""Merging page impressions: the rules of section 2, for many impressions at once.

Enters: rows of `IMPRESSION`, those of one impression side by side. Leaves: one row per impression. The
operation is associative and commutative: a beacon is an impression made of one line.
"""

import numpy as np

from bellrock.rows import Index, Rows, pick
from bellrock.schema.impression import GROUPS

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


def merge_impressions(rows: Rows, starts: Index) -> Rows:
    """One row per run of rows that begins at one of `starts`."""
    merged = pick(rows, starts)
    if len(starts) == len(rows):
        return merged
    for name, ufunc in _REDUCED.items():
        merged[name] = ufunc.reduceat(rows[name], starts, axis=0)
    place = np.arange(len(rows))
    for name, fields in GROUPS.items():
        best = np.maximum if name == "delivery_seq" else np.minimum
        # The winning seq and the row that has it, in one number.
        packed = best.reduceat(rows[name].astype(np.int64) * len(rows) + place, starts)
        winner = packed % len(rows)
        elsewhere = np.flatnonzero(winner != starts)
        for field in (name, *fields):
            merged[field][elsewhere] = rows[field][winner[elsewhere]]
    return merged

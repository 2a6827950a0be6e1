"""Sessions: brought up to date from the impressions that changed, in one merge.

A changed impression is a session made of that one impression, minus what the session has of it already;
merging is then minimum, maximum and sums, and the earliest counted impression is the session's head.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.change import Change
from bellrock.operators.dimensions import COUNTS, dimensions_of
from bellrock.operators.keys import Keys, session_keys
from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.impression import NO_HEAD, SESSION

MINUTE = 60_000
GAP_MINUTES = 30
LONGEST_MINUTES = 240

_COUNTERS = ("impressions", "orders", "revenue")


def merge_sessions(
    open_keys: Keys, open_sessions: pl.DataFrame, changed: Change
) -> tuple[Keys, pl.DataFrame]:
    """The sessions of all changed impressions (at least one) as they are now, with their keys."""
    gained, lost = _parts(changed.new, 1), _parts(changed.old, -1)
    # Version 0 wins over version 1 where the head is the same impression: its dimensions may have changed.
    rows = pl.concat([gained, lost, open_sessions.select(gained.columns)])
    keys = np.concatenate([session_keys(changed.new), session_keys(changed.old), open_keys])
    version = np.repeat([0, 1], [len(gained), len(lost) + len(open_sessions)])
    order = np.lexsort(
        (version, rows["head"].rank("dense").to_numpy(), rows["head_first"].to_numpy(), keys)
    )
    rows, keys = rows[order], keys[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return keys[starts], _reduced(rows, starts)


def _parts(impressions: pl.DataFrame, sign: int) -> pl.DataFrame:
    """Each impression as a session: with a head if it is gained, to be subtracted if it is lost."""
    counts = impressions.select(COUNTS).to_series()
    first = impressions["first"]
    head_first = pl.select(pl.when(counts & (sign > 0)).then(first).otherwise(NO_HEAD)).to_series()
    columns = [
        *impressions.select("site", "session", "first", "last"),
        (counts.cast(pl.Int32) * sign).alias("impressions"),
        *(impressions[name] * sign for name in ("orders", "revenue")),
        head_first.alias("head_first"),
        impressions["impression"].alias("head"),
        *dimensions_of(impressions),
    ]
    return pl.DataFrame(columns).cast({name: SESSION[name] for name in (*_COUNTERS, "head_first")})


def _reduced(rows: pl.DataFrame, starts: NDArray[np.int64]) -> pl.DataFrame:
    """One session per run of rows; the run's first row has the head."""
    first = np.minimum.reduceat(rows["first"].to_numpy(), starts)
    last = np.maximum.reduceat(rows["last"].to_numpy(), starts)
    due = np.minimum(-(-last // MINUTE) + GAP_MINUTES, first // MINUTE + LONGEST_MINUTES)
    counted = {name: np.add.reduceat(rows[name].to_numpy(), starts) for name in _COUNTERS}
    values = {"first": first, "last": last, "due": due, **counted}
    heads = rows.select("site", "session", "head_first", "head", *DIMENSIONS)[starts]
    return heads.with_columns(
        [pl.Series(name, value, dtype=SESSION[name]) for name, value in values.items()]
    ).select(list(SESSION))

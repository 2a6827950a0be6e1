"""64-bit keys of sessions and impressions.

The upper 24 bits of an impression's key are those of its session's, so that the impressions of a session
lie side by side in a sorted run; the other 40 bits tell them apart. Python's string hash is keyed per
process: nobody outside can choose two keys that meet, and no result may depend on the order of keys. Keys
are therefore never stored: whoever restores a state computes them anew.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_OWN_BITS = np.uint64(40)
_OWN = (np.uint64(1) << _OWN_BITS) - np.uint64(1)


def session_keys(rows: pl.DataFrame) -> Keys:
    """Keys of the sessions of rows with the columns site and session, shape (rows,)."""
    return _hashed(zip(rows["site"], rows["session"], strict=True), len(rows))


def impression_keys(rows: pl.DataFrame, sessions: Keys) -> Keys:
    """Keys of the impressions of rows whose session keys are given."""
    # With the session in it: a stranger may name an impression alike in any number of sessions.
    own = _hashed(zip(sessions.tolist(), rows["impression"], strict=True), len(rows))
    return np.asarray((sessions & ~_OWN) | (own & _OWN), dtype=np.uint64)


def prefixes(sessions: Keys) -> Keys:
    """What the keys of all impressions of each session begin with."""
    return sessions >> _OWN_BITS


def prefix_range(prefix: Keys) -> tuple[Keys, Keys]:
    """The least and the greatest key with each prefix."""
    return prefix << _OWN_BITS, (prefix << _OWN_BITS) | _OWN


def _hashed(values: object, size: int) -> Keys:
    return np.fromiter(map(hash, values), np.int64, size).view(np.uint64)  # type: ignore[call-overload]

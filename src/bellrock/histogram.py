"""Histogram scheme `ll32-v1`: log-linear, 32 cells per octave, octaves at 100 * 2^k ms, (lower, upper].

Values are whole micro-units: microseconds of a time, millionths of a CLS, so that one scheme serves
every timer and 1.0 of CLS has the cell of 1,000 ms. Cells run from 0 to 543; `ZERO` holds values of
nothing, `OVERFLOW` those above 102.4 s. Merging is adding counts: commutative, associative, exact.
From 1.5625 ms up the midpoint of a cell is within 1.5625 % of every value in it, and the thresholds
of the Web Vitals are cell boundaries, so shares of good and poor are exact sums of cells.
"""

import numpy as np
from numpy.typing import NDArray

SCHEME = "ll32-v1"
ZERO = -1
CELLS = 544
OVERFLOW = 544

_TICKS = 2048  # ticks in 100 ms
INTERPOLATE_FROM = 1000
"""Samples from which a quantile is interpolated inside its cell instead of being its midpoint."""


def cells(micro: NDArray[np.int64]) -> NDArray[np.int16]:
    """The cell of each value in micro-units; same shape."""
    tick = -(-micro * _TICKS // 100_000) - 1
    clipped = np.clip(tick, 0, (1 << 21) - 1)
    # frexp's exponent is the bit length of a whole number below 2^53.
    exponent = np.maximum(np.frexp(clipped.astype(np.float64))[1] - 6, 0)
    cell = (exponent << 5) + (clipped >> exponent)
    cell = np.where(tick >= 1 << 21, OVERFLOW, cell)
    return np.where(micro <= 0, ZERO, cell).astype(np.int16)


def edges(cell: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper edge of each cell in ms; (0, 0) for `ZERO`, (102400, inf) for `OVERFLOW`."""
    wide = cell.astype(np.int64)
    lower = _lower_ms(np.maximum(wide, 0))
    upper = _lower_ms(np.maximum(wide + 1, 0))
    upper = np.where(wide >= OVERFLOW, np.inf, upper)
    return np.where(wide < 0, 0.0, lower), np.where(wide < 0, 0.0, upper)


def _lower_ms(cell: NDArray[np.int64]) -> NDArray[np.float64]:
    octave = np.maximum((cell >> 5) - 1, 0)
    ticks = np.where(cell < 64, cell, ((cell & 31) | 32) << octave)
    return ticks * (100 / _TICKS)


def quantile(cell: NDArray[np.integer], count: NDArray[np.int64], p: float) -> float | None:
    """The p-quantile in ms of a histogram given as ascending cells and their counts; None where empty.

    Below 1,000 samples it is the midpoint of the cell that holds the p * N-th value, from there on it
    is interpolated linearly inside the cell. In the overflow cell it is that cell's lower edge.
    """
    total = int(count.sum())
    if total <= 0:
        return None
    cumulative = np.cumsum(count)
    at = min(int(np.searchsorted(cumulative, p * total, side="left")), len(cell) - 1)
    lower, upper = (float(edge[0]) for edge in edges(np.asarray(cell[at : at + 1])))
    if not np.isfinite(upper):
        return lower
    if total < INTERPOLATE_FROM:
        return (lower + upper) / 2
    before = cumulative[at] - count[at]
    return lower + (upper - lower) * float((p * total - before) / count[at])

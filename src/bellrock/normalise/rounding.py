"""Whole units: micro-units of timers, minor units of money."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def round_half_away(values: ArrayLike) -> NDArray[np.int64]:
    """Numbers of at least 0, rounded half away from zero; exact, unlike floor(value + 0.5)."""
    whole = np.floor(values)
    return np.asarray(whole + (values - whole >= 0.5), dtype=np.int64)

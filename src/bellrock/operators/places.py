"""Places of a few keys among millions that ascend, without waiting for memory at each halving.

The first halvings of a binary search lie far apart, so each waits for memory that no cache has. They are made
in a sample of the keys, which fits into a cache; the last ones, for all keys at once, in a few lines of memory.
"""

from typing import Literal

import numpy as np

from bellrock.operators.keys import Keys
from bellrock.rows import Index

_MANY = 1 << 16
"""Keys that do not fit into a cache by themselves."""

_STRIDE = 64
"""Every so many keys one is in the sample; a power of two."""


class Places:
    """Where keys lie, or would, among `keys`, which ascend."""

    def __init__(self, keys: Keys) -> None:
        """Take a sample, if there are many keys."""
        self._keys = keys
        self._sample = keys[::_STRIDE].copy() if len(keys) >= _MANY else None

    def of(self, wanted: Keys, side: Literal["left", "right"] = "left") -> Index:
        """What `np.searchsorted` gives."""
        if self._sample is None:
            return np.searchsorted(self._keys, wanted, side)
        # Of the sample, the key before a place comes before `wanted`, and the next one does not.
        before = np.less if side == "left" else np.less_equal
        sampled = np.searchsorted(self._sample, wanted, side)
        place = np.where(sampled > 0, (sampled - 1) * _STRIDE + 1, 0)
        end, step = len(self._keys), _STRIDE
        while step := step // 2:
            looked_at = np.minimum(place + (step - 1), end - 1)
            place += step * before(self._keys[looked_at], wanted)
        return np.minimum(place, end)

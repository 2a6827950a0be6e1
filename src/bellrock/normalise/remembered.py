"""What many beacons say alike, described once and looked up whole afterwards.

Enters: keys, each all that its description depends on. Leaves: descriptions. What always holds: it does not
matter which ones are remembered, and a stranger's endless new ones are forgotten again.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from bellrock.rows import Rows, pick

_MOST = 65_536
Key = TypeVar("Key", bound=Hashable)


class RememberedRows(Generic[Key]):
    """Rows by key."""

    def __init__(self, dtype: np.dtype[np.void], describe: Callable[[Key], Rows]) -> None:
        """`describe` makes the row of a new key, of shape ()."""
        self._rows = np.zeros(_MOST, dtype)
        self._describe = describe
        self._places = _Places(self._add)

    def find(self, keys: Sequence[Key]) -> Rows:
        """The rows of keys, to be changed at will."""
        if len(self._places) + len(keys) > _MOST:
            self._places.clear()
        return pick(
            self._rows, np.fromiter(map(self._places.__getitem__, keys), np.int64, len(keys))
        )

    def _add(self, key: Key) -> int:
        place = len(self._places)
        self._rows[place] = self._describe(key)
        return place


class _Places(dict[Key, int]):
    """Places by key; it makes what it lacks.

    Its keys share their parts. A look-up compares them all, so they should be in the processor's cache: where
    each of some thousand keys had parts of its own, it took half as long again.
    """

    def __init__(self, make: Callable[[Key], int]) -> None:
        super().__init__()
        self._make = make
        self._parts: dict[Any, Any] = {}

    def __missing__(self, key: Key) -> int:
        place = self[self._shared(key)] = self._make(key)
        return place

    def clear(self) -> None:
        super().clear()
        self._parts.clear()

    def _shared(self, part: Any) -> Any:
        if type(part) is tuple:
            part = tuple(map(self._shared, part))
        return self._parts.setdefault(part, part)

"""Turns of those who write to a store that may be slow: one after the other, with rests between.

Keys enter that want to write. Leaves: whether it is their turn, and when it may be. What always holds: who has
waited longest is next; after a turn there is none for half as long as it took, two seconds at most. Meanwhile a
worker takes in what it is sent: where writing alone went on, whoever sends would wait, and the fewer deltas
came, the more documents would be written for each.
"""

_LONGEST_MS = 2_000
_LOOK_MS = 5


class Turns:
    """Times are in ms, by one clock."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._queue: dict[int, None] = {}
        self._free_at = 0

    def take(self, key: int, now: int) -> int | None:
        """None where it is the key's turn now; else when to ask again."""
        self._queue.setdefault(key)
        self._free_at = min(self._free_at, now + _LONGEST_MS)  # the clock may have been put back
        if now < self._free_at or next(iter(self._queue)) != key:
            return max(self._free_at, now + _LOOK_MS)
        del self._queue[key]
        return None

    def give_back(self, began: int, now: int) -> None:
        """The turn that began then is over."""
        self._free_at = now + min((now - began) // 2, _LONGEST_MS)

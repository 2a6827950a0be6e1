"""When a key is called: at times that lie evenly apart, other ones for other keys.

So a key that is set many times is called once, and those of a worker are not all called together. Where the log
is far behind, the times lie further apart: nobody waits for its newest then, and the more gathers, the less it
costs.
"""

import time
from typing import Any, Protocol

_FAR_BEHIND_MS = 600_000
_TIMES = 5


class Timers(Protocol):
    """Flink's timers, of the key in hand."""

    def current_watermark(self) -> int:
        """How far the log has come, in ms; less than 0 where nobody knows."""

    def register_processing_time_timer(self, timestamp: int) -> Any:
        """Have the key called at a time, in ms."""


class Alarms:
    """Calls of keys, each `every` ms."""

    def __init__(self, every: int) -> None:
        """None is set."""
        self._every = every
        self._set: dict[int, int] = {}

    def set(self, timers: Timers, key: int) -> None:
        """Have the key called, unless it will be. Flink is told once: with every record, it is dear."""
        at = now()
        if is_due(self._set.get(key, 0), at, self._every * _TIMES):
            behind = 0 <= timers.current_watermark() < at - _FAR_BEHIND_MS
            self.set_soon(timers, key, self._every * _TIMES if behind else self._every)

    def set_soon(self, timers: Timers, key: int, every: int) -> None:
        """Have the key called at its next time as if they were `every` ms apart."""
        self._set[key] = next_time(every, key)
        timers.register_processing_time_timer(self._set[key])

    def rings(self, key: int, timestamp: int) -> bool:
        """Whether this is the call that was set last; it is over then."""
        if self._set.get(key) != timestamp:
            return False
        del self._set[key]
        return True


def now() -> int:
    """Since 1970, in ms."""
    return time.time_ns() // 1_000_000


def is_due(time_set: int, at: int, every: int) -> bool:
    """Whether a time that was set, `every` ms ahead at most, has come.

    One that is further away was set by a clock that has been put back since.
    """
    return not at < time_set <= at + every


def next_time(every: int, key: int) -> int:
    """The next of a key's times, which lie `every` ms apart."""
    offset = key * 7919 % every
    return (now() - offset) // every * every + every + offset

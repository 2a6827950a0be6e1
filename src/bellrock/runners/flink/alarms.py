"""When a key is called: at times that lie evenly apart, other ones for other keys.

So a key that is set many times is called once, and those of a worker are not all called together.
"""

import time
from typing import Any, Protocol


class Timers(Protocol):
    """Flink's timers, of the key in hand."""

    def register_processing_time_timer(self, timestamp: int) -> Any:
        """Have the key called at a time, in ms."""


class Alarms:
    """Calls of keys, each `every` ms."""

    def __init__(self, every: int) -> None:
        """None is set."""
        self._every = every
        self._set: dict[int, int] = {}

    def set(self, timers: Timers, key: int) -> None:
        """Have the key called at the next of its times. Flink is told once: with every record, it is dear."""
        at = next_time(self._every, key)
        if self._set.get(key) != at:
            self._set[key] = at
            timers.register_processing_time_timer(at)


def now() -> int:
    """Since 1970, in ms."""
    return time.time_ns() // 1_000_000


def next_time(every: int, key: int) -> int:
    """The next of a key's times, which lie `every` ms apart."""
    offset = key * 7919 % every
    return (now() - offset) // every * every + every + offset

"""Budgets against guessing and flooding: token buckets in memory, one per key, bounded in number.

Enters: a key and the time. Leaves: how long to wait, 0 where the request may pass.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

MAX_KEYS = 10_000


class Budget:
    """`burst` requests at once, then one every `interval` seconds, for each key on its own.

    When there are more than `MAX_KEYS` keys, the one that was used least recently is forgotten.
    """

    def __init__(
        self, burst: int, interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds that never go back."""
        self._allowance = burst * interval
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        # For each key the time at which all of its burst is there again.
        self._whole: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Spend one request of the key; 0, or the seconds until one may be spent."""
        with self._lock:
            now = self._clock()
            whole = max(self._whole.pop(key, now), now) + self._interval
            wait = whole - now - self._allowance
            self._whole[key] = whole if wait <= 0 else whole - self._interval
            if len(self._whole) > MAX_KEYS:
                self._whole.popitem(last=False)
        return max(0.0, wait)

    def forgive(self, key: Hashable) -> None:
        """Give the key its whole burst back."""
        with self._lock:
            self._whole.pop(key, None)


@dataclass(frozen=True)
class Limits:
    """The budgets: per caller, per (name, address) that tries to sign in, and per address."""

    caller: Budget = field(default_factory=lambda: Budget(burst=240, interval=0.05))
    attempt: Budget = field(default_factory=lambda: Budget(burst=5, interval=12.0))
    address: Budget = field(default_factory=lambda: Budget(burst=30, interval=2.0))

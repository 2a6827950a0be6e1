"""The collector's clock: the time of day leaves in milliseconds, never across a jump.

Sessions end by these times, so a clock that jumps an hour ahead would end every one of them: the
collector stops instead, and whoever starts it again accepts the new time.
"""

import time
from collections.abc import Callable

from bellrock.errors import BellrockError

JUMP_SECONDS = 5.0


class ClockJumped(BellrockError):
    """The system clock jumped against the monotonic one."""


def steady() -> float:
    """Seconds that also pass while the machine sleeps, where the system can tell."""
    # The monotonic clock of Linux stands still in suspend: waking up would look like a jump.
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class GuardedClock:
    """The time of day, watched against a steady clock from one reading to the next."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady
    ) -> None:
        """Take the time of day from `wall` and its passing from `steady`, both in seconds."""
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()

    def read(self) -> int:
        """Return milliseconds since 1970; raises ClockJumped. To be read every few seconds."""
        wall = self._wall()
        offset = wall - self._steady()
        jump = offset - self._offset
        if abs(jump) > JUMP_SECONDS:
            raise ClockJumped(
                f"The system clock jumped by {jump:+.1f} s, so beacons would get wrong times. "
                "The collector has stopped; check the clock (timedatectl), then start it again."
            )
        self._offset = offset
        return int(wall * 1000)

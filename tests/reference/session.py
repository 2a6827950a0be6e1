"""A session: its impressions and when it ends.

In: the beacons of one life of (site, session), through `impression`. Out: what is known of it so
far. All minutes are whole minutes since 1970, all `at` milliseconds since 1970.
"""

from typing import Any

from reference.impression import Impression

MINUTE = 60_000
GAP = 30 * MINUTE
LONGEST_MINUTES = 240


class Session:
    """One life of a session."""

    def __init__(self, site: dict[str, Any], identifier: str, at: int) -> None:
        self.site = site
        self.id = identifier
        self.first = at
        self.last = at
        self.impressions: dict[str, Impression] = {}

    def touch(self, at: int) -> None:
        """Note the time of one of its beacons."""
        self.first = min(self.first, at)
        self.last = max(self.last, at)

    @property
    def due(self) -> int:
        """The boundary at which it ends, if no further beacon comes before."""
        by_gap = -((self.last + GAP) // -MINUTE)
        by_length = self.first // MINUTE + LONGEST_MINUTES
        return min(by_gap, by_length)

    @property
    def counted(self) -> list[Impression]:
        """Its counted impressions, the first one first."""
        counted = [impression for impression in self.impressions.values() if impression.counts]
        return sorted(counted, key=lambda impression: (impression.first, impression.id))

    @property
    def seconds(self) -> int:
        """Duration in whole seconds, rounded down."""
        return (self.last - self.first) // 1000

    @property
    def orders(self) -> int:
        """How many orders it owns."""
        return sum(len(impression.orders) for impression in self.counted)

    @property
    def revenue(self) -> int:
        """The value of its orders in minor units."""
        return sum(sum(impression.orders.values()) for impression in self.counted)

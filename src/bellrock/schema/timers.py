"""The timers that every site has, with the thresholds that rate them."""

import msgspec


class Timer(msgspec.Struct, frozen=True):
    """A timer; values above `good` (in its unit) need improvement, those above `poor` are poor."""

    name: str
    unit: str
    description: str
    limit: float = 600_000.0
    good: float | None = None
    poor: float | None = None

    @property
    def micro(self) -> float:
        """What a value in the timer's unit is multiplied by to become micro-units (histogram.md)."""
        return 1e6 if self.name == "cls" else 1000.0


# Thresholds: https://web.dev/articles/vitals, https://web.dev/articles/ttfb, https://web.dev/articles/fcp
VITALS = (
    Timer("ttfb", "ms", "time to first byte", good=800, poor=1800),
    Timer("fcp", "ms", "first contentful paint", good=1800, poor=3000),
    Timer("lcp", "ms", "largest contentful paint", good=2500, poor=4000),
    Timer("inp", "ms", "interaction to next paint", good=200, poor=500),
    Timer("dcl", "ms", "DOMContentLoaded event"),
    Timer("load", "ms", "load event"),
    Timer("cls", "", "cumulative layout shift", limit=100.0, good=0.1, poor=0.25),
)
VITAL_NAMES = tuple(t.name for t in VITALS)

MAX_CUSTOM = 8
"""How many timers of its own a site may declare."""

SLOTS = len(VITALS) + MAX_CUSTOM
"""Columns that hold timers: the vitals, then a site's own in the order of its declaration."""


def custom_timer(name: str) -> Timer:
    """A timer that a site declares."""
    return Timer(name, "ms", f"the site's own timer {name}")

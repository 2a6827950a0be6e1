"""Beacons as broken integrations send them, one fault at a time.

Enters: a good beacon. Leaves: a copy with one fault, named as the issue that normalising notes for it.
"""

from collections.abc import Callable
from random import Random

from bellrock.simulate.beacons import Beacon

Fault = Callable[[Beacon], Beacon]


def spoil(rng: Random, beacon: Beacon) -> Beacon:
    """A copy of `beacon` with one fault, drawn evenly."""
    return FAULTS[rng.choice(_NAMES)](beacon)


def _with(beacon: Beacon, group: str, /, **fields: object) -> Beacon:
    before = beacon.get(group)
    return {**beacon, group: {**(before if isinstance(before, dict) else {}), **fields}}


def _without_session(beacon: Beacon) -> Beacon:
    return {name: value for name, value in beacon.items() if name != "session"}


FAULTS: dict[str, Fault] = {
    "version": lambda beacon: {**beacon, "v": 2},
    "schema": _without_session,
    "site.unknown": lambda beacon: {**beacon, "site": "no-such-shop"},
    "field": lambda beacon: {**beacon, "page": "home"},
    "timer.range": lambda beacon: _with(beacon, "timers", ttfb=-5),
    "timer.undeclared": lambda beacon: _with(beacon, "timers", banner=120),
    "test.undeclared": lambda beacon: _with(beacon, "test", name="speed", group="Z"),
    "order.currency": lambda beacon: _with(
        beacon, "order", id="BR-FOREIGN", value=10, currency="JPY"
    ),
}
_NAMES = tuple(FAULTS)

"""Timers of all beacons of a block: judged one by one, written as micro-units by slot."""

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.normalise.columns import Columns
from bellrock.normalise.declared import UNDECLARED, Declared
from bellrock.normalise.remembered import Remembered
from bellrock.normalise.rounding import round_half_away
from bellrock.schema.issue import Issue
from bellrock.schema.timers import MAX_CUSTOM, VITAL_NAMES, VITALS, custom_timer

Mask = NDArray[np.bool_]

_TIMERS = (*VITALS, *[custom_timer("")] * MAX_CUSTOM)  # by slot
_LIMITS = np.array([timer.limit for timer in _TIMERS])
_MICRO = np.array([timer.micro for timer in _TIMERS])
_NONE: dict[str, Any] = {}
_VITAL_SLOTS = {name: slot for slot, name in enumerate(VITAL_NAMES)}


class Slots(Remembered[tuple[str, tuple[str, ...]], bytes]):
    """The slots of a beacon's timers by its site and their names: a byte each, or `UNDECLARED`."""

    def __init__(self, declared: Declared) -> None:
        """Look slots up in what sites declare."""
        super().__init__(self._slots)
        self._declared = declared.slots

    def _slots(self, key: tuple[str, tuple[str, ...]]) -> bytes:
        site, names = key
        found = self._declared
        return bytes(_VITAL_SLOTS.get(name, found.get((site, name), UNDECLARED)) for name in names)


def write_timers(columns: Columns, slots: Slots) -> None:
    """`timers` of the rows: those that are declared, are numbers, and lie in their range."""
    timers = [beacon.timers or _NONE for beacon in columns.beacons]
    slot = np.frombuffer(
        b"".join(slots.find(zip(columns.sites, map(tuple, timers), strict=True))), dtype=np.uint8
    )
    of = np.repeat(np.arange(len(timers)), list(map(len, timers)))

    def keep(places: NDArray[np.int64], fine: NDArray[np.bool_], issue: Issue) -> NDArray[np.int64]:
        for row in of[places[~fine]].tolist():
            columns.note(row, issue)
        return places[fine]

    number, there, numeric = _doubles(list(chain.from_iterable(map(dict.values, timers))))
    places = np.flatnonzero(there)
    places = keep(places, slot[places] != UNDECLARED, Issue.TIMER_UNDECLARED)
    places = keep(places, numeric[places], Issue.FIELD)
    in_range = (number[places] >= 0) & (number[places] <= _LIMITS[slot[places]])
    places = keep(places, in_range, Issue.TIMER_RANGE)
    micro = round_half_away(number[places] * _MICRO[slot[places]])
    columns.rows["timers"][of[places], slot[places]] = micro


def _doubles(values: list[Any]) -> tuple[NDArray[np.float64], Mask, Mask]:
    """Values as numbers, 0 where they are none; which are present, and which are numbers."""
    there = numeric = np.ones(len(values), dtype=np.bool_)
    if not set(map(type, values)) <= {float}:
        there = np.array([value is not None and value != "" for value in values])
        numeric = np.array([type(value) is float for value in values])
        values = [value if number else 0 for value, number in zip(values, numeric, strict=True)]
    return np.array(values, dtype=np.float64), there, numeric

"""Timers of all beacons of a block: judged one by one, written as micro-units by slot."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.normalise.columns import Columns
from bellrock.normalise.declared import UNDECLARED
from bellrock.normalise.rounding import round_half_away
from bellrock.schema.issue import Issue
from bellrock.schema.timers import MAX_CUSTOM, VITAL_NAMES, VITALS, custom_timer

Mask = NDArray[np.bool_]

_TIMERS = (*VITALS, *[custom_timer("")] * MAX_CUSTOM)  # by slot
_LIMITS = np.array([timer.limit for timer in _TIMERS])
_MICRO = np.array([timer.micro for timer in _TIMERS])
_NONE: dict[str, Any] = {}


class _Slots(dict[str, int]):
    """Slots by name; other names have none, and are not remembered."""

    def __missing__(self, name: str) -> int:
        return UNDECLARED


_VITAL_SLOTS = _Slots({name: slot for slot, name in enumerate(VITAL_NAMES)})


def write_timers(columns: Columns) -> None:
    """`timers` of the rows: those that are declared, are numbers, and lie in their range."""
    timers = [beacon.timers or _NONE for beacon in columns.beacons]
    of = np.repeat(np.arange(len(timers)), list(map(len, timers)))
    slot = _slots(columns, of, list(chain.from_iterable(timers)))

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


def _slots(columns: Columns, of: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.uint8]:
    """The slot of each timer, `of` a row, by its name; or `UNDECLARED`."""
    slots = np.fromiter(map(_VITAL_SLOTS.__getitem__, names), np.uint8, len(names))
    own = np.flatnonzero(slots == UNDECLARED)
    declared, sites = columns.declared.slots, columns.sites
    slots[own] = [
        declared.get((sites[row], names[place]), UNDECLARED)
        for row, place in zip(of[own].tolist(), own.tolist(), strict=True)
    ]
    return slots


def _doubles(values: list[Any]) -> tuple[NDArray[np.float64], Mask, Mask]:
    """Values as numbers, 0 where they are none; which are present, and which are numbers."""
    there = numeric = np.ones(len(values), dtype=np.bool_)
    if not set(map(type, values)) <= {float}:
        there = np.array([value is not None and value != "" for value in values])
        numeric = np.array([type(value) is float for value in values])
        values = [value if number else 0 for value, number in zip(values, numeric, strict=True)]
    return np.array(values, dtype=np.float64), there, numeric

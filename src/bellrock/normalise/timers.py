"""Timers of all beacons of a block: judged one by one, written as micro-units by slot."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.normalise.columns import Columns, codes
from bellrock.normalise.declared import UNDECLARED
from bellrock.normalise.rounding import round_half_away
from bellrock.schema.issue import Issue
from bellrock.schema.timers import MAX_CUSTOM, VITAL_NAMES, VITALS, custom_timer

Mask = NDArray[np.bool_]

_TIMERS = (*VITALS, *[custom_timer("")] * MAX_CUSTOM)  # by slot
_LIMITS = np.array([timer.limit for timer in _TIMERS])
_MICRO = np.array([timer.micro for timer in _TIMERS])
_VITAL_SLOTS = {name: slot for slot, name in enumerate(VITAL_NAMES)}


def write_timers(columns: Columns) -> None:
    """`timers` of the rows: those that are declared, are numbers, and lie in their range."""
    rows, _, timers = columns.present("timers")
    of = np.repeat(rows, [len(timer) for timer in timers])
    names = list(chain.from_iterable(timers))
    values = list(chain.from_iterable(timer.values() for timer in timers))
    slots = _slots(columns, of, names)

    def keep(places: NDArray[np.int64], fine: NDArray[np.bool_], issue: Issue) -> NDArray[np.int64]:
        for row in of[places[~fine]].tolist():
            columns.note(row, issue)
        return places[fine]

    number, there, numeric = _doubles(values)
    places = np.flatnonzero(there)
    places = keep(places, slots[places] != UNDECLARED, Issue.TIMER_UNDECLARED)
    places = keep(places, numeric[places], Issue.FIELD)
    in_range = (number[places] >= 0) & (number[places] <= _LIMITS[slots[places]])
    places = keep(places, in_range, Issue.TIMER_RANGE)
    micro = round_half_away(number[places] * _MICRO[slots[places]])
    columns.rows["timers"][of[places], slots[places]] = micro


def _slots(columns: Columns, of: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """The slot of each name in its row's site; `UNDECLARED` where it has none."""
    slots = codes(map(_VITAL_SLOTS.get, names, repeat(UNDECLARED)), len(names))
    for place in np.flatnonzero(slots == UNDECLARED).tolist():
        key = (columns.sites[of[place]], names[place])
        slots[place] = columns.declared.slots.get(key, UNDECLARED)
    return slots


def _doubles(values: list[Any]) -> tuple[NDArray[np.float64], Mask, Mask]:
    """Values as numbers, 0 where they are none; which are present, and which are numbers."""
    there = numeric = np.ones(len(values), dtype=np.bool_)
    if not set(map(type, values)) <= {float, int}:
        there = np.array([value is not None and value != "" for value in values])
        numeric = np.array([type(value) in {float, int} for value in values])
        values = [value if number else 0 for value, number in zip(values, numeric, strict=True)]
    try:
        return np.array(values, dtype=np.float64), there, numeric
    except OverflowError:  # a whole number beyond all doubles, which is infinite
        return np.array([float(str(value)) for value in values]), there, numeric

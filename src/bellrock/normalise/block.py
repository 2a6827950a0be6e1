"""Many log lines at once -> `Normalised`: the frames that the operators fold.

What always holds: every line that is not blank is either a row of `beacons` or has exactly one fatal
issue; rows and issues carry the number of their line, so that log order can break ties.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.normalise.decode import decode_line, is_blank
from bellrock.normalise.exact import Refused
from bellrock.normalise.steps import (
    Declared,
    Order,
    beacon_row,
    declare_test,
    declare_timers,
    value_order,
)
from bellrock.schema.beacon import BEACON, NO_TIMER
from bellrock.schema.issue import NO_SITE, Issue
from bellrock.schema.site import Site
from bellrock.schema.timers import SLOTS
from bellrock.schema.wire import Line

_UNTIMED = -1


class LineIssue(msgspec.Struct, frozen=True):
    """An issue of line `line` of the block, counted for `site`."""

    line: int
    site: str
    issue: Issue


class Normalised(msgspec.Struct, frozen=True):
    """A block of `lines` lines.

    `at` is each line's own time in ms, -1 where it has none, shape (lines,). `beacons` are the rows
    of `BEACON`, `row_line` the line of each; `orders` maps a row to its order.
    """

    lines: int
    at: NDArray[np.int64]
    beacons: pl.DataFrame
    row_line: NDArray[np.int64]
    orders: Mapping[int, Order]
    issues: Sequence[LineIssue]


class Normaliser:
    """Normalises blocks for a set of sites; holds no state between them."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        """Prepare the look-ups of every site."""
        self._declared = {key: Declared(site) for key, site in sites.items()}

    def __call__(self, lines: Sequence[bytes]) -> Normalised:
        """Normalise the lines of a block, in their order."""
        block = _Block(self._declared)
        for line in lines:
            if not is_blank(line):
                block.add(line)
        return block.finish()


class _Block:
    def __init__(self, declared: Mapping[str, Declared]) -> None:
        self._declared = declared
        self._at: list[int] = []
        self._rows: list[tuple[object, ...]] = []
        self._row_line: list[int] = []
        self._timers: list[tuple[int, int, int]] = []  # row, slot, micro-units
        self._orders: dict[int, Order] = {}
        self._issues: list[LineIssue] = []

    def add(self, raw: bytes) -> None:
        number = len(self._at)
        try:
            line, issues = decode_line(raw)
        except Refused as fatal:
            self._at.append(_UNTIMED if fatal.at is None else fatal.at)
            self._note(number, fatal.site, fatal.issue)
            return
        self._at.append(line.at)
        declared = self._declared.get(line.beacon.site)
        if declared is None:
            self._note(number, None, Issue.SITE_UNKNOWN)
            return
        self._add_row(number, line, declared, issues)
        for issue in issues:
            self._note(number, line.beacon.site, issue)

    def _add_row(self, number: int, line: Line, declared: Declared, issues: set[Issue]) -> None:
        beacon = line.beacon
        row = len(self._rows)
        test = declare_test(beacon.test, declared, issues)
        self._timers += [(row, *timer) for timer in declare_timers(beacon.timers, declared, issues)]
        order = value_order(beacon.order, declared, issues)
        if order is not None:
            self._orders[row] = order
        self._rows.append(beacon_row(line, declared, test, has_order=order is not None))
        self._row_line.append(number)

    def _note(self, number: int, site: str | None, issue: Issue) -> None:
        known = site if site is not None and site in self._declared else NO_SITE
        self._issues.append(LineIssue(number, known, issue))

    def finish(self) -> Normalised:
        timers = np.full((len(self._rows), SLOTS), NO_TIMER, dtype=np.int32)
        if self._timers:
            row, slot, micro = np.array(self._timers, dtype=np.int64).T
            timers[row, slot] = micro
        columns = list(zip(*self._rows, strict=True)) or [()] * (len(BEACON) - 1)
        series = [
            pl.Series(name, values, dtype=kind)
            for (name, kind), values in zip(list(BEACON.items())[:-1], columns, strict=True)
        ]
        series.append(pl.Series("timers", timers, dtype=BEACON["timers"]))
        return Normalised(
            lines=len(self._at),
            at=np.array(self._at, dtype=np.int64),
            beacons=pl.DataFrame(series),
            row_line=np.array(self._row_line, dtype=np.int64),
            orders=self._orders,
            issues=self._issues,
        )

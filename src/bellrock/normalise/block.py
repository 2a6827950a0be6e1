"""Many log lines at once -> `Normalised`: rows that the operators fold, and the issues of lines.

    decode lines -> find sites
      -> begin rows -> events -> agents -> timers -> orders

Each step reads some fields of all beacons and writes their fields of the rows. What always holds: every line
that is not blank is either a row or has exactly one fatal issue; rows and issues carry the number of their
line, so that log order can break ties. Nothing is remembered between blocks but codes of texts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Names
from bellrock.normalise.columns import Columns
from bellrock.normalise.declared import Declared
from bellrock.normalise.decode import LineIssue, decode_lines
from bellrock.normalise.orders import Order, read_orders
from bellrock.normalise.steps import (
    Places,
    Visits,
    begin_rows,
    find_sites,
    read_transports,
    write_agents,
    write_events,
)
from bellrock.normalise.timers import write_timers
from bellrock.rows import join
from bellrock.schema.impression import IMPRESSION
from bellrock.schema.site import Site


class Normalised(NamedTuple):
    """A block of `lines` lines.

    `at` is each line's own time in ms, -1 where it has none, shape (lines,). `rows` of `IMPRESSION` are the
    beacons, each as an impression made of that one line, but for its time; `line` is the line of each,
    `sessions` the session's id, `transports` how it came (`read_transports`). `orders` maps a row to its usable
    order. `issues` name declared sites or `?`.
    """

    lines: int
    at: NDArray[np.int64]
    rows: NDArray[np.void]
    line: NDArray[np.int64]
    sessions: NDArray[np.bytes_]
    transports: NDArray[np.uint8]
    orders: Mapping[int, Order]
    issues: Sequence[LineIssue]


_AT_ONCE = 512
"""Lines whose objects fit into a processor's cache: twice as fast as 10,000 at once (bench.engine)."""


class Normaliser:
    """Normalises blocks for a set of sites; texts get the codes of `names`."""

    def __init__(self, sites: Mapping[str, Site], names: Names) -> None:
        """Prepare the look-ups of every site."""
        self._declared = Declared(sites, names)
        self._places, self._visits = Places(self._declared), Visits()
        self._names = names

    def __call__(self, lines: Sequence[bytes]) -> Normalised:
        """Normalise the lines of a block, in their order."""
        parts = [
            self._normalise(lines[start : start + _AT_ONCE])
            for start in range(0, len(lines), _AT_ONCE)
        ]
        return _joined(parts or [self._normalise([])])

    def _normalise(self, lines: Sequence[bytes]) -> Normalised:
        decoded = find_sites(decode_lines(lines), self._declared)
        columns = Columns(decoded, self._declared)
        begin_rows(columns, self._places, self._visits)
        write_events(columns)
        write_agents(columns, self._names.agents)
        write_timers(columns)
        orders = read_orders(columns)
        return Normalised(
            lines=len(decoded.at),
            at=decoded.at,
            rows=columns.rows,
            line=decoded.line,
            sessions=decoded.sessions,
            transports=read_transports(columns),
            orders=orders,
            issues=columns.issues(),
        )


def _joined(parts: Sequence[Normalised]) -> Normalised:
    """Parts of a block as one: lines and rows are numbered on."""
    lines = np.cumsum([0, *(part.lines for part in parts)]).tolist()
    rows = np.cumsum([0, *(len(part.rows) for part in parts)]).tolist()
    return Normalised(
        lines=lines[-1],
        at=np.concatenate([part.at for part in parts]),
        rows=join([part.rows for part in parts], IMPRESSION),
        line=np.concatenate([part.line + at for part, at in zip(parts, lines, strict=False)]),
        sessions=np.concatenate([part.sessions for part in parts]),
        transports=np.concatenate([part.transports for part in parts]),
        orders={
            row + at: order
            for part, at in zip(parts, rows, strict=False)
            for row, order in part.orders.items()
        },
        issues=[
            issue._replace(line=issue.line + at)
            for part, at in zip(parts, lines, strict=False)
            for issue in part.issues
        ],
    )

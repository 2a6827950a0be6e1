"""The beacons of a block by column: what the steps of normalising read, and what they write.

Enters: decoded beacons of declared sites. Leaves: rows of `IMPRESSION`, each an impression made of one line,
and issues. What always holds: a row has a group of fields only if its line has it.
"""

from collections.abc import Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.normalise.declared import Declared
from bellrock.normalise.decode import Decoded, LineIssue
from bellrock.rows import Rows
from bellrock.schema.issue import NO_SITE, Issue

_OF_LINE = ("ua", "country", "beacon")
_OF_BEACON = (
    "site", "seq", "type", "page", "test", "delivery", "timers", "event", "order", "visitor", "browser"
)  # fmt: skip


class Present(NamedTuple):
    """The rows that have a group, with the site and the group of each."""

    rows: NDArray[np.int64]
    sites: Sequence[str]
    values: Sequence[Any]


class Columns:
    """The beacons of a block; every column has one entry for each."""

    rows: Rows

    def __init__(self, decoded: Decoded, declared: Declared) -> None:
        """Lay the columns out; the first step makes `rows`."""
        self.declared = declared
        self.of_line = transposed(decoded.beacons, _OF_LINE)
        self.of_beacon = transposed(self.of_line["beacon"], _OF_BEACON)
        self.sites: Sequence[str] = self.of_beacon["site"]
        self.seq = np.array(self.of_beacon["seq"], dtype=np.uint8)
        self.ids = decoded.impressions
        self._line = decoded.line
        self._issues = {
            found if found.site in declared.sites else found._replace(site=NO_SITE)
            for found in decoded.issues
        }

    def __len__(self) -> int:
        """How many beacons there are."""
        return len(self.sites)

    def present(self, name: str) -> Present:
        """The rows that have a group of the beacon, by its name."""
        values = self.of_beacon[name]
        there = [value is not None for value in values]
        return Present(
            np.flatnonzero(there), list(compress(self.sites, there)), list(compress(values, there))
        )

    def note(self, row: int, issue: Issue) -> None:
        """Attach an issue to the line of a row; once, however often it is noted."""
        self._issues.add(LineIssue(int(self._line[row]), self.sites[row], issue))

    def issues(self) -> list[LineIssue]:
        """The issues of all lines, in the order of the lines."""
        return sorted(self._issues)


def transposed(values: Sequence[object], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Attributes of objects as columns."""
    columns = list(zip(*map(attrgetter(*names), values), strict=True))
    return dict(zip(names, columns or [()] * len(names), strict=True))

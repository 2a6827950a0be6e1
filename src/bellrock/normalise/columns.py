"""The beacons of a block by column: what the steps of normalising read, and what they write.

Enters: decoded beacons of declared sites. Leaves: rows of `IMPRESSION`, each an impression made of one line,
and issues. What always holds: a row has a group of fields only if its line has it.
"""

import numpy as np

from bellrock.normalise.declared import Declared
from bellrock.normalise.decode import Decoded, LineIssue
from bellrock.rows import Rows
from bellrock.schema.issue import NO_SITE, Issue


class Columns:
    """The beacons of a block; every column has one entry for each.

    A step reads what it needs in a comprehension of its own: nothing gives it so fast by name.
    """

    rows: Rows

    def __init__(self, decoded: Decoded, declared: Declared) -> None:
        """Lay the columns out; the first step makes `rows`."""
        self.declared = declared
        self.lines = decoded.beacons
        self.beacons = [line.beacon for line in self.lines]
        self.sites = [beacon.site for beacon in self.beacons]
        self.seq = np.array([beacon.seq for beacon in self.beacons], dtype=np.uint8)
        self.ids = decoded.impressions
        self._line = decoded.line
        self._issues = {
            found if found.site in declared.sites else found._replace(site=NO_SITE)
            for found in decoded.issues
        }

    def __len__(self) -> int:
        """How many beacons there are."""
        return len(self.sites)

    def note(self, row: int, issue: Issue) -> None:
        """Attach an issue to the line of a row; once, however often it is noted."""
        self._issues.add(LineIssue(int(self._line[row]), self.sites[row], issue))

    def issues(self) -> list[LineIssue]:
        """The issues of all lines, in the order of the lines."""
        return sorted(self._issues)

"""The conservation of lines, as a check of the engine by itself while it runs.

Every line folded is a beacon of a document, a duplicate, an orphan, fatal, or a beacon of an impression
that waits to count. `beacons` is read from the deltas, after all summing, so that the sums are checked too.
"""

from collections.abc import Sequence

import msgspec

from bellrock.operators.boundary import Ended
from bellrock.operators.change import Change
from bellrock.operators.documents import counts
from bellrock.operators.minute import Folded, IssueCounts
from bellrock.operators.summaries import Deltas
from bellrock.rows import Rows
from bellrock.schema.issue import Issue


class Balance(msgspec.Struct, frozen=True):
    """Of a step: `lines` that were folded and where they went; `waiting` may be negative."""

    lines: int = 0
    beacons: int = 0
    duplicates: int = 0
    orphans: int = 0
    fatal: int = 0
    waiting: int = 0

    @property
    def difference(self) -> int:
        """Lines that are not accounted for: 0, or there is a defect."""
        accounted = self.beacons + self.duplicates + self.orphans + self.fatal + self.waiting
        return self.lines - accounted


def balance_of(
    lines: int, fatal: int, ended: Sequence[Ended], folded: Sequence[Folded], deltas: Deltas
) -> Balance:
    """The balance of a step of `lines` lines, `fatal` of which have a fatal issue."""
    orphans = sum(_lines(part.issues, Issue.ORPHAN) for part in ended)
    return Balance(
        lines=lines,
        beacons=int(deltas.minutes["beacons"].sum()),
        duplicates=sum(_lines(part.issues, Issue.DUPLICATE_BEACON) for part in folded),
        orphans=orphans,
        fatal=fatal,
        waiting=sum(_waiting(part.impressions) for part in folded) - orphans,
    )


def _lines(issues: IssueCounts, issue: Issue) -> int:
    return sum(lines for (_, _, kind), lines in issues.items() if kind is issue)


def _waiting(change: Change) -> int:
    """By how many beacons more wait for their impression to count."""
    return _uncounted(change.new) - _uncounted(change.old)


def _uncounted(rows: Rows) -> int:
    return int(rows["beacons"][~counts(rows)].sum(dtype=int))

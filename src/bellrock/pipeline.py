"""From log lines to deltas of minute documents: the story on one page.

    lines
      -> normalise          every line a beacon or a fatal issue; problems attached, nothing dropped
      -> keep time          the minute is that of the greatest `at` so far; late lines are raised to it
      -> for each minute
           end sessions     at the boundary before it, those that are due, and their impressions
           fold minute      duplicates out, orders claimed, impressions and sessions brought up to date
      -> deltas             contribution(new) - contribution(old), as additive rows

The result depends on the lines, their order and the sites alone: not on how lines were batched, and on
no clock. A step changes the state; its deltas and `changes` belong together in one transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from bellrock.claims.contract import Claims
from bellrock.normalise.block import Normalised, Normaliser
from bellrock.operators.boundary import end_sessions
from bellrock.operators.minute import Folded, IssueCounts, Minute, fold_minute
from bellrock.operators.state import State, StateChange
from bellrock.operators.summaries import Deltas, Summaries
from bellrock.operators.time import END_OF_TIME, Times, keep_time
from bellrock.schema.site import Site


class Step(msgspec.Struct, frozen=True):
    """What folding some lines yields; `changes` is what it changed in the state (`State.restore`)."""

    deltas: Deltas
    changes: bytes


class Pipeline:
    """Folds one partition of the log."""

    def __init__(self, sites: Mapping[str, Site], claims: Claims, state: State) -> None:
        """Build the operators for a set of sites; `claims` decides who owns an order."""
        self._sites = sites
        self._claims = claims
        self._normalise = Normaliser(sites)
        self._summaries = Summaries(sites)
        self.state = state

    def step(self, lines: Sequence[bytes]) -> Step:
        """Fold lines in the log's order, each without its newline."""
        block = self._normalise(lines)
        times = keep_time(block.at, self.state.watermark)
        issues = _of_lines(block, times)
        folded: list[Folded] = []
        changes: list[StateChange] = []
        for minute in np.unique(times.minute).tolist():
            ended = end_sessions(self.state, minute)
            now = fold_minute(self.state, _part(block, times, minute), self._sites, self._claims)
            issues += ended.issues + now.issues
            folded.append(now)
            changes.append(StateChange(ended.sessions, now.impressions.new, now.sessions.new))
        self.state.watermark = times.watermark
        return Step(self._deltas(folded, issues), self.state.encode(changes))

    def pass_boundaries(self, minute: int = END_OF_TIME) -> Deltas:
        """End what is due by a minute, as if a line of it had come; by default, everything."""
        return self._deltas([], end_sessions(self.state, minute).issues)

    def _deltas(self, folded: Sequence[Folded], issues: IssueCounts) -> Deltas:
        return self._summaries.deltas(
            [now.impressions for now in folded], [now.sessions for now in folded], issues
        )


def _of_lines(block: Normalised, times: Times) -> IssueCounts:
    """Issues that normalising attached, by site and minute."""
    return Counter(
        (issue.site, int(times.minute[issue.line]), issue.issue) for issue in block.issues
    )


def _part(block: Normalised, times: Times, minute: int) -> Minute:
    """The beacons of one minute: rows of the block that lie side by side, for minutes never decrease."""
    lines = np.searchsorted(times.minute, [minute, minute + 1])
    first, end = np.searchsorted(block.row_line, lines).tolist()
    return Minute(
        minute,
        block.beacons[first:end],
        times.at[block.row_line[first:end]],
        {row - first: order for row, order in block.orders.items() if first <= row < end},
    )

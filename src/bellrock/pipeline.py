"""From log lines to deltas of documents: the story on one page.

    lines
      -> normalise          every line a beacon or a fatal issue; problems attached, nothing dropped
      -> keep time          the minute is that of the greatest `at` so far; late lines are raised to it
      -> for each minute
           end sessions     at the boundary before it, those that are due, and their impressions
           judge agents     mark user agents that behave like bots, from what has ended
           fold minute      duplicates out, orders claimed, impressions and sessions brought up to date
      -> summarise          contribution(new) - contribution(old), and clusters of what has ended
      -> balance            every line is accounted for

The result depends on the lines, their order, the sites, and the claims and marks that were found: not on
how lines were batched, and on no clock. A step changes the state; its deltas and `changes` belong together
in one transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from bellrock.claims.contract import Claims
from bellrock.marks.contract import Marks
from bellrock.normalise.block import Normalised, Normaliser
from bellrock.normalise.decode import first_time
from bellrock.operators.attribution import Attribution
from bellrock.operators.balance import Balance, balance_of
from bellrock.operators.boundary import Ended, end_sessions
from bellrock.operators.clusters import Clusterer
from bellrock.operators.groups import starts_of
from bellrock.operators.keys import distinct
from bellrock.operators.lines import Lines
from bellrock.operators.minute import Folded, IssueCounts, Minute, fold_minute
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas, Summaries
from bellrock.operators.time import END_OF_TIME, Times, keep_time, minute_of
from bellrock.schema.site import Site

_MOST_ENDING = 10_000
"""Sessions that end in one step, as far as minutes can be told apart: each has dozens of rows of clusters."""


class Step(msgspec.Struct, frozen=True):
    """What folding some lines yields; `changes` is what it changed in the state (`State.restore`).

    `ended` and `lines` are what left the state, and what was folded, as it lies there: records are made of
    them for who wants any (`ended_records`, `line_records`), before the state is used again.
    """

    deltas: Deltas
    changes: bytes
    balance: Balance
    ended: Sequence[Ended]
    lines: Lines | None = None


class Pipeline:
    """Folds one partition of the log."""

    def __init__(
        self, sites: Mapping[str, Site], claims: Claims, marks: Marks, state: State
    ) -> None:
        """Build the operators for a set of sites.

        `claims` decides who owns an order, `marks` which user agents are bots by their behaviour.
        """
        state.declare_timers({key: site.timers for key, site in sites.items() if site.timers})
        self._claims = claims
        self._marks = marks
        self._normalise = Normaliser(sites, state.names)
        self._attribution = Attribution(sites, marks)
        self._cluster = Clusterer(sites, state.names)
        self._summaries = Summaries(state.names)
        self.state = state

    def step(self, lines: Sequence[bytes]) -> Step:
        """Fold lines in the log's order, each without its newline."""
        block = self._normalise(lines)
        times = keep_time(block.at, self.state.watermark)
        ended: list[Ended] = []
        folded: list[Folded] = []
        for minute in times.minute[starts_of(times.minute)].tolist():
            ended.append(self._pass(minute))
            self.state.evidence.judge(self._marks)
            part = _part(block, times, minute)
            folded.append(fold_minute(self.state, part, self._attribution, self._claims))
        self.state.watermark = times.watermark
        deltas = self._deltas(ended, folded, _of_lines(block, times))
        changes = self.state.encode(
            distinct(part.keys for part in ended),
            distinct(part.impressions.keys for part in folded),
            distinct(part.sessions.keys for part in folded),
        )
        fatal = block.lines - len(block.rows)
        balance = balance_of(block.lines, fatal, ended, folded, deltas)
        found = Lines(lines, times.at, block.rows, block.line, block.issues, folded)
        return Step(deltas, changes, balance, ended, found)

    def pass_boundaries(self, minute: int = END_OF_TIME) -> Step:
        """A step of no lines: end what is due by a minute, as if a line of it had come; by default, everything.

        User agents are judged by the next step, or by whoever has let all partitions pass.
        """
        return self._ending(self._pass(minute))

    def make_room(self, lines: Sequence[bytes]) -> Step | None:
        """A step of no lines that ends some of the sessions due before these, where all would be too many.

        After a silence everything that was open is due at once. None where it is no more than a step can bear.
        """
        minute = self.state.crowded(minute_of(first_time(lines)), _MOST_ENDING)
        if minute is None:
            return None
        ended = self._pass(minute)
        self.state.evidence.judge(self._marks)
        return self._ending(ended)

    def _ending(self, ended: Ended) -> Step:
        deltas = self._deltas([ended], [], Counter())
        nothing = np.empty(0, np.uint64)
        changes = self.state.encode(ended.keys, nothing, nothing)
        return Step(deltas, changes, balance_of(0, 0, [ended], [], deltas), [ended])

    def _pass(self, minute: int) -> Ended:
        ended = end_sessions(self.state, minute)
        self.state.evidence.note(ended.agents)
        return ended

    def _deltas(
        self, ended: Sequence[Ended], folded: Sequence[Folded], issues: IssueCounts
    ) -> Deltas:
        for found in (*(part.issues for part in ended), *(part.issues for part in folded)):
            issues += found
        return self._summaries.deltas(
            [now.impressions for now in folded],
            [now.sessions for now in folded],
            self._cluster([past.sessions for past in ended]),
            issues,
            [now.delivered for now in folded],
        )


def _of_lines(block: Normalised, times: Times) -> IssueCounts:
    """Issues that normalising attached, by site and minute."""
    return Counter(
        (issue.site, int(times.minute[issue.line]), issue.issue) for issue in block.issues
    )


def _part(block: Normalised, times: Times, minute: int) -> Minute:
    """The beacons of one minute: rows of the block that lie side by side, for minutes never decrease."""
    lines = np.searchsorted(times.minute, [minute, minute + 1])
    first, end = np.searchsorted(block.line, lines).tolist()
    rows = block.rows[first:end]
    rows["first"] = rows["last"] = times.at[block.line[first:end]]
    orders = {row - first: order for row, order in block.orders.items() if first <= row < end}
    sessions, transports = block.sessions[first:end], block.transports[first:end]
    return Minute(minute, rows, sessions, transports, orders)

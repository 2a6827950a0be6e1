"""The boundary between two minutes: sessions that are due end, and their impressions with them.

Enters: the state and a minute M. Leaves: what ended, the orphans among it, and what it says of user agents.
What the ended sessions contributed stays; nothing of them is kept in the state.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bellrock.operators.behaviour import EndedAgent
from bellrock.operators.clusters import EndedSessions
from bellrock.operators.documents import MINUTE, counts
from bellrock.operators.keys import Keys
from bellrock.operators.minute import IssueCounts
from bellrock.operators.run_table import Found
from bellrock.operators.state import State
from bellrock.rows import Mask, Rows, pick
from bellrock.schema.impression import TYPE_BITS
from bellrock.schema.issue import Issue

_TYPES = sum(TYPE_BITS.values())


class Ended(NamedTuple):
    """All sessions that were `due`, and their `impressions`, the session's key in each.

    Of those that count, the `sessions` and what their user agents did.
    """

    due: Found
    impressions: Found
    sessions: EndedSessions
    agents: list[EndedAgent]
    issues: IssueCounts

    @property
    def keys(self) -> Keys:
        """The keys of all sessions that ended."""
        return self.due.keys


def end_sessions(state: State, minute: int) -> Ended:
    """End every session that is due at or before `minute` (minutes since 1970)."""
    due, impressions = state.take_sessions_due(minute)
    counted = counts(impressions.rows)
    sessions = _counted(due, impressions, counted)
    agents = list(_agents(state, sessions, impressions)) if len(sessions.sessions) else []
    orphans = _orphans(state, pick(impressions.rows, ~counted))
    return Ended(due, impressions, sessions, agents, orphans)


def _counted(due: Found, impressions: Found, counted: Mask) -> EndedSessions:
    """The sessions in which an impression counts, with those impressions session by session."""
    sessions = np.flatnonzero(due.rows["impressions"] > 0)
    rows = pick(impressions.rows, counted)
    of = np.searchsorted(due.keys[sessions], rows["session"])
    # Sessions whose keys begin alike may have their impressions mixed.
    order = np.argsort(of, kind="stable")
    return EndedSessions(pick(due.rows, sessions), pick(rows, order), of[order])


def _agents(state: State, ended: EndedSessions, impressions: Found) -> Iterator[EndedAgent]:
    """The evidence of each session whose first counted impression has a user agent."""
    sessions = ended.sessions
    starts = np.searchsorted(ended.of, np.arange(len(sessions)))
    navigated = (ended.impressions["types"] & _TYPES) == TYPE_BITS["navigation"]
    only = np.logical_and.reduceat(navigated, starts)
    n = sessions["impressions"].astype(np.int64)
    hasty = (n >= 12) & (sessions["last"] - sessions["first"] < 10_000 * n)
    suspicious = hasty | ((n >= 3) & only)
    agents = impressions.rows["agent"][np.searchsorted(impressions.keys, sessions["head"])]
    tally: dict[tuple[int, int, int], list[int]] = {}
    for due, site, agent, guilty in zip(
        sessions["due"].tolist(),
        sessions["site"].tolist(),
        agents.tolist(),
        suspicious.tolist(),
        strict=True,
    ):
        if agent:
            counted = tally.setdefault((due, site, agent), [0, 0])
            counted[0] += 1
            counted[1] += guilty
    for (due, site, agent), (ended_sessions, guilty) in tally.items():
        yield EndedAgent(
            due,
            state.names.texts.value(site),
            state.names.agents.text(agent),
            ended_sessions,
            guilty,
        )


def _orphans(state: State, rows: Rows) -> IssueCounts:
    """The beacons of impressions that never counted, in the minute of their impression's first."""
    issues: IssueCounts = Counter()
    for site, first, beacons in zip(
        rows["site"].tolist(), rows["first"].tolist(), rows["beacons"].tolist(), strict=True
    ):
        issues[state.names.texts.value(site), first // MINUTE, Issue.ORPHAN] += beacons
    return issues

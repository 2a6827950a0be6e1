"""The boundary between two minutes: sessions that are due end, and their impressions with them.

Enters: the state and a minute M. Leaves: what ended, and the orphans among it. What the ended sessions
contributed stays; nothing of them is kept in the state.
"""

from collections import Counter

import msgspec
import polars as pl

from bellrock.operators.dimensions import COUNTS
from bellrock.operators.minute import IssueCounts
from bellrock.operators.sessions import MINUTE
from bellrock.operators.state import State
from bellrock.schema.issue import Issue


class Ended(msgspec.Struct, frozen=True):
    """Sessions that ended and all their impressions, uncounted ones included; `issues` are the orphans."""

    sessions: pl.DataFrame
    impressions: pl.DataFrame
    issues: IssueCounts


def end_sessions(state: State, minute: int) -> Ended:
    """End every session that is due at or before `minute` (minutes since 1970)."""
    sessions, impressions = state.take_sessions_due(minute)
    return Ended(sessions, impressions, _orphans(impressions))


def _orphans(impressions: pl.DataFrame) -> IssueCounts:
    """The beacons of impressions that never counted, in the minute of their impression's first."""
    lines = (
        impressions.filter(~COUNTS)
        .group_by("site", pl.col("first") // MINUTE)
        .agg(pl.col("beacons").sum())
    )
    return Counter(
        {(site, minute, Issue.ORPHAN): count for site, minute, count in lines.iter_rows()}
    )

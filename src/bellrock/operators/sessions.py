"""Sessions: brought up to date from the impressions that changed.

Enters: changed impressions as they were and as they are, and the sessions that are open. Leaves: those
sessions as they are now. Sums go by difference; first and last are minimum and maximum; the earliest
counted impression is the session's head, whose document is the session's.
"""

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Agents
from bellrock.operators.change import Change
from bellrock.operators.documents import MINUTE, counts, document_keys
from bellrock.operators.groups import starts_of
from bellrock.operators.keys import Ids, Keys
from bellrock.operators.run_table import RunTable
from bellrock.rows import Index, Rows, copy, pick, place
from bellrock.schema.impression import NO_HEAD, SESSION

GAP_MINUTES = 30
LONGEST_MINUTES = 240


def blank_sessions(sites: NDArray[np.uint32], ids: Ids) -> Rows:
    """Sessions of which nothing is known yet."""
    rows = np.zeros(len(ids), SESSION)
    rows["site"], rows["id"] = sites, ids
    rows["first"] = rows["head_first"] = NO_HEAD
    return rows


def merge_sessions(rows: Rows, changed: Change, impressions: RunTable, agents: Agents) -> Rows:
    """The sessions `rows` with the changed impressions of each; `impressions` has the others."""
    new, old = changed.new, changed.old
    counted = counts(new)
    head_first = np.where(counted, new["first"], NO_HEAD)
    order = np.lexsort((head_first, new["session"]))
    starts = starts_of(new["session"][order])
    merged = copy(rows)
    merged["first"] = np.minimum(rows["first"], np.minimum.reduceat(new["first"][order], starts))
    merged["last"] = np.maximum(rows["last"], np.maximum.reduceat(new["last"][order], starts))
    gained = counted.astype(np.int64) - counts(old)
    for name, change in (
        ("impressions", gained),
        ("orders", new["orders"].astype(np.int64) - old["orders"]),
        ("revenue", new["revenue"] - old["revenue"]),
    ):
        merged[name] = rows[name] + np.add.reduceat(change[order], starts)
    merged["due"] = np.minimum(
        -(-merged["last"] // MINUTE) + GAP_MINUTES, merged["first"] // MINUTE + LONGEST_MINUTES
    )
    best = _earliest(order, starts, new["session"], head_first, new["id"])
    _set_heads(merged, best, changed, head_first, impressions, agents)
    return merged


def _earliest(order: Index, starts: Index, session: Keys, head_first: Index, ids: Ids) -> Index:
    """Of each run of rows in `order`, by session and first beacon, the row with the smallest (first, id)."""
    best = order[starts]
    tied = np.flatnonzero(
        (session[order[1:]] == session[order[:-1]])
        & (head_first[order[1:]] == head_first[order[:-1]])
        & (head_first[order[1:]] != NO_HEAD)
    )
    # Two impressions of one session that begin in the same millisecond: rare, but not to be left to chance.
    for run in np.unique(np.searchsorted(starts, tied, side="right") - 1).tolist():
        end = starts[run + 1] if run + 1 < len(starts) else len(order)
        rivals = order[starts[run] : end]
        rivals = rivals[head_first[rivals] == head_first[rivals[0]]]
        best[run] = min(rivals.tolist(), key=lambda row: bytes(ids[row]))
    return best


def _set_heads(
    merged: Rows, best: Index, changed: Change, head_first: Index, impressions: RunTable, agents: Agents
) -> None:  # fmt: skip
    """Make the best changed impression of each session its head, where it is that."""
    first = head_first[best]
    wins = (first != NO_HEAD) & (
        (first < merged["head_first"]) | (changed.keys[best] == merged["head"])
    )
    tied = ~wins & (first != NO_HEAD) & (first == merged["head_first"])
    if tied.any():
        heads = impressions.find(np.unique(merged["head"][tied]))
        ids = dict(zip(heads.keys.tolist(), heads.rows["id"].tolist(), strict=True))
        for row in np.flatnonzero(tied).tolist():
            # A head that changed, too, is behind the best one already.
            holder = ids.get(int(merged["head"][row]))
            wins[row] = holder is None or bytes(changed.new["id"][best[row]]) < holder
    winners, losers = best[wins], np.flatnonzero(wins)
    merged["head"][losers] = changed.keys[winners]
    merged["head_first"][losers] = head_first[winners]
    place(merged["document"], losers, document_keys(pick(changed.new, winners), agents))

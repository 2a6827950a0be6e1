"""One minute of beacons, folded.

    keys -> first sightings -> merge impressions -> claim orders -> name bots -> merge sessions
         -> count delivery

Enters: normalised beacons of one minute in log order. Leaves: what changed, and the issues found. Inside
a minute all of it is commutative, but for ties, which the log's order breaks.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bellrock.claims.contract import Claims
from bellrock.operators.attribution import Attribution
from bellrock.operators.change import Change
from bellrock.operators.delivery import NOT_DELIVERED, Arrived, Delivered, count_delivery
from bellrock.operators.documents import MINUTE
from bellrock.operators.groups import Groups, starts_of
from bellrock.operators.keyring import Assigned
from bellrock.operators.keys import Ids, Keys, distinct
from bellrock.operators.merge import merge_impressions
from bellrock.operators.orders import Basket, OrderLine, claim_orders
from bellrock.operators.run_table import Found, RunTable
from bellrock.operators.sessions import blank_sessions, merge_sessions
from bellrock.operators.state import State
from bellrock.rows import Index, Mask, Rows, pick, place
from bellrock.schema.impression import IMPRESSION, SESSION
from bellrock.schema.issue import Issue

IssueCounts = Counter[tuple[str, int, Issue]]
"""Lines by (site, minute, issue)."""


class Minute(NamedTuple):
    """Beacons of one minute in log order: rows of `IMPRESSION` with their time, their sessions' ids, orders.

    `transports`: codes, as in `Normalised`.
    `orders`: the usable ones by row, as plain id and value in minor units.
    """

    minute: int
    rows: Rows
    sessions: Ids
    transports: NDArray[np.uint8]
    orders: Mapping[int, tuple[str, int]]


class Folded(NamedTuple):
    """What a minute changed; which of its rows are `fresh` beacons, and in which an order was `refused`.

    `delivered`: how the fresh ones came.
    """

    impressions: Change
    sessions: Change
    issues: IssueCounts
    fresh: Mask
    refused: list[int]
    delivered: Delivered


_NOTHING = np.empty(0, np.bool_)


def _no_change(dtype: np.dtype[np.void]) -> Change:
    return Change(np.empty(0, np.uint64), np.empty(0, dtype), np.empty(0, dtype))


def fold_minute(state: State, part: Minute, attribution: Attribution, claims: Claims) -> Folded:
    """Fold the beacons of one minute into the state; every session due by then has ended before."""
    rows = part.rows
    if not len(rows):
        return Folded(
            _no_change(IMPRESSION), _no_change(SESSION), Counter(), _NOTHING, [], NOT_DELIVERED
        )
    of_session = state.session_keys.assign(rows["site"].astype(np.uint64), part.sessions)
    rows["session"] = of_session.keys[of_session.groups.of_row()]
    assigned = state.impression_keys.assign(rows["session"].copy(), rows["id"])
    fresh = first_sightings(rows["seen"], assigned)
    groups, keys, known = _fresh(assigned, fresh, state.impressions)
    beacons = pick(rows, groups.order)
    changed = _merge(beacons, groups.starts, keys, known)
    open_sessions = state.sessions.find(distinct([changed.new["session"]]))
    before = _sessions_of(changed, open_sessions, of_session, rows["site"], part.sessions)
    issues = _counted(state, rows["site"][~fresh], part.minute, Issue.DUPLICATE_BEACON)
    refused: list[OrderLine] = []
    if part.orders:
        lines = _order_lines(state, part, fresh, assigned, before)
        refused = claim_orders(lines, state.baskets, attribution.sites, claims)
        issues += Counter((line.site, part.minute, Issue.DUPLICATE_ORDER) for line in refused)
        _note_orders(changed, {line.key for line in lines}, state.baskets)
    attribution.attribute(changed.new, state.names)
    after = merge_sessions(before.new, changed, state.impressions, state.names.agents)
    state.impressions.put(changed.keys, changed.new, known)
    state.sessions.put(before.keys, after, open_sessions)
    sessions = Change(before.keys, before.old, after)
    arrived = Arrived(part.minute, beacons, part.transports[groups.order], groups)
    delivered = count_delivery(arrived, changed, attribution, state.names)
    return Folded(changed, sessions, issues, fresh, [line.row for line in refused], delivered)


def first_sightings(bit: NDArray[np.uint64], assigned: Assigned) -> Mask:
    """Which rows bring a (impression, seq) for the first time: not seen before, nor earlier in the batch.

    `bit` is 1 << seq of each row.
    """
    order, starts = assigned.groups
    sizes = assigned.groups.sizes
    seen = np.zeros(len(starts), dtype=np.uint64)
    seen[np.searchsorted(assigned.keys, assigned.found.keys)] = assigned.found.rows["seen"]
    together = np.bitwise_or.reduceat(bit[order], starts)
    suspect = (np.bitwise_count(together) < sizes) | ((together & seen) != 0)
    fresh = np.ones(len(order), dtype=np.bool_)
    for number in np.flatnonzero(suspect).tolist():
        known = int(seen[number])
        for row in order[starts[number] : starts[number] + sizes[number]].tolist():
            fresh[row] = not known & int(bit[row])
            known |= int(bit[row])
    return fresh


def _fresh(assigned: Assigned, fresh: Mask, table: RunTable) -> Assigned:
    """The fresh rows alone, by the keys of their impressions."""
    if fresh.all():
        return assigned
    kept = fresh[assigned.groups.order]
    of = assigned.groups.of_sorted()[kept]
    groups = Groups(assigned.groups.order[kept], starts_of(of))
    keys = assigned.keys[of[groups.starts]]
    return Assigned(groups, keys, table.find(keys))


def _merge(beacons: Rows, starts: Index, keys: Keys, found: Found) -> Change:
    """Merge fresh rows, which lie by their impressions, with what is known of these."""
    at = np.searchsorted(keys, found.keys)
    old = np.zeros(len(keys), IMPRESSION)
    place(old, at, found.rows)
    # What is known stands before what is new: each row moves by as many known ones as come before it.
    moved = np.searchsorted(found.keys, keys, side="right")
    together = np.empty(len(beacons) + len(at), IMPRESSION)
    sizes = np.diff(starts, append=len(beacons))
    place(together, np.arange(len(beacons)) + np.repeat(moved, sizes), beacons)
    place(together, starts[at] + moved[at] - 1, found.rows)
    return Change(
        keys, old, merge_impressions(together, starts + np.searchsorted(found.keys, keys))
    )


def _sessions_of(
    changed: Change, found: Found, of_session: Assigned, sites: NDArray[np.uint32], ids: Ids
) -> Change:
    """The sessions of changed impressions; `new` knows nothing yet of those that begin."""
    keys = distinct([changed.new["session"]])
    at = np.searchsorted(keys, found.keys)
    groups = of_session.groups
    of_key = groups.order[groups.starts][np.searchsorted(of_session.keys, keys)]
    new = blank_sessions(sites[of_key], ids[of_key])
    old = np.zeros(len(keys), SESSION)
    for rows in (old, new):
        place(rows, at, found.rows)
    return Change(keys, old, new)


def _order_lines(
    state: State, part: Minute, fresh: Mask, assigned: Assigned, before: Change
) -> list[OrderLine]:
    """The orders of fresh rows in log order."""
    of_row = assigned.groups.of_row()
    begins = np.where(before.old["last"] > 0, before.old["first"] // MINUTE, part.minute)
    lines = []
    for row, (order_id, value) in part.orders.items():
        if fresh[row]:
            session = np.searchsorted(before.keys, part.rows["session"][row])
            lines.append(
                OrderLine(
                    row=row,
                    key=int(assigned.keys[of_row[row]]),
                    site=state.names.texts.value(part.rows["site"][row]),
                    session=part.sessions[row].decode(),
                    minute=int(begins[session]),
                    impression=part.rows["id"][row].decode(),
                    id=order_id,
                    value=value,
                )
            )
    return lines


def _note_orders(changed: Change, keys: set[int], baskets: Mapping[int, Basket]) -> None:
    for key in keys & baskets.keys():
        row = np.searchsorted(changed.keys, np.uint64(key))
        changed.new["orders"][row] = len(baskets[key])
        changed.new["revenue"][row] = sum(baskets[key].values())


def _counted(state: State, sites: NDArray[np.uint32], minute: int, issue: Issue) -> IssueCounts:
    return Counter(
        {
            (state.names.texts.value(site), minute, issue): int(count)
            for site, count in zip(*np.unique(sites, return_counts=True), strict=True)
        }
    )

"""One minute of beacons, folded.

    first sightings -> claim orders -> merge impressions -> merge sessions

Enters: normalised beacons of one minute in log order. Leaves: what changed, and the issues found. Inside
a minute all of it is commutative, but for ties, which the log's order breaks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.claims.contract import Claims
from bellrock.operators.change import Change
from bellrock.operators.keys import Keys, impression_keys, session_keys
from bellrock.operators.merge import merge_impressions
from bellrock.operators.orders import Basket, OrderLine, claim_orders, pack_basket, unpack_basket
from bellrock.operators.sessions import MINUTE, merge_sessions
from bellrock.operators.state import State
from bellrock.schema.beacon import IDENTITY
from bellrock.schema.impression import IMPRESSION, SESSION
from bellrock.schema.issue import Issue
from bellrock.schema.site import Site

IssueCounts = Counter[tuple[str, int, Issue]]
"""Lines by (site, minute, issue)."""


class Minute(msgspec.Struct, frozen=True):
    """Beacons of one minute: rows of `BEACON`, their `at` in ms, and the usable orders by row."""

    minute: int
    beacons: pl.DataFrame
    at: NDArray[np.int64]
    orders: Mapping[int, tuple[str, int]]


class Folded(msgspec.Struct, frozen=True):
    """What a minute changed."""

    impressions: Change
    sessions: Change
    issues: IssueCounts


_NOTHING = Folded(
    Change(pl.DataFrame(schema=IMPRESSION), pl.DataFrame(schema=IMPRESSION)),
    Change(pl.DataFrame(schema=SESSION), pl.DataFrame(schema=SESSION)),
    Counter(),
)


def fold_minute(state: State, part: Minute, sites: Mapping[str, Site], claims: Claims) -> Folded:
    """Fold the beacons of one minute into the state; every session due by then has ended before."""
    if not len(part.beacons):
        return _NOTHING
    of_session = session_keys(part.beacons)
    keys = impression_keys(part.beacons, of_session)
    old_keys, old = state.impressions.take(np.unique(keys))
    open_keys, open_sessions = state.sessions.take(np.unique(of_session))

    fresh = first_sightings(keys, part.beacons["seen"].to_numpy(), old_keys, old["seen"].to_numpy())
    began = dict(zip(open_keys.tolist(), open_sessions["first"] // MINUTE, strict=True))
    lines = _order_lines(part, fresh, keys, of_session, began)
    known = dict(zip(old_keys.tolist(), old["basket"], strict=True)) if lines else {}
    baskets = {line.key: unpack_basket(known.get(line.key)) for line in lines}
    refused = claim_orders(lines, baskets, sites, claims)

    rows = _as_impressions(part.beacons.filter(pl.Series(fresh)), part.at[fresh])
    new_keys, new = _merged(
        np.concatenate([old_keys, keys[fresh]]), pl.concat([old, rows]), baskets
    )
    changed = Change(old, new)
    now_keys, now = merge_sessions(open_keys, open_sessions, changed)
    state.impressions.put(new_keys, new)
    state.sessions.put(now_keys, now)
    issues = _counted(
        part.beacons["site"].filter(pl.Series(~fresh)), part.minute, Issue.DUPLICATE_BEACON
    )
    issues += _counted((line.site for line in refused), part.minute, Issue.DUPLICATE_ORDER)
    return Folded(changed, Change(open_sessions, now), issues)


def _order_lines(
    part: Minute, fresh: NDArray[np.bool_], keys: Keys, of_session: Keys, began: Mapping[int, int]
) -> list[OrderLine]:
    """The orders of fresh rows in log order; `began` is the first minute of each session open before."""
    identity = part.beacons.select(list(IDENTITY))
    return [
        OrderLine(
            key=int(keys[row]),
            minute=began.get(int(of_session[row]), part.minute),
            id=order_id,
            value=value,
            **identity.row(row, named=True),
        )
        for row, (order_id, value) in part.orders.items()
        if fresh[row]
    ]


def first_sightings(
    keys: Keys, bit: NDArray[np.uint64], old_keys: Keys, old_seen: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Which lines bring a (impression, seq) for the first time: not seen before, nor earlier in the batch.

    `bit` is 1 << seq of each line; `old_seen` the seqs seen of each impression known before.
    """
    seen = np.zeros(len(keys), dtype=np.uint64)
    if len(old_keys):
        order = np.argsort(old_keys)
        at = np.minimum(np.searchsorted(old_keys, keys, sorter=order), len(old_keys) - 1)
        known = order[at]
        seen = np.where(old_keys[known] == keys, old_seen[known], 0).astype(np.uint64)
    order = np.lexsort((np.arange(len(keys)), bit, keys))
    repeats = (keys[order][1:] == keys[order][:-1]) & (bit[order][1:] == bit[order][:-1])
    earliest = np.ones(len(keys), dtype=np.bool_)
    earliest[order[1:][repeats]] = False
    return np.asarray(earliest & ((seen & bit) == 0), dtype=np.bool_)


def _as_impressions(beacons: pl.DataFrame, at: NDArray[np.int64]) -> pl.DataFrame:
    """Each beacon as an impression made of that one line; its order comes with the basket."""
    time = pl.Series(at, dtype=pl.Int64)
    return beacons.with_columns(
        time.alias("first"),
        time.alias("last"),
        pl.lit(1, pl.Int32).alias("beacons"),
        pl.lit(0, pl.Int32).alias("orders"),
        pl.lit(0, pl.Int64).alias("revenue"),
        pl.lit(None, pl.Binary).alias("basket"),
    )


def _merged(
    keys: Keys, rows: pl.DataFrame, baskets: Mapping[int, Basket]
) -> tuple[Keys, pl.DataFrame]:
    """One row per key, known rows before new ones, with the baskets that changed."""
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    merged = merge_impressions(rows, starts)
    keys = keys[starts]
    if baskets:
        changed = np.array(sorted(baskets), dtype=np.uint64)
        at = np.searchsorted(keys, changed)
        filled = [baskets[key] for key in changed.tolist()]
        merged = merged.with_columns(
            merged["orders"].scatter(at, [len(basket) for basket in filled]),
            merged["revenue"].scatter(at, [sum(basket.values()) for basket in filled]),
            _with_baskets(merged["basket"], at, [pack_basket(basket) for basket in filled]),
        )
    return keys, merged


def _with_baskets(column: pl.Series, at: NDArray[np.int64], packed: list[bytes]) -> pl.Series:
    values = column.to_list()
    for index, basket in zip(at.tolist(), packed, strict=True):
        values[index] = basket
    return pl.Series(column.name, values, dtype=pl.Binary)


def _counted(sites: Iterable[str], minute: int, issue: Issue) -> IssueCounts:
    return Counter((site, minute, issue) for site in sites)

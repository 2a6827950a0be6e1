"""Keys: where two of them may begin alike, and where they must not meet."""

import numpy as np
import polars as pl

from bellrock.claims.memory import MemoryClaims
from bellrock.operators.keys import (
    impression_keys,
    prefix_range,
    prefixes,
    session_keys,
)
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import fold_lines
from strategies import MINUTE, SITES, START, beacon, encode


def sessions_whose_keys_begin_alike() -> tuple[str, str]:
    """Two sessions of the shop: among 2^14, 2^27 pairs meet in 24 bits some eight times."""
    names = [f"session-{n:08d}" for n in range(1 << 14)]
    keys = session_keys(pl.DataFrame({"session": names}).with_columns(site=pl.lit("shop")))
    order = np.argsort(keys)
    first = prefixes(keys[order])
    meets = np.flatnonzero(first[1:] == first[:-1])[0]
    return names[order[meets]], names[order[meets + 1]]


ALIKE = sessions_whose_keys_begin_alike()


def test_the_impressions_of_a_session_have_keys_within_its_range() -> None:
    rows = pl.DataFrame({"site": "shop", "session": ["a", "b"] * 3, "impression": list("xxyyzz")})
    sessions = session_keys(rows)
    keys = impression_keys(rows, sessions)
    least, greatest = prefix_range(prefixes(sessions))
    assert ((least <= keys) & (keys <= greatest)).all()
    assert len(np.unique(keys)) == 6


def test_sites_keep_their_sessions_apart() -> None:
    rows = pl.DataFrame({"site": ["a", "b", "ab"], "session": ["bc", "abc", "c"]})
    assert len(np.unique(session_keys(rows))) == 3


def test_one_impression_id_in_many_sessions_makes_as_many_keys() -> None:
    """Ids come from strangers: the same one in every session must not make keys meet."""
    alike = np.array([1 << 40 | n for n in range(1000)], dtype=np.uint64)
    rows = pl.DataFrame({"impression": ["impression_000000"] * 1000})
    assert len(np.unique(impression_keys(rows, alike))) == 1000


def test_sessions_whose_keys_begin_alike_do_not_end_each_others_impressions() -> None:
    ends, stays = ALIKE
    log = [
        encode(START, beacon(session=ends, impression="impression-that-ends")),
        encode(START + 20 * MINUTE, beacon(session=stays, impression="impression-that-stays")),
        encode(
            START + 40 * MINUTE,
            beacon(1, "load", session=stays, impression="impression-that-stays"),
        ),
    ]
    folding = Pipeline(SITES, MemoryClaims(), State())
    for line in log:
        folding.step([line])
    assert folding.state.impressions.rows()["session"].to_list() == [stays]
    assert b'"beacons":2' in fold_lines(log, SITES, batch=1)


def test_sessions_whose_keys_begin_alike_may_name_their_impressions_alike() -> None:
    log = [encode(START, beacon(session=session)) for session in ALIKE]
    assert b'"impressions":2' in fold_lines(log, SITES)
    assert b'"sessions":2' in fold_lines(log, SITES, batch=1)

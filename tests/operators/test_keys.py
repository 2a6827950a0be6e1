"""Keys: where two of them may begin alike, and that identities whose hashes meet are told apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.keyring import Keyring
from bellrock.operators.keys import Hasher, Keys, impression_keys, prefix_range, prefixes
from bellrock.operators.run_table import RunTable
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import fold_lines
from bellrock.schema.impression import ID
from strategies import MINUTE, SITES, START, beacon, encode
from test_pipeline import fold_batches, text_of

SECRET = b"secret"
DTYPE = np.dtype([("scope", "u8"), ("id", ID)])
FEW_BITS = st.sampled_from([0, 1, 3, 7 << 38, (1 << 64) - 1])


def ids(*names: str) -> "np.ndarray[tuple[int], np.dtype[np.bytes_]]":
    return np.array([name.encode() for name in names], dtype=ID)


def scopes(*values: int) -> Keys:
    return np.array(values, dtype=np.uint64)


def test_equal_identities_have_equal_hashes_and_others_have_others() -> None:
    names = [f"session-{n:08d}" for n in range(2000)] + ["x" * n for n in range(16, 65)]
    hashed = Hasher(SECRET)(scopes(*[7] * len(names)), ids(*names))
    assert len(np.unique(hashed)) == len(names)
    assert (Hasher(SECRET)(scopes(*[7] * len(names)), ids(*names)) == hashed).all()
    assert (Hasher(b"other")(scopes(*[7] * len(names)), ids(*names)) != hashed).all()
    assert (Hasher(SECRET)(scopes(*[8] * len(names)), ids(*names)) != hashed).all()
    assert (Hasher(SECRET)(scopes(*[7 << 32] * len(names)), ids(*names)) != hashed).all()


def test_a_hash_uses_all_its_bits() -> None:
    hashed = Hasher(SECRET)(scopes(*[1] * 4000), ids(*(f"session-{n:08d}" for n in range(4000))))
    share = np.unpackbits(hashed.view(np.uint8)).reshape(-1, 64).mean(axis=0)
    assert ((share > 0.4) & (share < 0.6)).all()


def test_the_impressions_of_a_session_have_keys_within_its_range() -> None:
    sessions = np.random.default_rng(3).integers(0, 1 << 63, 500).astype(np.uint64)
    keys = impression_keys(sessions, sessions[::-1].copy())
    least, greatest = prefix_range(prefixes(sessions))
    assert ((least <= keys) & (keys <= greatest)).all()


@settings(deadline=None, max_examples=60)
@given(
    bits=FEW_BITS,
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcdefg")), min_size=1, max_size=9),
        max_size=6,
    ),
)
def test_every_identity_has_a_key_of_its_own_and_keeps_it(
    bits: int, batches: list[list[tuple[int, str]]]
) -> None:
    """Also in a table that was restored half-way, and when an identity has left in between."""
    table = RunTable(DTYPE)
    ring = Keyring(Hasher(SECRET, bits), table, "scope", impression_keys)
    given_keys: dict[tuple[int, str], int] = {}
    for number, batch in enumerate(batches):
        assigned = ring.assign(
            scopes(*(scope for scope, _ in batch)), ids(*(name for _, name in batch))
        )
        keys = assigned.keys[assigned.groups.of_row()]
        for identity, key in zip(batch, keys.tolist(), strict=True):
            assert given_keys.setdefault(identity, key) == key
        assert len(set(given_keys.values())) == len(given_keys)
        assert set(assigned.found.keys.tolist()) <= set(assigned.keys.tolist())
        table.remove(assigned.found)
        first = assigned.groups.order[assigned.groups.starts]
        rows = np.zeros(len(first), DTYPE)
        rows["scope"] = [batch[row][0] for row in first]
        rows["id"] = [batch[row][1].encode() for row in first]
        table.put(assigned.keys, rows)
        if number % 3 == 1:
            ring = Keyring(Hasher(SECRET, bits), table, "scope", impression_keys)
        if number % 3 == 2:
            gone = table.take(assigned.keys)
            ring.forget(gone.rows["scope"], gone.rows["id"])
            for identity in batch:
                given_keys.pop(identity, None)


@settings(deadline=None, max_examples=25)
@given(data=st.data(), log=strategies.logs(), bits=FEW_BITS)
def test_no_result_depends_on_whether_hashes_meet(
    data: st.DataObject, log: list[bytes], bits: int
) -> None:
    folding = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State(hash_bits=bits))
    deltas = fold_batches(folding, data.draw(strategies.cuts(log)))
    if data.draw(st.booleans()):
        saved = folding.state.snapshot()
        restored = State(hash_bits=bits)
        restored.restore([saved])
        assert len(restored.impressions) == len(folding.state.impressions)
    assert text_of([*deltas, folding.pass_boundaries().deltas]) == fold_lines(
        log, SITES, close=True
    )


@pytest.mark.parametrize("bits", [0, (1 << 64) - 1])
def test_sessions_whose_keys_begin_alike_do_not_end_each_others_impressions(bits: int) -> None:
    first, second = strategies.SESSIONS[:2]
    log = [
        encode(START, beacon(session=first)),
        encode(START + 20 * MINUTE, beacon(session=second)),
        encode(START + 40 * MINUTE, beacon(1, "load", session=second)),
    ]
    folding = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State(hash_bits=bits))
    deltas = fold_batches(folding, [[line] for line in log])
    assert folding.state.sessions.items()[1]["id"].tolist() == [second.encode()]
    assert len(folding.state.impressions) == 1
    assert b'"beacons":2' in text_of(deltas)

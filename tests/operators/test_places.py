"""Places among many keys are those that a plain search finds, however the keys lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.operators import places
from bellrock.operators.places import Places

GREATEST = 2**64 - 1
KEYS = st.integers(0, GREATEST) | st.integers(0, 300) | st.integers(GREATEST - 300, GREATEST)


@given(
    keys=st.sets(KEYS, min_size=1, max_size=300), others=st.lists(KEYS), stride=st.integers(0, 6)
)
def test_every_place_is_that_of_a_plain_search(
    keys: set[int], others: list[int], stride: int
) -> None:
    ascending = np.array(sorted(keys), np.uint64)
    wanted = np.array(sorted({*keys, *others}), np.uint64)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(places, "_MANY", 1)
        patched.setattr(places, "_STRIDE", 2**stride)
        sampled = Places(ascending)
        for side in ("left", "right"):
            assert (sampled.of(wanted, side) == np.searchsorted(ascending, wanted, side)).all()


def test_so_it_is_with_as_many_keys_as_are_sampled() -> None:
    random = np.random.default_rng(1)
    keys = np.unique(random.integers(0, 2**63, 3 * places._MANY, np.uint64))
    # Half of them side by side, as the impressions of a visitor who never stops.
    keys = np.concatenate([keys, keys[-1] + np.arange(1, len(keys), dtype=np.uint64)])
    wanted = np.sort(np.concatenate([keys[::7], random.integers(0, GREATEST, 5_000, np.uint64)]))
    for side in ("left", "right"):
        assert (Places(keys).of(wanted, side) == np.searchsorted(keys, wanted, side)).all()

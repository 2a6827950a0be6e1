"""Runs of things that are not too large together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bellrock.bounded import bounded


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_runs_are_all_things_in_order_within_the_bound_and_no_shorter_than_they_must_be(
    sizes: list[int], most: int
) -> None:
    runs = [sizes[part] for part in bounded(sizes, most)]
    assert [size for run in runs for size in run] == sizes
    assert all(run and (sum(run) <= most or len(run) == 1) for run in runs)
    assert all(sum(run) + after[0] > most for run, after in pairwise(runs)), "one more had fitted"

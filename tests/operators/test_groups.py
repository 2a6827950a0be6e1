"""Sums by group are those that adding one row after the other gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellrock.operators.groups import group, sums

ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9), st.integers(-9, 9)), max_size=30)


@given(ROWS)
def test_every_group_has_the_sum_of_its_rows(rows: list[tuple[int, int, int]]) -> None:
    wanted: dict[int, list[int]] = {}
    for code, one, other in rows:
        total = wanted.setdefault(code, [0, 0])
        total[0] += one
        total[1] += other
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    found = sums(table[:, 1:], group(table[:, 0]))
    assert found.tolist() == [wanted[code] for code in sorted(wanted)]

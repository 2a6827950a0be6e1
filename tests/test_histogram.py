"""The histogram scheme against its formula, its edges, its bound of error and its quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.histogram import CELLS, OVERFLOW, ZERO, cells, edges, quantile

LARGEST = 600_000_000  # no timer is larger
ALL = np.arange(ZERO, OVERFLOW + 1)


def formula(v_us: int) -> int:
    """The scheme's own words, for one value."""
    if v_us <= 0:
        return -1
    n = -(-v_us * 2048 // 100_000) - 1
    if n < 64:
        return n
    if n >= 1 << 21:
        return 544
    e = n.bit_length() - 6
    return (e << 5) + (n >> e)


def lower_ticks(i: int) -> int:
    return i if i < 64 else ((i & 31) | 32) << ((i >> 5) - 1)


def cells_of(values: list[int]) -> list[int]:
    return [int(cell) for cell in cells(np.array(values, dtype=np.int64))]


def test_around_every_edge_the_cells_are_those_of_the_formula() -> None:
    values = []
    for i in range(CELLS + 1):
        edge = lower_ticks(i) * 100_000 // 2048
        values += [edge - 1, edge, edge + 1, edge + 2]
    values += [-1_000_000, LARGEST - 1, LARGEST]
    assert cells_of(values) == [formula(value) for value in values]
    assert set(cells_of(values)) == set(range(ZERO, OVERFLOW + 1)) - {
        i for i in range(CELLS) if not any(formula(value) == i for value in values)
    }


@given(st.lists(st.integers(-1000, LARGEST)))
def test_any_values_have_the_cells_of_the_formula(values: list[int]) -> None:
    found = cells(np.array(values, dtype=np.int64))
    assert found.dtype == np.int16
    assert found.tolist() == [formula(value) for value in values]


def test_cells_keep_the_shape_of_their_values() -> None:
    assert cells(np.zeros((2, 3), dtype=np.int64)).tolist() == [[ZERO] * 3] * 2


def test_the_edges_are_those_of_the_scheme_and_leave_no_gap() -> None:
    lower, upper = edges(np.arange(CELLS))
    ticks = np.array([lower_ticks(i) for i in range(CELLS + 1)])
    assert (lower == ticks[:-1] * 100 / 2048).all()
    assert (upper == ticks[1:] * 100 / 2048).all()
    assert (lower < upper).all()
    assert upper[-1] == 102_400


def test_zero_has_no_width_and_the_overflow_no_end() -> None:
    lower, upper = edges(np.array([ZERO, OVERFLOW], dtype=np.int16))
    assert (lower.tolist(), upper.tolist()) == ([0.0, 102_400.0], [0.0, np.inf])


@given(st.lists(st.integers(1, 102_400_000), min_size=1))
def test_a_value_lies_above_its_cells_lower_edge_and_not_above_its_upper(values: list[int]) -> None:
    lower, upper = edges(cells(np.array(values, dtype=np.int64)))
    assert all(
        low * 1000 < value <= high * 1000
        for low, value, high in zip(lower.tolist(), values, upper.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    "ms",
    [100, 200, 250, 300, 500, 600, 800, 1000, 1800, 2500, 3000, 4000, 5000, 10_000, 102_400],
)
def test_a_threshold_is_the_last_value_of_its_cell(ms: int) -> None:
    at, above = cells_of([ms * 1000, ms * 1000 + 1])
    assert above == at + 1
    assert edges(np.array([at]))[1] == [ms]


def test_from_1_5625_ms_the_midpoint_is_within_1_5625_percent_of_every_value() -> None:
    lower, upper = edges(np.arange(32, CELLS))
    assert lower[0] == 1.5625
    middle = (lower + upper) / 2
    # The worst values of a cell are its ends; the lower one is the limit of values above it.
    assert ((middle - lower) / lower <= 0.015625).all()
    assert ((upper - middle) / upper <= 0.015625).all()


def test_up_to_999_samples_a_quantile_is_a_midpoint() -> None:
    cell, count = np.array([320, 321, 400]), np.array([500, 250, 249])
    assert quantile(cell, count, 0.5) == (800 + 825) / 2
    assert quantile(cell, count, 0.75) == (825 + 850) / 2
    assert quantile(cell, count, 0.99) == quantile(cell[2:], count[2:], 0.5)


def test_from_1000_samples_a_quantile_is_interpolated_inside_its_cell() -> None:
    cell, count = np.array([320, 321]), np.array([500, 500])
    assert quantile(cell, count, 0.25) == 812.5
    assert quantile(cell, count, 0.5) == 825
    assert quantile(cell, count, 0.75) == 837.5
    assert quantile(cell, count, 0.9) == pytest.approx(845)
    assert quantile(cell, count, 1.0) == 850


def test_a_quantile_that_falls_on_the_last_sample_of_a_cell_stays_in_it() -> None:
    assert quantile(np.array([320, 321]), np.array([75, 25]), 0.75) == 812.5
    assert quantile(np.array([320, 321]), np.array([74, 26]), 0.75) == 837.5


@pytest.mark.parametrize("count", [1, 5000])
def test_a_quantile_of_nothing_is_zero_and_of_the_overflow_its_lower_edge(count: int) -> None:
    assert quantile(np.array([ZERO]), np.array([count]), 0.75) == 0
    assert quantile(np.array([OVERFLOW]), np.array([count]), 0.75) == 102_400


def test_without_samples_there_is_no_quantile() -> None:
    assert quantile(np.array([], dtype=np.int16), np.array([], dtype=np.int64), 0.5) is None
    assert quantile(np.array([320]), np.array([0]), 0.5) is None


@given(
    st.lists(st.integers(0, 200_000_000), min_size=1, max_size=3000),
    st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99]),
)
def test_a_quantile_lies_in_the_cell_of_the_sample_with_that_rank(
    values: list[int], p: float
) -> None:
    cell, count = np.unique(cells(np.array(values, dtype=np.int64)), return_counts=True)
    found = quantile(cell, count, p)
    rank = next(k for k in range(1, len(values) + 1) if k >= p * len(values))
    lower, upper = edges(np.array(cells_of([sorted(values)[rank - 1]])))
    assert found is not None
    assert lower[0] <= found <= upper[0]

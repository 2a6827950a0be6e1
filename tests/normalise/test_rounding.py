"""Rounding to whole units: halves away from zero, on the double itself."""

from fractions import Fraction
from math import floor, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.normalise.rounding import round_half_away


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (0.0, 0),
        (-0.0, 0),
        (0.5, 1),
        (1.5, 2),
        (2.5, 3),
        (nextafter(0.5, 0), 0),  # adding 0.5 would make it 1
        (nextafter(2.5, 0), 2),
        (4503599627370497.0, 4503599627370497),  # adding 0.5 would make it even
        (2.0**53, 2**53),
        (0.0005 * 1000.0, 1),
        (19.99 * 100, 1999),  # 1998.9999999999998
        (1.005 * 100, 100),  # 100.49999999999999
    ],
)
def test_halves_are_rounded_away_from_zero(value: float, whole: int) -> None:
    assert round_half_away(value) == whole


@given(st.one_of(st.floats(0, 1e12), st.integers(0, 10**9).map(lambda n: n + 0.5)))
def test_rounding_is_exact(value: float) -> None:
    assert round_half_away(value) == floor(Fraction(value) + Fraction(1, 2))
    assert round_half_away([value, 0.5]).tolist() == [round_half_away(value), 1]

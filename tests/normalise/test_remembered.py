"""What is remembered is what would be described anew, however often it had to be forgotten."""

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.normalise import remembered
from bellrock.normalise.remembered import RememberedRows

ROW = np.dtype([("length", "u4"), ("text", "S8")])
TEXTS = st.lists(st.lists(st.text("ab", max_size=3), max_size=5), max_size=12)


def row_of(text: str) -> np.ndarray:
    return np.array((len(text), text), ROW)


def counted(describe: Callable[[str], object], calls: list[str]) -> Callable[[str], object]:
    return lambda text: (calls.append(text), describe(text))[1]


@settings(max_examples=50, deadline=None)
@given(blocks=TEXTS, most=st.integers(5, 9))
def test_rows_are_those_of_their_keys(blocks: list[list[str]], most: int) -> None:
    with patch.object(remembered, "_MOST", most):
        rows = RememberedRows(ROW, row_of)
        for block in blocks:
            found = rows.find(block)
            assert found.tolist() == [row_of(text).item() for text in block]
            found["length"] = 77  # theirs alone


def test_what_is_known_is_not_described_again() -> None:
    calls: list[str] = []
    rows = RememberedRows(ROW, counted(row_of, calls))
    for _ in range(3):
        rows.find(["a", "b", "a"])
    assert calls == ["a", "b"]

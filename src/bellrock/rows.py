"""Moving rows of records: numpy copies a record field by field, unless it is told not to look inside.

As opaque bytes, rows are gathered, scattered and joined some twenty times faster.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]
"""Rows of a structured dtype, shape (rows,)."""
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


def _opaque(rows: Rows) -> Rows:
    return rows.view(f"V{rows.dtype.itemsize}")


def pick(rows: Rows, index: NDArray[Any]) -> Rows:
    """Copies of the rows at the places of an index, or where a mask is true."""
    places = np.flatnonzero(index) if index.dtype == np.bool_ else index
    return _opaque(rows).take(places).view(rows.dtype)


def place(rows: Rows, index: NDArray[Any], values: Rows) -> None:
    """Put values into rows at the places of an index, or where a mask is true."""
    _opaque(rows)[index] = _opaque(values)


def join(parts: Sequence[Rows], dtype: np.dtype[np.void]) -> Rows:
    """Rows of one dtype, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    nothing = np.empty(0, dtype)
    return np.concatenate([_opaque(part) for part in (nothing, *parts)]).view(dtype)


def copy(rows: Rows) -> Rows:
    """A copy of all rows."""
    return _opaque(rows).copy().view(rows.dtype)

"""Rows of fixed size as bytes: one Arrow IPC stream, column by column, so that it compresses well."""

import io

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.operators.keys import Keys
from bellrock.rows import Rows

_KEY = "key"


def encode_rows(keys: Keys, rows: Rows) -> bytes:
    """Rows and their keys; nothing for no rows."""
    if not len(keys):
        return b""
    columns = [pl.Series(_KEY, keys)]
    columns += [pl.Series(name, _plain(rows[name])) for name in rows.dtype.names or ()]
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_ipc_stream(buffer, compression="lz4")
    return buffer.getvalue()


def decode_rows(data: bytes, dtype: np.dtype[np.void]) -> tuple[Keys, Rows]:
    """The inverse of `encode_rows`; raises ValueError or KeyError for rows of another dtype."""
    if not data:
        return np.empty(0, np.uint64), np.empty(0, dtype)
    frame = pl.read_ipc_stream(io.BytesIO(data))
    rows = np.zeros(len(frame), dtype)
    for name in dtype.names or ():
        kind = dtype[name]
        values = frame[name].to_numpy()
        rows[name] = np.ascontiguousarray(values).view(kind)[:, 0] if _is_opaque(kind) else values
    return frame[_KEY].to_numpy().copy(), rows


def _is_opaque(kind: np.dtype[np.generic]) -> bool:
    """Whether values are ids or records, which Arrow has no type for: they go as 64-bit words."""
    return kind.kind in "SV" and kind.subdtype is None


def _plain(values: NDArray[np.generic]) -> NDArray[np.generic]:
    values = np.ascontiguousarray(values)
    if not _is_opaque(values.dtype):
        return values
    return values.view(np.uint64).reshape(len(values), values.itemsize // 8)

"""The state of a partition: its open sessions, their impressions, and how far its time has come.

A state is saved as a base and the changes since, each as bytes; applying them in order restores it.
What a step changed is exactly what must be saved: the rows it put and the sessions it ended.
"""

import io
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from bellrock.operators.keys import Keys, impression_keys, prefixes, session_keys
from bellrock.operators.run_table import RunTable
from bellrock.schema.impression import IMPRESSION, SESSION, Schema


class StateChange(NamedTuple):
    """Sessions that ended (their columns site and session count), and after that the rows put."""

    ended: pl.DataFrame
    impressions: pl.DataFrame
    sessions: pl.DataFrame


ENDED: Schema = {name: SESSION[name] for name in ("site", "session")}


class State:
    """Open sessions and impressions; `watermark` is the greatest `at` so far in ms, None before the first."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self.impressions = RunTable(IMPRESSION)
        self.sessions = RunTable(SESSION)
        self.watermark: int | None = None

    def take_sessions_due(self, minute: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Remove the sessions due at or before a minute and their impressions; returns both."""
        keys, sessions = self.sessions.take_up_to("due", minute)
        return sessions, self._take_impressions(keys)

    def snapshot(self) -> bytes:
        """The whole state as one change."""
        nothing = pl.DataFrame(schema=ENDED)
        return self.encode([StateChange(nothing, self.impressions.rows(), self.sessions.rows())])

    def encode(self, changes: Iterable[StateChange]) -> bytes:
        """Changes in their order, and the watermark; frames are Arrow IPC streams."""
        return msgspec.msgpack.encode(
            (
                self.watermark,
                [
                    (_write(c.ended.select(list(ENDED))), _write(c.impressions), _write(c.sessions))
                    for c in changes
                ],
            )
        )

    def restore(self, parts: Iterable[bytes]) -> None:
        """Apply a base and the changes since to an empty state."""
        for part in parts:
            self.watermark, changes = msgspec.msgpack.decode(part, type=_ENCODED)
            for change in changes:
                self._apply(StateChange(*map(_read, change, (ENDED, IMPRESSION, SESSION))))

    def _take_impressions(self, sessions: Keys) -> pl.DataFrame:
        keys, rows = self.impressions.take_prefixes(np.unique(prefixes(sessions)))
        # Two sessions may share the bits of a key that impressions are found by.
        stray = ~np.isin(session_keys(rows), sessions)
        if stray.any():
            self.impressions.put(keys[stray], rows.filter(pl.Series(stray)))
            return rows.filter(pl.Series(~stray))
        return rows

    def _apply(self, change: StateChange) -> None:
        ended = session_keys(change.ended)
        self.sessions.take(ended)
        self._take_impressions(ended)
        for table, rows, keys in (
            (self.impressions, change.impressions, _impression_keys(change.impressions)),
            (self.sessions, change.sessions, session_keys(change.sessions)),
        ):
            table.take(keys)
            table.put(keys, rows)


_ENCODED = tuple[int | None, list[tuple[bytes, bytes, bytes]]]


def _impression_keys(rows: pl.DataFrame) -> Keys:
    return impression_keys(rows, session_keys(rows))


def _write(frame: pl.DataFrame) -> bytes:
    if not len(frame):
        return b""
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compression="lz4")
    return buffer.getvalue()


def _read(data: bytes, schema: Schema) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(data)) if data else pl.DataFrame(schema=schema)

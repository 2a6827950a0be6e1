"""Deltas that are not settled yet: one blob in the file for each step, and the same rows in memory.

A step of a thousand rows costs a fraction as a blob of what it costs as rows of five tables. Queries add
the rows in memory to those of the tables; once a minute `settle` moves them there.
"""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
import polars as pl

from bellrock.operators.summaries import NO_DELTAS
from bellrock.schema.document import RELATIONS

Frames = Mapping[str, pl.DataFrame]

_SCHEMAS = {name: getattr(NO_DELTAS, name).schema for name in RELATIONS}


class FreshStep(NamedTuple):
    """The deltas of one step; `number` grows from step to step."""

    number: int
    frames: Frames


class Fresh:
    """The steps since settling, oldest first; for any thread.

    Whoever holds `lock` finds every row either here or in the tables, and none twice.
    """

    def __init__(self, stored: Sequence[tuple[int, bytes]]) -> None:
        """Begin with what the file has."""
        self.lock = threading.RLock()
        self._steps = [FreshStep(number, decode_deltas(data)) for number, data in stored]
        self._next = self._steps[-1].number + 1 if self._steps else 1

    def next_number(self) -> int:
        """A number that is greater than that of every step."""
        self._next += 1
        return self._next

    def add(self, step: FreshStep) -> None:
        """Add a step that was committed."""
        with self.lock:
            self._steps.append(step)

    def steps(self) -> list[FreshStep]:
        """All of them, as they are now."""
        with self.lock:
            return list(self._steps)

    @contextmanager
    def moving(self, number: int) -> Iterator[None]:
        """Around the commit that puts the steps up to this one into the tables: then they are gone here."""
        with self.lock:
            yield
            self._steps = [step for step in self._steps if step.number > number]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(frame) for step in self.steps() for frame in step.frames.values())


def joined(steps: Sequence[FreshStep], relation: str) -> pl.DataFrame:
    """The rows of a relation in all steps."""
    frames = [step.frames[relation] for step in steps if relation in step.frames]
    return pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=_SCHEMAS[relation])


def whole_frames(deltas: Frames) -> Frames:
    """The frames that have rows, with every column of their relation: a key that is not given is null."""
    return {name: _whole(name, frame) for name, frame in deltas.items() if len(frame)}


def encode_deltas(frames: Frames) -> bytes:
    """Frames by relation, as Arrow IPC streams in MessagePack."""
    return msgspec.msgpack.encode({name: _written(frame) for name, frame in frames.items()})


def decode_deltas(data: bytes) -> Frames:
    """The inverse of `encode_deltas`."""
    parts = msgspec.msgpack.decode(data, type=dict[str, bytes])
    return {name: pl.read_ipc_stream(io.BytesIO(part)) for name, part in parts.items()}


def _whole(relation: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = _SCHEMAS[relation]
    if frame.schema == schema:
        return frame
    additive = RELATIONS[relation].additive
    missing = [
        pl.lit(0 if name in additive else None, kind).alias(name)
        for name, kind in schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(schema.names()).cast(dict(schema))


def _written(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compression="lz4")
    return buffer.getvalue()

"""What every log promises: lines enter at the end, durably and in order; they leave by position.

A *line* is one NDJSON line without its newline, never empty. A log has one partition or many. The embedded
logs have one, and its order is that of the appends. Kafka's and Kinesis' have many, and a session's lines
are in one of them (`blocks`): in order are the lines of each shard.

A *position* is a place in a partition: 0 is its beginning, and reading says which comes next. Where there is
one partition, it is the number of lines before it. Otherwise nothing but a greater one being later can be
told from it: it is the offset of Kafka's next record, or the sequence number of Kinesis' last one.

A line that was acknowledged is durable, and readers see it (those of Kinesis a moment later). An append is
visible whole or not at all in an embedded log, also one that failed: if its sync did, nobody knows what is on
the disk. One of many partitions may have kept some lines of an append that failed. Whoever sends again what
was not acknowledged makes duplicates, which the fold removes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Chunk(NamedTuple):
    """Consecutive lines of a partition, and the position after the last of them."""

    lines: list[bytes]
    position: int


class LogWriter(Protocol):
    """A writer of a log, the only one of an embedded one; one thread at a time may use it."""

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end; they are durable when this returns.

        Raises LogUnavailable if the log cannot take them all; an embedded log then keeps none of them, or
        all. A later append may succeed. Raises ValueError if a line is empty or holds a newline; then
        none is kept.
        """

    def probe(self) -> None:
        """Add nothing, but raise LogUnavailable if the log could take nothing now."""

    def close(self) -> None:
        """Release the log; everything appended is already durable."""


class LogReader(Protocol):
    """One of any number of readers of a partition; one thread at a time may use it."""

    def read(self, position: int, limit: int) -> Chunk:
        """Return about `limit` (>= 1) lines from `position` on, none if nothing is there yet.

        They are whole records: where a log has such, the last may go beyond the limit. Raises
        LogUnavailable if the log cannot be read, or no longer holds that position; position 0 is the oldest
        line that is left.
        """

    def close(self) -> None:
        """Release the log."""


class WholeLogReader(LogReader, Protocol):
    """A reader of a log that has one partition: a position is the number of lines before it."""

    def end(self) -> int:
        """Return the position after the last durable line, 0 for an empty log."""

    def passed(self, position: int) -> None:
        """Say that this reader will never need what lies before `position` again.

        A log that deletes old lines keeps those that a reader which it knows by name has not passed. Raises
        LogUnavailable.
        """


class PartitionReader(LogReader, Protocol):
    """A reader of one partition of many."""

    def records(self, position: int, limit: int) -> list[Chunk]:
        """As `read`, each record by itself."""


@runtime_checkable
class PartitionedLog(Protocol):
    """A log of many partitions, as readers see it."""

    @property
    def partitions(self) -> Mapping[str, PartitionReader]:
        """A reader of each partition, by its name; in the same order for everyone."""

    def close(self) -> None:
        """Release the log, and every partition of it."""


def joined(records: Sequence[Chunk], position: int) -> Chunk:
    """Records as one chunk; `position` is where they begin."""
    lines = [line for record in records for line in record.lines]
    return Chunk(lines, records[-1].position if records else position)


def as_block(lines: Sequence[bytes]) -> bytes:
    """Join lines to NDJSON, every line with its newline.

    Raises ValueError if a line is empty or holds a newline.
    """
    block = b"\n".join([*lines, b""])
    if block.count(b"\n") != len(lines) or b"" in lines:
        raise ValueError("a log line is empty or holds a newline: encode it as JSON first")
    return block
